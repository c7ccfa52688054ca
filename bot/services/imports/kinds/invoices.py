"""Invoices: the amount owed, its due day, and the day it was paid. Credit notes are negative."""

from calendar import monthrange
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Date, Integer, String, func, select

from bot.errors import N_, Phrase
from bot.services.imports.check.findings import FindingType, Level
from bot.services.imports.check.known.open_list import ask_about_open_not_listed
from bot.services.imports.check.known.reused_numbers import find_reused, reused_number
from bot.services.imports.check.meaning.absent import check_paid
from bot.services.imports.check.meaning.grain import (
    INVOICE_LINES,
    check_documents,
    check_lines,
    check_payments,
)
from bot.services.imports.check.meaning.numbers import NumberPrefixes
from bot.services.imports.check.meaning.part_paid import (
    OPEN_FIELD,
    PAID_FIELD,
    PartPayments,
    check_paid_zeros,
    note_paid_before,
)
from bot.services.imports.check.meaning.row_columns import RowColumns
from bot.services.imports.check.meaning.unit_price import check_unit_price
from bot.services.imports.check.split_amounts import SplitAmounts
from bot.services.imports.conversion import CURRENCY, SUBTRACT
from bot.services.imports.customer_rows import CREATE_CUSTOMERS, CUSTOMER_TABLES
from bot.services.imports.job import Chunk, ImportJob
from bot.services.imports.kind import WrittenTable
from bot.services.imports.layout.columns import FileField
from bot.services.imports.line_sums import LINES, LinesKind
from bot.services.imports.read.cells.word_lists import NOTHING_BUT_NA
from bot.services.imports.read.terms import DueDays, MonthEnd, PaidDays
from bot.services.imports.references import CUSTOMER
from db.book.imports import table
from db.book.trade.invoices import Invoice
from db.types import Money

_invoice = table(Invoice)

REUSED = reused_number("invoice-number-reused")
LONGEST_TERM = 10  # years from an invoice to its due day
PAID_BEFORE_INVOICE = FindingType(
    name="paid-before-invoice",
    level=Level.NOTE,
    sentence=N_(
        "%(early)d of %(paid)d payments were made before the day of their invoice (line %(line)d: paid %(day)s, invoice"
        " of %(invoiced)s); they count as prepaid."
    ),
)
MOSTLY_PAID_BEFORE_INVOICE = FindingType(
    name="mostly-paid-before-invoice",
    level=Level.QUESTION,
    sentence=N_(
        "%(early)d of %(paid)d payments were made before the day of their invoice (line %(line)d: paid %(day)s, invoice"
        " of %(invoiced)s), so the columns may not be what they seem."
    ),
    answer=N_(
        "Say which columns they are (--map date=COLUMN, --map paid=COLUMN), or accept prepayments with"
        " --yes mostly-paid-before-invoice."
    ),
    accept=True,
)


