"""What stays this morning and what waits: the order of steps, and days that never leave a step's window."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services.care.digest.levelling import Movable, Weight, last_day, level, rank
from bot.services.care.working_time import DaysOff, WorkingTime

MONDAY = date(2026, 3, 2)
DAY = timedelta(days=1)
UTC = ZoneInfo("UTC")
WEEK = WorkingTime(zone=UTC)


@pytest.mark.parametrize(
    ("first", "second", "reasons"),
    [
        (Weight(over=3, tier=2), Weight(over=2, tier=0), ()),
        (Weight(over=0, tier=0), Weight(over=0, tier=1), ()),
        (
            Weight(over=0, tier=1, pending_fall=True),
            Weight(over=0, tier=1, score=60, score_before=90),
            ("pending_fall",),
        ),
        (Weight(over=0, tier=1, score=60, score_before=90), Weight(over=0, tier=1, score=99), ("falling",)),
        (
            Weight(over=0, tier=1, score=60, score_before=90),
            Weight(over=0, tier=1, score=99, silent=True),
            ("falling",),
        ),
        (Weight(over=0, tier=1, score=60, silent=True), Weight(over=0, tier=1, score=99), ("silent",)),
        (
            Weight(over=0, tier=1, pending_fall=True, silent=True),
            Weight(over=0, tier=1, pending_fall=True, score=99),
            ("pending_fall", "silent"),
        ),
        (Weight(over=0, tier=1, score=80, score_before=80), Weight(over=0, tier=1, score=70), ()),
        (Weight(over=0, tier=1, score=1), Weight(over=0, tier=1), ()),
    ],
    ids=[
        "overdue",
        "tier",
        "about to fall",
        "falling",
        "falling or silent",
        "silent",
        "both",
        "score",
        "no score",
    ],
)
def test_what_comes_first_and_why(first: Weight, second: Weight, reasons: tuple[str, ...]) -> None:
    (key, why), (other, _) = rank(first), rank(second)
    assert (key < other, why) == (True, reasons)


def rows(*latest: date | None, chosen: bool = False) -> list[Movable]:
    return [
        Movable(touch_id=number, latest_on=day, chosen=chosen) for number, day in enumerate(latest, start=1)
    ]


def test_the_best_stay_and_the_others_go_to_the_next_days_with_room() -> None:
    stay, moved = level(rows(*[MONDAY + 30 * DAY] * 5), MONDAY, WEEK, 2, {MONDAY + DAY: 1})
    assert stay == [1, 2]
    assert moved == {3: MONDAY + DAY, 4: MONDAY + 2 * DAY, 5: MONDAY + 2 * DAY}


@pytest.mark.parametrize("latest", [MONDAY - 9 * DAY, MONDAY, None])
def test_what_is_at_its_limit_stays_and_takes_the_room_of_others(latest: date | None) -> None:
    stay, moved = level(rows(*[MONDAY + 30 * DAY] * 2, *[latest] * 3), MONDAY, WEEK, 2, {})
    assert (stay, set(moved)) == ([3, 4, 5], {1, 2})


def test_a_limit_on_a_day_off_is_the_working_day_before() -> None:
    friday = MONDAY + 4 * DAY
    stay, moved = level(rows(friday + 2 * DAY, friday + 3 * DAY), friday, WEEK, 0, {})
    assert (stay, moved) == ([1], {2: friday + 3 * DAY})


def test_what_a_person_put_off_until_today_stays() -> None:
    assert level(rows(MONDAY + 30 * DAY, chosen=True), MONDAY, WEEK, 0, {}) == ([1], {})


def test_a_backlog_begins_with_as_many_a_morning_as_one_may_have_whatever_else_is_due() -> None:
    backlog = [Movable(touch_id=number, latest_on=MONDAY - DAY, backlog=True) for number in range(10, 15)]
    stay, moved = level(
        [*rows(MONDAY), *backlog, Movable(touch_id=99, latest_on=MONDAY + 30 * DAY)], MONDAY, WEEK, 2, {}
    )
    assert stay == [1, 10, 11]
    assert moved == {12: MONDAY + DAY, 13: MONDAY + DAY, 14: MONDAY + 2 * DAY, 99: MONDAY + 2 * DAY}


def test_where_no_day_has_room_the_emptiest_one_is_taken() -> None:
    full = {MONDAY + DAY: 3, MONDAY + 2 * DAY: 2, MONDAY + 3 * DAY: 4}
    assert level(rows(MONDAY + 3 * DAY), MONDAY, WEEK, 0, full) == ([], {1: MONDAY + 2 * DAY})


days = st.dates(date(2026, 1, 1), date(2026, 12, 31))
off = st.builds(lambda day, count: DaysOff(first=day, last=day + count * DAY), days, st.integers(0, 20))
working_times = st.builds(
    lambda weekdays, free: WorkingTime(zone=UTC, weekdays=frozenset(weekdays), days_off=tuple(free)),
    st.sets(st.integers(0, 6), min_size=1),
    st.lists(off, max_size=3),
)


@given(
    working=working_times,
    windows=st.lists(st.one_of(st.none(), st.integers(-5, 60)), max_size=40),
    day=days,
    most=st.integers(1, 8),
    planned=st.dictionaries(st.integers(1, 60), st.integers(0, 10), max_size=20),
)
def test_levelling_never_moves_a_step_outside_its_window_and_loses_none(
    working: WorkingTime, windows: list[int | None], day: date, most: int, planned: dict[int, int]
) -> None:
    today = working.next_working_day(day)
    due = rows(*(None if after is None else today + after * DAY for after in windows))
    stay, moved = level(due, today, working, most, {today + n * DAY: count for n, count in planned.items()})
    assert sorted([*stay, *moved]) == [row.touch_id for row in due]
    for row in due:
        if row.touch_id in moved:
            assert row.latest_on is not None
            assert today < moved[row.touch_id] <= row.latest_on
            assert working.is_working_day(moved[row.touch_id])
    must = [row.touch_id for row in due if last_day(row, today, working) == today]
    assert set(must) <= set(stay)
    assert len(stay) == min(len(due), max(most, len(must)))
