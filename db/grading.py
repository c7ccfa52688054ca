"""Scheme versions and approvals, grading runs, assessments and tier changes."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, func, insert
from sqlalchemy import select as sa_select
from sqlmodel import Field, Session, SQLModel, col, delete, select, update

from db.customers import Customer
from db.types import UtcDateTime


class SchemeVersion(SQLModel, table=True):
    """A scheme as it was: identity is name, version and the hash of its content."""

    __tablename__ = "scheme_version"
    __table_args__ = (UniqueConstraint("name", "version", "sha256"),)
    id: int | None = Field(default=None, primary_key=True)
    name: str
    version: int
    sha256: str
    content: str
    created_at: datetime = Field(sa_type=UtcDateTime)


class SchemeApproval(SQLModel, table=True):
    """Who put a scheme version in force, for what, and from which date."""

    __tablename__ = "scheme_approval"
    id: int | None = Field(default=None, primary_key=True)
    scheme_version_id: int = Field(foreign_key="scheme_version.id", index=True)
    purpose: str  # account | prospect | credit
    approved_by: str
    approved_at: datetime = Field(sa_type=UtcDateTime)
    effective_from: date


class GradingRun(SQLModel, table=True):
    """One pass over a book. Its assessments count once it is published."""

    __tablename__ = "grading_run"
    __table_args__ = (Index("ix_grading_run_published", "purpose", "status", "id"),)
    id: int | None = Field(default=None, primary_key=True)
    purpose: str
    kind: str  # snapshot | interim
    as_of: date
    scheme_version_id: int = Field(foreign_key="scheme_version.id")
    status: str  # running | published
    started_at: datetime = Field(sa_type=UtcDateTime)
    published_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    orders_through: date | None = None
    customers: int = 0


class Assessment(SQLModel, table=True):
    """One customer's result in one run, with the inputs that recompute it."""

    __tablename__ = "assessment"
    __table_args__ = (
        UniqueConstraint("run_id", "customer_id"),
        Index("ix_assessment_customer", "customer_id", "run_id"),
    )
    id: int | None = Field(default=None, primary_key=True)
    run_id: int = Field(foreign_key="grading_run.id")
    customer_id: int = Field(foreign_key="customer.id")
    tier: str  # effective: a tier, or blocked | new | unrated
    computed_tier: str | None = None
    held: bool = False  # unrated now, so the last tier goes on
    capped_by: str | None = None
    exact_score: float | None = None
    score: float | None = None
    coverage: float
    low: float | None = None
    high: float | None = None
    certain: bool
    tier_since: date
    inputs: str  # JSON: field -> [value, measured on], missing fields left out


class TierChange(SQLModel, table=True):
    """A customer's effective tier moved; told once."""

    __tablename__ = "tier_change"
    __table_args__ = (UniqueConstraint("customer_id", "purpose", "as_of", "from_tier", "to_tier"),)
    id: int | None = Field(default=None, primary_key=True)
    customer_id: int = Field(foreign_key="customer.id", index=True)
    purpose: str
    run_id: int = Field(foreign_key="grading_run.id", index=True)
    as_of: date
    from_tier: str
    to_tier: str
    score_before: float | None = None
    score_after: float | None = None
    outbox_id: int | None = Field(default=None, index=True)


def scheme_version(
    session: Session, *, name: str, version: int, sha256: str, content: str, at: datetime
) -> int:
    """The id of this exact scheme, recorded on first sight."""
    known = session.exec(
        select(SchemeVersion.id).where(
            SchemeVersion.name == name, SchemeVersion.version == version, SchemeVersion.sha256 == sha256
        )
    ).first()
    if known is not None:
        return known
    row = SchemeVersion(name=name, version=version, sha256=sha256, content=content, created_at=at)
    session.add(row)
    session.flush()
    assert row.id is not None
    return row.id


def scheme_in_force(session: Session, purpose: str, on: date) -> SchemeVersion | None:
    """The scheme version whose newest approval is effective on a date."""
    return session.exec(
        select(SchemeVersion)
        .join(SchemeApproval, col(SchemeApproval.scheme_version_id) == SchemeVersion.id)
        .where(SchemeApproval.purpose == purpose, SchemeApproval.effective_from <= on)
        .order_by(col(SchemeApproval.effective_from).desc(), col(SchemeApproval.id).desc())
    ).first()


def scheme_content(session: Session, scheme_version_id: int) -> str:
    return session.exec(select(SchemeVersion.content).where(SchemeVersion.id == scheme_version_id)).one()


def last_published(session: Session, purpose: str) -> GradingRun | None:
    return session.exec(
        select(GradingRun)
        .where(GradingRun.purpose == purpose, GradingRun.status == "published")
        .order_by(col(GradingRun.id).desc())
    ).first()


def latest_run_ids(session: Session) -> list[int]:
    """The newest published run of each purpose that grades customers and prospects."""
    rows = session.exec(
        select(func.max(GradingRun.id))
        .where(GradingRun.status == "published", col(GradingRun.purpose).in_(("account", "prospect")))
        .group_by(col(GradingRun.purpose))
    )
    return [run for run in rows if run is not None]


