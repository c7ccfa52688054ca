"""Overrides: tiers that people decided, each with a reason, an approver and an end."""

import json
from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import Index, bindparam, or_, text
from sqlmodel import Field, Session, SQLModel, col, select

from db.book.customers import Customer, among, customers_parameter, owned_by
from db.book.imports import ImportBatch, ImportChange
from db.types import UtcDateTime


class Override(SQLModel, table=True):
    """A tier that a person decided. It holds on the days starts_on..expires_on, unless somebody ends it before."""

    __tablename__ = "tier_override"
    __table_args__ = (
        Index(
            "ix_tier_override_open",
            "customer_id",
            "purpose",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )
    id: int | None = Field(default=None, primary_key=True)
    customer_id: int = Field(foreign_key="customer.id")
    purpose: str
    tier: str
    reason: str
    approver: str | None = None
    approver_id: int | None = None  # of the person; None before version 0.2 and without an approver
    approved_alone: bool = False  # by the person who set it, which a setting allows
    set_by: str
    set_at: datetime = Field(sa_type=UtcDateTime)
    starts_on: date
    expires_on: date | None = None
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_by: str | None = None
    end_reason: str | None = None


def open_override(session: Session, customer_id: int, purpose: str) -> Override | None:
    """The override that nobody has ended, also when its last day is over."""
    return open_of(session, [customer_id], purpose).get(customer_id)


def open_of(session: Session, customer_ids: Sequence[int], purpose: str) -> dict[int, Override]:
    """Customer -> the override that nobody has ended."""
    rows = session.exec(
        select(Override).where(
            col(Override.customer_id).in_(customer_ids),
            Override.purpose == purpose,
            col(Override.ended_at).is_(None),
        )
    )
    return {row.customer_id: row for row in rows}


# Built once: it is executed for each customer that is graded by itself.
_HOLDING = select(Override.customer_id, Override.tier).where(
    col(Override.purpose) == bindparam("purpose"),
    col(Override.starts_on) <= bindparam("on"),
    or_(col(Override.expires_on).is_(None), col(Override.expires_on) >= bindparam("on")),
)
_HOLDING_NOW = _HOLDING.where(col(Override.ended_at).is_(None))


def holding(
    session: Session, purpose: str, on: date, customer_ids: Sequence[int] | None = None
) -> dict[int, str]:
    """Customer -> the tier of its override on a day, by the overrides of now."""
    statement = _HOLDING_NOW
    if customer_ids is not None:
        statement = statement.where(among(Override.customer_id, named=True))
    parameters = {"purpose": purpose, "on": on, **customers_parameter(customer_ids)}
    return {row[0]: row[1] for row in session.connection().execute(statement, parameters)}


def holding_then(session: Session, purpose: str, on: date, known_at: datetime) -> dict[int, str]:
    """Customer -> the tier of its override on a day, as overrides were known at a moment.

    A join since then has given some to another customer.
    """
    still_open = or_(col(Override.ended_at).is_(None), col(Override.ended_at) > known_at)
    statement = _HOLDING.add_columns(col(Override.id)).where(col(Override.set_at) <= known_at, still_open)
    rows = session.connection().execute(statement, {"purpose": purpose, "on": on}).all()
    moved = _customers_then(session, known_at) if rows else {}
    return {moved.get(number, customer): tier for customer, tier, number in rows}


def _customers_then(session: Session, known_at: datetime) -> dict[int, int]:
    """Override -> the customer that had it at a moment, of those that a join has given to another since."""
    changes = (
        select(ImportChange.row_id, ImportChange.before)
        .join(ImportBatch, col(ImportBatch.id) == col(ImportChange.batch_id))
        .where(
            ImportChange.table_name == Override.__tablename__,
            col(ImportBatch.published_at) > known_at,
            col(ImportChange.before).contains('"customer_id"'),
        )
        .order_by(col(ImportChange.id).desc())
    )
    return {row_id: int(json.loads(before)["customer_id"]) for row_id, before in session.exec(changes)}


def expired(session: Session, on: date) -> list[Override]:
    """Overrides whose last day is over and that nobody has ended yet."""
    return list(
        session.exec(
            select(Override)
            .where(col(Override.ended_at).is_(None), col(Override.expires_on) < on)
            .order_by(col(Override.id))
        )
    )


def every_override(session: Session, customer_id: int | None = None) -> list[Override]:
    """Every override, or one customer's, ended or not, oldest first."""
    statement = select(Override).order_by(col(Override.id))
    if customer_id is not None:
        statement = statement.where(Override.customer_id == customer_id)
    return list(session.exec(statement))


def listed(
    session: Session, owners: frozenset[int] | None, *, ended: bool = False
) -> list[tuple[Override, Customer]]:
    """Overrides with their customers, those that end first on top; `owners` None is everybody's."""
    statement = select(Override, Customer).join(Customer, col(Customer.id) == Override.customer_id)
    if not ended:
        statement = statement.where(col(Override.ended_at).is_(None))
    if owners is not None:
        statement = statement.where(col(Override.customer_id).in_(owned_by(session, owners)))
    rows = session.exec(statement.order_by(col(Override.expires_on), col(Override.id)))
    return [(override, customer) for override, customer in rows]
