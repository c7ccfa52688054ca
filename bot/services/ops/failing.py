"""Jobs that fail again and again: a row tells the doctor and /metrics, which run in other processes."""

from datetime import datetime
from typing import NamedTuple

import structlog
from sqlalchemy.exc import DatabaseError
from sqlmodel import Session

from db import processes
from db.engine import Database, describe, is_busy

PREFIX = "failing:"  # of the cursors' names
ENOUGH = 3  # failures in a row: one or two may be passing trouble

log = structlog.get_logger()


class Failing(NamedTuple):
    """A job that has only failed since a time, and why it last did."""

    job: str
    since: datetime
    times: int
    reason: str


def reason_of(failure: Exception) -> str:
    """What anybody may see: the database's message, or only the class of another error."""
    return describe(failure) if isinstance(failure, DatabaseError) else type(failure).__name__


def note(database: Database, job: str, failure: Exception | None, now: datetime) -> None:
    """Write down how a job has ended, where that is news. Waits for no lock that the job has waited for in vain."""
    if failure is not None and is_busy(failure):
        return
    try:
        with database.read() as session:
            known = processes.cursor(session, PREFIX + job)
        if failure is None and known is not None:
            with database.write() as session:
                processes.forget_cursor(session, PREFIX + job)
        elif failure is not None:
            before = _parse(job, known) if known else Failing(job, now, 0, "")
            if before.times < ENOUGH:
                value = f"{before.since.isoformat()} {before.times + 1} {reason_of(failure)}"
                with database.write() as session:
                    processes.set_cursor(session, PREFIX + job, value)
    except Exception as error:  # the database, which the job's own failure and /readyz tell
        log.warning("job.unnoted", job=job, error=type(error).__name__)


def jobs_failing(session: Session) -> list[Failing]:
    """The jobs that have failed often enough in a row."""
    found = [
        _parse(name.removeprefix(PREFIX), value) for name, value in processes.cursors(session, PREFIX).items()
    ]
    return [one for one in found if one.times >= ENOUGH]


def _parse(job: str, value: str) -> Failing:
    since, times, reason = value.split(" ", 2)
    return Failing(job, datetime.fromisoformat(since), int(times), reason)
