"""Orders, returns and credit notes: one row each, known by the source's own number."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import ClassVar

from sqlalchemy import Connection, Date, Integer, String, distinct, func, select

from bot.services.imports.check.absent import check_cost
from bot.services.imports.check.grain import ORDER_LINES, check_lines
from bot.services.imports.conversion import COST, CURRENCY, SUBTRACT, Currencies
from bot.services.imports.customer_rows import CUSTOMER_TABLES, NewCustomers, key_of
from bot.services.imports.job import Chunk, ImportJob
from bot.services.imports.kind import Counts, KindOption, WrittenTable
from bot.services.imports.line_sums import LINES, LinesKind
from bot.services.imports.read.columns import FileField
from bot.services.imports.references import CUSTOMER, CustomerReferences
from db.book import order_totals
from db.book.customers import CustomerKey
from db.book.imports import changed_rows, table
from db.book.orders import Order
from db.types import Money

_order, _key = table(Order), table(CustomerKey)


class _OrderTable(WrittenTable):
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
            "订单号, 订单编号, 单号, 发票号, 发票号码, 销售单号, 单据编号, 单据号",
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
            "日期, 下单日期, 订单日期, 开票日期, 下单时间, 订单时间, 销售日期, 单据日期",
            required=True,
            read=ImportJob.past_days,
            column="ordered_on",
        ),
        FileField(
            name="amount",
            synonyms="sales, total, net amount, order amount, revenue, value, "
            "金额, 订单金额, 销售额, 销售金额, 总金额, 成交金额, 合计",
            required=True,
            unique=True,
            read=ImportJob.amounts,
        ),
        SUBTRACT,
        COST,
        CURRENCY,
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
    }
    writes = (_OrderTable(table=_order, called="orders"), *CUSTOMER_TABLES)
    called = "orders"
    day = "ordered_on"
    same: ClassVar = {
        "customer_id": "customers",
        "customer_ref": "customers",
        "currency": "currencies",
        "original_currency": "currencies",
    }
    options = (
        KindOption(name="create_customers", help="Orders: make a customer of each unknown code."),
        LINES,
    )

    def prepare(self, job: ImportJob) -> None:
        super().prepare(job)
        self._customers = CustomerReferences(job.connection, job.source)
        self._new_customers = (
            NewCustomers(job.connection) if job.options.kind_options.get("create_customers") else None
        )
        self._currencies = Currencies(job)
        self.filled = self._currencies.filled(self.filled)

    def resolve(self, job: ImportJob, chunk: Chunk) -> None:
        values = chunk.values
        self._currencies.apply(job, chunk, ("amount", "cost"), values["date"])
        create_unknown = self._new_customers is not None
        self._customers.resolve(chunk, refuse_unknown=not create_unknown)
        values["customer_ref"] = values["customer"] if create_unknown else [None] * len(chunk.lines)

    def after_staging(self, job: ImportJob, chunk: Chunk, rows: list[int]) -> None:
        super().after_staging(job, chunk, rows)
        if self._new_customers is not None and not self.are_lines:
            ids, references = chunk.values["customer_id"], chunk.values["customer"]
            self._new_customers.add(list(dict.fromkeys(references[row] for row in rows if ids[row] is None)))

    def add_up(self, job: ImportJob) -> tuple[int, int]:
        found = super().add_up(job)
        if self._new_customers is not None and self.are_lines:
            stage = self.stage.c
            unknown = select(stage.customer_ref).where(stage.customer_id.is_(None)).distinct()
            self._new_customers.add(job.connection.scalars(unknown).all())
        return found

    def check(self, job: ImportJob) -> None:
        check_cost(job, self.intake)
        check_lines(job.repeats, job.findings, ORDER_LINES, job.layout.unused.values())

    def around_change(self, job: ImportJob, ids: list[int]) -> AbstractContextManager[None]:
        return order_totals.adjusted(job.connection, _order.c.id.in_(ids))

    def count(self, job: ImportJob) -> Counts:
        stage = self.stage.c
        unknown = select(func.count(distinct(stage.customer_ref))).where(stage.customer_id.is_(None))
        return replace(super().count(job), customers_created=job.connection.execute(unknown).scalar_one())

    def publish(self, job: ImportJob, batch_id: int) -> Counts:
        customers = 0
        if self._new_customers is not None:
            customers = self._new_customers.publish(job, batch_id)
            created = select(_key.c.customer_id).where(key_of(job, self.stage.c.customer_ref))
            job.connection.execute(
                self.stage.update()
                .where(self.stage.c.customer_id.is_(None))
                .values(customer_id=created.scalar_subquery())
            )
        counts = super().publish(job, batch_id)
        order_totals.add(job.connection, _order.c.batch_id == batch_id)
        return replace(counts, customers_created=customers)
