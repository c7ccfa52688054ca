"""Orders, returns and credit notes: one row each, known by the source's own number."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from sqlalchemy import Column, Integer, MetaData, String, and_, distinct, func, select

from bot.services.imports import new_customers, publication
from bot.services.imports.conversion import Currencies
from bot.services.imports.kind import Chunk, Counts, ImportJob, UpsertKind, day_column, stage_table
from bot.services.imports.read import text
from bot.services.imports.read.amounts import Amounts
from bot.services.imports.read.columns import FileField
from bot.services.imports.read.refusal import Parser
from bot.services.imports.references import CustomerBook
from db.book import order_totals
from db.book.customers import CustomerKey
from db.book.imports import table
from db.book.orders import Order
from db.types import Money

_order, _key = table(Order), table(CustomerKey)


class OrderKind(UpsertKind):
    """Upserts on (source, order_no)."""

    name = "orders"
    key_field = "order_no"
    fields = (
        FileField(
            name="order_no",
            headers=(
                "order number",
                "order id",
                "order",
                "invoice no",
                "invoice number",
                "invoice id",
                "invoice",
                "document no",
                "订单号",
                "订单编号",
                "单号",
                "发票号",
                "发票号码",
                "销售单号",
                "单据编号",
                "单据号",
            ),
            required=True,
            unique=True,
        ),
        FileField(
            name="customer",
            headers=(
                "customer id",
                "customer code",
                "customer no",
                "customer number",
                "client id",
                "client code",
                "account code",
                "code",
                "客户编号",
                "客户代码",
                "客户编码",
                "客户号",
                "客户ID",
                "客户",
            ),
            required=True,
        ),
        FileField(
            name="date",
            headers=(
                "order date",
                "invoice date",
                "ordered on",
                "posting date",
                "日期",
                "下单日期",
                "订单日期",
                "开票日期",
                "下单时间",
                "订单时间",
                "销售日期",
                "单据日期",
            ),
            required=True,
        ),
        FileField(
            name="amount",
            headers=(
                "sales",
                "total",
                "net amount",
                "order amount",
                "revenue",
                "value",
                "金额",
                "订单金额",
                "销售额",
                "销售金额",
                "总金额",
                "成交金额",
                "合计",
            ),
            required=True,
            unique=True,
        ),
        FileField(
            name="cost", headers=("cost of sales", "cogs", "成本", "成本金额", "销售成本"), unique=True
        ),
        FileField(name="currency", headers=("currency code", "币种", "货币", "币别")),
    )
    staged: tuple[str, ...] = ("key", "customer_id", "customer_ref", "day", "amount", "cost", "currency")

    def __init__(self) -> None:
        self._metadata = MetaData()
        self.stage = stage_table(
            self._metadata,
            "staged_order",
            Column("customer_id", Integer),
            Column("customer_ref", String),
            day_column("day"),
            Column("amount", Money),
            Column("cost", Money),
            Column("currency", String),
            Column("original_amount", Money),
            Column("original_currency", String),
        )
        self._amounts: tuple[tuple[str, Amounts], ...] = ()

    def prepare(self, job: ImportJob) -> None:
        self._metadata.create_all(job.connection)
        self._book = CustomerBook(job.connection, job.source)
        self._newcomers = new_customers.Newcomers(job.connection) if job.options.create_customers else None
        self._currencies = Currencies(job)
        if self._currencies.converting:
            self.staged = (*OrderKind.staged, "original_amount", "original_currency")

    def parsers(self, job: ImportJob) -> Mapping[str, Parser]:
        amount, cost = job.amounts("amount"), job.amounts("cost")
        self._amounts = (("amount", amount), ("cost", cost))
        return {
            "order_no": text.line_of_text(),
            "customer": text.line_of_text(),
            "date": job.dates("date", past_only=True),
            "amount": amount,
            "cost": cost,
            "currency": text.currency,
        }

    def resolve(self, job: ImportJob, chunk: Chunk) -> None:
        values = chunk.values
        values["key"], values["day"] = values["order_no"], values["date"]
        self._currencies.settle(job, chunk, self._amounts, values["date"])
        self._resolve_customers(chunk)

    def _resolve_customers(self, chunk: Chunk) -> None:
        references = chunk.values["customer"]
        found: dict[Any, Any] = dict(self._book.find(value for value in references if isinstance(value, str)))
        if self._newcomers is None:
            for reference, customer in found.items():
                if customer is None:
                    found[reference] = self._book.unknown(reference)
        chunk.take("customer_id", [found.get(reference) for reference in references], "customer")
        chunk.values["customer_ref"] = references if self._newcomers is not None else [None] * len(references)

    def after_fill(self, job: ImportJob, chunk: Chunk, rows: list[int]) -> None:
        if self._newcomers is None:
            return
        ids, references = chunk.values["customer_id"], chunk.values["customer"]
        unknown = dict.fromkeys(references[row] for row in rows if ids[row] is None)
        self._newcomers.add(list(unknown))

    def upsert(self, job: ImportJob) -> publication.Upsert:
        stage = self.stage.c
        return publication.Upsert(
            target=_order,
            stage=self.stage,
            match=and_(_order.c.source == job.source, _order.c.external_id == stage.key),
            columns={
                "customer_id": stage.customer_id,
                "ordered_on": stage.day,
                "amount": stage.amount,
                "cost": stage.cost,
                "currency": stage.currency,
                **{name: stage[name] for name in self.staged if name.startswith("original_")},
            },
        )

    def given(self, job: ImportJob) -> Mapping[str, Any]:
        return {"source": job.source, "external_id": self.stage.c.key}

    def around(self, job: ImportJob, ids: list[int]) -> AbstractContextManager[None]:
        return order_totals.moving(job.connection, _order.c.id.in_(ids))

    def count(self, job: ImportJob) -> Counts:
        stage = self.stage.c
        newcomers_ = job.connection.execute(
            select(func.count(distinct(stage.customer_ref))).where(stage.customer_id.is_(None))
        ).scalar_one()
        return replace(super().count(job), customers_created=newcomers_)

    def publish(self, job: ImportJob, batch_id: int) -> Counts:
        customers = 0
        if self._newcomers is not None:
            customers = self._newcomers.publish(job, batch_id)
            known = select(_key.c.customer_id).where(
                _key.c.source == job.source, _key.c.external_id == self.stage.c.customer_ref
            )
            job.connection.execute(
                self.stage.update()
                .where(self.stage.c.customer_id.is_(None))
                .values(customer_id=known.scalar_subquery())
            )
        counts = super().publish(job, batch_id)
        order_totals.add(job.connection, _order.c.batch_id == batch_id)
        return replace(counts, customers_created=customers)
