"""Sums of order lines, invoices and activities compared with slow, obvious references."""

import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from db.book.customers import Customer
from db.book.facts import Activity, activity_counts, faded_activities
from db.book.trade.invoices import Invoice, invoice_aggregates
from db.book.trade.order_lines import OrderLine, line_aggregates, product_types
from db.book.trade.orders import Order
from db.engine import Database

AS_OF, START = date(2026, 3, 31), date(2025, 3, 31)
AT = datetime(2026, 4, 1, tzinfo=UTC)


@pytest.fixture
def book(database: Database) -> Database:
    with database.write() as session:
        for number in (1, 2, 3):
            session.add(Customer(id=number, code=f"C{number}", name=f"Customer {number}", created_at=AT))
    return database


def add(database: Database, *rows: Any) -> None:
    with database.write() as session:
        session.add_all(rows)


def order(number: int, customer: int, day: date, cost: str | None = None, amount: int = 1) -> Order:
    paid = None if cost is None else Decimal(cost)
    return Order(
        id=number, customer_id=customer, source="t", external_id=str(number), ordered_on=day, amount=Decimal(amount),
        cost=paid, currency="CNY",
    )  # fmt: skip


def line(order_id: int, number: int, kind: str, amount: str, cost: str | None = None) -> OrderLine:
    paid = None if cost is None else Decimal(cost)
    return OrderLine(
        order_id=order_id, line=str(number), product_type=kind, amount=Decimal(amount), cost=paid
    )


def invoice(
    customer: int, issued: date, due: date, paid: date | None, amount: str, number: int = 0
) -> Invoice:
    return Invoice(
        customer_id=customer, source="t", external_id=f"{customer}-{issued}-{due}-{paid}-{amount}-{number}",
        invoiced_on=issued, due_on=due, paid_on=paid, amount=Decimal(amount), currency="CNY",
    )  # fmt: skip


def lines_of(database: Database) -> dict[int, tuple[Any, ...]]:
    with database.read() as session:
        rows = line_aggregates(session, as_of=AS_OF, start=START)
    return {row[0]: tuple(None if value is None else float(value) for value in row[1:]) for row in rows}


def invoices_of(database: Database) -> dict[int, tuple[Any, ...]]:
    with database.read() as session:
        rows = invoice_aggregates(session, as_of=AS_OF, start=START)
    return {
        row[0]: tuple(
            value if value is None or isinstance(value, date) else float(value) for value in row[1:]
        )
        for row in rows
    }


def test_lines_are_netted_by_type_and_cost_only_where_the_order_has_none(book: Database) -> None:
    assert lines_of(book) == {}
    add(
        book,
        order(1, 1, date(2026, 1, 5)),
        order(2, 1, date(2026, 2, 5), cost="70"),
        order(3, 1, START),  # the last day of the window before
        order(4, 2, AS_OF),
    )
    add(
        book,
        line(1, 1, "pumps", "100.5", "60"),
        line(1, 2, "seals", "30"),
        line(1, 3, "seals", "-30"),  # all of it came back: not a type it buys
        line(2, 1, "valves", "80", "50"),  # its order carries a cost already
        line(3, 1, "hoses", "999", "1"),
        line(4, 1, "pumps", "10"),
    )
    assert lines_of(book) == {1: (2, 100.5, 60, 0, 0), 2: (1, None, None, 0, 0)}
    with book.read() as session:
        assert product_types(session, as_of=AS_OF, start=START) == len({"pumps", "seals", "valves"})


def test_returned_lines_without_a_cost_are_counted_where_other_lines_have_one(book: Database) -> None:
    day = date(2026, 1, 5)
    add(book, *(order(number, customer, day) for number, customer in ((1, 1), (2, 2), (3, 3))))
    add(
        book,
        line(1, 1, "pumps", "100", "62"),
        line(1, 2, "rebate", "-30"),  # 8 of 70 are margin, not 38 of 100
        line(1, 3, "pumps", "-6"),
        line(2, 1, "pumps", "100", "62"),
        line(2, 2, "seals", "30"),
        line(2, 3, "seals", "-20"),  # of the seals above, whose cost is not known either
        line(3, 1, "pumps", "100"),
        line(3, 2, "rebate", "-30"),  # no line has a cost: the order is no part of the margin
    )
    assert {customer: sums[-1] for customer, sums in lines_of(book).items()} == {1: 2, 2: 0, 3: 0}


def test_a_return_without_a_cost_has_that_of_its_lines_if_all_have_one(book: Database) -> None:
    day = date(2026, 1, 5)
    add(
        book,
        order(1, 1, day, amount=-50),
        order(2, 1, day, amount=-50),
        order(3, 2, day, amount=-50, cost="-31"),
        order(4, 3, day, amount=50),
    )
    add(
        book,
        line(1, 1, "pumps", "-30", "-20"),
        line(1, 2, "seals", "-20", "-11"),
        line(2, 1, "pumps", "-30", "-20"),
        line(2, 2, "seals", "-20"),
        line(3, 1, "pumps", "-50", "-31"),
        line(4, 1, "pumps", "50", "31"),
    )
    assert {customer: sums[-2] for customer, sums in lines_of(book).items()} == {1: 1, 2: 0, 3: 0}


