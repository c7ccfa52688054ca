"""Copies of a SQLite database, made while it is in use, and put back when nobody uses it."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from alembic.script import ScriptDirectory

from db import schema


class Unfit(Exception):
    """A file that cannot be restored, or a place where it cannot go; says why."""


def make(database: Path, target: Path) -> None:
    """A consistent copy with everything that was committed, readable by its owner only. Never half a file."""
    partial = target.with_name(f"{target.name}.partial")
    partial.unlink(missing_ok=True)
    os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        _copy(database, partial)
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)


def take(backup: Path, target: Path) -> None:
    """A copy of a backup to work on, found whole and of a revision this code knows. Raises Unfit."""
    target.unlink(missing_ok=True)
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        _copy(backup, target)
        with closing(sqlite3.connect(target)) as connection:
            whole = connection.execute("PRAGMA integrity_check").fetchone()[0]
            revision = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.DatabaseError as error:
        raise Unfit(f"it is not a whole database of Tierbot ({error})") from None
    if whole != "ok":
        raise Unfit(f"it is damaged ({whole})")
    known = {script.revision for script in ScriptDirectory.from_config(schema.config()).walk_revisions()}
    if revision is None or revision[0] not in known:
        raise Unfit("it was made by another version of Tierbot; install that one first")


def put(prepared: Path, database: Path) -> Path | None:
    """Put a prepared file in the database's place; where the old one is kept. Raises Unfit while it is in use."""
    kept = None
    if database.exists():
        _claim_alone(database)
        kept = database.with_name(f"{database.name}.before-restore")
        os.replace(database, kept)
    for suffix in ("-wal", "-shm"):  # of the old one; they would be taken for the new one's
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    os.replace(prepared, database)
    return kept


def _claim_alone(database: Path) -> None:
    """Leaving WAL needs every other connection closed; it also brings the log into the file."""
    try:
        with closing(sqlite3.connect(database, timeout=1)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise Unfit("another process has the database open; stop every process first") from None
    except sqlite3.DatabaseError:
        pass  # what is broken is the reason to restore


def _copy(source: Path, target: Path) -> None:
    with (
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=30)) as reading,
        closing(sqlite3.connect(target)) as writing,
    ):
        reading.backup(writing)
