"""What a person should look at: tiers that are not sure, held down or set by hand, judgements that grow old."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, SQLColumnExpression, String, cast, exists, func, literal, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Field, Session, SQLModel, and_, col

from db.book.customers import Customer, Owners, Ownership
from db.book.facts import Fact
from db.book.orders import Order
from db.graded.overrides import Override
from db.graded.runs import Assessment, newest_in
from db.graded.shadows import ShadowMove
from db.types import MONEY_UNITS, UtcDateTime, units

REASONS = ("no_scheme", "unrated", "uncertain", "capped", "override", "stale", "shadow")


class ReviewAnswer(SQLModel, table=True):
    """Somebody has looked at an item: it is hidden until `hidden_until`, or until it becomes another one (`item`)."""

    __tablename__ = "review_answer"
    __table_args__ = (Index("ix_review_answer_item", "customer_id", "reason", "item", "hidden_until"),)
    id: int | None = Field(default=None, primary_key=True)
    customer_id: int = Field(foreign_key="customer.id")
    reason: str
    item: str
    note: str
    answered_by: str
    answered_at: datetime = Field(sa_type=UtcDateTime)
    hidden_until: date


@dataclass(frozen=True, kw_only=True)
class Item:
    """One thing to look at; `item` tells it from what it may become, `stake` is the net revenue of 12 months."""

    customer_id: int
    code: str
    name: str
    reason: str
    item: str
    tier: str | None
    score: float | None
    low: float | None
    high: float | None
    due_on: date | None
    stake: float


@dataclass(frozen=True, kw_only=True)
class Query:
    """Which items are asked for: whose, on which day, how many, and of one customer alone."""

    owners: Owners
    today: date
    year_ago: date
    limit: int
    customer_id: int | None = None


def of_assessments(
    session: Session, query: Query, reason: str, purpose: str, run_ids: Sequence[int]
) -> list[Item]:
    """Customers without a scheme, unrated (also when an old tier is held), uncertain or capped, most at stake first."""
    row = Assessment
    condition, item = {
        "no_scheme": (col(row.scheme_version_id).is_(None), col(row.tier)),
        "unrated": (
            and_(
                or_(col(row.tier) == "unrated", col(row.held).is_(True)),
                col(row.scheme_version_id).is_not(None),
            ),
            col(row.tier),
        ),
        "uncertain": (
            and_(
                col(row.certain).is_(False),
                col(row.score).is_not(None),
                col(row.held).is_(False),
                col(row.tier).not_in(("unrated", "new", "blocked")),
            ),
            col(row.tier),
        ),
        "capped": (col(row.capped_by).is_not(None), col(row.capped_by)),
    }[reason]
    statement = (
        _items(query, reason, item, (col(row.tier), col(row.score), col(row.low), col(row.high)))
        .join(row, col(row.customer_id) == col(Customer.id))
        .where(newest_in(run_ids), condition, col(Customer.record_type) == purpose)
    )
    return _read(session, statement, reason) if run_ids else []


def of_shadow_moves(session: Session, query: Query, run_id: int, version_ids: Sequence[int]) -> list[Item]:
    """Customers whose tier in a snapshot would be another one (`item`) under these schemes in the shadow."""
    row = ShadowMove
    statement = (
        _items(query, "shadow", col(row.shadow_tier), (col(row.tier), col(row.score)))
        .join(row, col(row.customer_id) == col(Customer.id))
        .where(col(row.run_id) == run_id, col(row.scheme_version_id).in_(version_ids))
    )
    return _read(session, statement, "shadow")


def of_overrides(session: Session, query: Query, ending_by: date) -> list[Item]:
    """Tiers set by hand that end up to a day."""
    row = Override
    statement = (
        _items(query, "override", cast(col(row.id), String), (col(row.tier),), col(row.expires_on))
        .join(row, col(row.customer_id) == col(Customer.id))
        .where(col(row.ended_at).is_(None), col(row.expires_on) <= ending_by)
    )
    return _read(session, statement, "override")


def of_judgements(
    session: Session,
    query: Query,
    purpose: str,
    oldest: Mapping[str, date],
    graded_by: tuple[Sequence[int], int] | None = None,
) -> list[Item]:
    """Judgements whose newest value is older than its field's day in `oldest`.

    `graded_by`: of those customers alone whose newest assessment in some runs is by a scheme version.
    """
    fact, newer = aliased(Fact), aliased(Fact)
    if not oldest:
        return []
    day = col(fact.measured_on)
    old = or_(*(and_(col(fact.field) == name, day < limit) for name, limit in oldest.items()))
    replaced = exists(
        select(col(newer.id)).where(
            col(newer.customer_id) == col(fact.customer_id),
            col(newer.field) == col(fact.field),
            col(newer.measured_on) > day,
            col(newer.measured_on) <= query.today,
            col(newer.superseded_at).is_(None),
        )
    )
    statement = (
        _items(query, "stale", col(fact.field), (), day)
        .join(fact, col(fact.customer_id) == col(Customer.id))
        .where(old, col(fact.superseded_at).is_(None), ~replaced, col(Customer.record_type) == purpose)
    )
    if graded_by is not None:
        run_ids, version = graded_by
        row = Assessment
        statement = statement.join(row, col(row.customer_id) == col(Customer.id)).where(
            newest_in(run_ids), col(row.scheme_version_id) == version
        )
    return _read(session, statement, "stale")


def _items(
    query: Query,
    reason: str,
    item: SQLColumnExpression[Any],
    known: Sequence[SQLColumnExpression[Any]],
    due_on: SQLColumnExpression[Any] | None = None,
) -> Any:
    """Customers with what is at stake, those left out that somebody has answered for."""
    of_customer = col(Order.customer_id) == col(Customer.id)
    stake = (
        select(func.coalesce(func.sum(units(Order.amount)), 0))
        .where(of_customer, col(Order.ordered_on) > query.year_ago, col(Order.ordered_on) <= query.today)
        .correlate(Customer)
        .scalar_subquery()
    )
    answered = exists(
        select(col(ReviewAnswer.id)).where(
            col(ReviewAnswer.customer_id) == col(Customer.id),
            col(ReviewAnswer.reason) == reason,
            col(ReviewAnswer.item) == item,
            col(ReviewAnswer.hidden_until) >= query.today,
        )
    )
    nothing = literal(None)
    columns = [*known, *[nothing] * (4 - len(known))]
    statement: Any = (
        select(
            col(Customer.id),
            col(Customer.code),
            col(Customer.name),
            item.label("item"),
            *(column.label(f"known{place}") for place, column in enumerate(columns)),
            (nothing if due_on is None else due_on).label("due_on"),
            stake.label("stake"),
        )
        .select_from(Customer)
        .where(col(Customer.archived).is_(False), ~answered)
        .order_by(stake.desc(), col(Customer.id), item)
        .limit(query.limit)
    )
    if query.customer_id is not None:
        statement = statement.where(col(Customer.id) == query.customer_id)
    if query.owners is not None:
        owned = select(col(Ownership.customer_id)).where(
            col(Ownership.person_id).in_(query.owners),
            col(Ownership.role) == "primary",
            col(Ownership.ends_on).is_(None),
        )
        statement = statement.where(col(Customer.id).in_(owned))
    return statement


def _read(session: Session, statement: Any, reason: str) -> list[Item]:
    return [
        Item(
            customer_id=row[0],
            code=row[1],
            name=row[2],
            reason=reason,
            item=row[3],
            tier=row[4],
            score=row[5],
            low=row[6],
            high=row[7],
            due_on=row[8],
            stake=float(row[9]) / MONEY_UNITS,
        )
        for row in session.execute(statement)
    ]
