"""When each kind of step is due, and why one has no date."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter

from bot.services.care import dues, occasions
from bot.services.care.dues import Calendar, Due, Known, NotDue, Over, OwedStep, in_year, steps_due
from bot.services.care.holiday import Holiday
from bot.services.care.occasion_days import OccasionDay
from bot.services.care.occasions import OCCASIONS
from bot.services.care.plan import Greeting, Step

DAY = timedelta(days=1)
TODAY = date(2026, 3, 2)
CHRISTMAS, NEW_YEAR = date(2026, 12, 25), date(2027, 1, 1)
DAYS = {"christmas": (12, 25), "new_year": (1, 1)}


def step(kind: str, **values: object) -> Step:
    names = {"id": "s", "name": {"en": "S", "zh": "S"}}
    return TypeAdapter[Step](Step).validate_python({**names, "kind": kind, **values})


def next_day(occasion: Holiday | str, after: date) -> OccasionDay | None:
    if occasion not in DAYS:
        return None
    days = (date(year, *DAYS[str(occasion)]) for year in (after.year, after.year + 1))
    return OccasionDay(day=next(day for day in days if day >= after))


def suiting(one: Greeting, country: str | None) -> Sequence[tuple[str, Holiday | str]]:
    return [(str(name), name) for name in one.occasions] if country != "nowhere" else []


def due(one: Step, today: date = TODAY, **known: Any) -> list[OwedStep]:
    fields = {"customer_id": 7, "country": "CN", "graded_on": TODAY - DAY, "today": today, "soonest": today}
    return steps_due([one], Known(**{**fields, **known}), Calendar(suiting, next_day))


def only(found: list[OwedStep]) -> tuple[date, date] | NotDue | None:
    (one,) = found
    return (one.due.on, one.due.latest) if one.due else one.why


REVISIT = step("revisit", every_days=30, at_most_days=45, counts=["visit", "call"])
FOLLOW_UP = step("follow_up", after=["visit"], after_days=7, within_days=3)
YEARLY = step("anniversary", days_before=5, within_days=7, counts=["call"])
ONCE = step("once", after_days=3, within_days=14, counts=["call"])
GREETING = step("greeting", days_before=10, occasions=["christmas", "new_year"])
LAST = TODAY - 20 * DAY


@pytest.mark.parametrize(
    ("known", "start"),
    [
        ({"contacts": {"visit": LAST, "call": LAST - DAY, "gift": TODAY}}, LAST),
        ({"contacts": {"call": TODAY}}, TODAY),
        ({"contacts": {"call": LAST}, "over": {("s", ""): Over(LAST, TODAY, TODAY)}}, TODAY),  # skipped today
        ({"contacts": {"call": TODAY}, "over": {("s", ""): Over(LAST, LAST, LAST)}}, TODAY),
        (
            {"contacts": {"call": LAST}, "over": {("s", ""): Over(LAST - DAY, TODAY)}},
            LAST,
        ),  # done by that contact
    ],
)
def test_a_revisit_is_counted_from_the_last_contact_or_a_later_skip(
    known: dict[str, Any], start: date
) -> None:
    assert only(due(REVISIT, **known)) == (start + 30 * DAY, start + 45 * DAY)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({}, NotDue.NO_CONTACT),
        ({"contacts": {"visit": LAST}}, (LAST + 7 * DAY, LAST + 10 * DAY)),
        (
            {"contacts": {"visit": LAST, "call": LAST}},
            (LAST + 7 * DAY, LAST + 10 * DAY),
        ),  # before the visit, that day
        ({"contacts": {"visit": LAST, "call": LAST + DAY}}, NotDue.FULFILLED),
        ({"contacts": {"visit": TODAY, "call": LAST + DAY}}, (TODAY + 7 * DAY, TODAY + 10 * DAY)),
        ({"contacts": {"visit": TODAY - 28 * DAY}}, (TODAY - 21 * DAY, TODAY - 18 * DAY)),
        ({"contacts": {"visit": TODAY - 29 * DAY}}, NotDue.TOO_OLD),
        ({"contacts": {"visit": LAST}, "over": {("s", ""): Over(LAST, TODAY)}}, NotDue.ANSWERED),
        (
            {"contacts": {"visit": TODAY}, "over": {("s", ""): Over(LAST, TODAY)}},
            (TODAY + 7 * DAY, TODAY + 10 * DAY),
        ),
    ],
)
def test_a_follow_up_comes_back_to_the_last_contact_once(known: dict[str, Any], expected: object) -> None:
    assert only(due(FOLLOW_UP, **known)) == expected


@pytest.mark.parametrize(
    ("since", "today", "known", "day"),
    [
        (date(2020, 3, 10), TODAY, {}, date(2026, 3, 10)),
        (date(2020, 2, 25), TODAY, {}, date(2026, 2, 25)),  # within its days after
        (date(2020, 2, 20), TODAY, {}, date(2027, 2, 20)),
        (date(2026, 3, 10), TODAY, {}, date(2027, 3, 10)),  # the day itself is no anniversary
        (date(2024, 2, 29), date(2026, 1, 5), {}, date(2026, 2, 28)),
        (date(2024, 2, 29), date(2028, 1, 5), {}, date(2028, 2, 29)),
        (date(2020, 3, 4), TODAY, {"contacts": {"call": TODAY}}, date(2027, 3, 4)),  # congratulated
        (date(2020, 3, 4), TODAY, {"contacts": {"call": date(2026, 2, 26)}}, date(2026, 3, 4)),  # too early
        (date(2020, 3, 4), TODAY, {"over": {("s", ""): Over(date(2026, 3, 4), TODAY)}}, date(2027, 3, 4)),
    ],
)
def test_an_anniversary_comes_every_year(since: date, today: date, known: dict[str, Any], day: date) -> None:
    found = only(due(YEARLY, today, dates={"since": since}, **known))
    assert found == (day - 5 * DAY, day + 7 * DAY)


def test_an_anniversary_may_be_of_a_field_of_the_book() -> None:
    renewal = step("anniversary", of="contract_signed")
    assert only(due(renewal, dates={"since": LAST})) == NotDue.NO_DATE
    signed = {"contract_signed": date(2025, 3, 5)}
    assert only(due(renewal, dates=signed)) == (date(2026, 3, 5), date(2026, 3, 12))


@pytest.mark.parametrize(
    ("first", "of", "day", "comes"),
    [
        (None, "renewal", date(2027, 3, 1), date(2027, 3, 1)),
        (None, "renewal", TODAY, TODAY),
        (None, "renewal", TODAY - DAY, date(2027, 3, 1)),  # it was over when it became known
        (None, "renewal", date(2035, 3, 1), date(2035, 3, 1)),
        (None, "renewal", date(2028, 2, 29), date(2028, 2, 29)),
        (None, "since", date(2026, 3, 10), date(2027, 3, 10)),
        (None, "since", date(2035, 3, 1), date(2036, 3, 1)),
        ("same_day", "since", date(2026, 3, 10), date(2026, 3, 10)),
        ("year_later", "contract_start", date(2027, 3, 1), date(2028, 3, 1)),
    ],
)
def test_a_date_to_come_is_the_first_day_itself_unless_something_starts_on_it(
    first: str | None, of: str, day: date, comes: date
) -> None:
    yearly = step("anniversary", of=of, first=first, days_before=5)
    assert only(due(yearly, dates={of: day})) == (comes - 5 * DAY, comes + 7 * DAY)


@pytest.mark.parametrize("year", range(1950, 2051))
def test_there_is_one_yearly_day_in_each_year(year: int) -> None:
    found = in_year(date(2024, 2, 29), year)
    is_leap = (date(year, 3, 1) - DAY).day == 29
    assert found == date(year, 2, 29 if is_leap else 28)


@pytest.mark.parametrize(
    ("known", "since"),
    [
        ({}, TODAY),
        ({"owed_since": {"s": LAST}}, LAST),
        ({"owed_since": {"s": LAST}, "contacts": {"call": LAST}}, LAST),  # a contact of the day it was owed first
        ({"owed_since": {"s": LAST}, "contacts": {"call": LAST + DAY}}, NotDue.FULFILLED),
        ({"owed_since": {"s": LAST}, "over": {("s", ""): Over(LAST, TODAY)}}, NotDue.ANSWERED),
        ({"owed_since": {"s": TODAY}, "over": {("s", ""): Over(LAST, TODAY - DAY)}}, TODAY),  # it was not owed between
        ({"owed_since": {"s": date(2024, 1, 1)}, "over": {("s", ""): Over(date(2024, 1, 1), date(2025, 3, 1))}}, date(2026, 3, 1)),
    ],
)  # fmt: skip
def test_a_step_that_comes_once_is_counted_from_the_day_since_which_it_is_owed(
    known: dict[str, Any], since: date | NotDue
) -> None:
    found = only(due(ONCE, **known))
    assert found == (since if isinstance(since, NotDue) else (since + 3 * DAY, since + 17 * DAY))


def greetings(today: date, **known: Any) -> dict[str, date]:
    return {one.occasion: one.due.latest for one in due(GREETING, today, **known) if one.due}


@pytest.mark.parametrize(
    ("today", "known", "christmas", "new_year"),
    [
        (TODAY, {}, CHRISTMAS, NEW_YEAR),
        (CHRISTMAS, {}, CHRISTMAS, NEW_YEAR),
        (CHRISTMAS + DAY, {}, date(2027, 12, 25), NEW_YEAR),
        # A greeting before Christmas is for Christmas, although New Year's could be said by then as well.
        (CHRISTMAS, {"contacts": {"greeting": CHRISTMAS - DAY}}, date(2027, 12, 25), NEW_YEAR),
        (
            CHRISTMAS + 3 * DAY,
            {"contacts": {"greeting": CHRISTMAS + 2 * DAY}},
            date(2027, 12, 25),
            date(2028, 1, 1),
        ),
        (CHRISTMAS, {"over": {("s", "christmas"): Over(CHRISTMAS, CHRISTMAS)}}, date(2027, 12, 25), NEW_YEAR),
        # Answered before the day that was estimated turned out to be a day later.
        (
            CHRISTMAS,
            {"over": {("s", "christmas"): Over(CHRISTMAS - DAY, CHRISTMAS)}},
            date(2027, 12, 25),
            NEW_YEAR,
        ),
    ],
)
def test_each_occasion_is_greeted_once_a_year(
    today: date, known: dict[str, Any], christmas: date, new_year: date
) -> None:
    assert greetings(today, **known) == {"christmas": christmas, "new_year": new_year}


@pytest.mark.parametrize("answered", [-3, 0, 7])  # days after the day of the occasion
@pytest.mark.parametrize("occasion_id", OCCASIONS)
def test_every_day_of_an_occasion_to_2050_is_greeted_once(occasion_id: str, answered: int) -> None:
    """Also in lunar leap months, and where an Islamic year begins twice within one of ours."""
    wanted = [one.day for year in range(2016, 2051) for one in occasions.days(occasion_id, year)]
    one, today, over = step("greeting", days_before=3, occasions=[occasion_id]), date(2015, 12, 28), {}
    greeted: list[date] = []
    while len(greeted) < len(wanted):
        known = Known(customer_id=7, country="", today=today, soonest=today, graded_on=today, over=over)
        (owed,) = steps_due([one], known, Calendar(suiting, occasions.next_day))
        assert owed.due is not None, f"nothing is due after {greeted[-1:]}"
        greeted.append(owed.due.latest)
        today = owed.due.latest + answered * DAY
        over = {("s", occasion_id): Over(anchor=owed.due.latest, closed_on=today, answered_on=today)}
    assert greeted == wanted


def test_an_occasion_without_a_day_leaves_the_other_ones() -> None:
    one = step("greeting", days_before=3, occasions=["easter", "christmas"])
    assert [(owed.occasion, owed.why) for owed in due(one)] == [
        ("easter", NotDue.UNKNOWN_DAY),
        ("christmas", None),
    ]
    assert [owed.why for owed in due(one, country="nowhere")] == [NotDue.NO_OCCASION]


def test_a_step_that_cannot_be_computed_leaves_the_other_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Due:
        raise ValueError("no such day")

    monkeypatch.setitem(dues._DUE, "follow_up", broken)
    known = Known(customer_id=7, country=None, graded_on=TODAY, today=TODAY, soonest=TODAY)
    found = steps_due([FOLLOW_UP, REVISIT], known, Calendar(suiting, next_day))
    assert [one.why for one in found] == [NotDue.BROKEN, None]
