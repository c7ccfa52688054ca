"""Local times as instants, in every zone and around every change of its clocks."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from bot.clock import FixedClock, ShiftedClock, local_date, local_instant, zone_named

QUARTER = timedelta(minutes=15)
BERLIN = ZoneInfo("Europe/Berlin")


def first_instant_not_before(wall: datetime, zone: ZoneInfo) -> datetime:
    """The expected instant, found by search: the first quarter of an hour whose wall time is not before this one."""
    instant = wall.replace(tzinfo=UTC) - timedelta(hours=26)
    while instant.astimezone(zone).replace(tzinfo=None) < wall:
        instant += QUARTER
    return instant


def jumps(zone: ZoneInfo, year: int) -> tuple[date, ...]:
    """The days of a year on which the clocks of a zone were put forward or back."""
    noons = [datetime(year, 1, 1, 12, tzinfo=UTC) + timedelta(days=n) for n in range(366)]
    offsets = [noon.astimezone(zone).utcoffset() for noon in noons]
    return tuple(noon.date() for noon, a, b in zip(noons[1:], offsets, offsets[1:], strict=False) if a != b)


def test_around_every_clock_change_a_local_time_is_the_first_instant_that_is_not_before_it() -> None:
    # Zones with the same changes and the same first offset in a year need one test.
    changing = {}
    for name in sorted(available_timezones()):
        days = jumps(ZoneInfo(name), 2026)
        changing[days, datetime(2026, 1, 1, tzinfo=ZoneInfo(name)).utcoffset()] = name
    checked = 0
    for (days, _), name in changing.items():
        zone = ZoneInfo(name)
        for day in days:
            for shift in (-1, 0, 1):
                for hour, minute in ((0, 0), (1, 30), (2, 30), (9, 0), (23, 45)):
                    on = day + timedelta(days=shift)
                    expected = first_instant_not_before(
                        datetime(on.year, on.month, on.day, hour, minute), zone
                    )
                    assert local_instant(on, hour, minute, zone) == expected, (name, on, hour, minute)
                    checked += 1
    assert checked > 500


def test_a_time_in_a_gap_is_the_first_instant_after_it() -> None:
    # Berlin jumps from 02:00 to 03:00, which is 01:00 UTC.
    assert local_instant(date(2026, 3, 29), 2, 30, BERLIN) == datetime(2026, 3, 29, 1, tzinfo=UTC)


def test_a_time_that_occurs_twice_is_the_first_one() -> None:
    # Berlin falls back from 03:00 to 02:00; the first 02:30 is still summer time, two hours before UTC's.
    assert local_instant(date(2026, 10, 25), 2, 30, BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_day_that_a_zone_skipped_begins_with_the_next_day() -> None:
    # Samoa went from 29 December 2011 straight to the 31st: 10 hours after UTC before, 14 hours ahead after.
    skipped = local_instant(date(2011, 12, 30), 9, 0, ZoneInfo("Pacific/Apia"))
    assert skipped == datetime(2011, 12, 31, 0, tzinfo=UTC) - timedelta(hours=14)


def test_one_instant_is_different_days_in_different_zones() -> None:
    instant = datetime(2026, 3, 1, 20, tzinfo=UTC)
    assert local_date(instant, ZoneInfo("Asia/Shanghai")) == date(2026, 3, 2)
    assert local_date(instant, ZoneInfo("America/New_York")) == date(2026, 3, 1)


def test_an_unknown_zone_is_replaced_by_the_default() -> None:
    for name in (None, "", "Europe/Atlantis", "../secret", "Europe", "Asia/Shang\0hai"):
        assert zone_named(name, BERLIN) is BERLIN
    assert zone_named("Asia/Tokyo", BERLIN).key == "Asia/Tokyo"


def test_a_fixed_clock_moves_only_by_advance() -> None:
    clock = FixedClock(datetime(2026, 3, 1, 9, tzinfo=BERLIN))
    assert clock.now() == datetime(2026, 3, 1, 8, tzinfo=UTC)
    clock.advance(timedelta(days=1))
    assert clock.now() == datetime(2026, 3, 2, 8, tzinfo=UTC)


def test_a_shifted_clock_moves_with_its_base() -> None:
    base = FixedClock(datetime(2026, 3, 1, tzinfo=UTC))
    clock = ShiftedClock(base)
    clock.advance(timedelta(days=3))
    base.advance(timedelta(hours=1))
    assert clock.now() == datetime(2026, 3, 4, 1, tzinfo=UTC)
