"""In which tier each customer was from when to when, as a query that others build on.

Days are whole numbers here, because the databases compute with dates in different ways.
"""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlalchemy import CTE, Date, Integer, and_, case, func, literal, union_all
from sqlalchemy import select as sa_select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlmodel import col

from db.book.customers import Customer, Ownership, present_owner
from db.graded.changes import StoredTierChange
from db.graded.runs import Assessment, GradingRun, RunStatus, newest_in

_EPOCH = date(2000, 1, 1)


class day_number(FunctionElement[int]):  # noqa: N801 - reads as SQL
    """The days from the first of January 2000 to a date."""

    type = Integer()
    inherit_cache = True
    name = "day_number"


@compiles(day_number, "sqlite")
def _day_number_sqlite(element: Any, compiler: Any, **keywords: Any) -> str:
    return f"CAST(julianday(date({compiler.process(element.clauses, **keywords)})) - 2451544.5 AS INTEGER)"


@compiles(day_number)
def _day_number(element: Any, compiler: Any, **keywords: Any) -> str:
    return f"(CAST({compiler.process(element.clauses, **keywords)} AS DATE) - DATE '2000-01-01')"


class date_of(FunctionElement[date]):  # noqa: N801 - reads as SQL
    """The date of a day number."""

    type = Date()
    inherit_cache = True
    name = "date_of"


@compiles(date_of, "sqlite")
def _date_of_sqlite(element: Any, compiler: Any, **keywords: Any) -> str:
    return f"date({compiler.process(element.clauses, **keywords)} + 2451544.5)"


@compiles(date_of)
def _date_of(element: Any, compiler: Any, **keywords: Any) -> str:
    return f"(DATE '2000-01-01' + CAST({compiler.process(element.clauses, **keywords)} AS INTEGER))"


def number_of(day: date) -> int:
    """The day number of a date."""
    return (day - _EPOCH).days


def later(one: Any, other: Any) -> Any:
    """The later of two day numbers."""
    return case((one >= other, one), else_=other)


def earlier(one: Any, other: Any) -> Any:
    """The earlier of two day numbers."""
    return case((one <= other, one), else_=other)


def tier_spans(
    run_ids: Sequence[int],
    until: date,
    *,
    owners: Collection[int] | None = None,
    customer_id: int | None = None,
) -> CTE:
    """Spans of unarchived, graded customers: customer_id, version_id, tier, and the day numbers `first` and `last`.

    `last` is the first day that is no longer in it; of the present tier the day `until`. `version_id` is the scheme version
    that grades the customer now. A customer whose tier never changed is in it since `tier_since`; another one was in the
    tier before its first change since its purpose was first graded, but not before it was recorded.
    """
    present = _present(run_ids, owners, customer_id)
    changed = (
        sa_select(
            col(StoredTierChange.id),
            col(StoredTierChange.customer_id),
            present.c.version_id,
            day_number(col(StoredTierChange.as_of)).label("day"),
            col(StoredTierChange.from_tier),
            col(StoredTierChange.to_tier),
            func.row_number()
            .over(
                partition_by=col(StoredTierChange.customer_id),
                order_by=(col(StoredTierChange.as_of), col(StoredTierChange.id)),
            )
            .label("place"),
        )
        .join(present, present.c.customer_id == col(StoredTierChange.customer_id))
        .where(col(StoredTierChange.purpose) == present.c.purpose)
        .cte("changed")
    )
    graded = (
        sa_select(col(GradingRun.purpose), day_number(func.min(col(GradingRun.as_of))).label("day"))
        .where(col(GradingRun.status).in_((RunStatus.PUBLISHED, RunStatus.DROPPED)))
        .group_by(col(GradingRun.purpose))
        .cte("graded")
    )
    begun = later(graded.c.day, present.c.recorded)
    before = (
        sa_select(
            changed.c.customer_id,
            changed.c.version_id,
            earlier(begun, changed.c.day).label("day"),
            literal(0, Integer).label("place"),
            changed.c.from_tier.label("tier"),
        )
        .join(present, present.c.customer_id == changed.c.customer_id)
        .join(graded, graded.c.purpose == present.c.purpose)
        .where(changed.c.place == 1)
    )
    after = sa_select(
        changed.c.customer_id, changed.c.version_id, changed.c.day, changed.c.place, changed.c.to_tier
    )
    unchanged = (
        sa_select(
            present.c.customer_id, present.c.version_id, present.c.since, literal(0, Integer), present.c.tier
        )
        .outerjoin(changed, changed.c.customer_id == present.c.customer_id)
        .where(changed.c.customer_id.is_(None))
    )
    begins = union_all(before, after, unchanged).cte("begins")
    following = func.lead(begins.c.day).over(
        partition_by=begins.c.customer_id, order_by=(begins.c.day, begins.c.place)
    )
    spans = sa_select(
        begins.c.customer_id,
        begins.c.version_id,
        begins.c.tier,
        begins.c.day.label("first"),
        func.coalesce(following, number_of(until)).label("last"),
    ).cte("spans")
    return sa_select(spans).where(spans.c.first < spans.c.last).cte("tier_spans")


def _present(run_ids: Sequence[int], owners: Collection[int] | None, customer_id: int | None) -> CTE:
    statement: Any = (
        sa_select(
            col(Assessment.customer_id),
            col(Assessment.scheme_version_id).label("version_id"),
            col(Assessment.tier),
            day_number(col(Assessment.tier_since)).label("since"),
            col(GradingRun.purpose),
            day_number(col(Customer.created_at)).label("recorded"),
        )
        .select_from(Assessment)
        .join(Customer, col(Customer.id) == col(Assessment.customer_id))
        .join(
            GradingRun,
            and_(
                col(GradingRun.id) == col(Assessment.run_id),
                col(GradingRun.purpose) == col(Customer.record_type),
            ),
        )
        .where(newest_in(run_ids), col(Customer.archived).is_(False))
    )
    if owners is not None:
        statement = statement.join(Ownership, present_owner(Customer.id))
        statement = statement.where(col(Ownership.person_id).in_(owners))
    if customer_id is not None:
        statement = statement.where(col(Customer.id) == customer_id)
    present: CTE = statement.cte("present")
    return present
