"""The working time of people, from the book and the settings."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session

from bot.services.care.working_people import FirmTime, working_times
from bot.services.care.working_time import DaysOff, Free, WorkingTime
from bot.settings import Settings
from bot.working_days.week import Hours, weekdays_of, weekdays_text
from db.book.people import Absence, Person
from db.engine import Database
from tests import factories
from tests.conftest import on_sqlite
from tests.services.ask.test_lists import counted

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
QUIET = Hours(time(20), time(7))
SHANGHAI = FirmTime(zone=ZoneInfo("Asia/Shanghai"), place="CN", quiet=QUIET)
BAVARIA = FirmTime(zone=ZoneInfo("Europe/Berlin"), place="DE-BY", weekdays=weekdays_of("Mon-Sat"))


def person(session: Session, name: str, **values: Any) -> int:
    number = factories.person(session, name)
    session.get_one(Person, number).sqlmodel_update(values)
    session.flush()
    return number


def of_one(database: Database, firm: FirmTime, **values: Any) -> WorkingTime:
    with database.write() as session:
        number = person(session, "Anna", **values)
        return working_times(session, [number], firm, NOW)[number]


@on_sqlite
@pytest.mark.parametrize(
    ("firm", "values", "place", "weekdays"),
    [
        (SHANGHAI, {}, "CN", "Mon-Fri"),
        (SHANGHAI, {"timezone": "Asia/Riyadh"}, "SA", "Sun-Thu"),
        (SHANGHAI, {"timezone": "Asia/Riyadh", "country": "US"}, "US", "Mon-Fri"),
        (SHANGHAI, {"country": "SA", "working_days": "Mon-Thu"}, "SA", "Mon-Thu"),
        (SHANGHAI, {"working_days": "no days"}, "CN", "Mon-Fri"),  # changed by hand
        (SHANGHAI, {"timezone": "UTC"}, "CN", "Mon-Fri"),
        (SHANGHAI, {"timezone": "Europe/Atlantis"}, "CN", "Mon-Fri"),
        (SHANGHAI, {"timezone": "Asia/Hong_Kong", "slack_timezone": "Asia/Hong_Kong"}, "HK", "Mon-Fri"),
        (BAVARIA, {}, "DE-BY", "Mon-Sat"),
        (BAVARIA, {"country": "DE-HH"}, "DE-HH", "Mon-Sat"),  # the firm's days in another region
        (BAVARIA, {"country": "NL"}, "NL", "Mon-Fri"),
        (BAVARIA, {"timezone": "Europe/Amsterdam"}, "NL", "Mon-Fri"),
        (BAVARIA, {"timezone": "Europe/Berlin"}, "DE-BY", "Mon-Sat"),
        # What Slack calls Central European Time says nothing about the country.
        (
            BAVARIA,
            {"timezone": "Europe/Amsterdam", "slack_timezone": "Europe/Amsterdam"},
            "DE-BY",
            "Mon-Sat",
        ),
        (
            BAVARIA,
            {"timezone": "America/New_York", "slack_timezone": "America/New_York"},
            "US",
            "Mon-Fri",
        ),
        (FirmTime(zone=ZoneInfo("UTC")), {}, None, "Mon-Fri"),
        (FirmTime(zone=ZoneInfo("UTC")), {"timezone": "Asia/Dubai"}, "AE", "Mon-Fri"),
    ],
)
def test_a_persons_place_and_days_are_their_own_their_zones_or_the_firms(
    database: Database, firm: FirmTime, values: dict[str, Any], place: str | None, weekdays: str
) -> None:
    found = of_one(database, firm, **values)
    assert (found.place, weekdays_text(found.weekdays)) == (place, weekdays)


@on_sqlite
@pytest.mark.parametrize(
    ("works_from", "works_until", "hours"),
    [
        (None, None, None),
        ("10:00", "19:00", Hours(time(10), time(19))),
        ("10:00", None, Hours(time(10), time(0))),  # until midnight
        (None, "15:00", Hours(time(0), time(15))),
        ("10 am", "19:00", None),  # changed by hand
    ],
)
def test_hours_are_those_of_the_book(
    database: Database, works_from: str | None, works_until: str | None, hours: Hours | None
) -> None:
    found = of_one(database, SHANGHAI, works_from=works_from, works_until=works_until)
    assert (found.hours, found.quiet) == (hours, QUIET)


def test_the_firms_working_time_is_that_of_the_settings() -> None:
    settings = Settings(
        _env_file=None,
        TIERBOT_TIMEZONE="Asia/Riyadh",
        TIERBOT_REMIND_AT="08:30",
        TIERBOT_QUIET_HOURS="19:00-08:00",
    )
    found = FirmTime.of(settings).working_time(NOW)
    assert (found.place, weekdays_text(found.weekdays)) == ("SA", "Sun-Thu")
    assert found.quiet == Hours(time(19), time(8))
    assert found.morning(date(2026, 3, 2)) == datetime(
        2026, 3, 2, 5, 30, tzinfo=UTC
    )  # three hours ahead of UTC
    assert found.why_free(date(2026, 3, 6)) is Free.WEEKEND  # a Friday
    six_days = Settings(_env_file=None, TIERBOT_TIMEZONE="Asia/Riyadh", TIERBOT_WORKING_DAYS="Sat-Thu")
    assert FirmTime.of(six_days).working_time(NOW).is_working_day(date(2026, 3, 7))


@on_sqlite
def test_many_people_take_two_queries(database: Database) -> None:
    first = NOW.date()
    with database.write() as session:
        numbers = [person(session, f"P{n}") for n in range(50)]
        for number in numbers[:2]:
            for days in (-100, 3, 1):  # one that is long over
                day = first + timedelta(days=days)
                session.add(Absence(person_id=number, first_day=day, last_day=day))
    with counted(database) as queries, database.read() as session:
        found = working_times(session, numbers[1:], SHANGHAI, NOW)
    assert len([query for query in queries if query.startswith("SELECT")]) == 2
    assert found.keys() == set(numbers[1:])
    off = [first + timedelta(days=days) for days in (1, 3)]
    assert found[numbers[1]].days_off == tuple(DaysOff(first=day, last=day) for day in off)
    with database.read() as session:
        assert working_times(session, None, SHANGHAI, NOW).keys() == set(numbers)