class InvoiceKind(LinesKind):
    """Upserts on (source, invoice_no); a payment is the same invoice again, with its day."""

    name = "invoices"
    key_field = "invoice_no"
    fields = (
        FileField(
            name="invoice_no",
            synonyms="invoice number, invoice id, invoice, document no, 发票号, 发票号码, 账单号, 单据号, "
            "Rechnungsnummer, Rechnungs-Nr, Rechnungsnr, RgNr, Rg-Nr, Belegnummer, Beleg-Nr, Belegnr",
            read=ImportJob.codes,
            nothing=NOTHING_BUT_NA,
            required=True,
            unique=True,
            column="key",
        ),
        CUSTOMER,
        FileField(
            name="date",
            synonyms="invoice date, invoiced on, posting date, 开票日期, 发票日期, 日期, "
            "Rechnungsdatum, Belegdatum, Datum",
            required=True,
            read=ImportJob.past_days,
            column="invoiced_on",
        ),
        FileField(
            name="due",
            synonyms="due date, due on, payable by, 到期日, 应付日期, 到期日期, 付款期限, "
            "Fälligkeit, Fälligkeitsdatum, Fällig am, Fällig, Zahlbar bis",
            required=True,
            read=lambda job, name: DueDays(days=job.days(name)),
            column="due_on",
        ),
        FileField(
            name="paid",
            # Not "Bezahlt": in German exports that is an amount.
            synonyms="paid on, paid date, date paid, payment date, settled date, settled on, settlement date, date settled, "
            "cleared on, cleared date, clearing date, 付款日期, 回款日期, 收款日期, 到账日期, 付清日期, 结清日期, 核销日期, "
            "Bezahlt am, Zahlungsdatum, Zahldatum, Zahlungseingang, Zahlungseingangsdatum, Ausgleichsdatum",
            read=lambda job, name: PaidDays(days=job.past_days(name)),
            column="paid_on",
        ),
        FileField(
            name="amount",
            # Not "amount due": that may be what is still open, 0 for a paid invoice.
            synonyms="total, invoice amount, 金额, 发票金额, 应收金额, 合计, "
            "Betrag netto, Nettobetrag, Netto, Nettosumme, Rechnungsbetrag netto, Betrag, Rechnungsbetrag",
            required=True,
            unique=True,
            read=ImportJob.amounts,
        ),
        SUBTRACT,
        OPEN_FIELD,
        PAID_FIELD,
        CURRENCY,
    )
    staged: ClassVar = {
        "customer_id": Integer,
        "customer_ref": String,
        "invoiced_on": Date,
        "due_on": Date,
        "paid_on": Date,
        "amount": Money,
        "currency": String,
        "original_amount": Money,
        "original_currency": String,
        "is_open": Integer,  # 1 where the file says that something is still to be paid
    }
    writes = (WrittenTable(table=_invoice), *CUSTOMER_TABLES)
    called = N_("invoices")
    day = "invoiced_on"
    same: ClassVar = {
        "customer_id": N_("customers"),
        "customer_ref": N_("customers"),
        "due_on": N_("due days"),
        "paid_on": N_("days of payment"),
        "currency": N_("currencies"),
        "original_currency": N_("currencies"),
    }
    options = (CREATE_CUSTOMERS, LINES)

    def prepare(self, job: ImportJob) -> None:
        super().prepare(job)
        self._part_payments = PartPayments(job)
        if not self._part_payments.says_open:
            self.filled = tuple(name for name in self.filled if name != "is_open")
        self._row_columns = RowColumns(job, self.name)
        self._prefixes = NumberPrefixes(self.key_field)
        self._split = SplitAmounts(job)

    def resolve(self, job: ImportJob, chunk: Chunk) -> None:
        values = chunk.values
        values["due"] = [
            _after(day, due) if isinstance(due, int) else due
            for day, due in zip(values["date"], values["due"], strict=True)
        ]
        for row, (day, due) in enumerate(zip(values["date"], values["due"], strict=True)):
            if not isinstance(day, str) or not isinstance(due, str):
                continue
            if due < day:
                chunk.refuse(
                    row, "due", Phrase(N_("%(due)s is before the invoice's date, %(day)s"), due=due, day=day)
                )
            elif int(due[:4]) > int(day[:4]) + LONGEST_TERM:
                chunk.refuse(
                    row,
                    "due",
                    Phrase(
                        N_("%(due)s is over %(years)s years after the invoice's date, %(day)s"),
                        due=due,
                        years=LONGEST_TERM,
                        day=day,
                    ),
                )
        self._part_payments.take(chunk)
        self.currencies.apply(job, chunk, ("amount",), values["date"])
        self.customers.resolve(chunk)
        self._row_columns.count(chunk)
        self._prefixes.count(chunk)
        self._split.take(chunk)

    def clears(self, job: ImportJob) -> Mapping[str, ColumnElement[bool]]:
        return {"paid_on": self.stage.c.is_open == 1} if self._part_payments.says_open else {}

    def check(self, job: ImportJob) -> None:
        """Ask about what a row is and about numbers that are used again; count payments before their invoices."""
        super().check(job)
        check_paid(job)
        self._row_columns.check(job)
        self._prefixes.check(job)
        self._split.check()
        check_documents(job.layout, job.findings, self.key_field)
        self._part_payments.check()
        check_paid_zeros(job, self.stage)
        note_paid_before(job, self.stage, _invoice)
        ask_about_open_not_listed(job, self.stage, _invoice)
        check_unit_price(job)
        check_payments(job.repeats, job.findings)
        check_lines(job.repeats, job.findings, INVOICE_LINES, job.layout.of_lines)
        find_reused(job, REUSED, self.stage, _invoice, "invoiced_on")
        stage = self.stage.c
        early = stage.paid_on < stage.invoiced_on
        counted = select(
            func.count(stage.paid_on), func.count().filter(early), func.min(stage.line).filter(early)
        )
        paid, many, line = job.connection.execute(counted).one()
        if not many:
            return
        first = select(stage.paid_on, stage.invoiced_on).where(stage.line == line)
        day, invoiced = job.connection.execute(first).one()
        mostly = many > 1 and many * 2 > paid
        job.findings.add(
            MOSTLY_PAID_BEFORE_INVOICE if mostly else PAID_BEFORE_INVOICE,
            early=many,
            paid=paid,
            line=line,
            day=day,
            invoiced=invoiced,
        )


def _after(day: Any, days: int) -> str | None:
    """The day so many days after another one, or after the end of its month; None where that one is not known."""
    if not isinstance(day, str):
        return None
    first = date.fromisoformat(day)
    if isinstance(days, MonthEnd):
        first = first.replace(day=monthrange(first.year, first.month)[1])
    return (first + timedelta(days=days)).isoformat()
