"""The shape of the database: bring it up to date, and refuse one this code does not match."""

import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

from db.engine import Database

if TYPE_CHECKING:  # a command that only asks pays for no migrations
    from alembic.config import Config

HEAD = "0001"  # the revision this code was written for

# Alembic keeps the migration it is running in module globals: two threads of one process would mix theirs up.
_one_at_a_time = threading.Lock()


class SchemaMismatch(Exception):
    """The database is of another revision than this code."""

    def __init__(self, found: str | None, wanted: str) -> None:
        super().__init__(f"database revision {found or 'none'}, this code needs {wanted}")
        self.found = found
        self.wanted = wanted


@cache
def config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def current(database: Database) -> str | None:
    """The revision the database is at, None when it is empty."""
    with database.reader.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def upgrade(database: Database) -> None:
    """Apply what is missing, in one transaction; a second migrator waits and then finds nothing to do."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with _one_at_a_time, database.writer.begin() as connection:
        if not database.is_sqlite:
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7461)")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def check(database: Database) -> None:
    """Raise SchemaMismatch unless the database is exactly at `HEAD`."""
    found = current(database)
    if found != HEAD:
        raise SchemaMismatch(found, HEAD)
