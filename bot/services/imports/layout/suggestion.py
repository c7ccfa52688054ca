"""Which columns a person probably means for fields that no header names: by similar headers, and by their values."""

import re
import unicodedata
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from bot.services.imports.read import amounts
from bot.services.imports.read.date_shapes.written import dissect
from bot.services.imports.read.headers import is_gross
from bot.services.imports.read.terms import of_terms, read_term
from bot.services.imports.read.text import plain

_DAYS = frozenset({"date", "due", "paid", "since"})
_NUMBERS = frozenset({"amount", "cost", "rate"})
_DIGITS = re.compile("[0-9]+")
_SIMILAR = 75  # of 100
_MOST = 60  # columns


class _Wanted(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def unique(self) -> bool: ...
    @property
    def known_headers(self) -> frozenset[str]: ...


def suggest(
    wanted: Sequence[_Wanted], names: Sequence[str], used: Collection[int], rows: Sequence[Sequence[str]]
) -> dict[str, str]:
    """Field -> the header of the likeliest column, each column once."""
    free = [place for place, name in enumerate(names[:_MOST]) if name and place not in used]
    columns = {place: [row[place].strip() for row in rows if place < len(row)] for place in free}
    filled = {place: [cell for cell in cells if cell] for place, cells in columns.items()}
    points = sorted(
        (
            (_points(field, names[place], filled[place]), -place, -number, field.name)
            for number, field in enumerate(wanted)
            for place in free
        ),
        reverse=True,
    )
    found: dict[str, str] = {}
    taken: set[int] = set()
    for score, place, _, name in points:
        if score > 0 and name not in found and -place not in taken:
            found[name] = names[-place]
            taken.add(-place)
    return found


def is_data(names: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first line is a row like the others: it has a day, an e-mail address, or a code of their form."""
    for place, name in enumerate(names):
        below = [row[place].strip() for row in rows if place < len(row) and row[place].strip()]
        if name and below and _is_day(name) and all(map(_is_day, below)):
            return True
        if "@" in name:
            return True
        if _DIGITS.search(name) and below and all(_form(cell) == _form(name) for cell in below):
            return True
    return False


def _points(field: _Wanted, header: str, cells: Sequence[str]) -> int:
    """How well a column suits a field; 0 for not at all."""
    from rapidfuzz import fuzz  # 30 ms, for a hint only

    similar = max(int(fuzz.ratio(plain(header), known)) for known in field.known_headers)
    head = similar if similar >= _SIMILAR else 0
    if not cells:
        return head
    days, numbers = _share(cells, _is_day), _share(cells, _is_number)
    if field.name == "due" and of_terms(header) and days < 0.8:
        return 30 if _share(cells, lambda cell: read_term(cell) is not None) >= 0.8 else 0
    if field.name in _DAYS:
        return head + 60 if days >= 0.8 else 0
    if field.name in _NUMBERS:
        # Sales are compared without tax: of two columns, the other one is meant.
        likely = 40 - 30 * is_gross(plain(header))
        return head + likely if numbers >= 0.8 and days < 0.8 else 0
    if days >= 0.8 or any("." in cell and _is_number(cell) for cell in cells):
        return 0
    distinct = len(set(cells)) / len(cells)
    if field.unique:
        return 0 if distinct < 1 else head + 50 if any(map(_DIGITS.search, cells)) else head
    if field.name == "customer":
        return head + 20 if any(map(_DIGITS.search, cells)) or distinct < 1 else head
    return head


def _share(cells: Sequence[str], test: Callable[[str], bool]) -> float:
    return sum(map(test, cells)) / len(cells)


def _is_day(cell: str) -> bool:
    return dissect(unicodedata.normalize("NFKC", cell)) is not None


def _is_number(cell: str) -> bool:
    return bool(amounts.prove_style(amounts.dissect(cell)[0]) is not False)


def _form(cell: str) -> str:
    return _DIGITS.sub("0", cell)
