"""All customers of a message of greetings answered at once."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from bot.errors import Conflict, Hidden
from bot.services.access import Actor
from bot.services.care.answers import steps
from bot.services.care.answers.decisions import close_as_done
from bot.services.care.answers.steps import Answered
from bot.services.care.schedule import CareRules
from bot.wording.actions import Pointer
from db.care import shown_touches, touches
from db.care.shown_touches import OpenGreeting
from db.engine import Database
from db.processes import InboundKey, take_request

AT_ONCE = 20  # greetings to a transaction: short enough that another press does not wait


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

    Raises Repeated, Hidden, and Conflict when none is open any more. What a crash leaves open can be pressed again.
    """
    with database.read() as session:
        shown = shown_touches.greeted_with(session, pointer.id)
    answered: list[Answered] = []
    for start in range(0, max(1, len(shown)), AT_ONCE):
        with database.write() as session:
            if start == 0:
                take_request(session, request, now)
            answered += _finish(session, actor, shown[start : start + AT_ONCE], rules, now)
            if start == 0 and not answered and len(shown) <= AT_ONCE:
                steps.open_touch(
                    session, actor, pointer
                )  # says whether the actor may not, or somebody else has
    if not answered:
        raise Conflict(steps.DEALT_WITH)
    changed = (touch_id for one in answered for touch_id in one.touch_ids)
    return Answered(
        closed=answered[-1].closed, customer_id=answered[-1].customer_id, touch_ids=tuple(changed)
    )


def _finish(
    session: Session, actor: Actor, greetings: Sequence[OpenGreeting], rules: CareRules, now: datetime
) -> list[Answered]:
    touches.lock(session, [one.customer_id for one in greetings])
    answered: list[Answered] = []
    for one in greetings:
        meant = Pointer(id=one.touch_id, version=one.version)
        session.expire_all()  # the contact of the one before may have closed this one too
        try:
            customer, touch = steps.open_touch(session, actor, meant)
        except (
            Hidden,
            Conflict,
        ):  # somebody else has it, or has answered it
            continue
        answered.append(close_as_done(session, rules, actor, customer, touch, None, now))
    return answered
