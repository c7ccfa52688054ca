"""The SQL aggregates of orders compared with a slow, obvious reference."""

import random
import statistics
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from sqlmodel import delete

from db.book.customers import Customer
from db.book.trade.orders import Order, order_aggregates
from db.engine import Database

AS_OF = date(2026, 3, 31)
QUARTERS = [date(2025, 3, 31), date(2025, 6, 30), date(2025, 9, 30), date(2025, 12, 31), AS_OF]
PREVIOUS = date(2024, 3, 31)
AT = datetime(2026, 4, 1, tzinfo=UTC)


def book(database: Database, orders: list[tuple[int, date, str, str | None]]) -> Database:
    """Customers 1..4 and no orders but these: customer, day, amount, cost."""
    with database.write() as session:
        session.execute(delete(Order))
        session.execute(delete(Customer))
        for number in range(1, 5):
            session.add(Customer(id=number, code=f"C{number}", name=f"Customer {number}", created_at=AT))
        session.flush()
        for place, (customer, day, amount, cost) in enumerate(orders):
            session.add(
                Order(
                    customer_id=customer,
                    source="test",
                    external_id=str(place),
                    ordered_on=day,
                    amount=Decimal(amount),
                    cost=None if cost is None else Decimal(cost),
                    currency="CNY",
                )
            )
    return database


def aggregates(database: Database) -> dict[int, tuple[object, ...]]:
    with database.read() as session:
        rows = order_aggregates(session, as_of=AS_OF, quarters=QUARTERS, previous_start=PREVIOUS)
    return {row[0]: row[1:] for row in rows}


def test_windows_are_open_at_their_start_and_closed_at_their_end(database: Database) -> None:
    found = aggregates(
        book(
            database,
            [
                (1, date(2025, 3, 31), "100", None),  # the last day of the window before
                (1, date(2025, 4, 1), "200", None),
                (1, AS_OF, "300", None),
                (1, AS_OF + timedelta(days=1), "4000", None),  # after the day graded: unseen
                (1, PREVIOUS, "7000", None),  # before both windows
            ],
        )
    )
    net, before, orders, *_ = found[1]
    assert (net, before, orders) == (200 + 300, 100, 2)


def test_returns_are_netted_and_are_no_orders(database: Database) -> None:
    found = aggregates(
        book(database, [(1, date(2026, 1, 5), "500", "300"), (1, date(2026, 1, 9), "-120.5", "-70.25")])
    )
    net, _, orders, net_with_cost, cost, active, first, last, days, gap, _, uncosted = found[1]
    assert (net, orders) == (500 - 120.5, 1)
    assert (net_with_cost, cost) == (500 - 120.5, 300 - 70.25)
    assert uncosted == 0
    assert (active, first, last, days, gap) == (1, date(2026, 1, 5), date(2026, 1, 5), 1, None)


def test_returns_without_a_cost_are_counted_in_the_window(database: Database) -> None:
    days = [date(2025, 3, 31), date(2025, 4, 1), date(2026, 1, 9), AS_OF + timedelta(days=1)]
    found = aggregates(book(database, [(1, day, "-5", None) for day in days] + [(1, AS_OF, "-5", "-3")]))
    assert found[1][-1] == 2


def test_without_costs_the_margin_is_unknown_not_zero(database: Database) -> None:
    found = aggregates(book(database, [(1, date(2026, 1, 5), "500", None)]))
    assert found[1][3] is None
    assert found[1][4] is None


def test_a_customer_without_orders_has_a_row_of_none(database: Database) -> None:
    found = aggregates(book(database, [(1, date(2026, 1, 5), "500", None)]))
    assert set(found) == {1, 2, 3, 4}
    assert found[2] == (None,) * 12


def test_money_adds_up_exactly_to_the_ten_thousandth(database: Database) -> None:
    found = aggregates(book(database, [(1, date(2026, 1, 5), "0.1001", None)] * 3))
    assert found[1][0] == 0.3003


def test_random_books_agree_with_the_reference(database: Database) -> None:
    rng = random.Random(11)
    for _ in range(6):
        orders = [
            (
                rng.randint(1, 3),
                AS_OF - timedelta(days=rng.randint(-20, 800)),
                f"{rng.randint(-50, 400)}.{rng.randint(0, 99):02d}",
                rng.choice([None, f"{rng.randint(0, 300)}"]),
            )
            for _ in range(rng.randint(0, 60))
        ]
        found = aggregates(book(database, orders))
        for customer in (1, 2, 3, 4):
            assert found[customer] == reference([row[1:] for row in orders if row[0] == customer]), customer


def reference(orders: list[tuple[date, str, str | None]]) -> tuple[object, ...]:
    known = [(day, Decimal(amount), cost) for day, amount, cost in orders if day <= AS_OF]
    if not known:
        return (None,) * 12
    window = [(day, amount, cost) for day, amount, cost in known if day > QUARTERS[0]]
    bought = sorted({day for day, amount, _ in known if amount > 0})
    costed = [(amount, Decimal(cost)) for _, amount, cost in window if cost is not None]
    gaps = [(b - a).days for a, b in pairwise(bought)]
    return (
        float(sum(amount for _, amount, _ in window)),
        float(sum(amount for day, amount, _ in known if PREVIOUS < day <= QUARTERS[0])),
        sum(amount > 0 for _, amount, _ in window),
        float(sum(amount for amount, _ in costed)) if costed else None,
        float(sum(cost for _, cost in costed)) if costed else None,
        sum(any(a < day <= b for day in bought) for a, b in pairwise(QUARTERS)),
        bought[0] if bought else None,
        bought[-1] if bought else None,
        len(bought),
        statistics.median(gaps) if gaps else None,
        None,
        sum(amount < 0 and cost is None for _, amount, cost in window),
    )


def test_without_usual_gaps_everything_else_is_the_same(database: Database) -> None:
    book(database, [(1, date(2026, 1, 5), "500", "300"), (1, date(2026, 2, 5), "80", None)])
    whole = aggregates(database)
    with database.read() as session:
        rows = order_aggregates(
            session, as_of=AS_OF, quarters=QUARTERS, previous_start=PREVIOUS, usual_gaps=False
        )
    without = {row[0]: row[1:] for row in rows}
    assert whole[1][8:10] == (2, 31)
    assert without[1] == (*whole[1][:8], None, None, *whole[1][10:])
