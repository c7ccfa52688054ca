"""Instants and money are read as they were written."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.exc import StatementError
from sqlmodel import col, select

from db.book.trade.orders import Order
from db.engine import Database
from db.processes import Heartbeat
from db.types import money_units
from tests import factories

SHANGHAI = timezone(timedelta(hours=8))


def test_an_instant_is_read_in_utc_and_sorts_by_time(database: Database) -> None:
    later = datetime(2026, 3, 2, 9, 0, tzinfo=SHANGHAI)  # 01:00 UTC
    earlier = datetime(2026, 3, 2, 0, 30, 0, 1, tzinfo=UTC)
    with database.write() as session:
        session.add_all(Heartbeat(role="r", boot_id=str(n), at=at) for n, at in enumerate((later, earlier)))
    with database.read() as session:
        found = session.exec(select(Heartbeat.at).order_by(col(Heartbeat.at))).all()
        assert found == [earlier, later]
        assert {at.tzinfo for at in found} == {UTC}
        assert session.exec(select(Heartbeat.boot_id).where(Heartbeat.at < later)).all() == ["1"]


def test_a_naive_instant_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="naive datetime"), database.write() as session:
        session.add(Heartbeat(role="r", boot_id="b", at=datetime(2026, 3, 2)))


def test_money_is_exact(database: Database) -> None:
    with database.write() as session:
        customer = factories.customer(session)
        factories.order(session, customer, factories.LONG_AGO, "0.1", cost="-12345678901.2345")
    with database.read() as session:
        assert session.execute(text("SELECT amount, cost FROM customer_order")).one() == (
            1000,
            -123456789012345,
        )
        order = session.exec(select(Order)).one()
        assert (order.amount, order.cost) == (Decimal("0.1"), Decimal("-12345678901.2345"))


def test_half_a_unit_is_rounded_away_from_zero() -> None:
    assert money_units(Decimal("1.00005")) == 10_001
    assert money_units(Decimal("-1.00005")) == -10_001
