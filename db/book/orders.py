"""Orders, and what they come to per customer, summed up where they live."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from operator import itemgetter, sub
from typing import Any

from sqlalchemy import Index, Text, UniqueConstraint, case, exists, func, literal, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import ColumnElement, FunctionElement
from sqlmodel import Field, Session, SQLModel, and_, col

from db.book.customers import Customer, among, these
from db.types import MONEY_UNITS, Money, units

PAGE = 2_000  # rows fetched at once: a customer's days may be a kilobyte


class Order(SQLModel, table=True):
    """One order, invoice or credit note; returns are negative."""

    __tablename__ = "customer_order"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        Index("ix_customer_order_cover", "customer_id", "ordered_on", "amount", "cost"),
    )
    id: int | None = Field(default=None, primary_key=True)
    customer_id: int = Field(foreign_key="customer.id")
    source: str
    external_id: str
    ordered_on: date
    amount: Decimal = Field(sa_type=Money)
    cost: Decimal | None = Field(default=None, sa_type=Money)
    currency: str
    original_amount: Decimal | None = Field(
        default=None, sa_type=Money
    )  # as the file gave it, before conversion
    original_currency: str | None = None
    batch_id: int | None = Field(default=None, index=True)


class joined_days(FunctionElement[str]):  # noqa: N801 - reads as SQL
    """Days as one text with commas between them, in any order."""

    type = Text()
    inherit_cache = True
    name = "joined_days"


@compiles(joined_days, "sqlite")
def _joined_days_sqlite(element: Any, compiler: Any, **keywords: Any) -> str:
    return f"group_concat({compiler.process(element.clauses, **keywords)})"


@compiles(joined_days)
def _joined_days(element: Any, compiler: Any, **keywords: Any) -> str:
    return f"string_agg(CAST({compiler.process(element.clauses, **keywords)} AS TEXT), ',')"


def order_aggregates(
    session: Session,
    *,
    as_of: date,
    quarters: Sequence[date],
    previous_start: date,
    record_type: str = "account",
    customer_ids: Sequence[int] | None = None,
    usual_gaps: bool = True,
) -> list[tuple[Any, ...]]:
    """One row per customer of a record type (or of these alone), computed where the orders live.

    `quarters` are the five edges of the four three-month windows, oldest first, the last being `as_of`; a window
    is open at its start. Columns: customer id, net in the 12 months, net in the 12 months before, orders, net of
    rows that carry a cost, those costs, active quarters, first order, last order, days with an order, median gap
    between them in days, since. Money in currency units. A customer without orders has None everywhere. Without
    `usual_gaps` days and gap are None for everybody: they are half of the work.

    Every question is a range of the index on customer and day: conditional sums over all of a customer's rows, each
    compared with every edge of every window, took nine times as long.
    """
    named = customer_ids is not None
    statement = _order_sums(as_of, tuple(quarters), previous_start, record_type, named, usual_gaps)
    ordinals = _Ordinals()
    found = session.connection().execute(
        statement, these(customer_ids), execution_options={"yield_per": PAGE}
    )
    rows = [(*row[:9], *_rhythm(row[9], ordinals), row[10]) for row in found]
    # They come in this order already, but SQLite would not rely on it, and sort the days along.
    return sorted(rows, key=itemgetter(0))


@lru_cache(maxsize=8)  # of one customer's sums, putting the question together was most of the time
def _order_sums(
    as_of: date,
    quarters: tuple[date, ...],
    previous_start: date,
    record_type: str,
    named: bool,
    usual_gaps: bool,
) -> Any:
    start, net = quarters[0], func.sum(units(Order.amount))
    sold = units(Order.amount) > 0

    def of(*conditions: Any) -> Any:
        """What is asked of the orders of the customer at hand."""
        return and_(col(Order.customer_id) == col(Customer.id), *conditions)

    def within(after: date, until: date) -> Any:
        return and_(col(Order.ordered_on) > after, col(Order.ordered_on) <= until)

    def one(what: Any, *conditions: Any) -> ColumnElement[Any]:
        return select(what).where(of(*conditions)).correlate(Customer).scalar_subquery()

    def any_in(after: date, until: date) -> ColumnElement[Any]:
        return case((exists(select(1).where(of(within(after, until), sold)).correlate(Customer)), 1), else_=0)

    ever, day = col(Order.ordered_on) <= as_of, col(Order.ordered_on)
    first, last = (
        select(day).where(of(ever, sold)).order_by(way).limit(1).correlate(Customer).scalar_subquery()
        for way in (day, day.desc())
    )
    costed = units(Order.cost).is_not(None)
    year = (
        select(
            col(Customer.id),
            net.label("net"),
            one(net, within(previous_start, start)).label("net_previous"),
            func.sum(case((sold, 1))).label("orders"),
            func.sum(case((costed, units(Order.amount)))).label("net_with_cost"),
            func.sum(units(Order.cost)).label("cost"),
            sum((any_in(a, b) for a, b in pairwise(quarters)), start=literal(0)).label("active"),
            first.label("first"),
            last.label("last"),
            (one(joined_days(day), ever, sold) if usual_gaps else literal(None)).label("days"),
            # Whoever ordered before the window has zeros in it; who never did, nothing at all.
            case((exists(select(1).where(of(ever)).correlate(Customer)), 0)).label("none"),
            col(Customer.since),
        )
        .select_from(Customer)
        .outerjoin(Order, of(within(start, as_of)))
        .where(
            col(Customer.record_type) == record_type,
            col(Customer.archived).is_(False),
            among(Customer.id, named),
        )
        .group_by(col(Customer.id))
        .subquery()
    )
    found, scale = year.c, float(MONEY_UNITS)
    return select(
        found.id,
        func.coalesce(found.net, found.none) / scale,
        func.coalesce(found.net_previous, found.none) / scale,
        func.coalesce(found.orders, found.none),
        found.net_with_cost / scale,
        found.cost / scale,
        found.active + found.none,
        found.first,
        found.last,
        found.days,
        found.since,
    )


def first_and_last(session: Session) -> tuple[date, date] | None:
    """The days of the first and the last order of all; None without any."""
    first, last = session.execute(
        select(func.min(col(Order.ordered_on)), func.max(col(Order.ordered_on)))
    ).one()
    return None if first is None else (first, last)


class _Ordinals(dict[str, int]):
    """Days as numbers, each read once: a book has few thousand of them, and millions of orders."""

    def __missing__(self, day: str) -> int:
        self[day] = number = date.fromisoformat(day).toordinal()
        return number


def _rhythm(days: str | None, ordinals: _Ordinals) -> tuple[int | None, float | None]:
    """How many days, and the median of those between one and the next; None where there is none."""
    if not days:
        return None, None
    known = sorted(set(map(ordinals.__getitem__, days.split(","))))
    gaps = sorted(map(sub, known[1:], known))
    if not gaps:
        return 1, None
    middle = len(gaps) // 2
    return len(known), float(gaps[middle]) if len(gaps) % 2 else (gaps[middle - 1] + gaps[middle]) / 2
