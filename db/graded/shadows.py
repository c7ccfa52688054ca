"""Snapshots graded under schemes in the shadow too: which customers would be in another tier."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint, insert
from sqlmodel import Field, Session, SQLModel, col, delete, select

from db.graded.runs import GradingRun, RunStatus, abandoned


class ShadowRun(SQLModel, table=True):
    """A snapshot graded under a scheme in the shadow too; `problem` is why it could not be."""

    __tablename__ = "shadow_run"
    __table_args__ = (UniqueConstraint("run_id", "scheme_version_id"),)
    id: int | None = Field(default=None, primary_key=True)
    run_id: int = Field(foreign_key="grading_run.id")
    scheme_version_id: int = Field(foreign_key="scheme_version.id", index=True)
    movers: int = 0
    problem: str | None = None


class ShadowMove(SQLModel, table=True):
    """A customer whose tier in a snapshot would be another one under a scheme in the shadow. Nobody is notified.

    Both tiers are by boundaries and gates only, without movement.
    """

    __tablename__ = "shadow_move"
    __table_args__ = (UniqueConstraint("run_id", "scheme_version_id", "customer_id"),)
    id: int | None = Field(default=None, primary_key=True)
    run_id: int = Field(foreign_key="grading_run.id")
    scheme_version_id: int = Field(foreign_key="scheme_version.id", index=True)
    customer_id: int = Field(foreign_key="customer.id", index=True)
    tier: str
    shadow_tier: str
    score: float | None = None
    shadow_score: float | None = None


def add_moves(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows of `ShadowMove`."""
    if rows:
        session.execute(insert(ShadowMove), rows)


def runs(session: Session, scheme_version_id: int) -> list[tuple[ShadowRun, GradingRun]]:
    """The published snapshots that were graded under a scheme in the shadow too, oldest first."""
    rows = session.exec(
        select(ShadowRun, GradingRun)
        .join(GradingRun, col(GradingRun.id) == ShadowRun.run_id)
        .where(ShadowRun.scheme_version_id == scheme_version_id, GradingRun.status == RunStatus.PUBLISHED)
        .order_by(col(GradingRun.id))
    ).all()
    return [(shadow, run) for shadow, run in rows]


def delete_abandoned(session: Session, purpose: str, before: datetime) -> None:
    """Delete the shadow rows of runs that `db.graded.runs.delete_abandoned` will delete."""
    for table in (ShadowMove, ShadowRun):
        session.exec(delete(table).where(col(table.run_id).in_(abandoned(purpose, before))))
