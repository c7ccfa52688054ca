"""Whom of a customer's contact people is greeted: on their birthdays, and once where occasions overlap. Pure.

Where a customer has contact people, they are greeted instead of the customer, on the occasions of their own culture or
country. Of occasions that are at most a week apart a person is greeted on the first.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from functools import lru_cache

from bot.services.care.holiday import Holiday
from bot.services.care.occasion_days import OccasionDay
from db.book.contact_people import WantedGreetings
from db.care.planning import KnownPerson

DAY = timedelta(days=1)
OVERLAP = timedelta(days=7)  # occasions at most so far apart are one greeting
_BACK = timedelta(days=60)  # longer than any row of occasions without a gap of more than a week
_PERSON = "person:"

NextDay = Callable[[Holiday | str, date], OccasionDay | None]
Suiting = tuple[tuple[str, Holiday | str], ...]  # (name, what `NextDay` knows it by)


def occasion_of(person_id: int) -> str:
    """What the touch of a birthday has as its occasion."""
    return f"{_PERSON}{person_id}"


def person_of(occasion: str) -> int | None:
    """The contact person whose birthday an occasion is; None for other occasions."""
    return int(occasion.removeprefix(_PERSON)) if occasion.startswith(_PERSON) else None


def wants_birthday(person: KnownPerson) -> bool:
    """Whether a contact person is greeted on their birthday."""
    return not person.do_not_contact and person.greetings != WantedGreetings.NONE


def cultures(people: Iterable[KnownPerson], country: str | None) -> tuple[str | None, ...]:
    """The countries by whose occasions contact people are greeted; that of the customer where theirs is not known."""
    return tuple(dict.fromkeys(culture_of(one, country) for one in people if wants_occasions(one)))


def wants_occasions(person: KnownPerson) -> bool:
    """Whether a contact person is greeted on occasions."""
    return not person.do_not_contact and person.greetings == WantedGreetings.ALL


def culture_of(person: KnownPerson, country: str | None) -> str | None:
    """The country by whose occasions a contact person of a customer in `country` is greeted."""
    return person.culture or person.country or country


def is_greeted(suiting: Sequence[Suiting], name: str, day: date, next_day: NextDay) -> bool:
    """Whether a person is greeted on the day of an occasion, of all the occasions that suit them by step."""
    together = dict.fromkeys(one for of_step in suiting for one in of_step)
    return _is_first(tuple(together), name, day, next_day)


@lru_cache(maxsize=50_000)
def _is_first(suiting: Suiting, name: str, day: date, next_day: NextDay) -> bool:
    """Whether no occasion of the week before was greeted on, nor one that stands before it on the same day."""
    days: list[tuple[date, int, str]] = []
    for place, (other, occasion) in enumerate(suiting):
        if other == name:
            days.append((day, place, name))
            continue
        found = next_day(occasion, day - _BACK)
        while found is not None and found.day <= day:
            days.append((found.day, place, other))
            found = next_day(occasion, found.day + DAY)
    greeted: tuple[date, str] | None = None
    for at, _, other in sorted(days):
        if greeted is None or at - greeted[0] > OVERLAP:
            greeted = at, other
    return greeted == (day, name)
