"""Credit terms and limits that people approved, and the credit grades that gradings may use."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import bindparam, func
from sqlalchemy import select as sa_select
from sqlmodel import Field, Session, SQLModel, col, select

from db.book.customers import of_customers, of_list
from db.graded.runs import Assessment, GradingRun, Purpose, RunStatus
from db.types import Money, UtcDateTime


class CreditApproval(SQLModel, table=True):
    """Terms and a limit that a person approved, with what was proposed then; a customer's newest row holds."""

    __tablename__ = "credit_approval"
    id: int | None = Field(default=None, primary_key=True)
    customer_id: int = Field(foreign_key="customer.id", index=True)
    assessed_on: date  # the day of the assessment it is based on
    grade: str
    scheme_version_id: int = Field(foreign_key="scheme_version.id")
    proposed_limit: Decimal | None = Field(default=None, sa_type=Money)
    proposed_terms: int | None = None
    approved_limit: Decimal = Field(sa_type=Money)
    approved_terms: int  # days
    currency: str | None = None
    reason: str
    approved_by: str
    approved_on: date  # in the firm's time zone
    approved_at: datetime = Field(sa_type=UtcDateTime)


def approvals(session: Session, customer_id: int) -> list[CreditApproval]:
    """A customer's approvals, newest first."""
    statement = select(CreditApproval).where(CreditApproval.customer_id == customer_id)
    return list(session.exec(statement.order_by(col(CreditApproval.id).desc())))


def limits(session: Session, customer_ids: Sequence[int]) -> dict[int, tuple[Decimal, str | None]]:
    """Customer -> (approved limit, its currency) by its newest approval, of those of these with one."""
    rows = session.connection().execute(_LIMITS, {"customers": customer_ids})
    return {row[0]: (row[1], row[2]) for row in rows}


_NEWEST = (
    sa_select(func.max(col(CreditApproval.id)))
    .where(of_list(CreditApproval.customer_id))
    .group_by(col(CreditApproval.customer_id))
)
_LIMITS = sa_select(
    col(CreditApproval.customer_id), col(CreditApproval.approved_limit), col(CreditApproval.currency)
).where(col(CreditApproval.id).in_(_NEWEST))
_RUNS = (
    sa_select(col(GradingRun.id), col(GradingRun.as_of))
    .where(
        col(GradingRun.purpose) == Purpose.CREDIT,
        col(GradingRun.status) == RunStatus.PUBLISHED,
        col(GradingRun.as_of) >= bindparam("oldest"),
        col(GradingRun.as_of) <= bindparam("newest"),
    )
    .order_by(col(GradingRun.as_of), col(GradingRun.id))
)


def has_dropped(session: Session, *, oldest: date, as_of: date) -> bool:
    """Whether a credit run of these days has been dropped, so that its grades are gone."""
    statement = select(GradingRun.id).where(
        GradingRun.purpose == Purpose.CREDIT,
        GradingRun.status == RunStatus.DROPPED,
        col(GradingRun.as_of) >= oldest,
        col(GradingRun.as_of) <= as_of,
    )
    return session.exec(statement.limit(1)).first() is not None


def grades(
    session: Session, *, oldest: date, as_of: date, customer_ids: Sequence[int] | None = None
) -> dict[int, tuple[str, date]]:
    """Customer -> (grade, its day) of the newest published credit assessment of the days oldest..as_of."""
    runs = session.connection().execute(_RUNS, {"oldest": oldest, "newest": as_of})
    found: dict[int, tuple[str, date]] = {}
    for run_id, day in runs.all():  # oldest first: a later grade replaces an earlier one
        rows = session.execute(
            sa_select(col(Assessment.customer_id), col(Assessment.tier)).where(
                col(Assessment.run_id) == run_id, of_customers(Assessment.customer_id, customer_ids)
            )
        )
        found.update({customer: (tier, day) for customer, tier in rows})
    return found
