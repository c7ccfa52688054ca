"""Which days a person works, and at which instant their morning is: facts of real years, and every zone's clock changes."""

import re
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.clock import local_date, local_instant
from bot.services.care.working_time import DaysOff, Free, WorkingTime
from bot.working_days.public_holidays import is_known, usual_weekdays
from bot.working_days.week import Hours, hours_of, weekdays_of
from tests import zones

SHANGHAI, RIYADH, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Asia/Riyadh"), ZoneInfo("Europe/Berlin")
QUIET = Hours(time(20), time(7))
ONE_DAY = timedelta(days=1)


def days(text: str) -> list[date]:
    """The days of "2024-02-04 18 04-07": a year, then months and days, of which the parts before may be left out."""
    found: list[date] = []
    parts: list[str] = []
    for word in text.split():
        new = word.split("-")
        parts = parts[: 3 - len(new)] + new
        found.append(date(*map(int, parts)))
    return found


def at(text: str) -> time:
    return time.fromisoformat(text)


def china(**values: object) -> WorkingTime:
    return WorkingTime(zone=SHANGHAI, place="CN", **values)  # type: ignore[arg-type]


# As the State Council announced them in October or November of the year before.
MAKE_UP = "2024-02-04 18 04-07 28 05-11 09-14 29 10-12 2025-01-26 02-08 04-27 09-28 10-11 2026-01-04 02-14 28 05-09 09-20 10-10"
CLOSED = (
    "2024-01-01 02-12 13 14 15 16 04-04 05 05-01 02 03 06-10 09-16 17 10-01 02 03 04 07"
    " 2025-01-01 28 29 30 31 02-03 04 04-04 05-01 02 05 06-02 10-01 02 03 06 07 08"
    " 2026-01-01 02 02-16 17 18 19 20 23 04-06 05-01 04 05 06-19 09-25 10-01 02 05 06 07"
)


def test_china_works_on_its_official_make_up_days_and_rests_on_its_holidays() -> None:
    first, last = date(2024, 1, 1), date(2026, 12, 31)
    expected = {
        day
        for day in (first + timedelta(days=n) for n in range((last - first).days + 1))
        if (day.weekday() < 5 and day not in days(CLOSED)) or day in days(MAKE_UP)
    }
    worked = {first + timedelta(days=n) for n in range((last - first).days + 1)}
    assert {day for day in worked if china().is_working_day(day)} == expected


def test_whoever_works_at_weekends_rests_in_the_weekends_of_long_holidays() -> None:
    every_day = china(weekdays=weekdays_of("Mon-Sun"))
    february = [date(2026, 2, day) for day in range(1, 29)]
    # The Spring Festival of 2026: by the announcement the 15th to the 23rd; the 15th is a Sunday before it.
    assert [day.day for day in february if not every_day.is_working_day(day)] == list(range(16, 24))
    easter = WorkingTime(zone=BERLIN, place="DE", weekdays=weekdays_of("Mon-Sat"))
    assert easter.is_working_day(date(2026, 4, 4))  # the Saturday between Good Friday and Easter Monday


def test_a_make_up_day_is_for_those_who_work_on_all_the_usual_days() -> None:
    sunday = date(2026, 1, 4)
    assert china().is_working_day(sunday)
    assert china(weekdays=weekdays_of("Mon-Sat")).is_working_day(sunday)
    assert china(weekdays=weekdays_of("Mon-Thu")).why_free(sunday) is Free.WEEKEND
    assert china(days_off=(DaysOff(first=sunday, last=sunday),)).why_free(sunday) is Free.DAY_OFF


@pytest.mark.parametrize(
    ("place", "usual"),
    [
        ("CN", "Mon-Fri"),
        ("SA", "Sun-Thu"),
        ("AE", "Mon-Fri"),  # since 2022
        ("IL", "Sun-Thu"),
        ("HK", "Mon-Fri"),  # its law names Sunday only
        ("BN", "Mon-Thu, Sat"),
        (None, "Mon-Fri"),
        ("ZZ", "Mon-Fri"),
    ],
)
def test_the_usual_working_days_are_those_of_the_place(place: str | None, usual: str) -> None:
    assert usual_weekdays(place, 2026) == weekdays_of(usual)


