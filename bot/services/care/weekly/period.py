"""The seven days that are told together, and which of them are told on a day."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from bot.clock import local_instant
from bot.settings import Settings
from bot.working_days.week import DAYS
from db.care.weekly.counts import Span

DAY, WEEK = timedelta(days=1), timedelta(days=7)
OFF = "off"


@dataclass(frozen=True, kw_only=True)
class WeeklyOptions:
    """On which day of the week it is told, as date.weekday() counts (None: never), and to whom first."""

    weekday: int | None = 0
    to: Literal["manager", "channel"] = "manager"

    @classmethod
    def of(cls, settings: Settings) -> "WeeklyOptions":
        """The firm's choice."""
        day = settings.weekly_day
        return cls(weekday=None if day == OFF else DAYS.index(day), to=settings.weekly_to)

    def told_on(self, today: date) -> date:
        """The newest day on which a week is told, today included."""
        return today - (today.weekday() - (self.weekday or 0)) % 7 * DAY


@dataclass(frozen=True)
class CareWeek:
    """Seven days in a time zone."""

    first_day: date
    zone: ZoneInfo

    @classmethod
    def before(cls, day: date, zone: ZoneInfo) -> "CareWeek":
        """The seven days before a day."""
        return cls(day - WEEK, zone)

    @classmethod
    def with_day(cls, day: date, options: WeeklyOptions, zone: ZoneInfo) -> "CareWeek":
        """The seven days that are told together and have this day among them."""
        return cls(options.told_on(day), zone)

    @property
    def previous(self) -> "CareWeek":
        return CareWeek(self.first_day - WEEK, self.zone)

    @property
    def last_day(self) -> date:
        return self.first_day + 6 * DAY

    @property
    def after(self) -> date:
        """The day after the last one."""
        return self.first_day + WEEK

    @property
    def span(self) -> Span:
        """Its instants, for queries."""
        days = [self.first_day + number * DAY for number in range(7)]
        ends = [(local_instant(day + DAY, 0, 0, self.zone), day) for day in days]
        return Span(local_instant(self.first_day, 0, 0, self.zone), ends)
