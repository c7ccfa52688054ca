"""When people work, from the book and the settings: read for many people at once."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.clock import local_date, zone_named
from bot.services.care.working_time import DaysOff, WorkingTime
from bot.settings import Settings
from bot.working_days.countries import country_of_zone, shares_clock
from bot.working_days.public_holidays import usual_weekdays
from bot.working_days.week import Hours, weekdays_of, working_hours
from db.book import deputies
from db.book.deputies import WorkingRow

INSTANT = timedelta(microseconds=1)
BACK = timedelta(days=31)  # so that a last working day before today is found


@dataclass(frozen=True, kw_only=True)
class FirmTime:
    """When and where the firm works: what counts for channels, and for people who have nothing else."""

    zone: ZoneInfo
    remind_at: time = time(9)
    place: str | None = None
    weekdays: frozenset[int] | None = None  # None: the usual ones of the place
    quiet: Hours | None = None

    @classmethod
    def of(cls, settings: Settings) -> "FirmTime":
        """The firm's working time by the settings."""
        return cls(
            zone=settings.zone,
            remind_at=time.fromisoformat(settings.remind_at),
            place=settings.place,
            weekdays=weekdays_of(settings.working_days or ""),
            quiet=settings.quiet,
        )

    def working_time(self, now: datetime) -> WorkingTime:
        """The working time of who has none of their own: of a channel."""
        return WorkingTime(
            zone=self.zone,
            remind_at=self.remind_at,
            weekdays=self.weekdays_at(self.place, now),
            place=self.place,
            quiet=self.quiet,
        )

    def weekdays_at(self, place: str | None, now: datetime) -> frozenset[int]:
        """The working days of people in a place: the firm's in its own country, the usual ones elsewhere."""
        if self.weekdays is not None and _country(place) == _country(self.place):
            return self.weekdays
        return usual_weekdays(place, now.year)


def working_times(
    session: Session, person_ids: Collection[int] | None, firm: FirmTime, now: datetime
) -> dict[int, WorkingTime]:
    """The working time of each of these people, or of everybody, with their days off of the last month and to come."""
    off = _days_off(session, person_ids, now)
    return {
        row.id: _working_time(row, tuple(off.get(row.id, ())), firm, now)
        for row in deputies.working_rows(session, person_ids)
    }


def last_end_of_today(session: Session, firm: FirmTime, now: datetime) -> datetime | None:
    """When today ends for the last of all whose morning is over, people and firm; None where it is over for nobody."""
    working = [firm.working_time(now)]
    working += (_working_time(row, (), firm, now) for row in deputies.working_kinds(session))
    return max((one.end_of_today(now) for one in working if one.is_morning_over(now)), default=None)


def times_asked(
    session: Session, person_ids: Collection[int], firm: FirmTime, now: datetime
) -> dict[int, WorkingTime]:
    """The same, with the days off on which a deputy is asked in a person's place as working days.

    On days on which the deputy is away too, nobody is asked.
    """
    times = working_times(session, person_ids, firm, now)
    periods = deputies.periods(session, person_ids, now - BACK)
    away = _days_off(session, {row.deputy_id for row in periods}, now) if periods else {}
    for row in periods:
        working = times[row.person_id]
        # A period ends with a whole day: its end is the first instant of the next one.
        first, last = (local_date(at, working.zone) for at in (row.starts_at, row.ends_at - INSTANT))
        there = [DaysOff(first=first, last=last)]
        for off in away.get(row.deputy_id, ()):
            there = [part for days in there for part in days.without(off.first, off.last)]
        left = working.days_off
        for days in there:
            left = tuple(part for off in left for part in off.without(days.first, days.last))
        times[row.person_id] = replace(working, days_off=left)
    return times


def _days_off(
    session: Session, person_ids: Collection[int] | None, now: datetime
) -> dict[int, list[DaysOff]]:
    """The days off of some people, or of everybody, of the last month and to come."""
    found: dict[int, list[DaysOff]] = {}
    for row in deputies.absences(session, person_ids, (now - BACK).date()):
        found.setdefault(row.person_id, []).append(DaysOff(first=row.first_day, last=row.last_day))
    return found


def place_of(row: WorkingRow, firm: FirmTime) -> str | None:
    """Whose public holidays are a person's: their own country's, that of their zone, or the firm's."""
    if row.country is not None or not row.timezone:
        return row.country or firm.place
    country = country_of_zone(row.timezone)
    if country is None or country == _country(firm.place):
        return firm.place
    # Slack offers one zone for several countries: people in Berlin have Amsterdam's.
    by_slack = row.timezone == row.slack_timezone
    return firm.place if by_slack and firm.place and shares_clock(row.timezone, firm.place) else country


def _working_time(
    row: WorkingRow, days_off: tuple[DaysOff, ...], firm: FirmTime, now: datetime
) -> WorkingTime:
    place, hours = place_of(row, firm), working_hours(row.works_from, row.works_until)
    if hours is not None and firm.quiet is not None and hours.is_within(firm.quiet):
        hours = None  # or nobody would ever write to them
    return WorkingTime(
        zone=zone_named(row.timezone, firm.zone),
        remind_at=time.fromisoformat(row.remind_at) if row.remind_at else firm.remind_at,
        weekdays=weekdays_of(row.working_days or "") or firm.weekdays_at(place, now),
        place=place,
        hours=hours,
        quiet=firm.quiet,
        days_off=days_off,
    )


def _country(place: str | None) -> str | None:
    return place.partition("-")[0] if place else None
