"""When a person works: the days on which they may be asked to do something, and the hour of their morning digest.

Pure: what the book knows of people is read by `bot.services.care.working_people`.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.clock import local_date, local_instant
from bot.working_days.public_holidays import year_of
from bot.working_days.week import MONDAY_TO_FRIDAY, Hours

ONE_DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)


class Free(StrEnum):
    """Why a day is no working day."""

    DAY_OFF = "day_off"
    PUBLIC_HOLIDAY = "public_holiday"
    WEEKEND = "weekend"  # a day of the week on which the person does not work


@dataclass(frozen=True, kw_only=True)
class DaysOff:
    """Days on which a person is away, from the first to the last."""

    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def without(self, first: date, last: date) -> list["DaysOff"]:
        """These days without those from a first to a last."""
        before = DaysOff(first=self.first, last=min(self.last, first - ONE_DAY))
        after = DaysOff(first=max(self.first, last + ONE_DAY), last=self.last)
        return [one for one in (before, after) if one.first <= one.last]


@dataclass(frozen=True, kw_only=True)
class WorkingTime:
    """A person's working days and hours, in their own time zone."""

    zone: ZoneInfo
    remind_at: time = time(9)
    weekdays: frozenset[int] = MONDAY_TO_FRIDAY  # as date.weekday() counts; never empty
    place: str | None = None  # whose public holidays count: CN, DE-BY; None: no holidays
    hours: Hours | None = None  # in which the person works; None: not known
    quiet: Hours | None = None  # in which the firm writes to nobody
    days_off: tuple[DaysOff, ...] = ()

    def why_free(self, day: date) -> Free | None:
        """Why a day is no working day; None for a working day.

        A make-up day is a working day for those who work on all the usual days of their place: it replaces one of them.
        """
        if self._days_off(day) is not None:
            return Free.DAY_OFF
        year = year_of(self.place, day.year)
        if day in year.make_up_days and self.weekdays >= year.weekdays:
            return None
        if day.weekday() not in self.weekdays:
            return Free.WEEKEND
        return Free.PUBLIC_HOLIDAY if day in year.holidays else None

    def is_working_day(self, day: date) -> bool:
        return self.why_free(day) is None

    def next_working_day(self, day: date) -> date:
        """The day itself, or the first working day after it."""
        while not self.is_working_day(day):
            off = self._days_off(day)
            day = (off.last if off else day) + ONE_DAY
        return day

    def last_working_day(self, day: date) -> date:
        """The day itself, or the last working day before it."""
        while not self.is_working_day(day):
            off = self._days_off(day)
            day = (off.first if off else day) - ONE_DAY
        return day

    def add_working_days(self, day: date, count: int) -> date:
        """The working day that comes this many working days after a day; for 0 as `next_working_day`."""
        day = self.next_working_day(day) if count == 0 else day
        for _ in range(count):
            day = self.next_working_day(day + ONE_DAY)
        return day

    def away_until(self, day: date) -> date | None:
        """The last of the days off that go on from a day; None when it is no day off."""
        last = None
        while (off := self._days_off(day)) is not None:
            last = off.last
            day = last + ONE_DAY
        return last

    def morning(self, day: date) -> datetime:
        """The instant of a day, working or not, at which the person is reminded.

        It is the firm's time of day for reminders; where that lies outside the person's hours or within the firm's
        quiet hours, the beginning of the former or the end of the latter, whichever is possible. A time that the clocks skip is the first
        instant after the gap, and one that they repeat is the first of the two.
        """
        asked = [self.remind_at]
        if self.hours is not None:
            asked.append(self.hours.begins)
        if self.quiet is not None:
            asked.append(self.quiet.ends)
        instants = [self._local(day, at) for at in asked]
        open_ones = (at for at in instants if self._is_open(at.astimezone(self.zone).time()))
        return next(open_ones, instants[-1])

    def is_morning_over(self, now: datetime) -> bool:
        """Whether the time of the day has come at which the person is reminded."""
        return self.morning(local_date(now, self.zone)) <= now

    def end_of_today(self, now: datetime) -> datetime:
        """When tomorrow begins."""
        return self._local(local_date(now, self.zone) + ONE_DAY, time())

    def end_of_hours(self, now: datetime) -> datetime:
        """From when on today the person is written to no more: the end of their hours, or when it gets quiet."""
        today, tomorrow = local_date(now, self.zone), self.end_of_today(now)
        ends = [tomorrow]
        if self.hours is not None:
            ends.append(self._local(today, self.hours.ends))
        if self.quiet is not None:
            ends.append(self._local(today, self.quiet.begins))
        open_before = (
            at for at in ends if at > now and self._is_open((at - INSTANT).astimezone(self.zone).time())
        )
        return max(open_before, default=tomorrow)

    def next_morning(self, day: date, now: datetime) -> datetime:
        """The first morning of a working day, from this day on, that is still to come."""
        day = max(day, local_date(now, self.zone))
        while True:
            day = self.next_working_day(day)
            at = self.morning(day)
            if at > now:
                return at
            day += ONE_DAY

    def within_hours(self, now: datetime) -> bool:
        """Whether the person may be written to at this instant: on a working day, in their hours, not in quiet hours."""
        local = now.astimezone(self.zone)
        return self._is_open(local.time()) and self.is_working_day(local.date())

    def _is_open(self, at: time) -> bool:
        """Whether a time of day lies in the person's hours and in none of the firm's quiet ones."""
        return (self.hours is None or at in self.hours) and (self.quiet is None or at not in self.quiet)

    def _local(self, day: date, at: time) -> datetime:
        return local_instant(day, at.hour, at.minute, self.zone)

    def _days_off(self, day: date) -> DaysOff | None:
        return next((one for one in self.days_off if day in one), None)
