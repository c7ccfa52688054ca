"""Every time zone, each once, and the days on which its clocks change."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

FIRST, LAST = date(2015, 1, 1), date(2037, 12, 31)  # Samoa skipped a day before, in 2011
NAMES = sorted(available_timezones() - {"localtime"})


def distinct_zones() -> list[ZoneInfo]:
    """A zone for each file of the time zone database: many names have the same."""
    place = files("tzdata").joinpath("zoneinfo")
    by_content = {place.joinpath(*name.split("/")).read_bytes(): name for name in reversed(NAMES)}
    return [ZoneInfo(name) for name in sorted(by_content.values())]


def changes(zone: ZoneInfo) -> Iterator[date]:
    """The days on which the clocks were put forward or back, found week by week and then day by day."""

    def offset(noon: datetime) -> timedelta | None:
        return noon.astimezone(zone).utcoffset()

    noon = datetime(FIRST.year, FIRST.month, FIRST.day, 12, tzinfo=UTC) - timedelta(days=1)
    before = offset(noon)
    while noon.date() <= LAST:
        noon += timedelta(days=7)
        after = offset(noon)
        if after != before:
            week = [noon - timedelta(days=7 - n) for n in range(8)]
            yield from (b.date() for a, b in pairwise(week) if offset(a) != offset(b))
        before = after
