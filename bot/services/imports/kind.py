"""What every kind of file has in common: a job, its chunks of parsed rows, and what a kind must say."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, Date, Integer, MetaData, String, Table, literal

from bot.services.imports import publication
from bot.services.imports.read import text
from bot.services.imports.read.amounts import Amounts, Style
from bot.services.imports.read.columns import FileField, Layout
from bot.services.imports.read.dates import Dates
from bot.services.imports.read.refusal import Parser, RefusedValue
from bot.services.imports.read.styles import Styles
from bot.services.imports.rejects import Rejects
from bot.services.imports.report import ImportOptions

CUSTOMER = FileField(
    name="customer",
    headers=(
        "customer id",
        "customer code",
        "customer no",
        "code",
        "客户编号",
        "客户代码",
        "客户编码",
        "客户号",
        "客户ID",
        "客户",
    ),
    required=True,
)


@dataclass(kw_only=True)
class ImportJob:
    """One import under way."""

    connection: Connection
    options: ImportOptions
    layout: Layout
    delimiter: str
    styles: Styles
    rejects: Rejects
    now: datetime

    @property
    def source(self) -> str:
        return self.options.source

    def dates(self, name: str, *, past_only: bool = False, first_year: int = 1900) -> Dates:
        place = self.layout.places.get(name, -1)
        # A day ahead: east of us it may already be tomorrow.
        latest = (self.now + timedelta(days=1)).date() if past_only else None
        order = self.styles.date_order(place, self._header(place))
        return Dates(order, latest=latest, first_year=first_year)

    def amounts(self, name: str) -> Amounts:
        return Amounts(self.decimal(name))

    def decimal(self, name: str) -> Callable[[str], Style]:
        """What says whether a column's numbers have a decimal point or comma."""
        place = self.layout.places.get(name, -1)
        return self.styles.decimal(place, self._header(place))

    def paragraph(self, name: str) -> Parser:
        return text.paragraph(self.delimiter, len(self.layout.header), self.layout.places.get(name, -1))

    def refuse(self, *, line: int, name: str, reason: str, cells: Sequence[str]) -> None:
        place = self.layout.places.get(name)
        column = name if place is None else self.layout.header[place]
        value = "" if place is None or place >= len(cells) else cells[place]
        self.rejects.add(line=line, column=column, value=value, reason=reason, cells=cells)

    def _header(self, place: int) -> str:
        return self.layout.header[place] if place >= 0 else ""


@dataclass(kw_only=True)
class Chunk:
    """Some thousand rows, parsed column by column."""

    lines: list[int]
    cells: list[list[str]]
    values: dict[str, list[Any]]  # field -> parsed values; None where blank
    refused: dict[int, tuple[str, RefusedValue]] = field(default_factory=dict)  # row -> field and reason

    def refuse(self, row: int, name: str, reason: RefusedValue) -> None:
        self.refused.setdefault(row, (name, reason))

    def take(self, name: str, values: list[Any], field_name: str | None = None) -> None:
        """Set a column; rows whose value is Refused are refused, under the field they came from."""
        self.values[name] = values
        if RefusedValue in set(map(type, values)):
            for row, value in enumerate(values):
                if type(value) is RefusedValue:
                    self.refuse(row, field_name or name, value)


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What publishing did, or would do."""

    created: int
    changed: int
    customers_created: int = 0


class FileKind(ABC):
    """One kind of file: its fields, how its rows are staged, and how they are published."""

    name: str
    fields: tuple[FileField, ...]
    key_field: str  # what a duplicate within the file is reported under
    stage: Table
    staged: tuple[str, ...]  # the columns of `stage` filled from a chunk's values, beside line

    @abstractmethod
    def prepare(self, job: ImportJob) -> None:
        """Refuse what cannot work with these options; load what the rows refer to."""

    @abstractmethod
    def parsers(self, job: ImportJob) -> Mapping[str, Parser]:
        """How each field's cells are read."""

    @abstractmethod
    def resolve(self, job: ImportJob, chunk: Chunk) -> None:
        """Turn references into ids and set the column `key`; refuse rows that make no sense."""

    def after_fill(self, job: ImportJob, chunk: Chunk, rows: list[int]) -> None:  # noqa: B027 - few kinds have any
        """Stage what hangs on these rows of a chunk, which are now in the staging table."""

    def after_repeats(self, job: ImportJob, chunk: Chunk, rows: list[int]) -> None:  # noqa: B027 - one kind has any
        """Remember these rows of a chunk, which say again what an earlier row says, if that may yet be refused."""

    def settle(self, job: ImportJob) -> tuple[int, int]:
        """After the last chunk: refuse rows that only the whole file can judge; how many staged ones and repeats."""
        return 0, 0

    @abstractmethod
    def count(self, job: ImportJob) -> Counts:
        """What publishing would do, from reading alone."""

    @abstractmethod
    def publish(self, job: ImportJob, batch_id: int) -> Counts:
        """Bring the staged rows in, within the caller's transaction."""


class UpsertKind(FileKind):
    """A kind whose staged rows become rows of one table: those that match are changed, the others are new."""

    @abstractmethod
    def upsert(self, job: ImportJob) -> publication.Upsert:
        """What the staged rows become, and which row is the same."""

    @abstractmethod
    def given(self, job: ImportJob) -> Mapping[str, Any]:
        """What a new row has beside what is staged and the import it came with."""

    def around(self, job: ImportJob, ids: list[int]) -> AbstractContextManager[None]:
        """What goes on around a change of these rows."""
        return nullcontext()

    def count(self, job: ImportJob) -> Counts:
        created, changed = publication.count(job.connection, self.upsert(job))
        return Counts(created=created, changed=changed)

    def publish(self, job: ImportJob, batch_id: int) -> Counts:
        upsert = self.upsert(job)
        changed = publication.change(
            job.connection, upsert, batch_id, around=lambda ids: self.around(job, ids)
        )
        created = publication.create(job.connection, upsert, **self.given(job), batch_id=literal(batch_id))
        return Counts(created=created, changed=changed)


def stage_table(metadata: MetaData, name: str, *columns: Column[Any]) -> Table:
    """A private table of rows on their way in, in file order."""
    return Table(
        name,
        metadata,
        Column("line", Integer, primary_key=True, autoincrement=False),
        Column("key", String, unique=True, nullable=False),
        *columns,
        prefixes=["TEMPORARY"],
    )


def day_column(name: str) -> Column[Any]:
    return Column(name, Date)
