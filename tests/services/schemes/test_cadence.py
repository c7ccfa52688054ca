"""The days of the next gradings: what is said of them happens, and nothing happens before."""

from datetime import UTC, date, datetime, timedelta

import pytest

from bot.services.grade import runs
from bot.services.schemes import cadence
from bot.services.schemes.store import SchemeCache, is_cadence_day
from db.engine import Database
from tests import factories
from tests.conftest import on_sqlite

MARCH = date(2026, 3, 31)
NOW = datetime(2026, 4, 1, 8, tzinfo=UTC)


def grade(database: Database, as_of: date, today: date) -> None:
    runs.grade_book(
        database,
        SchemeCache(),
        for_purpose="account",
        as_of=as_of,
        today=today,
        now=NOW,
        notify=lambda session, changes, run: 0,
    )


def grade_if_due(database: Database, today: date) -> list[date]:
    """What the nightly job does; the days of the snapshots it took."""
    reports = runs.grade_if_due(
        database, SchemeCache(), today=today, now=NOW, notify=lambda session, changes, run: 0
    )
    return [report.as_of for report in reports]


def next_gradings(database: Database, today: date, most: int = 3) -> tuple[date, ...]:
    with database.read() as session:
        return cadence.next_gradings(session, SchemeCache(), "account", today, most)


def started(database: Database, cadence: str = "month_end", as_of: date = MARCH) -> None:
    """A scheme of a cadence in force, one customer, and the first snapshot."""
    with database.write() as session:
        factories.scheme(session, factories.PLAIN_SCHEME.replace("as_of: month_end", f"as_of: {cadence}"))
        factories.fact(session, factories.customer(session), "quality", 80)
    grade(database, as_of, today=as_of + timedelta(days=1))


@on_sqlite
@pytest.mark.parametrize(
    ("cadence", "expected"),
    [
        ("daily", (date(2026, 4, 1), date(2026, 4, 2), date(2026, 4, 3))),
        ("week_end", (date(2026, 4, 5), date(2026, 4, 12), date(2026, 4, 19))),
        ("month_end", (date(2026, 4, 30), date(2026, 5, 31), date(2026, 6, 30))),
        ("quarter_end", (date(2026, 6, 30), date(2026, 9, 30), date(2026, 12, 31))),
        ("year_end", (date(2026, 12, 31), date(2027, 12, 31), date(2028, 12, 31))),
    ],
)
def test_the_next_gradings_follow_the_cadence_of_the_scheme(
    database: Database, cadence: str, expected: tuple[date, ...]
) -> None:
    started(database, cadence)
    assert next_gradings(database, date(2026, 4, 1)) == expected


@on_sqlite
def test_night_after_night_the_days_named_are_those_that_are_graded(database: Database) -> None:
    started(database)
    named = next_gradings(database, date(2026, 4, 1))
    graded = []
    for night in range(100):
        today = date(2026, 4, 1) + timedelta(days=night)
        graded += [(day, today) for day in grade_if_due(database, today)]
    assert graded == [(day, day + timedelta(days=1)) for day in named]


@on_sqlite
def test_of_several_missed_gradings_the_newest_comes_next(database: Database) -> None:
    started(database)
    late = date(2026, 7, 3)
    assert next_gradings(database, late) == (date(2026, 6, 30), date(2026, 7, 31), date(2026, 8, 31))
    assert grade_if_due(database, late) == [date(2026, 6, 30)]
    assert next_gradings(database, late) == (date(2026, 7, 31), date(2026, 8, 31), date(2026, 9, 30))


@on_sqlite
def test_a_grading_between_two_snapshots_changes_no_day(database: Database) -> None:
    started(database)
    grade(database, date(2026, 4, 10), today=date(2026, 4, 11))
    assert next_gradings(database, date(2026, 4, 11), 1) == (date(2026, 4, 30),)


@on_sqlite
def test_a_day_that_was_graded_before_it_was_over_is_not_named_again(database: Database) -> None:
    started(database, as_of=date(2026, 4, 30))
    assert next_gradings(database, date(2026, 4, 30), 1) == (date(2026, 5, 31),)


@on_sqlite
def test_another_cadence_counts_from_the_day_its_scheme_is_in_force(database: Database) -> None:
    started(database)
    text = factories.PLAIN_SCHEME.replace("version: 1", "version: 2")
    with database.write() as session:
        factories.scheme(
            session,
            text.replace("as_of: month_end", "as_of: quarter_end"),
            effective_from=date(2026, 5, 1),
        )
    assert next_gradings(database, date(2026, 4, 1)) == (
        date(2026, 4, 30),
        date(2026, 6, 30),
        date(2026, 9, 30),
    )


@on_sqlite
def test_nothing_is_due_before_the_first_grading(database: Database) -> None:
    with database.write() as session:
        factories.scheme(session)
    assert next_gradings(database, date(2026, 4, 1)) == ()
    assert grade_if_due(database, date(2026, 5, 1)) == []


@pytest.mark.parametrize("name", ["daily", "week_end", "month_end", "quarter_end", "year_end"])
def test_the_first_day_of_a_cadence_from_a_day_on_is_the_first_that_is_one(name: str) -> None:
    for number in range(800):
        day = date(2027, 11, 1) + timedelta(days=number)
        expected = day
        while not is_cadence_day(name, expected):
            expected += timedelta(days=1)
        assert cadence.next_cadence_day(name, day) == expected


@on_sqlite
def test_days_after_a_scheme_version_ends_are_not_those_of_it(database: Database) -> None:
    started(database)
    with database.write() as session:
        text = factories.PLAIN_SCHEME.replace("version: 1", "version: 2")
        factories.scheme(session, text, effective_from=date(2026, 5, 31))
    with database.read() as session:
        one, two = (
            cadence.next_gradings(session, SchemeCache(), "account", date(2026, 4, 1), 3, version_id=version)
            for version in (1, 2)
        )
    assert (one, two) == ((date(2026, 4, 30),), ())
