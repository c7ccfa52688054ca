"""Reads a file chunk by chunk into its private staging table; every row ends there or among the rejects."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, TextIO

from sqlalchemy import select

from bot.services.imports.kind import Chunk, FileKind, ImportJob
from bot.services.imports.read.records import Broken
from bot.services.imports.read.refusal import EMPTY, Memo, Parser, RefusedValue
from bot.services.imports.report import PREVIEW_ROWS
from db.book.imports import fill
from db.types import money_units

CHUNK = 5_000
_AT_ONCE = 500


class Staging:
    """Counts what it reads: rows == staged + repeated + rejected."""

    def __init__(self, job: ImportJob, kind: FileKind) -> None:
        self.rows = 0
        self.blank = 0
        self.staged = 0
        self.repeated = 0  # rows that say again, word for word, what an earlier row says
        self.preview: list[Mapping[str, str]] = []
        self._job = job
        self._kind = kind
        self._readers = _readers(kind, job)

    def read(self, records: Iterator[tuple[int, list[str]] | Broken], tell: Callable[[], None]) -> None:
        """Stage every record; `tell` is called after each chunk."""
        width = len(self._job.layout.header)
        lines: list[int] = []
        rows: list[list[str]] = []
        for record in records:
            if isinstance(record, Broken):
                self.rows += 1
                self._job.rejects.add(
                    line=record.line, column="", value="", reason=record.reason, cells=[record.text]
                )
                continue
            line, cells = record
            if len(cells) != width:
                self._ragged(line, cells, width)
                continue
            lines.append(line)
            rows.append(cells)
            if len(rows) >= CHUNK:
                self._stage(lines, rows)
                lines, rows = [], []
                tell()
        if rows:
            self._stage(lines, rows)
        tell()

    def _ragged(self, line: int, cells: list[str], width: int) -> None:
        if not any(cell.strip() for cell in cells):
            self.blank += 1
            return
        self.rows += 1
        what = f"has {len(cells)} cells where the header has {width}"
        hint = "; a separator inside a cell needs quotation marks around it" if len(cells) > width else ""
        self._job.rejects.add(line=line, column="", value="", reason=what + hint, cells=cells)

    def _stage(self, lines: list[int], rows: list[list[str]]) -> None:
        job, kind = self._job, self._kind
        columns = list(zip(*rows, strict=True))
        chunk = self._parse(lines, rows, columns)
        # A row without anything in it lacks what is required, so clean files pay nothing for this.
        if any(not any(map(str.strip, rows[row])) for row in chunk.refused):
            lines, rows, columns = self._without_blank(lines, rows)
            if not rows:
                return
            chunk = self._parse(lines, rows, columns)
        with job.connection.begin():
            kind.resolve(job, chunk)
            good = [row for row in range(len(rows)) if row not in chunk.refused]
            values = [chunk.values[name] for name in kind.staged]
            staged = list(zip(lines, *values, strict=True))
            if chunk.refused:
                staged = [staged[row] for row in good]
            filled = fill(job.connection, kind.stage, ("line", *kind.staged), staged)
            repeated: set[int] = set()
            if filled != len(staged):
                repeated = self._repeated(chunk, good, staged)
                same = sorted(repeated - chunk.refused.keys())
                self.repeated += len(same)
                kind.after_repeats(job, chunk, same)
            fresh = [row for row in good if row not in repeated] if repeated else good
            kind.after_fill(job, chunk, fresh)
        self.rows += len(rows)
        self.staged += len(fresh)
        self._report(chunk, fresh)

    def _parse(self, lines: list[int], rows: list[list[str]], columns: Sequence[Sequence[str]]) -> Chunk:
        chunk = Chunk(lines=lines, cells=rows, values={})
        for name, read in self._readers.items():
            place = self._job.layout.places.get(name)
            if place is None:
                chunk.values[name] = [None] * len(rows)
            else:
                chunk.take(name, list(map(read, columns[place])))
        return chunk

    def _without_blank(
        self, lines: list[int], rows: list[list[str]]
    ) -> tuple[list[int], list[list[str]], list[tuple[str, ...]]]:
        """Rows of nothing but separators, as spreadsheets leave them at the end, are blank lines."""
        keep = [row for row, cells in enumerate(rows) if any(cell.strip() for cell in cells)]
        self.blank += len(rows) - len(keep)
        kept = [rows[row] for row in keep]
        return [lines[row] for row in keep], kept, list(zip(*kept, strict=True))

    def _repeated(self, chunk: Chunk, good: list[int], staged: list[tuple[Any, ...]]) -> set[int]:
        """Rows whose key an earlier row has: the same again is fine, something else is refused."""
        stage, names = self._kind.stage, ("line", *self._kind.staged)
        keys = [values[1] for values in staged]
        there: dict[str, tuple[Any, ...]] = {}
        for start in range(0, len(keys), _AT_ONCE):
            for found in self._job.connection.execute(
                select(*(stage.c[name] for name in names)).where(
                    stage.c.key.in_(keys[start : start + _AT_ONCE])
                )
            ):
                there[found.key] = tuple(found)
        repeated: set[int] = set()
        for row, values in zip(good, staged, strict=True):
            first = there[values[1]]
            if first[0] == values[0]:
                continue
            repeated.add(row)
            if list(map(_comparable, first[1:])) != list(map(_comparable, values[1:])):
                said = chunk.values.get(self._kind.key_field, [None] * (row + 1))[row]
                what = f"{self._kind.key_field} {said}" if said is not None else "the same row"
                reason = f"{what} is already on line {first[0]} with other values"
                chunk.refuse(row, self._kind.key_field, RefusedValue(reason))
        return repeated

    def _report(self, chunk: Chunk, fresh: list[int]) -> None:
        for row in sorted(chunk.refused):
            name, refused = chunk.refused[row]
            self._job.refuse(line=chunk.lines[row], name=name, reason=refused.reason, cells=chunk.cells[row])
        if self._job.options.dry_run and len(self.preview) < PREVIEW_ROWS:
            for row in fresh[: PREVIEW_ROWS - len(self.preview)]:
                cells = chunk.cells[row]
                self.preview.append(
                    {"line": str(chunk.lines[row])}
                    | {name: cells[place] for name, place in self._job.layout.places.items()}
                )


def _readers(kind: FileKind, job: ImportJob) -> dict[str, Callable[[str], Any]]:
    """How the cells of each field are read; columns that repeat themselves remember what they read."""
    parsers = kind.parsers(job)
    readers: dict[str, Callable[[str], Any]] = {}
    for field in kind.fields:
        parse = parsers[field.name]
        if field.unique:
            readers[field.name] = _reader(parse, required=field.required)
        else:
            readers[field.name] = Memo(parse, required=field.required).__getitem__
    return readers


def _reader(parse: Parser, *, required: bool) -> Callable[[str], Any]:
    empty = EMPTY if required else None

    def read(cell: str) -> Any:
        text = cell.strip()
        return parse(text) if text else empty

    return read


def _comparable(value: Any) -> Any:
    """A value as it was put in, whichever database and type it comes back from."""
    if isinstance(value, date):
        return value.isoformat()
    return money_units(value) if isinstance(value, Decimal) else value


def position(handle: TextIO) -> int:
    """How many bytes of a text file have been read."""
    return handle.buffer.tell()
