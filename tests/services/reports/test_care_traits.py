"""Lifecycle, quadrant and RFM class of customers, by which care plans choose steps."""

from datetime import date, timedelta

import pytest
from sqlmodel import select

from bot.services.reports import care_traits, value
from db import processes
from db.care.planning import CustomerCare
from db.engine import Database
from tests import factories
from tests.conftest import all_on_postgresql

TODAY = date(2026, 7, 1)
AS_OF = date(2026, 6, 30)
DAY = timedelta(days=1)
ALL = care_traits.TRAITS


def ordering(database: Database, *gaps: int, last: int, amount: int = 100) -> int:
    """A customer whose last order was `last` days before, with these gaps between earlier ones."""
    with database.write() as session:
        customer, day = factories.customer(session), AS_OF - last * DAY
        factories.order(session, customer, day, amount)
        for gap in gaps:
            day -= gap * DAY
            factories.order(session, customer, day, amount)
    return customer


def traits(database: Database) -> dict[int, CustomerCare]:
    with database.read() as session:
        return {row.customer_id: row for row in session.exec(select(CustomerCare))}


@all_on_postgresql
@pytest.mark.parametrize(
    ("gaps", "last", "lifecycle"),
    [
        ((30, 30, 30), 10, "active"),
        ((30, 30, 30), 200, "silent"),
        ((360, 360), 200, "active"),  # a yearly buyer is not silent after 200 days
        ((30, 30), 800, "lost"),
        ((), 20, "new"),
        ((), 200, "active"),
        ((), 800, "lost"),
    ],
)
def test_lifecycle_follows_the_customers_own_rhythm(
    database: Database, gaps: tuple[int, ...], last: int, lifecycle: str
) -> None:
    customer = ordering(database, *gaps, last=last)
    ordering(database, 30, 30, 30, 30, 30, last=5)
    care_traits.refresh(database, ALL, TODAY)
    assert traits(database)[customer].lifecycle == lifecycle


def test_who_never_bought_has_no_lifecycle(database: Database) -> None:
    with database.write() as session:
        customer = factories.customer(session)
    ordering(database, 30, last=5)
    care_traits.refresh(database, ALL, TODAY)
    assert customer not in traits(database)


def test_quadrant_and_class_are_those_of_the_reports(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(care_traits, "CHUNK", 3)  # the whole book is compared, whatever the chunks
    for number in range(1, 11):
        ordering(database, *[10 * number] * number, last=number * number, amount=100 * number)
    care_traits.refresh(database, ALL, TODAY)
    book = value.load(database, factories.operator(), as_of=AS_OF)
    cells = {row["code"]: row["cell"] for row in value.value(database, book, 20)["customers"]}
    rows = {
        row["code"]: f"{row['class8']},{row['segment']}" for row in value.rfm(database, book, 20)["customers"]
    }
    from db.book.customers import Customer

    with database.read() as session:
        codes = {one.id: one.code for one in session.exec(select(Customer))}
    found = traits(database)
    assert len(found) == 10
    assert {codes[customer]: one.quadrant for customer, one in found.items()} == cells
    assert {codes[customer]: one.rfm for customer, one in found.items()} == rows


def test_it_is_done_once_a_day_goes_on_where_it_stopped_and_marks_what_changed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(care_traits, "CHUNK", 2)
    monkeypatch.setattr(care_traits, "MOST", 4)
    for _ in range(5):
        ordering(database, 30, 30, 30, last=50)
    assert [care_traits.refresh(database, ALL, TODAY) for _ in range(3)] == [4, 1, 0]
    with database.read() as session:
        assert processes.cursor(session, care_traits.CURSOR) == f"{AS_OF} done"
    # Three gaps of 30 days make 70 days silent: k is over 2.
    assert [care_traits.refresh(database, ALL, TODAY + 15 * DAY) for _ in range(3)] == [4, 1, 0]
    assert {one.lifecycle for one in traits(database).values()} == {"silent"}


def test_nothing_is_computed_for_plans_that_do_not_ask(database: Database) -> None:
    ordering(database, 30, last=5)
    assert care_traits.refresh(database, {"tier", "industry"}, TODAY) == 0
    assert traits(database) == {}


def test_a_book_without_recent_orders_still_has_lifecycles(database: Database) -> None:
    customer = ordering(database, 30, last=900)
    care_traits.refresh(database, ALL, TODAY)
    found = traits(database)[customer]
    assert (found.lifecycle, found.quadrant, found.rfm) == ("lost", None, None)
