"""Reads a file chunk by chunk into its staging table; every row ends there or among the rejects."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from bot.errors import N_, Phrase
from bot.services.imports.check.columns import COLUMN_NOT_UNDERSTOOD, compare_twins, is_yes_no, misread
from bot.services.imports.check.dates import DateColumns
from bot.services.imports.check.findings import FindingType
from bot.services.imports.check.meaning.unit_columns import AmountUnits
from bot.services.imports.check.rows import QUOTED_LINES, SHORT_ROWS, OtherLines
from bot.services.imports.check.vendor import CONTINUED_LINES
from bot.services.imports.erased import ErasedRows
from bot.services.imports.job import AT_ONCE, Chunk, ImportJob
from bot.services.imports.kind import FileKind
from bot.services.imports.read.cells.cache import CellCache
from bot.services.imports.read.cells.reader import cell_reader
from bot.services.imports.read.records import Broken, CsvTable, fit, why_ragged
from bot.services.imports.read.refusal import clip
from bot.services.imports.report import PREVIEW_ROWS
from bot.services.imports.selection import Selection
from db.book.imports import fill
from db.types import money_units

CHUNK = 5_000


class Staging:
    """Counts what it reads: rows == staged + repeated + rejected + skipped."""

    def __init__(self, job: ImportJob, kind: FileKind, selection: Selection) -> None:
        self.rows = 0
        self.blank = 0
        self.staged = 0
        self.repeated = 0  # rows with the same contents as an earlier row
        self.added_up = 0  # lines that were added to others
        self.skipped = 0  # lines that are no rows of the list, and rows that a person left out
        self._first_rows: list[Mapping[str, str]] = []
        self._first_telling: list[Mapping[str, str]] = []
        self._job = job
        self._kind = kind
        self.selection = selection
        self.erased = ErasedRows(job, kind.name)
        self._dates = DateColumns(job)
        self._scales = AmountUnits(job)
        self._sources = {field.column: field.name for field in kind.fields if field.column}
        self._called = self._sources | {"customer_id": "customer", "customer_ref": "customer"}
        self._readers: dict[str, Callable[[str], Any]] = {}
        for field in kind.fields:
            read = cell_reader(
                job.parsers[field.name],
                field.nothing,
                required=field.required,
                marked=job.layout.places.get(field.name) in job.layout.marked,
            )
            self._readers[field.name] = read if field.unique else CellCache(read).__getitem__
        self._other_lines = OtherLines(kind.fields, kind.key_field, job.layout, job.findings)
        self._optional = [field.name for field in kind.fields if not field.required]
        places = (job.layout.places.get(field.name, -1) for field in kind.fields if field.required)
        self._least = max(places) + 1  # cells of a row that has all that is required
        self._twins_alike = True
        self._begun = False  # whether a chunk was read

    @property
    def accepted(self) -> int:
        return self.staged + self.repeated

    @property
    def preview(self) -> list[Mapping[str, str]]:
        """The first rows of a dry run; those that show whether the encoding is right, which have more than ASCII, first."""
        return (self._first_telling + self._first_rows)[:PREVIEW_ROWS]

    def read(self, table: CsvTable, on_chunk: Callable[[], None]) -> None:
        """Stage every record of a file, then refuse what only the whole file can judge."""
        width = len(self._job.layout.header)
        lines: list[int] = []
        rows: list[list[str]] = []
        filled, key = self._job.layout.filled, ""
        for record in table.records:
            if isinstance(record, Broken):
                self._reject(record.line, record.reason, [record.text])
                continue
            line, cells = record
            if len(cells) != width:
                fitted = self._fit(line, cells, width)
                if fitted is None:
                    continue
                cells = fitted
            if filled is not None:
                above, key = key, cells[self._job.layout.places[self._kind.key_field]].strip()
                if not cells[filled].strip() and key in ("", above) and any(map(str.strip, cells)):
                    self._skip(line, cells, CONTINUED_LINES)
                    key = above
                    continue
            lines.append(line)
            rows.append(cells)
            if len(rows) >= CHUNK:
                self._stage(lines, rows)
                lines, rows = [], []
                on_chunk()
        if rows:
            self._stage(lines, rows)
        on_chunk()
        self._dates.add_findings()
        with self._job.connection.begin():
            rejected, self.added_up = self._kind.add_up(self._job)
            staged, repeated = self._kind.refuse_at_end(self._job)
        self.staged -= rejected + staged
        self.repeated -= repeated
        self._job.repeats.rows = self.rows

    def _fit(self, line: int, cells: list[str], width: int) -> list[str] | None:
        """A record with as many cells as the header; None where it is blank, rejected or no row at all."""
        if not any(cell.strip() for cell in cells):
            self.blank += 1
            return None
        other = self._other_lines.name(cells, refused=True)
        if other is not None:
            self._skip(line, cells, other)
            return None
        findings, text = self._job.findings, clip(self._job.delimiter.join(cells))
        fitted = fit(cells, width, self._job.delimiter)
        if fitted is not None and len(cells) == 1 < width and fitted[0] != cells[0]:
            findings.tally(QUOTED_LINES, line=line)
        elif fitted is not None and self._least <= len(cells) < width:
            findings.tally(SHORT_ROWS, line=line, text=text)
        elif fitted is None or len(cells) < width:
            self._reject(line, why_ragged(cells, width), cells)
            return None
        return fitted

    def _skip(self, line: int, cells: Sequence[str], other: FindingType) -> None:
        """Leave out a line that is no row."""
        self.rows += 1
        self.skipped += 1
        self._other_lines.count(other, line, cells)

    def _reject(self, line: int, reason: str, cells: list[str]) -> None:
        """Reject a line that has no columns."""
        self.rows += 1
        self._job.rejects.add(line=line, column="", value="", reason=reason, cells=cells)
        self._kind.after_reject(self._job, line, cells)

    def _stage(self, lines: list[int], rows: list[list[str]]) -> None:
        job, kind = self._job, self._kind
        left_out = len(rows)
        lines, rows = self.selection.choose(lines, rows)
        left_out -= len(rows)
        self.rows += left_out
        self.skipped += left_out
        if not rows:
            return
        chunk = self._without_misread(self._without_other_lines(self._parse(lines, rows)))
        chunk = self._without_erased(chunk)
        lines, rows = chunk.lines, chunk.cells
        if not rows:
            return
        self._twins_alike = self._twins_alike and compare_twins(
            job.layout, lines, chunk.columns, job.findings
        )
        self.selection.take(chunk)
        if not job.sample:
            job.sample = rows[:1_000]
        self._dates.count(chunk)
        with job.connection.begin():
            kind.resolve(job, chunk)
            good = [row for row in range(len(rows)) if row not in chunk.refused]
            values = [chunk.values[self._sources.get(name, name)] for name in kind.filled]
            staged = list(zip(lines, *values, strict=True))
            if chunk.refused:
                staged = [staged[row] for row in good]
            filled = fill(job.connection, kind.intake, ("line", *kind.filled), staged)
            repeated: set[int] = set()
            if filled != len(staged):
                repeated = self._repeated(chunk, good, staged)
                same = sorted(repeated - chunk.refused.keys())
                self.repeated += len(same)
                kind.after_repeats(job, chunk, same)
            fresh = [row for row in good if row not in repeated] if repeated else good
            kind.after_staging(job, chunk, fresh)
        self._scales.count(chunk, fresh)
        self.rows += len(rows)
        self.staged += len(fresh)
        self._report(chunk, fresh)

    def _parse(self, lines: list[int], rows: list[list[str]]) -> Chunk:
        columns = list(zip(*rows, strict=True)) or [()] * len(self._job.layout.header)
        chunk = Chunk(lines=lines, cells=rows, columns=columns, values={})
        for name, read in self._readers.items():
            place = self._job.layout.places.get(name)
            if place is None:
                chunk.values[name] = [None] * len(rows)
            else:
                chunk.set_column(name, list(map(read, columns[place])))
        return chunk

    def _without_other_lines(self, chunk: Chunk) -> Chunk:
        """Leave out totals and the like, and rows of nothing but separators, which count as blank lines."""
        lines, rows = chunk.lines, chunk.cells
        other = self._other_lines.find(rows, chunk.columns, chunk.refused)
        blank = {row for row in chunk.refused if not any(map(str.strip, rows[row]))}
        if not other and not blank:
            return chunk
        for row in sorted(other):
            self._skip(lines[row], rows[row], other[row])
        self.blank += len(blank)
        keep = [row for row in range(len(rows)) if row not in other and row not in blank]
        return self._parse([lines[row] for row in keep], [rows[row] for row in keep])

    def _without_erased(self, chunk: Chunk) -> Chunk:
        """Leave out the rows about customers and people who were erased."""
        if not self._job.tombstones:
            return chunk
        with self._job.connection.begin():
            gone = self.erased.find(chunk)
        if not gone:
            return chunk
        self.rows += len(gone)
        self.skipped += len(gone)
        return chunk.without(gone)

    def _without_misread(self, chunk: Chunk) -> Chunk:
        """Leave out the optional columns of which most values cannot be read, judged by the first chunk."""
        if self._begun:
            return chunk
        self._begun = True
        layout = self._job.layout
        for name in self._optional:
            place = layout.places.get(name)
            wrong = [] if place is None else misread(chunk.values[name], chunk.columns[place])
            says_paid = place is not None and name == "paid" and is_yes_no(chunk.columns[place])
            if place is None or not (wrong or says_paid):
                continue
            if not says_paid:  # which the survey asks about
                self._job.findings.add(
                    COLUMN_NOT_UNDERSTOOD,
                    column=repr(layout.header[place]),
                    field=name,
                    count=len(wrong),
                    given=len(chunk.lines) - chunk.values[name].count(None),
                    line=chunk.lines[wrong[0]],
                    reason=chunk.values[name][wrong[0]].reason,
                )
            self._job.layout = self._job.layout.without(name)
            self.selection.survey.follow(place, layout.header[place], says_paid=says_paid)
        return chunk if self._job.layout is layout else self._parse(chunk.lines, chunk.cells)

    def _repeated(self, chunk: Chunk, good: list[int], staged: list[tuple[Any, ...]]) -> set[int]:
        """The rows whose key an earlier row has; those with other contents are refused."""
        stage, names = self._kind.stage, ("line", *self._kind.filled)
        keys = [values[1] for values in staged]
        there: dict[str, tuple[Any, ...]] = {}
        for start in range(0, len(keys), AT_ONCE):
            for found in self._job.connection.execute(
                select(*(stage.c[name] for name in names)).where(
                    stage.c.key.in_(keys[start : start + AT_ONCE])
                )
            ):
                there[found.key] = tuple(found)
        repeated: set[int] = set()
        key_field = self._kind.key_field
        for row, values in zip(good, staged, strict=True):
            first = there[values[1]]
            if first[0] == values[0]:
                continue
            repeated.add(row)
            key = chunk.values[key_field][row]
            differing = {
                self._called.get(name, name)
                for name, old, new in zip(names[1:], first[1:], values[1:], strict=True)
                if _comparable(old) != _comparable(new)
            }
            self._job.repeats.add(differing, key=str(key), first=first[0], line=values[0])
            if differing:
                what = f"{key_field} {key}" if key is not None else Phrase(N_("the same row"))
                chunk.refuse(
                    row,
                    key_field,
                    Phrase(
                        N_("%(what)s is already on line %(first)s with other values"),
                        what=what,
                        first=first[0],
                    ),
                )
        return repeated

    def _report(self, chunk: Chunk, fresh: list[int]) -> None:
        for row in sorted(chunk.refused):
            name, refused = chunk.refused[row]
            line, cells = chunk.lines[row], chunk.cells[row]
            self._job.refuse(line=line, name=name, reason=refused.reason, cells=cells)
            if refused.is_form:
                self._job.forms.add(name, line=line, cell=cells[self._job.layout.places[name]])
        if self._job.options.dry_run:
            telling = {row for row in fresh if not "".join(chunk.cells[row]).isascii()}
            self._keep(chunk, [row for row in fresh if row in telling], self._first_telling)
            self._keep(chunk, [row for row in fresh if row not in telling], self._first_rows)

    def _keep(self, chunk: Chunk, rows: list[int], kept: list[Mapping[str, str]]) -> None:
        """Keep the first rows for the preview."""
        for row in rows[: PREVIEW_ROWS - len(kept)]:
            cells = chunk.cells[row]
            kept.append(
                {"line": str(chunk.lines[row])}
                | {name: cells[place] for name, place in self._job.layout.places.items()}
            )


def _comparable(value: Any) -> Any:
    """A value as it was staged, whichever database and type it comes back from."""
    if isinstance(value, date):
        return value.isoformat()
    return money_units(value) if isinstance(value, Decimal) else value
