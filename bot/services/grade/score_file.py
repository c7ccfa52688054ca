"""Grades a flat table without a database: one row per customer, one column per field of the scheme."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from bot.errors import N_, BadInput
from bot.services.imports.check.columns import compare_twins
from bot.services.imports.check.dates import ask_about_days
from bot.services.imports.check.encoding import check_encoding
from bot.services.imports.check.fields import KnownFields
from bot.services.imports.check.findings import FileFinding, FileFindings, FindingType, Level
from bot.services.imports.check.meaning.unit_columns import FactUnits
from bot.services.imports.check.rows import SHORT_ROWS, OtherLines
from bot.services.imports.check.shape import note_header
from bot.services.imports.check.styles import Styles
from bot.services.imports.kinds.customers import CustomerKind
from bot.services.imports.layout.columns import FileField, Layout, known_headers, recognise
from bot.services.imports.layout.header import find_header
from bot.services.imports.read.cells.codes import Codes
from bot.services.imports.read.cells.reader import cell_reader
from bot.services.imports.read.cells.word_lists import NOTHING_IN_FACTS
from bot.services.imports.read.dates import Dates
from bot.services.imports.read.encoding import inspect_file
from bot.services.imports.read.numbers import Numbers
from bot.services.imports.read.records import Broken, CsvTable, fit, open_table, why_ragged
from bot.services.imports.read.refusal import EMPTY, RefusedValue, clip
from bot.services.imports.read.text import line_of_text, nearest, plain
from bot.services.imports.references import CUSTOMER
from bot.services.imports.report import ImportOptions, Rejected
from grading.engine.fields import DATE_SUFFIX, MONTHS_WITH_US
from grading.engine.scoring import grade
from grading.engine.table import read_fields
from grading.explain.breakdown import explain
from grading.indicators.altman import with_zone
from grading.scheme.model import Scheme

UNREAD_COLUMN = FindingType(
    name="unread-column",
    level=Level.NOTE,
    sentence=N_("The scheme %(scheme)s has no field for these columns: %(columns)s."),
)

_CODE, _NAME = (field for field in CustomerKind.fields if field.name in ("code", "name"))
_CUSTOMERS = CUSTOMER.known_headers | {"client", "kunde"}
_CUSTOMER = _CODE, replace(_NAME, required=False)
# Of a stripped cell that is not empty; None when it stands for nothing.
_Reader = Callable[[str], str | RefusedValue | None]


@dataclass(frozen=True, kw_only=True)
class FlatReport:
    """Graded customers as data for JSON, rejected rows, and what the file check says."""

    customers: list[dict[str, Any]]
    rejected: list[Rejected]
    findings: tuple[FileFinding, ...]


def score_table(path: Path, scheme: Scheme, as_of: date, options: ImportOptions) -> FlatReport:
    """Grade a CSV. Every row is graded or rejected with a reason; a question of the file check refuses the file."""
    options.refuse_unknown()
    findings = FileFindings(options.accepted)
    table = _FlatTable(path, scheme, options, findings, as_of)
    customers, cells = table.read()
    check_encoding(table.file, findings, given=options.encoding)
    findings.refuse_open(path.name, N_("%(file)s was not scored."))
    facts, _, _ = read_fields(cells, scheme)
    graded = grade(with_zone(facts, scheme), scheme, as_of)
    return FlatReport(
        customers=[
            {**customer, **explain(graded, scheme, place)} for place, customer in enumerate(customers)
        ],
        rejected=table.rejected,
        findings=tuple(findings),
    )


def _with_code(header: Sequence[str], given: Mapping[str, str]) -> Mapping[str, str]:
    """The columns that were named; where none is known as that of the code, the one of the customer is."""
    known = [name for name in header if plain(name) in _CODE.known_headers]
    customers = [name for name in header if plain(name) in _CUSTOMERS]
    if "code" in given or known or len(customers) != 1 or customers[0] in given.values():
        return given
    return {**given, "code": customers[0]}


class _FlatTable:
    """A file and how its columns are read."""

    def __init__(
        self, path: Path, scheme: Scheme, options: ImportOptions, findings: FileFindings, as_of: date
    ) -> None:
        self.rejected: list[Rejected] = []
        self._scheme = scheme
        self._options = options
        self._findings = findings
        self._as_of = as_of
        self._known = KnownFields([scheme], options.kind_options.get("percent") or ())
        self._fields = [self._field(name) for name in scheme.fields]
        self._fields += [FileField(name=name + DATE_SUFFIX) for name in scheme.fields]
        self._fields += [FileField(name=MONTHS_WITH_US), *_CUSTOMER]
        headers = known_headers(self._fields)
        self.file = inspect_file(path, options.encoding, headers)
        header = find_header(self.file, options.delimiter, known=headers, line=options.header_line)
        note_header(header, findings)
        self._titles = header.titles
        self.file, self._delimiter = header.of(self.file), header.delimiter

    def read(self) -> tuple[list[dict[str, str]], pd.DataFrame]:
        """(code and name of each customer, a frame of the text of its fields)."""
        with open_table(self.file, self._delimiter) as table:
            layout = recognise(
                self._fields,
                table.header,
                kind="flat tables",
                file=self.file.path.name,
                given=_with_code(table.header, self._options.columns),
                remembered={},
            )
            lines, rows = self._records(table)
        if rows:
            compare_twins(layout, lines, list(zip(*rows, strict=True)), self._findings)
        self._note_ignored(layout)
        accepted, columns = self._accept(layout, lines, rows, self._parse(layout, rows))
        by_line = dict(zip(lines, rows, strict=True))
        units = FactUnits(
            layout,
            self._findings,
            self._known,
            percent=self._options.kind_options.get("percent") or (),
            firm_currency=self._options.firm_currency,
            titles=self._titles,
        )
        for name in self._scheme.fields:
            cells = columns.get(name, [])
            filled = [place for place, cell in enumerate(cells) if cell]
            if filled:
                lines_of = [accepted[place] for place in filled]
                values = [cells[place] for place in filled]
                self._known.collect(name, lines_of, values)
                units.collect(name, lines_of, [by_line[line] for line in lines_of], values)
        self._known.ask(self._findings)
        codes = columns.pop("code")
        names = columns.pop("name", codes)
        customers = [{"code": code, "name": name} for code, name in zip(codes, names, strict=True)]
        return customers, pd.DataFrame(columns, index=range(len(accepted)), dtype=object)

    def _records(self, table: CsvTable) -> tuple[list[int], list[list[str]]]:
        """Lines and cells of the records that are as wide as the header."""
        width, lines, rows = len(table.header), [], []
        for record in table.records:
            if isinstance(record, Broken):
                self._reject(record.line, "", "", record.reason)
                continue
            line, cells = record
            if not any(cell.strip() for cell in cells):
                continue
            fitted = cells if len(cells) == width else fit(cells, width, self._delimiter)
            if fitted is None:
                self._reject(line, "", "", why_ragged(cells, width))
                continue
            if len(cells) < width:
                self._findings.tally(SHORT_ROWS, line=line, text=clip(self._delimiter.join(cells)))
            lines.append(line)
            rows.append(fitted)
        if not rows and not self.rejected:
            raise BadInput(N_("%(file)s has a header but no rows."), file=self.file.path.name)
        return lines, rows

    def _parse(self, layout: Layout, rows: list[list[str]]) -> dict[str, list[str | RefusedValue]]:
        """Field -> its cells as they are graded, empty ones as empty text; each distinct cell is read once."""
        styles = Styles(
            self.file,
            self._delimiter,
            date_order=self._options.date_order,
            decimal=self._options.decimal,
            century=self._options.century,
            this_year=self._as_of.year,
            findings=self._findings,
        )
        columns: dict[str, list[str | RefusedValue]] = {}
        for name, place in layout.places.items():
            parse = self._reader(name, place, layout.header[place], styles)
            nothing = next(field.nothing for field in self._fields if field.name == name)
            read = cell_reader(parse, nothing, required=False)
            known = {cell: read(cell) or "" for cell in dict.fromkeys(row[place] for row in rows)}
            columns[name] = [known[row[place]] for row in rows]
            if isinstance(parse, Dates):
                ask_about_days(parse, layout.header[place], self._findings)
        return columns

    def _accept(
        self,
        layout: Layout,
        lines: list[int],
        rows: list[list[str]],
        columns: dict[str, list[str | RefusedValue]],
    ) -> tuple[list[int], dict[str, list[str]]]:
        """Lines and columns of the rows that can be read; the others are rejected, and so is a customer's second row."""
        other_lines = OtherLines(self._fields, "code", layout, self._findings)
        accepted: list[int] = []
        texts: dict[str, list[str]] = {name: [] for name in columns}
        first: dict[str, int] = {}  # code -> line
        for row, line in enumerate(lines):
            cells = {name: column[row] for name, column in columns.items()}
            cells |= {name: cells[name] or EMPTY for name in ("code", "name") if name in cells}
            wrong = {name: cell for name, cell in cells.items() if isinstance(cell, RefusedValue)}
            text = {name: cell for name, cell in cells.items() if not isinstance(cell, RefusedValue)}
            if not wrong and (before := first.setdefault(text["code"], line)) != line:
                wrong = {"code": RefusedValue(f"code {text['code']} is already on line {before}")}
            other = other_lines.name(rows[row], refused=True) if wrong else None
            if other is not None:
                other_lines.count(other, line, rows[row])
                continue
            if wrong:
                name, refused = next(iter(wrong.items()))
                place = layout.places[name]
                self._reject(line, layout.header[place], rows[row][place], refused.reason)
                continue
            accepted.append(line)
            for name, cell in text.items():
                texts[name].append(cell)
        self.rejected.sort(key=lambda reject: reject.line)
        return accepted, texts

    def _reader(self, name: str, place: int, header: str, styles: Styles) -> _Reader:
        """How the cells of a column are read."""
        numbers = Numbers(styles.decimal(place, header), self._known.currency(name))
        if name in self._scheme.fields:
            return partial(self._known.read, name, numbers=numbers)
        if name.endswith(DATE_SUFFIX):
            return Dates(
                order=styles.date_order(place, header),
                century=styles.century(place, header),
                today=self._as_of,
                zone=ZoneInfo(self._options.timezone),
            )
        if name == "code":
            return Codes(drop_decimals=False)
        return numbers if name == MONTHS_WITH_US else line_of_text()

    def _field(self, name: str) -> FileField:
        return FileField(
            name=name,
            nothing=NOTHING_IN_FACTS,
            synonyms=", ".join(self._known.names_of(self._known.find(name))),
        )

    def _note_ignored(self, layout: Layout) -> None:
        if layout.ignored:
            fields = self._scheme.fields
            named = [clip(name) + nearest(name, fields).replace("; ", ": ") for name in layout.ignored]
            self._findings.add(UNREAD_COLUMN, scheme=self._scheme.scheme, columns=", ".join(named))

    def _reject(self, line: int, column: str, value: str, reason: str) -> None:
        self.rejected.append(Rejected(line=line, column=column, value=value, reason=reason))
