"""What one customer ordered and owes, in each currency, for people who read it; by the indexes on customer and day."""

from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import case, func, select
from sqlmodel import Session, col, or_

from db.book.trade.invoices import Invoice
from db.book.trade.orders import Order
from db.types import MONEY_UNITS, units


class OrderSums(NamedTuple):
    """Net amounts in a currency: of (start, today], and of the window before; orders of the first, returns not counted."""

    currency: str
    year: Decimal
    year_before: Decimal
    orders: int


class OrderDay(NamedTuple):
    """A day with an order, and the orders of that day together; returns not counted."""

    currency: str
    day: date
    amount: Decimal


class OpenSums(NamedTuple):
    """Open invoices in a currency, net of credit notes, and the part of them past due."""

    currency: str
    exposure: Decimal
    overdue: Decimal


class OverdueRow(NamedTuple):
    """An open invoice past due."""

    number: str
    due_on: date
    amount: Decimal
    currency: str


def order_sums(
    session: Session, customer_id: int, *, earlier: date, start: date, until: date
) -> list[OrderSums]:
    """Sums of (start, until] and of (earlier, start] by currency, the largest first."""
    day, amount = col(Order.ordered_on), units(Order.amount)
    rows = session.connection().execute(
        select(
            col(Order.currency),
            func.sum(case((day > start, amount), else_=0)),
            func.sum(case((day <= start, amount), else_=0)),
            func.sum(case(((day > start) & (amount > 0), 1), else_=0)),
        )
        .where(col(Order.customer_id) == customer_id, day > earlier, day <= until)
        .group_by(col(Order.currency))
    )
    found = [OrderSums(row[0], _money(row[1]), _money(row[2]), int(row[3])) for row in rows]
    return sorted(found, key=lambda one: (-one.year, -one.year_before, one.currency))


def last_orders(session: Session, customer_id: int, until: date) -> list[OrderDay]:
    """The last day up to another on which a customer ordered, by currency; none without an order."""
    mine = (col(Order.customer_id) == customer_id, col(Order.ordered_on) <= until, units(Order.amount) > 0)
    last = select(func.max(col(Order.ordered_on))).where(*mine).scalar_subquery()
    rows = session.connection().execute(
        select(col(Order.currency), col(Order.ordered_on), func.sum(units(Order.amount)))
        .where(*mine, col(Order.ordered_on) == last)
        .group_by(col(Order.currency), col(Order.ordered_on))
        .order_by(col(Order.currency))
    )
    return [OrderDay(row[0], row[1], _money(row[2])) for row in rows]


def sums_between(session: Session, customer_id: int, *, first: date, last: date) -> list[OrderSums]:
    """Net amounts and orders of the days first to last, both included, by currency; `year_before` is 0."""
    day, amount = col(Order.ordered_on), units(Order.amount)
    rows = session.connection().execute(
        select(col(Order.currency), func.sum(amount), func.sum(case((amount > 0, 1), else_=0)))
        .where(col(Order.customer_id) == customer_id, day >= first, day <= last)
        .group_by(col(Order.currency))
        .order_by(col(Order.currency))
    )
    return [OrderSums(row[0], _money(row[1]), Decimal(0), int(row[2])) for row in rows]


def open_sums(session: Session, customer_id: int, today: date) -> list[OpenSums]:
    """What a customer owes at the end of a day by currency, the largest first."""
    amount = units(Invoice.amount)
    rows = session.connection().execute(
        select(
            col(Invoice.currency),
            func.sum(amount),
            func.sum(case((col(Invoice.due_on) < today, amount), else_=0)),
        )
        .where(*_open(customer_id, today))
        .group_by(col(Invoice.currency))
    )
    found = [OpenSums(row[0], _money(row[1]), _money(row[2])) for row in rows]
    return sorted(found, key=lambda one: (-one.exposure, one.currency))


def overdue_invoices(
    session: Session, customer_id: int, today: date, most: int
) -> tuple[list[OverdueRow], int]:
    """(invoices past due, the oldest first; how many there are)."""
    late = (*_open(customer_id, today), col(Invoice.due_on) < today, units(Invoice.amount) > 0)
    connection = session.connection()
    total: int = connection.execute(select(func.count()).select_from(Invoice).where(*late)).scalar_one()
    columns = (col(Invoice.external_id), col(Invoice.due_on), units(Invoice.amount), col(Invoice.currency))
    rows = connection.execute(
        select(*columns).where(*late).order_by(col(Invoice.due_on), col(Invoice.id)).limit(most)
    )
    return [OverdueRow(row[0], row[1], _money(row[2]), row[3]) for row in rows], total


def _open(customer_id: int, today: date) -> tuple[Any, ...]:
    """Conditions: invoices of a customer that are open at the end of a day."""
    paid = col(Invoice.paid_on)
    return (
        col(Invoice.customer_id) == customer_id,
        col(Invoice.invoiced_on) <= today,
        or_(paid.is_(None), paid > today),
    )


def _money(stored: Any) -> Decimal:
    return Decimal(int(stored or 0)) / MONEY_UNITS
