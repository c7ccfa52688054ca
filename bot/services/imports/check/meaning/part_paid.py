"""Invoices that are paid in part: a day of payment is the day on which nothing is open any more."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Table, and_, func, select

from bot.errors import N_
from bot.services.imports.check.findings import FindingType, Level
from bot.services.imports.check.meaning import vocabulary
from bot.services.imports.job import Chunk, ImportJob
from bot.services.imports.layout.columns import FileField
from bot.services.imports.read.amounts import dissect, number_in, read_decimal
from bot.services.imports.read.filters import spell, word
from bot.services.imports.read.headers import names
from bot.services.imports.read.refusal import Parser, clip
from bot.services.imports.read.text import plain

PARTLY_PAID = FindingType(
    name="partly-paid",
    level=Level.QUESTION,
    sentence=N_(
        "By the column %(column)s, invoices with a day of payment are not paid in full: %(count)s (line %(line)d:"
        " %(cell)s, and the amount is %(amount)s)."
    ),
    answer=N_(
        "Give --map %(field)s=%(map)s, so that they count as open; --yes partly-paid counts them as paid on their day,"
        " such as where the rest is a discount."
    ),
    accept=True,
)
STILL_OPEN = FindingType(
    name="still-open",
    level=Level.NOTE,
    sentence=N_(
        "Invoices that have a day of payment and are not paid in full count as open: %(count)s (the first is line"
        " %(line)d)."
    ),
)
PAID_BEFORE = FindingType(
    name="paid-before",
    level=Level.NOTE,
    sentence=N_(
        "Invoices without a day of payment in the file are paid in the book, and stay paid there: %(count)s (the first"
        " is %(key)s, line %(line)d, paid on %(day)s). If a payment was taken back, a column with what is still open"
        " opens them again: --map still_open=COLUMN."
    ),
)
PAID_AMOUNT_ZERO = FindingType(
    name="paid-amount-zero",
    level=Level.QUESTION,
    sentence=N_(
        "The amount of %(count)s of the %(paid)s paid invoices is 0 (line %(line)d): the column %(column)s seems to hold"
        " what is still open."
    ),
    answer=N_(
        "Give --map amount=COLUMN with the amount of the whole invoice; --yes paid-amount-zero takes them as they are."
    ),
    accept=True,
)
_FULLY_HEADERS = names(
    "fully paid, paid in full, is fully paid, full payment, fully settled, paid completely, is paid, settled, is settled",
    "是否结清, 结清, 已结清, 是否付清, 付清, 是否全额付款, 全额付款, 是否已付清, 是否核销完毕, 是否全部核销",
    "vollständig bezahlt, komplett bezahlt, voll bezahlt, ausgeglichen, vollständig ausgeglichen, entièrement payé, soldé",
)
_SHARE_HEADERS = names(
    "paid %, % paid, percent paid, paid percent, paid percentage, payment %, paid ratio, payment progress, paid share",
    "付款比例, 已付比例, 回款比例, 收款比例, 已收比例, 付款进度, 回款率, 回款进度, 核销比例",
    "bezahlt %, % bezahlt, Zahlungsquote, Zahlungsfortschritt, Anteil bezahlt, % payé, % pagado",
)
_PART_HEADERS = names(
    "partial, partial payment, partially paid, is partial, part payment, part paid, is partially paid",
    "部分付款, 是否部分付款, 部分结清, 部分核销, teilbezahlt, Teilzahlung, teilweise bezahlt, paiement partiel",
)
_ALL = Decimal(1)
_NOT_OPEN = re.compile(
    "day|tage|天|date|日期|datum|limit|额度|account|customer|客户|kunde|percent|%|rate|since|seit|posten|status|状态"
)
_PAID = re.compile(
    "amountpaid|paidamount|paidtotal|totalpaid|paidtodate|amountreceived|receivedamount|paymentamount|amountsettled"
    "|settledamount|appliedamount|amountapplied|已付金额|已付款金额|已支付金额|实付金额|已收金额|已收款金额|实收金额|收款金额|回款金额"
    "|已回款|到账金额|核销金额|付款金额|gezahlt|zahlbetrag|zahlungsbetrag|bezahlterbetrag|montantpayé|montantréglé|importepagado|importopagato"
)
_PAID_WORDS = frozenset(
    map(plain, ["paid", "payments", "payment", "received", "已付", "已收", "实收", "bezahlt"])
)
_NOT_PAID = re.compile("未|not|un(paid|settled)|offen|currency|币种|rate|date|日期")


def _read_rest(job: ImportJob, name: str) -> Parser:
    """A parser of what is still open; under a header such as "partial", of yes and no."""
    amounts = job.amounts(name)
    if plain(job.layout.columns.get(name, "")) not in _PART_HEADERS:
        return amounts
    return lambda cell: 1 if word(cell) in vocabulary.TRUE else _nothing(cell, amounts)


def _nothing(cell: str, amounts: Parser) -> Any:
    """Zero for a no, else the amount."""
    return 0 if word(cell) in vocabulary.FALSE else amounts(cell)


def _read_paid(job: ImportJob, name: str) -> Parser:
    """A parser of what has been paid; under a header of that, of the share of it: 50%, yes, no."""
    amounts = job.amounts(name)
    if plain(job.layout.columns.get(name, "")) not in _FULLY_HEADERS | _SHARE_HEADERS:
        return amounts

    def parse(cell: str) -> Any:
        share = share_of(cell)
        return amounts(cell) if share is None else share

    return parse


def share_of(cell: str) -> Decimal | None:
    """The share that was paid, by yes, no, 50% or 0.5; None where a cell has none."""
    said = word(cell)
    if not said or said == "-":
        return None
    if said in vocabulary.TRUE or said in vocabulary.FALSE:
        return _ALL if said in vocabulary.TRUE else Decimal(0)
    number = number_in(cell.strip().rstrip("%％ "), "point")
    if number is None:
        return None
    return number / 100 if cell.strip()[-1:] in "%％" or number > _ALL else number


# Read only where a person maps them: whether a rest is open or a discount, no header says.
OPEN_FIELD = FileField(name="still_open", read=_read_rest)
PAID_FIELD = FileField(name="paid_so_far", read=_read_paid)


@dataclass(kw_only=True)
class _Found:
    count: int
    line: int
    cell: str
    amount: Any


class PartPayments:
    """Compares what the other columns say about payments with the days of payment of one file."""

    def __init__(self, job: ImportJob) -> None:
        self._job = job
        watched = job.layout.unused if "paid" in job.layout.places else {}
        self._partly = {place for place, name in watched.items() if plain(name) in _PART_HEADERS}
        self._open = [
            place for place, name in watched.items() if is_open_amount(name) or place in self._partly
        ]
        shares = _FULLY_HEADERS | _SHARE_HEADERS
        self._shares = [place for place, name in watched.items() if plain(name) in shares]
        self._paid = [
            place for place, name in watched.items() if is_paid_amount(name) and place not in self._shares
        ]
        self._found: dict[int, _Found] = {}
        self.says_open = not {OPEN_FIELD.name, PAID_FIELD.name}.isdisjoint(job.layout.places)
        self._still_open = 0
        self._first_open = 0

    def take(self, chunk: Chunk) -> None:
        """Note the rows with a day of payment that are not paid in full; by a mapped column they count as open."""
        values = chunk.values
        amounts, days = values["amount"], values["paid"]
        if self.says_open:
            values["is_open"] = [
                1
                if type(amount) is int and ((type(rest) is int and rest != 0) or _is_less(so_far, amount))
                else None
                for amount, rest, so_far in zip(
                    amounts, values[OPEN_FIELD.name], values[PAID_FIELD.name], strict=True
                )
            ]
        if not any(days):
            return
        rows = [row for row, day in enumerate(days) if isinstance(day, str) and type(amounts[row]) is int]
        for row in rows if self.says_open else ():
            if values["is_open"][row]:
                self._still_open += 1
                self._first_open = self._first_open or chunk.lines[row]
                days[row] = None
        read = self._job.parsers["amount"]
        for place in self._open:
            cells = chunk.columns[place]
            yes = vocabulary.TRUE if place in self._partly else frozenset()
            open_cells = {cell for cell in set(cells) if _is_amount(cell) or word(cell) in yes}
            self._note(chunk, place, [row for row in rows if cells[row] in open_cells and amounts[row]])
        for place in self._paid:
            cells = chunk.columns[place]
            parsed = {cell: read(cell.strip()) if cell.strip() else None for cell in set(cells)}
            self._note(chunk, place, [row for row in rows if _is_less(parsed[cells[row]], amounts[row])])

        for place in self._shares:
            cells = chunk.columns[place]
            less = {cell for cell in set(cells) if (share := share_of(cell)) is not None and share < _ALL}
            self._note(chunk, place, [row for row in rows if cells[row] in less])

    def check(self) -> None:
        """Add what was noted to the findings."""
        header = self._job.layout.header
        for place, found in self._found.items():
            is_open = place in self._open
            self._job.findings.add(
                PARTLY_PAID,
                column=repr(header[place]),
                count=f"{found.count:,}",
                line=found.line,
                cell=found.cell,
                amount=found.amount,
                field=OPEN_FIELD.name if is_open else PAID_FIELD.name,
                map=spell(header[place]),
            )
        if self._still_open:
            self._job.findings.add(STILL_OPEN, count=f"{self._still_open:,}", line=self._first_open)

    def _note(self, chunk: Chunk, place: int, rows: Sequence[int]) -> None:
        if not rows:
            return
        if place not in self._found:
            row, amount = rows[0], self._job.layout.places["amount"]
            self._found[place] = _Found(
                count=0,
                line=chunk.lines[row],
                cell=chunk.cells[row][place].strip(),
                amount=chunk.cells[row][amount].strip(),
            )
        self._found[place].count += len(rows)


def check_paid_zeros(job: ImportJob, stage: Table) -> None:
    """Ask when most paid invoices have an amount of zero: what is owed was taken for the amount."""
    rows = stage.c
    is_zero = rows.amount == Decimal(0)
    counted = select(
        func.count(),
        func.count().filter(is_zero),
        func.min(rows.line).filter(is_zero),
    ).where(rows.paid_on.is_not(None))
    paid, zeros, line = job.connection.execute(counted).one()
    if 2 * zeros > paid:
        job.findings.add(
            PAID_AMOUNT_ZERO,
            count=f"{zeros:,}",
            paid=f"{paid:,}",
            line=line,
            column=repr(job.layout.columns["amount"]),
        )


def note_paid_before(job: ImportJob, stage: Table, known: Table) -> None:
    """Note the invoices that the book has as paid and the file does not: an empty cell leaves them so."""
    rows = stage.c
    columns = rows.line, rows.key, known.c.paid_on, func.count().over()
    matched = stage.join(known, and_(known.c.source == job.source, known.c.external_id == rows.key))
    stays = and_(rows.paid_on.is_(None), known.c.paid_on.is_not(None), rows.is_open.is_(None))
    found = select(*columns).select_from(matched).where(stays).order_by(rows.line).limit(1)
    row = job.connection.execute(found).first()
    if row is not None:
        line, key, day, count = row
        job.findings.add(PAID_BEFORE, count=f"{count:,}", key=repr(clip(key)), line=line, day=day)


def is_open_amount(header: str) -> bool:
    """Whether a column of this header may have what is still to be paid of an invoice."""
    said = plain(header)
    return vocabulary.BALANCE.search(said) is not None and not _NOT_OPEN.search(said)


def is_paid_amount(header: str) -> bool:
    """Whether a column of this header may have what was paid of an invoice so far."""
    said = plain(header)
    return (said in _PAID_WORDS or _PAID.search(said) is not None) and not _NOT_PAID.search(said)


def _is_less(so_far: Any, amount: int) -> bool:
    """Whether an amount, or a share of it, was paid, and less than what was to be paid."""
    if isinstance(so_far, Decimal):
        return so_far < _ALL
    return type(so_far) is int and abs(so_far) < abs(amount)


def _is_amount(cell: str) -> bool:
    """Whether a cell has an amount other than zero."""
    return bool(read_decimal(dissect(cell)[0], lambda: "point"))