def test_on_a_friday_in_riyadh_nobody_is_asked_and_on_sunday_they_are() -> None:
    riyadh = WorkingTime(zone=RIYADH, place="SA", weekdays=usual_weekdays("SA", 2026))
    friday = date(2026, 1, 9)
    assert riyadh.why_free(friday) is Free.WEEKEND
    assert riyadh.next_working_day(friday) == date(2026, 1, 11)  # Sunday
    assert riyadh.last_working_day(friday) == date(2026, 1, 8)
    assert riyadh.why_free(date(2026, 9, 23)) is Free.PUBLIC_HOLIDAY  # its National Day, a Wednesday


@pytest.mark.parametrize(
    ("place", "day", "why"),
    [
        ("DE", date(2026, 1, 1), Free.PUBLIC_HOLIDAY),
        ("DE", date(2026, 1, 6), None),
        ("DE-BY", date(2026, 1, 6), Free.PUBLIC_HOLIDAY),  # Epiphany, in Bavaria
        ("DE-BY", date(2026, 1, 1), Free.PUBLIC_HOLIDAY),
        ("DE-XX", date(2026, 1, 1), Free.PUBLIC_HOLIDAY),  # a region that is not known: its country's
        ("US", date(2021, 12, 31), Free.PUBLIC_HOLIDAY),  # New Year's Day on a Saturday, on Friday instead
        ("HU", date(2024, 12, 7), None),  # a Saturday, worked on instead of the 24th
        ("HU", date(2024, 12, 24), Free.PUBLIC_HOLIDAY),
        (None, date(2026, 1, 1), None),
        ("ZZ", date(2026, 1, 1), None),
        ("CN", date(3000, 1, 1), None),  # so far ahead there is no data
        ("IN", date(2037, 1, 26), Free.PUBLIC_HOLIDAY),  # fixed ones are known also after 2035
    ],
)
def test_holidays_are_those_of_the_place(place: str | None, day: date, why: Free | None) -> None:
    assert WorkingTime(zone=BERLIN, place=place).why_free(day) is why


def test_a_place_without_data_is_told_from_one_with_data() -> None:
    assert [place for place in ("CN", "DE-BY", "DE-XX", "ZZ", "") if is_known(place)] == ["CN", "DE-BY"]


def test_days_are_counted_over_weekends_holidays_and_days_off() -> None:
    # New Year's Day is a Thursday, the 2nd is off by law, and Sunday the 4th is worked on; the 5th and 6th are days off.
    person = china(days_off=(DaysOff(first=date(2026, 1, 5), last=date(2026, 1, 6)),))
    new_year = date(2026, 1, 1)
    assert person.next_working_day(new_year) == date(2026, 1, 4)
    assert person.last_working_day(new_year) == date(2025, 12, 31)
    assert [person.add_working_days(new_year, n) for n in range(4)] == days("2026-01-04 04 07 08")
    assert person.last_working_day(date(2026, 1, 6)) == date(2026, 1, 4)


def test_somebody_is_away_until_the_last_of_the_days_off_that_follow_each_other() -> None:
    person = china(
        days_off=tuple(
            DaysOff(first=first, last=last)
            for first, last in [
                (date(2026, 3, 9), date(2026, 3, 13)),
                (date(2026, 3, 14), date(2026, 3, 16)),
                (date(2026, 3, 18), date(2026, 3, 18)),
            ]
        )
    )
    assert person.away_until(date(2026, 3, 8)) is None
    assert person.away_until(date(2026, 3, 10)) == date(2026, 3, 16)
    assert person.away_until(date(2026, 3, 18)) == date(2026, 3, 18)
    assert person.next_working_day(date(2026, 3, 10)) == date(2026, 3, 17)


def test_the_next_working_day_after_years_off_is_found() -> None:
    person = china(days_off=(DaysOff(first=date(2026, 3, 9), last=date(2036, 3, 9)),))
    assert person.next_working_day(date(2026, 3, 9)) == date(2036, 3, 10)
    assert person.last_working_day(date(2036, 3, 9)) == date(2026, 3, 6)  # a Friday


