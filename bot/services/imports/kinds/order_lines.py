"""Lines of orders that are in the book: which product, of which type, for how much and at what cost."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any, ClassVar

from sqlalchemy import Integer, String, select

from bot.errors import N_, Phrase
from bot.services.imports.check.codes import similar_code
from bot.services.imports.check.findings import FindingType, Level
from bot.services.imports.check.lines.line_totals import find_excess
from bot.services.imports.check.meaning.absent import check_cost
from bot.services.imports.check.meaning.amount_columns import check_amount_columns
from bot.services.imports.check.meaning.costs import check_cost_per_piece, check_cost_scale, check_signs
from bot.services.imports.check.meaning.unit_price import check_unit_price
from bot.services.imports.conversion import COST, CURRENCY, SUBTRACT, Currencies
from bot.services.imports.job import AT_ONCE, Chunk, ImportJob
from bot.services.imports.kind import UpsertKind, WrittenTable
from bot.services.imports.layout.columns import FileField
from bot.services.imports.read.cells.word_lists import NOTHING_BUT_NA
from bot.services.imports.read.refusal import clip
from db.book.imports import table
from db.book.trade.order_lines import OrderLine
from db.book.trade.orders import Order
from db.types import Money

_order = table(Order)

REPEATED = FindingType(
    name="lines-repeated",
    level=Level.QUESTION,
    sentence=N_(
        "Rows with the same order, product and amounts as an earlier row: %(count)d (line %(line)d). Without line numbers"
        " they count once."
    ),
    answer=N_(
        'Name the column that tells lines apart: --map line="COLUMN"; if they are copies: --yes lines-repeated.'
    ),
    accept=True,
)


class OrderLineKind(UpsertKind):
    """Upserts on order and line; without a line number, the product is the line."""

    name = "order-lines"
    key_field = "line"
    fields = (
        FileField(
            name="order_no",
            synonyms="order number, order id, order, invoice no, document no, "
            "订单号, 订单编号, 单号, 销售单号, 单据编号, "
            "Auftragsnummer, Auftrags-Nr, Auftragsnr, Auftrag, Bestellnummer, Bestell-Nr, Belegnummer, Beleg-Nr, "
            "Belegnr, Rechnungsnummer, Rechnungs-Nr, Rechnungsnr",
            read=ImportJob.codes,
            nothing=NOTHING_BUT_NA,
            required=True,
        ),
        FileField(
            name="line",
            synonyms="line no, line number, position, item no, row, 行号, 序号, 项次, 明细行号, "
            "Pos, Pos-Nr, Positionsnummer, Zeile",
            read=ImportJob.codes,
            nothing=NOTHING_BUT_NA,
        ),
        FileField(
            name="product",
            synonyms="product code, product id, sku, item, stock code, "
            "产品, 产品编号, 商品编码, 物料, 物料编码, Artikel, Artikelnummer, Artikel-Nr, Artikelnr, Art-Nr, Produkt",
            read=ImportJob.codes,
            nothing=NOTHING_BUT_NA,
        ),
        FileField(
            name="product_type",
            synonyms="type, category, product line, product category, 产品类型, 产品类别, 品类, 产品线, 类别, "
            "Warengruppe, Artikelgruppe, Produktgruppe, Produktkategorie",
            required=True,
        ),
        FileField(
            name="amount",
            synonyms="line amount, net amount, total, sales, 金额, 行金额, 销售额, 销售金额, 小计, "
            "Betrag netto, Nettobetrag, Netto, Gesamtpreis netto, Positionsbetrag, Positionswert, Umsatz, Betrag",
            required=True,
            unique=True,
            read=ImportJob.amounts,
        ),
        SUBTRACT,
        replace(COST, synonyms=COST.synonyms + ", line cost"),
        CURRENCY,
    )
    staged: ClassVar = {
        "order_id": Integer,
        "line_no": String,
        "product": String,
        "product_type": String,
        "amount": Money,
        "cost": Money,
    }
    writes = (WrittenTable(table=table(OrderLine)),)

    def prepare(self, job: ImportJob) -> None:
        self._currencies = Currencies(job)
        self._repeats: list[int] = []

    def resolve(self, job: ImportJob, chunk: Chunk) -> None:
        values = chunk.values
        orders = _orders(job, {value for value in values["order_no"] if isinstance(value, str)})
        found = [orders.get(number) for number in values["order_no"]]
        for row, (number, order) in enumerate(zip(values["order_no"], found, strict=True)):
            if order is None and isinstance(number, str):
                meant = similar_code(job.connection, _order, job.source, number)
                named = {"cell": repr(clip(number)), "source": job.source}
                if meant:
                    reason = Phrase(
                        N_("there is no order %(cell)s from %(source)s; did you mean %(meant)s?"),
                        meant=meant,
                        **named,
                    )
                else:
                    reason = Phrase(
                        N_("there is no order %(cell)s from %(source)s; bring orders in first"), **named
                    )
                chunk.refuse(row, "order_no", reason)
        days = ["" if order is None else order[1].isoformat() for order in found]
        self._currencies.apply(job, chunk, ("amount", "cost"), days)
        for row, (order, currency) in enumerate(zip(found, values["currency"], strict=True)):
            if order is not None and isinstance(currency, str) and currency != order[2]:
                chunk.refuse(
                    row,
                    "currency",
                    Phrase(
                        N_("%(currency)s, but its order is kept in %(order)s"),
                        currency=currency,
                        order=order[2],
                    ),
                )
        values["order_id"] = [None if order is None else order[0] for order in found]
        values["line_no"] = [
            line or product for line, product in zip(values["line"], values["product"], strict=True)
        ]
        for row, line in enumerate(values["line_no"]):
            if line is None:
                chunk.refuse(
                    row, "line", Phrase(N_("is empty, and so is the product; one must tell lines apart"))
                )
        parts = zip(values["order_id"], values["line_no"], strict=True)
        values["key"] = [f"{order}|{line}" for order, line in parts]

    def after_repeats(self, job: ImportJob, chunk: Chunk, rows: list[int]) -> None:
        self._repeats += [chunk.lines[row] for row in rows if chunk.values["line"][row] is None]

    def check(self, job: ImportJob) -> None:
        check_signs(job, self.stage)
        check_cost(job, self.stage)
        check_unit_price(job)
        check_cost_per_piece(job)
        check_cost_scale(job)
        check_amount_columns(job, self.fields)
        if self._repeats:
            job.findings.add(REPEATED, count=len(self._repeats), line=min(self._repeats))
        find_excess(job, self.stage)

    def identity(self, job: ImportJob) -> Mapping[str, Any]:
        return {"order_id": self.stage.c.order_id, "line": self.stage.c.line_no}


def _orders(job: ImportJob, numbers: set[str]) -> dict[Any, tuple[int, date, str]]:
    """Order number -> id, day and currency of this source's orders."""
    wanted = sorted(numbers)
    found: dict[Any, tuple[int, date, str]] = {}
    for start in range(0, len(wanted), AT_ONCE):
        statement = select(_order.c.external_id, _order.c.id, _order.c.ordered_on, _order.c.currency).where(
            _order.c.source == job.source, _order.c.external_id.in_(wanted[start : start + AT_ONCE])
        )
        for number, order, day, currency in job.connection.execute(statement):
            found[number] = (order, day, currency)
    return found
