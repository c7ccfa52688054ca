"""Connections and units of work.

SQLite gets two engines: one writer whose every transaction starts with BEGIN IMMEDIATE, because SQLAlchemy's default
(the transaction opens at the first write) silently lost 180 of 240 concurrent read-modify-write updates, and readers
that cannot write. PostgreSQL gets one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.pool import QueuePool
from sqlmodel import Session, create_engine

# How long a writer waits for another: longer than an import's publishing, shorter than the lease of a message, whose
# outcome would be lost if it could not be written down.
BUSY_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class Database:
    """One database; `write` and `read` are the only ways in."""

    url: str
    writer: Engine
    reader: Engine

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction: committed at the end, rolled back when anything is raised."""
        with Session(self.writer, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A consistent view that cannot write."""
        with Session(self.reader, expire_on_commit=False) as session:
            if not self.is_sqlite:
                session.connection(
                    execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
                )
            yield session

    @property
    def is_sqlite(self) -> bool:
        return self.writer.dialect.name == "sqlite"

    def close(self) -> None:
        self.writer.dispose()
        self.reader.dispose()


def open_database(url: str) -> Database:
    """Connect lazily; the folder of a SQLite file is made if it is missing."""
    if make_url(url).get_backend_name() == "sqlite":
        return _open_sqlite(url)
    engine = create_engine(
        url,
        pool_pre_ping=True,
        connect_args={
            "options": "-c lock_timeout=10s -c statement_timeout=600s "
            "-c idle_in_transaction_session_timeout=120s -c timezone=UTC"
        },
    )
    return Database(url=url, writer=engine, reader=engine)


def _open_sqlite(url: str) -> Database:
    file = make_url(url).database
    if file:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
    arguments: dict[str, Any] = {"check_same_thread": False, "timeout": BUSY_SECONDS}
    writer = create_engine(
        url, poolclass=QueuePool, pool_size=1, max_overflow=0, pool_timeout=30, connect_args=arguments
    )
    reader = create_engine(url, poolclass=QueuePool, pool_size=4, max_overflow=12, connect_args=arguments)

    @event.listens_for(writer, "connect")
    def _writer_connected(connection: Any, _: Any) -> None:
        _pragmas(connection, "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")

    @event.listens_for(writer, "begin")
    def _begin_immediate(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    @event.listens_for(reader, "connect")
    def _reader_connected(connection: Any, _: Any) -> None:
        _pragmas(connection, "query_only=1", "temp_store=MEMORY")

    @event.listens_for(reader, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN")

    return Database(url=url, writer=writer, reader=reader)


def _pragmas(connection: Any, *pragmas: str) -> None:
    connection.isolation_level = None  # BEGIN is ours to say
    cursor = connection.cursor()
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
