"""When each step of a care plan is due for one customer. Pure: the rows are read and written elsewhere.

An occurrence of a step is named by the day it is counted from: the contact, the occasion, the yearly day, or the day
since which a step that comes once has been owed. That day does not move with the tier, the plan, a clock or a time zone.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

import structlog

from bot.birthdays import read_birthday
from bot.services.care import birthdays
from bot.services.care.holiday import Holiday
from bot.services.care.occasion_days import OccasionDay
from bot.services.care.plan import (
    Anniversary,
    BirthdayStep,
    FollowUp,
    Greeting,
    LowScoreStep,
    Once,
    Revisit,
    Step,
)
from db.care.planning import KnownPerson

DAY = timedelta(days=1)
STALE = timedelta(days=21)  # a follow-up that is found later than this after it was due is not owed
AGAIN = timedelta(days=365)  # a step that comes once comes again after this, when it is still owed
SAME = timedelta(days=15)  # an estimated day of an occasion moves by less than this
HALF_A_YEAR = timedelta(days=183)  # a birthday that was greeted and then corrected comes again after this
TRIES = 4  # occurrences of an occasion that are looked at for one on which somebody is greeted
LATE = timedelta(days=2)  # after the day of an occasion: until then it is greeted, later it is missed
OPEN_AFTER = timedelta(days=7)  # after the day of an occasion: time to answer its greeting
SPREAD = 7919  # a prime, so that neighbouring customers get distant days

log = structlog.get_logger()


class NotDue(StrEnum):
    """Why a step that a customer is owed has no date at present."""

    NO_CONTACT = "no_contact"  # a follow-up: there is no contact to come back to
    FULFILLED = "fulfilled"  # a later contact has fulfilled it
    TOO_OLD = "too_old"  # a follow-up that was found only weeks after it was due
    ANSWERED = "answered"  # it was done or skipped
    NO_DATE = "no_date"  # the customer has no such date on record
    NO_OCCASION = "no_occasion"  # no occasion suits the customer's country
    UNKNOWN_DAY = "unknown_day"  # nobody knows the day of the occasion in the next years
    NOBODY = "nobody"  # no contact person wants to be greeted
    OVERLAPS = "overlaps"  # everybody is greeted on another occasion of the same week
    NO_BIRTHDAY = "no_birthday"  # no birthday of a contact person who wants to be greeted is known
    OTHER_STEP = "other_step"  # another step greets on birthdays
    BROKEN = "broken"  # computing it failed; the log says how


@dataclass(frozen=True, kw_only=True)
class Due:
    """When a step is due, the day that is counted from, and the key that makes it one occurrence."""

    on: date
    latest: date
    anchor: date | None
    key: str
    occasion: str = ""
    estimated: bool = False  # the day of the occasion may still move
    person_id: int | None = None  # the contact person whose birthday it is


@dataclass(frozen=True, kw_only=True)
class OwedStep:
    """A step that a customer is owed: when it is due, or why it has no date."""

    step: Step
    occasion: str = ""
    due: Due | None = None
    why: NotDue | None = None


class Over(NamedTuple):
    """The newest occurrence of a step that was answered or missed."""

    anchor: date | None
    closed_on: date
    answered_on: date | None = None  # when a person closed one last without a contact after its anchor


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of a customer when its steps are computed."""

    customer_id: int
    country: str | None
    today: date  # where its owner is
    soonest: date  # the first day whose morning is still to come
    graded_on: date
    contacts: Mapping[str, date] = field(default_factory=dict)  # kind -> its newest day
    over: Mapping[tuple[str, str], Over] = field(default_factory=dict)  # (step, occasion) ->
    owed_since: Mapping[str, date] = field(default_factory=dict)  # step that comes once -> since when
    dates: Mapping[str, date] = field(default_factory=dict)  # `since`, and fields of the book with a date
    people: Sequence[KnownPerson] = ()  # at the customer
    low_scores: Mapping[date, date] = field(
        default_factory=dict
    )  # when low scores were recorded -> until when they are followed up

    def last(self, kinds: Iterable[str]) -> date | None:
        """The newest day with a contact of one of these kinds."""
        return max((self.contacts[kind] for kind in kinds if kind in self.contacts), default=None)


class Calendar(NamedTuple):
    """The occasions of a greeting that suit a country, and the first day of one that is not before a date."""

    suiting: Callable[[Greeting, str | None], Sequence[tuple[str, Holiday | str]]]
    next_day: Callable[[Holiday | str, date], OccasionDay | None]


