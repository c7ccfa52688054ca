"""Orders, returns and credit notes: one row each, known by the source's own number."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import ClassVar

from sqlalchemy import Connection, Date, Integer, String

from bot.errors import N_
from bot.services.imports.check.known.kept_costs import ask_about_kept_costs
from bot.services.imports.check.known.reused_numbers import find_reused, reused_number
from bot.services.imports.check.meaning.absent import check_cost
from bot.services.imports.check.meaning.amount_columns import check_amount_columns
from bot.services.imports.check.meaning.costs import (
    check_cost_per_piece,
    check_cost_scale,
    check_signs,
    cost_returns,
    note_returns,
)
from bot.services.imports.check.meaning.grain import (
    ORDER_LINES,
    check_documents,
    check_lines,
    check_receipts,
)
from bot.services.imports.check.meaning.numbers import (
    COMPANY_NUMBERS,
    CompanyNumbers,
    NumberPrefixes,
    check_similar_numbers,
)
from bot.services.imports.check.meaning.row_columns import RowColumns
from bot.services.imports.check.meaning.unit_price import check_unit_price
from bot.services.imports.check.split_amounts import SplitAmounts
from bot.services.imports.conversion import COST, CURRENCY, SUBTRACT
from bot.services.imports.customer_rows import CREATE_CUSTOMERS, CUSTOMER_TABLES
from bot.services.imports.job import Chunk, ImportJob
from bot.services.imports.kind import Counts, WrittenTable
from bot.services.imports.layout.columns import FileField
from bot.services.imports.line_sums import LINES, LinesKind
from bot.services.imports.read.cells.word_lists import NOTHING_BUT_NA
from bot.services.imports.references import CUSTOMER
from db.book.imports import changed_rows, table
from db.book.trade import order_totals
from db.book.trade.orders import Order
from db.types import Money

_order = table(Order)

REUSED = reused_number("order-number-reused")


class OrderTable(WrittenTable):
    """Orders; their totals stay exact."""

    @contextmanager
    def around_undo(self, connection: Connection, batch_id: int) -> Iterator[None]:
        """Keep the totals of orders exact."""
        order_totals.add(connection, _order.c.batch_id == batch_id, -1)
        with order_totals.adjusted(connection, _order.c.id.in_(changed_rows(batch_id, _order))):
            yield


class OrderKind(LinesKind):
    """Upserts on (source, order_no)."""

    name = "orders"
    key_field = "order_no"
    fields = (
        FileField(
            name="order_no",
            synonyms="order number, order id, order, invoice no, invoice number, invoice id, invoice, document no, "
            "订单号, 订单编号, 单号, 发票号, 发票号码, 销售单号, 单据编号, 单据号, "
            "Auftragsnummer, Auftrags-Nr, Auftragsnr, Auftrag, Bestellnummer, Bestell-Nr, Belegnummer, Beleg-Nr, "
            "Belegnr, Rechnungsnummer, Rechnungs-Nr, Rechnungsnr",
            read=ImportJob.codes,
            nothing=NOTHING_BUT_NA,
            required=True,
            unique=True,
            column="key",
        ),
        replace(
            CUSTOMER, synonyms=CUSTOMER.synonyms + ", customer number, client id, client code, account code"
        ),
        FileField(
            name="date",
            synonyms="order date, invoice date, ordered on, posting date, "
            "日期, 下单日期, 订单日期, 开票日期, 下单时间, 订单时间, 销售日期, 单据日期, "
            "Datum, Auftragsdatum, Bestelldatum, Belegdatum, Rechnungsdatum",
            required=True,
            read=ImportJob.past_days,
            column="ordered_on",
        ),
        FileField(
            name="amount",
            synonyms="sales, total, net amount, order amount, revenue, value, "
            "金额, 订单金额, 销售额, 销售金额, 总金额, 成交金额, 合计, "
            "Betrag netto, Nettobetrag, Netto, Nettowert, Nettosumme, Umsatz, Umsatz netto, Auftragswert, "
            "Auftragssumme, Betrag",
            required=True,
            unique=True,
            read=ImportJob.amounts,
        ),
        SUBTRACT,
        COST,
        CURRENCY,
        FileField(
            name="original",
            synonyms="original order, original order no, original order number, original invoice, original invoice no, "
            "original document, returned order, refund of, return of, credit for, credited invoice, corrected invoice, "
            "原订单号, 原订单编号, 原单号, 原单据号, 原发票号, 源订单号, 退货原单号, 原销售单号, "
            "Ursprungsauftrag, Ursprungsbeleg, Originalrechnung, Originalbeleg, Bezugsrechnung, Gutschrift zu",
        ),
    )
    staged: ClassVar = {
        "customer_id": Integer,
        "customer_ref": String,
        "ordered_on": Date,
        "amount": Money,
        "cost": Money,
        "currency": String,
        "original_amount": Money,
        "original_currency": String,
        "original": String,  # the number of the order that a return is of
    }
    writes = (OrderTable(table=_order, called=N_("orders")), *CUSTOMER_TABLES)
    called = N_("orders")
    day = "ordered_on"
    same: ClassVar = {
        "customer_id": N_("customers"),
        "customer_ref": N_("customers"),
        "currency": N_("currencies"),
        "original_currency": N_("currencies"),
    }
    options = (CREATE_CUSTOMERS, LINES)

    def prepare(self, job: ImportJob) -> None:
        super().prepare(job)
        self._row_columns = RowColumns(job, self.name)
        self._companies = CompanyNumbers(job, self.key_field)
        self._prefixes = NumberPrefixes(self.key_field)
        self._split = SplitAmounts(job)
        if "original" not in job.layout.places:
            self.filled = tuple(name for name in self.filled if name != "original")

    def resolve(self, job: ImportJob, chunk: Chunk) -> None:
        self.currencies.apply(job, chunk, ("amount", "cost"), chunk.values["date"])
        self.customers.resolve(chunk)
        self._row_columns.count(chunk)
        self._companies.count(job, chunk)
        self._prefixes.count(chunk)
        self._split.take(chunk)

    def add_up(self, job: ImportJob) -> tuple[int, int]:
        check_signs(job, self.intake)
        return super().add_up(job)

    def refuse_at_end(self, job: ImportJob) -> tuple[int, int]:
        cost_returns(job, self.stage)
        return super().refuse_at_end(job)

    def check(self, job: ImportJob) -> None:
        super().check(job)
        note_returns(job, self.stage)
        find_reused(job, REUSED, self.stage, _order, "ordered_on")
        ask_about_kept_costs(job, self.stage, _order)
        check_cost(job, self.intake)
        check_unit_price(job)
        check_cost_per_piece(job)
        check_cost_scale(job)
        check_amount_columns(job, self.fields)
        check_similar_numbers(job, self.stage, self.key_field)
        self._row_columns.check(job)
        self._prefixes.check(job)
        self._split.check()
        check_receipts(job.layout, job.findings)
        check_documents(job.layout, job.findings, self.key_field)
        if not any(one.type is COMPANY_NUMBERS for one in job.findings):
            check_lines(job.repeats, job.findings, ORDER_LINES, job.layout.of_lines)

    def around_change(self, job: ImportJob, ids: list[int]) -> AbstractContextManager[None]:
        return order_totals.adjusted(job.connection, _order.c.id.in_(ids))

    def publish(self, job: ImportJob, batch_id: int) -> Counts:
        counts = super().publish(job, batch_id)
        order_totals.add(job.connection, _order.c.batch_id == batch_id)
        return counts
