"""Contact people of a simulated year: who was to be congratulated was said a week before and greeted on the day, once."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, ClassVar

from sqlmodel import Session

from bot.birthdays import Birthday
from bot.clock import local_date
from bot.services.care.plan import DEFAULT, BirthdayStep
from bot.services.contact_people import acts
from db.care.touches import StepKind, Touch, TouchRole, TouchState
from tests import factories
from tests.faults.birthdays import by_borax
from tests.simulation.parts.part import Part

if TYPE_CHECKING:
    from tests.simulation.care_account import Reading
    from tests.simulation.care_year import Year

A_DAY = timedelta(days=1)
A_WEEK = timedelta(days=7)
SETTLED = timedelta(days=10)  # a change that is older has reached every message
CUSTOMERS_A_PERSON = 100  # one person is entered each day for so many customers
PEOPLE_A_CHANGE = 300
CULTURES = ("CN", "DE", "US", "SA", "IN", None, None, None)


@dataclass(frozen=True, kw_only=True)
class Person:
    """A contact person as this year knows them, whatever the product has stored."""

    customer: int
    birthday: Birthday | None
    wishes: str
    is_kept_away: bool  # nobody is to contact them
    changed_on: date  # when they were entered, or their wishes changed

    @property
    def is_greeted(self) -> bool:
        return self.wishes != "none" and not self.is_kept_away

    def days(self, first: date, last: date) -> Iterator[date]:
        """Their birthdays between two days, as a calendar that is not the product's has them."""
        if self.birthday is None:
            return
        for year in range(first.year - 1, last.year + 1):
            day = by_borax(self.birthday, year)
            if first <= day <= last:
                yield day


class ContactPeople(Part):
    """People at the customers, with birthdays by both calendars, other cultures and wishes of their own."""

    columns: ClassVar = {
        "bdays": "birthdays owed",
        "b. done": "birthdays done",
        "b. miss": "birthdays missed",
        "b. open": "birthdays open",
    }

    def __init__(self, year: "Year") -> None:
        super().__init__(year)
        self.people: dict[int, Person] = {}

    def join(self, session: Session, customer: int) -> None:
        for _ in range(self.rng.choice((0, 1, 1, 2))):
            person = self._drawn(customer, self.year.clock.now().date())
            number = factories.contact_person(
                session,
                customer,
                self._name(),
                birthday=str(person.birthday) if person.birthday else None,
                greetings=person.wishes,
                do_not_contact=person.is_kept_away,
                culture=self.rng.choice(CULTURES),
            )
            self.people[number] = person

    def live(self, today: date) -> None:
        """Account managers enter people, some on their birthdays, and some people want to hear nothing any more."""
        for customer in self.some_customers(CUSTOMERS_A_PERSON):
            person = self._drawn(customer, today)
            if self.rng.random() < 0.5:
                soon = today + self.rng.randrange(4) * A_DAY
                person = replace(person, birthday=Birthday(month=soon.month, day=soon.day))
            given: dict[str, str | None] = {"name": self._name(), "greetings": person.wishes}
            given["birthday"] = str(person.birthday) if person.birthday else None
            saved = acts.add(
                self.year.database,
                self.year.actor_for(customer),
                customer,
                given,
                do_not_contact=person.is_kept_away,
                now=self.year.clock.now(),
            )
            self.people[saved.id] = person
        for number in self.rng.sample(sorted(self.people), len(self.people) // PEOPLE_A_CHANGE):
            known = self.people[number]
            self.people[number] = replace(known, is_kept_away=not known.is_kept_away, changed_on=today)
            acts.change(
                self.year.database,
                self.year.actor_for(known.customer),
                number,
                {},
                do_not_contact=not known.is_kept_away,
                now=self.year.clock.now(),
            )

    def _name(self) -> str:
        return f"Person {len(self.people)}"

    def _drawn(self, customer: int, today: date) -> Person:
        return Person(
            customer=customer,
            birthday=self._birthday(),
            wishes=self.rng.choice(("all", "all", "all", "birthday", "none")),
            is_kept_away=self.rng.random() < 0.05,
            changed_on=today,
        )

    def _birthday(self) -> Birthday | None:
        drawn, month, day = self.rng.random(), self.rng.randrange(1, 13), self.rng.randrange(1, 31)
        if drawn < 0.1:
            return None
        if drawn < 0.5:
            leap = drawn < 0.15 and 2 <= month <= 11
            return Birthday(month=month, day=day, lunar=True, leap=leap)
        return Birthday(month=2, day=29) if month == 2 else Birthday(month=month, day=day)

    def account(self, reading: "Reading", count: Counter[str]) -> Iterator[str]:
        touches: dict[tuple[int, date], Touch] = {
            (touch.contact_person_id or 0, touch.anchor or date.min): touch
            for touch in reading.touches
            if touch.kind == StepKind.BIRTHDAY
        }
        today = local_date(reading.end, reading.zone)
        for number, person in self.people.items():
            for day in person.days(self.year.first, today):
                touch = touches.get((number, day))
                yield from self._wrong_with(
                    f"birthday of {number} on {day}", person, day, touch, reading, count
                )

    def _wrong_with(
        self,
        name: str,
        person: Person,
        day: date,
        touch: Touch | None,
        reading: "Reading",
        count: Counter[str],
    ) -> Iterator[str]:
        told = reading.told[touch.id or 0] if touch else []
        greeted = [one for one in told if one.role == TouchRole.GREETING]
        announced = [one for one in told if one.role == TouchRole.DIGEST]
        changed = max(person.changed_on, self.year.changed_tier.get(person.customer, date.min))
        if len(greeted) > 1:
            yield f"{name}: greeted {len(greeted)} times"
        if not (person.is_greeted and self._has_step(person.customer)):
            if changed + SETTLED <= day and told:
                yield f"{name}: named to somebody, though they are not to be greeted"
            return
        if changed > day:
            return  # what they wanted before is not known any more
        count["birthdays owed"] += 1
        count[f"birthdays {_class(touch)}"] += 1
        if touch is None or not greeted:
            yield f"{name}: never greeted"
            return
        working = reading.working_of(greeted[0].recipient)
        last = working.last_working_day(day)
        on = local_date(greeted[0].at, working.zone)
        is_settled = changed + SETTLED <= day and person.customer not in self.year.changed_hands
        if not (on == last if is_settled else last - SETTLED <= on <= day):
            yield f"{name}: greeted on {on}, not on {last}"
        before = {local_date(one.at, working.zone) for one in announced}
        if any(not day - A_WEEK - A_DAY <= one < on for one in before):
            yield f"{name}: said to be coming up on {sorted(before)}"
        if is_settled and not before and working.next_working_day(day - A_WEEK) < last:
            yield f"{name}: not said in the week before"

    def _has_step(self, customer: int) -> bool:
        care = self.year.plan.tiers.get(self.year.customers[customer]) or self.year.plan.tiers.get(DEFAULT)
        return care is not None and any(isinstance(step, BirthdayStep) for step in care.steps)


def _class(touch: Touch | None) -> str:
    state = touch.state if touch else ""
    return "done" if state == TouchState.DONE else "missed" if state == TouchState.MISSED else "open"
