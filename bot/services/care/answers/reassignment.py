"""A due step that is given to somebody else."""

from collections.abc import Callable
from datetime import datetime

from sqlmodel import Session

from bot.clock import local_date
from bot.errors import N_, BadInput, NotAllowed
from bot.services import access
from bot.services.access import Actor
from bot.services.care.answers import steps
from bot.services.care.answers.steps import Answered
from bot.services.care.plan import Doer
from bot.services.care.schedule import CareRules
from bot.settings import Settings
from bot.wording.actions import Pointer
from bot.wording.parts import Who
from db.audit import AuditAction
from db.book import people
from db.book.people import PersonRow
from db.care.acts import CareAct
from db.care.touches import TouchState
from db.engine import Database
from db.processes import InboundKey


def reassign(
    database: Database,
    actor: Actor,
    pointer: Pointer,
    *,
    to: str,
    rules: CareRules,
    settings: Settings,
    now: datetime,
    request: InboundKey,
    before_commit: Callable[[], None] = lambda: None,
) -> Answered:
    """Give a step to another person, by their Slack user or e-mail address: they are asked in their next working morning.

    While it is open they may see its customer. Raises Repeated, and BadInput for somebody who is not here.
    """
    with steps.answering(database, actor, pointer, request, now) as (session, customer, touch):
        person = colleague(session, to, settings, now)
        doer = steps.doer(session, customer, touch, now)
        if doer is not None and doer.id == person.id:
            raise BadInput(N_("%(name)s does this already. Choose somebody else."), name=person.name)
        is_owners = touch.who == Doer.OWNER and person.id == customer.owner_id
        given: dict[str, object] = {"assignee_id": None if is_owners else person.id}
        if touch.state != TouchState.PLANNED:  # what is planned for later is shown when it is due
            working = steps.working_time(session, rules, person.id, now)
            at = working.next_morning(local_date(now, working.zone), now)
            given |= {"state": TouchState.REMINDED, "remind_at": at}
        changed = steps.change(session, actor, CareAct.REASSIGNED, touch, given, now)
        steps.record(
            session,
            actor,
            AuditAction.STEP_REASSIGNED,
            touch,
            before={"assignee": touch.assignee_id},
            after={"step": touch.step, "assignee": person.id},
        )
        before_commit()
        to_whom = Who(name=person.name, slack_user_id=person.slack_user_id)
        return steps.answered(session, rules, actor, customer, touch, "reassigned", changed, to=to_whom)


def colleague(session: Session, to: str, settings: Settings, now: datetime) -> PersonRow:
    """The person to whom a step or complaint may be given. Raises BadInput with what to do."""
    found = people.row_by_email(session, to, now) if "@" in to else people.by_slack_id(session, to, now)
    if found is None:
        raise BadInput(
            N_("Tierbot does not know this person. Choose somebody else, or ask your admin to add them.")
        )
    try:
        access.actor_of(found, settings)
    except NotAllowed:
        raise BadInput(
            N_("%(name)s has left or is switched off. Choose somebody else."), name=found.name
        ) from None
    return found
