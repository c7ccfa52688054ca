"""The only module that reads the machine's clock; local times."""

from bisect import bisect_left
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """Gives aware UTC instants."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - this is the one place


class FixedClock:
    """A clock that stands still until `advance`: for tests."""

    def __init__(self, at: datetime) -> None:
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        return self._at

    def advance(self, by: timedelta) -> None:
        self._at += by


class ShiftedClock:
    """A clock plus a shift: `tick --at`, and the local workspace, where time can be advanced."""

    def __init__(self, base: Clock, shift: timedelta = timedelta()) -> None:
        self._base = base
        self.shift = shift

    def now(self) -> datetime:
        return self._base.now() + self.shift

    def advance(self, by: timedelta) -> None:
        self.shift += by


def local_date(instant: datetime, zone: ZoneInfo) -> date:
    """The date of an aware instant in a zone."""
    return instant.astimezone(zone).date()


def local_instant(day: date, hour: int, minute: int, zone: ZoneInfo) -> datetime:
    """The UTC instant of a local time: the first if it occurs twice, the first after the gap if it never occurs."""
    wall = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
    later = wall.astimezone(UTC)
    if later.astimezone(zone) == wall:  # both in one zone, so compared as wall times
        return later
    # In a gap the two readings of the wall time are on the two sides of the jump: search for it between them.
    earlier = wall.replace(fold=1).astimezone(UTC)
    before = earlier.astimezone(zone).utcoffset()
    seconds = range(int((later - earlier).total_seconds()))
    jump = bisect_left(
        seconds, True, key=lambda s: (earlier + timedelta(seconds=s)).astimezone(zone).utcoffset() != before
    )
    return earlier + timedelta(seconds=jump)


def zone_named(name: str | None, default: ZoneInfo) -> ZoneInfo:
    """The zone of that name, or `default`: one wrong row must not stop everybody's reminders."""
    try:
        return ZoneInfo(name) if name else default
    except (KeyError, ValueError, OSError):
        return default
