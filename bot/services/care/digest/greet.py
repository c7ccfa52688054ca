"""Greetings that are due: one message for a person and an occasion, with all its customers. They do not count as steps.

Birthdays of one day are a message too, with the contact people whose they are.

One is of no use two days after the day of its occasion: what was not sent by then was missed, and the next digest says so.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlmodel import Session

from bot.clock import local_instant
from bot.services.care import schedule
from bot.services.care.digest.mailboxes import ONE_DAY, Mailbox, Sending, enqueue
from bot.services.care.digest.people import birthday_part, person_part
from bot.services.care.dues import LATE, people_to_greet
from bot.services.care.gifts.hints import ToGive, hints, with_hint
from bot.services.care.greetings import ToGreet, greetings, is_top
from bot.services.care.occasion_days import OccasionDay
from bot.services.care.occasions import OCCASIONS, days
from bot.services.care.owed_care import CALENDAR
from bot.services.care.plan import BirthdayStep, Greeting
from bot.services.care.schedule import CareRules
from bot.services.care.touch_diff import DAY_IS_PAST
from bot.services.delivery import kinds
from bot.wording import greeting_texts
from bot.wording.care.greetings import GreetedCustomer, Greetings
from bot.wording.parts import GiftHint
from bot.working_days.countries import code_of
from db.book import contact_people, customers
from db.book.contact_people import ContactPerson
from db.book.customers import Customer, RecordType
from db.care import due_touches, planning, touches
from db.care.touches import StepKind, Touch, TouchRole, TouchState
from db.outbox import messages
from grading.scheme.model import Name

BIRTHDAY = Name(en="Birthday", zh="生日")
MOST_HINTS = 5  # of a message: what it says of gifts may not cut off the names of customers
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
    people = _People(session, sending, occasion, some, known)
    hinted = _hints(session, sending, mailbox, occasion, some, known, people)
    too_late = local_instant(day + LATE + ONE_DAY, 0, 0, zone)
    again = local_instant(day + OPEN_AFTER, 12, 0, zone)
    while left:
        message = _message(sending, mailbox, occasion, left.values(), known, people, hinted)
        named = [one.touch_id for one in message.customers]
        if not named:
            break
        key = _free_key(session, mailbox, occasion)
        until = min(too_late, mailbox.until(sending.now))
        number = enqueue(session, sending, mailbox, kinds.GREETING, message, key, not_after=until)
        due_touches.show(session, [(touch_id, again) for touch_id in named], number)
        due_touches.link(session, number, named, TouchRole.GREETING)
        left = {touch_id: touch for touch_id, touch in left.items() if touch_id not in named}
        written += 1
    return written


class _People:
    """The contact people whom touches of one occasion greet, read once for all of them."""

    def __init__(
        self,
        session: Session,
        sending: Sending,
        occasion: _OfDay,
        some: Sequence[Touch],
        known: Mapping[int, Customer],
    ) -> None:
        self._there = contact_people.of_customers(session, known)
        self._to_greet: dict[int, list[ContactPerson]] = {}
        if occasion.occasion_id == StepKind.BIRTHDAY:
            by_id = {one.id: one for those in self._there.values() for one in those}
            for touch in some:
                found = by_id.get(touch.contact_person_id)
                self._to_greet[touch.id or 0] = [found] if found else []
            return
        with_people = [touch for touch in some if touch.customer_id in self._there]
        ids = sorted({touch.customer_id for touch in with_people})
        facts = planning.contact_people(session, ids) if ids else {}
        owed = schedule.owed(session, sending.rules, ids, sending.now) if ids else {}
        for touch in with_people:
            of = owed.get(touch.customer_id)
            steps = of.plan.steps(of.care_of) if of is not None and of.plan is not None else ()
            country = known[touch.customer_id].country
            wanted = people_to_greet(
                *(steps, touch.step, touch.occasion, occasion.day.day),
                *(facts[touch.customer_id], country, CALENDAR),
            )
            there = self._there[touch.customer_id]
            self._to_greet[touch.id or 0] = [one for one in there if one.id in wanted]

    def of(self, touch: Touch) -> list[ContactPerson] | None:
        """Whom a touch greets; None where a customer is greeted that has no contact people."""
        is_customers = touch.kind != StepKind.BIRTHDAY and touch.customer_id not in self._there
        return None if is_customers else self._to_greet[touch.id or 0]


def _hints(
    session: Session,
    sending: Sending,
    mailbox: Mailbox,
    occasion: _OfDay,
    some: Sequence[Touch],
    known: Mapping[int, Customer],
    people: _People,
) -> dict[int, GiftHint]:
    """What is said of gifts to the first people of the best tiers; nothing in a channel."""
    if mailbox.place.person_id is None:
        return {}
    best = sorted(some, key=lambda touch: (sending.book.tier(touch.tier).rank, touch.id))
    named = [
        ToGive(
            person=found[0], customer=known[touch.customer_id], tier=touch.tier, occasion=occasion.occasion_id
        )
        for touch in best
        if touch.customer_id in known and (found := people.of(touch))
    ]
    readers = {mailbox.place.person_id, *mailbox.acts_for}
    return hints(session, sending.rules, named[:MOST_HINTS], occasion.day.day, readers)


def _message(
    sending: Sending,
    mailbox: Mailbox,
    occasion: _OfDay,
    some: Iterable[Touch],
    known: Mapping[int, Customer],
    people: _People,
    hinted: dict[int, GiftHint],
) -> Greetings:
    """The message about an occasion; who would be greeted through nobody is left to planning."""
    to_greet = (
        _to_greet(sending, touch, known[touch.customer_id], people.of(touch), hinted)
        for touch in some
        if touch.customer_id in known and people.of(touch) != []
    )
    languages = greeting_texts.languages(sending.templates)
    day = occasion.day
    return greetings(
        *(occasion.occasion_id, occasion.name, day, to_greet, languages),
        day_off=occasion.occasion_id == StepKind.BIRTHDAY and not mailbox.working.is_working_day(day.day),
    )


def _to_greet(
    sending: Sending,
    touch: Touch,
    customer: Customer,
    people: Sequence[ContactPerson] | None,
    hinted: dict[int, GiftHint],
) -> ToGreet:
    tier = sending.book.tier(touch.tier)
    people = people or ()
    known = greeting_texts.languages(sending.templates)
    is_birthday = touch.kind == StepKind.BIRTHDAY
    return ToGreet(
        customer=GreetedCustomer(
            customer_id=touch.customer_id,
            version=customer.version,
            name=customer.name,
            code=customer.code,
            touch_id=touch.id or 0,
            touch_version=touch.version,
            people=tuple(
                with_hint(birthday_part(one) if is_birthday else person_part(one), hinted) for one in people
            ),
            is_birthday=is_birthday,
        ),
        tier=tier,
        country=customer.country,
        top=is_top(tier, prospect=customer.record_type == RecordType.PROSPECT),
        languages={one.id or 0: _language(one, customer, known) for one in people},
    )


def _language(person: ContactPerson, customer: Customer, known: frozenset[str]) -> str:
    """The language in which a contact person is greeted: theirs, or that of their culture or country."""
    country = person.culture or person.country or customer.country
    return person.language or greeting_texts.language_of(code_of(country), known)


def _free_key(session: Session, mailbox: Mailbox, occasion: _OfDay) -> str:
    """The key of a message about an occasion; a number ends it when one came earlier, for other customers."""
    day = occasion.day.day
    of = day if occasion.occasion_id == StepKind.BIRTHDAY else day.year
    first = f"greeting:{mailbox.place.address}:{occasion.occasion_id}:{of}"
    number = 1
    while messages.existing_keys(session, [first if number == 1 else f"{first}:{number}"]):
        number += 1
    return first if number == 1 else f"{first}:{number}"


def _of_day(rules: CareRules, touch: Touch, day: date) -> _OfDay:
    if touch.kind == StepKind.BIRTHDAY:
        return _OfDay(occasion_id=StepKind.BIRTHDAY, name=BIRTHDAY, day=OccasionDay(day=day))
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
    if isinstance(step, BirthdayStep):
        return BIRTHDAY
    own = step.occasion(occasion) if isinstance(step, Greeting) else None
    return own.name if own else rules.plans.step_name(plan, tier, step_id)
