"""Which rows of a file count: leaves out what --only and --skip say, and turns amounts by --negative."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from bot.errors import N_, BadInput, Phrase
from bot.services.imports.check.findings import FindingType, Level
from bot.services.imports.check.left_out import LeftOut
from bot.services.imports.check.meaning.absent import day_of_payment, is_of_prospects
from bot.services.imports.check.meaning.statuses import Survey
from bot.services.imports.conversion import SUBTRACT
from bot.services.imports.job import Chunk, ImportJob
from bot.services.imports.kind import FileKind
from bot.services.imports.layout.columns import find_column
from bot.services.imports.read import filters
from bot.services.imports.read.amounts import Amounts
from bot.services.imports.read.text import plain

LEFT_OUT = FindingType(
    name="rows-left-out",
    level=Level.NOTE,
    sentence=N_("Rows left out by --only or --skip: %(count)s (the first is line %(line)d)."),
)
COLUMN_GONE = FindingType(
    name="filter-column-gone",
    level=Level.QUESTION,
    sentence=N_(
        "An earlier file of this source had a column %(column)s, by which rows were chosen: %(option)s."
    ),
    answer=N_(
        "Give --forget and say how this file is to be read, or --yes filter-column-gone: all its rows count."
    ),
    accept=True,
    once=True,
)
ALREADY_NEGATIVE = FindingType(
    name="already-negative",
    level=Level.QUESTION,
    sentence=N_(
        "Of the %(count)s rows that --negative makes negative, %(below)s are negative already (line %(line)d)."
    ),
    answer=N_("Check what their sign means; --yes already-negative makes all of them negative."),
    accept=True,
)
# Fields that are no text of the customer's but might hold a type of document.
_SURVEYED = ("product_type", "customer_type")


class Selection:
    """The filters of one import, and what they did."""

    def __init__(self, job: ImportJob, kind: FileKind, known: Mapping[str, Sequence[str]]) -> None:
        """`known` are the words that earlier files of the source had, by plain header."""
        self.skipped = 0
        self._first_skipped = 0
        self._turned = 0
        self._below = 0
        self._first_below = 0
        self._negative: Collection[int] = ()  # lines of the current chunk
        placed = _place(job, kind, known)
        self._rows = filters.RowFilters(placed)
        self._header = job.layout.header
        self._amounts = [
            name
            for name, parser in job.parsers.items()
            if isinstance(parser, Amounts) and name != SUBTRACT.name
        ]
        self._job = job
        self._findings = job.findings
        self._left_out = LeftOut(job, kind.key_field, kind.known_keys, kind.stage)
        followed = dict.fromkeys((*_unanswered(job), *placed))
        self.survey = Survey(
            kind=kind.name,
            columns={place: job.layout.header[place] for place in followed},
            filters=placed,
            known=known,
            refunds=SUBTRACT.name in job.parsers,
            amounts="amount" in self._amounts,
            today=job.today.isoformat(),
        )

    @property
    def columns(self) -> set[str]:
        """The headers of the columns by which rows are chosen."""
        return {self._header[place] for place in self._rows.placed}

    def choose(self, lines: list[int], rows: list[list[str]]) -> tuple[list[int], list[list[str]]]:
        """The lines and rows that are not left out."""
        if not self._rows.placed:
            return lines, rows
        self.survey.add_all(lines, rows)
        skipped, negative = self._rows.apply(rows)
        # Rows of nothing but separators are blank, whatever their words.
        skipped = {row for row in skipped if any(map(str.strip, rows[row]))}
        self._negative = {lines[row] for row in negative}
        if skipped:
            self.skipped += len(skipped)
            self._first_skipped = self._first_skipped or lines[min(skipped)]
            order = sorted(skipped)
            self._left_out.note([lines[row] for row in order], [rows[row] for row in order])
            keep = [row for row in range(len(rows)) if row not in skipped]
            return [lines[row] for row in keep], [rows[row] for row in keep]
        return lines, rows

    def take(self, chunk: Chunk) -> None:
        """Note the words of a chunk, and make the amounts negative that the filters say."""
        amounts = chunk.values["amount"] if "amount" in self._amounts else []
        self.survey.add(chunk.lines, chunk.columns, amounts=amounts, paid=chunk.values.get("paid"))
        if not self._negative:
            return
        for row, line in enumerate(chunk.lines):
            if line not in self._negative:
                continue
            self._turned += 1
            if isinstance(amounts[row], int) and amounts[row] < 0:
                self._below += 1
                self._first_below = self._first_below or line
            for name in self._amounts:
                value = chunk.values[name][row]
                if isinstance(value, int):
                    chunk.values[name][row] = -abs(value)

    def check(self) -> None:
        """Add to the findings what was left out and what the file's words leave open."""
        if self.skipped:
            self._findings.add(LEFT_OUT, count=f"{self.skipped:,}", line=self._first_skipped)
            self._left_out.check()
        if 0 < self._below < self._turned:
            self._findings.add(
                ALREADY_NEGATIVE,
                count=f"{self._turned:,}",
                below=f"{self._below:,}",
                line=self._first_below,
            )
        self._job.says_paid = self.survey.says_paid
        self.survey.check(self._findings, day_of_payment(self._job))


def _unanswered(job: ImportJob) -> Iterator[int]:
    """The places of columns whose words nothing else asks about."""
    layout = job.layout
    stage = plain(layout.shape.stage) if layout.shape is not None else ""
    for place, name in layout.unused.items():
        of_deals = bool(stage) and plain(name) == stage
        if not of_deals and not ("record_type" in job.parsers and is_of_prospects(name)):
            yield place
    yield from (layout.places[name] for name in _SURVEYED if name in layout.places)


def _place(
    job: ImportJob, kind: FileKind, known: Mapping[str, Sequence[str]]
) -> dict[int, filters.ColumnFilter]:
    """The filters by the place of their column."""
    given = {name: getattr(job.options, name) for name in filters.OPTIONS}
    header = job.layout.header
    if given[filters.NEGATIVE] and "amount" not in (field.name for field in kind.fields):
        raise BadInput(N_("--negative makes amounts negative, and %(kind)s have none."), kind=kind.name)
    columns = job.layout.columns
    amounts = {columns.get(name) for name, parser in job.parsers.items() if isinstance(parser, Amounts)}
    placed = {}
    for one in filters.read_filters(given).values():
        if plain(one.column) in known and plain(one.column) not in map(plain, header):
            said = " ".join(f"--{option} {words}" for option, words in one.given())
            job.findings.add(COLUMN_GONE, column=repr(one.column), option=said)
            continue
        place = find_column(one.column, header, Phrase(N_("The file")))
        if header[place] not in amounts:  # the sides of an amount are read with it
            placed[place] = one
    return placed
