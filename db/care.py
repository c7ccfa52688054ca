"""Touches: one due step of a care plan for one customer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Index, and_, func, text
from sqlalchemy import select as sa_select
from sqlmodel import Field, Session, SQLModel, col, select, update

from db.customers import Customer, Ownership
from db.facts import Activity
from db.grading import Assessment, GradingRun
from db.outbox import OutboxMessage
from db.people import Person
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


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What care planning needs to know of a graded customer."""

    customer_id: int
    country: str | None
    tier: str
    as_of: date
    owner_id: int | None
    timezone: str | None


def standings(
    session: Session, run_ids: Sequence[int], customer_ids: Sequence[int] | None = None
) -> list[Standing]:
    """Graded, unarchived customers of these runs, with the time zone of whoever owns them."""
    statement = (
        sa_select(
            col(Customer.id),
            col(Customer.country),
            col(Assessment.tier),
            col(GradingRun.as_of),
            col(Person.id),
            col(Person.timezone),
        )
        .join(Assessment, col(Assessment.customer_id) == Customer.id)
        .join(GradingRun, col(GradingRun.id) == Assessment.run_id)
        .outerjoin(
            Ownership,
            and_(
                col(Ownership.customer_id) == Customer.id,
                col(Ownership.role) == "primary",
                col(Ownership.ends_on).is_(None),
            ),
        )
        .outerjoin(Person, col(Person.id) == Ownership.person_id)
        .where(col(Assessment.run_id).in_(run_ids), col(Customer.archived).is_(False))
        .order_by(col(Customer.id))
    )
    if customer_ids is not None:
        statement = statement.where(col(Customer.id).in_(customer_ids))
    return [
        Standing(
            customer_id=row[0], country=row[1], tier=row[2], as_of=row[3], owner_id=row[4], timezone=row[5]
        )
        for row in session.execute(statement)
    ]


def last_done(session: Session, customer_ids: Sequence[int] | None = None) -> dict[tuple[int, str], datetime]:
    """(customer, step) -> when it was last done."""
    statement = (
        sa_select(col(Touch.customer_id), col(Touch.step), func.max(col(Touch.closed_at)))
        .where(col(Touch.state) == "done")
        .group_by(col(Touch.customer_id), col(Touch.step))
    )
    if customer_ids is not None:
        statement = statement.where(col(Touch.customer_id).in_(customer_ids))
    return {(row[0], row[1]): row[2] for row in session.execute(statement)}


def last_contacts(session: Session, customer_ids: Sequence[int] | None = None) -> dict[int, dict[str, date]]:
    """Customer -> kind of contact -> its latest day."""
    statement = sa_select(
        col(Activity.customer_id), col(Activity.kind), func.max(col(Activity.happened_on))
    ).group_by(col(Activity.customer_id), col(Activity.kind))
    if customer_ids is not None:
        statement = statement.where(col(Activity.customer_id).in_(customer_ids))
    found: dict[int, dict[str, date]] = {}
    for customer, kind, day in session.execute(statement):
        found.setdefault(customer, {})[kind] = day
    return found


def open_touches(session: Session, customer_ids: Sequence[int] | None = None) -> list[Touch]:
    """Open touches, next first."""
    statement = select(Touch).where(col(Touch.state).in_(OPEN)).order_by(col(Touch.due_on), col(Touch.id))
    if customer_ids is not None:
        statement = statement.where(col(Touch.customer_id).in_(customer_ids))
    return list(session.exec(statement))


def reminded_since(session: Session, person_id: int, since: datetime) -> int:
    """How many reminders a person was sent since a moment."""
    return session.exec(
        select(func.count()).where(
            OutboxMessage.kind == "reminder",
            OutboxMessage.recipient == person_id,
            OutboxMessage.created_at >= since,
        )
    ).one()
