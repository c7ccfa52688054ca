"""What is known about customers: orders, activities, and dated facts that are superseded, never overwritten."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

from sqlalchemy import (
    BigInteger,
    Date,
    Float,
    Index,
    String,
    UniqueConstraint,
    case,
    cast,
    column,
    func,
    literal,
    null,
    select,
    text,
    true,
    type_coerce,
    values,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import ColumnElement, FunctionElement
from sqlmodel import Field, Session, SQLModel, and_, col

from db.customers import Customer
from db.types import MONEY_UNITS, Money, UtcDateTime


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


class Activity(SQLModel, table=True):
    """Something that happened with a customer: a visit, a call, a training session, a complaint."""

    __tablename__ = "activity"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        Index("ix_activity_customer_day", "customer_id", "happened_on", "kind"),
    )
    id: int | None = Field(default=None, primary_key=True)
    customer_id: int = Field(foreign_key="customer.id")
    source: str
    external_id: str
    kind: str
    happened_on: date
    person_id: int | None = Field(default=None, foreign_key="person.id")
    note: str | None = None
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    batch_id: int | None = Field(default=None, index=True)


class ActivityPeriod(SQLModel, table=True):
    """A period for which all activities of a kind are on record: no row in it means that there was none."""

    __tablename__ = "activity_period"
    id: int | None = Field(default=None, primary_key=True)
    kind: str
    first_day: date
    last_day: date
    source: str
    batch_id: int | None = Field(default=None, index=True)


BETWEEN = "\x1f"  # between values that the database puts together; no value holds it


class Fact(SQLModel, table=True):
    """A field's value on a business date, as recorded then; a correction supersedes the old row."""

    __tablename__ = "fact"
    __table_args__ = (
        Index("ix_fact_lookup", "customer_id", "field", "measured_on"),
        # A whole book is read in this order.
        Index(
            "ix_fact_book",
            "field",
            "measured_on",
            "customer_id",
            sqlite_where=text("superseded_at IS NULL"),
            postgresql_where=text("superseded_at IS NULL"),
        ),
        Index(
            "uq_fact_current",
            "customer_id",
            "field",
            "measured_on",
            "source",
            unique=True,
            sqlite_where=text("superseded_at IS NULL"),
            postgresql_where=text("superseded_at IS NULL"),
        ),
    )
    id: int | None = Field(default=None, primary_key=True)
    customer_id: int = Field(foreign_key="customer.id")
    field: str
    measured_on: date
    value: str
    source: str
    author: str | None = None
    evidence: str | None = None
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    superseded_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    batch_id: int | None = Field(default=None, index=True)
    superseded_by_batch: int | None = Field(default=None, index=True)


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
    between them in days. Money in currency units. A customer without orders has None everywhere. Without
    `usual_gaps` the last two are None for everybody: they take longer than all the rest.
    """
    start = quarters[0]
    day, amount, cost = col(Order.ordered_on), units(Order.amount), units(Order.cost)
    current, bought = day > start, amount > 0
    costed = and_(current, cost.is_not(None))

    def total(condition: Any, value: ColumnElement[Any]) -> ColumnElement[Any]:
        return func.sum(case((condition, value), else_=0)) / float(MONEY_UNITS)

    def any_in(after: date, until: date) -> ColumnElement[Any]:
        return func.max(case((and_(day > after, day <= until, bought), 1), else_=0))

    active: Any = sum((any_in(a, b) for a, b in pairwise(quarters)), start=literal(0))
    sums = (
        select(
            col(Order.customer_id),
            total(current, amount).label("net"),
            total(and_(day > previous_start, day <= start), amount).label("net_previous"),
            func.sum(case((and_(current, bought), 1), else_=0)).label("orders"),
            total(costed, amount).label("net_with_cost"),
            total(costed, cost).label("cost"),
            func.max(case((costed, 1), else_=0)).label("has_cost"),
            active.label("active"),
            func.min(case((bought, day))).label("first"),
            func.max(case((bought, day))).label("last"),
        )
        .where(day <= as_of, of_customers(Order.customer_id, customer_ids))
        .group_by(col(Order.customer_id))
        .subquery()
    )
    rhythm = _median_gaps(as_of, customer_ids) if usual_gaps else None
    # A customer that ordered on one day alone has no gap, and so no row there.
    days: Any = (
        null() if rhythm is None else func.coalesce(rhythm.c.days, case((sums.c.first.is_not(None), 1)))
    )
    statement = (
        select(
            col(Customer.id),
            sums.c.net,
            sums.c.net_previous,
            sums.c.orders,
            case((sums.c.has_cost == 1, sums.c.net_with_cost)),
            case((sums.c.has_cost == 1, sums.c.cost)),
            sums.c.active,
            sums.c.first,
            sums.c.last,
            days,
            null() if rhythm is None else rhythm.c.gap,
            col(Customer.since),
        )
        .select_from(Customer)
        .outerjoin(sums, sums.c.customer_id == col(Customer.id))
        .where(
            col(Customer.record_type) == record_type,
            col(Customer.archived).is_(False),
            of_customers(Customer.id, customer_ids),
        )
        .order_by(col(Customer.id))
    )
    if rhythm is not None:
        statement = statement.outerjoin(rhythm, rhythm.c.customer_id == col(Customer.id))
    return [tuple(row) for row in session.execute(statement)]


def order_range(session: Session) -> tuple[date | None, date | None, list[tuple[str, int]]]:
    """First and last order day, and how many orders there are in each currency."""
    first, last = session.execute(
        select(func.min(col(Order.ordered_on)), func.max(col(Order.ordered_on)))
    ).one()
    counts = session.execute(select(col(Order.currency), func.count()).group_by(col(Order.currency))).all()
    return first, last, sorted(((row[0], row[1]) for row in counts), key=lambda row: -row[1])


def foreign_orders(session: Session, currency: str) -> tuple[str, int] | None:
    """The most frequent other currency that orders are in, and how many; None when there is no other."""
    row = session.execute(
        select(col(Order.currency), func.count())
        .where(col(Order.currency) != currency)
        .group_by(col(Order.currency))
        .order_by(func.count().desc())
        .limit(1)
    ).first()
    return None if row is None else (row[0], row[1])


def facts_by_day(
    session: Session, *, fields: Sequence[str], as_of: date, customer_ids: Sequence[int] | None = None
) -> Iterator[tuple[str, date, str, str, str]]:
    """Valid facts up to a business date, one row for each field and day: field, day, customers, ids, values.

    The last three are text put together by the database, of numbers with commas and of values with `BETWEEN`, because
    a row for each fact, as an object, takes ten times as long as the reading itself.
    """
    customer, number = (cast(col(column), String) for column in (Fact.customer_id, Fact.id))
    field, day = col(Fact.field), col(Fact.measured_on)
    statement = (
        select(
            field,
            day,
            func.aggregate_strings(customer, ","),
            func.aggregate_strings(number, ","),
            func.aggregate_strings(col(Fact.value), BETWEEN),
        )
        .where(day <= as_of, col(Fact.superseded_at).is_(None))
        .group_by(field, day)
        .order_by(field, day)
    )
    if customer_ids is None:
        statement = statement.where(field.in_(fields))
    else:  # with their fields named too, SQLite would read those of the whole book
        statement = statement.where(col(Fact.customer_id).in_(customer_ids))
    for name, *row in session.execute(statement):
        if name in fields:
            yield name, row[0], row[1], row[2], row[3]


def activity_counts(
    session: Session,
    *,
    as_of: date,
    windows: Mapping[str, date],
    customer_ids: Sequence[int] | None = None,
) -> list[tuple[Any, ...]]:
    """(customer, count of each kind): activities of the kinds, each after its own day and up to `as_of`."""
    kind, day = col(Activity.kind), col(Activity.happened_on)
    counts = [
        func.sum(case((and_(kind == name, day > start), 1), else_=0)) for name, start in windows.items()
    ]
    statement = (
        select(col(Activity.customer_id), *counts)
        .where(
            kind.in_(list(windows)),
            day > min(windows.values()),
            day <= as_of,
            of_customers(Activity.customer_id, customer_ids),
        )
        .group_by(col(Activity.customer_id))
    )
    return [tuple(row) for row in session.execute(statement)]


def faded_activities(
    session: Session,
    *,
    kinds: Sequence[str],
    weights: Sequence[tuple[date, float]],
    customer_ids: Sequence[int] | None = None,
) -> list[tuple[int, float]]:
    """(customer, sum of the weights of the days on which activities of the kinds happened)."""
    fading = values(column("day", Date), column("weight", Float), name="fading").data(list(weights)).cte()
    statement = (
        select(col(Activity.customer_id), func.sum(fading.c.weight))
        .select_from(Activity)
        .join(fading, fading.c.day == col(Activity.happened_on))
        .where(col(Activity.kind).in_(kinds), of_customers(Activity.customer_id, customer_ids))
        .group_by(col(Activity.customer_id))
    )
    return [(row[0], float(row[1])) for row in session.execute(statement)]


def activity_periods(session: Session) -> list[tuple[str, date, date]]:
    """(kind, first day, last day) of every period declared complete, in order."""
    period = ActivityPeriod
    statement = select(col(period.kind), col(period.first_day), col(period.last_day))
    return sorted((row[0], row[1], row[2]) for row in session.execute(statement))


def activity_known(session: Session, source: str, external_id: str) -> bool:
    statement = select(col(Activity.id)).where(
        col(Activity.source) == source, col(Activity.external_id) == external_id
    )
    return session.execute(statement).first() is not None


def units(column: Any) -> ColumnElement[Any]:
    """A money column as the integer it is stored as, so that sums stay exact."""
    return type_coerce(column, BigInteger)


def of_customers(column: Any, customer_ids: Sequence[int] | None) -> ColumnElement[bool]:
    """Condition: of these customers; of all when there are none named."""
    return true() if customer_ids is None else col(column).in_(customer_ids)


def _median_gaps(as_of: date, customer_ids: Sequence[int] | None) -> Any:
    """Days with an order, and the median of the days between one and the next, per customer with two or more."""
    days = (
        select(col(Order.customer_id), col(Order.ordered_on))
        .where(
            units(Order.amount) > 0,
            col(Order.ordered_on) <= as_of,
            of_customers(Order.customer_id, customer_ids),
        )
        .distinct()
        .subquery()
    )
    before = func.lag(days.c.ordered_on).over(partition_by=days.c.customer_id, order_by=days.c.ordered_on)
    gaps = select(days.c.customer_id, days_between(before, days.c.ordered_on).label("gap")).subquery()
    place = func.row_number().over(partition_by=gaps.c.customer_id, order_by=gaps.c.gap)
    many = func.count(gaps.c.gap).over(partition_by=gaps.c.customer_id)
    ranked = (
        select(gaps.c.customer_id, gaps.c.gap, place.label("place"), many.label("many"))
        .where(gaps.c.gap.is_not(None))
        .subquery()
    )
    # The middle place of an odd count, both middles of an even one.
    middle = (ranked.c.place * 2 >= ranked.c.many) & (ranked.c.place * 2 <= ranked.c.many + 2)
    return (
        select(
            ranked.c.customer_id,
            cast(func.avg(ranked.c.gap), Float).label("gap"),
            (func.max(ranked.c.many) + 1).label("days"),
        )
        .where(middle)
        .group_by(ranked.c.customer_id)
        .subquery()
    )
