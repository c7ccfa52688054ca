"""Connections, transactions and the statements both databases write differently.

SQLite gets two engines: one writer whose every transaction starts with BEGIN IMMEDIATE, because SQLAlchemy's default
(the transaction opens at the first write) silently lost 180 of 240 concurrent read-modify-write updates, and readers
that cannot write. PostgreSQL gets one, at READ COMMITTED: work that decides by what it has read names a `lock`.
"""

import random
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import URL, Connection, Dialect, Engine, String, event, inspect, text
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator
from sqlmodel import Session, SQLModel, create_engine

from db.address import hidden_parameters, parsed
from db.types import UtcDateTime

# How long a writer waits for another: longer than an import takes to publish, shorter than the lease of a message,
# whose outcome could not be written after it.
BUSY_SECONDS = 30
CONNECT_SECONDS = 10
# A server that vanished without a word is noticed after half a minute; by the system's own settings after 15 minutes,
# and where nothing is being sent after two hours. What the URL says counts instead.
_ALIVE = {"keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 30_000}
TRIES = 5
_RETRIED = (
    "40001",
    "40P01",
)  # serialization failure, deadlock: PostgreSQL's manual says to repeat the transaction
_LOCK_NOT_AVAILABLE = "55P03"  # PostgreSQL's answer after lock_timeout
# jit: PostgreSQL overestimates the query for due messages; compiling it took 20 of its 21 ms.
_OPTIONS = (
    f"-c jit=off -c lock_timeout={BUSY_SECONDS}s -c statement_timeout=600s"
    " -c idle_in_transaction_session_timeout=120s -c timezone=UTC"
)
# Advisory locks of PostgreSQL; imports hold 7462, the audit 7464.
MIGRATION_LOCK = 7461
_NAMED_LOCKS = 7463
_AT_END = "at_end"

Result = TypeVar("Result")


class AddressFault(StrEnum):
    """Why a URL opens no database."""

    NO_ADDRESS = "no address"
    OTHER_PRODUCT = "other product"  # product
    NO_DRIVER = "no driver"  # reason
    SLASHES = "slashes"
    FOLDER = "folder"  # file
    NO_FOLDER = "no folder"  # file, reason


class Unusable(Exception):
    """A URL opens no database; `values` say more of why, without the password."""

    def __init__(self, why: AddressFault, **values: object) -> None:
        super().__init__(why, values)
        self.why = why
        self.values = values


@dataclass(frozen=True, kw_only=True)
class Database:
    """One database, reached through `write` and `read` only. `before_write` may refuse a writing transaction."""

    url: str = field(repr=False)  # with the password
    writer: Engine
    reader: Engine
    before_write: Callable[[Connection], None] = lambda connection: None

    @contextmanager
    def write(self, *, lock: str | None = None) -> Iterator[Session]:
        """One transaction: committed at the end, rolled back when anything is raised.

        Only one transaction with the same `lock` runs at a time, over all processes, so that what it reads stays
        true until it commits. SQLite runs one writing transaction at a time anyway.
        """
        with Session(self.writer, expire_on_commit=False) as session, session.begin():
            session.info[_AT_END] = []
            self.before_write(session.connection())
            if lock is not None:
                self.lock(session, lock)
            yield session
            for work in session.info[_AT_END]:
                work(session)

    def lock(self, within: Session | Connection, name: str) -> None:
        """Take a lock of `write` until the end of a writing transaction that was begun in another way."""
        lock_named(within, name)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A consistent view that cannot write."""
        with Session(self.reader, expire_on_commit=False) as session:
            if not self.is_sqlite:
                session.connection(
                    execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
                )
            yield session

    def retry(self, work: Callable[[], Result], rng: random.Random | None = None) -> Result:
        """Do a whole transaction, and again from its start when PostgreSQL aborted it to end a deadlock.

        Only for work whose one effect is the transaction: everything else it does is repeated too.
        """
        rng = rng or random.SystemRandom()  # only spreads the waiting times
        for attempt in range(TRIES - 1):
            try:
                return work()
            except OperationalError as error:
                if getattr(error.orig, "sqlstate", None) not in _RETRIED:
                    raise
                time.sleep(rng.uniform(0, 0.05 * 2**attempt))
        return work()

    @property
    def is_sqlite(self) -> bool:
        return self.writer.dialect.name == "sqlite"

    @property
    def file(self) -> Path:
        """The file of a SQLite database."""
        return Path(self.writer.url.database or "")

    def close(self) -> None:
        self.writer.dispose()
        self.reader.dispose()


def at_end(session: Session, work: Callable[[Session], None]) -> None:
    """Do work as the last of a transaction that `Database.write` began, if it gets that far."""
    session.info[_AT_END].append(work)


def lock_named(within: Session | Connection, name: str) -> None:
    """Take a lock of `Database.write` until the end of a transaction; SQLite runs one writing transaction at a time."""
    bind = within.get_bind() if isinstance(within, Session) else within
    if bind.dialect.name != "sqlite":
        keys = {"kind": _NAMED_LOCKS, "key": zlib.crc32(name.encode()) - 2**31}
        within.execute(text("SELECT pg_advisory_xact_lock(:kind, :key)"), keys)


class db_clock(FunctionElement[datetime]):  # noqa: N801 - a SQL function
    """The database's clock, by which leases run: the clocks of the processes that share it may differ."""

    type = UtcDateTime()
    inherit_cache = True


@compiles(db_clock, "sqlite")
def _sqlite_clock(*_: Any, **__: Any) -> str:
    return "strftime('%Y-%m-%d %H:%M:%f', 'now')"


@compiles(db_clock, "postgresql")
def _postgresql_clock(*_: Any, **__: Any) -> str:
    return "clock_timestamp()"  # not now(), which stands still from the start of the transaction


class IdList(TypeDecorator[Sequence[int]]):
    """Any number of ids as one parameter. As text: psycopg takes four times as long for a list."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Sequence[int] | None, dialect: Dialect) -> str:
        around = "[{}]" if dialect.name == "sqlite" else "{{{}}}"
        return around.format(",".join(map(str, value or ())))


class is_among(FunctionElement[bool]):  # noqa: N801 - reads as SQL
    """Condition: a column is one of an `IdList`. With a parameter for each id, a statement cost more than its rows.

    Without a type: SQLAlchemy would append `= 1` to a boolean for SQLite, which then uses no index.
    """

    inherit_cache = True


@compiles(is_among, "sqlite")
def _is_among_sqlite(element: Any, compiler: Any, **keywords: Any) -> str:
    column, ids = (compiler.process(part, **keywords) for part in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({ids}))"  # noqa: S608 - compiled parts


@compiles(is_among)
def _is_among(element: Any, compiler: Any, **keywords: Any) -> str:
    column, ids = (compiler.process(part, **keywords) for part in element.clauses)
    return f"{column} = ANY (CAST({ids} AS INTEGER[]))"


def dialect(session: Session) -> str:
    """sqlite or postgresql, for statements that differ."""
    return str(session.get_bind().dialect.name)


def insert(connection: Connection, table: Any) -> Any:
    """The dialect's INSERT, which has ON CONFLICT."""
    return (postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert)(table)


def upsert(
    session: Session,
    table: type[SQLModel],
    rows: Sequence[dict[str, Any]],
    changed: Iterable[str] | None = None,
) -> None:
    """Insert rows; where the primary key exists, overwrite the other columns, or only those `changed`."""
    if not rows:
        return
    key = [column.name for column in inspect(table).primary_key]
    statement = insert(session.connection(), table)
    names = changed or [name for name in rows[0] if name not in key]
    values = {name: statement.excluded[name] for name in names}
    session.connection().execute(statement.on_conflict_do_update(index_elements=key, set_=values), list(rows))


def describe(error: Exception) -> str:
    """The driver's message of an error, in one line, without the statement and its values."""
    lines = str(getattr(error, "orig", "")).strip().splitlines()
    return lines[0].rstrip(".") if lines and lines[0] else type(error).__name__


def is_busy(error: Exception) -> bool:
    """Whether work had to end because others hold the lock it needs, or all connections."""
    if isinstance(error, PoolTimeout):
        return True
    cause = getattr(error, "orig", None)
    if isinstance(cause, sqlite3.OperationalError):
        # Without a code it comes from the driver itself, as for text that is no UTF-8.
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    return getattr(cause, "sqlstate", None) == _LOCK_NOT_AVAILABLE


def open_database(url: str) -> Database:
    """A database that connects when it is first used; a SQLite file's folder is created. Raises Unusable."""
    address = parsed(url)
    if address is None:
        raise Unusable(AddressFault.NO_ADDRESS)
    if address.get_backend_name() == "sqlite":
        return _open_sqlite(address)
    if address.drivername in ("postgres", "postgresql", "postgresql+psycopg"):  # hosters write the first two
        return _open_postgresql(address.set(drivername="postgresql+psycopg"))
    raise Unusable(AddressFault.OTHER_PRODUCT, product=address.drivername)


def file_of(url: str) -> Path | None:
    """The file of a SQLite database; None for any other URL."""
    address = parsed(url)
    if address is None or address.get_backend_name() != "sqlite" or not address.database:
        return None
    return Path(address.database)


def _open_postgresql(address: URL) -> Database:
    try:
        import psycopg  # noqa: F401 - imported here to say how to install it
    except ImportError as error:
        raise Unusable(AddressFault.NO_DRIVER, reason=error) from None
    options = " ".join(part for part in (_OPTIONS, address.query.get("options")) if isinstance(part, str))
    hidden = hidden_parameters(address)  # the engine would print them with its address
    arguments: dict[str, Any] = {"application_name": "tierbot", **hidden, "options": options}
    limits = {"connect_timeout": CONNECT_SECONDS, **_ALIVE}
    arguments |= {name: limit for name, limit in limits.items() if name not in address.query}
    engine = create_engine(
        address.difference_update_query(hidden),
        pool_pre_ping=True,
        pool_size=5,
        max_overflow=15,
        connect_args=arguments,
        use_native_hstore=False,
        hide_parameters=True,  # errors would carry names and notes into the log
    )
    return Database(url=address.render_as_string(hide_password=False), writer=engine, reader=engine)


def _open_sqlite(address: URL) -> Database:
    if address.host:
        raise Unusable(AddressFault.SLASHES)
    if address.database:
        if Path(address.database).is_dir():
            raise Unusable(AddressFault.FOLDER, file=address.database)
        try:
            Path(address.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Unusable(AddressFault.NO_FOLDER, file=address.database, reason=error.strerror) from None
    arguments: dict[str, Any] = {"check_same_thread": False, "timeout": BUSY_SECONDS}
    shared: dict[str, Any] = {"poolclass": QueuePool, "connect_args": arguments, "hide_parameters": True}
    writer = create_engine(address, pool_size=1, max_overflow=0, pool_timeout=30, **shared)
    reader = create_engine(address, pool_size=4, max_overflow=12, **shared)

    @event.listens_for(writer, "begin")
    def _begin_immediate(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    @event.listens_for(reader, "begin")
    def _begin(connection: Any) -> None:
        # On the driver's connection, because SQLAlchemy's handling of a statement costs more than this one.
        connection.connection.dbapi_connection.execute("BEGIN")

    # 16 MB of pages instead of 2: a chunk of a large book changes pages all over the indexes, which were written and read
    # again within one transaction.
    _set_pragmas(writer, "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-16000")
    _set_pragmas(reader, "query_only=1", "temp_store=MEMORY")
    _reopen_after_read_only(writer, reader)
    return Database(url=address.render_as_string(hide_password=False), writer=writer, reader=reader)


def _set_pragmas(engine: Engine, *pragmas: str) -> None:
    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # transactions begin with our own BEGIN
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}").close()


def _reopen_after_read_only(writer: Engine, reader: Engine) -> None:
    """Close all connections when a write has failed on a read-only disk, until one succeeds.

    A file opened on a read-only disk stays read-only after the disk has recovered, and so does the index of the
    write-ahead log that all connections of a process share, until every one of them is closed.
    """
    read_only = False

    def _checked_in(connection: Any, record: ConnectionPoolEntry) -> None:
        # Only now: an unfinished statement keeps a connection open after it was closed. And every one, because a
        # thread may have asked the pool that `dispose` replaces, which nobody would empty.
        if connection is not None and read_only:
            record.invalidate()

    for engine in (writer, reader):
        event.listen(engine, "checkin", _checked_in)

    @event.listens_for(writer, "handle_error")
    def _failed(context: ExceptionContext) -> None:
        nonlocal read_only
        if "readonly" in str(context.original_exception):
            read_only = True
            reader.dispose()

    @event.listens_for(writer, "commit")
    def _committed(connection: Connection) -> None:
        nonlocal read_only
        # On a read-only disk a transaction that writes nothing succeeds.
        if read_only and cast(Any, connection.connection.dbapi_connection).total_changes:
            read_only = False
