"""The review queue: tiers that are uncertain, capped or overridden, judgements that become old."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, SQLColumnExpression, String, cast, exists, func, literal, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Field, Session, SQLModel, and_, col

from db.book.customers import Customer, Owners, Ownership, present_owner
from db.book.facts import Fact
from db.book.trade.orders import Order
from db.graded.overrides import Override
from db.graded.runs import Assessment, newest_in
from db.graded.shadows import ShadowMove
from db.types import MONEY_UNITS, UtcDateTime, units


class ReviewReason(StrEnum):
    """Why an item is in the review queue, in the order of the list."""

    NO_SCHEME = "no_scheme"
    UNRATED = "unrated"
    UNCERTAIN = "uncertain"
    CAPPED = "capped"
    OVERRIDE = "override"
    STALE = "stale"
    SHADOW = "shadow"


OF_ASSESSMENTS = (ReviewReason.NO_SCHEME, ReviewReason.UNRATED, ReviewReason.UNCERTAIN, ReviewReason.CAPPED)


class ReviewAnswer(SQLModel, table=True):
    """Somebody has reviewed an item: it is hidden until `hidden_until`, or until it becomes another one (`item`)."""

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
    """One thing to review; `item` identifies it among others of its reason, `stake` is the net revenue of 12 months."""

    customer_id: int
    code: str
    name: str
    reason: ReviewReason
    item: str
    tier: str | None
    score: float | None
    low: float | None
    high: float | None
    due_on: date | None
    stake: float


@dataclass(frozen=True, kw_only=True)
class Query:
    """Which items are wanted: of which owners, on which day, how many, and of one customer only."""

    owners: Owners
    today: date
    year_ago: date
    limit: int
    customer_id: int | None = None


def of_assessments(
    session: Session, query: Query, reason: ReviewReason, purpose: str, run_ids: Sequence[int]
) -> list[Item]:
    """Customers without a scheme, unrated (also when an old tier is held), uncertain or capped, most at stake first."""
    row = Assessment
    has_scheme = col(row.scheme_version_id).is_not(None)
    condition = {
        ReviewReason.NO_SCHEME: ~has_scheme,
        ReviewReason.UNRATED: or_(col(row.tier) == "unrated", col(row.held).is_(True)) & has_scheme,
        ReviewReason.UNCERTAIN: and_(
            col(row.certain).is_(False),
            col(row.score).is_not(None),
            col(row.held).is_(False),
            col(row.tier).not_in(("unrated", "new", "blocked")),
        ),
        ReviewReason.CAPPED: col(row.capped_by).is_not(None),
    }[reason]
    item = col(row.capped_by) if reason == ReviewReason.CAPPED else col(row.tier)
    shown = (col(row.tier), col(row.score), col(row.low), col(row.high))
    conditions = (newest_in(run_ids), condition, col(Customer.record_type) == purpose)
    return _find(session, query, reason, row, item, conditions, shown)


def of_shadow_moves(session: Session, query: Query, run_id: int, version_ids: Sequence[int]) -> list[Item]:
    """Customers whose tier in a snapshot would be another one (`item`) under these schemes in the shadow."""
    row = ShadowMove
    conditions = (col(row.run_id) == run_id, col(row.scheme_version_id).in_(version_ids))
    shown = (col(row.tier), col(row.score))
    return _find(session, query, ReviewReason.SHADOW, row, col(row.shadow_tier), conditions, shown)


def of_overrides(session: Session, query: Query, ending_by: date) -> list[Item]:
    """Overrides that end up to a day."""
    row = Override
    item, due_on = cast(col(row.id), String), col(row.expires_on)
    conditions = (col(row.ended_at).is_(None), due_on <= ending_by)
    return _find(session, query, ReviewReason.OVERRIDE, row, item, conditions, (col(row.tier),), due_on)


def of_judgements(
    session: Session,
    query: Query,
    purpose: str,
    oldest: Mapping[str, date],
    graded_by: tuple[Sequence[int], int] | None = None,
) -> list[Item]:
    """Judgements whose newest value is older than its field's day in `oldest`.

    `graded_by` (runs, scheme version): only of customers whose newest assessment in these runs is by that version.
    """
    if not oldest:
        return []
    fact, newer = aliased(Fact), aliased(Fact)
    day = col(fact.measured_on)
    replaced = exists().where(
        col(newer.customer_id) == col(fact.customer_id),
        col(newer.field) == col(fact.field),
        col(newer.measured_on) > day,
        col(newer.measured_on) <= query.today,
        col(newer.superseded_at).is_(None),
    )
    conditions = [
        or_(*(and_(col(fact.field) == name, day < limit) for name, limit in oldest.items())),
        col(fact.superseded_at).is_(None),
        ~replaced,
        col(Customer.record_type) == purpose,
    ]
    if graded_by is not None:
        run_ids, version = graded_by
        of_customer = col(Assessment.customer_id) == col(Customer.id)
        of_version = col(Assessment.scheme_version_id) == version
        conditions.append(exists().where(of_customer, newest_in(run_ids), of_version))
    return _find(session, query, ReviewReason.STALE, fact, col(fact.field), conditions, due_on=day)


def _find(
    session: Session,
    query: Query,
    reason: ReviewReason,
    row: Any,
    item: SQLColumnExpression[Any],
    conditions: Iterable[SQLColumnExpression[bool]],
    shown: Sequence[SQLColumnExpression[Any]] = (),
    due_on: SQLColumnExpression[Any] | None = None,
) -> list[Item]:
    """Turn rows that have a customer into review items; leave out answered ones.

    `shown`: columns for the tier, score, low and high, as many as there are.
    """
    stake = (
        select(func.coalesce(func.sum(units(Order.amount)), 0))
        .where(
            col(Order.customer_id) == col(Customer.id),
            col(Order.ordered_on) > query.year_ago,
            col(Order.ordered_on) <= query.today,
        )
        .correlate(Customer)
        .scalar_subquery()
    )
    answered = exists().where(
        col(ReviewAnswer.customer_id) == col(Customer.id),
        col(ReviewAnswer.reason) == reason,
        col(ReviewAnswer.item) == item,
        col(ReviewAnswer.hidden_until) >= query.today,
    )
    nothing = literal(None)
    columns = {
        "customer_id": col(Customer.id),
        "code": col(Customer.code),
        "name": col(Customer.name),
        "item": item,
        **dict(zip(("tier", "score", "low", "high"), [*shown, *[nothing] * 4], strict=False)),
        "due_on": nothing if due_on is None else due_on,
        "stake": stake,
    }
    statement: Any = (
        select(*(column.label(name) for name, column in columns.items()))
        .select_from(Customer)
        .join(row, col(row.customer_id) == col(Customer.id))
        .where(col(Customer.archived).is_(False), ~answered, *conditions)
        .order_by(stake.desc(), col(Customer.id), item)
        .limit(query.limit)
    )
    if query.customer_id is not None:
        statement = statement.where(col(Customer.id) == query.customer_id)
    if query.owners is not None:
        owned = col(Ownership.person_id).in_(query.owners), present_owner(Customer.id)
        statement = statement.where(exists().where(*owned))
    rows = session.execute(statement).mappings()
    return [Item(**{**row, "reason": reason, "stake": float(row["stake"]) / MONEY_UNITS}) for row in rows]
