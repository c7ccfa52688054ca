"""The size of stored assessments, and deleting those of old runs, never those that later runs depend on."""

from datetime import date

from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, delete, func, select, update

from db.graded.runs import Assessment, GradingRun, RunKind, RunStatus

_SIZE = {
    "sqlite": "SELECT sum(pgsize) FROM dbstat"
    " WHERE name IN (SELECT name FROM sqlite_master WHERE tbl_name = 'assessment')",
    "postgresql": "SELECT pg_total_relation_size('assessment')",
}


def bytes_each(session: Session) -> float | None:
    """Bytes per assessment, indexes included; None without any, or when SQLite was built without its statistics."""
    count = session.exec(select(func.count()).select_from(Assessment)).one()
    connection = session.connection()
    try:
        size = connection.exec_driver_sql(_SIZE[connection.dialect.name]).scalar_one()
    except OperationalError:
        return None
    return float(size) / count if count else None


def drop_runs(session: Session, before: date) -> int:
    """Drop the runs of earlier days; how many. The newest snapshot of that time and all runs after it are kept.

    Later runs need its state for movement, and the runs that add to it.
    """
    done = 0
    published = col(GradingRun.status) == RunStatus.PUBLISHED
    for purpose in session.exec(select(GradingRun.purpose).where(published).distinct()).all():
        base = session.exec(
            select(GradingRun.id)
            .where(
                published,
                GradingRun.purpose == purpose,
                GradingRun.kind == RunKind.SNAPSHOT,
                GradingRun.as_of < before,
            )
            .order_by(col(GradingRun.id).desc())
        ).first()
        if base is not None:
            old = (col(GradingRun.purpose) == purpose, published, col(GradingRun.id) < base)
            done += session.exec(update(GradingRun).where(*old).values(status=RunStatus.DROPPED)).rowcount
    return done


def delete_dropped(session: Session, limit: int) -> int:
    """Delete some assessments of runs that were dropped; how many."""
    some = (
        select(Assessment.id)
        .join(GradingRun, col(GradingRun.id) == Assessment.run_id)
        .where(GradingRun.status == RunStatus.DROPPED)
        .limit(limit)
    )
    return session.exec(delete(Assessment).where(col(Assessment.id).in_(some))).rowcount
