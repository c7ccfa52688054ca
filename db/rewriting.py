"""Rewriting a SQLite file after an erasure, so that no deleted byte is left in it or in its write-ahead log.

A deleted row stays in the free parts of the file's pages, and in the log until it is emptied. PostgreSQL reuses the
space by itself; its own files and archives are its administrator's.
"""

import sqlite3
from datetime import datetime
from enum import StrEnum
from typing import Any, cast

from sqlmodel import Session

from db import processes
from db.engine import Database, dialect

CURSOR = "rewrite"  # when the erasure was that the file has not been rewritten after
WAIT_MILLISECONDS = 10_000  # for other processes to end what they read


class Rewritten(StrEnum):
    """How far it came."""

    DONE = "done"
    LOG_IN_USE = "log_in_use"  # another process reads the state before: the log still holds it
    FAILED = "failed"  # such as without room on the disk
    NOT_NEEDED = "not_needed"


def begin(session: Session, now: datetime) -> None:
    """In the transaction that deletes: overwrite deleted rows, and store that the file must be rewritten."""
    if dialect(session) == "sqlite":
        session.connection().exec_driver_sql("PRAGMA secure_delete=ON")
        processes.set_cursor(session, CURSOR, now.isoformat())


def is_due(database: Database) -> bool:
    """Whether the file has not been rewritten since an erasure."""
    with database.read() as session:
        return processes.cursor(session, CURSOR) is not None


def finish(database: Database) -> Rewritten:
    """Rewrite the file and empty its log, if that is due."""
    if not database.is_sqlite or not is_due(database):
        return Rewritten.NOT_NEEDED
    try:
        _execute(database, "VACUUM")
        emptied = _empty_log(database)
    except sqlite3.OperationalError:
        return Rewritten.FAILED
    if not emptied:
        return Rewritten.LOG_IN_USE
    with database.write() as session:
        processes.forget_cursor(session, CURSOR)
    return Rewritten.DONE


def _empty_log(database: Database) -> bool:
    busy, _, _ = _execute(database, "PRAGMA wal_checkpoint(TRUNCATE)")
    return not busy


def _execute(database: Database, statement: str) -> Any:
    with database.writer.connect() as connection:
        raw = cast(Any, connection.connection.dbapi_connection)
        (usual,) = raw.execute("PRAGMA busy_timeout").fetchone()
        raw.execute(f"PRAGMA busy_timeout={WAIT_MILLISECONDS}")
        try:
            return raw.execute(statement).fetchone()
        finally:
            raw.execute(f"PRAGMA busy_timeout={usual}")
