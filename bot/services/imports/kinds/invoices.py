"""Invoices: what is owed, until when, and when it was paid. Credit notes are negative."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, Integer, MetaData, String, and_

from bot.services.imports import publication
from bot.services.imports.conversion import Currencies
from bot.services.imports.kind import CUSTOMER, Chunk, ImportJob, UpsertKind, day_column, stage_table
from bot.services.imports.kinds.activities import resolve_customers
from bot.services.imports.read import text
from bot.services.imports.read.columns import FileField
from bot.services.imports.read.refusal import Parser, RefusedValue
from bot.services.imports.references import CustomerBook
from db.book.imports import table
from db.book.trade import Invoice
from db.types import Money

_invoice = table(Invoice)


class InvoiceKind(UpsertKind):
    """Upserts on (source, invoice_no); a payment is the same invoice again, with its day."""

    name = "invoices"
    key_field = "invoice_no"
    fields = (
        FileField(
            name="invoice_no",
            headers=(
                "invoice number",
                "invoice id",
                "invoice",
                "document no",
                "发票号",
                "发票号码",
                "账单号",
                "单据号",
            ),
            required=True,
            unique=True,
        ),
        CUSTOMER,
        FileField(
            name="date",
            headers=("invoice date", "invoiced on", "posting date", "开票日期", "发票日期", "日期"),
            required=True,
        ),
        FileField(
            name="due",
            headers=("due date", "due on", "payable by", "到期日", "应付日期", "到期日期", "付款期限"),
            required=True,
        ),
        FileField(
            name="paid",
            headers=("paid on", "paid date", "payment date", "付款日期", "回款日期", "收款日期", "到账日期"),
        ),
        FileField(
            name="amount",
            headers=("total", "invoice amount", "amount due", "金额", "发票金额", "应收金额", "合计"),
            required=True,
            unique=True,
        ),
        FileField(name="currency", headers=("currency code", "币种", "货币", "币别")),
    )
    staged: tuple[str, ...] = ("key", "customer_id", "invoiced_on", "due_on", "paid_on", "amount", "currency")

    def __init__(self) -> None:
        self._metadata = MetaData()
        self.stage = stage_table(
            self._metadata,
            "staged_invoice",
            Column("customer_id", Integer),
            day_column("invoiced_on"),
            day_column("due_on"),
            day_column("paid_on"),
            Column("amount", Money),
            Column("currency", String),
            Column("original_amount", Money),
            Column("original_currency", String),
        )

    def prepare(self, job: ImportJob) -> None:
        self._metadata.create_all(job.connection)
        self._book = CustomerBook(job.connection, job.source)
        self._currencies = Currencies(job)
        if self._currencies.converting:
            self.staged = (*InvoiceKind.staged, "original_amount", "original_currency")

    def parsers(self, job: ImportJob) -> Mapping[str, Parser]:
        self._amount = job.amounts("amount")
        return {
            "invoice_no": text.line_of_text(),
            "customer": text.line_of_text(),
            "date": job.dates("date", past_only=True),
            "due": job.dates("due"),
            "paid": job.dates("paid", past_only=True),
            "amount": self._amount,
            "currency": text.currency,
        }

    def resolve(self, job: ImportJob, chunk: Chunk) -> None:
        values = chunk.values
        values["key"] = values["invoice_no"]
        values["invoiced_on"], values["due_on"], values["paid_on"] = (
            values["date"],
            values["due"],
            values["paid"],
        )
        for row, (day, due) in enumerate(zip(values["date"], values["due"], strict=True)):
            if isinstance(day, str) and isinstance(due, str) and due < day:
                chunk.refuse(row, "due", RefusedValue(f"{due} is before the invoice's date, {day}"))
        self._currencies.settle(job, chunk, (("amount", self._amount),), values["date"])
        chunk.take("customer_id", resolve_customers(self._book, values["customer"]), "customer")

    def upsert(self, job: ImportJob) -> publication.Upsert:
        stage = self.stage.c
        return publication.Upsert(
            target=_invoice,
            stage=self.stage,
            match=and_(_invoice.c.source == job.source, _invoice.c.external_id == stage.key),
            columns={name: stage[name] for name in self.staged if name != "key"},
        )

    def given(self, job: ImportJob) -> Mapping[str, Any]:
        return {"source": job.source, "external_id": self.stage.c.key}
