"""Touches: one due step of a care plan for one customer."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import Index, text
from sqlmodel import Field, Session, SQLModel, col, select, update

from db.types import UtcDateTime

OPEN = ("planned", "reminded", "snoozed")


class Touch(SQLModel, table=True):
    """Due dates are columns: whoever ticks asks what is due."""

    __tablename__ = "touch"
    __table_args__ = (
        Index(
            "ix_touch_due",
            "remind_at",
            sqlite_where=text("state IN ('planned', 'snoozed')"),
            postgresql_where=text("state IN ('planned', 'snoozed')"),
        ),
        Index("ix_touch_customer", "customer_id", "step"),
    )
    id: int | None = Field(default=None, primary_key=True)
    # kind:customer:intended local date:step — one per day whatever clocks and zones do.
    dedupe_key: str = Field(unique=True)
    customer_id: int = Field(foreign_key="customer.id")
    step: str
    kind: str  # revisit | follow_up | greeting
    tier: str
    due_on: date
    remind_at: datetime = Field(sa_type=UtcDateTime)
    state: str  # planned | reminded | snoozed | done | cancelled | missed
    reason: str | None = None
    version: int = 1
    outbox_id: int | None = None
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_by: int | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)


def get(session: Session, touch_id: int) -> Touch | None:
    return session.get(Touch, touch_id)


def due(session: Session, now: datetime, limit: int = 500) -> list[Touch]:
    """Touches to remind somebody of, oldest first."""
    return list(
        session.exec(
            select(Touch)
            .where(col(Touch.state).in_(("planned", "snoozed")), Touch.remind_at <= now)
            .order_by(col(Touch.remind_at), col(Touch.id))
            .limit(limit)
        )
    )


def open_of(session: Session, customer_id: int) -> list[Touch]:
    """A customer's open touches, next first."""
    return list(
        session.exec(
            select(Touch)
            .where(Touch.customer_id == customer_id, col(Touch.state).in_(OPEN))
            .order_by(col(Touch.due_on), col(Touch.id))
        )
    )


def all_open(session: Session) -> list[Touch]:
    return list(session.exec(select(Touch).where(col(Touch.state).in_(OPEN))))


def move(session: Session, touch_id: int, version: int, **values: object) -> bool:
    """Change a touch if nobody changed it since `version` was read."""
    result = session.exec(
        update(Touch)
        .where(col(Touch.id) == touch_id, col(Touch.version) == version)
        .values(version=version + 1, **values)
    )
    return bool(result.rowcount)


def exists(session: Session, keys: Sequence[str]) -> set[str]:
    """Which of these dedupe keys are taken."""
    return set(session.exec(select(Touch.dedupe_key).where(col(Touch.dedupe_key).in_(keys))))
