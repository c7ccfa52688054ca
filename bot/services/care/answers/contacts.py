"""Contacts with customers that people record by a form; the clocks of the care steps restart from them."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from bot.errors import N_, BadInput, Conflict
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.care.plan import CONTACTS
from bot.services.care.schedule import CareRules, plan_customers
from bot.wording.actions import Pointer
from bot.wording.care.promises import AskedPromise, PromiseChanged
from bot.wording.messages import VisitLogged
from db.audit import AuditAction, ObjectKind
from db.book import customers, facts
from db.book.customers import CustomerRow
from db.book.facts import Activity
from db.care import touches
from db.engine import Database

SOURCE = "slack"  # of what is recorded there
LONGEST_AGO = timedelta(days=3653)
SAME_CONTACT = timedelta(minutes=10)  # within which the same content is the same contact


def check_contact(actor: Actor, kind: str, happened_on: date, now: datetime) -> None:
    """Raise BadInput for a contact that cannot be recorded. Reads nothing, so that a form is answered at once."""
    if kind not in CONTACTS:
        raise BadInput(N_("%(kind)s is not a kind of contact."), kind=kind)
    today = actor.today(now)
    if happened_on > today:
        raise BadInput(N_("The day lies in the future. Choose today or an earlier day."))
    if happened_on < today - LONGEST_AGO:
        raise BadInput(N_("The day is more than ten years ago. Choose a later one."))


def log_contact(
    database: Database,
    actor: Actor,
    *,
    meant: int | Pointer,
    kind: str,
    happened_on: date,
    note: str | None,
    form_id: str,
    rules: CareRules,
    now: datetime,
    promise: Callable[[Session, CustomerRow], PromiseChanged] | None = None,
    once: bool = False,
    before_commit: Callable[[], None] = lambda: None,
) -> VisitLogged:
    """Record a contact; the clocks of the steps that it fulfils restart from its day.

    The same form again corrects what it recorded before; with `once` it records nothing, whoever recorded it. The same content in a new form within minutes records
    nothing: the person did not see that the first one had arrived. `promise` records in the same
    transaction what was promised. `before_commit` may raise, to record nothing.
    """
    check_contact(actor, kind, happened_on, now)
    with database.write() as session:
        customer = access.customer_for(session, actor, Act.LOG_CONTACT, meant)
        touches.lock(session, [customer.id])  # so that a second submission at the same time sees the first
        content: dict[str, Any] = {
            "kind": kind,
            "happened_on": happened_on,
            "note": note,
            "person_id": actor.person_id,
        }
        recorded = facts.activity(session, SOURCE, form_id)
        if recorded is not None and once:
            before_commit()
            return logged_before(session, rules, actor, recorded, now)
        if recorded and (recorded.customer_id, recorded.person_id) != (customer.id, actor.person_id):
            raise Conflict(N_("This form belongs to another contact. Open it again."))
        repeated = recorded is None and facts.recorded_since(
            session, customer.id, now - SAME_CONTACT, **content
        )
        if not repeated:
            activity = recorded or facts.Activity(
                customer_id=customer.id,
                source=SOURCE,
                external_id=form_id,
                recorded_at=now,
                **content,
            )
            activity.sqlmodel_update(content)
            session.add(activity)
            try:
                session.flush()
            except IntegrityError:  # the same message was logged for another customer at the same moment
                raise Conflict(N_("Somebody has logged this message already.")) from None
            plan_customers(session, rules, [customer.id], now)
            contact = {"activity": activity.id, "kind": kind, "day": happened_on}
            actor.record(session, AuditAction.CONTACT_LOGGED, ObjectKind.CUSTOMER, customer.id, after=contact)
        promised = promise(session, customer) if promise is not None else None
        step = touches.first_step(session, customer.id)
        before_commit()
        return VisitLogged(
            name=customer.name,
            code=customer.code,
            kind=kind,
            happened_on=happened_on,
            next_step=step and rules.plans.next_step(*step, actor.today(now)),
            repeated=repeated,
            **(_promised(promised) if promised is not None else {}),
        )


def logged_before(
    session: Session, rules: CareRules, actor: Actor, recorded: Activity, now: datetime
) -> VisitLogged:
    """What is answered for a contact that is recorded already. Raises Conflict where its customer is not to be seen."""
    customer = customers.get_row(session, recorded.customer_id)
    if customer is None or not access.can(actor, Act.SEE, customer):
        raise Conflict(N_("Somebody has logged this message already."))
    step = touches.first_step(session, customer.id)
    return VisitLogged(
        name=customer.name,
        code=customer.code,
        kind=recorded.kind,
        happened_on=recorded.happened_on,
        next_step=step and rules.plans.next_step(*step, actor.today(now)),
        repeated=True,
    )


def _promised(said: PromiseChanged) -> dict[str, Any]:
    """What the answer says of a promise; it can be taken back there for some minutes."""
    part = AskedPromise(what=said.what, due_on=said.due_on)
    return {"promise": part, "promise_id": said.promise_id, "promise_version": said.version}
