"""The only place that knows what time it is."""

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
    """A clock that stands still until it is told to move: `tick --at`, the tests."""

    def __init__(self, at: datetime) -> None:
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        return self._at

    def advance(self, by: timedelta) -> None:
        self._at += by


class ShiftedClock:
    """The machine's clock plus a shift: lets time pass in the local workspace."""

    def __init__(self, base: Clock, shift: timedelta = timedelta()) -> None:
        self._base = base
        self.shift = shift

    def now(self) -> datetime:
        return self._base.now() + self.shift

    def advance(self, by: timedelta) -> None:
        self.shift += by


def local_date(instant: datetime, zone: ZoneInfo) -> date:
    return instant.astimezone(zone).date()


def local_instant(day: date, hour: int, minute: int, zone: ZoneInfo) -> datetime:
    """The UTC instant of a local time: the first one when it happens twice, the first after a gap when never."""
    local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone, fold=0)
    instant = local.astimezone(UTC)
    back = instant.astimezone(zone)
    if (back.hour, back.minute) != (hour, minute):
        # In a gap the same wall time read with fold=1 uses the offset after the change: subtract the jump.
        after = local.replace(fold=1).astimezone(UTC)
        jump = instant - after
        return _first_after_gap(min(instant, after), zone, jump)
    return instant


def _first_after_gap(start: datetime, zone: ZoneInfo, jump: timedelta) -> datetime:
    offset = start.astimezone(zone).utcoffset()
    step = start
    for _ in range(int(abs(jump).total_seconds() // 60) + 1):
        if step.astimezone(zone).utcoffset() != offset:
            return step
        step += timedelta(minutes=1)
    return start + abs(jump)
