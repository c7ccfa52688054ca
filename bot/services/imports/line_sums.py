"""Rows of order lines or invoice lines, added up by the database to a row for each order or invoice."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import (
    Column,
    ColumnElement,
    Integer,
    String,
    Table,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
)

from bot.errors import N_, Phrase
from bot.services.imports.check.findings import FindingType, Level
from bot.services.imports.check.lines.doubtful_lines import DoubtfulLines
from bot.services.imports.conversion import Currencies
from bot.services.imports.customer_rows import RowCustomers
from bot.services.imports.job import Chunk, ImportJob
from bot.services.imports.kind import Counts, KindOption, UpsertKind
from bot.services.imports.publication import PAGE
from bot.services.imports.read.records import Broken, open_table
from bot.services.imports.read.refusal import clip
from db.book.imports import add_missing, affected, fill
from db.types import MONEY_UNITS, units

LINES = KindOption(
    name="lines",
    help="Orders and invoices: a row is a line; the amounts of an order are added up.",
    remembered=True,
)
ADDED_UP = FindingType(
    name="lines-added-up",
    level=Level.NOTE,
    sentence=N_("Rows that were added up: %(rows)s, to %(called)s: %(count)s."),
)
SEVERAL_DAYS = FindingType(
    name="lines-of-several-days",
    level=Level.QUESTION,
    sentence=N_("The lines of %(count)s %(called)s are of several days (%(key)s: %(first)s and %(last)s)."),
    answer=N_(
        "Use the day of the whole: --map date=COLUMN; --yes lines-of-several-days takes the first day of each."
    ),
    accept=True,
)
SAME_AMOUNT = FindingType(
    name="lines-of-one-amount",
    level=Level.QUESTION,
    sentence=N_(
        "In each of the %(count)s %(called)s with several lines, all lines have the same amount (%(key)s: %(amount)s),"
        " as if it were the amount of the whole."
    ),
    answer=N_(
        "Use the amount of the line: --map amount=COLUMN; --yes lines-of-one-amount adds up what is there."
    ),
    accept=True,
)
ORDER_AMONG_LINES = FindingType(
    name="order-among-lines",
    level=Level.QUESTION,
    sentence=N_(
        "In %(count)s of the %(all)s %(called)s with three lines or more, one line has the amount of all others together"
        " (%(key)s: %(amount)s), as if it were a row of the whole."
    ),
    answer=N_(
        "Leave these rows out by a column that tells them apart: --skip COLUMN=WORD; --yes order-among-lines adds them up."
    ),
    accept=True,
)
KNOWN_ORDER_LINES = FindingType(
    name="known-order-lines",
    level=Level.QUESTION,
    sentence=N_(
        "The lines of %(key)s (line %(line)d) add up to %(amount)s, but the book has it with %(known)s, and the file would"
        " replace that. So it is with %(called)s: %(count)s."
    ),
    answer=N_(
        "If the file has only some of their lines, import all lines in one file;"
        " --yes known-order-lines: the file has all of their lines."
    ),
    accept=True,
)
LINES_WITHOUT_COST = FindingType(
    name="lines-without-cost",
    level=Level.NOTE,
    sentence=N_(
        "Of %(count)s %(called)s, some lines have a cost and others none (the first is %(key)s, line %(line)d): their whole"
        " cost is unknown, and so is their margin."
    ),
)
_SUMMED = ("amount", "cost", "original_amount")
_ENOUGH = 3  # so many orders of several lines with one amount are no coincidence


class LineSums:
    """The staging tables for lines; they hold no state of an import but their rows."""

    def __init__(
        self, stage: Table, *, key_field: str, called: str, day: str, same: Mapping[str, str]
    ) -> None:
        """`day` is the column of which the first counts; `same` are columns equal in all lines, and what they are."""
        self._stage = stage
        self._key_field = key_field
        self._called = called
        self._day = day
        self._same = same
        columns = [Column(column.name, column.type) for column in stage.c if column.name != "line"]
        self.lines = _line_table(f"{stage.name}_line", stage, *columns)
        self._refused = _line_table(f"{stage.name}_refused", stage, Column("key", String, unique=True))
        self._reasons = _line_table(f"{stage.name}_reason", stage, Column("reason", String))

    def note_refused(self, job: ImportJob, rows: list[tuple[int, str]]) -> None:
        """Note the line and number of rejected rows: without them, a sum would be too small."""
        fill(job.connection, self._refused, ("line", "key"), rows)

    def add_up(self, job: ImportJob, filled: Sequence[str]) -> tuple[int, int]:
        """Fill the staging table with a row for each number; (lines rejected, lines less numbers)."""
        rejected = self._reject(job)
        lines = self.lines.c
        values: dict[str, Any] = {"line": func.min(lines.line), "key": lines.key}
        for name in filled:
            if name == "cost":
                # Known only when it is known of every line: else the margin would be too high.
                values[name] = case((func.count(lines.cost) == func.count(), func.sum(lines.cost)))
            elif name != "key":
                values[name] = (func.sum if name in _SUMMED else func.min)(lines[name])
        rows = select(*values.values()).group_by(lines.key).order_by(func.min(lines.line))
        count = affected(job.connection, self._stage.insert().from_select(list(values), rows))
        total = job.connection.execute(select(func.count()).select_from(self.lines)).scalar_one()
        job.findings.add(ADDED_UP, rows=f"{total:,}", count=f"{count:,}", called=Phrase(self._called))
        self._check_days(job)
        self._check_amounts(job)
        self._check_wholes(job)
        if "cost" in job.layout.places:
            self._note_costs(job)
        return rejected, total - count

    def _check_days(self, job: ImportJob) -> None:
        lines = self.lines.c
        first, last = func.min(lines[self._day]), func.max(lines[self._day])
        found = select(lines.key, first.label("first"), last.label("last")).group_by(lines.key)
        several = found.having(first != last).subquery()
        example = job.connection.execute(select(several).order_by(several.c.key).limit(1)).first()
        if example is not None:
            count = job.connection.execute(select(func.count()).select_from(several)).scalar_one()
            job.findings.add(
                SEVERAL_DAYS,
                count=f"{count:,}",
                called=Phrase(self._called),
                key=example.key,
                first=example.first,
                last=example.last,
            )

    def _check_amounts(self, job: ImportJob) -> None:
        """Ask when no number of several lines has two amounts."""
        lines = self.lines.c
        least, most = func.min(lines.amount), func.max(lines.amount)
        found = select(lines.key, least.label("least"), most.label("most")).group_by(lines.key)
        several = found.having(func.count() > 1).subquery()
        differs = select(several.c.key).where(several.c.least != several.c.most).limit(1)
        if job.connection.execute(differs).first() is not None:
            return
        count = job.connection.execute(select(func.count()).select_from(several)).scalar_one()
        if count >= _ENOUGH:
            one = job.connection.execute(select(several).order_by(several.c.key).limit(1)).one()
            amount = format(one.least.normalize(), "f")
            job.findings.add(
                SAME_AMOUNT, count=f"{count:,}", called=Phrase(self._called), key=one.key, amount=amount
            )

    def _check_wholes(self, job: ImportJob) -> None:
        """Ask when one line of most numbers with several lines has the sum of the others."""
        amount, key = units(self.lines.c.amount), self.lines.c.key
        total, most, least = func.sum(amount), func.max(amount), func.min(amount)
        whole = case((total == 2 * most, most), (total == 2 * least, least))
        found = select(key, whole.label("whole")).group_by(key).having(func.count() > 2, most != least)
        several = found.subquery()
        counted = select(func.count(), func.count(several.c.whole))
        orders, count = job.connection.execute(counted.select_from(several)).one()
        if not count or 2 * count < orders:
            return
        first = select(several).where(several.c.whole.is_not(None)).order_by(several.c.key).limit(1)
        one = job.connection.execute(first).one()
        job.findings.add(
            ORDER_AMONG_LINES,
            count=f"{count:,}",
            all=f"{orders:,}",
            called=Phrase(self._called),
            key=one.key,
            amount=f"{Decimal(one.whole) / MONEY_UNITS:,.2f}",
        )

    def _note_costs(self, job: ImportJob) -> None:
        """Say how many numbers have a cost on some of their lines only."""
        lines = self.lines.c
        first = func.min(case((lines.cost.is_(None), lines.line)))
        partly = select(lines.key, first.label("line")).group_by(lines.key)
        partly = partly.having(func.count(lines.cost) < func.count(), func.count(lines.cost) > 0)
        found = partly.subquery()
        row = job.connection.execute(
            select(found, func.count().over()).order_by(found.c.line).limit(1)
        ).first()
        if row is not None:
            key, line, count = row
            job.findings.add(
                LINES_WITHOUT_COST,
                count=f"{count:,}",
                called=Phrase(self._called),
                key=repr(clip(key)),
                line=line,
            )

    def check_known(self, job: ImportJob, known: Table) -> None:
        """Ask about numbers that the book has with another amount: the file may have only the rest of their lines."""
        stage = self._stage.c
        # As the files said it: rates that are new since then change no lines.
        here = func.coalesce(units(stage.original_amount), units(stage.amount))
        there = func.coalesce(units(known.c.original_amount), units(known.c.amount))
        matched = self._stage.join(
            known, and_(known.c.source == job.source, known.c.external_id == stage.key)
        )
        columns = stage.line, stage.key, here, there, func.count().over()
        differ = select(*columns).select_from(matched).where(here != there).order_by(stage.line).limit(1)
        row = job.connection.execute(differ).first()
        if row is not None:
            line, key, amount, in_book, count = row
            job.findings.add(
                KNOWN_ORDER_LINES,
                key=repr(clip(key)),
                line=line,
                amount=f"{Decimal(amount) / MONEY_UNITS:,.2f}",
                known=f"{Decimal(in_book) / MONEY_UNITS:,.2f}",
                count=f"{count:,}",
                called=Phrase(self._called),
            )

    def _reject(self, job: ImportJob) -> int:
        """Reject all lines of the numbers that do not come to one row; how many."""
        lines, refused = self.lines.c, self._refused.c
        different = {
            name: or_(
                func.min(lines[name]) != func.max(lines[name]),
                and_(func.count(lines[name]) > 0, func.count(lines[name]) < func.count()),
            )
            for name in self._same
        }
        said = case(*((test, literal(name)) for name, test in different.items()))
        mixed = select(lines.key, said.label("reason")).group_by(lines.key).having(or_(*different.values()))
        partly = select(
            refused.key,
            cast(refused.line, String).label("reason"),
        )
        for numbers in (partly.subquery(), mixed.subquery()):
            add_missing(
                job.connection,
                self._reasons,
                ["line", "reason"],
                select(lines.line, numbers.c.reason)
                .join_from(self.lines, numbers, numbers.c.key == lines.key)
                .where(lines.key.is_not(None)),
            )
        rejected = self._write_rejects(job)
        if rejected:
            there: ColumnElement[bool] = exists(select(1).where(self._reasons.c.line == lines.line))
            job.connection.execute(self.lines.delete().where(there))
        return rejected

    def _said(self, reason: str) -> Phrase:
        """A stored reason, which is the number of a rejected line or the name of a column, as a sentence."""
        if reason in self._same:
            return Phrase(N_("its lines have several %(what)s"), what=Phrase(self._same[reason]))
        return Phrase(N_("line %(line)s of it is rejected"), line=reason)

    def _write_rejects(self, job: ImportJob) -> int:
        """Read the file again for the cells of the lines that are rejected; how many."""
        reasons = self._reasons
        statement = select(reasons.c.line, reasons.c.reason).order_by(reasons.c.line).limit(PAGE)
        page = job.connection.execute(statement).all()
        rejected = 0
        with open_table(job.file, job.delimiter) as table:
            while page:
                waiting = dict(map(tuple, page))
                for record in table.records:
                    if isinstance(record, Broken) or record[0] not in waiting:
                        continue
                    reason = self._said(waiting.pop(record[0]))
                    job.refuse(line=record[0], name=self._key_field, reason=reason, cells=record[1])
                    if not waiting:
                        break
                rejected += len(page)
                page = job.connection.execute(statement.where(reasons.c.line > page[-1].line)).all()
        return rejected


class LinesKind(UpsertKind):
    """Orders or invoices: a row may be a line, which --lines adds up, and may name a customer to be created."""

    called: ClassVar[str]  # its rows in a sentence
    day: ClassVar[str]  # the staged column of which the first of all lines counts
    same: ClassVar[Mapping[str, str]]  # staged columns that are equal in all lines, and their word

    def __init__(self) -> None:
        super().__init__()
        self._sums = LineSums(
            self.stage, key_field=self.key_field, called=self.called, day=self.day, same=self.same
        )

    def prepare(self, job: ImportJob) -> None:
        if job.options.kind_options.get(LINES.name):
            self.intake = self._sums.lines
        self._lost: list[tuple[int, str]] = []  # line and number of rows without columns
        self.customers = RowCustomers(job, self.stage)
        self.currencies = Currencies(job)
        self._doubtful_lines = DoubtfulLines(job) if self.are_lines else None
        self.filled = self.customers.filled(self.currencies.filled(self.filled))

    @property
    def are_lines(self) -> bool:
        """Whether the rows of this file are lines."""
        return self.intake is not self.stage

    def after_reject(self, job: ImportJob, line: int, cells: Sequence[str]) -> None:
        cells = cells if len(cells) > 1 else cells[0].split(job.delimiter)
        place = job.layout.places[self.key_field]
        if self.are_lines and place < len(cells):
            self._lost.append((line, cells[place].strip()))

    def after_staging(self, job: ImportJob, chunk: Chunk, rows: list[int]) -> None:
        if self._doubtful_lines is not None:
            self._doubtful_lines.count(chunk)
            numbers = chunk.values[self.key_field]
            refused = [(chunk.lines[row], numbers[row]) for row in sorted(chunk.refused)]
            self._sums.note_refused(job, [pair for pair in refused if isinstance(pair[1], str)])
        else:
            self.customers.add(job, chunk, rows)

    def check(self, job: ImportJob) -> None:
        if self._doubtful_lines is not None:
            self._doubtful_lines.check(job)
            self._sums.check_known(job, self.writes[0].table)

    def add_up(self, job: ImportJob) -> tuple[int, int]:
        if not self.are_lines:
            return 0, 0
        self._sums.note_refused(job, self._lost)
        found = self._sums.add_up(job, self.filled)
        self.customers.add_staged(job)
        return found

    def count(self, job: ImportJob) -> Counts:
        return replace(super().count(job), customers_created=self.customers.count(job))

    def publish(self, job: ImportJob, batch_id: int) -> Counts:
        customers = self.customers.publish(job, batch_id)
        return replace(super().publish(job, batch_id), customers_created=customers)


def _line_table(name: str, stage: Table, *columns: Column[Any]) -> Table:
    line = Column("line", Integer, primary_key=True, autoincrement=False)
    return Table(name, stage.metadata, line, *columns, prefixes=["TEMPORARY"])
