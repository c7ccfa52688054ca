"""Greetings that are due: one message for a person and an occasion, with all its customers. They do not count as steps.

One is of no use two days after the day of its occasion: what was not sent by then was missed, and the next digest says so.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlmodel import Session

from bot.clock import local_instant
from bot.services.care.digest.mailboxes import ONE_DAY, Mailbox, Sending, enqueue
from bot.services.care.greetings import ToGreet, greetings, is_top
from bot.services.care.occasion_days import OccasionDay
from bot.services.care.occasions import OCCASIONS, days
from bot.services.care.plan import Greeting
from bot.services.care.schedule import CareRules
from bot.services.care.touch_diff import DAY_IS_PAST
from bot.services.delivery import kinds
from bot.wording import greeting_texts
from bot.wording.greetings import GreetedCustomer, Greetings
from db.book import customers
from db.book.customers import Customer, RecordType
from db.care import due_touches, touches
from db.care.touches import Touch, TouchRole, TouchState
from db.outbox import messages
from grading.scheme.model import Name

LATE = timedelta(days=2)  # after the day of the occasion a greeting is missed, not sent
OPEN_AFTER = timedelta(days=8)  # by then planning has closed what nobody answered


@dataclass(frozen=True, kw_only=True)
class _OfDay:
    """An occasion and its day, as the touches name it."""

    occasion_id: str
    name: Name
    day: OccasionDay


def write_greetings(sending: Sending, mailbox: Mailbox, touch_ids: Sequence[int]) -> int:
    """Write the messages of a place, one for each occasion; how many. What is too late becomes missed."""
    now, today = sending.now, mailbox.today(sending.now)
    written = 0
    with sending.database.write() as session:
        due: dict[_OfDay, list[Touch]] = defaultdict(list)
        for touch in due_touches.locked(session, touch_ids):
            if touch.state not in touches.WAITING or touch.remind_at >= mailbox.tomorrow(now):
                continue
            if touch.anchor is None or today > touch.anchor + LATE:
                missed = {"state": TouchState.MISSED, "reason": DAY_IS_PAST, "closed_at": now}
                touches.move(session, touch.id or 0, touch.version, **missed)
                continue
            due[_of_day(sending.rules, touch, touch.anchor)].append(touch)
        for occasion, some in due.items():
            written += _write_of(session, sending, mailbox, occasion, some)
    return written


def _write_of(
    session: Session, sending: Sending, mailbox: Mailbox, occasion: _OfDay, some: Sequence[Touch]
) -> int:
    """Write as many messages about one occasion as its customers need."""
    left = {touch.id: touch for touch in some}
    known = customers.get_many(session, sorted({touch.customer_id for touch in some}))
    day, zone, written = occasion.day.day, mailbox.working.zone, 0
    too_late = local_instant(day + LATE + ONE_DAY, 0, 0, zone)
    again = local_instant(day + OPEN_AFTER, 12, 0, zone)
    while left:
        message = _message(sending, occasion, left.values(), known)
        named = [one.touch_id for one in message.customers]
        if not named:
            break
        key = _free_key(session, mailbox, occasion)
        number = enqueue(session, sending, mailbox, kinds.GREETING, message, key, not_after=too_late)
        due_touches.show(session, [(touch_id, again) for touch_id in named], number)
        due_touches.link(session, number, named, TouchRole.GREETING)
        left = {touch_id: touch for touch_id, touch in left.items() if touch_id not in named}
        written += 1
    return written


def _message(
    sending: Sending, occasion: _OfDay, some: Iterable[Touch], known: dict[int, Customer]
) -> Greetings:
    to_greet = (
        _to_greet(sending, touch, known[touch.customer_id]) for touch in some if touch.customer_id in known
    )
    languages = greeting_texts.languages(sending.templates)
    return greetings(occasion.occasion_id, occasion.name, occasion.day, to_greet, languages)


def _to_greet(sending: Sending, touch: Touch, customer: Customer) -> ToGreet:
    tier = sending.book.tier(touch.tier)
    return ToGreet(
        customer=GreetedCustomer(
            customer_id=touch.customer_id,
            version=customer.version,
            name=customer.name,
            code=customer.code,
            touch_id=touch.id or 0,
            touch_version=touch.version,
        ),
        tier=tier,
        country=customer.country,
        top=is_top(tier, prospect=customer.record_type == RecordType.PROSPECT),
    )


def _free_key(session: Session, mailbox: Mailbox, occasion: _OfDay) -> str:
    """The key of a message about an occasion; a number ends it when one came earlier, for other customers."""
    first = f"greeting:{mailbox.place.address}:{occasion.occasion_id}:{occasion.day.day.year}"
    number = 1
    while messages.existing_keys(session, [first if number == 1 else f"{first}:{number}"]):
        number += 1
    return first if number == 1 else f"{first}:{number}"


def _of_day(rules: CareRules, touch: Touch, day: date) -> _OfDay:
    is_known = touch.occasion in OCCASIONS
    dated = days(touch.occasion, day.year) if is_known else ()
    found = next((one for one in dated if one.day == day), None)
    return _OfDay(
        occasion_id=touch.occasion if is_known else greeting_texts.ANY,
        name=name_of(rules, touch.occasion, touch.plan, touch.tier, touch.step),
        day=found or OccasionDay(day=day),
    )


def name_of(rules: CareRules, occasion: str, plan: str | None, tier: str, step_id: str) -> Name:
    """An occasion's name: its own, that of the plan's own holiday, or else of its step."""
    if occasion in OCCASIONS:
        return OCCASIONS[occasion].name
    step = rules.plans.step(plan, tier, step_id)
    own = step.occasion(occasion) if isinstance(step, Greeting) else None
    return own.name if own else rules.plans.step_name(plan, tier, step_id)