def snapshot_exists(session: Session, purpose: str, as_of: date) -> bool:
    """Whether a snapshot of this day or a later one is published."""
    return (
        session.exec(
            select(GradingRun.id).where(
                GradingRun.purpose == purpose,
                GradingRun.kind == "snapshot",
                GradingRun.status == "published",
                GradingRun.as_of >= as_of,
            )
        ).first()
        is not None
    )


def drop_unpublished(session: Session, purpose: str, before: datetime) -> None:
    """Throw away runs that were begun before a moment and never published: their process died."""
    stale = select(GradingRun.id).where(
        GradingRun.purpose == purpose, GradingRun.status == "running", GradingRun.started_at < before
    )
    session.exec(delete(Assessment).where(col(Assessment.run_id).in_(stale)))
    session.exec(
        delete(GradingRun).where(
            col(GradingRun.purpose) == purpose,
            col(GradingRun.status) == "running",
            col(GradingRun.started_at) < before,
        )
    )


def add_assessments(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        session.execute(insert(Assessment), rows)


def publish(session: Session, run_id: int, at: datetime, customers: int) -> None:
    session.exec(
        update(GradingRun)
        .where(col(GradingRun.id) == run_id)
        .values(status="published", published_at=at, customers=customers)
    )


def standing(session: Session, customer_id: int, purpose: str) -> list[tuple[Assessment, GradingRun]]:
    """A customer's newest published assessment and the one before it on an earlier day, newest first."""
    rows = session.exec(
        select(Assessment, GradingRun)
        .join(GradingRun, col(GradingRun.id) == Assessment.run_id)
        .where(
            Assessment.customer_id == customer_id,
            GradingRun.purpose == purpose,
            GradingRun.status == "published",
        )
        .order_by(col(Assessment.run_id).desc())
        .limit(12)
    ).all()
    newest = list(rows[:1])
    return newest + [row for row in rows[1:] if row[1].as_of < newest[0][1].as_of][:1]


def tiers_in_run(session: Session, run_id: int) -> dict[int, tuple[str, float | None, date]]:
    """Customer -> (effective tier, shown score, tier since) of one run."""
    rows = session.execute(
        sa_select(
            col(Assessment.customer_id),
            col(Assessment.tier),
            col(Assessment.score),
            col(Assessment.tier_since),
        ).where(col(Assessment.run_id) == run_id)
    )
    return {customer: (tier, score, since) for customer, tier, score, since in rows}


def assessments_in_run(session: Session, run_id: int, customer_ids: Iterable[int]) -> dict[int, Assessment]:
    rows = session.exec(
        select(Assessment).where(
            Assessment.run_id == run_id, col(Assessment.customer_id).in_(list(customer_ids))
        )
    )
    return {row.customer_id: row for row in rows}


def known_changes(session: Session, purpose: str, as_of: date) -> set[tuple[int, str, str]]:
    """(customer, from, to) of the changes recorded for a day."""
    rows = session.execute(
        sa_select(col(TierChange.customer_id), col(TierChange.from_tier), col(TierChange.to_tier)).where(
            col(TierChange.purpose) == purpose, col(TierChange.as_of) == as_of
        )
    )
    return {(customer, before, after) for customer, before, after in rows}


def add_changes(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        session.execute(insert(TierChange), rows)


def scheme_versions_of(session: Session, run_ids: Sequence[int]) -> list[int]:
    """The scheme versions behind these runs."""
    return list(
        session.exec(select(GradingRun.scheme_version_id).where(col(GradingRun.id).in_(run_ids)).distinct())
    )


def standings_of(
    session: Session, run_ids: Sequence[int], customer_ids: Sequence[int]
) -> list[tuple[Customer, Assessment, GradingRun]]:
    """These customers' assessments in the newest runs."""
    rows = session.exec(
        select(Customer, Assessment, GradingRun)
        .join(Assessment, col(Assessment.customer_id) == Customer.id)
        .join(GradingRun, col(GradingRun.id) == Assessment.run_id)
        .where(col(Assessment.run_id).in_(run_ids), col(Assessment.customer_id).in_(customer_ids))
    ).all()
    return [(customer, assessment, run) for customer, assessment, run in rows]


def standings_before(
    session: Session, latest: Sequence[tuple[Customer, Assessment, GradingRun]]
) -> dict[int, tuple[str, float | None, date]]:
    """Customer -> (tier, score, as of) in the newest run of an earlier day."""
    found: dict[int, tuple[str, float | None, date]] = {}
    for run in {run.id: run for _, _, run in latest}.values():
        before = session.exec(
            select(GradingRun)
            .where(
                GradingRun.purpose == run.purpose,
                GradingRun.status == "published",
                GradingRun.as_of < run.as_of,
            )
            .order_by(col(GradingRun.id).desc())
        ).first()
        if before is None or before.id is None:
            continue
        ids = [row.customer_id for _, row, of_run in latest if of_run.id == run.id]
        for customer, row in assessments_in_run(session, before.id, ids).items():
            found[customer] = (row.tier, row.score, before.as_of)
    return found


def newest_days(session: Session) -> dict[str, date]:
    """Purpose -> the day its newest published grading is as of."""
    rows = session.exec(
        select(col(GradingRun.purpose), func.max(col(GradingRun.as_of)))
        .where(GradingRun.status == "published")
        .group_by(col(GradingRun.purpose))
    )
    return dict(rows.all())
