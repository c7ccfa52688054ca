"""Reads the records of a CSV file with the lines they begin on; a broken quotation costs one line, not the rest."""

import csv
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TextIO

from bot.errors import N_, BadInput, Phrase
from bot.services.imports.read.cells.guards import restored
from bot.services.imports.read.encoding import InspectedFile

MOST_BROKEN = 200
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}
REJECTS = ("line", "column", "value", "reason")  # what a rejects file has in front of the columns of its file


@dataclass(frozen=True, kw_only=True)
class Broken:
    """A line that is not a record."""

    line: int
    text: str
    reason: str


class Records:
    """Iterates over (first line, cells) or Broken; blank lines are left out.

    After an unclosed quotation mark, csv takes everything for one cell until strict mode finds the fault. Then only the
    line on which the record began is given up, and reading starts again on the next one.
    """

    def __init__(self, handle: TextIO, delimiter: str, before: int = 0) -> None:
        self._handle = handle
        self._delimiter = delimiter
        self._again: deque[str] = deque()  # lines to read once more
        self._taken: list[str] = []  # lines of the current record
        self._line = before  # lines before the current record
        self._broken = 0

    def __iter__(self) -> Iterator[tuple[int, list[str]] | Broken]:
        reader = csv.reader(self._lines(), delimiter=self._delimiter, strict=True)
        taken = self._taken
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield self._give_up(str(error))
                reader = csv.reader(self._lines(), delimiter=self._delimiter, strict=True)
                continue
            line = self._line + 1
            self._line += len(taken)
            taken.clear()
            if cells:
                yield line, cells

    def _lines(self) -> Iterator[str]:
        again, taken = self._again, self._taken
        while again:
            line = again.popleft()
            taken.append(line)
            yield line
        for line in self._handle:
            taken.append(line)
            yield line

    def _give_up(self, problem: str) -> Broken:
        first, *rest = self._taken
        self._taken.clear()
        self._again.extendleft(reversed(rest))
        self._line += 1
        self._broken += 1
        if self._broken > MOST_BROKEN:
            raise BadInput(
                N_(
                    "Line %(line)d: more than %(most)d lines have broken quotation marks; is the separator right?"
                ),
                line=self._line,
                most=MOST_BROKEN,
            )
        what = (
            Phrase(N_("a cell is longer than 131,072 characters"))
            if "limit" in problem
            else Phrase(N_("a quotation mark is not closed"))
        )
        return Broken(line=self._line, text=first.rstrip("\r\n"), reason=what)


def why_ragged(cells: list[str], width: int) -> str:
    """Why a record with more or fewer cells than the header is refused."""
    hint = (
        Phrase(N_("; a separator inside a cell needs quotation marks around it"))
        if len(cells) > width
        else ""
    )
    return Phrase(
        N_("has %(cells)s cells where the header has %(width)s%(hint)s"),
        cells=len(cells),
        width=width,
        hint=hint,
    )


@dataclass(frozen=True, kw_only=True)
class CsvTable:
    """An open CSV file: its header, and its records one after another."""

    header: list[str]
    records: Iterator[tuple[int, list[str]] | Broken]
    handle: TextIO

    @property
    def position(self) -> int:
        """How many bytes have been read."""
        return self.handle.buffer.tell()


@contextmanager
def open_table(file: InspectedFile, delimiter: str) -> Iterator[CsvTable]:
    """Open a file and read its header: the first record after an Excel `sep=` line and blank lines.

    Of a rejects file, the four columns that say why each row is there are left out.
    """
    with open_text(file) as handle:
        for _ in range(file.header_line - 1):
            handle.readline()
        records = iter(Records(handle, delimiter, file.header_line - 1))
        header = _read_header(records, file.path.name)
        names = split_line(header, delimiter)
        if len(names) > len(header):
            records = _mapped(records, lambda cells: split_line(cells, delimiter))
        if file.header_names:
            _read_header(records, file.path.name)  # its second line
            names = list(file.header_names)
        added = len(REJECTS)
        if tuple(names[:added]) == REJECTS and len(names) > added:
            names = [restored(name) for name in names[added:]]
            records = _mapped(records, lambda cells: [restored(cell) for cell in cells[added:]])
        yield CsvTable(header=names, records=records, handle=handle)


def open_text(file: InspectedFile) -> TextIO:
    """The file as text, with its line ends as they are; a byte that does not fit is an error."""
    return file.path.open("r", encoding=file.encoding, newline="", errors="strict")


def split_line(cells: list[str], delimiter: str) -> list[str]:
    """The cells of a line that stands in quotation marks as a whole; other cells as they are."""
    if len(cells) == 1 and delimiter in cells[0]:
        try:
            return next(csv.reader(cells, delimiter=delimiter, strict=True), cells)
        except csv.Error:
            pass
    return cells


def fit(cells: list[str], width: int, delimiter: str) -> list[str] | None:
    """A record of another width than the header's, with the header's, if it only lacks or adds empty last cells."""
    cells = split_line(cells, delimiter)
    if any(cell.strip() for cell in cells[width:]):
        return None
    return cells[:width] + [""] * (width - len(cells))


def _mapped(
    records: Iterator[tuple[int, list[str]] | Broken], change: Callable[[list[str]], list[str]]
) -> Iterator[tuple[int, list[str]] | Broken]:
    for record in records:
        yield record if isinstance(record, Broken) else (record[0], change(record[1]))


def _read_header(records: Iterator[tuple[int, list[str]] | Broken], name: str) -> list[str]:
    for record in records:
        if isinstance(record, Broken):
            raise BadInput(
                N_("%(file)s, line %(line)d: the header cannot be read: %(reason)s."),
                file=name,
                line=record.line,
                reason=record.reason,
            )
        cells = record[1]
        if cells[0][:4].lower() == "sep=" and len("".join(cells)) <= 5:
            continue
        if any(cell.strip() for cell in cells):
            return cells
    raise BadInput(N_("%(file)s is empty."), file=name)


def first_rows(file: InspectedFile, delimiter: str, most: int) -> list[tuple[int, list[str]]]:
    """The first records with their lines; one of another width than the header's stays as it is."""
    with open_table(file, delimiter) as table:
        width = len(table.header)
        return [
            (
                record[0],
                record[1] if len(record[1]) == width else fit(record[1], width, delimiter) or record[1],
            )
            for record in islice(table.records, most)
            if not isinstance(record, Broken)
        ]
