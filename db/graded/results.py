"""What grading said of one customer, as answers need it: rows, because objects of the ORM take longer to make."""

from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from db.graded.runs import Assessment, GradingRun


@dataclass(frozen=True, kw_only=True)
class AssessmentRow:
    """An assessment (see `db.graded.runs.Assessment`)."""

    customer_id: int
    scheme_version_id: int | None
    tier: str
    computed_tier: str | None
    held: bool
    capped_by: str | None
    exact_score: float | None
    score: float | None
    coverage: float
    low: float | None
    high: float | None
    certain: bool
    tier_since: date
    overridden: bool
    standing: str | None
    since: int
    rising_since: int
    falling_since: int
    clean: str | None
    inputs: bytes


@dataclass(frozen=True, kw_only=True)
class RunRow:
    """The run an assessment is of (see `db.graded.runs.GradingRun`)."""

    id: int
    purpose: str
    kind: str
    as_of: date
    scheme_version_id: int
    beside: str | None
    orders_through: date | None
    snapshot: int


_ASSESSMENT = [field.name for field in fields(AssessmentRow)]
_RUN = [field.name for field in fields(RunRow)]
# Put together once: for every answer that took longer than asking.
_PUBLISHED = (
    select(
        *(col(getattr(Assessment, name)) for name in _ASSESSMENT),
        *(col(getattr(GradingRun, name)) for name in _RUN),
    )
    .join(GradingRun, col(GradingRun.id) == Assessment.run_id)
    .where(
        col(Assessment.customer_id) == bindparam("customer_id"),
        col(GradingRun.purpose) == bindparam("purpose"),
        col(GradingRun.status) == "published",
    )
)
_HISTORY = _PUBLISHED.order_by(col(Assessment.run_id))
_STANDING = _PUBLISHED.order_by(col(Assessment.run_id).desc()).limit(12)
_AS_OF = len(_ASSESSMENT) + _RUN.index("as_of")


def newest(session: Session, customer_id: int, purpose: str) -> list[tuple[AssessmentRow, RunRow]]:
    """A customer's newest published assessment and the one before it on an earlier day, newest first."""
    wanted = {"customer_id": customer_id, "purpose": purpose}
    rows = session.connection().execute(_STANDING, wanted).all()
    earlier = [row for row in rows if row[_AS_OF] < rows[0][_AS_OF]]
    return [_read(row) for row in (*rows[:1], *earlier[:1])]


def history(session: Session, customer_id: int, purpose: str) -> list[tuple[AssessmentRow, RunRow]]:
    """A customer's published assessments, oldest first."""
    wanted = {"customer_id": customer_id, "purpose": purpose}
    return [_read(row) for row in session.connection().execute(_HISTORY, wanted)]


def _read(row: Any) -> tuple[AssessmentRow, RunRow]:
    result = dict(zip(_ASSESSMENT, row, strict=False))
    run = dict(zip(_RUN, row[len(_ASSESSMENT) :], strict=True))
    return AssessmentRow(**result), RunRow(**run)
