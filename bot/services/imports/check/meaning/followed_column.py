"""The words of one column: how many rows have each, and what the column is by its header and its words."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import compress

from bot.errors import N_, Phrase, joined
from bot.services.imports.check.meaning import vocabulary
from bot.services.imports.read.amounts import dissect, read_decimal
from bot.services.imports.read.filters import ANY, BELOW_ZERO, is_below_zero, word
from bot.services.imports.read.text import plain

_MOST = 50  # words of a column that is followed; one with more does not sort rows
_SHOWN = 8
_CODES = 12  # codes of a type of document, at most
_LONGEST = 4  # characters of such a code
_NOT_BELOW_ZERO = ">=0"
_DAY = re.compile(
    r"\s*(?:(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})|(\d{1,2})[./-](\d{1,2})[./-](\d{4}))(?!\d)"
).match
_TIME = re.compile(
    r"([0-9]+(?:[:.][0-9]+)*)\s*(?:h|hrs?|hours?|min|mins|minutes?|s|sec|secs|seconds?|小时|分钟|分|秒)?",
    re.IGNORECASE,
).fullmatch
_TELLING = vocabulary.TRUE | vocabulary.FALSE | vocabulary.SKIPPED | vocabulary.NEGATED | vocabulary.COUNTED


@dataclass(kw_only=True)
class FollowedColumn:
    """The words of one column in the rows that have been read so far."""

    header: str
    kind: str = ""  # the import kind
    today: str = ""  # ISO; later days are no yes
    folded: bool = True  # whether quantities are followed by their sign only
    says_paid: bool = False  # whether yes means that an invoice is paid
    says_done: bool = False  # whether only yes or a day means that a row counts
    rows: Counter[str] = field(default_factory=Counter)  # cell -> how many rows have it
    below_zero: Counter[str] = field(default_factory=Counter)  # of these, how many have a negative amount
    unpaid: Counter[str] = field(default_factory=Counter)  # of these, how many have no day of payment
    first: dict[str, int] = field(default_factory=dict)  # cell -> line

    says_ends: bool = True  # whether it can be read as one of days, or of yes and no

    def __post_init__(self) -> None:
        # Yes or no, or a day or a reason where the answer is yes.
        self.is_flag = vocabulary.is_flag(self.header, self.kind)
        self.is_duration = self.kind == "activities" and plain(self.header) in vocabulary.DURATION_HEADERS
        self.is_status = not self.is_flag and vocabulary.is_status(self.header)
        self.is_scenario = plain(self.header) in vocabulary.SCENARIO_HEADERS
        self.has_signs = not self.is_flag and vocabulary.has_signs(self.header)
        self.says_paid = self.says_paid or plain(self.header) in vocabulary.PAID_HEADERS

    @property
    def is_payment(self) -> bool:
        """Whether it says how or whether something is paid, not what it is."""
        return vocabulary.PAYMENT_PARTS.search(plain(self.header)) is not None

    @property
    def is_type(self) -> bool:
        """Whether it has a few short codes under a header such as "type"."""
        words = set(map(word, self.rows)) - {""}
        return (
            plain(self.header) in vocabulary.TYPE_HEADERS
            and 2 <= len(words) <= _CODES
            and all(len(said) <= _LONGEST for said in words)
            and not words <= _TELLING  # "si" is a yes in Italian, and a sales invoice
        )

    def add(
        self,
        lines: Sequence[int],
        cells: Sequence[str],
        below: Sequence[bool] | None = None,
        unpaid: Sequence[bool] | None = None,
    ) -> bool:
        """Count the cells of some rows; False when the column has too many words to sort rows."""
        if self.is_flag:
            flags = {cell: self._flag(cell) for cell in set(cells)}
            cells = [flags[cell] for cell in cells]
        elif self.is_duration:
            cells = [cell.strip() if _is_no_time(cell) else ANY for cell in cells]
        elif self.says_done:
            done = {cell: _done(cell) for cell in set(cells)}
            cells = [done[cell] for cell in cells]
        elif self.folded and vocabulary.is_quantity(self.header):
            signs = {cell: _sign(cell) for cell in set(cells)}
            cells = [signs[cell] for cell in cells]
        fresh = set(cells) - self.rows.keys()
        if len(self.rows) + len(fresh) > _MOST:
            return False
        for cell in fresh:
            self.first[cell] = lines[cells.index(cell)]
        self.rows.update(cells)
        if below is not None:
            self.below_zero.update(compress(cells, below))
        if unpaid is not None:
            self.unpaid.update(compress(cells, unpaid))
        return True

    def _flag(self, cell: str) -> str:
        """Yes, no and words of a status as they are, zero and a later day as no, and anything else as ANY."""
        if not word(cell) or word(cell) in _TELLING:
            return cell.strip()
        if is_zero(cell) or (self.today and _is_later(cell, self.today)):
            return "0"
        self.says_ends = self.says_ends and _has_day(cell)
        return ANY

    @property
    def has_amounts(self) -> bool:
        """Whether it has numbers other than 0 and 1."""
        return any(
            is_number(cell) and word(cell) not in vocabulary.TRUE | vocabulary.FALSE for cell in self.rows
        )

    def means_paid(self, cell: str) -> bool:
        """Whether a word says that an invoice is paid."""
        said = word(cell)
        if said in vocabulary.TRUE:
            return self.says_paid
        return said in vocabulary.PAID or (
            bool(vocabulary.BALANCE.search(plain(self.header))) and is_zero(cell)
        )

    def second_sides(self) -> set[str]:
        """The word of a two-sided column, such as debit and credit, that takes from the other."""
        header, said = plain(self.header), {word(cell) for cell in self.rows} - {""}
        named = header in vocabulary.SIDE_HEADERS
        for first, second in (*vocabulary.SIDES, *(vocabulary.LETTER_SIDES if named else ())):
            if said == {first, second} or (named and said <= {first, second}):
                return set() if vocabulary.PAYMENT_PARTS.search(header) else {second}
        return set()

    def listed(self, cells: Sequence[str]) -> str:
        """Words with how many rows have them; those in question come first, with their first line."""
        shown: list[str] = []
        for cell in cells:
            below = self.below_zero[cell]
            also = Phrase(N_(", below zero: %(count)s"), count=f"{below:,}") if below else ""
            shown.append(
                Phrase(
                    N_("%(word)s %(count)s (line %(line)s%(also)s)"),
                    word=cell.strip() or Phrase(N_("(empty)")),
                    count=f"{self.rows[cell]:,}",
                    line=self.first[cell],
                    also=also,
                )
            )
        for cell, count in self.rows.most_common():
            if cell not in cells:
                named = cell.strip() or Phrase(N_("(empty)"))
                shown.append(Phrase("%(word)s %(count)s", word=named, count=f"{count:,}"))
        return joined(shown if len(shown) <= _SHOWN else [*shown[:_SHOWN], "…"], ", ")


def _is_later(cell: str, today: str) -> bool:
    """Whether a cell has a day, written from the year or from the day on, that is after today."""
    found = _DAY(cell)
    if found is None:
        return False
    year, month, day = found[1] or found[6], found[2] or found[5], found[3] or found[4]
    return f"{year}-{month:0>2}-{day:0>2}" > today


def _is_no_time(cell: str) -> bool:
    """Whether a cell has a length of time that is zero: 0, 00:00:00, 0 min."""
    found = _TIME(cell.strip())
    return found is not None and not found[1].strip("0:. ")


def _done(cell: str) -> str:
    """A day, a time or an amount of goods as ANY; zero and words as they are."""
    return ANY if not is_zero(cell) and (_has_day(cell) or is_number(cell)) else cell.strip()


def _has_day(cell: str) -> bool:
    """Whether a cell may be a day or a time, not a word or a yes."""
    return sum(map(str.isdigit, cell)) >= 3


def _sign(cell: str) -> str:
    """One word for the numbers below zero and one for the others."""
    if is_below_zero(cell):
        return BELOW_ZERO
    return _NOT_BELOW_ZERO if is_number(cell) else cell.strip()


def is_number(cell: str) -> bool:
    return (
        cell in (BELOW_ZERO, _NOT_BELOW_ZERO)
        or read_decimal(dissect(cell.rstrip("%％ "))[0], lambda: "point") is not None
    )


def is_zero(cell: str) -> bool:
    return read_decimal(dissect(cell.rstrip("%％ "))[0], lambda: "point") == 0
