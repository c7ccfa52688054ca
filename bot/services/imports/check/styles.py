"""How a column writes its dates and amounts: decided once, from the whole column, when the first value leaves it open."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from bot.errors import N_
from bot.services.imports.check.findings import FileFindings, FindingType, Level
from bot.services.imports.read import amounts, written_dates
from bot.services.imports.read.encoding import InspectedFile
from bot.services.imports.read.records import Broken, open_table


@dataclass(frozen=True, kw_only=True)
class _Question:
    """What a column can leave open: the styles that a cell fits, and the finding that asks the person for the right one."""

    fits: Callable[[str], frozenset[str] | None]  # None for a cell that says nothing
    asked: FindingType
    meanwhile: str  # the style in which the rest of the file is read while the question is open


def _fits_decimal(cell: str) -> frozenset[str] | None:
    text = cell.strip()
    if "." not in text and "," not in text:
        return None
    style = amounts.prove_style(amounts.dissect(text)[0])
    if style is False:
        return None
    return frozenset({style} if style else {"point", "comma"})


_DATE_ORDER = _Question(
    fits=written_dates.possible_orders,
    asked=FindingType(
        name="date-order",
        level=Level.QUESTION,
        sentence=N_(
            "The column %(column)s does not show in which order day, month and year stand (%(example)s)."
        ),
        answer=N_(
            "Give --date-order dmy or --date-order mdy; where years of two digits come first, --date-order ymd."
        ),
    ),
    meanwhile="dmy",
)
_DECIMAL = _Question(
    fits=_fits_decimal,
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
TWO_DIGIT_YEARS = FindingType(
    name="two-digit-years",
    level=Level.QUESTION,
    sentence=N_(
        "The column %(column)s has years of two digits (line %(line)d: %(example)s), read as %(first)d to %(last)d."
    ),
    answer=N_(
        "Give the first of the hundred years that are meant (--century 2000 for 2000 to 2099), or accept these with"
        " --yes two-digit-years."
    ),
    accept=True,
)
YEARS_AHEAD = (
    20  # the last year of two digits that is still to come, while nobody says which century is meant
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
        century: int | None,
        this_year: int,
        findings: FileFindings,
    ) -> None:
        self._findings = findings
        self._file = file
        self._delimiter = delimiter
        self._given = {_DATE_ORDER: date_order, _DECIMAL: decimal}
        self._decided: dict[tuple[_Question, int], str] = {}
        self._century = century
        self._this_year = this_year
        self._short_years: set[int] = set()  # columns that were asked about

    def date_order(self, place: int, header: str) -> Callable[[str], str]:
        """A function that gives the order of day, month and year in a column, for a cell that leaves it open."""
        return partial(self._decide, _DATE_ORDER, place, header)

    def decimal(self, place: int, header: str) -> Callable[[str], str]:
        """A function that gives the decimal sign of a column, for a cell that leaves it open."""
        return partial(self._decide, _DECIMAL, place, header)

    def century(self, place: int, header: str) -> Callable[[str], int]:
        """A function that gives the first of the hundred years that a column's years of two digits are from."""
        return partial(self._decide_century, place, header)

    def _decide_century(self, place: int, header: str, text: str) -> int:
        if self._century is not None:
            return self._century
        first = self._this_year + YEARS_AHEAD - 99
        if place not in self._short_years:
            self._short_years.add(place)
            lines = (line for line, cell in self._column(place) if cell.strip() == text)
            self._findings.add(
                TWO_DIGIT_YEARS,
                column=repr(header),
                line=next(lines, 0),
                example=text,
                first=first,
                last=first + 99,
            )
        return first

    def _decide(self, question: _Question, place: int, header: str, text: str) -> str:
        given, key = self._given[question], (question, place)
        if given is not None:
            return given
        if key not in self._decided:
            left, proofs = self._evidence(place, question.fits)
            if len(left) == 1:
                (self._decided[key],) = left
                return self._decided[key]
            self._decided[key] = question.meanwhile
            if left:
                self._findings.add(question.asked, column=repr(header), example=f"for example {text}")
            elif proofs:
                shown = ", ".join(f"line {line}: {cell.strip()}" for line, cell in proofs)
                self._findings.add(question.asked, column=repr(header), example=shown)
        return self._decided[key]

    def _evidence(
        self, place: int, fits: Callable[[str], frozenset[str] | None]
    ) -> tuple[frozenset[str], list[tuple[int, str]]]:
        """The styles that all cells of a column fit, and the cells that left fewer of them."""
        left: frozenset[str] | None = None
        proofs: list[tuple[int, str]] = []
        for line, cell in self._column(place):
            styles = fits(cell)
            if styles is None or (left is not None and left <= styles):
                continue
            left = styles if left is None else left & styles
            proofs.append((line, cell))
            if not left:
                break
        return left or frozenset(), proofs

    def _column(self, place: int) -> Iterator[tuple[int, str]]:
        with open_table(self._file, self._delimiter) as table:
            for record in table.records:
                if not isinstance(record, Broken) and len(record[1]) == len(table.header):
                    yield record[0], record[1][place]
