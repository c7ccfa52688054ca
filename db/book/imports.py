"""Imports and the previous state of what they changed; the private connection on which an import works."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Date,
    Executable,
    Index,
    Integer,
    Select,
    Table,
    func,
    inspect,
    text,
)
from sqlalchemy import select as sa_select
from sqlalchemy.engine import make_url
from sqlmodel import Field, Session, SQLModel, col, delete, select

from db.book.customers import COLUMNS, Customer
from db.engine import Database, insert
from db.types import Money, UtcDateTime

# Without it, SQLAlchemy discards the count that psycopg gives for an INSERT.
_COUNTING = {"preserve_rowcount": True}
# A customer's own columns and its owner change no score, except these columns: by them a scheme is chosen, or they
# count in it, or it is graded again.
_SCORED = frozenset({*COLUMNS, "record_type", "since", "archived"})
_NOT_SCORED = frozenset(
    {
        *("complaint", "contact_person", "customer", "customer_key", "customer_name", "gift", "ownership"),
        *("survey_score", "trait"),
    }
)
JOINS = "joins"  # the import kind that joins customers
_LOCK = 7462  # of PostgreSQL's advisory locks; the migrations hold 7461


class ImportStatus(StrEnum):
    """Whether the rows of an import count."""

    PUBLISHED = "published"
    UNDONE = "undone"


class ImportBatch(SQLModel, table=True):
    """One imported file. Rows it created carry its id; rows it changed have an ImportChange."""

    __tablename__ = "import_batch"
    id: int | None = Field(default=None, primary_key=True)
    kind: str
    source: str
    file_name: str
    file_sha256: str = Field(index=True)
    actor: str
    rows: int = 0
    accepted: int = 0
    rejected: int = 0
    created: int = 0
    changed: int = 0
    status: str = ImportStatus.PUBLISHED
    started_at: datetime = Field(sa_type=UtcDateTime)
    published_at: datetime = Field(sa_type=UtcDateTime)
    undone_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    undone_by: str | None = None


class ImportChange(SQLModel, table=True):
    """The previous values of a row that an import changed."""

    __tablename__ = "import_change"
    __table_args__ = (Index("ix_import_change_row", "table_name", "row_id"),)
    id: int | None = Field(
        default=None, primary_key=True, sa_type=BigInteger().with_variant(Integer(), "sqlite")
    )
    batch_id: int = Field(foreign_key="import_batch.id", index=True)
    table_name: str
    row_id: int
    before: str  # JSON of the changed columns


class ColumnMapping(SQLModel, table=True):
    """The column that holds a field in the files of a source, as a person gave it with --map."""

    __tablename__ = "column_mapping"
    source: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    field: str = Field(primary_key=True)
    column: str


class ImportAnswer(SQLModel, table=True):
    """An option that a person gave for the files of a source, to answer what they leave open."""

    __tablename__ = "import_answer"
    source: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    option: str = Field(primary_key=True)
    value: str  # JSON


class ImportRunning(Exception):
    """Another import or undo holds the lock."""


def table(model: type[SQLModel]) -> Table:
    """The Core table of a model."""
    return cast(Table, inspect(model).local_table)


def find_mapping(connection: Connection, source: str, kind: str) -> dict[str, str]:
    """Field -> column, as remembered for a source and kind."""
    rows = connection.execute(
        select(ColumnMapping.field, ColumnMapping.column).where(
            ColumnMapping.source == source, ColumnMapping.kind == kind
        )
    )
    return {row[0]: row[1] for row in rows}


def remember_mapping(connection: Connection, source: str, kind: str, columns: Mapping[str, str]) -> None:
    """Store field -> column for the next files of a source and kind."""
    if not columns:
        return
    connection.execute(
        delete(ColumnMapping).where(
            col(ColumnMapping.source) == source,
            col(ColumnMapping.kind) == kind,
            col(ColumnMapping.field).in_(list(columns)),
        )
    )
    connection.execute(
        table(ColumnMapping).insert(),
        [{"source": source, "kind": kind, "field": f, "column": c} for f, c in columns.items()],
    )


def find_answers(connection: Connection, source: str, kind: str) -> dict[str, Any]:
    """Option -> value, as remembered for a source and kind."""
    rows = connection.execute(
        select(ImportAnswer.option, ImportAnswer.value).where(
            ImportAnswer.source == source, ImportAnswer.kind == kind
        )
    )
    return {row[0]: json.loads(row[1]) for row in rows}


def remember_answers(connection: Connection, source: str, kind: str, answers: Mapping[str, Any]) -> None:
    """Store option -> value for the next files of a source and kind, in place of all earlier ones."""
    stored = table(ImportAnswer)
    connection.execute(stored.delete().where(stored.c.source == source, stored.c.kind == kind))
    rows = [
        {"source": source, "kind": kind, "option": option, "value": json.dumps(value, ensure_ascii=False)}
        for option, value in answers.items()
    ]
    if rows:
        connection.execute(stored.insert(), rows)


def forget_mapping(connection: Connection, source: str, kind: str, fields: Collection[str]) -> None:
    """Delete what --map gave for these fields of a source and kind."""
    stored = table(ColumnMapping)
    connection.execute(
        stored.delete().where(
            stored.c.source == source, stored.c.kind == kind, stored.c.field.in_(list(fields))
        )
    )


def all_batches(session: Session) -> list[ImportBatch]:
    """All imports, newest first."""
    return list(session.exec(select(ImportBatch).order_by(col(ImportBatch.id).desc())))


def newest_batches(session: Session, most: int) -> list[ImportBatch]:
    """The newest imports, by the primary key."""
    return list(session.exec(select(ImportBatch).order_by(col(ImportBatch.id).desc()).limit(most)))


def find_sources(connection: Connection, kind: str | None = None) -> list[str]:
    """The sources of all imports that are not undone, or of those of one kind, the latest first."""
    batch = table(ImportBatch)
    found = sa_select(batch.c.source).where(batch.c.status == ImportStatus.PUBLISHED)
    if kind is not None:
        found = found.where(batch.c.kind == kind)
    return list(connection.scalars(found.group_by(batch.c.source).order_by(func.max(batch.c.id).desc())))


def find_same_file(connection: Connection, *, kind: str, sha256: str) -> int | None:
    """The newest import of a file with the same bytes, from any source, that is not undone."""
    found: int | None = connection.execute(
        select(ImportBatch.id)
        .where(
            ImportBatch.file_sha256 == sha256,
            ImportBatch.kind == kind,
            ImportBatch.status == ImportStatus.PUBLISHED,
        )
        .order_by(col(ImportBatch.id).desc())
        .limit(1)
    ).scalar()
    return found


@contextmanager
def workspace(database: Database) -> Iterator[Connection]:
    """A separate connection for one import: temporary tables on it are private, and end with it.

    Filling them does not take SQLite's write lock. Every transaction that writes to other tables must begin with a
    write, so that it waits for the lock instead of failing on a stale snapshot.
    """
    connection = database.reader.connect()
    connection.detach()
    try:
        if database.is_sqlite:
            raw = cast(Any, connection.connection.dbapi_connection)
            for pragma in (
                "query_only=0",
                "foreign_keys=ON",
                "synchronous=FULL",
                "busy_timeout=30000",
                "temp_store=FILE",
                "cache_size=-16384",  # 16 MB: enough for the index pages of a large import, and its memory stays flat
                "temp.cache_size=-8192",
            ):
                raw.execute(f"PRAGMA {pragma}")
        yield connection
    finally:
        connection.close()


@contextmanager
def exclusive(database: Database) -> Iterator[None]:
    """An exclusive lock: one import or undo at a time per database. It ends with its process."""
    if database.is_sqlite:
        with _file_lock(make_url(database.url).database):
            yield
        return
    with database.writer.connect() as connection:
        if not connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _LOCK}).scalar():
            raise ImportRunning
        connection.commit()
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
            connection.commit()


@contextmanager
def _file_lock(file: str | None) -> Iterator[None]:
    if not file:
        yield
        return
    import fcntl

    with open(f"{file}.import-lock", "w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ImportRunning from None
        yield


def fill(connection: Connection, target: Table, columns: Sequence[str], rows: list[tuple[Any, ...]]) -> int:
    """Insert rows whose values the driver takes as they are, except those whose key is there; how many were inserted.

    Without SQLAlchemy's handling of parameters: three times as fast for a million rows, and by COPY on PostgreSQL.
    """
    if not rows:
        return 0
    quote = connection.dialect.identifier_preparer.quote
    names = ", ".join(map(quote, columns))
    if connection.dialect.name == "postgresql":
        return _copy(connection, quote(target.name), names, rows)
    marks = ", ".join("?" * len(columns))
    statement = f"INSERT INTO {quote(target.name)} ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608 - names from our metadata
    return int(connection.exec_driver_sql(statement, rows, execution_options=_COUNTING).rowcount)


def _copy(connection: Connection, target: str, names: str, rows: list[tuple[Any, ...]]) -> int:
    """COPY has no ON CONFLICT: copy to a table without keys, then insert from there the first row of each key."""
    landing = f"{target}_landing"
    if landing not in connection.info:
        connection.exec_driver_sql(f"CREATE TEMPORARY TABLE {landing} (LIKE {target})")
        connection.info[landing] = True
    # NOT NULL is copied by LIKE, keys and indexes are not.
    cursor = cast(Any, connection.connection.dbapi_connection).cursor()
    with cursor, cursor.copy(f"COPY {landing} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    moved = connection.exec_driver_sql(
        f"INSERT INTO {target} ({names}) SELECT {names} FROM {landing} ORDER BY ctid ON CONFLICT DO NOTHING",  # noqa: S608 - names from our metadata
        execution_options=_COUNTING,
    )
    connection.exec_driver_sql(f"TRUNCATE {landing}")
    return int(moved.rowcount)


def add_missing(connection: Connection, target: Table, columns: list[str], rows: Any) -> None:
    """Insert the rows of a SELECT that are not there yet. It must have a WHERE, or SQLite misreads ON CONFLICT."""
    connection.execute(insert(connection, target).from_select(columns, rows).on_conflict_do_nothing())


def affected(connection: Connection, statement: Executable) -> int:
    """Execute an INSERT, UPDATE or DELETE; how many rows it affected."""
    return int(connection.execute(statement, execution_options=_COUNTING).rowcount)


def changed_rows(batch_id: int, changed: Table) -> Select[int]:
    """A SELECT of the ids of the rows of a table that an import changed."""
    return sa_select(col(ImportChange.row_id)).where(
        col(ImportChange.batch_id) == batch_id, col(ImportChange.table_name) == changed.name
    )


def previous_values(changed: Table, before: str) -> dict[str, Any]:
    """The columns that an import changed (`ImportChange.before`), with the previous values as the table takes them."""

    def previous(column_type: Any, value: Any) -> Any:
        if value is None:
            return None
        if isinstance(column_type, Money):
            return Decimal(value)
        return date.fromisoformat(value) if isinstance(column_type, Date) else value

    return {name: previous(changed.c[name].type, value) for name, value in json.loads(before).items()}


def undone_between(
    session: Session, published_by: datetime, undone_from: datetime, *, kind: str | None = None
) -> list[int]:
    """The imports that had been published by one moment and were undone from another on: what they brought is gone."""
    statement = select(col(ImportBatch.id)).where(
        col(ImportBatch.published_at) <= published_by, col(ImportBatch.undone_at) >= undone_from
    )
    if kind is not None:
        statement = statement.where(ImportBatch.kind == kind)
    return sorted(number for number in session.exec(statement) if number is not None)


def newest_batch(session: Session) -> int:
    """The id of the newest import; 0 before the first."""
    return session.exec(select(func.max(ImportBatch.id))).one() or 0


def rows_by_batch(
    session: Session, created: Table, *conditions: ColumnElement[bool]
) -> dict[int | None, int]:
    """Import -> how many rows of a table, of those that fulfil the conditions, it created; None: those that no import did."""
    counted = sa_select(created.c.batch_id, func.count()).where(*conditions).group_by(created.c.batch_id)
    return {row[0]: row[1] for row in session.execute(counted)}


def changes_by_batch(session: Session) -> dict[tuple[int, str], int]:
    """(import, table) -> how many rows of the table it changed."""
    key = (col(ImportChange.batch_id), col(ImportChange.table_name))
    rows = session.execute(sa_select(*key, func.count()).group_by(*key))
    return {(row[0], row[1]): row[2] for row in rows}


def customers_touched(
    session: Session | Connection,
    after: int,
    *,
    until: int = 2**31 - 1,
    tables: Collection[str] | None = None,
) -> list[int]:
    """Ids of the customers for whom imports in (after, until] created or changed rows of these tables.

    Without tables: rows that a score counts. Columns by which customers are scored are always looked at.
    """
    touched: set[int] = set()
    for name, rows in SQLModel.metadata.tables.items():
        if (name in _NOT_SCORED if tables is None else name not in tables) or not {"id", "batch_id"} <= set(
            rows.c.keys()
        ):
            continue
        who: Any = rows
        if "customer_id" not in rows.c:  # a line of an order belongs to the customer of the order
            owners = [key for key in rows.foreign_keys if "customer_id" in key.column.table.c]
            if not owners:
                continue
            who = rows.join(owners[0].column.table, owners[0].parent == owners[0].column)
        customer = next(column for column in who.c if column.name == "customer_id")
        touched.update(
            session.scalars(
                sa_select(customer)
                .select_from(who)
                .where(rows.c.batch_id.between(after + 1, until))
                .distinct()
            )
        )
        changed = (
            sa_select(customer)
            .select_from(who)
            .join(table(ImportChange), table(ImportChange).c.row_id == rows.c.id)
            .where(
                table(ImportChange).c.table_name == name,
                table(ImportChange).c.batch_id.between(after + 1, until),
            )
        )
        touched.update(session.scalars(changed.distinct()))
    corrected = session.execute(
        sa_select(col(ImportChange.row_id), col(ImportChange.before), col(Customer.joined_into))
        .join(Customer, col(Customer.id) == col(ImportChange.row_id))
        .where(
            col(ImportChange.table_name) == Customer.__tablename__,
            col(ImportChange.batch_id).between(after + 1, until),
        )
    )
    for row_id, before, joined_into in corrected:
        if not _SCORED.isdisjoint(json.loads(before)):
            touched.add(joined_into or row_id)
    return sorted(touched)


def newest_joins(session: Session) -> dict[int, datetime]:
    """Customers into which others were joined -> when the newest of their joins was published."""
    rows = session.execute(
        sa_select(col(Customer.joined_into), func.max(col(ImportBatch.published_at)))
        .join(ImportChange, col(ImportChange.row_id) == col(Customer.id))
        .join(ImportBatch, col(ImportBatch.id) == col(ImportChange.batch_id))
        .where(
            col(Customer.joined_into).is_not(None),
            col(ImportChange.table_name) == Customer.__tablename__,
            col(ImportBatch.kind) == JOINS,
        )
        .group_by(col(Customer.joined_into))
    )
    return {customer: at for customer, at in rows if customer is not None}
