"""What stands beside orders: their lines, invoices with due and paid days, exchange rates, and their sums per customer."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy import Date, Float, Index, UniqueConstraint, case, cast, func, literal, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import ColumnElement, FunctionElement
from sqlmodel import Field, Session, SQLModel, and_, col, or_

from db.book.customers import among, of_customers, these
from db.book.orders import Order
from db.types import MONEY_UNITS, Money, units


class OrderLine(SQLModel, table=True):
    """One position of an order: what was bought, for how much; returns are negative."""

    __tablename__ = "order_line"
    __table_args__ = (
        UniqueConstraint("order_id", "line"),
        Index("ix_order_line_cover", "order_id", "product_type", "amount", "cost"),
    )
    id: int | None = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="customer_order.id")
    line: str
    product: str | None = None
    product_type: str
    amount: Decimal = Field(sa_type=Money)
    cost: Decimal | None = Field(default=None, sa_type=Money)
    batch_id: int | None = Field(default=None, index=True)


class Invoice(SQLModel, table=True):
    """What a customer owes and since when; credit notes are negative."""

    __tablename__ = "invoice"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        Index("ix_invoice_cover", "customer_id", "due_on", "paid_on", "invoiced_on", "amount"),
    )
    id: int | None = Field(default=None, primary_key=True)
    customer_id: int = Field(foreign_key="customer.id")
    source: str
    external_id: str
    invoiced_on: date
    due_on: date
    paid_on: date | None = None
    amount: Decimal = Field(sa_type=Money)
    currency: str = Field(index=True)
    original_amount: Decimal | None = Field(default=None, sa_type=Money)
    original_currency: str | None = None
    batch_id: int | None = Field(default=None, index=True)


class ExchangeRate(SQLModel, table=True):
    """What one unit of a currency was worth in the firm's, from a day on."""

    __tablename__ = "exchange_rate"
    __table_args__ = (UniqueConstraint("firm_currency", "currency", "day"),)
    id: int | None = Field(default=None, primary_key=True)
    firm_currency: str
    currency: str
    day: date
    rate: str  # a decimal number as text: exact on every database
    batch_id: int | None = Field(default=None, index=True)


class days_between(FunctionElement[float]):  # noqa: N801 - reads as SQL
    """Whole days from the first date to the second, on either database."""

    type = Float()
    inherit_cache = True
    name = "days_between"


@compiles(days_between, "sqlite")
def _days_between_sqlite(element: Any, compiler: Any, **keywords: Any) -> str:
    start, end = (compiler.process(part, **keywords) for part in element.clauses)
    return f"(julianday({end}) - julianday({start}))"


@compiles(days_between)
def _days_between(element: Any, compiler: Any, **keywords: Any) -> str:
    start, end = (compiler.process(part, **keywords) for part in element.clauses)
    return f"CAST(({end} - {start}) AS DOUBLE PRECISION)"


# Put together once: asked for each customer that is graded alone.
_ANY_LINE = select(col(OrderLine.id)).limit(1)
_CURRENCIES = select(col(Invoice.currency)).distinct()


def line_aggregates(
    session: Session, *, as_of: date, start: date, customer_ids: Sequence[int] | None = None
) -> list[tuple[Any, ...]]:
    """One row per customer with order lines in (start, as_of].

    Columns: customer id; product types with a positive net; net and cost of the lines that carry a cost while their
    order carries none, in currency units, or None without such a line.
    """
    if session.connection().execute(_ANY_LINE).first() is None:
        return []  # or all orders would be read to find that out
    amount, cost = units(OrderLine.amount), units(OrderLine.cost)
    costed = and_(cost.is_not(None), units(Order.cost).is_(None))
    types = (
        select(
            col(Order.customer_id),
            func.sum(amount).label("net"),
            func.sum(case((costed, amount))).label("net_with_cost"),
            func.sum(case((costed, cost))).label("cost"),
        )
        .select_from(Order)
        .join(OrderLine, col(OrderLine.order_id) == col(Order.id))
        .where(
            col(Order.ordered_on) > start,
            col(Order.ordered_on) <= as_of,
            of_customers(Order.customer_id, customer_ids),
        )
        .group_by(col(Order.customer_id), col(OrderLine.product_type))
        .subquery()
    )
    statement = select(
        types.c.customer_id,
        func.sum(case((types.c.net > 0, 1), else_=0)),
        func.sum(types.c.net_with_cost) / float(MONEY_UNITS),
        func.sum(types.c.cost) / float(MONEY_UNITS),
    ).group_by(types.c.customer_id)
    return [tuple(row) for row in session.execute(statement)]


