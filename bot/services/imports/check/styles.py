"""How a column writes its dates and amounts: decided once, from the whole column, when the first value leaves it open."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from bot.errors import N_, Phrase, joined
from bot.services.imports.check.findings import FileFindings, FindingType, Level
from bot.services.imports.read import amounts
from bot.services.imports.read.date_shapes import written
from bot.services.imports.read.encoding import InspectedFile
from bot.services.imports.read.records import Broken, fit, open_table


@dataclass(frozen=True, kw_only=True)
class _Question:
    """What a column can leave open: the styles that a cell fits, and the finding that asks the person for the right one."""

    fits: Callable[[str], frozenset[str] | None]  # None for a cell that says nothing
    asked: FindingType
    contradicted: FindingType
    usual: tuple[str, ...]  # the styles that are proposed where cells contradict each other
    meanwhile: str  # the style in which the rest of the file is read while the question is open


class _Evidence:
    """The styles that all cells seen so far fit, and the cells that left fewer of them."""

    def __init__(self) -> None:
        self.left: frozenset[str] | None = None
        self.proofs: list[tuple[int, str]] = []

    def add(self, line: int, cell: str, styles: frozenset[str] | None) -> None:
        """Take a cell into account, with the styles that it fits."""
        if styles is None or (self.left is not None and self.left <= styles):
            return
        self.left = styles if self.left is None else self.left & styles
        self.proofs.append((line, cell.strip()))


_POINT = frozenset({"point"})
# The usual form, so that not every cell is taken apart.
_WITH_POINT = re.compile(r"-?(?:[0-9]+\.(?:[0-9]{1,2}|[0-9]{4,})|0\.[0-9]+)", re.ASCII).fullmatch


def _fits_decimal(cell: str) -> frozenset[str] | None:
    text = cell.strip()
    if _WITH_POINT(text):
        return _POINT
    if "." not in text and "," not in text:
        return None
    style = amounts.prove_style(amounts.dissect(text)[0])
    if style is False:
        return None
    return frozenset({style} if style else {"point", "comma"})


def _contradicted(option: str) -> FindingType:
    """The finding that an option, given now or for an earlier file, is not what a column shows."""
    return FindingType(
        name=f"{option}-contradicted",
        level=Level.QUESTION,
        sentence=N_(
            "The column %(column)s is not written as --%(option)s %(given)s says (line %(line)d: %(example)s)."
        ),
        answer=N_(
            "Give --%(option)s as this file is written; --yes %(option)s-contradicted reads by it what a cell leaves open."
        ),
        accept=True,
        once=True,
    )


_DATE_ORDER = _Question(
    fits=written.possible_orders,
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
    contradicted=_contradicted("date-order"),
    usual=("dmy", "mdy"),
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
    contradicted=_contradicted("decimal"),
    usual=("point", "comma"),
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
# The last year of two digits that is still to come, while nobody says which century is meant.
_YEARS_AHEAD = 20


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
        century: int | None,
        this_year: int,
        findings: FileFindings,
    ) -> None:
        self._findings = findings
        self._file = file
        self._delimiter = delimiter
        self._given = {_DATE_ORDER: date_order, _DECIMAL: decimal}
        self._decided: dict[tuple[_Question, int, str | None], str] = {}
        self._asked: set[tuple[_Question | None, int]] = set()
        self._groups: dict[tuple[_Question, int], dict[str, _Evidence]] = {}
        self._century = century
        self._this_year = this_year

    def date_order(self, place: int, header: str) -> Callable[[str], str]:
        """A function that gives the order of day, month and year in a column, for a cell that leaves it open."""
        return partial(self._decide, _DATE_ORDER, place, header, None)

    def decimal(self, place: int, header: str, group: Group | None = None) -> Callable[[str], str]:
        """A function that gives the decimal sign of a column, or of a group of its cells, for a cell that leaves it open."""
        return partial(self._decide, _DECIMAL, place, header, group)

    def century(self, place: int, header: str) -> Callable[[str], int]:
        """A function that gives the first of the hundred years that a column's years of two digits are from."""
        return partial(self._decide_century, place, header)

    def _decide_century(self, place: int, header: str, text: str) -> int:
        if self._century is not None:
            return self._century
        first = self._this_year + _YEARS_AHEAD - 99
        if (None, place) not in self._asked:
            self._asked.add((None, place))
            lines = (line for line, cells in self._rows() if cells[place].strip() == text)
            self._findings.add(
                TWO_DIGIT_YEARS,
                column=repr(header),
                line=next(lines, 0),
                example=text,
                first=first,
                last=first + 99,
            )
        return first

    def _decide(self, question: _Question, place: int, header: str, group: Group | None, text: str) -> str:
        given, key = self._given[question], (question, place, None if group is None else group.key)
        if key not in self._decided:
            found = (
                self._evidence(question, place)
                if group is None
                else self._group_evidence(question, place, group)
            )
            if given is not None:
                self._decided[key] = given
                self._compare(question, place, header, given, found)
            elif found.left is not None and len(found.left) == 1:
                (self._decided[key],) = found.left
            else:
                self._ask(question, place, header, text, found)
                self._decided[key] = question.meanwhile
        return self._decided[key]

    def _compare(self, question: _Question, place: int, header: str, given: str, found: _Evidence) -> None:
        """Ask when all cells fit another style only than the one that is given."""
        # A cell with four digits for the year fits no order with the year first: it is refused for itself.
        if not found.left or given in found.left or given not in question.usual:
            return
        if (question, place) not in self._asked:
            self._asked.add((question, place))
            line, cell = found.proofs[-1]
            self._findings.add(
                question.contradicted,
                option=question.contradicted.name.removesuffix("-contradicted"),
                column=repr(header),
                given=given,
                line=line,
                example=cell,
            )

    def _ask(self, question: _Question, place: int, header: str, text: str, found: _Evidence) -> None:
        if found.left is None or (question, place) in self._asked:
            return  # no cell is right in any style: each is refused for itself
        self._asked.add((question, place))
        shown: str = Phrase(N_("for example %(text)s"), text=text)
        if not found.left:
            shown = joined(
                [Phrase(N_("line %(line)s: %(cell)s"), line=line, cell=cell) for line, cell in found.proofs],
                ", ",
            )
        styles = tuple(sorted(found.left)) or question.usual
        self._findings.add(question.asked, column=repr(header), example=shown, styles=styles)

    def _evidence(self, question: _Question, place: int) -> _Evidence:
        found, given = _Evidence(), self._given[question]
        for line, cells in self._rows():
            found.add(line, cells[place], question.fits(cells[place]))
            if found.left is not None and found.left <= {given}:
                break
        return found

    def _group_evidence(self, question: _Question, place: int, group: Group) -> _Evidence:
        """What the cells of a group prove; where they prove nothing, what all cells of the column do."""
        groups = self._groups.get((question, place))
        if groups is None:
            groups = self._groups[question, place] = {}
            keys: dict[str, str | None] = {}  # cell -> what it is the key of
            for line, cells in self._rows():
                of_key = cells[group.place]
                if of_key not in keys:
                    keys[of_key] = group.key_of(of_key.strip())
                key = keys[of_key]
                if key is not None:
                    groups.setdefault(key, _Evidence()).add(line, cells[place], question.fits(cells[place]))
        found = groups.get(group.key)
        if found is not None and found.left is not None and len(found.left) < 2:
            return found
        whole = _Evidence()
        for one in groups.values():
            for line, cell in one.proofs:
                whole.add(line, cell, question.fits(cell))
        return whole

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """The lines and cells of all records, short ones with empty last cells."""
        with open_table(self._file, self._delimiter) as table:
            width = len(table.header)
            for record in table.records:
                if isinstance(record, Broken):
                    continue
                line, cells = record
                fitted = cells if len(cells) == width else fit(cells, width, self._delimiter)
                if fitted is not None:
                    yield line, fitted
