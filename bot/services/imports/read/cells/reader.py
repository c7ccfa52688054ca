"""Reads the cells of one column: empty, refused, or parsed without what a spreadsheet added."""

from collections.abc import Callable
from functools import cache
from typing import Any

from bot.errors import N_, Phrase
from bot.services.imports.read.amounts import Amounts
from bot.services.imports.read.cells.codes import Codes
from bot.services.imports.read.cells.guards import unguarded
from bot.services.imports.read.cells.word_lists import SPREADSHEET_ERRORS
from bot.services.imports.read.dates import Dates
from bot.services.imports.read.refusal import EMPTY, Parser, RefusedValue, clip
from bot.services.imports.read.terms import DueDays, PaidDays


def cell_reader(
    parse: Parser, nothing: frozenset[str], *, required: bool, marked: bool = False
) -> Callable[[str], Any]:
    """A function that reads a cell of a column. It gives None for an empty one, such as the words for `nothing`.

    Where the column is required, an empty cell is refused. In a column that is `marked`, an apostrophe stands before each.
    """
    special = _special_cells(nothing, required)
    empty = special[""]

    def read(cell: str) -> Any:
        text = cell.strip()
        if marked:
            text = text.removeprefix("'").strip()
        found = special.get(text, parse)
        if found is not parse:
            return found
        if text[0] not in "='":
            value = parse(text)
        else:
            text = unguarded(text)
            found = special.get(text, parse)
            value = parse(text) if found is parse else found
            value = parse(text[1:]) if type(value) is RefusedValue and text[:1] == "'" else value
        if value is None and required:
            return RefusedValue(
                Phrase(N_("%(cell)s is a placeholder for no value, and one is needed"), cell=repr(clip(text)))
            )
        return value

    def read_code(cell: str) -> Any:
        text = cell.strip()
        found = special.get(text, parse)
        return parse(text) if found is parse else found

    def read_number(cell: str) -> Any:
        text = cell.strip()
        if not text:
            return empty
        value = parse(text)
        return read(cell) if value is None or type(value) is RefusedValue else value

    # What is refused need not be looked up before: an amount and a day are read as they are first.
    return (
        read_code
        if isinstance(parse, Codes)
        else read_number
        if isinstance(parse, Amounts | Dates | DueDays | PaidDays)
        else read
    )


@cache
def _special_cells(nothing: frozenset[str], required: bool) -> dict[str, Any]:
    """Cells that no parser reads -> their value."""
    wrong = {
        error: RefusedValue(
            Phrase(
                N_("%(error)s is an error of the spreadsheet, no value; correct it there"), error=repr(error)
            )
        )
        for error in SPREADSHEET_ERRORS
    }
    words = {
        word: RefusedValue(Phrase(N_("is empty: %(word)s is no value"), word=repr(word)))
        if required
        else None
        for word in nothing
    }
    return {**wrong, **words, "": EMPTY if required else None}
