"""Reminding people of due touches: one transaction writes the touch's new state and the message."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.clock import local_date, local_instant
from bot.messages import Names, Reminder, Who
from bot.services import outbox
from bot.services.care import CareRules, names, start_of_day, step_names, workday
from bot.services.care_plan import FollowUp, Greeting, Revisit
from bot.services.outbox import Place
from bot.services.schemes import TierBook
from db import care, customers, grading, people
from db.care import Touch
from db.customers import Customer
from db.engine import Database
from db.people import Person


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """Where a reminder goes: the owner, else the team's lead, else the default channel."""

    place: Place
    zone: ZoneInfo
    language: str | None
    mention: Who | None = None


def remind_due(
    database: Database, rules: CareRules, book: TierBook, *, alert_channel: str, language: str, now: datetime
) -> int:
    """Turn due touches into messages; how many were written. What has no place to go stays due."""
    with database.read() as session:
        due = care.due(session, now)
    due.sort(key=lambda touch: (book.rank(touch.tier), touch.due_on))
    sent = 0
    for touch in due:
        with database.write() as session:
            sent += _remind(session, rules, book, touch.id or 0, alert_channel, language, now)
    return sent


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
            zone=ZoneInfo(person.timezone) if person.timezone else rules.zone,
            language=person.language or language,
        )
    channel = (team.channel if team else None) or alert_channel
    if not channel:
        return None
    return Recipient(
        place=Place(channel=channel), zone=rules.zone, language=team.language if team else language
    )


def _remind(
    session: Session,
    rules: CareRules,
    book: TierBook,
    touch_id: int,
    alert_channel: str,
    language: str,
    now: datetime,
) -> int:
    touch = care.get(session, touch_id)
    if touch is None or touch.state not in ("planned", "snoozed") or touch.remind_at > now:
        return 0
    customer = customers.get(session, touch.customer_id)
    if customer is None or customer.archived:
        care.move(
            session, touch_id, touch.version, state="cancelled", reason="customer archived", closed_at=now
        )
        return 0
    to = recipient(session, rules, customers.owner(session, touch.customer_id), alert_channel, language)
    if to is None:
        return 0
    if to.place.person_id is not None and _full_morning(session, rules, to, now):
        tomorrow = workday(local_date(now, to.zone) + timedelta(days=1))
        at = local_instant(tomorrow, rules.remind_at.hour, rules.remind_at.minute, to.zone)
        care.move(session, touch_id, touch.version, remind_at=at)
        return 0
    version = touch.version + 1
    outbox_id = outbox.enqueue(
        session,
        kind="reminder",
        place=to.place,
        message=_message(session, rules, book, touch, customer, version),
        language=to.language,
        dedupe_key=f"touch:{touch_id}:{version}",
        now=now,
    )
    care.move(session, touch_id, touch.version, state="reminded", outbox_id=outbox_id)
    return 1


def _full_morning(session: Session, rules: CareRules, to: Recipient, now: datetime) -> bool:
    since = start_of_day(now, to.zone)
    return care.reminded_since(session, to.place.person_id or 0, since) >= rules.plan.at_most_per_day


def _message(
    session: Session, rules: CareRules, book: TierBook, touch: Touch, customer: Customer, version: int
) -> Reminder:
    step = rules.plan.step(touch.tier, touch.step)
    contacts = care.last_contacts(session, [touch.customer_id]).get(touch.customer_id, {})
    kinds: Iterable[str] = contacts
    if isinstance(step, Revisit):
        kinds = step.counts
    elif isinstance(step, FollowUp):
        kinds = step.after
    last = max((contacts[kind] for kind in kinds if kind in contacts), default=None)
    occasion: Names | None = None
    if isinstance(step, Greeting) and (found := step.occasion(customer.country)):
        occasion = names(found.name.en, found.name.zh)
    standing = grading.standing(session, touch.customer_id, customer.record_type)
    owner = customers.owner(session, touch.customer_id)
    return Reminder(
        touch_id=touch.id or 0,
        version=version,
        customer_id=touch.customer_id,
        customer_version=customer.version,
        name=customer.name,
        code=customer.code,
        tier=book.tier(touch.tier),
        score=standing[0][0].score if standing else None,
        kind=touch.kind,
        step=step_names(rules.plan, touch),
        hint=names(step.hint.en, step.hint.zh) if step and step.hint else None,
        due_on=touch.due_on,
        at_latest=last + timedelta(days=step.at_most_days) if last and isinstance(step, Revisit) else None,
        last_contact=last,
        occasion=occasion,
        owner=Who(name=owner.name, slack_user_id=owner.slack_user_id) if owner else None,
    )
