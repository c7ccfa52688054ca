"""What assessments take up, and forgetting those of runs that are old enough, never those the present goes back to."""

from datetime import date

from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, delete, func, select, update

from db.graded.runs import Assessment, GradingRun

DROPPED = "dropped"  # a run whose assessments are gone or going; its row and its tier changes stay


_SIZE = {
    "sqlite": "SELECT sum(pgsize) FROM dbstat"
    " WHERE name IN (SELECT name FROM sqlite_master WHERE tbl_name = 'assessment')",
    "postgresql": "SELECT pg_total_relation_size('assessment')",
}


def bytes_each(session: Session) -> float | None:
    """Bytes of an assessment, indexes included; None where there is none, or SQLite was built without its statistics."""
    count = session.exec(select(func.count()).select_from(Assessment)).one()
    connection = session.connection()
    try:
        size = connection.exec_driver_sql(_SIZE[connection.dialect.name]).scalar_one()
    except OperationalError:
        return None
    return float(size) / count if count else None


def drop_runs(session: Session, before: date) -> int:
    """Take out the runs of earlier days; how many. From the newest snapshot of that time on they are kept.

    Whatever is as of a later day goes back to it, for how customers move, and to the runs that add to it.
    """
    done = 0
    published = col(GradingRun.status) == "published"
    for purpose in session.exec(select(GradingRun.purpose).where(published).distinct()).all():
        base = session.exec(
            select(GradingRun.id)
            .where(
                published,
                GradingRun.purpose == purpose,
                GradingRun.kind == "snapshot",
                GradingRun.as_of < before,
            )
            .order_by(col(GradingRun.id).desc())
        ).first()
        if base is not None:
            old = (col(GradingRun.purpose) == purpose, published, col(GradingRun.id) < base)
            done += session.exec(update(GradingRun).where(*old).values(status=DROPPED)).rowcount
    return done


def delete_dropped(session: Session, limit: int) -> int:
    """Delete some assessments of runs that were dropped; how many."""
    some = (
        select(Assessment.id)
        .join(GradingRun, col(GradingRun.id) == Assessment.run_id)
        .where(GradingRun.status == DROPPED)
        .limit(limit)
    )
    return session.exec(delete(Assessment).where(col(Assessment.id).in_(some))).rowcount
