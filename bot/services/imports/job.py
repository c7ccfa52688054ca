"""One import in progress, and the rows it works on at a time."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from bot.services.imports.check.codes import FLOAT_CODES
from bot.services.imports.check.findings import FileFindings
from bot.services.imports.check.meaning.forms import Forms
from bot.services.imports.check.meaning.grain import Repeats
from bot.services.imports.check.styles import Group, Styles
from bot.services.imports.layout.columns import Layout
from bot.services.imports.read import text
from bot.services.imports.read.amounts import Amounts, Style, number_in
from bot.services.imports.read.cells.codes import Codes
from bot.services.imports.read.dates import Dates
from bot.services.imports.read.encoding import InspectedFile
from bot.services.imports.read.filters import NEGATIVE, read_filters
from bot.services.imports.read.refusal import Parser, RefusedValue
from bot.services.imports.read.text import plain
from bot.services.imports.rejects import Rejects
from bot.services.imports.report import ImportOptions
from bot.services.tombstones import Tombstones

AT_ONCE = 500  # keys of one query


@dataclass(kw_only=True)
class ImportJob:
    """One import in progress. Its methods that take a field's name make the parser of that field."""

    connection: Connection
    file: InspectedFile
    options: ImportOptions
    layout: Layout
    titles: tuple[tuple[int, str], ...] = ()  # line and text of what stands above the header
    delimiter: str
    styles: Styles
    rejects: Rejects
    findings: FileFindings
    repeats: Repeats = field(default_factory=Repeats)
    now: datetime
    parsers: dict[str, Parser] = field(default_factory=dict)  # by field
    tombstones: Tombstones = field(default_factory=Tombstones)
    says_paid: bool = False  # whether a column says by words which invoices are paid
    forms: Forms = field(default_factory=Forms)
    sample: list[list[str]] = field(default_factory=list)  # the cells of the first rows
    _numbers: dict[int, list[Decimal | None]] = field(default_factory=dict)  # of the sample, by place

    @property
    def source(self) -> str:
        """The system that the file comes from."""
        return self.options.source

    @property
    def today(self) -> date:
        """The day in the firm's time zone."""
        return self.now.astimezone(ZoneInfo(self.options.timezone)).date()

    def days(self, name: str, *, past_only: bool = False, first_year: int = 1900) -> Dates:
        """Days; with `past_only`, none in the future."""
        column = self._column(name)
        return Dates(
            order=self.styles.date_order(*column),
            century=self.styles.century(*column),
            today=self.today,
            zone=ZoneInfo(self.options.timezone),
            # A day ahead: east of us it may already be tomorrow.
            latest=(self.now + timedelta(days=1)).date() if past_only else None,
            first_year=first_year,
        )

    def past_days(self, name: str) -> Dates:
        """Days that are not in the future."""
        return self.days(name, past_only=True)

    def codes(self, name: str) -> Codes:
        """Codes and numbers that are text."""
        return Codes(drop_decimals=self.findings.accepts(FLOAT_CODES, repr(self._column(name)[1])))

    def amounts(self, name: str) -> Amounts:
        """Amounts of money."""
        header = self._column(name)[1]
        given = read_filters({NEGATIVE: self.options.negative}).get(plain(header)) if header else None
        return Amounts(self.decimal(name), None if given is None else frozenset(given.options))

    def decimal(self, name: str) -> Callable[[str], str]:
        """A function that decides whether the numbers of a field have a decimal point or comma."""
        return self.styles.decimal(*self._column(name))

    def decimal_among(
        self, name: str, keys: str, key_of: Callable[[str], str | None], key: str
    ) -> Callable[[str], str]:
        """`decimal` for the rows in which the field `keys` has a certain key (see `Group`)."""
        group = Group(place=self._column(keys)[0], key_of=key_of, key=key)
        return self.styles.decimal(*self._column(name), group)

    def numbers(self, place: int) -> list[Decimal | None]:
        """The numbers of a column in the first rows; None where a cell has none."""
        if place not in self._numbers:
            style: Style = self.options.decimal or "point"
            self._numbers[place] = [number_in(cells[place], style) for cells in self.sample]
        return self._numbers[place]

    def paragraph(self, name: str) -> Parser:
        """Text of several lines."""
        return text.paragraph(self.delimiter, len(self.layout.header), self._column(name)[0])

    def refuse(self, *, line: int, name: str, reason: str, cells: Sequence[str]) -> None:
        """Reject a row because of one of its fields."""
        place = self.layout.places.get(name)
        column = name if place is None else self.layout.header[place]
        value = "" if place is None or place >= len(cells) else cells[place]
        self.rejects.add(line=line, column=column, value=value, reason=reason, cells=cells)

    def _column(self, name: str) -> tuple[int, str]:
        """The place and header of a field's column; -1 and no header when the file has none."""
        place = self.layout.places.get(name, -1)
        return place, self.layout.header[place] if place >= 0 else ""


@dataclass(kw_only=True)
class Chunk:
    """Some thousand rows, parsed column by column."""

    lines: list[int]
    cells: list[list[str]]
    columns: Sequence[Sequence[str]]  # the same cells by column
    values: dict[str, list[Any]]  # field or staged column -> parsed values; None where blank
    refused: dict[int, tuple[str, RefusedValue]] = field(default_factory=dict)  # row -> field and reason

    def without(self, rows: Collection[int]) -> "Chunk":
        """The chunk without some rows."""
        places = {
            row: place for place, row in enumerate(one for one in range(len(self.lines)) if one not in rows)
        }
        return Chunk(
            lines=[self.lines[row] for row in places],
            cells=[self.cells[row] for row in places],
            columns=[[column[row] for row in places] for column in self.columns],
            values={name: [values[row] for row in places] for name, values in self.values.items()},
            refused={places[row]: why for row, why in self.refused.items() if row in places},
        )

    def refuse(self, row: int, name: str, reason: str) -> None:
        """Refuse a row because of a field, unless it is refused already."""
        self.refused.setdefault(row, (name, RefusedValue(reason)))

    def forgive(self, row: int, name: str) -> None:
        """Take back that a row is refused because of a field; another field may still refuse it."""
        if self.refused.get(row, ("",))[0] == name:
            del self.refused[row]
            for other, values in self.values.items():
                if type(values[row]) is RefusedValue:
                    self.refused.setdefault(row, (other, values[row]))

    def set_column(self, name: str, values: list[Any], field_name: str | None = None) -> None:
        """Set a column; rows with a RefusedValue are refused because of the field that it was made from."""
        self.values[name] = values
        if RefusedValue in set(map(type, values)):
            for row, value in enumerate(values):
                if type(value) is RefusedValue:
                    self.refused.setdefault(row, (field_name or name, value))
