"""The schema: bring a database up to date, and refuse one that this code does not match."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Connection, inspect

from db.engine import MIGRATION_LOCK, Database

if TYPE_CHECKING:  # only an upgrade loads alembic
    from alembic.config import Config

HEAD = "0035"  # the revision this code was written for
VERSIONS = [Path(__file__).parent / "migrations" / "versions"]

_ORPHANS = "PRAGMA foreign_key_check"

# Alembic keeps the running migration in module globals, so that two threads would mix theirs up.
_one_at_a_time = threading.Lock()


class SchemaMismatch(Exception):
    """The database is of another revision than this code."""

    def __init__(self, found: str | None, wanted: str) -> None:
        super().__init__(f"database revision {found or 'none'}, this code needs {wanted}")
        self.found = found
        self.wanted = wanted


class NewerSchema(SchemaMismatch):
    """The database is of a revision that this code does not know: a newer version has upgraded it."""


def revisions() -> set[str]:
    """The revisions this code knows, by the names of their files."""
    return {file.name.partition("_")[0] for folder in VERSIONS for file in folder.glob("[0-9]*_*.py")}


def config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(map(str, VERSIONS)))
    return config


def current(database: Database) -> str | None:
    """The revision the database is at, None when it is empty."""
    with database.reader.connect() as connection:
        return _revision(connection)


def is_empty(database: Database) -> bool:
    """Whether the database has no table at all, of ours or of anybody; also when its file does not exist yet."""
    with database.reader.connect() as connection:
        return not inspect(connection).get_table_names()


def upgrade(
    database: Database, to: str | None = None, *, before: Callable[[str], None] = lambda revision: None
) -> None:
    """Apply the missing migrations in one transaction; a second migrator waits and then finds nothing to do.

    `before` is called with the old revision before an existing schema changes, while no other process can write.
    Raises NewerSchema.
    """
    from alembic import command

    to = to or HEAD
    settings = config()
    with _one_at_a_time, database.writer.connect() as connection:
        if database.is_sqlite:
            # Changing a column rebuilds its table, which drops the old one; so not while rows refer to it.
            connection.detach()
            cast(Any, connection.connection.dbapi_connection).execute("PRAGMA foreign_keys=OFF")
        with connection.begin():
            if not database.is_sqlite:
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
            found = _revision(connection)
            if found is not None and found not in revisions():
                raise NewerSchema(found, to)
            if found is not None and found != to:
                before(found)
            settings.attributes["connection"] = connection
            command.upgrade(settings, to)
            if database.is_sqlite and (orphan := connection.exec_driver_sql(_ORPHANS).first()):
                raise RuntimeError(f"a migration left rows of {orphan[0]} that refer to missing rows")


def check(database: Database) -> None:
    """Raise SchemaMismatch unless the database is exactly at `HEAD`, NewerSchema when its revision is not known."""
    _require_head(current(database))


def check_writing(connection: Connection) -> None:
    """The same in a transaction that writes: the database stays at `HEAD` until it ends.

    On SQLite it must have the write lock already; on PostgreSQL a migration waits for it.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock_shared({MIGRATION_LOCK})")
    _require_head(_stored(connection))


def _require_head(found: str | None) -> None:
    if found == HEAD:
        return
    if found is None or found in revisions():
        raise SchemaMismatch(found, HEAD)
    raise NewerSchema(found, HEAD)


def _revision(connection: Connection) -> str | None:
    return _stored(connection) if inspect(connection).has_table("alembic_version") else None


def _stored(connection: Connection) -> str | None:
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all()
    return ", ".join(sorted(found)) or None
