"""Invoices: the amount owed, its due day, and the day it was paid. Credit notes are negative."""

from typing import ClassVar

from sqlalchemy import Date, Integer, String

from bot.services.imports.check.absent import check_paid
from bot.services.imports.check.grain import INVOICE_LINES, check_lines, check_payments
from bot.services.imports.conversion import CURRENCY, SUBTRACT, Currencies
from bot.services.imports.job import Chunk, ImportJob
from bot.services.imports.kind import WrittenTable
from bot.services.imports.line_sums import LINES, LinesKind
from bot.services.imports.read.columns import FileField
from bot.services.imports.references import CUSTOMER, CustomerReferences
from db.book.imports import table
from db.book.invoices import Invoice
from db.types import Money


class InvoiceKind(LinesKind):
    """Upserts on (source, invoice_no); a payment is the same invoice again, with its day."""

    name = "invoices"
    key_field = "invoice_no"
    fields = (
        FileField(
            name="invoice_no",
            synonyms="invoice number, invoice id, invoice, document no, 发票号, 发票号码, 账单号, 单据号",
            required=True,
            unique=True,
            column="key",
        ),
        CUSTOMER,
        FileField(
            name="date",
            synonyms="invoice date, invoiced on, posting date, 开票日期, 发票日期, 日期",
            required=True,
            read=ImportJob.past_days,
            column="invoiced_on",
        ),
        FileField(
            name="due",
            synonyms="due date, due on, payable by, 到期日, 应付日期, 到期日期, 付款期限",
            required=True,
            read=ImportJob.days,
            column="due_on",
        ),
        FileField(
            name="paid",
            synonyms="paid on, paid date, date paid, payment date, settled date, settled on, settlement date, date settled, "
            "cleared on, cleared date, clearing date, 付款日期, 回款日期, 收款日期, 到账日期, 付清日期, 结清日期, 核销日期",
            read=ImportJob.past_days,
            column="paid_on",
        ),
        FileField(
            name="amount",
            synonyms="total, invoice amount, amount due, 金额, 发票金额, 应收金额, 合计",
            required=True,
            unique=True,
            read=ImportJob.amounts,
        ),
        SUBTRACT,
        CURRENCY,
    )
    staged: ClassVar = {
        "customer_id": Integer,
        "invoiced_on": Date,
        "due_on": Date,
        "paid_on": Date,
        "amount": Money,
        "currency": String,
        "original_amount": Money,
        "original_currency": String,
    }
    writes = (WrittenTable(table=table(Invoice)),)
    called = "invoices"
    day = "invoiced_on"
    same: ClassVar = {
        "customer_id": "customers",
        "due_on": "due days",
        "paid_on": "days of payment",
        "currency": "currencies",
        "original_currency": "currencies",
    }
    options = (LINES,)

    def prepare(self, job: ImportJob) -> None:
        super().prepare(job)
        self._customers = CustomerReferences(job.connection, job.source)
        self._currencies = Currencies(job)
        self.filled = self._currencies.filled(self.filled)

    def resolve(self, job: ImportJob, chunk: Chunk) -> None:
        values = chunk.values
        for row, (day, due) in enumerate(zip(values["date"], values["due"], strict=True)):
            if isinstance(day, str) and isinstance(due, str) and due < day:
                chunk.refuse(row, "due", f"{due} is before the invoice's date, {day}")
        self._currencies.apply(job, chunk, ("amount",), values["date"])
        self._customers.resolve(chunk)

    def check(self, job: ImportJob) -> None:
        check_paid(job)
        check_payments(job.repeats, job.findings)
        check_lines(job.repeats, job.findings, INVOICE_LINES, job.layout.unused.values())
