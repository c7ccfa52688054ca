"""Rows that count, do not count, or count as minus, by the words of a column: --only, --skip, --negative."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.errors import N_, BadInput
from bot.services.imports.read.amounts import dissect, read_decimal
from bot.services.imports.read.cells.cache import CellCache
from bot.services.imports.read.text import plain

ONLY, SKIP, NEGATIVE = OPTIONS = ("only", "skip", "negative")
ANY = "*"  # stands for every word, but not for an empty cell; *part* for every word that has the part
BELOW_ZERO = "<0"  # stands for every number below zero
_WITH_MINUS = re.compile(r"[-\u2212(][^-]*|[^-]*-")  # -1, (1) or 1-
_TOGETHER = {(ONLY, NEGATIVE)}  # may name the same word, which then is negative


def is_below_zero(cell: str) -> bool:
    """Whether a cell has a number below zero."""
    body, negative, _ = dissect(cell)
    return negative and bool(read_decimal(body, lambda: "point"))


def word(cell: str) -> str:
    """A cell's word as it is compared; one of signs only, such as "-", as it is, and a number with its minus."""
    said = plain(cell)
    if said.isdecimal() and _WITH_MINUS.fullmatch(cell.strip()):
        return f"-{said}"
    return said or cell.strip()


def has_part(said: str, key: str) -> bool:
    """Whether a word has the part that an option names as *part*."""
    return len(key) > 2 and key[0] == key[-1] == ANY and key[1:-1] in said


def _key(written: str) -> str:
    """A word of an option as it is compared: *part* stands for every word with this part."""
    text = written.strip()
    part = plain(text)
    return f"{ANY}{part}{ANY}" if part and text[0] == text[-1] == ANY else word(written)


@dataclass(frozen=True, kw_only=True)
class ColumnFilter:
    """What the options say about one column."""

    column: str  # as it was given
    options: Mapping[str, str]  # word as it is compared -> only, skip or negative
    written: Mapping[str, str]  # the same words as they were given

    def option(self, cell: str) -> str | None:
        """The option that a cell's word falls under; None when it counts as it is."""
        said = word(cell)
        found = self.options.get(said) or self._by_part(said)
        if found is None and BELOW_ZERO in self.options and is_below_zero(cell):
            found = self.options[BELOW_ZERO]
        if found is None and said:
            found = self.options.get(ANY)
        if found is None and ONLY in self.options.values():
            return SKIP
        return None if found == ONLY else found

    @property
    def has_parts(self) -> bool:
        """Whether an option names a part of a word."""
        return any(has_part(key, key) for key in self.options)

    def names(self, said: str) -> bool:
        """Whether an option names a word, or a part of it."""
        return said in self.options or self._by_part(said) is not None

    def _by_part(self, said: str) -> str | None:
        """The option that names a part of a word: *cancelled*."""
        return next((self.options[key] for key in self.options if has_part(said, key)), None)

    def given(self) -> Iterator[tuple[str, str]]:
        """(option, COLUMN=WORD,…) as it would be given."""
        for option in OPTIONS:
            words = [self.written[said] for said, under in self.options.items() if under == option]
            if words:
                yield option, f"{self.column}={_joined(words)}"


def read_filters(given: Mapping[str, Iterable[str]]) -> dict[str, ColumnFilter]:
    """Option -> its COLUMN=WORD,… as one filter for each column, by `plain`."""
    found: dict[str, ColumnFilter] = {}
    for option in OPTIONS:
        for said in given.get(option) or ():
            column, words = _parts(option, said)
            one = found.setdefault(plain(column), ColumnFilter(column=column, options={}, written={}))
            for written in words:
                before = one.options.get(_key(written), option)
                if before != option and (before, option) not in _TOGETHER:
                    raise BadInput(
                        N_(
                            "--%(first)s and --%(second)s both name %(word)s of %(column)s; keep one of them."
                        ),
                        first=before,
                        second=option,
                        word=repr(written),
                        column=column,
                    )
            found[plain(column)] = _with(one, column, dict.fromkeys(words, option))
    return found


def combine(
    earlier: Mapping[str, Iterable[str]], given: Mapping[str, Iterable[str]]
) -> dict[str, tuple[str, ...]]:
    """Option -> COLUMN=WORD,… of earlier imports and of this one, which decides where both name a word."""
    merged = read_filters(earlier)
    for column, new in read_filters(given).items():
        options = {new.written[said]: option for said, option in new.options.items()}
        merged[column] = _with(merged.get(column, new), new.column, options)
    written = [pair for one in merged.values() for pair in one.given()]
    return {option: tuple(said for under, said in written if under == option) for option in OPTIONS}


def spell(column: str, words: Sequence[str] = ()) -> str:
    """COLUMN=WORD,… or COLUMN as it is typed in a shell."""
    return "=".join(map(_quoted, (column, _joined(words)) if words else (column,)))


class RowFilters:
    """The filters of one file, by the place of their column."""

    def __init__(self, placed: Mapping[int, ColumnFilter]) -> None:
        self.placed = placed
        self._options = {place: CellCache(one.option) for place, one in placed.items()}

    def apply(self, rows: Sequence[Sequence[str]]) -> tuple[set[int], set[int]]:
        """(rows that do not count, rows that count as minus), as places in `rows`."""
        skipped: set[int] = set()
        negative: set[int] = set()
        for place, known in self._options.items():
            options = [known[cells[place]] for cells in rows]
            if SKIP in options:
                skipped.update(row for row, option in enumerate(options) if option == SKIP)
            if NEGATIVE in options:
                negative.update(row for row, option in enumerate(options) if option == NEGATIVE)
        return skipped, negative


def _with(one: ColumnFilter, column: str, options: Mapping[str, str]) -> ColumnFilter:
    """A filter with more words; where it has a word already, the new option holds."""
    return ColumnFilter(
        column=column,
        options={**one.options, **{_key(written): option for written, option in options.items()}},
        written={**one.written, **{_key(written): written for written in options}},
    )


def _parts(option: str, said: str) -> tuple[str, list[str]]:
    """The column and the words of COLUMN=WORD,WORD."""
    column, equals, words = said.partition("=")
    if not equals or not column.strip():
        raise BadInput(
            N_("--%(option)s %(said)s: write it as COLUMN=WORD or COLUMN=WORD,WORD."),
            option=option,
            said=said,
        )
    found = next(csv.reader([words], skipinitialspace=True), [])
    return column.strip(), [one.strip() for one in found or [""]]


def _joined(words: Iterable[str]) -> str:
    return ",".join(f'"{one}"' if "," in one else one for one in words)


def _quoted(side: str) -> str:
    if '"' in side:
        return f"'{side}'"
    return f'"{side}"' if any(sign in " &'()*;<>?|$/" for sign in side) else side
