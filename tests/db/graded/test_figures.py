"""What is at risk of a whole book is read from indexes, and conditions are the same on both databases."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event, insert
from sqlmodel import Session, select

from db.engine import Database
from db.graded import figures
from db.graded.figures import FIGURES, CustomerFigures
from db.graded.risk import sums
from tests import factories
from tests.conftest import on_sqlite

TODAY = date(2026, 4, 7)
MONEY = ("worth", "fall", "exposure", "approved_limit")


def add(session: Session, **values: Any) -> int:
    customer = factories.customer(session)
    given = {
        "customer_id": customer,
        "as_of": TODAY,
        "currency": "EUR",
        "basis": "margin",
        "worth": 0,
        "fall": 0,
    }
    money = {name: Decimal(one) for name, one in {**given, **values}.items() if name in MONEY}
    session.connection().execute(insert(FIGURES).values({**given, **values, **money}))
    return customer


def test_conditions_of_a_day(database: Database) -> None:
    with database.write() as session:
        watched = add(session, watch_from=TODAY, at_risk_from=TODAY + timedelta(days=9), worth=5, fall=3)
        lost = add(session, watch_from=TODAY - timedelta(days=9), at_risk_from=TODAY, worth=7)
        fell = add(session, watch_from=TODAY + timedelta(days=1), worth=5, fall=3)
        over = add(
            session, exposure=11, approved_limit=10, oldest_due=TODAY - timedelta(days=1), owed_currency="EUR"
        )
        add(
            session,
            exposure=11,
            approved_limit=10,
            oldest_due=TODAY,
            owed_currency="EUR",
            limit_currency="USD",
        )
        found = {
            name: set(session.exec(select(CustomerFigures.customer_id).where(condition)))
            for name, condition in (
                ("silent", figures.silent(TODAY)),
                ("at_risk", figures.at_risk(TODAY)),
                ("falling", figures.falling(TODAY)),
                ("overdue", figures.overdue(TODAY)),
                ("over_limit", figures.over_limit()),
                ("any", figures.has_value_at_risk(TODAY)),
            )
        }
        worth = {
            row[0]: row[1]
            for row in session.execute(select(FIGURES.c.customer_id, figures.value_at_risk(TODAY)))
        }
    assert found == {
        "silent": {watched, lost},
        "at_risk": {lost},
        "falling": {fell},
        "overdue": {over},
        "over_limit": {over},
        "any": {watched, lost, fell},
    }
    assert [worth[one] for one in (watched, lost, fell, over)] == [50_000, 70_000, 30_000, 0]


@on_sqlite
def test_sums_and_the_largest_of_a_whole_book_go_by_indexes(database: Database) -> None:
    asked: list[tuple[str, Any]] = []
    with database.write() as session:
        for number in range(30):
            add(session, watch_from=TODAY - timedelta(days=number), worth=number)

        def note(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
            asked.append((statement, parameters))

        event.listen(database.writer, "before_cursor_execute", note)
        sums.sums(session, TODAY, None)
        found = sums.largest(session, TODAY, None, limit=3)
        sums.known(session, None)
        event.remove(database.writer, "before_cursor_execute", note)
        plans = [
            [
                row[3]
                for row in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            ]
            for statement, parameters in asked
        ]
    assert [float(one.figures.worth) for one in found] == [29, 28, 27]
    steps = [step for plan in plans for step in plan if "customer_figures" in step]
    assert len(steps) >= 6
    assert [step for step in steps if "INDEX" not in step and "INTEGER PRIMARY KEY" not in step] == []


@pytest.mark.parametrize("gone", ["archived", "prospect"])
def test_only_unarchived_accounts_have_figures(database: Database, gone: str) -> None:
    with database.write() as session:
        stays = factories.customer(session)
        goes = factories.customer(
            session, archived=gone == "archived", record_type="prospect" if gone == "prospect" else "account"
        )
        assert figures.accounts(session, [stays, goes]) == [stays]
