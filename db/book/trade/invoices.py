"""Invoices with due and paid days, and their sums per customer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy import Date, Float, Index, UniqueConstraint, bindparam, case, cast, func, literal, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import ColumnElement, FunctionElement
from sqlmodel import Field, Session, and_, col, or_

from db.book.customers import among, customers_parameter, of_list
from db.types import ImportedRow, Money, in_currency, units


class Invoice(ImportedRow, table=True):
    """What a customer owes and since when; credit notes are negative."""

    __tablename__ = "invoice"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        Index("ix_invoice_cover", "customer_id", "due_on", "paid_on", "invoiced_on", "amount"),
    )
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


class days_between(FunctionElement[float]):  # noqa: N801 - reads as SQL
    """Whole days from the first date to the second."""

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


_CURRENCIES = select(col(Invoice.currency)).distinct()
_CURRENCIES_OF = _CURRENCIES.where(of_list(Invoice.customer_id))


@dataclass(frozen=True, kw_only=True)
class Paid:
    """Payments to come: open invoices due on `due_from` or later on their due day, earlier ones on `overdue_on`, if at all."""

    due_from: date
    overdue_on: date | None


def invoice_aggregates(
    session: Session,
    *,
    as_of: date,
    start: date,
    customer_ids: Sequence[int] | None = None,
    paid: Paid | None = None,
) -> list[tuple[Any, ...]]:
    """One row per customer with an invoice up to a day, as it stood at the end of that day.

    Columns: customer id; open amount; the part of it past due; the part past due by more than 90 days; the earliest
    due day of an open invoice past due; then of the invoices due in (start, as_of] that are paid or past due: how
    many, their amount, what of it was paid by the due day, and amount times days late. Money in currency units.
    With `paid`, as if those payments had been made.
    """
    statement = _invoice_sums(as_of, start, customer_ids is not None, paid)
    return [tuple(row) for row in session.connection().execute(statement, customers_parameter(customer_ids))]


@lru_cache(maxsize=8)  # for one customer, building the statement took most of the time
def _invoice_sums(as_of: date, start: date, named: bool, to_come: Paid | None) -> Any:
    amount, due, paid = units(Invoice.amount), col(Invoice.due_on), _paid_on(to_come)
    is_open = or_(paid.is_(None), paid > as_of)
    overdue = and_(is_open, due < as_of)
    decided = and_(amount > 0, due > start, due <= as_of, or_(due < as_of, paid <= as_of))
    last = literal(as_of, Date)
    late = days_between(due, case((is_open, last), else_=paid))

    def total(condition: Any, value: Any = amount) -> ColumnElement[Any]:
        return in_currency(func.sum(case((condition, value), else_=0)))

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
            # As floating point: an amount times its days may need more than 64 bits.
            total(and_(decided, late > 0), cast(amount, Float) * late),
        )
        .where(col(Invoice.invoiced_on) <= as_of, among(Invoice.customer_id, named))
        .group_by(col(Invoice.customer_id))
    )


def owed(session: Session, *, as_of: date, customer_ids: Sequence[int]) -> list[tuple[Any, ...]]:
    """One row per customer of these with an invoice up to a day, as it stood at the end of that day.

    Columns: customer id; the currency of its invoices, None for several; open amount and the part of it past due, in
    ten-thousandths, net of credit notes; the earliest due day of an open invoice, over or not.
    """
    rows = session.connection().execute(_OWED, {"as_of": as_of, "customers": customer_ids})
    return [(row[0], row[1] if row[1] == row[2] else None, *row[3:]) for row in rows]


_DAY = bindparam("as_of", type_=Date)
_OPEN = or_(col(Invoice.paid_on).is_(None), col(Invoice.paid_on) > _DAY)
_OWED = (
    select(
        col(Invoice.customer_id),
        func.min(col(Invoice.currency)),
        func.max(col(Invoice.currency)),
        func.sum(case((_OPEN, units(Invoice.amount)), else_=0)),
        func.sum(case((and_(_OPEN, col(Invoice.due_on) < _DAY), units(Invoice.amount)), else_=0)),
        func.min(case((and_(_OPEN, units(Invoice.amount) > 0), col(Invoice.due_on)))),
    )
    .where(col(Invoice.invoiced_on) <= _DAY, of_list(Invoice.customer_id))
    .group_by(col(Invoice.customer_id))
)


def _paid_on(to_come: Paid | None) -> Any:
    """The day of payment, with those to come."""
    due, paid = col(Invoice.due_on), col(Invoice.paid_on)
    if to_come is None:
        return paid
    late = literal(to_come.overdue_on, Date)
    return func.coalesce(paid, case((due >= to_come.due_from, due), else_=late), type_=Date)


def invoice_currencies(session: Session, customer_ids: Sequence[int] | None = None) -> list[str]:
    """The currencies of all invoices, or of those of some customers."""
    if customer_ids is None:
        return sorted(session.connection().execute(_CURRENCIES).scalars())
    found = session.connection().execute(_CURRENCIES_OF, {"customers": customer_ids})
    return sorted(found.scalars())
