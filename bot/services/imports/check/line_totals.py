"""Lines that add up to more than their order."""

from decimal import Decimal
from typing import Any

from sqlalchemy import String, Table, and_, case, cast, exists, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from bot.errors import N_
from bot.services.imports.check.findings import FindingType, Level
from bot.services.imports.job import ImportJob
from db.book.imports import table
from db.book.order_lines import OrderLine
from db.book.orders import Order
from db.types import MONEY_UNITS, units

_order, _line = table(Order), table(OrderLine)

# Per cent of the order. Lines may be with tax or before a discount and the order not: no value added tax is over 27 %.
MOST = 130
# Lines in the book that have fitted their order, and no longer fit it with those of the file.
FITS = 101
ROUNDING = MONEY_UNITS  # of each order: one unit of its currency

EXCEED = FindingType(
    name="lines-exceed-order",
    level=Level.QUESTION,
    sentence=N_(
        "The lines of order %(order)s (line %(line)d) add up to %(total)s%(earlier)s, but the order is of %(amount)s."
        " %(count)d orders are like that."
    ),
    answer=N_(
        "If the same lines came before under other line numbers, undo that import first: tierbot import list. If the"
        " order is before tax or after a discount: --yes lines-exceed-order."
    ),
    accept=True,
)


def find_excess(job: ImportJob, stage: Table) -> None:
    """Ask about orders whose lines, those of the file and others in the book, are more than the order."""
    net = units(_line.c.amount)
    staged = (
        select(
            stage.c.order_id,
            func.min(stage.c.line).label("line"),
            func.sum(units(stage.c.amount)).label("net"),
        )
        .group_by(stage.c.order_id)
        .subquery()
    )
    key = cast(_line.c.order_id, String) + "|" + _line.c.line
    comes_again = exists(select(1).where(stage.c.key == key))
    in_book = (
        select(
            _line.c.order_id,
            func.sum(net).label("net"),
            func.sum(case((comes_again, 0), else_=net)).label("others"),
            func.max(case((comes_again, None), else_=_line.c.batch_id)).label("batch"),
        )
        .where(_line.c.order_id.in_(select(stage.c.order_id)))
        .group_by(_line.c.order_id)
        .subquery()
    )
    rows = staged.join(_order, _order.c.id == staged.c.order_id).outerjoin(
        in_book, in_book.c.order_id == staged.c.order_id
    )
    sign = case((units(_order.c.amount) < 0, -1), else_=1)
    amount = sign * units(_order.c.amount)
    total = sign * (staged.c.net + func.coalesce(in_book.c.others, 0))
    has_others, fitted = in_book.c.batch.is_not(None), sign * in_book.c.net <= _at_most(amount, FITS)
    excess = or_(total > _at_most(amount, MOST), and_(has_others, fitted, total > _at_most(amount, FITS)))
    count = job.connection.execute(select(func.count()).select_from(rows).where(excess)).scalar_one()
    if count:
        shown = (
            _order.c.external_id,
            staged.c.line,
            (sign * total).label("total"),
            _order.c.amount,
            in_book.c.batch,
        )
        first = select(*shown).select_from(rows).where(excess).order_by(staged.c.line).limit(1)
        order, line, found, of, batch = job.connection.execute(first).one()
        job.findings.add(
            EXCEED,
            order=order,
            line=line,
            total=f"{Decimal(found) / MONEY_UNITS:,.2f}",
            earlier=f" with those of import {batch}" if batch else "",
            amount=f"{of:,.2f}",
            count=count,
        )


def _at_most(amount: ColumnElement[Any], percent: int) -> ColumnElement[Any]:
    return amount * percent / 100 + ROUNDING