def steps_due(steps: Sequence[Step], known: Known, calendar: Calendar) -> list[OwedStep]:
    """Each step with its next occurrence: a greeting once for each of its occasions, a birthday for each person.

    One that fails stops no other.
    """
    found: list[OwedStep] = []
    greetings = [step for step in steps if isinstance(step, Greeting)]
    for step in steps:
        try:
            if isinstance(step, Greeting):
                found += _greetings(step, known, calendar, greetings)
                continue
            if isinstance(step, BirthdayStep):
                is_second = any(isinstance(one.step, BirthdayStep) for one in found)
                found += (
                    [OwedStep(step=step, why=NotDue.OTHER_STEP)] if is_second else _birthdays(step, known)
                )
                continue
            if isinstance(step, LowScoreStep):
                found += _low_scores(step, known)
                continue
            due = _DUE[step.kind](step, known)
        except Exception as error:
            log.error("care.step_failed", customer=known.customer_id, step=step.id, exc_info=error)
            due = NotDue.BROKEN
        found.append(OwedStep(step=step, due=due) if isinstance(due, Due) else OwedStep(step=step, why=due))
    return found


def _revisit(step: Revisit, known: Known) -> Due:
    """Counted from the last contact; one that was skipped since is counted from the day of skipping."""
    last, over = known.last(step.counts), known.over.get((step.id, ""))
    if over is not None and over.answered_on is not None and (last is None or over.answered_on > last):
        last = over.answered_on
    gap = timedelta(days=step.every_days)
    # No contact on record: spread over one gap, so that a new book is not due on one morning.
    start = last or known.graded_on + DAY * (1 + known.customer_id * SPREAD % step.every_days) - gap
    return Due(
        on=start + gap,
        latest=start + timedelta(days=step.at_most_days),
        anchor=last,
        key=f"revisit:{known.customer_id}:after {last or 'nothing'}:{step.id}",
    )


def _follow_up(step: FollowUp, known: Known) -> Due | NotDue:
    last, over = known.last(step.after), known.over.get((step.id, ""))
    if last is None:
        return NotDue.NO_CONTACT
    if over is not None and over.anchor is not None and over.anchor >= last:
        return NotDue.ANSWERED
    if (known.last(step.counts) or last) > last:
        return NotDue.FULFILLED
    on = last + timedelta(days=step.after_days)
    if on + STALE < known.today:
        return NotDue.TOO_OLD
    return Due(
        on=on,
        latest=on + timedelta(days=step.within_days),
        anchor=last,
        key=f"follow_up:{known.customer_id}:after {last}:{step.id}",
    )


def _greetings(
    step: Greeting, known: Known, calendar: Calendar, greetings: Sequence[Greeting]
) -> list[OwedStep]:
    whose = birthdays.cultures(known.people, known.country) if known.people else (known.country,)
    if not whose:
        return [OwedStep(step=step, why=NotDue.NOBODY)]
    suiting = list(dict.fromkeys(one for country in whose for one in calendar.suiting(step, country)))
    days = {name: calendar.next_day(occasion, known.soonest) for name, occasion in suiting}
    all_days = [one.day for one in days.values() if one is not None]
    found = []
    for name, occasion in suiting:
        next_one, over = days[name], known.over.get((step.id, name))
        unnamed = known.over.get((step.id, ""))  # by an earlier version, which knew a greeting by its day
        why = NotDue.UNKNOWN_DAY
        for _ in range(TRIES):
            if next_one is None:
                break
            is_over = (
                (over is not None and over.anchor is not None and next_one.day - SAME < over.anchor)
                or (unnamed is not None and unnamed.anchor == next_one.day)
                or greeted(step, next_one.day, known, all_days) is not None
            )
            if not is_over and (
                not known.people or _whom(greetings, step, name, next_one.day, whose, calendar)
            ):
                break
            why = why if is_over else NotDue.OVERLAPS
            next_one = calendar.next_day(occasion, next_one.day + SAME)
        else:
            next_one = None
        if next_one is None:
            found.append(OwedStep(step=step, occasion=name, why=why))
            continue
        due = Due(
            on=next_one.day - timedelta(days=step.days_before),
            latest=next_one.day,
            anchor=next_one.day,
            key=f"greeting:{known.customer_id}:{next_one.day}:{step.id}:{name}",
            occasion=name,
            estimated=next_one.estimated,
        )
        found.append(OwedStep(step=step, occasion=name, due=due))
    return found or [OwedStep(step=step, why=NotDue.NO_OCCASION)]


def _whom(
    greetings: Sequence[Greeting],
    step: Greeting,
    name: str,
    day: date,
    countries: Iterable[str | None],
    calendar: Calendar,
) -> list[str | None]:
    """Of the countries of people, those whose people are greeted by a step on the day of an occasion."""
    return [
        country
        for country in countries
        if any(name == suited for suited, _ in calendar.suiting(step, country))
        and birthdays.is_greeted(
            [tuple(calendar.suiting(one, country)) for one in greetings], name, day, calendar.next_day
        )
    ]


