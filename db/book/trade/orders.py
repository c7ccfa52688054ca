"""Orders, and their sums per customer, computed in the database."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from operator import itemgetter, sub
from typing import Any

from sqlalchemy import (
    BigInteger,
    Index,
    String,
    UniqueConstraint,
    bindparam,
    case,
    cast,
    distinct,
    exists,
    func,
    literal,
    select,
)
from sqlalchemy.sql.expression import ColumnElement
from sqlmodel import Field, Session, and_, col

from db.book.customers import Customer, among, customers_parameter, of_customers, of_list, of_type
from db.types import ImportedRow, Money, in_currency, units

NO_COST = -(2**63)  # in `single_orders`: no cost is as low
PAGE = 2_000  # rows fetched at once: the days of one customer may be a kilobyte


class Order(ImportedRow, table=True):
    """One order, invoice or credit note; returns are negative."""

    __tablename__ = "customer_order"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        Index("ix_customer_order_cover", "customer_id", "ordered_on", "amount", "cost"),
    )
    customer_id: int = Field(foreign_key="customer.id")
    source: str
    external_id: str
    ordered_on: date
    amount: Decimal = Field(sa_type=Money)
    cost: Decimal | None = Field(default=None, sa_type=Money)
    currency: str
    original_amount: Decimal | None = Field(default=None, sa_type=Money)  # in the file, before conversion
    original_currency: str | None = None


def ordered_in(after: date, until: date) -> ColumnElement[bool]:
    """Condition: orders of the days in (after, until]."""
    return and_(col(Order.ordered_on) > after, col(Order.ordered_on) <= until)


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
    """One row per customer of a record type, or only of these customers.

    `quarters` are the five edges of the four three-month windows, oldest first, the last being `as_of`; a window
    is open at its start. Columns: customer id, net in the 12 months, net in the 12 months before, orders, net of
    rows with a cost, those costs, active quarters, first order, last order, days with an order, median gap
    between them in days, since, returns without a cost. Money in currency units. A customer without orders has None everywhere. Without
    `usual_gaps` days and gap are None for all customers: they are half of the work.

    Every subquery is a range of the index on customer and day: conditional sums over all rows of a customer, each
    compared with every edge of every window, took nine times as long.
    """
    named = customer_ids is not None
    statement = _order_sums(as_of, tuple(quarters), previous_start, record_type, named, usual_gaps)
    ordinals = _Ordinals()
    found = session.connection().execute(
        statement, customers_parameter(customer_ids), execution_options={"yield_per": PAGE}
    )
    rows = [(*row[:9], *_rhythm(row[9], ordinals), *row[10:]) for row in found]
    # Not ORDER BY: SQLite would sort the texts of days too, although the rows come in this order already.
    return sorted(rows, key=itemgetter(0))


@lru_cache(maxsize=8)  # for one customer, building the statement took most of the time
def _order_sums(
    as_of: date,
    quarters: tuple[date, ...],
    previous_start: date,
    record_type: str,
    named: bool,
    usual_gaps: bool,
) -> Any:
    start, net, day = quarters[0], func.sum(units(Order.amount)), col(Order.ordered_on)
    sold, until_now = units(Order.amount) > 0, day <= as_of

    def of(*conditions: Any) -> Any:
        return and_(col(Order.customer_id) == col(Customer.id), *conditions)

    def one(what: Any, *conditions: Any) -> Any:
        return select(what).where(of(*conditions)).correlate(Customer)

    def any_in(after: date, until: date) -> ColumnElement[Any]:
        return case((exists(one(1, ordered_in(after, until), sold)), 1), else_=0)

    first, last = (
        one(day, until_now, sold).order_by(way).limit(1).scalar_subquery() for way in (day, day.desc())
    )
    days = one(func.aggregate_strings(cast(day, String), ","), until_now, sold).scalar_subquery()
    year = (
        select(
            col(Customer.id),
            net.label("net"),
            one(net, ordered_in(previous_start, start)).scalar_subquery().label("net_previous"),
            func.sum(case((sold, 1))).label("orders"),
            func.sum(case((units(Order.cost).is_not(None), units(Order.amount)))).label("net_with_cost"),
            func.sum(units(Order.cost)).label("cost"),
            sum((any_in(a, b) for a, b in pairwise(quarters)), start=literal(0)).label("active"),
            first.label("first"),
            last.label("last"),
            (days if usual_gaps else literal(None)).label("days"),
            # 0 for a customer who ordered before the window, NULL for one who never ordered.
            case((exists(one(1, until_now)), 0)).label("none"),
            col(Customer.since),
            func.sum(case((_returned_without_cost(), 1))).label("returned"),
        )
        .select_from(Customer)
        .outerjoin(Order, of(ordered_in(start, as_of)))
        .where(of_type(record_type), among(Customer.id, named))
        .group_by(col(Customer.id))
        .subquery()
    )
    found = year.c
    return select(
        found.id,
        in_currency(func.coalesce(found.net, found.none)),
        in_currency(func.coalesce(found.net_previous, found.none)),
        func.coalesce(found.orders, found.none),
        in_currency(found.net_with_cost),
        in_currency(found.cost),
        found.active + found.none,
        found.first,
        found.last,
        found.days,
        found.since,
        func.coalesce(found.returned, found.none),
    )


def _returned_without_cost() -> ColumnElement[bool]:
    """Condition: a return whose cost is not known, so that a margin without it would be too high."""
    return and_(units(Order.amount) < 0, units(Order.cost).is_(None))


def purchases(
    session: Session,
    *,
    start: date,
    earlier: date,
    as_of: date,
    customer_ids: Sequence[int] | None = None,
) -> list[tuple[Any, ...]]:
    """One row per account, or per one of some, that ordered in (earlier, as_of].

    Columns: customer id; days with an order in (start, as_of]; the same in (earlier, as_of]; and of that longer
    window the net amount, net amount and cost of rows with a cost, None without any, and how many returns have no
    cost. Money in currency units.
    """
    day, amount, cost = col(Order.ordered_on), units(Order.amount), units(Order.cost)
    statement = (
        select(
            col(Order.customer_id),
            func.count(distinct(case((and_(amount > 0, day > start), day)))),
            func.count(distinct(case((amount > 0, day)))),
            in_currency(func.sum(amount)),
            in_currency(func.sum(case((cost.is_not(None), amount)))),
            in_currency(func.sum(cost)),
            func.sum(case((_returned_without_cost(), 1), else_=0)),
        )
        .join(Customer, col(Customer.id) == col(Order.customer_id))
        .where(ordered_in(earlier, as_of), of_type("account"), of_customers(Order.customer_id, customer_ids))
        .group_by(col(Order.customer_id))
        .order_by(col(Order.customer_id))
    )
    return [tuple(row) for row in session.execute(statement)]


def net_between(session: Session, *, after: date, until: date) -> list[tuple[int, float]]:
    """(customer id, net amount in currency units) of the orders in (after, until]."""
    statement = (
        select(col(Order.customer_id), in_currency(func.sum(units(Order.amount))))
        .where(ordered_in(after, until))
        .group_by(col(Order.customer_id))
    )
    return [(row[0], row[1]) for row in session.execute(statement)]


def order_days(session: Session, *, customer_id: int, as_of: date) -> list[date]:
    """The distinct days up to a day on which a customer ordered, in order."""
    day = col(Order.ordered_on)
    mine = and_(col(Order.customer_id) == customer_id, day <= as_of, units(Order.amount) > 0)
    return list(session.scalars(select(day).where(mine).distinct().order_by(day)))


def single_orders(
    session: Session, *, as_of: date, customer_ids: Sequence[int]
) -> tuple[str, str, str, str] | None:
    """The orders of these customers up to a day, as columns joined by commas for numpy to split; None without any.

    Customer ids, days, and in ten-thousandths amounts and costs, NO_COST where unknown. A row for each order, or a group
    for each customer, took twice as long.
    """
    row = session.connection().execute(_SINGLE, {"as_of": as_of, "customers": customer_ids}).one()
    return None if row[0] is None else (row[0], row[1], row[2], row[3])


def _joined(value: Any) -> ColumnElement[Any]:
    return func.aggregate_strings(cast(value, String), ",")


_SINGLE = select(
    _joined(col(Order.customer_id)),
    _joined(col(Order.ordered_on)),
    _joined(units(Order.amount)),
    _joined(func.coalesce(units(Order.cost), literal(NO_COST, BigInteger))),
).where(of_list(Order.customer_id), col(Order.ordered_on) <= bindparam("as_of"))


def first_and_last(session: Session) -> tuple[date, date] | None:
    """The days of the first and the last of all orders; None without any."""
    first, last = session.execute(
        select(func.min(col(Order.ordered_on)), func.max(col(Order.ordered_on)))
    ).one()
    return None if first is None else (first, last)


class _Ordinals(dict[str, int]):
    """Days as numbers, each parsed once: a book has a few thousand days and millions of orders."""

    def __missing__(self, day: str) -> int:
        self[day] = number = date.fromisoformat(day).toordinal()
        return number


def _rhythm(days: str | None, ordinals: _Ordinals) -> tuple[int | None, float | None]:
    """How many days, and the median gap between one and the next; None without one."""
    if not days:
        return None, None
    known = sorted(set(map(ordinals.__getitem__, days.split(","))))
    gaps = sorted(map(sub, known[1:], known))
    if not gaps:
        return 1, None
    middle = len(gaps) // 2
    return len(known), float(gaps[middle]) if len(gaps) % 2 else (gaps[middle - 1] + gaps[middle]) / 2
