"""Lines of orders that are there already: which product, of which type, for how much and at what cost."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import Column, Integer, MetaData, String, and_, select

from bot.services.imports import publication
from bot.services.imports.conversion import Currencies
from bot.services.imports.kind import Chunk, ImportJob, UpsertKind, stage_table
from bot.services.imports.read import text
from bot.services.imports.read.amounts import clip
from bot.services.imports.read.columns import FileField
from bot.services.imports.read.refusal import Parser, RefusedValue
from db.book.imports import table
from db.book.orders import Order
from db.book.trade import OrderLine
from db.types import Money

_order, _line = table(Order), table(OrderLine)
_AT_ONCE = 500  # parameters of one query


class OrderLineKind(UpsertKind):
    """Upserts on order and line; without a line number, the product is the line."""

    name = "order-lines"
    key_field = "line"
    fields = (
        FileField(
            name="order_no",
            headers=(
                "order number",
                "order id",
                "order",
                "invoice no",
                "document no",
                "订单号",
                "订单编号",
                "单号",
                "销售单号",
                "单据编号",
            ),
            required=True,
        ),
        FileField(
            name="line",
            headers=(
                "line no",
                "line number",
                "position",
                "item no",
                "row",
                "行号",
                "序号",
                "项次",
                "明细行号",
            ),
        ),
        FileField(
            name="product",
            headers=(
                "product code",
                "product id",
                "sku",
                "item",
                "stock code",
                "产品",
                "产品编号",
                "商品编码",
                "物料",
                "物料编码",
            ),
        ),
        FileField(
            name="product_type",
            headers=(
                "type",
                "category",
                "product line",
                "product category",
                "产品类型",
                "产品类别",
                "品类",
                "产品线",
                "类别",
            ),
            required=True,
        ),
        FileField(
            name="amount",
            headers=(
                "line amount",
                "net amount",
                "total",
                "sales",
                "金额",
                "行金额",
                "销售额",
                "销售金额",
                "小计",
            ),
            required=True,
            unique=True,
        ),
        FileField(
            name="cost",
            headers=("cost of sales", "cogs", "line cost", "成本", "成本金额", "销售成本"),
            unique=True,
        ),
        FileField(name="currency", headers=("currency code", "币种", "货币", "币别")),
    )
    staged = ("key", "order_id", "line_no", "product", "product_type", "amount", "cost")

    def __init__(self) -> None:
        self._metadata = MetaData()
        self.stage = stage_table(
            self._metadata,
            "staged_order_line",
            Column("order_id", Integer),
            Column("line_no", String),
            Column("product", String),
            Column("product_type", String),
            Column("amount", Money),
            Column("cost", Money),
        )

    def prepare(self, job: ImportJob) -> None:
        self._metadata.create_all(job.connection)
        self._currencies = Currencies(job)

    def parsers(self, job: ImportJob) -> Mapping[str, Parser]:
        amount, cost = job.amounts("amount"), job.amounts("cost")
        self._amounts = (("amount", amount), ("cost", cost))
        return {
            "order_no": text.line_of_text(),
            "line": text.line_of_text(),
            "product": text.line_of_text(),
            "product_type": text.line_of_text(),
            "amount": amount,
            "cost": cost,
            "currency": text.currency,
        }

    def resolve(self, job: ImportJob, chunk: Chunk) -> None:
        values = chunk.values
        orders = _orders(job, {value for value in values["order_no"] if isinstance(value, str)})
        found = [orders.get(number) for number in values["order_no"]]
        for row, (number, order) in enumerate(zip(values["order_no"], found, strict=True)):
            if order is None and isinstance(number, str):
                reason = f"there is no order {clip(number)!r} from {job.source}; bring orders in first"
                chunk.refuse(row, "order_no", RefusedValue(reason))
        days = ["" if order is None else order[1].isoformat() for order in found]
        self._currencies.settle(job, chunk, self._amounts, days)
        for row, order in enumerate(found):
            currency = values["currency"][row]
            if order is not None and isinstance(currency, str) and currency != order[2]:
                chunk.refuse(
                    row, "currency", RefusedValue(f"{currency}, but its order is kept in {order[2]}")
                )
        values["order_id"] = [None if order is None else order[0] for order in found]
        values["line_no"] = [
            line or product for line, product in zip(values["line"], values["product"], strict=True)
        ]
        for row, line in enumerate(values["line_no"]):
            if line is None:
                chunk.refuse(
                    row, "line", RefusedValue("is empty, and so is the product; one must tell lines apart")
                )
        parts = zip(values["order_id"], values["line_no"], strict=True)
        values["key"] = [f"{order}|{line}" for order, line in parts]

    def upsert(self, job: ImportJob) -> publication.Upsert:
        stage = self.stage.c
        return publication.Upsert(
            target=_line,
            stage=self.stage,
            match=and_(_line.c.order_id == stage.order_id, _line.c.line == stage.line_no),
            columns={
                "order_id": stage.order_id,
                "line": stage.line_no,
                "product": stage.product,
                "product_type": stage.product_type,
                "amount": stage.amount,
                "cost": stage.cost,
            },
        )

    def given(self, job: ImportJob) -> Mapping[str, Any]:
        return {}


def _orders(job: ImportJob, numbers: Iterable[str]) -> dict[Any, tuple[int, date, str]]:
    """Order number -> id, day and currency of this source's orders."""
    wanted = sorted(numbers)
    found: dict[Any, tuple[int, date, str]] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        statement = select(_order.c.external_id, _order.c.id, _order.c.ordered_on, _order.c.currency).where(
            _order.c.source == job.source, _order.c.external_id.in_(wanted[start : start + _AT_ONCE])
        )
        for number, order, day, currency in job.connection.execute(statement):
            found[number] = (order, day, currency)
    return found
