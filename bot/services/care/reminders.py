"""What people do about due touches, and the next due day that follows from it."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session

from bot.clock import local_date, zone_named
from bot.errors import N_, BadInput, Conflict, Hidden
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.care.plan import CONTACTS
from bot.services.care.schedule import CareRules, plan_customers, workday
from bot.services.recipients import FirmDefaults, Recipients
from bot.wording.actions import Pointer
from bot.wording.messages import ReminderClosed, VisitLogged
from bot.wording.parts import Who
from db.audit import AuditAction, ObjectKind
from db.book import customers, facts, people
from db.book.customers import CustomerRow
from db.care import touches
from db.care.touches import StepKind, Touch, TouchState
from db.engine import Database
from db.processes import InboundKey, take_request

SNOOZE_DAYS = 3
LONGEST_AGO = timedelta(days=3653)
SAME_CONTACT = timedelta(minutes=10)  # within which the same content is the same contact
GONE = N_("This reminder is no longer there, or no longer yours.")
DEALT_WITH = N_("Somebody has dealt with this reminder already.")


@dataclass(frozen=True, kw_only=True)
class SentReminder:
    """A reminder in Slack, and what it has become."""

    channel: str
    ts: str
    language: str
    closed: ReminderClosed


def finish(
    database: Database, actor: Actor, pointer: Pointer, rules: CareRules, now: datetime, request: InboundKey
) -> ReminderClosed:
    """Done: close the touch and restart its clock. Raises Repeated."""
    with database.write() as session:
        take_request(session, request, now)
        customer, touch = _touch_for(session, actor, pointer)
        _move(session, touch, state=TouchState.DONE, closed_at=now, closed_by=actor.person_id)
        plan_customers(session, rules, [customer.id], now)
        _record(
            session, actor, AuditAction.STEP_DONE, customer.id, {"step": touch.step, "due_on": touch.due_on}
        )
        return _closed(session, rules, _who(actor), customer, touch, "done")


def snooze(
    database: Database, actor: Actor, pointer: Pointer, rules: CareRules, now: datetime, request: InboundKey
) -> ReminderClosed:
    """Snooze: the touch is due again in some days, in its owner's morning; a greeting not after the holiday.

    Raises Repeated.
    """
    with database.write() as session:
        take_request(session, request, now)
        customer, touch = _touch_for(session, actor, pointer)
        owner = customers.owner(session, customer.id)
        zone = zone_named(owner.timezone if owner else None, rules.zone)
        today = local_date(now, zone)
        until = workday(today + timedelta(days=SNOOZE_DAYS))
        if touch.kind == StepKind.GREETING and touch.anchor is not None and touch.anchor > today:
            until = min(until, touch.anchor)
        _move(session, touch, state=TouchState.SNOOZED, remind_at=rules.morning(until, zone))
        _record(session, actor, AuditAction.STEP_SNOOZED, customer.id, {"step": touch.step, "until": until})
        return _closed(session, rules, _who(actor), customer, touch, "snoozed", until)


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
    before_commit: Callable[[], None] = lambda: None,
) -> VisitLogged:
    """Record a contact; the revisit clock restarts from its day.

    The same form again corrects what it recorded before. The same content in a new form within minutes records
    nothing: the person did not see that the first one had arrived. `before_commit` may raise, to record nothing.
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
        recorded = facts.activity(session, "slack", form_id)
        if recorded and (recorded.customer_id, recorded.person_id) != (customer.id, actor.person_id):
            raise Conflict(N_("This form belongs to another contact. Open it again."))
        repeated = recorded is None and facts.recorded_since(
            session, customer.id, now - SAME_CONTACT, **content
        )
        if not repeated:
            activity = recorded or facts.Activity(
                customer_id=customer.id,
                source="slack",
                external_id=form_id,
                recorded_at=now,
                **content,
            )
            activity.sqlmodel_update(content)
            session.add(activity)
            session.flush()
            plan_customers(session, rules, [customer.id], now)
            contact = {"activity": activity.id, "kind": kind, "day": happened_on}
            _record(session, actor, AuditAction.CONTACT_LOGGED, customer.id, contact)
        step = touches.first_step(session, customer.id)
        before_commit()
        return VisitLogged(
            name=customer.name,
            code=customer.code,
            kind=kind,
            happened_on=happened_on,
            next_step=step and rules.plans.next_step(*step, actor.today(now)),
            repeated=repeated,
        )


