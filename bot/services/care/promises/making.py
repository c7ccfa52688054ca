"""Recording a promise, alone or with the contact in which it was made, and correcting what was recorded."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from bot.clock import local_date
from bot.errors import N_, Conflict
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.care.answers.contacts import SAME_CONTACT
from bot.services.care.answers.steps import working_time
from bot.services.care.complaints.opening import check_text
from bot.services.care.promises import subject
from bot.services.care.promises.subject import PromiseAct
from bot.services.care.schedule import CareRules
from bot.wording.actions import Pointer
from db.audit import AuditAction
from db.book import people
from db.book.customers import CustomerRow
from db.care import touches
from db.care.records import promises
from db.care.records.promises import Promise, StoredPromise
from db.engine import Database


@dataclass(frozen=True, kw_only=True)
class Given:
    """What a person enters about a promise: what is promised, and by when."""

    what: str
    due_on: date

    def check(self, today: date) -> None:
        """Raise BadInput for what cannot be recorded. Reads nothing, so that a form is answered at once."""
        check_text(self.what, "promise")
        subject.check_day(self.due_on, today)


def record_promise(
    database: Database,
    actor: Actor,
    given: Given,
    *,
    meant: int | Pointer,
    source: str,
    external_id: str,
    rules: CareRules,
    now: datetime,
    before_commit: Callable[[], None] = lambda: None,
) -> PromiseAct:
    """Record a promise to a customer. `before_commit` may raise, to record nothing.

    The same source and id again correct what was recorded. The same content under another id within minutes records
    nothing: the person did not see that the first had arrived.
    """
    given.check(actor.today(now))
    with database.write() as session:
        customer = access.customer_for(session, actor, Act.LOG_CONTACT, meant)
        touches.lock(session, [customer.id])  # so that a second submission at the same time sees the first
        done = make(
            session, actor, customer, given, source=source, external_id=external_id, rules=rules, now=now
        )
        before_commit()
        return done


def make(
    session: Session,
    actor: Actor,
    customer: CustomerRow,
    given: Given,
    *,
    source: str,
    external_id: str,
    rules: CareRules,
    now: datetime,
    made_on: date | None = None,
) -> PromiseAct:
    """The same in the caller's transaction, for a customer that is locked and whose contacts the actor may log."""
    made_on = made_on or actor.today(now)
    content = {"what": given.what.strip(), "due_on": given.due_on}
    known = promises.by_external_id(session, source, external_id)
    if known is None:
        by = actor.person_id or None
        same = promises.same(session, customer.id, now - SAME_CONTACT, made_by=by, **content)
        act = "made" if same is None else "repeated"
        number = same or _add(session, actor, customer, content, source, external_id, made_on, now)
    else:
        act = _correct(session, actor, customer, known, content)
        number = known.id or 0
    (found,) = promises.rows(session, [number])
    if act in ("made", "corrected"):
        action = AuditAction.PROMISE_MADE if act == "made" else AuditAction.PROMISE_CORRECTED
        before = {"day": known.due_on} if known is not None else None
        subject.record(session, actor, action, found, before=before, after={"day": found.due_on})
    return _said(session, rules, found, act, now)


def _add(
    session: Session,
    actor: Actor,
    customer: CustomerRow,
    content: dict[str, Any],
    source: str,
    external_id: str,
    made_on: date,
    now: datetime,
) -> int:
    person = actor.person_id or None
    row = Promise(
        customer_id=customer.id,
        source=source,
        external_id=external_id,
        made_on=made_on,
        made_by=person,
        keeper_id=None if person == customer.owner_id else person,
        first_due_on=content["due_on"],
        recorded_at=now,
        **content,
    )
    session.add(row)
    session.flush()
    return row.id or 0


def _correct(
    session: Session, actor: Actor, customer: CustomerRow, known: Promise, content: dict[str, Any]
) -> str:
    """Write what was entered again, while nothing has become of the promise."""
    if (known.customer_id, known.made_by) != (customer.id, actor.person_id or None):
        raise Conflict(N_("This is the id of another promise. Open the form again, or give another id."))
    if all(getattr(known, name) == value for name, value in content.items()):
        return "repeated"
    if known.closed_on is not None or promises.delays(session, [known.id or 0]):
        raise Conflict(N_("Something has become of this promise since. Postpone it, or record a new one."))
    values = {**content, "first_due_on": content["due_on"]}
    promises.move(session, known.id or 0, known.version, **values)
    return "corrected"


def _said(session: Session, rules: CareRules, found: StoredPromise, act: str, now: datetime) -> PromiseAct:
    """What the person is told: whose the promise is, and from when on it is asked about."""
    working = working_time(session, rules, found.whose, now)
    asked_on = subject.asked_from(working, found.due_on)
    today = local_date(now, working.zone)
    return subject.acted(
        found,
        found.version,
        act=act,
        keeper=access.mentioned(people.get(session, found.whose)),
        asked_on=asked_on if asked_on > today else None,
        may_undo=found.version == 1 and act != "repeated",
    )
