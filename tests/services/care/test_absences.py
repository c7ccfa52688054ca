"""Who is asked when while a person is away: their deputy in time, and the holder of a role whoever is away."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import select, update

from bot.clock import FixedClock
from bot.errors import BadInput
from bot.services.care import planning_pass
from bot.services.care.plan import Doer
from bot.services.care.working_time import DaysOff
from db.book import deputies
from db.book.people import Deputy, Person
from db.care import touches
from db.care.touches import Touch
from db.engine import Database
from tests import factories
from tests.services.book import MONDAY, REVISIT_A, Book, at, plan_of_tests

DAY = timedelta(days=1)
AWAY = MONDAY - DAY, MONDAY + 19 * DAY


def away_book(database: Database, *, deputy: bool = True, who: str = Doer.OWNER, last: str = "call") -> Book:
    """ACME of Anna's is due on Monday, when she is away for three weeks. Dee acts for her; Finn does what finance does."""
    revisit = plan_of_tests().tiers["A"].steps[0].model_copy(update={"who": who})
    care = plan_of_tests().tiers["A"].model_copy(update={"steps": (revisit,)})
    book = Book(database, clock=FixedClock(at(MONDAY - 7 * DAY))).with_rules(tiers={"A": care})
    with database.write() as session:
        team = factories.team(session, "East")
        anna = factories.person(session, "Anna", team_id=team)
        dee = factories.person(session, "Dee", team_id=team)
        factories.person(session, "Finn", role="finance", team_id=team)
        factories.person(session, "Olga", role="team_lead", team_id=team)
        acme = factories.customer(session, "ACME", owner_id=anna)
        factories.contact(session, acme, MONDAY - REVISIT_A * DAY, last)
        deputies.add_absence(session, anna, *AWAY)
        if deputy:
            session.add(
                Deputy(person_id=anna, deputy_id=dee, starts_at=at(AWAY[0], 0), ends_at=at(AWAY[1] + DAY, 0))
            )
    book.grade({acme: "A"})
    return book


def asked(book: Book) -> list[tuple[str, date]]:
    """Whom the digests ask, and on which day."""
    return [(address, message.day) for address, message in book.digests()]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, ("person:2", MONDAY)),  # the deputy, when it is due
        ({"deputy": False}, ("person:1", MONDAY - 3 * DAY)),  # Anna, before she leaves
        ({"deputy": False, "who": "finance"}, ("person:3", MONDAY)),
    ],
    ids=["deputy", "nobody acts", "a role"],
)
def test_a_step_that_becomes_due_while_its_owner_is_away_is_asked_for(
    database: Database, values: dict[str, Any], expected: tuple[str, date]
) -> None:
    book = away_book(database, **values)
    for days in range(-7, 2):
        book.go(MONDAY + days * DAY)
    assert asked(book)[:1] == [expected]


def test_a_deputy_who_is_named_or_leaves_later_changes_when_steps_are_shown(database: Database) -> None:
    book = away_book(database, deputy=False)
    now = book.clock.now()
    planning_pass.plan_changed(database, book.rules, now)
    assert shown_on(book) == MONDAY - 3 * DAY
    with database.write() as session:
        session.add(Deputy(person_id=1, deputy_id=2, starts_at=at(AWAY[0], 0), ends_at=at(AWAY[1] + DAY, 0)))
    planning_pass.plan_changed(database, book.rules, now)
    assert shown_on(book) == MONDAY
    with database.write() as session:
        session.exec(update(Person).where(Person.name == "Dee").values(active=False))
    planning_pass.plan_changed(database, book.rules, now)
    assert shown_on(book) == MONDAY - 3 * DAY


@pytest.mark.parametrize(
    ("dee_away", "expected"),
    [
        ((0, 2), ("person:2", MONDAY + 3 * DAY)),  # the deputy, when she is back
        ((1, 30), ("person:2", MONDAY)),
        ((-3, 30), ("person:1", MONDAY - 3 * DAY)),  # nobody acts: Anna, before she leaves
        ((0, 30), ("person:1", MONDAY - 3 * DAY)),
    ],
)
def test_a_deputy_who_is_away_as_well_acts_on_the_other_days(
    database: Database, dee_away: tuple[int, int], expected: tuple[str, date]
) -> None:
    book = away_book(database)
    first, last = (MONDAY + days * DAY for days in dee_away)
    with database.write() as session:
        deputies.add_absence(session, 2, first, last)
    for days in range(-7, 8):
        book.go(MONDAY + days * DAY)
    assert asked(book)[:1] == [expected]


def test_days_off_of_a_deputy_change_when_steps_are_shown(database: Database) -> None:
    book = away_book(database)
    now = book.clock.now()
    planning_pass.plan_changed(database, book.rules, now)
    assert shown_on(book) == MONDAY
    with database.write() as session:
        deputies.add_absence(session, 2, MONDAY - DAY, MONDAY + 30 * DAY)
    planning_pass.plan_changed(database, book.rules, now)
    assert shown_on(book) == MONDAY - 3 * DAY


def test_a_deputy_snoozes_by_days_on_which_they_act(database: Database) -> None:
    book = away_book(database)
    book.go(MONDAY)
    assert book.snooze(book.actor("U0DEE"), until=1).until == MONDAY + DAY
    book.go(MONDAY + DAY)
    assert asked(book)[-1] == ("person:2", MONDAY + DAY)


@pytest.mark.parametrize(
    ("to", "reader", "stored"),
    [("U0ANNA", "person:1", 1), ("U0OLGA", "person:4", 4)],
)
def test_a_step_of_a_role_is_given_to_the_account_manager_or_to_somebody_else(
    database: Database, to: str, reader: str, stored: int
) -> None:
    book = away_book(database, deputy=False, who="finance")
    with database.write() as session:
        deputies.end_absence(session, 1, AWAY[0])
    book.go(MONDAY)
    finn = book.actor("U0FINN")
    with pytest.raises(BadInput, match="Finn does this already"):
        book.reassign(finn, "U0FINN")
    book.reassign(finn, to)
    assert book.touch(1).assignee_id == stored
    book.go(MONDAY + DAY)
    assert asked(book)[-1] == (reader, MONDAY + DAY)


def test_a_step_of_a_role_is_snoozed_by_the_time_of_its_holder(database: Database) -> None:
    book = away_book(database, deputy=False, who="finance")
    with database.write() as session:
        session.exec(update(Person).where(Person.name == "Finn").values(working_days="Mon,Wed"))
    book.go(MONDAY)
    assert book.snooze(book.actor("U0FINN"), until=1).until == MONDAY + 2 * DAY


@pytest.mark.parametrize(
    ("first", "last", "left"),
    [
        (1, 31, []),
        (1, 4, [(5, 20)]),
        (10, 12, [(3, 9), (13, 20)]),
        (15, 25, [(3, 14)]),
        (21, 25, [(3, 20)]),
        (1, 2, [(3, 20)]),
    ],
)
def test_days_off_without_some_days(first: int, last: int, left: list[tuple[int, int]]) -> None:
    def march(day: int) -> date:
        return date(2026, 3, day)

    found = DaysOff(first=march(3), last=march(20)).without(march(first), march(last))
    assert [(one.first.day, one.last.day) for one in found] == left


def shown_on(book: Book) -> date:
    with book.database.read() as session:
        touch = session.exec(select(Touch).where(Touch.step == "revisit")).one()
    assert touch.state in touches.OPEN
    return touch.remind_at.date()
