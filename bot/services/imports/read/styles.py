"""How a column writes its dates and amounts: decided once, from the whole column, when the first value leaves it open."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from bot.errors import N_, BadInput
from bot.services.imports.read import amounts, dates
from bot.services.imports.read.encoding import InspectedFile
from bot.services.imports.read.records import Broken, open_table

S = TypeVar("S", bound=str)  # dates.Order or amounts.Style


@dataclass(frozen=True, kw_only=True)
class _Question(Generic[S]):
    """What a column can leave open: how a cell proves it, and the sentence that asks the person."""

    proof: Callable[[str], S | None]
    sentence: str
    implied: Callable[[str, str], S | None] = lambda text, delimiter: (
        None
    )  # by a cell where no cell proves it


def _prove_decimal(cell: str) -> amounts.Style | None:
    text = cell.strip()
    if "." not in text and "," not in text:
        return None
    return amounts.prove_style(amounts.dissect(text)[0]) or None


def _implied_decimal(text: str, delimiter: str) -> amounts.Style | None:
    """A comma-separated file comes from where the decimal sign is a point."""
    return "point" if "." in text and delimiter == "," else None


_DATE_ORDER: _Question[dates.Order] = _Question(
    proof=dates.prove_order,
    sentence=N_(
        "%(file)s: the column %(column)s does not show whether the day or the month comes first "
        "(%(example)s); give --date-order dmy or --date-order mdy."
    ),
)
_DECIMAL: _Question[amounts.Style] = _Question(
    proof=_prove_decimal,
    sentence=N_(
        "%(file)s: the column %(column)s does not show whether a comma or a point marks the decimals "
        "(%(example)s); give --decimal point or --decimal comma."
    ),
    implied=_implied_decimal,
)


class Styles:
    """Decides for each column; reads the file a second time only for a column that needs it."""

    def __init__(
        self,
        file: InspectedFile,
        delimiter: str,
        *,
        date_order: dates.Order | None,
        decimal: amounts.Style | None,
    ) -> None:
        self._file = file
        self._delimiter = delimiter
        self._date_order = date_order
        self._decimal = decimal
        self._decided: dict[tuple[_Question[Any], int], Any] = {}

    def date_order(self, place: int, header: str) -> Callable[[str], dates.Order]:
        """A function that gives the order of day and month in a column, for a cell that leaves it open."""
        return partial(self._decide, _DATE_ORDER, self._date_order, place, header)

    def decimal(self, place: int, header: str) -> Callable[[str], amounts.Style]:
        """A function that gives the decimal sign of a column, for a cell that leaves it open."""
        return partial(self._decide, _DECIMAL, self._decimal, place, header)

    def _decide(self, question: _Question[S], given: S | None, place: int, header: str, text: str) -> S:
        if given is not None:
            return given
        key = question, place
        if key not in self._decided:
            found = self._evidence(place, question.proof)
            style = next(iter(found), None) or question.implied(text, self._delimiter)
            if len(found) > 1 or style is None:
                shown = ", ".join(f"line {line}: {cell.strip()}" for line, cell in found.values())
                raise BadInput(
                    question.sentence,
                    file=self._file.path.name,
                    column=repr(header),
                    example=shown or f"for example {text}",
                )
            self._decided[key] = style
        decided: S = self._decided[key]
        return decided

    def _evidence(self, place: int, proof: Callable[[str], S | None]) -> dict[S, tuple[int, str]]:
        """Style -> the first line and cell that prove it."""
        found: dict[S, tuple[int, str]] = {}
        for line, cell in self._column(place):
            style = proof(cell)
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