def people_to_greet(
    steps: Sequence[Step],
    step_id: str,
    occasion: str,
    day: date,
    people: Iterable[KnownPerson],
    country: str | None,
    calendar: Calendar,
) -> list[int]:
    """The contact people of a customer in `country` whom its step greets on the day of an occasion."""
    greetings = [step for step in steps if isinstance(step, Greeting)]
    step = next((one for one in greetings if one.id == step_id), None)
    wanted = [one for one in people if birthdays.wants_occasions(one)]
    if step is None:
        return [one.id for one in wanted]  # the plan has dropped it since it was due
    whose = birthdays.cultures(wanted, country)
    greeted_ones = set(_whom(greetings, step, occasion, day, whose, calendar))
    return [one.id for one in wanted if birthdays.culture_of(one, country) in greeted_ones]


def _birthdays(step: BirthdayStep, known: Known) -> list[OwedStep]:
    found = []
    for person in known.people:
        if person.birthday is None or not birthdays.wants_birthday(person):
            continue
        occasion = birthdays.occasion_of(person.id)
        # Whichever step greeted: that of an earlier tier may have another id.
        last = max(
            (over.anchor for (_, of), over in known.over.items() if of == occasion and over.anchor),
            default=None,
        )
        # Also one that is entered on its own day: it is said at once.
        soonest = known.today if last is None else max(known.today, last + HALF_A_YEAR)
        year, day = read_birthday(person.birthday).coming(soonest)
        due = Due(
            on=day - timedelta(days=step.days_before),
            latest=day,
            anchor=day,
            key=f"birthday:{person.id}:{year}",
            occasion=occasion,
            person_id=person.id,
        )
        found.append(OwedStep(step=step, occasion=occasion, due=due))
    return found or [OwedStep(step=step, why=NotDue.NO_BIRTHDAY)]


def _low_scores(step: LowScoreStep, known: Known) -> list[OwedStep]:
    """A follow-up for each day on which low scores were recorded; those that were answered are left out."""
    found = []
    for day, latest in known.low_scores.items():
        occasion = day.isoformat()
        over = known.over.get((step.id, occasion))
        if over is not None and over.anchor is not None and over.anchor >= day:
            continue
        if (known.last(step.counts) or day) > day:
            found.append(OwedStep(step=step, occasion=occasion, why=NotDue.FULFILLED))
            continue
        key = f"low_score:{known.customer_id}:{day}"
        due = Due(on=day, latest=latest, anchor=day, key=key, occasion=occasion)
        found.append(OwedStep(step=step, occasion=occasion, due=due))
    return found


def greeted(step: Greeting, day: date, known: Known, days: Iterable[date]) -> date | None:
    """The day of the contact that greeted on an occasion. One contact greets on one occasion: the next of `days`."""
    said = known.last(step.fulfilled_by)
    before = timedelta(days=step.days_before)
    if said is None or not day - before <= said <= day + OPEN_AFTER:
        return None
    coming = [one for one in {*days, day} if one - before <= said <= one]
    return said if day == min(coming, default=day) else None


def _anniversary(step: Anniversary, known: Known) -> Due | NotDue:
    first, over = known.dates.get(step.of), known.over.get((step.id, ""))
    if first is None:
        return NotDue.NO_DATE
    answered = over.anchor if over is not None else None
    said = known.last(step.counts)
    begins = first.year if step.comes_on_the_date and first >= known.today else first.year + 1
    for year in range(max(known.today.year - 1, begins), max(known.today.year, first.year) + 3):
        day = in_year(first, year)
        on, latest = day - timedelta(days=step.days_before), day + timedelta(days=step.within_days)
        is_fulfilled = said is not None and on <= said <= latest
        if latest >= known.today and not is_fulfilled and (answered is None or day > answered):
            return Due(
                on=on,
                latest=latest,
                anchor=day,
                key=f"anniversary:{known.customer_id}:{day}:{step.id}",
            )
    return NotDue.NO_DATE


def in_year(day: date, year: int) -> date:
    """The yearly day of a date: 29 February is 28 February in other years."""
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 2, 28)


def _once(step: Once, known: Known) -> Due | NotDue:
    """Counted from the day since which it has been owed without a break; when answered, again a year after that."""
    since, over = known.owed_since.get(step.id, known.today), known.over.get((step.id, ""))
    if over is not None and over.anchor is not None and over.anchor >= since:
        since = over.closed_on + AGAIN
        if known.today < since:
            return NotDue.ANSWERED
    if (known.last(step.counts) or since) > since:
        return NotDue.FULFILLED
    on = since + timedelta(days=step.after_days)
    return Due(
        on=on,
        latest=on + timedelta(days=step.within_days),
        anchor=since,
        key=f"once:{known.customer_id}:{since}:{step.id}",
    )


_DUE: Mapping[str, Callable[..., Due | NotDue]] = {
    "revisit": _revisit,
    "follow_up": _follow_up,
    "anniversary": _anniversary,
    "once": _once,
}
