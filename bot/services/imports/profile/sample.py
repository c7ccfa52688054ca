"""The first rows of a file, column by column: what a profile guesses from."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from bot.services.imports.kind import find_header_of
from bot.services.imports.kinds import KINDS
from bot.services.imports.layout.columns import known_headers
from bot.services.imports.layout.header import find_header
from bot.services.imports.layout.vendors import vendor_headers
from bot.services.imports.read.encoding import InspectedFile
from bot.services.imports.read.records import Broken, fit, open_table

ROWS = 5_000
_OTHER_DELIMITERS = "|:^~"


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A file's header and first rows."""

    file: InspectedFile
    delimiter: str
    header: tuple[str, ...]
    rows: list[list[str]]

    @cached_property
    def columns(self) -> list[list[str]]:
        """The cells of each column, blank ones left out."""
        by_column = zip(*self.rows, strict=True) if self.rows else [()] * len(self.header)
        return [[text for cell in cells if (text := cell.strip())] for cells in by_column]

    def distinct(self, place: int, most: int) -> list[str]:
        """The first different values of a column."""
        return list(dict.fromkeys(self.columns[place]))[:most]

    def repeats(self, place: int) -> bool:
        """Whether a value of a column is on two rows."""
        return len(set(self.columns[place])) < len(self.columns[place])


def take(file: InspectedFile, delimiter: str | None, header_line: int | None = None) -> Sample:
    """Read the first rows."""
    found = find_header(file, delimiter, known=headers_of_all_kinds(), line=header_line)
    chosen, found_file = found.delimiter, found.of(file)
    header, rows = _read(found_file, chosen)
    if len(header) == 1 and delimiter is None:
        for other in _OTHER_DELIMITERS:
            if header[0].count(other) > 0:
                chosen = other
                header, rows = _read(found_file, chosen)
                break
    return Sample(file=found_file, delimiter=chosen, header=header, rows=rows)


def needed_reading(sample: Sample, kind: str, mapped: Iterable[str]) -> tuple[str | None, int | None]:
    """The separator and the line of the header, where an import of this kind would not find them by itself."""
    found = find_header_of(KINDS[kind], sample.file, None, mapped)
    delimiter = None if found.delimiter == sample.delimiter else sample.delimiter
    return delimiter, None if found.line == sample.file.header_line else sample.file.header_line


def headers_of_all_kinds() -> frozenset[str]:
    """The headers that fields of any kind are recognised by, also in vendors' exports, as `plain` compares them."""
    own = known_headers(field for kind in KINDS.values() for field in kind.fields)
    return own.union(*map(vendor_headers, KINDS))


def _read(file: InspectedFile, delimiter: str) -> tuple[tuple[str, ...], list[list[str]]]:
    rows: list[list[str]] = []
    with open_table(file, delimiter) as table:
        header = tuple(cell.strip().lstrip("\ufeff") for cell in table.header)
        for record in table.records:
            cells = None if isinstance(record, Broken) else fit(record[1], len(header), delimiter)
            if cells is not None:
                rows.append(cells)
                if len(rows) >= ROWS:
                    break
    return header, rows
