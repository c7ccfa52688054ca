"""Prospects whose first order made them accounts."""

from datetime import date, datetime

from sqlalchemy import UniqueConstraint, exists, func
from sqlalchemy import select as sa_select
from sqlmodel import Field, Session, SQLModel, col, select

from db.book.customers import Customer
from db.book.trade.orders import Order
from db.graded.runs import Assessment, GradingRun, Purpose, RunStatus
from db.types import UtcDateTime, units


class RecordChange(SQLModel, table=True):
    """A customer became another type of record, with what that replaced."""

    __tablename__ = "record_change"
    __table_args__ = (UniqueConstraint("customer_id", "after", "effective_on"),)
    id: int | None = Field(default=None, primary_key=True)
    customer_id: int = Field(foreign_key="customer.id")
    before: str
    after: str
    effective_on: date  # the day of the first order
    since_before: date | None = None
    tier_before: str | None = None
    scheme_version_id: int = Field(foreign_key="scheme_version.id")  # the scheme with the rule
    changed_at: datetime = Field(sa_type=UtcDateTime)


def with_order(session: Session, until: date, limit: int, after: int = 0) -> list[tuple[Customer, date]]:
    """(prospect, day of its first order above 0), of orders up to a day; by id, after a customer."""
    first = func.min(col(Order.ordered_on))
    rows = session.execute(
        sa_select(Customer, first)
        .join(Order, col(Order.customer_id) == col(Customer.id))
        .where(
            col(Customer.id) > after,
            col(Customer.record_type) == Purpose.PROSPECT,
            col(Customer.archived).is_(False),
            col(Order.ordered_on) <= until,
            units(Order.amount) > 0,
        )
        .group_by(*Customer.__table__.c)  # type: ignore[attr-defined]
        .order_by(col(Customer.id))
        .limit(limit)
    )
    return [(customer, day) for customer, day in rows]


def is_recorded(session: Session, customer_id: int, after: str, effective_on: date) -> bool:
    """Whether this change of a customer is stored already."""
    statement = select(RecordChange.id).where(
        RecordChange.customer_id == customer_id,
        RecordChange.after == after,
        RecordChange.effective_on == effective_on,
    )
    return session.exec(statement).first() is not None


def waiting(session: Session) -> list[int]:
    """Accounts that were prospects and that no published run of accounts has graded yet."""
    graded = exists().where(
        col(Assessment.customer_id) == col(Customer.id),
        col(GradingRun.id) == col(Assessment.run_id),
        col(GradingRun.purpose) == Purpose.ACCOUNT,
        col(GradingRun.status) == RunStatus.PUBLISHED,
    )
    rows = session.execute(
        sa_select(col(Customer.id))
        .join(RecordChange, col(RecordChange.customer_id) == col(Customer.id))
        .where(
            col(RecordChange.after) == Purpose.ACCOUNT,
            col(Customer.record_type) == Purpose.ACCOUNT,
            col(Customer.archived).is_(False),
            ~graded,
        )
        .distinct()
        .order_by(col(Customer.id))
    )
    return list(rows.scalars())
