"""Columns that say which rows count: cancelled, quote, credit note. They are asked about, never ignored in silence."""

from collections.abc import Iterator, Mapping, Sequence

from bot.errors import N_, Phrase
from bot.services.imports.check.findings import FileFindings, FindingType, Level
from bot.services.imports.check.meaning import vocabulary
from bot.services.imports.check.meaning.followed_column import FollowedColumn, is_number, is_zero
from bot.services.imports.read.amounts import dissect, read_decimal
from bot.services.imports.read.filters import (
    ANY,
    BELOW_ZERO,
    NEGATIVE,
    ONLY,
    SKIP,
    ColumnFilter,
    has_part,
    is_below_zero,
    spell,
    word,
)
from bot.services.imports.read.text import plain

STATUS_COLUMN = FindingType(
    name="status-column",
    level=Level.QUESTION,
    sentence=N_("The column %(column)s may say that not every row counts as it is: %(words)s."),
    answer=N_(
        "Say which rows count, such as %(options)s (--only, --skip and --negative take COLUMN=WORD,WORD);"
        " --yes status-column counts them all as they are."
    ),
    accept=True,
    once=True,  # the words are remembered instead: a new one is asked about
)
ENDED_COLUMN = FindingType(
    name="ended-column",
    level=Level.QUESTION,
    sentence=N_("The column %(column)s may say that customers have ended: %(words)s."),
    answer=N_("%(remedy)s; --yes ended-column: all of them go on."),
    accept=True,
    once=True,
)
_END_OR_LEAVE_OUT = N_("Give --map ended=%(map)s to end these customers, or %(options)s to leave them out")
_LEAVE_OUT = N_(
    "Give %(options)s to leave them out, or add a column ended with a day, or yes and no, to end these customers"
)
NOT_CUSTOMERS = FindingType(
    name="not-customers",
    level=Level.QUESTION,
    sentence=N_("The column %(column)s says that some rows are no customers: %(words)s."),
    answer=N_("Leave them out: %(options)s; --yes not-customers: all of them are customers."),
    accept=True,
    once=True,
)
WORD_NOT_FOUND = FindingType(
    name="word-not-found",
    level=Level.QUESTION,
    sentence=N_(
        "--%(option)s %(given)s: no row says %(word)s in the column %(column)s; its words are %(words)s."
    ),
    answer=N_("Correct the word, or give --yes word-not-found if it may come in later files."),
    accept=True,
    once=True,
)
PAID_WITHOUT_DAY = FindingType(
    name="paid-without-day",
    level=Level.QUESTION,
    sentence=N_("The column %(column)s says that invoices are paid which have no day of payment: %(words)s."),
    answer=N_(
        "Give the day of payment with --map paid=%(map)s, or %(options)s to import only the others;"
        " --yes paid-without-day counts them as open."
    ),
    accept=True,
)
REFUND_COLUMN = FindingType(
    name="refund-column",
    level=Level.QUESTION,
    sentence=N_(
        "The column %(column)s has amounts that may have to be subtracted, such as refunds or credits"
        " (line %(line)d: %(example)s)."
    ),
    answer=N_(
        "Give --map subtract=%(map)s to subtract them, or --yes refund-column if the amounts are without them already."
    ),
    accept=True,
)
_PLACEHOLDER = "WORD"
_NO = vocabulary.FALSE - {"", "-"}


