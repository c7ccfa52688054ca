"""The figures of accounts are written with gradings and after news, and equal a slow count over the same rows."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlmodel import Session, select

from bot.clock import FixedClock
from bot.errors import Conflict
from bot.services.grade import figures, regrades, runs
from bot.services.imports import undo
from bot.services.privacy import erasure, subjects
from bot.services.privacy.erasure import Wording
from bot.services.schemes.store import SchemeCache
from db.book.customers import Customer
from db.book.trade import order_totals
from db.book.trade.invoices import Invoice
from db.engine import Database
from db.graded import figures as stored
from db.graded.figures import CustomerFigures
from tests import factories
from tests.services.grade.slow_figures import differences
from tests.services.grade.test_regrades import bring

MARCH, TODAY = date(2026, 3, 31), date(2026, 4, 7)
NOW = datetime(2026, 4, 7, 8, tzinfo=UTC)


def grade(database: Database, today: date = TODAY, as_of: date | None = None) -> None:
    runs.grade_book(
        database, SchemeCache(), for_purpose="account", as_of=as_of, today=today, now=NOW, notify=None
    )


def regrade(database: Database, today: date = TODAY) -> None:
    regrades.regrade_touched(database, SchemeCache(), today=today, now=NOW, notify=lambda *_: 0)


def every(
    session: Session, customer: int, *, gap: int, last: date, count: int, amount: int = 100, **more: int
) -> None:
    """Orders of one customer at a regular gap, the last on a day."""
    for number in range(count):
        factories.order(session, customer, last - timedelta(days=gap * number), amount, **more)


def row_of(database: Database, customer: int) -> CustomerFigures:
    with database.read() as session:
        return session.get_one(CustomerFigures, customer)


def test_a_grading_writes_what_each_account_is_worth_by_its_own_rhythm(database: Database) -> None:
    with database.write() as session:
        factories.scheme(session)
        silent, regular, once, nothing = (factories.customer(session, name) for name in "SRON")
        prospect = factories.customer(session, "P", record_type="prospect")
        every(session, silent, gap=30, last=TODAY - timedelta(days=61), count=10, cost=60)
        every(session, regular, gap=30, last=TODAY - timedelta(days=60), count=10)
        factories.order(session, once, TODAY - timedelta(days=100), 500)
    grade(database)
    row = row_of(database, silent)
    assert (row.usual_gap_days, row.order_days, row.basis, row.currency) == (30.0, 10, "margin", "EUR")
    assert row.watch_from == row.last_order + timedelta(days=61) == TODAY  # 61 / 30 > 2, 60 / 30 is not
    assert row.at_risk_from == row.last_order + timedelta(days=91)
    assert float(row.order_value or 0) == 40
    assert (
        float(row.worth) == 10 * 40
    )  # 365.25 / 30 x 40 = 487, but it has never brought more than 400 in a year
    assert row_of(database, regular).basis == "revenue"
    assert float(row_of(database, once).worth) == 0
    assert row_of(database, nothing).last_order is None
    with database.read() as session:
        assert session.get(CustomerFigures, prospect) is None
        shown = set(session.exec(select(CustomerFigures.customer_id).where(stored.silent(TODAY))))
    assert shown == {silent}
    assert differences(database, TODAY) == []


def test_news_write_the_figures_of_those_whom_they_are_about(database: Database, tmp_path: Path) -> None:
    with database.write() as session:
        factories.scheme(session)
        ids = [factories.customer(session, code, code=code) for code in ("K-A", "K-B")]
        for customer in ids:
            every(session, customer, gap=20, last=TODAY - timedelta(days=50), count=8)
    grade(database)
    before = row_of(database, ids[1])
    bring(database, tmp_path, "orders", "order,customer,date,amount,currency", "N1,K-A,2026-04-06,900,EUR")
    later = TODAY + timedelta(days=1)
    regrade(database, later)
    assert (row_of(database, ids[0]).last_order, row_of(database, ids[0]).as_of) == (date(2026, 4, 6), later)
    assert row_of(database, ids[1]) == before
    assert differences(database, later) == []


def test_an_invoice_that_becomes_overdue_is_in_the_figures_on_the_day_after(
    database: Database, tmp_path: Path
) -> None:
    with database.write() as session:
        factories.scheme(session)
        debtor = factories.customer(session, "D")
        session.add(
            Invoice(
                customer_id=debtor,
                source="t",
                external_id="1",
                currency="CNY",
                amount=Decimal(2000),
                invoiced_on=MARCH,
                due_on=TODAY,
            )
        )
    grade(database)
    assert row_of(database, debtor).overdue == 0
    for day in (TODAY + timedelta(days=1), TODAY + timedelta(days=1)):
        figures.follow(database, SchemeCache(), day)
        assert row_of(database, debtor).overdue == 2000
    assert differences(database, TODAY + timedelta(days=1)) == []


def test_an_interrupted_pass_is_due_until_it_is_made_up_for(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as session:
        factories.scheme(session)
        customer = factories.customer(session, "ACME")
    grade(database)
    with database.write() as session:
        every(session, customer, gap=20, last=TODAY, count=8)

    def stopped(*_: object) -> int:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(figures, "write_book", stopped)
        with pytest.raises(RuntimeError):
            grade(database)
    with database.read() as session:
        assert figures.is_due(session)
    figures.follow(database, SchemeCache(), TODAY)
    with database.read() as session:
        assert not figures.is_due(session)
    assert differences(database, TODAY) == []


def test_a_pass_in_chunks_of_few_orders_writes_the_same(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "CHUNK", 4)
    monkeypatch.setattr(figures, "ORDERS", 10)
    with database.write() as session:
        factories.scheme(session)
        ids = [factories.customer(session, f"Firm {number}") for number in range(11)]
        for number, customer in enumerate(ids):
            every(
                session, customer, gap=9, last=TODAY - timedelta(days=7 * number), count=number * 2, cost=60
            )
        order_totals.recount(session.connection())
    grade(database)
    assert differences(database, TODAY) == []
    with database.write() as session:
        for gone in (ids[1], ids[-1]):
            session.get_one(Customer, gone).archived = True
    figures.write_book(database, SchemeCache(), TODAY)
    figures.write_some(database, SchemeCache(), ids, TODAY)
    with database.read() as session:
        assert set(session.exec(select(CustomerFigures.customer_id))) == set(ids[2:-1]) | {ids[0]}


def test_a_pass_asks_as_much_of_many_customers_as_of_few_and_writes_only_what_differs(
    database: Database,
) -> None:
    asked: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        asked.append(statement.split(maxsplit=1)[0])

    counts = []
    with database.write() as session:
        factories.scheme(session)
    event.listen(database.writer, "before_cursor_execute", note)
    for _ in range(2):
        with database.write() as session:
            for _ in range(20):
                every(session, factories.customer(session), gap=30, last=TODAY, count=3)
        assert figures.write_book(database, SchemeCache(), TODAY) == 20
        asked.clear()
        assert figures.write_book(database, SchemeCache(), TODAY) == 0
        counts.append(len(asked))
        changes = [one for one in asked if one in ("INSERT", "UPDATE", "CREATE")]
        assert len(changes) <= 1  # the cursor
    event.remove(database.writer, "before_cursor_execute", note)
    assert counts[0] == counts[1]


def test_what_is_taken_back_or_moved_changes_the_figures_of_everybody_concerned(
    database: Database, tmp_path: Path
) -> None:
    with database.write() as session:
        factories.scheme(session)
        ids = [factories.customer(session, code, code=code) for code in ("K-A", "K-B")]
    header = "order,customer,date,amount,currency"
    bring(database, tmp_path, "orders", header, "N1,K-A,2026-04-01,900,EUR", "N2,K-A,2026-03-01,800,EUR")
    grade(database)
    regrade(database)
    assert (row_of(database, ids[0]).order_days, row_of(database, ids[1]).order_days) == (2, 0)
    bring(
        database, tmp_path, "orders", header, "N1,K-B,2026-04-01,900,EUR", accepted=("order-number-reused",)
    )
    regrade(database)
    assert (row_of(database, ids[0]).order_days, row_of(database, ids[1]).order_days) == (1, 1)
    undo(database, 2, clock=FixedClock(NOW), actor=factories.operator("test"))
    assert {row_of(database, one).stale for one in ids} == {True}
    figures.follow(database, SchemeCache(), TODAY)
    assert (row_of(database, ids[0]).order_days, row_of(database, ids[1]).order_days) == (2, 0)
    assert differences(database, TODAY) == []


def test_an_import_that_moved_rows_of_an_erased_customer_is_not_undone(
    database: Database, tmp_path: Path
) -> None:
    with database.write() as session:
        ids = [factories.customer(session, code, code=code) for code in ("K-A", "K-B")]
    header = "order,customer,date,amount,currency"
    bring(database, tmp_path, "orders", header, "N1,K-A,2026-04-01,900,EUR")
    bring(
        database, tmp_path, "orders", header, "N1,K-B,2026-04-01,900,EUR", accepted=("order-number-reused",)
    )
    erasure.erase(
        database,
        factories.operator("test"),
        partial(subjects.customer, customer_id=ids[0]),
        Wording(mark="[erased]", pseudonym="Former colleague {}".format),
        data_dir=tmp_path,
        admins=(),
        today=TODAY,
        now=NOW,
    )
    with pytest.raises(Conflict, match="a customer whose rows it moved was erased since"):
        undo(database, 2, clock=FixedClock(NOW), actor=factories.operator("test"))
