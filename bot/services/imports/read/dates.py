"""Dates as people write them: read as ISO days, or refused; day, month and century are never guessed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

from bot.errors import N_, Phrase
from bot.services.imports.read.date_shapes.calendars import is_placeholder, other_calendar
from bot.services.imports.read.date_shapes.written import (
    dissect,
    is_day,
    is_iso,
    is_local_clock,
    read_iso,
    stands_for_nothing,
    why_not,
)
from bot.services.imports.read.refusal import RefusedValue, clip


@dataclass
class ShapeCount:
    """The days of one shape in a column: an example up to the 12th, which could be a month, and one after it."""

    low: str = ""
    high: str = ""
    lows: int = 0  # different ones


@dataclass(kw_only=True)
class Dates:
    """Reads one column of dates as ISO days, in the firm's time zone; None for a date that stands for none.

    It calls `order` for a date such as 03/05/2026, and `century` for a year of two digits: it gives the first of the
    hundred years that are meant.
    """

    order: Callable[[str], str]
    century: Callable[[str], int]
    today: date
    zone: tzinfo = UTC
    latest: date | None = None
    first_year: int = 1900
    placeholders: set[str] = field(default_factory=set)  # cells that stand for no date
    shapes: dict[str, ShapeCount] = field(default_factory=dict)
    year_day_month: str = (
        ""  # the first date that is a day of the calendar only with the day before the month
    )

    def __post_init__(self) -> None:
        self._known: dict[str, str] = {}  # dates without their times, as they were read
        self._good: set[str] = set()

    def __call__(self, text: str) -> str | RefusedValue | None:
        # Times differ in every row where days repeat: the work is done once for each day.
        day, _, clock = (text[:10], "T", text[11:]) if text[10:11] == "T" else text.partition(" ")
        known = self._known.get(day)
        is_local = not clock or is_local_clock(clock)
        if known is not None and is_local:
            return known
        if not is_local and (moved := self._moved(text)) in self._good:
            return moved
        result = self._check(text)
        if isinstance(result, str):
            self._good.add(result)
            if is_local:
                self._known[day] = result
        return result

    def _moved(self, text: str) -> str | None:
        """The firm's day of an ISO time with an offset."""
        try:
            moment = datetime.fromisoformat(text) if is_iso(text) else None
        except ValueError:
            return None
        if moment is None or moment.tzinfo is None or not 1970 < moment.year < 9999:
            return None
        return moment.astimezone(self.zone).date().isoformat()

    def _check(self, text: str) -> str | RefusedValue | None:
        day = self._read(text)
        if day is None:
            self.placeholders.add(text)
            return None
        if isinstance(day, RefusedValue):
            return day
        if day.year < self.first_year:
            return RefusedValue(
                Phrase(N_("%(cell)s is before %(year)s"), cell=repr(clip(text)), year=self.first_year)
            )
        if self.latest is not None and day > self.latest:
            return RefusedValue(Phrase(N_("%(cell)s is in the future"), cell=repr(clip(text))))
        return day.isoformat()

    def _read(self, text: str) -> date | RefusedValue | None:
        """The day; None for a placeholder."""
        written = read_iso(text) or dissect(text)
        if written is None:
            return RefusedValue(why_not(text, self.today))
        if stands_for_nothing(written):
            return None
        order = written.orders[0]
        if not written.short_year and (why := other_calendar(written.arranged(order)[0], self.today)):
            return RefusedValue(Phrase("%(cell)s %(why)s", cell=repr(clip(text)), why=why))
        if len(written.orders) > 1:
            order = self.order(text)
            if order not in written.orders:
                return RefusedValue(
                    Phrase(
                        N_("%(cell)s does not fit %(option)s"),
                        cell=repr(clip(text)),
                        option=f"--date-order {order}",
                    )
                )
        year, month, number = written.arranged(order)
        if written.short_year:
            first = self.century(text)
            year = first + (year - first) % 100
            if is_placeholder(year, month, number):
                return None
        try:
            day = date(year, month, number)
        except ValueError:
            if written.shape == "year first" and month > 12 and is_day(number, month):
                self.year_day_month = self.year_day_month or text
            return RefusedValue(Phrase(N_("%(cell)s is not a day of the calendar"), cell=repr(clip(text))))
        if written.shape:
            self._count(written.shape, number, text)
        return day if written.offset is None else self._local(day, written.seconds, written.offset)

    def _count(self, shape: str, day: int, text: str) -> None:
        found = self.shapes.get(shape)
        if found is None:
            found = self.shapes[shape] = ShapeCount()
        if day > 12:
            found.high = found.high or text
        else:
            found.low = found.low or text
            found.lows += 1

    def _local(self, day: date, seconds: int, offset: timedelta) -> date:
        """The firm's day at that moment."""
        if not 1 < day.year < 9999:
            return day
        midnight = datetime(day.year, day.month, day.day, tzinfo=timezone(offset))
        return (midnight + timedelta(seconds=seconds)).astimezone(self.zone).date()
