"""Totals of each customer's orders, updated in the transaction that changes the orders.

They hold only counts and sums, which can be subtracted as exactly as they were added; windows and first and last days
are read from the orders. So an update reads only the orders that change: a correction is a minus and a plus.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast as typed

from sqlalchemy import (
    BigInteger,
    Connection,
    String,
    Table,
    bindparam,
    cast,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.sql.expression import ColumnElement
from sqlmodel import Field, Session, SQLModel, col

from db.book.customers import Customer, of_list
from db.book.trade.orders import Order
from db.engine import insert
from db.types import MONEY_UNITS, units


class OrderTotal(SQLModel, table=True):
    """How many orders a customer has in a currency, and their sum less returns."""

    __tablename__ = "order_total"
    currency: str = Field(primary_key=True)
    customer_id: int = Field(primary_key=True, foreign_key="customer.id", index=True)
    orders: int
    net: int = Field(sa_type=BigInteger)  # ten-thousandths


@dataclass(frozen=True, kw_only=True)
class Discrepancy:
    """A stored total that differs from the orders: stored less counted, money in units of the currency."""

    customer: str  # code
    currency: str
    orders: int
    net: float


_total = typed(Table, OrderTotal.__table__)  # type: ignore[attr-defined]


def add(connection: Connection, which: ColumnElement[bool], sign: int = 1) -> None:
    """Add the orders that meet a condition to the totals, or subtract them (-1) before they change."""
    moved = (
        select(
            col(Order.currency),
            col(Order.customer_id),
            func.count() * sign,
            func.sum(units(Order.amount)) * sign,
        )
        .where(which)
        .group_by(col(Order.currency), col(Order.customer_id))
    )
    statement = insert(connection, _total).from_select(["currency", "customer_id", "orders", "net"], moved)
    new = statement.excluded
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[_total.c.currency, _total.c.customer_id],
            set_={"orders": _total.c.orders + new.orders, "net": _total.c.net + new.net},
        )
    )


@contextmanager
def adjusted(connection: Connection, which: ColumnElement[bool]) -> Iterator[None]:
    """Apply to the totals what the block does to the orders of a condition; the same orders must meet it afterwards."""
    add(connection, which, -1)
    yield
    add(connection, which)
    # The currency of a total without orders would count as one in use.
    connection.execute(_total.delete().where(_total.c.orders == 0, _total.c.net == 0))


def recount(connection: Connection) -> None:
    """Compute all totals again from the orders."""
    connection.execute(_total.delete())
    add(connection, true())


def discrepancies(session: Session) -> list[Discrepancy]:
    """Where the totals differ from the orders; reads every order."""
    stored = select(_total.c.currency, _total.c.customer_id, _total.c.orders, _total.c.net)
    counted = select(col(Order.currency), col(Order.customer_id), literal(-1), -units(Order.amount))
    both = union_all(stored, counted).subquery()
    orders, net = func.sum(both.c.orders), func.sum(both.c.net)
    statement = (
        select(col(Customer.code), both.c.currency, orders, net)
        .join(Customer, col(Customer.id) == both.c.customer_id)
        .group_by(both.c.customer_id, col(Customer.code), both.c.currency)
        .having(or_(orders != 0, net != 0))
        .order_by(col(Customer.code), both.c.currency)
    )
    return [
        Discrepancy(customer=row[0], currency=row[1], orders=int(row[2]), net=float(row[3]) / MONEY_UNITS)
        for row in session.execute(statement)
    ]


def currencies(session: Session) -> list[tuple[str, int]]:
    """How many orders there are in each currency, most first."""
    count = func.sum(_total.c.orders)
    rows = session.execute(select(_total.c.currency, count).group_by(_total.c.currency))
    return sorted(((row[0], int(row[1])) for row in rows), key=lambda row: (-row[1], row[0]))


def currencies_of(session: Session, customer_ids: Sequence[int]) -> dict[int, str | None]:
    """Customer -> the currency of its orders, None where there are several; of those of these with orders."""
    # As two texts: rows took almost twice as long.
    customers, codes = session.connection().execute(_CURRENCIES, {"customers": customer_ids}).one()
    found: dict[int, str | None] = {}
    if customers is None:
        return found
    for customer, currency in zip(map(int, customers.split(",")), codes.split(","), strict=True):
        found[customer] = None if customer in found else currency
    return found


def orders_of(session: Session, customer_ids: Sequence[int]) -> int:
    """How many orders these customers have."""
    return session.connection().scalar(_ORDERS, {"customers": customer_ids}) or 0


_ORDERS = select(func.sum(_total.c.orders)).where(of_list(_total.c.customer_id))
_CURRENCIES = select(
    func.aggregate_strings(cast(_total.c.customer_id, String), ","),
    func.aggregate_strings(_total.c.currency, ","),
).where(of_list(_total.c.customer_id))
# Two ranges of the key: `!=` would read all of it each time a single customer is graded.
_FOREIGN = (
    select(1)
    .where(or_(_total.c.currency < bindparam("currency"), _total.c.currency > bindparam("currency")))
    .limit(1)
)


def foreign_orders(session: Session, currency: str) -> tuple[str, int] | None:
    """The most frequent other currency of orders, and how many orders it has; None without one."""
    if session.connection().execute(_FOREIGN, {"currency": currency}).first() is None:
        return None
    return next(row for row in currencies(session) if row[0] != currency)
