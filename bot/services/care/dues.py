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

from bot.services.care.holiday import Holiday
from bot.services.care.occasion_days import OccasionDay
from bot.services.care.plan import Anniversary, FollowUp, Greeting, Once, Revisit, Step

DAY = timedelta(days=1)
STALE = timedelta(days=21)  # a follow-up that is found later than this after it was due is not owed
AGAIN = timedelta(days=365)  # a step that comes once comes again after this, when it is still owed
SAME = timedelta(days=15)  # an estimated day of an occasion moves by less than this
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

    def last(self, kinds: Iterable[str]) -> date | None:
        """The newest day with a contact of one of these kinds."""
        return max((self.contacts[kind] for kind in kinds if kind in self.contacts), default=None)


class Calendar(NamedTuple):
    """The occasions of a greeting that suit a country, and the first day of one that is not before a date."""

    suiting: Callable[[Greeting, str | None], Sequence[tuple[str, Holiday | str]]]
    next_day: Callable[[Holiday | str, date], OccasionDay | None]


def steps_due(steps: Sequence[Step], known: Known, calendar: Calendar) -> list[OwedStep]:
    """Each step with its next occurrence, a greeting once for each of its occasions. One that fails stops no other."""
    found: list[OwedStep] = []
    for step in steps:
        try:
            if isinstance(step, Greeting):
                found += _greetings(step, known, calendar)
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


def _greetings(step: Greeting, known: Known, calendar: Calendar) -> list[OwedStep]:
    suiting = calendar.suiting(step, known.country)
    days = {name: calendar.next_day(occasion, known.soonest) for name, occasion in suiting}
    all_days = [one.day for one in days.values() if one is not None]
    found = []
    for name, occasion in suiting:
        next_one, over = days[name], known.over.get((step.id, name))
        unnamed = known.over.get((step.id, ""))  # by an earlier version, which knew a greeting by its day
        if next_one is not None and (
            (over is not None and over.anchor is not None and next_one.day - SAME < over.anchor)
            or (unnamed is not None and unnamed.anchor == next_one.day)
            or greeted(step, next_one.day, known, all_days) is not None
        ):
            next_one = calendar.next_day(occasion, next_one.day + SAME)
        if next_one is None:
            found.append(OwedStep(step=step, occasion=name, why=NotDue.UNKNOWN_DAY))
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
