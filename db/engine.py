"""Connections and units of work.

SQLite gets two engines: one writer whose every transaction starts with BEGIN IMMEDIATE, because SQLAlchemy's default
(the transaction opens at the first write) silently lost 180 of 240 concurrent read-modify-write updates, and readers
that cannot write. PostgreSQL gets one, at READ COMMITTED: work that decides by what it has read says `alone`.
"""

import random
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Engine, event, select, text
from sqlalchemy.engine import ExceptionContext, make_url
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool
from sqlalchemy.sql.functions import FunctionElement
from sqlmodel import Session, create_engine

from db.types import UtcDateTime

# How long a writer waits for another: longer than an import's publishing, shorter than the lease of a message, whose
# outcome would be lost if it could not be written down.
BUSY_SECONDS = 30
CONNECT_SECONDS = 10
TRIES = 5
_RETRIED = ("40001", "40P01")  # serialization failure, deadlock: PostgreSQL's word is to do it all again
# jit: what is due is asked for each place, which looks dear to PostgreSQL, and to compile it took 20 ms of 21.
_OPTIONS = (
    f"-c jit=off -c lock_timeout={BUSY_SECONDS}s -c statement_timeout=600s"
    " -c idle_in_transaction_session_timeout=120s -c timezone=UTC"
)
_ALONE = 7463  # class of PostgreSQL's advisory locks; migrations hold 7461, imports 7462

Result = TypeVar("Result")


class Unusable(Exception):
    """A database URL nothing can be opened by; says why and what to do, without the password."""


@dataclass(frozen=True, kw_only=True)
class Database:
    """One database; `write` and `read` are the only ways in."""

    url: str
    writer: Engine
    reader: Engine

    @contextmanager
    def write(self, *, alone: str | None = None) -> Iterator[Session]:
        """One transaction: committed at the end, rolled back when anything is raised.

        Of those `alone` under one name only one runs at a time, whichever process it is in, so that what it reads
        stays true until it commits. On SQLite every transaction that writes is alone anyway.
        """
        with Session(self.writer, expire_on_commit=False) as session, session.begin():
            if alone is not None and not self.is_sqlite:
                key = zlib.crc32(alone.encode()) - 2**31
                session.execute(
                    text("SELECT pg_advisory_xact_lock(:kind, :key)"), {"kind": _ALONE, "key": key}
                )
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

    def retrying(self, work: Callable[[], Result], rng: random.Random | None = None) -> Result:
        """Do a whole unit of work, again from its start when PostgreSQL broke a deadlock at its cost.

        Only for work that does nothing but write to the database: whatever else it does, it does again.
        """
        rng = rng or random.SystemRandom()  # of the waiting alone
        for tried in range(TRIES - 1):
            try:
                return work()
            except OperationalError as error:
                if getattr(error.orig, "sqlstate", None) not in _RETRIED:
                    raise
                time.sleep(rng.uniform(0, 0.05 * 2**tried))
        return work()

    @property
    def is_sqlite(self) -> bool:
        return self.writer.dialect.name == "sqlite"

    def close(self) -> None:
        self.writer.dispose()
        self.reader.dispose()


class db_clock(FunctionElement[datetime]):  # noqa: N801 - a word of SQL
    """The database's clock, by which leases run: the processes that share it may disagree."""

    type = UtcDateTime()
    inherit_cache = True


@compiles(db_clock, "sqlite")
def _sqlite_clock(*_: Any, **__: Any) -> str:
    return "strftime('%Y-%m-%d %H:%M:%f', 'now')"


@compiles(db_clock, "postgresql")
def _postgresql_clock(*_: Any, **__: Any) -> str:
    return "clock_timestamp()"  # not now(), which stands still from the start of the transaction


_CLOCK = select(db_clock())


def db_now(session: Session) -> datetime:
    """What the database's clock says."""
    now: datetime = session.connection().execute(_CLOCK).scalar_one()
    return now


def dialect(session: Session) -> str:
    """sqlite or postgresql, for what the two say in different words."""
    return str(session.get_bind().dialect.name)


def why(error: Exception) -> str:
    """What a driver says of an error, in one line; without the statement and its values."""
    said = str(getattr(error, "orig", "")).strip().splitlines()
    return said[0].rstrip(".") if said and said[0] else type(error).__name__


