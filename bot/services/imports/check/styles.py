"""How a column writes its dates and amounts: decided once, from the whole column, when the first value leaves it open."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from bot.errors import N_
from bot.services.imports.check.findings import FileFindings, FindingType, Level
from bot.services.imports.read import amounts, dates
from bot.services.imports.read.encoding import InspectedFile
from bot.services.imports.read.records import Broken, open_table


@dataclass(frozen=True, kw_only=True)
class _Question:
    """What a column can leave open: how a cell proves its style, and the finding that asks the person for it."""

    prove: Callable[[str], str | None]
    asked: FindingType
    meanwhile: str  # the style in which the rest of the file is read while the question is open


_Evidence = dict[str, tuple[int, str]]  # style -> the first line and cell that prove it


def _prove_decimal(cell: str) -> str | None:
    text = cell.strip()
    if "." not in text and "," not in text:
        return None
    return amounts.prove_style(amounts.dissect(text)[0]) or None


_DATE_ORDER = _Question(
    prove=dates.prove_order,
    asked=FindingType(
        name="date-order",
        level=Level.QUESTION,
        sentence=N_(
            "The column %(column)s does not show whether the day or the month comes first (%(example)s)."
        ),
        answer=N_("Give --date-order dmy or --date-order mdy."),
    ),
    meanwhile="dmy",
)
_DECIMAL = _Question(
    prove=_prove_decimal,
    asked=FindingType(
        name="decimal-sign",
        level=Level.QUESTION,
        sentence=N_(
            "The column %(column)s does not show whether a comma or a point marks the decimals (%(example)s)."
        ),
        answer=N_("Give --decimal point or --decimal comma."),
    ),
    meanwhile="point",
)


@dataclass(frozen=True, kw_only=True)
class Group:
    """The cells of a column in the rows of one key, such as one field of a facts file; they decide among themselves.

    `place`: the column that holds the key. `key_of`: the key that a cell of it means; None for rows that prove nothing.
    """

    place: int
    key_of: Callable[[str], str | None]
    key: str


class Styles:
    """Decides for each column; reads the file a second time only for a column that needs it."""

    def __init__(
        self,
        file: InspectedFile,
        delimiter: str,
        *,
        date_order: str | None,
        decimal: str | None,
        findings: FileFindings,
    ) -> None:
        self._findings = findings
        self._file = file
        self._delimiter = delimiter
        self._given = {_DATE_ORDER: date_order, _DECIMAL: decimal}
        self._decided: dict[tuple[_Question, int, str | None], str] = {}
        self._asked: set[tuple[_Question, int]] = set()
        self._groups: dict[tuple[_Question, int], dict[str, _Evidence]] = {}

    def date_order(self, place: int, header: str) -> Callable[[str], str]:
        """A function that gives the order of day and month in a column, for a cell that leaves it open."""
        return partial(self._decide, _DATE_ORDER, place, header, None)

    def decimal(self, place: int, header: str, group: Group | None = None) -> Callable[[str], str]:
        """A function that gives the decimal sign of a column, or of a group of its cells, for a cell that leaves it open."""
        return partial(self._decide, _DECIMAL, place, header, group)

    def _decide(self, question: _Question, place: int, header: str, group: Group | None, text: str) -> str:
        given, key = self._given[question], (question, place, None if group is None else group.key)
        if given is not None:
            return given
        if key not in self._decided:
            found = (
                self._evidence(place, question.prove)
                if group is None
                else self._group_evidence(question, place, group)
            )
            if len(found) != 1:
                self._ask(question, place, header, text, found)
                found = {question.meanwhile: (0, text)}
            (self._decided[key],) = found
        return self._decided[key]

    def _ask(self, question: _Question, place: int, header: str, text: str, found: _Evidence) -> None:
        if (question, place) in self._asked:
            return
        self._asked.add((question, place))
        shown = ", ".join(f"line {line}: {cell.strip()}" for line, cell in found.values())
        self._findings.add(question.asked, column=repr(header), example=shown or f"for example {text}")

    def _evidence(self, place: int, prove: Callable[[str], str | None]) -> _Evidence:
        found: _Evidence = {}
        for line, cells in self._rows():
            style = prove(cell := cells[place])
            if style is not None and style not in found:
                found[style] = (line, cell)
                if len(found) > 1:
                    break
        return found

    def _group_evidence(self, question: _Question, place: int, group: Group) -> _Evidence:
        """What the cells of a group prove; where they prove nothing, what all cells of the column do."""
        groups = self._groups.get((question, place))
        if groups is None:
            groups = self._groups[question, place] = {}
            for line, cells in self._rows():
                key, style = group.key_of(cells[group.place].strip()), question.prove(cells[place])
                if key is not None and style is not None:
                    groups.setdefault(key, {}).setdefault(style, (line, cells[place]))
        if group.key in groups:
            return groups[group.key]
        return {style: example for found in groups.values() for style, example in found.items()}

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        with open_table(self._file, self._delimiter) as table:
            for record in table.records:
                if not isinstance(record, Broken) and len(record[1]) == len(table.header):
                    yield record