def test_an_invoice_counts_as_it_was_on_the_day(book: Database) -> None:
    add(
        book,
        invoice(1, date(2026, 1, 1), date(2026, 1, 31), date(2026, 1, 31), "100"),  # on the day: on time
        invoice(1, date(2026, 1, 2), date(2026, 2, 1), date(2026, 2, 11), "200"),  # 10 days late
        invoice(
            1, date(2026, 1, 3), date(2026, 3, 1), AS_OF + timedelta(days=1), "400"
        ),  # still open: 30 days
        invoice(1, date(2025, 10, 1), date(2025, 12, 1), None, "50"),  # 120 days, past 90
        invoice(1, date(2026, 3, 1), AS_OF, None, "7"),  # due today: neither late nor decided
        invoice(1, date(2026, 3, 1), date(2026, 6, 1), None, "1000"),
        invoice(1, date(2026, 3, 1), date(2026, 3, 5), None, "-20"),  # a credit note
        invoice(1, AS_OF + timedelta(days=1), AS_OF + timedelta(days=30), None, "9999"),  # not yet written
        invoice(2, date(2024, 1, 1), date(2024, 2, 1), date(2024, 5, 1), "60"),  # before the window
    )
    found = invoices_of(book)
    assert found[1] == (
        400 + 50 + 7 + 1000 - 20,
        400 + 50 - 20,
        50,
        date(2025, 12, 1),
        4,
        100 + 200 + 400 + 50,
        100,
        200 * 10 + 400 * 30 + 50 * 120,
    )
    assert found[2] == (0, 0, 0, None, 0, 0, 0, 0)
    assert set(found) == {1, 2}


def test_the_largest_amounts_overflow_nowhere(book: Database) -> None:
    add(book, *(invoice(1, date(2025, 4, 1), date(2025, 4, 2), None, "1000000000000", n) for n in range(50)))
    found = invoices_of(book)[1]
    assert found[0] == 50 * 10**12
    assert found[-1] == pytest.approx(50 * 10**12 * (AS_OF - date(2025, 4, 2)).days)


def test_random_invoices_agree_with_the_reference(book: Database) -> None:
    rng = random.Random(5)
    kept: dict[int, list[Invoice]] = defaultdict(list)
    for number in range(300):
        issued = AS_OF - timedelta(days=rng.randint(-20, 700))
        due = issued + timedelta(days=rng.randint(0, 90))
        paid = rng.choice([None, issued + timedelta(days=rng.randint(0, 200))])
        one = invoice(rng.randint(1, 3), issued, due, paid, f"{rng.randint(-50, 400)}.25", number)
        kept[one.customer_id].append(one)
    expected = {customer: reference(invoices) for customer, invoices in kept.items()}
    add(book, *(one for invoices in kept.values() for one in invoices))
    found = invoices_of(book)
    for customer, sums in expected.items():
        assert found[customer] == pytest.approx(sums), customer


def reference(invoices: list[Invoice]) -> tuple[Any, ...]:
    known = [one for one in invoices if one.invoiced_on <= AS_OF]
    still = [one for one in known if one.paid_on is None or one.paid_on > AS_OF]
    late = [one for one in still if one.due_on < AS_OF]
    window = [one for one in known if one.amount > 0 and START < one.due_on <= AS_OF]
    decided = [one for one in window if one not in still or one.due_on < AS_OF]

    def days_late(one: Invoice) -> int:
        end = AS_OF if one.paid_on is None or one.paid_on > AS_OF else one.paid_on
        return max(0, (end - one.due_on).days)

    return (
        float(sum(one.amount for one in still)),
        float(sum(one.amount for one in late)),
        float(sum(one.amount for one in late if (AS_OF - one.due_on).days > 90)),
        min((one.due_on for one in late if one.amount > 0), default=None),
        len(decided),
        float(sum(one.amount for one in decided)),
        float(sum(one.amount for one in decided if one.paid_on is not None and one.paid_on <= one.due_on)),
        float(sum(one.amount * days_late(one) for one in decided)),
    )


def test_activities_are_counted_and_faded_in_their_windows(book: Database) -> None:
    def happened(customer: int, kind: str, day: date) -> Activity:
        return Activity(
            customer_id=customer, source="t", external_id=f"{customer}{kind}{day}", kind=kind, happened_on=day,
            recorded_at=AT,
        )  # fmt: skip

    add(
        book,
        happened(1, "complaint", START),  # the last day before the window
        happened(1, "complaint", START + timedelta(days=1)),
        happened(1, "complaint", AS_OF),
        happened(1, "complaint", AS_OF + timedelta(days=1)),
        happened(1, "referral", date(2024, 6, 1)),
        happened(1, "visit", AS_OF - timedelta(days=2)),
        happened(2, "gift", AS_OF),
    )
    windows = {"complaint": START, "referral": date(2024, 3, 31), "training": START}
    weights = [(AS_OF - timedelta(days=age), 0.5**age) for age in range(3)]
    with book.read() as session:
        assert activity_counts(session, as_of=AS_OF, windows=windows) == [(1, 2, 1, 0)]
        points = faded_activities(session, kinds=("complaint", "visit"), weights=weights)
    assert points == [(1, 1 + 0.25)]
