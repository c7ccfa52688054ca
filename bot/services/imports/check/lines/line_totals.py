"""Lines that add up to more than their order."""

from decimal import Decimal
from typing import Any

from sqlalchemy import Table, and_, case, exists, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from bot.errors import N_, Phrase
from bot.services.imports.check.findings import FindingType, Level
from bot.services.imports.job import ImportJob
from db.book.imports import table
from db.book.trade.order_lines import OrderLine
from db.book.trade.orders import Order
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
        " Orders like that: %(count)d."
    ),
    answer=N_(
        "If the same lines came before under other line numbers, undo that import first: tierbot import list. If the"
        " order is before tax or after a discount: --yes lines-exceed-order."
    ),
    accept=True,
)


def find_excess(job: ImportJob, stage: Table) -> None:
    """Ask about orders whose lines, those of the file and others in the book, are more than the order."""
    staged, known = units(stage.c.amount), units(_line.c.amount)
    same_line = and_(_line.c.order_id == stage.c.order_id, _line.c.line == stage.c.line_no)
    # Only orders with a line that is new or differs: the same file again costs little.
    new = (
        select(
            stage.c.order_id,
            func.min(stage.c.line).label("line"),
            func.sum(staged).label("net"),
            func.coalesce(func.sum(known), 0).label("replaced"),
        )
        .select_from(stage.outerjoin(_line, same_line))
        .group_by(stage.c.order_id)
        .having(func.max(case((known == staged, 0), else_=1)) == 1)
        .cte("new")
    )
    in_book = (
        select(_line.c.order_id, func.sum(known).label("net"))
        .where(_line.c.order_id.in_(select(new.c.order_id)))
        .group_by(_line.c.order_id)
        .subquery()
    )
    before = func.coalesce(in_book.c.net, 0)
    sign = case((units(_order.c.amount) < 0, -1), else_=1)
    amount, total = sign * units(_order.c.amount), sign * (new.c.net + before - new.c.replaced)
    others, fitted = before != new.c.replaced, sign * before <= _at_most(amount, FITS)
    excess = or_(total > _at_most(amount, MOST), and_(others, fitted, total > _at_most(amount, FITS)))
    rows = new.join(_order, _order.c.id == new.c.order_id).outerjoin(
        in_book, in_book.c.order_id == new.c.order_id
    )
    shown = (
        _order.c.external_id,
        new.c.line,
        sign * total,
        _order.c.amount,
        _order.c.id,
        func.count().over(),
    )
    found = select(*shown).select_from(rows).where(excess).order_by(new.c.line).limit(1)
    row = job.connection.execute(found).first()
    if row is None:
        return
    number, line, net, of, order_id, count = row
    restated = exists(select(1).select_from(stage).where(same_line))
    others_of = select(func.max(_line.c.batch_id)).where(_line.c.order_id == order_id, ~restated)
    batch = job.connection.execute(others_of).scalar()
    job.findings.add(
        EXCEED,
        order=number,
        line=line,
        total=f"{Decimal(net) / MONEY_UNITS:,.2f}",
        earlier=Phrase(N_(" with those of import %(batch)s"), batch=batch) if batch else "",
        amount=f"{of:,.2f}",
        count=count,
    )


def _at_most(amount: ColumnElement[Any], percent: int) -> ColumnElement[Any]:
    return amount * percent / 100 + ROUNDING