@pytest.mark.parametrize(
    ("remind_at", "hours", "quiet", "expected"),
    [
        ("09:00", None, None, "09:00"),
        ("09:00", "10:00-19:00", None, "10:00"),
        ("09:00", "06:00-08:30", None, "06:00"),  # nine is after their work
        ("09:00", "09:00-18:00", None, "09:00"),
        ("09:00", "12:00-18:00", "20:00-07:00", "12:00"),
        ("06:00", None, "20:00-07:00", "07:00"),
        ("09:00", "05:00-08:30", "20:00-07:00", "07:00"),
        ("09:00", "21:00-23:00", "20:00-07:00", "07:00"),  # all of their hours are quiet
        ("09:00", None, "12:00-14:00", "09:00"),
        ("09:00", "22:00-06:00", None, "22:00"),  # over midnight
    ],
)
def test_the_morning_is_in_the_hours_and_never_quiet(
    remind_at: str, hours: str | None, quiet: str | None, expected: str
) -> None:
    person = WorkingTime(
        zone=BERLIN,
        remind_at=at(remind_at),
        hours=hours_of(hours) if hours else None,
        quiet=hours_of(quiet) if quiet else None,
    )
    assert person.morning(date(2026, 7, 1)).astimezone(BERLIN) == datetime(
        2026, 7, 1, at(expected).hour, at(expected).minute, tzinfo=BERLIN
    )


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        ("2026-01-05T08:59", False),
        ("2026-01-05T09:00", True),
        ("2026-01-05T17:59", True),
        ("2026-01-05T18:00", False),
        ("2026-01-04T12:00", False),  # Sunday
        ("2026-01-01T12:00", False),  # New Year's Day
        ("2026-01-12T12:00", False),  # a day off
    ],
)
def test_somebody_is_written_to_in_their_hours_on_working_days(local: str, expected: bool) -> None:
    off = DaysOff(first=date(2026, 1, 12), last=date(2026, 1, 12))
    person = WorkingTime(
        zone=BERLIN, place="DE", hours=Hours(time(9), time(18)), quiet=QUIET, days_off=(off,)
    )
    now = datetime.fromisoformat(local).replace(tzinfo=BERLIN).astimezone(UTC)
    assert person.within_hours(now) is expected


def test_without_own_hours_only_the_quiet_ones_are_left_out() -> None:
    person = WorkingTime(zone=BERLIN, quiet=QUIET)
    hours = [datetime(2026, 1, 5, hour, tzinfo=BERLIN) for hour in range(24)]
    assert [now.hour for now in hours if person.within_hours(now)] == list(range(7, 20))


@pytest.mark.parametrize(
    ("hours", "quiet", "ends"),
    [
        ("09:00-18:00", "20:00-07:00", "2026-01-05T18:00"),
        ("09:00-22:00", "20:00-07:00", "2026-01-05T20:00"),
        (None, "20:00-07:00", "2026-01-05T20:00"),
        (None, "12:00-14:00", "2026-01-06T00:00"),
        ("22:00-06:00", None, "2026-01-06T00:00"),
        (None, None, "2026-01-06T00:00"),
    ],
)
def test_nobody_is_written_to_after_the_end_of_their_hours(
    hours: str | None, quiet: str | None, ends: str
) -> None:
    person = WorkingTime(
        zone=BERLIN,
        hours=hours_of(hours) if hours else None,
        quiet=hours_of(quiet) if quiet else None,
    )
    now = datetime(2026, 1, 5, 10, tzinfo=BERLIN)
    assert person.end_of_hours(now) == datetime.fromisoformat(ends).replace(tzinfo=BERLIN)


def test_the_next_morning_is_still_to_come() -> None:
    person = WorkingTime(zone=BERLIN, place="DE")
    friday = date(2026, 1, 9)
    early, late = (datetime(2026, 1, 9, hour, tzinfo=BERLIN) for hour in (8, 9))
    assert person.next_morning(friday, early) == person.morning(friday)
    assert person.next_morning(friday, late) == person.morning(date(2026, 1, 12))
    assert person.next_morning(date(2025, 1, 1), early) == person.morning(friday)


def test_a_weekend_is_waited_out_and_a_morning_that_has_begun_is_not_to_come() -> None:
    person = WorkingTime(zone=ZoneInfo("UTC"))
    friday, monday = date(2026, 2, 27), date(2026, 3, 2)
    assert [person.next_working_day(friday + n * ONE_DAY) for n in range(4)] == [friday, *[monday] * 3]

    def next_at(hour: int, minute: int = 0) -> datetime:
        return person.next_morning(friday, datetime(2026, 2, 27, hour, minute, tzinfo=UTC))

    assert next_at(8, 59) == person.morning(friday)
    assert next_at(9) == next_at(10) == person.morning(monday)


