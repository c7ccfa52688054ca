"""A step that comes every year on a date of the book, from the first day to a date that is corrected."""

from datetime import date, timedelta

import pytest

from bot.services.care.plan import Anniversary, TierCare
from db.engine import Database
from tests import factories
from tests.conftest import on_sqlite
from tests.services.book import MONDAY, Book, plan_of_tests

pytestmark = on_sqlite

DAY = timedelta(days=1)
RENEWAL = MONDAY + 60 * DAY
TALK = Anniversary(
    kind="anniversary",
    id="renewal",
    name={"en": "Contract renewal", "zh": "合同续约"},  # type: ignore[arg-type]
    of="renewal_on",
    days_before=20,
    counts=("review",),
)


@pytest.fixture
def book(database: Database) -> Book:
    escalation = plan_of_tests().escalation
    return Book(database).with_rules(tiers={"A": TierCare(steps=(TALK,), escalation=escalation)}, also=())


def with_renewal(book: Book, day: date) -> int:
    with book.database.write() as session:
        anna = factories.person(session, "Anna", timezone="UTC")
        customer = factories.customer(session, owner_id=anna)
        factories.fact(session, customer, "renewal_on", day)
    book.grade({customer: "A"})
    book.plan()
    return customer


def correct(book: Book, customer: int, day: date) -> None:
    with book.database.write() as session:
        factories.fact(session, customer, "renewal_on", day, MONDAY)
    book.plan()


def test_a_renewal_to_come_is_asked_for_this_year_and_the_next_one_a_year_later(book: Book) -> None:
    customer = with_renewal(book, RENEWAL)
    assert book.states(customer, "renewal") == [("planned", RENEWAL - 20 * DAY)]
    for days in range(-22, 8):  # also when the day has come, and after it
        book.go(RENEWAL + days * DAY)
        expected = "reminded" if days >= -18 else book.touch(customer, "renewal").state
        assert book.states(customer, "renewal") == [(expected, RENEWAL - 20 * DAY)]
    pointer = next(row for _, one in reversed(book.digests()) for row in one.rows).target
    book.done(book.actor("U0ANNA"), pointer)
    next_year = RENEWAL.replace(year=RENEWAL.year + 1) - 20 * DAY
    assert book.states(customer, "renewal") == [("done", RENEWAL - 20 * DAY), ("planned", next_year)]


@pytest.mark.parametrize("later", [5, 40, -20, 400])
def test_a_date_that_is_corrected_before_it_was_due_moves_the_step(book: Book, later: int) -> None:
    customer = with_renewal(book, RENEWAL)
    correct(book, customer, RENEWAL + later * DAY)
    assert book.states(customer, "renewal") == [("planned", RENEWAL + (later - 20) * DAY)]
    assert book.touch(customer, "renewal").anchor == RENEWAL + later * DAY


def test_a_date_that_is_corrected_after_it_was_asked_for_leaves_the_open_step(book: Book) -> None:
    customer = with_renewal(book, RENEWAL)
    book.go(RENEWAL - 15 * DAY)
    correct(book, customer, RENEWAL + 40 * DAY)
    assert book.states(customer, "renewal") == [("reminded", RENEWAL - 20 * DAY)]
