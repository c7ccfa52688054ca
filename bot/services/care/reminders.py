"""Reminders: from a due touch to a message, and from what people do about it to the next due day."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.clock import local_date, local_instant, zone_named
from bot.errors import N_, BadInput, Conflict, Hidden
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.care.plan import CONTACTS, FollowUp, Greeting, Revisit
from bot.services.care.schedule import CareRules, morning, plan_customers, workday
from bot.services.delivery import outbox
from bot.services.recipients import FirmDefaults, Place, Recipients
from bot.services.schemes.store import TierNames
from bot.wording.actions import Pointer
from bot.wording.messages import Reminder, ReminderClosed, VisitLogged
from bot.wording.parts import Who
from db.audit import AuditAction, ObjectKind
from db.book import customers, facts, people
from db.book.customers import Customer, CustomerRow
from db.book.people import Person
from db.care import due_touches, touches
from db.care.touches import StepKind, Touch, TouchState
from db.engine import Database
from db.graded import assessments
from db.processes import InboundKey, take_request

GREETING_LATE = timedelta(days=2)  # after the holiday a greeting is missed, not sent
KIND = "reminder"  # of the messages
SNOOZE_DAYS = 3
LONGEST_AGO = timedelta(days=3653)
SAME_CONTACT = timedelta(minutes=10)  # within which the same content is the same contact
GONE = N_("This reminder is no longer there, or no longer yours.")
DEALT_WITH = N_("Somebody has dealt with this reminder already.")


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """Who gets a reminder, when their mornings are, and in which language they read."""

    place: Place
    zone: ZoneInfo
    language: str | None


@dataclass(frozen=True, kw_only=True)
class SentReminder:
    """A reminder in Slack, and what it has become."""

    channel: str
    ts: str
    language: str
    closed: ReminderClosed


def remind_due(
    database: Database,
    rules: CareRules,
    book: TierNames,
    *,
    alert_channel: str,
    language: str,
    now: datetime,
    admins: Collection[str] = (),
) -> int:
    """Turn due touches into messages; how many were written. What has no recipient stays due.

    A place gets at most `at_most_per_day`, best tiers first; the rest waits for its next morning.
    """
    places: dict[str, tuple[Recipient, set[int | None]]] = {}
    with database.read() as session:
        owners = due_touches.owners(session, now)
        firm = FirmDefaults(channel=alert_channel, language=language, admins=admins)
        ids = [owner.id for owner in owners if owner is not None and owner.id is not None]
        recipients = Recipients.of(session, ids, firm, now)
        for owner in owners:
            to = _recipient(rules, recipients, owner)
            if to is not None:
                places.setdefault(to.place.address, (to, set()))[1].add(owner.id if owner else None)
    return sum(
        database.retry(partial(_remind, database, rules, book, to, of, now)) for to, of in places.values()
    )


def _recipient(rules: CareRules, recipients: Recipients, owner: Person | None) -> Recipient | None:
    """Who gets the reminders of an owner's customers."""
    place, reader = recipients.place(owner), recipients.reader(owner)
    if place is None:
        return None
    if reader is not None:
        zone, language = zone_named(reader.timezone, rules.zone), recipients.language(reader)
    else:
        zone, language = rules.zone, recipients.channel_language(owner)
    return Recipient(place=place, zone=zone, language=language)


def _remind(
    database: Database,
    rules: CareRules,
    book: TierNames,
    to: Recipient,
    owners: set[int | None],
    now: datetime,
) -> int:
    # The lock, so that two processes do not both count the reminders of today and both find room.
    with database.write(lock="reminders") as session:
        today = local_date(now, to.zone)
        sent = due_touches.reminded_since(session, to.place.address, local_instant(today, 0, 0, to.zone))
        room = max(0, rules.plans.plans[0].at_most_per_day - sent)
        written = 0
        for touch in due_touches.best_first(session, now, owners, book.best_first, room):
            written += _remind_of(session, rules, book, to, touch, today, now)
        session.flush()
        tomorrow = today + timedelta(days=1)
        for greetings in (True, False):
            until = morning(rules, tomorrow, to.zone, now, any_day=greetings)
            due_touches.postpone(session, now, owners, until, greetings=greetings)
        return written


def _remind_of(
    session: Session,
    rules: CareRules,
    book: TierNames,
    to: Recipient,
    touch: Touch,
    today: date,
    now: datetime,
) -> bool:
    """Turn a touch into a message; False when the holiday is past, or another process was faster."""
    touch_id, version = touch.id or 0, touch.version
    greeting = touch.kind == StepKind.GREETING
    last_day = touch.anchor + GREETING_LATE if greeting and touch.anchor else None
    if last_day is not None and today > last_day:
        reason = "the holiday is past"
        touches.move(session, touch_id, version, state=TouchState.MISSED, reason=reason, closed_at=now)
        return False
    if not touches.move(session, touch_id, version, state=TouchState.REMINDED):
        return False
    touch.outbox_id = outbox.enqueue(
        session,
        kind=KIND,
        place=to.place,
        message=_message(session, rules, book, touch, version + 1, today),
        language=to.language,
        dedupe_key=f"touch:{touch_id}:{version + 1}",
        now=now,
        not_after=local_instant(last_day + timedelta(days=1), 0, 0, to.zone) if last_day else None,
    )
    return True


def _message(
    session: Session, rules: CareRules, book: TierNames, touch: Touch, version: int, today: date
) -> Reminder:
    customer = session.get_one(Customer, touch.customer_id)
    step = rules.plans.step(touch.plan, touch.tier, touch.step)
    contacts = touches.last_contacts(session, [touch.customer_id]).get(touch.customer_id, {})
    kinds: Iterable[str] = contacts
    if isinstance(step, Revisit):
        kinds = step.counts
    elif isinstance(step, FollowUp):
        kinds = step.after
    last = max((contacts[kind] for kind in kinds if kind in contacts), default=None)
    occasion = step.occasion(touch.occasion) if isinstance(step, Greeting) else None
    newest = assessments.newest(session, touch.customer_id, customer.record_type)
    owner = customers.owner(session, touch.customer_id)
    return Reminder(
        touch_id=touch.id or 0,
        version=version,
        customer_id=touch.customer_id,
        customer_version=customer.version,
        name=customer.name,
        code=customer.code,
        tier=book.tier(touch.tier),
        score=newest[0][0].score if newest else None,
        kind=touch.kind,
        step=rules.plans.step_name(touch.plan, touch.tier, touch.step),
        hint=step.hint if step else None,
        due_on=touch.due_on,
        at_latest=last + timedelta(days=step.at_most_days) if last and isinstance(step, Revisit) else None,
        last_contact=last,
        occasion=occasion.name if occasion else None,
        owner=Who(name=owner.name, slack_user_id=owner.slack_user_id) if owner else None,
        overdue=touch.due_on < today,
    )


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
