"""The stored totals of orders equal the sums of the orders, whatever imports did to them."""

import random
from datetime import date, timedelta
from typing import Any

from sqlalchemy import text

from bot.errors import Conflict
from db.book.trade import order_totals
from tests.services.imports.conftest import Book

FIRST = date(2026, 1, 1)
COUNTED = (
    "SELECT currency, customer_id, count(*), sum(amount) FROM customer_order"
    " GROUP BY currency, customer_id ORDER BY currency, customer_id"
)
KEPT = "SELECT currency, customer_id, orders, net FROM order_total ORDER BY currency, customer_id"


def orders(rng: random.Random) -> str:
    """A few rows, among few numbers: many of them correct what an earlier file said."""
    rows = [
        f"{number},{rng.choice(['C1', 'C2', 'C3'])},{FIRST + timedelta(days=rng.randrange(90))},"
        f"{rng.randrange(-5_000, 20_000) / 100:.2f},{rng.choice(['EUR', 'EUR', 'USD'])}"
        for number in rng.sample(range(12), rng.randint(1, 8))
    ]
    return "\n".join(["order_no,customer,date,amount,currency", *rows]) + "\n"


def test_imports_corrections_returns_and_undos_keep_the_totals_exact(filled: Book) -> None:
    rng = random.Random(17)
    done: list[int | None] = []
    kept_or_gone = set()
    for _ in range(14):
        if done and rng.random() < 0.4:
            batch = rng.choice(done[-3:])
            try:
                filled.undo(batch)
                done.remove(batch)
                kept_or_gone.add("gone")
            except Conflict:  # a later import changed its rows
                kept_or_gone.add("kept")
        else:
            options: dict[str, Any] = {
                "kind_options": {"create_customers": True},
                "accepted": ("order-number-reused",),
            }
            done.append(filled.bring("orders", orders(rng), **options).batch_id)
        assert filled.rows(KEPT) == filled.rows(COUNTED)
    assert kept_or_gone == {"gone", "kept"}
    for batch in reversed(done):
        filled.undo(batch)
    assert filled.rows(KEPT) == []


def test_a_total_that_is_wrong_is_found_and_counted_again(filled: Book) -> None:
    filled.bring("orders", "order_no,customer,date,amount\n1,C1,2026-01-02,5\n2,C2,2026-01-02,7.5\n")
    with filled.database.write() as session:
        session.execute(text("UPDATE order_total SET orders = 3, net = net + 25000 WHERE customer_id = 1"))
        session.execute(text("DELETE FROM order_total WHERE customer_id = 2"))
    with filled.database.read() as session:
        assert order_totals.discrepancies(session) == [
            order_totals.Discrepancy(customer="C1", currency="EUR", orders=3 - 1, net=2.5),
            order_totals.Discrepancy(customer="C2", currency="EUR", orders=0 - 1, net=-7.5),
        ]
    with filled.database.write() as session:
        order_totals.recount(session.connection())
    with filled.database.read() as session:
        assert order_totals.discrepancies(session) == []


def test_the_most_frequent_foreign_currency_is_named(filled: Book) -> None:
    filled.bring(
        "orders",
        "order_no,customer,date,amount,currency\n1,C1,2026-01-02,5,EUR\n2,C1,2026-01-03,6,USD\n"
        "3,C2,2026-01-04,7,USD\n4,C2,2026-01-05,8,CNY\n",
    )
    with filled.database.read() as session:
        assert order_totals.foreign_orders(session, "EUR") == ("USD", 2)
        assert order_totals.foreign_orders(session, "USD") == ("CNY", 1)
    for number, customer in ((2, "C1"), (3, "C2"), (4, "C2")):
        filled.bring(
            "orders", f"order_no,customer,date,amount,currency\n{number},{customer},2026-01-02,5,EUR\n"
        )
    with filled.database.read() as session:
        assert order_totals.foreign_orders(session, "EUR") is None
