"""What an import kind declares, and what follows from its declaration."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from copy import copy
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Self

from sqlalchemy import Column, ColumnElement, Connection, Integer, MetaData, String, Table, func, select

from bot.errors import N_, Conflict, Phrase
from bot.services.access import Act
from bot.services.imports.job import Chunk, ImportJob
from bot.services.imports.layout.columns import FileField, known_headers
from bot.services.imports.layout.header import Header, find_header
from bot.services.imports.layout.vendors import vendor_headers
from bot.services.imports.publication import Upsert
from bot.services.imports.read.encoding import InspectedFile
from bot.services.imports.read.text import plain
from bot.services.imports.report import ImportOptions
from db.book.imports import affected


@dataclass(frozen=True, kw_only=True)
class KindOption:
    """An option of `tierbot import` that some kinds read from `ImportOptions.kind_options`; all others ignore it."""

    name: str
    help: str
    type: Any = bool
    default: Any = False
    metavar: str | None = None
    remembered: bool = False  # whether the next files of the source are read with it, too


@dataclass(frozen=True, kw_only=True, eq=False)
class WrittenTable:
    """A table that imports write. An undo deletes the rows with their `batch_id` and restores changed ones.

    A subclass does in addition what else depends on the rows.
    """

    table: Table
    called: str = ""  # its rows in a sentence; needed where other tables refer to them
    counted: bool = True  # in the report of an undo
    pointers: tuple[Column[Any], ...] = ()  # columns that refer to it without a foreign key

    @property
    def has_batch(self) -> bool:
        """Whether imports create rows in it; otherwise they only change rows."""
        return "batch_id" in self.table.c

    def referring_columns(self) -> list[Column[Any]]:
        """The columns of all tables that refer to its rows, but for those that the database empties or deletes along."""
        columns = [column for other in self.table.metadata.sorted_tables for column in other.c]
        referring = [one for one in columns if one.references(self.table.c.id) and not _goes_along(one)]
        return referring + list(self.pointers)

    @contextmanager
    def around_undo(self, connection: Connection, batch_id: int) -> Iterator[None]:
        """Goes around the restoring of changed rows; rows that others refer to are deleted afterwards."""
        yield

    def revive(self, connection: Connection, batch_id: int) -> int:
        """Make rows valid again that the import superseded; how many."""
        return 0

    def newest_dependent(self, connection: Connection, batch_id: int) -> int | None:
        """The newest later import that superseded rows of this one, or builds on its changes."""
        return None


@dataclass(frozen=True, kw_only=True, eq=False)
class DatedTable(WrittenTable):
    """A table of dated values; those that an import superseded become valid again."""

    derived: str | None = (
        None  # the source of values that follow from rows of another table, which restores them
    )

    @contextmanager
    def around_undo(self, connection: Connection, batch_id: int) -> Iterator[None]:
        """Refuse to undo values that a person corrected."""
        rows = self.table.c
        corrected = select(1).where(
            *(rows.batch_id == batch_id, rows.superseded_at.is_not(None), rows.superseded_by_batch.is_(None)),
            rows.source.is_distinct_from(self.derived),
        )
        if connection.execute(corrected.limit(1)).first():
            raise Conflict(
                N_("Import %(batch)d cannot be undone: some of its %(rows)s were corrected by hand since."),
                batch=batch_id,
                rows=Phrase(self.called),
            )
        yield

    def revive(self, connection: Connection, batch_id: int) -> int:
        rows = self.table.c
        mine = rows.superseded_by_batch == batch_id, rows.source.is_distinct_from(self.derived)
        superseded = self.table.update().where(*mine)
        return affected(connection, superseded.values(superseded_at=None, superseded_by_batch=None))

    def newest_dependent(self, connection: Connection, batch_id: int) -> int | None:
        by = self.table.c.superseded_by_batch
        newest = select(func.max(by)).where(self.table.c.batch_id == batch_id, by > batch_id)
        return connection.execute(newest).scalar()


def _goes_along(column: Column[Any]) -> bool:
    return all(key.ondelete in ("CASCADE", "SET NULL") for key in column.foreign_keys)


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What publishing did, or would do."""

    created: int
    changed: int
    customers_created: int = 0


def stage_table(name: str, metadata: MetaData, *columns: Column[Any]) -> Table:
    """A table for rows on their way into the book, private to a connection: by line of the file, each key once."""
    line = Column("line", Integer, primary_key=True, autoincrement=False)
    key = Column("key", String, unique=True, nullable=False)
    return Table(name, metadata, line, key, *columns, prefixes=["TEMPORARY"])


def find_header_of(
    kind: "FileKind | type[FileKind]",
    file: InspectedFile,
    delimiter: str | None,
    mapped: Iterable[str],
    line: int | None = None,
) -> Header:
    """Where a file of this kind has its header; `mapped` are the columns that --map names."""
    own = known_headers(kind.fields) | vendor_headers(kind.name)
    return find_header(
        file,
        delimiter,
        known=own.union(map(plain, mapped)),
        least=sum(field.required for field in kind.fields),
        line=line,
    )


