"""Reminders: from a due touch to a message, and from what people do about it to the next due day."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.clock import local_date, local_instant, zone_named
from bot.errors import N_
from bot.services.care.plan import FollowUp, Greeting, Revisit
from bot.services.care.schedule import CareRules, morning
from bot.services.delivery import outbox
from bot.services.recipients import FirmDefaults, Place, Recipients
from bot.services.schemes.store import TierNames
from bot.wording.messages import Reminder, ReminderClosed
from bot.wording.parts import Who
from db.book import customers
from db.book.customers import Customer
from db.book.people import Person
from db.care import due_touches, touches
from db.care.touches import StepKind, Touch, TouchState
from db.engine import Database
from db.graded import assessments

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
