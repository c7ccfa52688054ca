"""Reminding people of due touches: one transaction writes the touch's new state and the message."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.clock import local_date, local_instant, zone_named
from bot.services.care.plan import FollowUp, Greeting, Revisit
from bot.services.care.schedule import CareRules, morning
from bot.services.care.touches import names, step_names
from bot.services.delivery import outbox
from bot.services.delivery.outbox import Place
from bot.services.schemes.store import TierNames
from bot.wording.messages import Reminder
from bot.wording.parts import Names, Who
from db.book import customers, people
from db.book.customers import Customer
from db.book.people import Person
from db.care import due_touches, touches
from db.care.touches import Touch
from db.engine import Database
from db.graded import results

GREETING_LATE = timedelta(days=2)  # after the holiday a greeting is missed, not sent


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """Where a reminder goes: the owner, else the team's lead, else the team's channel, else the default channel."""

    place: Place
    zone: ZoneInfo
    language: str | None


def remind_due(
    database: Database, rules: CareRules, book: TierNames, *, alert_channel: str, language: str, now: datetime
) -> int:
    """Turn due touches into messages; how many were written. What has no place to go stays due.

    A place hears of `at_most_per_day`, best tiers first; the rest waits for its next morning.
    """
    places: dict[str, tuple[Recipient, set[int | None]]] = {}
    with database.read() as session:
        for owner in due_touches.owners(session, now):
            to = recipient(session, rules, owner, alert_channel, language)
            if to is not None:
                places.setdefault(to.place.address, (to, set()))[1].add(owner.id if owner else None)
    written = 0
    for to, owners in places.values():
        written += database.retry(partial(_remind_place, database, rules, book, to, owners, now))
    return written


def _remind_place(
    database: Database,
    rules: CareRules,
    book: TierNames,
    to: Recipient,
    owners: set[int | None],
    now: datetime,
) -> int:
    # Alone, so that two processes do not both count what the place has heard today and both find room.
    with database.write(lock="reminders") as session:
        return _remind(session, rules, book, to, owners, now)


def recipient(
    session: Session, rules: CareRules, owner: Person | None, alert_channel: str, language: str
) -> Recipient | None:
    lead = None
    team = people.team(session, owner.team_id) if owner else None
    if owner is None or not owner.active:
        lead = people.get(session, team.lead_id) if team else None
    person = owner if owner is not None and owner.active else lead
    if person is not None and person.active and person.id is not None:
        return Recipient(
            place=Place(person_id=person.id),
            zone=zone_named(person.timezone, rules.zone),
            language=person.language or language,
        )
    channel = (team.channel if team else None) or alert_channel
    if not channel:
        return None
    return Recipient(
        place=Place(channel=channel), zone=rules.zone, language=(team.language if team else None) or language
    )


def _remind(
    session: Session, rules: CareRules, book: TierNames, to: Recipient, owners: set[int | None], now: datetime
) -> int:
    today = local_date(now, to.zone)
    said = due_touches.reminded_since(session, to.place.address, local_instant(today, 0, 0, to.zone))
    room = max(0, rules.plan.at_most_per_day - said)
    written = 0
    for touch in due_touches.best_first(session, now, owners, book.best_first, room):
        version = touch.version
        last_day = touch.anchor + GREETING_LATE if touch.kind == "greeting" and touch.anchor else None
        if last_day is not None and today > last_day:
            touches.move(
                session, touch.id or 0, version, state="missed", reason="the holiday is past", closed_at=now
            )
            continue
        if not touches.move(session, touch.id or 0, version, state="reminded"):
            continue  # another process was faster
        outbox_id = outbox.enqueue(
            session,
            kind="reminder",
            place=to.place,
            message=_message(session, rules, book, touch, version + 1),
            language=to.language,
            dedupe_key=f"touch:{touch.id}:{version + 1}",
            now=now,
            not_after=local_instant(last_day + timedelta(days=1), 0, 0, to.zone) if last_day else None,
        )
        touch.outbox_id = outbox_id
        written += 1
    session.flush()
    tomorrow = today + timedelta(days=1)
    for greetings in (True, False):
        until = morning(rules, "greeting" if greetings else "other", tomorrow, to.zone, now)
        due_touches.postpone(session, now, owners, until, greetings=greetings)
    return written


def _message(session: Session, rules: CareRules, book: TierNames, touch: Touch, version: int) -> Reminder:
    customer = session.get_one(Customer, touch.customer_id)
    step = rules.plan.step(touch.tier, touch.step)
    contacts = touches.last_contacts(session, [touch.customer_id]).get(touch.customer_id, {})
    kinds: Iterable[str] = contacts
    if isinstance(step, Revisit):
        kinds = step.counts
    elif isinstance(step, FollowUp):
        kinds = step.after
    last = max((contacts[kind] for kind in kinds if kind in contacts), default=None)
    occasion: Names | None = None
    if isinstance(step, Greeting) and (found := step.occasion(customer.country)):
        occasion = names(found.name)
    newest = results.newest(session, touch.customer_id, customer.record_type)
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
        step=step_names(rules.plan, touch),
        hint=names(step.hint) if step and step.hint else None,
        due_on=touch.due_on,
        at_latest=last + timedelta(days=step.at_most_days) if last and isinstance(step, Revisit) else None,
        last_contact=last,
        occasion=occasion,
        owner=Who(name=owner.name, slack_user_id=owner.slack_user_id) if owner else None,
    )
