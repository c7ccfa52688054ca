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
        self._decided: dict[tuple[_Question, int], str] = {}

    def date_order(self, place: int, header: str) -> Callable[[str], str]:
        """A function that gives the order of day and month in a column, for a cell that leaves it open."""
        return partial(self._decide, _DATE_ORDER, place, header)

    def decimal(self, place: int, header: str) -> Callable[[str], str]:
        """A function that gives the decimal sign of a column, for a cell that leaves it open."""
        return partial(self._decide, _DECIMAL, place, header)

    def _decide(self, question: _Question, place: int, header: str, text: str) -> str:
        given, key = self._given[question], (question, place)
        if given is not None:
            return given
        if key not in self._decided:
            found = self._evidence(place, question.prove)
            if len(found) != 1:
                shown = ", ".join(f"line {line}: {cell.strip()}" for line, cell in found.values())
                self._findings.add(
                    question.asked, column=repr(header), example=shown or f"for example {text}"
                )
                found = {question.meanwhile: (0, text)}
            (self._decided[key],) = found
        return self._decided[key]

    def _evidence(self, place: int, prove: Callable[[str], str | None]) -> dict[str, tuple[int, str]]:
        """Style -> the first line and cell that prove it."""
        found: dict[str, tuple[int, str]] = {}
        for line, cell in self._column(place):
            style = prove(cell)
            if style is not None and style not in found:
                found[style] = (line, cell)
                if len(found) > 1:
                    break
        return found

    def _column(self, place: int) -> Iterator[tuple[int, str]]:
        with open_table(self._file, self._delimiter) as table:
            for record in table.records:
                if not isinstance(record, Broken) and len(record[1]) == len(table.header):
                    yield record[0], record[1][place]