class FileKind(ABC):
    """An import kind. Its command, staging table, undo and reports follow from the class variables."""

    name: ClassVar[str]
    fields: ClassVar[tuple[FileField, ...]]
    key_field: ClassVar[str]  # what a duplicate within the file is reported under
    staged: ClassVar[
        Mapping[str, Any]
    ]  # columns of the staging table in addition to `line` and `key` -> type
    writes: ClassVar[tuple[WrittenTable, ...]]
    options: ClassVar[tuple[KindOption, ...]] = ()
    right: ClassVar[Act] = Act.IMPORT  # that its imports, and their undoing, need
    repeats: ClassVar[bool] = True  # whether many rows with one key may be rows of something finer

    def __init__(self) -> None:
        name = f"staged_{self.name.replace('-', '_')}"
        self.stage = stage_table(name, MetaData(), *(Column(*column) for column in self.staged.items()))
        self.intake = self.stage  # the table that rows of the file are staged in first
        self.filled: tuple[str, ...] = ("key", *self.staged)  # the columns that this import fills

    def under(self, options: ImportOptions) -> Self:
        """The kind of one import: its fields may depend on what the firm has set."""
        return copy(self)

    @property
    def known_headers(self) -> frozenset[str]:
        """The headers that its fields are recognised by, as `plain` compares them."""
        return known_headers(self.fields)

    def prepare(self, job: ImportJob) -> None:  # noqa: B027 - optional
        """Refuse what cannot work with these options; load what the rows refer to."""

    @property
    def known_keys(self) -> Table | None:
        """The table of the keys that the book knows, by source and external id; None where a key is not a code."""
        return None

    @abstractmethod
    def resolve(self, job: ImportJob, chunk: Chunk) -> None:
        """Add the staged columns that no field fills; refuse rows that make no sense."""

    def after_staging(self, job: ImportJob, chunk: Chunk, rows: list[int]) -> None:  # noqa: B027 - optional
        """Stage in addition what depends on these rows of a chunk, which are now staged."""

    def after_reject(self, job: ImportJob, line: int, cells: Sequence[str]) -> None:  # noqa: B027 - optional
        """Note a rejected line that has no columns; `cells` are what is there of it."""

    def after_repeats(self, job: ImportJob, chunk: Chunk, rows: list[int]) -> None:  # noqa: B027 - optional
        """Store these rows of a chunk, which repeat an earlier row that may yet be refused."""

    def refuse_at_end(self, job: ImportJob) -> tuple[int, int]:
        """Refuse rows that only the whole file can judge; how many staged ones and how many repeats."""
        return 0, 0

    def add_up(self, job: ImportJob) -> tuple[int, int]:
        """Make rows of the staging table of lines in the intake; (lines rejected, rows fewer than lines)."""
        return 0, 0

    def check(self, job: ImportJob) -> None:  # noqa: B027 - optional
        """Add to `job.findings` what only all staged rows, and the book, can show."""

    @abstractmethod
    def count(self, job: ImportJob) -> Counts:
        """What publishing would do, without writing."""

    @abstractmethod
    def publish(self, job: ImportJob, batch_id: int) -> Counts:
        """Write the staged rows to the book, within the caller's transaction."""


class UpsertKind(FileKind):
    """A kind whose staged rows become rows of the first table it writes: they change the row they match, or are new."""

    def resolve(self, job: ImportJob, chunk: Chunk) -> None:
        """Nothing to add: the fields fill all staged columns."""

    @property
    def known_keys(self) -> Table | None:
        target = self.writes[0].table
        return target if "external_id" in target.c else None

    def identity(self, job: ImportJob) -> Mapping[str, Any]:
        """The columns by which a staged row matches a row of the table, and their values: by default source and key."""
        return {"source": job.source, "external_id": self.stage.c.key}

    def columns(self, job: ImportJob) -> Mapping[str, Any]:
        """The other columns that a staged row sets, and their values: by default, those staged by the same name."""
        target, known = self.writes[0].table, self.identity(job)
        return {name: self.stage.c[name] for name in self.filled if name in target.c and name not in known}

    def defaults(self, job: ImportJob) -> Mapping[str, Any]:
        """What a new row has in addition to, or in place of, what is staged."""
        return {}

    def clears(self, job: ImportJob) -> Mapping[str, ColumnElement[bool]]:
        """The columns that a staged row may empty, and whether it does; otherwise an empty one leaves the value."""
        return {}

    def around_change(self, job: ImportJob, ids: list[int]) -> AbstractContextManager[None]:
        """Goes around a change of these rows."""
        return nullcontext()

    def upsert(self, job: ImportJob) -> Upsert:
        """The staged rows and the table they go to."""
        return Upsert(
            target=self.writes[0].table,
            stage=self.stage,
            identity=self.identity(job),
            columns=self.columns(job),
            clears=self.clears(job),
        )

    def count(self, job: ImportJob) -> Counts:
        created, changed = self.upsert(job).count(job.connection)
        return Counts(created=created, changed=changed)

    def publish(self, job: ImportJob, batch_id: int) -> Counts:
        upsert = self.upsert(job)
        changed = upsert.change(job.connection, batch_id, around=lambda ids: self.around_change(job, ids))
        created = upsert.create(job.connection, batch_id, self.defaults(job))
        return Counts(created=created, changed=changed)


def kind_under(kind: type[FileKind], options: ImportOptions) -> FileKind:
    """A kind as it is for one import."""
    return _built(kind).under(options)


@cache
def _built(kind: type[FileKind]) -> FileKind:
    """A kind before any file. Its tables stay the same objects, so that their statements are compiled once.

    Otherwise 900 small files took 15 s more, and pushed other statements out of the engine's cache.
    """
    return kind()