def product_types(session: Session, *, as_of: date, start: date) -> int:
    """How many product types were sold to anybody in (start, as_of]."""
    statement = (
        select(func.count(col(OrderLine.product_type).distinct()))
        .select_from(OrderLine)
        .join(Order, col(OrderLine.order_id) == col(Order.id))
        .where(col(Order.ordered_on) > start, col(Order.ordered_on) <= as_of)
    )
    return int(session.execute(statement).scalar_one())


def invoice_aggregates(
    session: Session, *, as_of: date, start: date, customer_ids: Sequence[int] | None = None
) -> list[tuple[Any, ...]]:
    """One row per customer with an invoice up to a day, as it stood at the end of that day.

    Columns: customer id; open amount; the part of it past due; the part past due by more than 90 days; the earliest
    due day of an open invoice past due; then of the invoices due in (start, as_of] that are paid or past due: how
    many, their amount, what of it was paid by the due day, and amount times days late. Money in currency units.
    """
    statement = _invoice_sums(as_of, start, customer_ids is not None)
    return [tuple(row) for row in session.connection().execute(statement, these(customer_ids))]


@lru_cache(maxsize=8)  # of one customer's sums, putting the question together was most of the time
def _invoice_sums(as_of: date, start: date, named: bool) -> Any:
    amount, due, paid = units(Invoice.amount), col(Invoice.due_on), col(Invoice.paid_on)
    is_open = or_(paid.is_(None), paid > as_of)
    overdue = and_(is_open, due < as_of)
    decided = and_(amount > 0, due > start, due <= as_of, or_(due < as_of, paid <= as_of))
    last = literal(as_of, Date)
    late = days_between(due, case((is_open, last), else_=paid))

    def total(condition: Any, value: Any = amount) -> ColumnElement[Any]:
        return func.sum(case((condition, value), else_=0)) / float(MONEY_UNITS)

    return (
        select(
            col(Invoice.customer_id),
            total(is_open),
            total(overdue),
            total(and_(is_open, due < as_of - timedelta(days=90))),
            func.min(case((and_(overdue, amount > 0), due))),
            func.sum(case((decided, 1), else_=0)),
            total(decided),
            total(and_(decided, paid <= due)),
            # As floating point: an amount times its days may be more than 64 bits hold.
            func.sum(case((and_(decided, late > 0), cast(amount, Float) * late), else_=0.0))
            / float(MONEY_UNITS),
        )
        .where(col(Invoice.invoiced_on) <= as_of, among(Invoice.customer_id, named))
        .group_by(col(Invoice.customer_id))
    )


def invoice_currencies(session: Session) -> list[str]:
    """The currencies that invoices are kept in."""
    return sorted(session.connection().execute(_CURRENCIES).scalars())


def rates_to(connection: Any, firm_currency: str) -> Sequence[tuple[str, date, str]]:
    """(currency, day, rate) of every rate to a currency, oldest first."""
    statement = (
        select(col(ExchangeRate.currency), col(ExchangeRate.day), col(ExchangeRate.rate))
        .where(col(ExchangeRate.firm_currency) == firm_currency)
        .order_by(col(ExchangeRate.day))
    )
    return [(row[0], row[1], row[2]) for row in connection.execute(statement)]