def open_database(url: str) -> Database:
    """Connect lazily; the folder of a SQLite file is made if it is missing. Raises Unusable."""
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):  # ValueError: a port that is no number
        raise Unusable(
            "this is not a database URL; write sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"
        ) from None
    if address.get_backend_name() == "sqlite":
        return _open_sqlite(url)
    if address.drivername in (
        "postgres",
        "postgresql",
        "postgresql+psycopg",
    ):  # the first two as hosters write it
        return _open_postgresql(address.set(drivername="postgresql+psycopg"))
    raise Unusable(f"{address.drivername} is not supported; use sqlite:///FILE or postgresql://…")


def _open_postgresql(address: URL) -> Database:
    try:
        import psycopg  # noqa: F401 - asked for here, to say how to get it
    except ImportError as error:
        raise Unusable(
            f"PostgreSQL needs psycopg, which cannot be loaded ({error}). Run: pip install 'tierbot[postgres]'"
        ) from None
    options = " ".join(part for part in (_OPTIONS, address.query.get("options")) if isinstance(part, str))
    arguments: dict[str, Any] = {"options": options, "application_name": "tierbot"}
    if "connect_timeout" not in address.query:
        arguments["connect_timeout"] = CONNECT_SECONDS
    engine = create_engine(
        address,
        pool_pre_ping=True,
        pool_size=5,
        max_overflow=15,
        connect_args=arguments,
        use_native_hstore=False,
        hide_parameters=True,  # an error would otherwise carry names and notes into the log
    )
    return Database(url=address.render_as_string(hide_password=False), writer=engine, reader=engine)


def _open_sqlite(url: str) -> Database:
    address = make_url(url)
    if address.host:
        raise Unusable("a SQLite file has three slashes before its path, four before an absolute one")
    if address.database:
        if Path(address.database).is_dir():
            raise Unusable(f"{address.database} is a folder; name a file in it")
        try:
            Path(address.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Unusable(f"the folder of {address.database} cannot be made: {error.strerror}") from None
    arguments: dict[str, Any] = {"check_same_thread": False, "timeout": BUSY_SECONDS}
    shared: dict[str, Any] = {"poolclass": QueuePool, "connect_args": arguments, "hide_parameters": True}
    writer = create_engine(url, pool_size=1, max_overflow=0, pool_timeout=30, **shared)
    reader = create_engine(url, pool_size=4, max_overflow=12, **shared)

    # A file that was opened on a read-only disk stays read-only when the disk is not any more, and so does the index of
    # its log, which SQLite shares among all connections of a process: for a moment none of them may be open.
    mistrusted = 0

    @event.listens_for(writer, "connect")
    def _writer_connected(connection: Any, record: ConnectionPoolEntry) -> None:
        record.info["opened_after"] = mistrusted
        _pragmas(connection, "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")

    @event.listens_for(writer, "begin")
    def _begin_immediate(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    @event.listens_for(reader, "connect")
    def _reader_connected(connection: Any, record: ConnectionPoolEntry) -> None:
        record.info["opened_after"] = mistrusted
        _pragmas(connection, "query_only=1", "temp_store=MEMORY")

    @event.listens_for(reader, "begin")
    def _begin(connection: Any) -> None:
        # Past SQLAlchemy's handling of a statement: nothing can stand in its way, and it comes with every answer.
        connection.connection.dbapi_connection.execute("BEGIN")

    @event.listens_for(writer, "handle_error")
    def _mistrust(context: ExceptionContext) -> None:
        nonlocal mistrusted
        if "readonly" in str(context.original_exception):
            mistrusted += 1
            reader.dispose()

    @event.listens_for(writer, "checkin")
    @event.listens_for(reader, "checkin")
    def _close_mistrusted(connection: Any, record: ConnectionPoolEntry) -> None:
        # Only now: a statement that is not finished keeps a connection open after it was closed.
        if connection is not None and record.info["opened_after"] != mistrusted:
            record.invalidate()

    return Database(url=url, writer=writer, reader=reader)


def _pragmas(connection: Any, *pragmas: str) -> None:
    connection.isolation_level = None  # BEGIN is ours to say
    cursor = connection.cursor()
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
