"""All customers of a message of greetings answered at once."""

from datetime import datetime

from bot.errors import Conflict, Hidden
from bot.services.access import Actor
from bot.services.care.answers import steps
from bot.services.care.answers.decisions import close_as_done
from bot.services.care.answers.steps import Answered
from bot.services.care.schedule import CareRules
from bot.wording.actions import Pointer
from db.care import shown_touches, touches
from db.engine import Database
from db.processes import InboundKey, take_request


def finish_all(
    database: Database,
    actor: Actor,
    pointer: Pointer,
    *,
    rules: CareRules,
    now: datetime,
    request: InboundKey,
) -> Answered:
    """Done for every greeting that is still open in the newest message that shows a touch, and that the actor may close.

    Raises Repeated, Hidden, and Conflict when none is open any more.
    """
    with database.write() as session:
        take_request(session, request, now)
        customer, _ = steps.seen(session, actor, pointer)
        shown = shown_touches.greeted_with(session, pointer.id)
        touches.lock(session, sorted({customer.id, *(one.customer_id for one in shown)}))
        answered: Answered | None = None
        changed: list[int] = []
        for one in shown:
            if one.touch_id in changed:  # the contact of another one has closed it
                continue
            meant = Pointer(id=one.touch_id, version=one.version)
            try:
                owned, touch = steps.open_touch(session, actor, meant)
            except (Hidden, Conflict):  # it has gone to somebody else
                continue
            answered = close_as_done(session, rules, actor, owned, touch, None, now)
            changed += answered.touch_ids
        if answered is None:
            raise Conflict(steps.DEALT_WITH)
        return Answered(closed=answered.closed, customer_id=answered.customer_id, touch_ids=tuple(changed))