def _record(
    session: Session, actor: Actor, action: AuditAction, customer_id: int, after: dict[str, Any]
) -> None:
    actor.record(
        session,
        action,
        ObjectKind.CUSTOMER,
        customer_id,
        after=after,
    )


def closed_by_contact(
    database: Database,
    actor: Actor,
    customer_id: int,
    rules: CareRules,
    at: datetime,
    admins: Collection[str] = (),
) -> list[SentReminder]:
    """The reminders in Slack that a contact has closed which was recorded at this time.

    One in the direct messages of a person who may not see the customer any more only says that it is over.
    """
    with database.read() as session:
        customer = access.customer_for(session, actor, Act.SEE, customer_id)
        owner = customers.owner(session, customer.id)
        found = touches.reminders_closed_at(session, customer.id, at)
        readers = {one.recipient for one in found if one.recipient is not None}
        recipients = Recipients.of(session, readers, FirmDefaults(admins=admins), at)
        sent = []
        for touch, channel, ts, recipient in found:
            closed = _closed(session, rules, _who(actor), customer, touch, "contact")
            reader = recipients.people.get(recipient or 0)
            if reader is not None and not recipients.may_see(reader, owner):
                closed = replace(closed, outcome="over", by=None, next_due=None)
            language = (reader or owner or actor).language or actor.language
            sent.append(SentReminder(channel=channel, ts=ts, language=language, closed=closed))
        return sent


def what_became(database: Database, actor: Actor, pointer: Pointer, rules: CareRules) -> ReminderClosed:
    """What to show in the place of a reminder that can no longer be answered. Raises NotFound."""
    with database.read() as session:
        customer, touch = _seen(session, actor, Act.SEE, pointer)
        if touch.state == TouchState.DONE:
            closer = people.get(session, touch.closed_by)
            by = Who(name=closer.name, slack_user_id=closer.slack_user_id) if closer else None
            return _closed(session, rules, by, customer, touch, "done")
        if touch.state == TouchState.SNOOZED:
            owner = customers.owner(session, customer.id)
            until = local_date(touch.remind_at, zone_named(owner.timezone if owner else None, rules.zone))
            return _closed(session, rules, None, customer, touch, "snoozed", until)
        return _closed(session, rules, None, customer, touch, "over")


def _seen(session: Session, actor: Actor, act: Act, pointer: Pointer) -> tuple[CustomerRow, Touch]:
    """The touch that a button points at with its customer, if the actor may do that."""
    touch = touches.get(session, pointer.id)
    if touch is None:
        raise Hidden(GONE)
    meant = replace(pointer, id=touch.customer_id)
    return access.customer_for(session, actor, act, meant, GONE), touch


def _touch_for(session: Session, actor: Actor, pointer: Pointer) -> tuple[CustomerRow, Touch]:
    """The touch that a button points at with its customer, if the actor may close it and nobody has."""
    customer, touch = _seen(session, actor, Act.CLOSE_TOUCH, pointer)
    touches.lock(session, [customer.id])
    if touch.version != pointer.version or touch.state not in touches.OPEN:
        raise Conflict(DEALT_WITH)
    return customer, touch


def _move(session: Session, touch: Touch, **values: object) -> None:
    if not touches.move(session, touch.id or 0, touch.version, **values):
        raise Conflict(DEALT_WITH)


def _who(actor: Actor) -> Who:
    return Who(name=actor.name, slack_user_id=actor.slack_user_id)


def _closed(
    session: Session,
    rules: CareRules,
    by: Who | None,
    customer: CustomerRow,
    touch: Touch,
    outcome: str,
    until: date | None = None,
) -> ReminderClosed:
    open_touches = touches.open_touches(session, [customer.id])
    return ReminderClosed(
        name=customer.name,
        code=customer.code,
        step=rules.plans.step_name(touch.plan, touch.tier, touch.step),
        by=by,
        outcome=outcome,
        until=until,
        next_due=next((other.due_on for other in open_touches if other.step == touch.step), None),
    )
