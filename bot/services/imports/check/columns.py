"""Columns that hold something else than their header says, and columns of the same name."""

from collections.abc import Sequence
from typing import Any

from bot.errors import N_, Phrase
from bot.services.imports.check.findings import FileFindings, FindingType, Level
from bot.services.imports.check.meaning import vocabulary
from bot.services.imports.layout.columns import Layout
from bot.services.imports.read.cells.word_lists import NOTHING
from bot.services.imports.read.filters import word
from bot.services.imports.read.refusal import RefusedValue, clip

_LONGEST = 200  # characters of a cell that can be a word, a number, a day or a person
_NOTHING = frozenset(map(word, NOTHING)) | {""}
COLUMN_NOT_UNDERSTOOD = FindingType(
    name="column-not-understood",
    level=Level.QUESTION,
    sentence=N_(
        "Most values of the column %(column)s cannot be read as %(field)s (%(count)d of the first %(given)d; line %(line)d:"
        " %(reason)s)."
    ),
    answer=N_(
        "Say which column holds it: --map %(field)s=COLUMN; or that none does: --map %(field)s=-. --yes"
        " column-not-understood takes the rows without it."
    ),
    accept=True,
)
MAPPED_COLUMN_GONE = FindingType(
    name="mapped-column-gone",
    level=Level.QUESTION,
    sentence=N_(
        "Earlier files of this source had %(field)s in the column %(about)s, which is not in this one; here %(taken)s."
    ),
    answer=N_(
        "Say which column has it now: --map %(field)s=COLUMN; --yes mapped-column-gone reads the file without that column."
    ),
    accept=True,
    once=True,
)
DUPLICATE_COLUMN = FindingType(
    name="duplicate-column",
    level=Level.REFUSAL,
    sentence=N_(
        "The file has two columns named %(column)s, which differ (line %(line)d: %(first)s and %(second)s)."
    ),
    answer=N_("Rename one of the two columns named %(column)s."),
)


def ask_about_gone(layout: Layout, findings: FileFindings) -> None:
    """Ask about each field whose column a person named, or which changes another field, where it is gone."""
    for name, column in layout.gone:
        other = layout.columns.get(name)
        taken = (
            Phrase(N_("the column %(column)s would be taken for it"), column=repr(other))
            if other is not None
            else Phrase(N_("no column would be taken for it"))
        )
        findings.add(MAPPED_COLUMN_GONE, about=repr(column), field=name, taken=taken)


def misread(values: list[Any], column: Sequence[str]) -> list[int]:
    """The rows of an optional column with values that cannot be read, if these are two or more, and most of them.

    None if one of them is long or has several lines: then a quotation mark is missing, and the cell holds other rows.
    """
    if RefusedValue not in set(map(type, values)):
        return []
    refused = [row for row, value in enumerate(values) if type(value) is RefusedValue]
    given = len(values) - values.count(None)
    if any(len(column[row]) > _LONGEST or not column[row].strip().isprintable() for row in refused):
        return []
    return refused if len(refused) >= 2 and 2 * len(refused) > given else []


def is_yes_no(column: Sequence[str]) -> bool:
    """Whether cells of a column say yes or no, and the others nothing."""
    words = {word(cell) for cell in set(column)}
    return words <= vocabulary.TRUE | vocabulary.FALSE and not words <= _NOTHING


def compare_twins(
    layout: Layout, lines: Sequence[int], columns: Sequence[Sequence[str]], findings: FileFindings
) -> bool:
    """Whether the columns of the same name are alike; adds a finding for the first that differ."""
    for place, other in layout.twins:
        if columns[place] != columns[other]:
            pairs = enumerate(zip(columns[place], columns[other], strict=True))
            row, (first, second) = next((row, pair) for row, pair in pairs if pair[0] != pair[1])
            findings.add(
                DUPLICATE_COLUMN,
                column=repr(layout.header[place]),
                line=lines[row],
                first=repr(clip(first)),
                second=repr(clip(second)),
            )
            return False
    return True
