"""Finds the separator of a file and the line of its header, which may stand below titles."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from bot.errors import N_, BadInput
from bot.services.imports.read.encoding import InspectedFile
from bot.services.imports.read.records import DELIMITERS, open_text, split_line
from bot.services.imports.read.text import plain

LINES = 30  # that are looked at
MOST_COLUMNS = 20_000  # a worksheet has at most 16,384
_MOST_CHARACTERS = 2_000_000  # in a line that may be the header
_LONGEST = 10_000  # a line below the first that is longer is no header
_BY_NAME = {"\\t": "\t"} | {name: sign for sign, name in DELIMITERS.items()}


@dataclass(frozen=True, kw_only=True)
class Header:
    """Where the header of a file is, and what separates its cells."""

    delimiter: str
    line: int
    joined: tuple[str, ...] = ()  # the names of a header of two lines
    titles: tuple[tuple[int, str], ...] = ()  # the lines above it that have text

    def of(self, file: InspectedFile) -> InspectedFile:
        """The file, to be read from its header on."""
        return replace(file, header_line=self.line, header_names=self.joined)


def find_header(
    file: InspectedFile,
    delimiter: str | None,
    *,
    known: frozenset[str],
    least: int = 2,
    line: int | None = None,
) -> Header:
    """The line with the most known headers (as `plain` compares them), if they are `least` or more; else the first.

    A given separator and a given line are taken as they are. Raises BadInput for more columns than a worksheet has,
    before they are compared.
    """
    lines = list(_lines(file, line))
    separators = list(DELIMITERS) if delimiter is None else [_separator(delimiter)]
    if lines and lines[0][1][:4].lower() == "sep=" and len(lines[0][1].strip("\r\n")) == 5:
        separators = [lines[0][1][4]] if delimiter is None else separators
        lines = lines[1:] or lines
    if line is not None:
        lines = [one for one in lines if one[0] >= line]
        if not lines or lines[0][0] != line:
            raise BadInput(
                N_("--header-line %(line)d: there is no text on this line of %(file)s."),
                line=line,
                file=file.path.name,
            )
    found = [_Candidate.of(lines[:3], separator, known) for separator in separators]
    first = max(found, key=lambda one: (one.matches, one.width))
    if first.width > MOST_COLUMNS:
        raise _too_wide(file, first.header.line)
    if line is not None or (first.matches >= min(2, least) and first.clean):
        return first.header
    below = [
        _Candidate.of(lines[place : place + 3], separator, known, rows)
        for separator in separators
        for place, (_, text) in enumerate(lines)
        if len(text) <= _LONGEST
        for rows in (1, 2)
    ]
    best = max(below, key=lambda one: (one.matches, -len(one.header.joined), -one.header.line), default=first)
    if best.matches < min(2, least) or best.matches <= first.matches:
        best = first
        if first.matches == 0 and max(one.width for one in found) == 1:
            # A title of one cell. The first line of the widest ones has the columns that a person could map.
            best = max(
                below, key=lambda one: (one.width, -len(one.header.joined), -one.header.line), default=first
            )
    return replace(best.header, titles=_titles(lines, best.header.line))


@dataclass(frozen=True, kw_only=True)
class _Candidate:
    """A line read as a header."""

    header: Header
    matches: int  # known headers
    width: int
    clean: bool  # no two cells are alike, and none but the last ones is blank

    @classmethod
    def of(
        cls, lines: Sequence[tuple[int, str]], separator: str, known: frozenset[str], rows: int = 1
    ) -> "_Candidate":
        """The candidate that the first line is; with two rows, together with the second."""
        cells = _cells([text for _, text in lines], separator)
        if len(cells) > MOST_COLUMNS:
            return cls(
                header=Header(delimiter=separator, line=lines[0][0]), matches=0, width=len(cells), clean=False
            )
        if rows == 2:
            below = _cells([text for _, text in lines[1:]], separator)
            merged = len(below) >= len(cells) > 1 and "" in [cell.strip() for cell in cells]
            cells = _join(cells, below, known) if merged else []
        names = [plain(cell) for cell in cells]
        while names and not names[-1]:
            names.pop()
        return cls(
            header=Header(
                delimiter=separator,
                line=lines[0][0] if lines else 1,
                joined=tuple(cells) if rows == 2 else (),
            ),
            matches=len(known.intersection(names)),
            width=len(names),
            clean=len(set(names)) == len(names) and "" not in names,
        )


def _join(above: Sequence[str], below: Sequence[str], known: frozenset[str]) -> list[str]:
    """One header of two lines, of which the upper one names groups of columns."""
    joined = []
    group = ""
    for own, under in zip_longest(map(str.strip, above), map(str.strip, below), fillvalue=""):
        group = own or group
        names = [f"{group} {under}".strip(), under] if under else [own]
        joined.append(next((name for name in names if plain(name) in known), names[0]))
    return joined


def _lines(file: InspectedFile, line: int | None) -> Iterator[tuple[int, str]]:
    """The first lines that are not blank, and their numbers."""
    with open_text(file) as handle:
        for number, text in zip(range(1, max(LINES, (line or 0) + 2) + 1), handle, strict=False):
            if len(text) > _MOST_CHARACTERS:
                raise _too_wide(file, number)
            if text.strip():
                yield number, text


def _too_wide(file: InspectedFile, line: int) -> BadInput:
    return BadInput(
        N_(
            "%(file)s, line %(line)d: it has more than %(most)s columns; is this a table? Export it again as CSV."
        ),
        file=file.path.name,
        line=line,
        most=f"{MOST_COLUMNS:,}",
    )


def _cells(lines: Sequence[str], separator: str) -> list[str]:
    try:
        return split_line(next(csv.reader(lines, delimiter=separator), []), separator)
    except csv.Error:
        return []


def _separator(given: str) -> str:
    chosen = _BY_NAME.get(given.lower(), given)
    if len(chosen) != 1 or chosen in '"\r\n':
        raise BadInput(
            N_("%(delimiter)s is not a separator; use --delimiter comma, semicolon, tab or one character."),
            delimiter=given,
        )
    return chosen


def _titles(lines: Sequence[tuple[int, str]], line: int) -> tuple[tuple[int, str], ...]:
    """The lines above the header that have letters or digits, and their text."""
    above = (one for one in lines if one[0] < line and any(map(str.isalnum, one[1])))
    return tuple((number, text.strip(' ,;\t\r\n"')) for number, text in above)
