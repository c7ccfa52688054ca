"""Returns without a cost: they take the margin of the order that they name, else nobody knows their customer's margin."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import Table, and_, bindparam, func, select, union_all

from bot.errors import N_
from bot.services.imports.check.findings import FindingType, Level
from bot.services.imports.job import ImportJob
from bot.services.imports.publication import PAGE
from db.book.imports import table
from db.book.orders import Order
from db.types import MONEY_UNITS

RETURNS_WITHOUT_COST = FindingType(
    name="returns-without-cost",
    level=Level.NOTE,
    sentence=N_(
        "Returns that have no cost, and name no order that has one: %(count)s (the first is line %(line)d). The margin of their"
        " customers is unknown for a year."
    ),
)
_order = table(Order)
_ZERO = Decimal(0)


def cost_returns(job: ImportJob, stage: Table) -> None:
    """Give staged returns without a cost the margin of the order that they name, in the file or in the book."""
    if "original" not in job.layout.places:
        return
    returned, there = stage.c, stage.alias().c
    waiting = and_(returned.amount < _ZERO, returned.cost.is_(None))
    of_file = (
        select(returned.line, returned.amount, there.amount.label("sold"), there.cost)
        .join_from(stage, there.key.table, there.key == returned.original)
        .where(waiting, there.customer_id == returned.customer_id)
    )
    of_book = (
        select(returned.line, returned.amount, _order.c.amount, _order.c.cost)
        .join_from(stage, _order, _order.c.external_id == returned.original)
        .where(waiting, _order.c.source == job.source, _order.c.customer_id == returned.customer_id)
    )
    found = union_all(of_file, of_book).subquery().c
    statement = (
        select(found.line, found.amount, found.sold, found.cost)
        .where(found.sold > _ZERO, found.cost.is_not(None))
        .order_by(found.line)
    )
    update = stage.update().where(returned.line == bindparam("line_")).values(cost=bindparam("cost_"))
    last = -1
    while page := job.connection.execute(statement.where(found.line > last).limit(PAGE)).all():
        costs: dict[int, Decimal] = {}
        for line, amount, sold, cost in page:
            costs.setdefault(line, _share(amount, cost, sold))
        rows: list[dict[str, Any]] = [{"line_": line, "cost_": cost} for line, cost in costs.items()]
        job.connection.execute(update, rows)
        last = page[-1].line


def note_returns(job: ImportJob, stage: Table) -> None:
    """Say how many returns have no cost, in a file with costs."""
    if "cost" not in job.layout.places:
        return
    rows = stage.c
    unknown = and_(rows.amount < _ZERO, rows.cost.is_(None))
    count, line = job.connection.execute(select(func.count(), func.min(rows.line)).where(unknown)).one()
    if count:
        job.findings.add(RETURNS_WITHOUT_COST, count=f"{count:,}", line=line)


def _share(amount: Decimal, cost: Decimal, sold: Decimal) -> Decimal:
    """The cost of a part of what was sold, to the ten-thousandth."""
    return (amount * cost / sold).quantize(Decimal(1) / MONEY_UNITS, rounding=ROUND_HALF_UP)