def test_a_morning_in_a_gap_is_still_that_day() -> None:
    # Cairo's summer begins by skipping from midnight to one o'clock on 24 April 2026.
    person = WorkingTime(zone=ZoneInfo("Africa/Cairo"), remind_at=at("00:30"))
    friday = date(2026, 4, 24)
    found = person.morning(friday)
    assert (found, local_date(found, person.zone)) == (datetime(2026, 4, 23, 22, tzinfo=UTC), friday)
    assert found == local_instant(friday, 1, 0, person.zone)


@given(
    zone=st.sampled_from(zones.NAMES),
    day=st.dates(zones.FIRST, zones.LAST),
    minutes=st.tuples(*[st.integers(0, 24 * 60 - 1)] * 5),
)
def test_a_morning_is_in_the_persons_hours_and_never_in_quiet_ones(
    zone: str, day: date, minutes: tuple[int, ...]
) -> None:
    asked, begins, ends, silent, loud = (time(*divmod(minute, 60)) for minute in minutes)
    assume(begins != ends and silent != loud)
    person = WorkingTime(
        zone=ZoneInfo(zone), remind_at=asked, hours=Hours(begins, ends), quiet=Hours(silent, loud)
    )
    assume(not Hours(begins, ends).is_within(Hours(silent, loud)))
    midnights = (datetime.combine(day + n * ONE_DAY, time(), person.zone).utcoffset() for n in (0, 1))
    assume(len({*midnights}) == 1)  # or the clocks may skip the only minutes that are left
    local = person.morning(day).astimezone(person.zone)
    assert local.date() == day
    assert local.time() in Hours(begins, ends)
    assert local.time() not in Hours(silent, loud)


def test_around_every_clock_change_each_day_has_one_morning_in_order() -> None:
    checked = 0
    for zone in zones.distinct_zones():
        people = [WorkingTime(zone=zone, remind_at=at(text)) for text in ("00:00", "01:30", "02:30", "09:00")]
        for day in zones.changes(zone):
            for person in people:
                mornings = [person.morning(day + n * ONE_DAY) for n in (-1, 0, 1)]
                on = [local_date(one, zone) for one in mornings]
                assert on == [day - ONE_DAY, day, day + ONE_DAY], (zone, person.remind_at)
                gaps = [after - before for before, after in pairwise(mornings)]
                assert timedelta(hours=20) <= min(gaps) <= max(gaps) <= timedelta(hours=28), (zone, day)
                checked += 1
    assert checked > 20_000


@given(
    zone=st.sampled_from(zones.NAMES),
    start=st.dates(zones.FIRST, zones.LAST),
    remind_at=st.times(max_value=time(22, 59)).map(lambda one: one.replace(second=0, microsecond=0)),
    quiet=st.sampled_from([None, QUIET, Hours(time(12), time(14)), Hours(time(3), time(10))]),
)
def test_whoever_asks_for_the_next_morning_every_half_hour_gets_each_day_once(
    zone: str, start: date, remind_at: time, quiet: Hours | None
) -> None:
    person = WorkingTime(zone=ZoneInfo(zone), remind_at=remind_at, weekdays=frozenset(range(7)), quiet=quiet)
    now = datetime.combine(start, time(), tzinfo=UTC)
    due, fired = person.next_morning(date.min, now), []
    for _ in range(10 * 48):
        now += timedelta(minutes=30)
        if due <= now:
            fired.append(local_date(due, person.zone))
            if quiet is not None:
                assert due.astimezone(person.zone).time() not in quiet
            due = person.next_morning(date.min, now)
    assert fired == [fired[0] + timedelta(days=n) for n in range(len(fired))]
    assert 9 <= len(fired) <= 11


@pytest.mark.parametrize("page", ["working-time.md", "working-time.zh.md"])
def test_the_days_on_the_page_are_worked_or_free_as_it_says(page: str) -> None:
    text = (Path(__file__).parents[3] / "docs" / page).read_text(encoding="utf-8")
    rows = re.findall(r"(?m)^\| `([\w-]+)` \| ([\d-]+) \| (works|free|上班|休息)", text)
    assert len(rows) > 10
    for place, written, said in rows:
        day = date.fromisoformat(written)
        person = WorkingTime(zone=BERLIN, place=place, weekdays=usual_weekdays(place, day.year))
        assert person.is_working_day(day) == (said in ("works", "上班")), (place, written)