class Survey:
    """Follows the columns that no field uses, or that an option names, while the file is read."""

    def __init__(
        self,
        *,
        kind: str,
        columns: Mapping[int, str],
        filters: Mapping[int, ColumnFilter],
        known: Mapping[str, Sequence[str]],
        refunds: bool,
        amounts: bool,
        today: str = "",
    ) -> None:
        """`columns` are followed, place -> header; `known` are the words of earlier files, by plain header."""
        self._of_customers = kind == "customers"
        self._filters = filters
        self._amounts = amounts
        self._of_activities = kind == "activities"
        self._known = {column: set(words) for column, words in known.items()}
        self._all = {place: FollowedColumn(header=one.column, folded=False) for place, one in filters.items()}
        self._columns = {
            # Quantities that an option names one by one are compared one by one.
            place: FollowedColumn(
                header=header,
                kind=kind,
                today=today,
                folded=place not in filters or BELOW_ZERO in filters[place].options,
                says_done=vocabulary.says_valid(header, kind)
                or (self._of_activities and plain(header) in vocabulary.DONE_HEADERS),
            )
            for place, header in columns.items()
        }
        if self._of_customers and any(plain(one) in vocabulary.CUSTOMER_FLAGS for one in columns.values()):
            # Whoever is a supplier, too, is a customer all the same.
            suppliers = [place for place, one in columns.items() if plain(one) in vocabulary.SUPPLIER_FLAGS]
            self._columns = {place: one for place, one in self._columns.items() if place not in suppliers}
        self._refunds = {
            place: header for place, header in columns.items() if refunds and vocabulary.is_refund(header)
        }
        self._balances = {
            place: FollowedColumn(header=header)
            for place, header in columns.items()
            if vocabulary.BALANCE.search(plain(header))
        }
        self._refunded: dict[int, tuple[int, str]] = {}  # place -> the first line and amount
        self._asked: list[tuple[FollowedColumn, list[str]]] = []
        self._skipped = vocabulary.SKIPPED | vocabulary.SKIPPED_IN.get(kind, frozenset())
        if self._of_customers:
            self._skipped |= vocabulary.NO_CUSTOMERS
        self._no_sales = vocabulary.NO_SALES if amounts else frozenset()
        self._counted = (vocabulary.COUNTED | vocabulary.COUNTED_IN.get(kind, frozenset())) - self._skipped

    def follow(self, place: int, header: str, *, says_paid: bool) -> None:
        """Follow one more column: it was read for a field, and its cells are no values of it."""
        self._columns[place] = FollowedColumn(header=header, says_paid=says_paid)
        if place in self._all:
            self._all[place].says_paid = says_paid

    @property
    def says_paid(self) -> bool:
        """Whether a column says by words which invoices are paid."""
        columns = (*self._columns.values(), *self._all.values())
        read = (found.means_paid(cell) for found in columns for cell in found.rows)
        of_words = (found for found in columns if found.says_paid and not found.has_amounts)
        is_no = (word(cell) in _NO for found in of_words for cell in found.rows)
        named = (vocabulary.PAID & one.options.keys() for one in self._filters.values())
        return any(read) or any(is_no) or any(named)

    def add_all(self, lines: Sequence[int], rows: Sequence[Sequence[str]]) -> None:
        """Count the words of the columns that an option names, in all rows."""
        for place, found in list(self._all.items()):
            if not found.add(lines, [cells[place] for cells in rows]):
                del self._all[place]

    def add(
        self,
        lines: Sequence[int],
        columns: Sequence[Sequence[str]],
        *,
        amounts: Sequence[object],
        paid: Sequence[object] | None,
    ) -> None:
        """Count the words of rows that are not left out; their amounts and days of payment, where the kind has any."""
        unpaid = None if paid is None else [day is None for day in paid]
        below = [type(amount) is int and amount < 0 for amount in amounts]
        some = below if any(below) else None
        for place, found in list(self._columns.items()):
            if not found.add(lines, columns[place], some, unpaid):
                del self._columns[place]
        for place, found in self._balances.items():
            if unpaid is None:
                break
            zeros = {cell for cell in set(columns[place]) if is_zero(cell)}
            rows = [row for row, cell in enumerate(columns[place]) if cell in zeros]
            of_zeros = [columns[place][row] for row in rows]
            found.add([lines[row] for row in rows], of_zeros, None, [unpaid[row] for row in rows])
        for place in self._refunds.keys() - self._refunded.keys():
            cells = columns[place]
            amount = next(filter(_is_amount, set(cells)), None)
            if amount is not None:
                self._refunded[place] = lines[cells.index(amount)], amount.strip()

    def check(self, findings: FileFindings, day_column: str | None = None) -> None:
        """Ask about words that neither an option nor an earlier file answers.

        `day_column` is the header of the column that seems to hold the day of payment.
        """
        for place, found in self._all.items():
            self._check_options(findings, place, found)
        self._asked = list(self._in_question())
        for found, cells in self._asked:
            for asked, about in self._by_question(found, cells).items():
                findings.add(
                    asked,
                    column=repr(found.header),
                    words=found.listed(about),
                    options=self._options(found, about),
                    known=any(self._option(found, cell) is not None for cell in about)
                    and not self._matches_all(found, about),
                    map=spell(found.header) if found.says_ends else "COLUMN",
                    remedy=Phrase(
                        _END_OR_LEAVE_OUT if found.says_ends else _LEAVE_OUT,
                        map=spell(found.header),
                        options=self._options(found, about),
                    ),
                )
        for found in {**self._columns, **self._balances}.values():
            paid = [cell for cell in found.rows if found.unpaid[cell] and found.means_paid(cell)]
            if paid:
                findings.add(
                    PAID_WITHOUT_DAY,
                    column=repr(found.header),
                    words=found.listed(paid),
                    options=f"--{SKIP} {spell(found.header, [cell.strip() for cell in paid])}",
                    map="COLUMN" if day_column is None else spell(day_column),
                )
        for place, (line, example) in self._refunded.items():
            header = self._refunds[place]
            findings.add(REFUND_COLUMN, column=repr(header), line=line, example=example, map=spell(header))

    def words(self) -> dict[str, list[str]]:
        """The words of columns that were asked about or that an option names, by plain header; to be remembered."""
        remembered = {column: set(words) for column, words in self._known.items()}
        for place, one in self._filters.items():
            remembered.setdefault(plain(one.column), set()).update(one.options)
            if place in self._all:
                remembered[plain(one.column)].update(map(word, self._all[place].rows))
        for found, _ in self._asked:
            remembered.setdefault(plain(found.header), set()).update(map(word, found.rows))
        return {column: sorted(words) for column, words in remembered.items()}

    def _check_options(self, findings: FileFindings, place: int, found: FollowedColumn) -> None:
        """Ask about a word of an option that no file of the source has had."""
        one = self._filters[place]
        there = (
            {word(cell) for cell in found.rows}
            | self._known.get(plain(one.column), set())
            | {ANY, BELOW_ZERO}
        )
        for said, option in one.options.items():
            if said not in there and not any(has_part(one_word, said) for one_word in there):
                findings.add(
                    WORD_NOT_FOUND,
                    option=option,
                    given=spell(one.column, [one.written[said]]),
                    column=repr(one.column),
                    word=repr(one.written[said]),
                    words=found.listed([]),
                )

    def _in_question(self) -> Iterator[tuple[FollowedColumn, list[str]]]:
        """The columns with words in question, and these as cells."""
        for place, found in self._all.items():
            known = self._known.get(plain(found.header))
            if known is not None and ONLY in self._filters[place].options.values():
                # A word that came after the answer would be left out in silence.
                answered = self._answered(place, found)
                new = [cell for cell in found.rows if word(cell) not in answered]
                if new:
                    yield found, new
        for place, found in self._columns.items():
            if place not in self._refunded:
                cells = [cell for cell in found.rows if self._is_open(place, found, cell)]
                if cells:
                    yield found, cells

    def _by_question(self, found: FollowedColumn, cells: Sequence[str]) -> dict[FindingType, list[str]]:
        """The question -> the cells that it is about."""
        if not self._of_customers:
            return {STATUS_COLUMN: list(cells)}
        header = plain(found.header)
        is_flag = header in vocabulary.CUSTOMER_FLAGS or header in vocabulary.SUPPLIER_FLAGS
        by_question: dict[FindingType, list[str]] = {}
        for cell in cells:
            is_other = is_flag or self._is_creditor(found, cell) or word(cell) in vocabulary.NO_CUSTOMERS
            by_question.setdefault(NOT_CUSTOMERS if is_other else ENDED_COLUMN, []).append(cell)
        return by_question

    def _is_creditor(self, found: FollowedColumn, cell: str) -> bool:
        is_type = self._of_customers and plain(found.header) in vocabulary.ACCOUNT_TYPES
        return is_type and word(cell) in vocabulary.CREDITORS

    def _answered(self, place: int, found: FollowedColumn) -> set[str]:
        """The words that an option names or that an earlier file had."""
        one = self._filters.get(place)
        return self._known.get(plain(found.header), set()) | (set(one.options) if one else set())

    def _is_open(self, place: int, found: FollowedColumn, cell: str) -> bool:
        """Whether rows of a word may not count as they are, and nothing has answered it."""
        said, answered = word(cell), self._answered(place, found)
        if said in answered or ANY in answered:
            return False
        if place in self._filters and self._filters[place].names(said):
            return False
        if not said:
            return found.says_done and any(word(other) not in vocabulary.FALSE for other in found.rows)
        if self._option(found, cell) is not None:
            return found.below_zero[cell] < found.rows[cell]
        if said in self._counted or found.is_flag or (found.says_done and said == ANY):
            return False
        if found.has_signs and is_number(cell):
            return False
        is_type = found.is_status or (self._amounts and found.is_type)
        if self._of_activities and vocabulary.is_outcome(found.header, found.rows):
            is_type = True
        if said in vocabulary.COUNTED_HERE and (is_type or found.is_scenario):
            return False
        if place in self._filters and self._filters[place].has_parts:
            return False  # a column of texts, most of which say nothing of whether a row counts
        return plain(found.header) in self._known or (is_type and place not in self._filters)

    def _option(self, found: FollowedColumn, cell: str) -> str | None:
        """The option for rows of a word, if it means what it usually does; None when it says nothing."""
        said = word(cell)
        if said in vocabulary.NEGATED or said in found.second_sides():
            return NEGATIVE
        if said in self._skipped or (
            said in self._no_sales and vocabulary.is_of_documents(found.header) and not found.is_payment
        ):
            return SKIP
        if (found.is_duration and said and said != ANY) or self._is_creditor(found, cell):
            return SKIP
        if found.is_flag and (said == ANY or said in vocabulary.TRUE):
            return NEGATIVE if vocabulary.takes_back(found.header) else SKIP
        if found.says_done and (said in vocabulary.FALSE or is_zero(cell)):
            return SKIP
        if self._amounts and found.has_signs and (cell == BELOW_ZERO or is_below_zero(cell)):
            return NEGATIVE
        if found.is_status or found.is_scenario or (self._amounts and found.is_type):
            if said in vocabulary.NEGATED_HERE:
                return NEGATIVE
            if said in vocabulary.SKIPPED_HERE:
                return SKIP
        return None

    def _options(self, found: FollowedColumn, cells: Sequence[str]) -> str:
        """The options that would answer a column, as they are typed."""
        named: dict[str, list[str]] = {}
        for cell in cells:
            named.setdefault(self._option(found, cell) or "", []).append(cell.strip())
        if named.keys() == {""} or self._matches_all(found, cells):
            # Which word it is, only its owner knows; and options that match every row say nothing.
            option = NEGATIVE if named.keys() == {NEGATIVE} else SKIP
            return f"--{option} {spell(found.header, [_PLACEHOLDER])}"
        return " ".join(
            f"--{option} {spell(found.header, named[option])}"
            for option in (SKIP, NEGATIVE)
            if option in named
        )

    def _matches_all(self, found: FollowedColumn, cells: Sequence[str]) -> bool:
        """Whether the usual options for some cells match every row."""
        named = (cell for cell in cells if self._option(found, cell) is not None)
        return sum(found.rows[cell] for cell in named) == found.rows.total()


def _is_amount(cell: str) -> bool:
    """Whether a cell has an amount, and not zero, nor 1 as a yes."""
    body = dissect(cell)[0]
    return body not in ("", "0", "1") and bool(read_decimal(body, lambda: "point"))
