"""Copies of a SQLite database that is in use, and putting one in its place when it is not."""

import os
import sqlite3
import stat
from contextlib import closing
from enum import StrEnum
from pathlib import Path

from db import schema


class Unfitness(StrEnum):
    """Why a file cannot be restored, or not to that place."""

    NOT_COPIED = "not copied"  # target, reason
    NOT_WHOLE = "not whole"  # reason
    DAMAGED = "damaged"  # damage
    OTHER_VERSION = "other version"
    OTHER_OWNER = "other owner"  # file, user
    IN_USE = "in use"


class Unfit(Exception):
    """A file cannot be restored, or not to that place; `values` say more of why."""

    def __init__(self, why: Unfitness, **values: object) -> None:
        super().__init__(why, values)
        self.why = why
        self.values = values


class Damaged(Exception):
    """The database that was to be copied is damaged; says where."""


def find_damage(database: Path) -> str:
    """The first damage in the structure of a database's pages, empty when they are whole.

    Indexes are not compared with their tables: that takes 20 times as long.
    """
    try:
        with closing(_connect_reading(database)) as connection:
            found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if found == "ok" else " ".join(found.removeprefix("*** in database main ***").split())


def write(database: Path, target: Path) -> None:
    """A consistent copy of everything committed, readable by its owner only. Never half a file.

    Raises Damaged before it writes anything; OSError or sqlite3.Error when there is no room.
    """
    if damage := find_damage(database):
        raise Damaged(damage)
    partial = target.with_name(f"{target.name}.partial")
    try:
        _copy(database, partial)
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)


def write_beside(database: Path, label: str) -> Path:
    """A copy in the database's folder, under a name with this label that is still free."""
    target, number = database.with_name(f"{database.name}.{label}"), 1
    while target.exists():
        number += 1
        target = database.with_name(f"{database.name}.{label}-{number}")
    write(database, target)
    return target


def prepare(backup: Path, target: Path) -> None:
    """Copy a backup that is whole and of a revision this code knows. Raises Unfit."""
    try:
        _copy(backup, target, changing=backup.with_name(f"{backup.name}-wal").exists())
    except (OSError, sqlite3.OperationalError) as error:
        reason = getattr(error, "strerror", None) or error
        raise Unfit(Unfitness.NOT_COPIED, target=target, reason=reason) from None
    except sqlite3.DatabaseError as error:
        raise Unfit(Unfitness.NOT_WHOLE, reason=error) from None
    try:
        with closing(sqlite3.connect(target)) as connection:
            integrity = connection.execute("PRAGMA integrity_check").fetchone()[0]
            revision = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.DatabaseError as error:
        raise Unfit(Unfitness.NOT_WHOLE, reason=error) from None
    if integrity != "ok":
        raise Unfit(Unfitness.DAMAGED, damage=integrity)
    if revision is None or revision[0] not in schema.revisions():
        raise Unfit(Unfitness.OTHER_VERSION)


def channel_ids(database: Path) -> dict[str, str]:
    """Name of a channel -> its id, as far as a database that may be damaged can be read."""
    try:
        with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            return dict(connection.execute("SELECT name, channel_id FROM channel_name"))
    except sqlite3.Error:
        return {}


def replace(database: Path, prepared: Path) -> Path | None:
    """Put a prepared file in the database's place, with its owner and mode; where the old one is kept.

    Raises Unfit while it is in use, and where the owner cannot be kept. Without an old file the folder's owner gets it.
    """
    kept = None
    if database.exists():
        _require_unused(database)
        prepared.chmod(stat.S_IMODE(database.stat().st_mode))
        _give(prepared, database)
        kept = database.with_name(f"{database.name}.before-restore")
        os.replace(database, kept)
    else:
        _give(prepared, database.parent)
    for suffix in ("-wal", "-shm"):  # SQLite would read the old file's log into the new one
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    os.replace(prepared, database)
    return kept


def _give(file: Path, like: Path) -> None:
    """Give a file the owner and group of another one, so that the processes that used that one can use it."""
    own, wanted = file.stat(), like.stat()
    if (own.st_uid, own.st_gid) == (wanted.st_uid, wanted.st_gid):
        return
    try:
        os.chown(file, wanted.st_uid, wanted.st_gid)
    except PermissionError:
        if own.st_uid != wanted.st_uid:
            raise Unfit(Unfitness.OTHER_OWNER, file=like, user=wanted.st_uid) from None


def _require_unused(database: Path) -> None:
    """Leaving WAL mode needs every other connection closed; it also writes the log into the file."""
    try:
        with closing(sqlite3.connect(database, timeout=1)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise Unfit(Unfitness.IN_USE) from None
    except sqlite3.DatabaseError:
        pass  # a broken file is the reason to restore


def _copy(source: Path, target: Path, *, changing: bool = True) -> None:
    target.unlink(missing_ok=True)
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with (
        closing(_connect_reading(source, changing=changing)) as reading,
        closing(sqlite3.connect(target)) as writing,
    ):
        reading.backup(writing)


def _connect_reading(database: Path, *, changing: bool = True) -> sqlite3.Connection:
    """Read only. SQLite makes two files beside one that others may change, and leaves them there."""
    options = "mode=ro" if changing else "mode=ro&immutable=1"
    return sqlite3.connect(f"{database.absolute().as_uri()}?{options}", uri=True, timeout=30)
