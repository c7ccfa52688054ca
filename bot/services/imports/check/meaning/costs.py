"""Costs that are not those of the whole row: with another sign than the amount, of one piece, none on a return."""

import re
from decimal import ROUND_HALF_UP, Decimal
from statistics import median, pstdev
from typing import Any

from sqlalchemy import Table, and_, bindparam, func, or_, select, union_all

from bot.errors import N_
from bot.services.imports.check.findings import FindingType, Level
from bot.services.imports.check.meaning.unit_price import quantity_columns
from bot.services.imports.job import ImportJob
from bot.services.imports.layout.columns import Layout
from bot.services.imports.publication import PAGE
from bot.services.imports.read.headers import names
from bot.services.imports.read.text import plain
from db.book.imports import table
from db.book.trade.orders import Order
from db.types import MONEY_UNITS

COST_SIGN = FindingType(
    name="cost-sign",
    level=Level.QUESTION,
    sentence=N_(
        "Rows whose cost has another sign than their amount, so that the margin would be more than the amount: %(count)s"
        " (line %(line)d: amount %(amount)s, cost %(cost)s)."
    ),
    answer=N_(
        "Write costs with the sign of the amount, or give --map cost=- to leave out the column;"
        " --yes cost-sign gives each cost the sign of its amount."
    ),
    accept=True,
)
COST_PER_PIECE = FindingType(
    name="cost-per-piece",
    level=Level.QUESTION,
    sentence=N_(
        "The costs in the column %(column)s seem to be those of one piece, while the column %(quantity)s says that rows have"
        " more pieces (for example %(pieces)s, with the amount %(amount)s and the cost %(cost)s)."
    ),
    answer=N_(
        "Name the column of the whole cost: --map cost=COLUMN; where there is none, add one of cost times quantity, or give"
        " --map cost=-. --yes cost-per-piece: these are the whole costs."
    ),
    accept=True,
)
COST_AS_SHARE = FindingType(
    name="cost-as-share",
    level=Level.QUESTION,
    sentence=N_(
        "The costs in the column %(column)s seem to be shares of the amount, not amounts (for example the amount %(amount)s"
        " and the cost %(cost)s)."
    ),
    answer=N_(
        "Name the column of the whole cost: --map cost=COLUMN; where there is none, add one of cost times amount, or give"
        " --map cost=-. --yes cost-as-share: these are the whole costs."
    ),
    accept=True,
)
COST_SCALE = FindingType(
    name="cost-scale",
    level=Level.QUESTION,
    sentence=N_(
        "Costs in the column %(column)s and their amounts seem to be in different units or currencies, such as thousands (for"
        " example the amount %(amount)s and the cost %(cost)s)."
    ),
    answer=N_(
        "Export both in whole amounts of one currency, or give --map cost=- to leave out the costs; --yes cost-scale takes"
        " them as they are."
    ),
    accept=True,
)
UNIT_COST_UNUSED = FindingType(
    name="unit-cost-unused",
    level=Level.NOTE,
    sentence=N_(
        "The column %(column)s has the cost of one piece and is not used, so that no margin is known from this file."
    ),
)
RETURNS_WITHOUT_COST = FindingType(
    name="returns-without-cost",
    level=Level.NOTE,
    sentence=N_(
        "Returns that have no cost, and name no order that has one: %(count)s (the first is line %(line)d). The margin of their"
        " customers is unknown for a year."
    ),
)
UNIT_COSTS = names(
    "unit cost, cost per unit, cost each, cost per piece, item cost, cost price, unit cost price, purchase price, average cost",
    "单位成本, 单件成本, 成本单价, 成本价, 单台成本, 进价, 进货价, 采购单价, 单位成本价, 平均成本",
    "Einzelkosten, Stückkosten, Kosten pro Stück, Kosten je Stück, Einstandspreis, Einkaufspreis, EK-Preis, EK, coût unitaire",
)
_SHARES = re.compile(
    r"%|％|\bpct\b|percent|prozent|\bratio\b|\bshare\b|quote\b|anteil|率|占比|比例|百分", re.IGNORECASE
)
_LEAST, _MOST = (
    Decimal("0.01"),
    Decimal(4),
)  # of the amount: what costs less, or more, is hardly in the same unit
_FEW = 20  # one row in so many may be an oddity
_SHARE_OF = 20  # an amount; of smaller ones a cost below 1 is a usual one
_PERCENT_OF = 100  # the same of a cost below 100
_ENOUGH = 3  # rows
_SURE = 5  # pieces: one fifth of the amount is a small cost of the whole, and a usual one of a piece
_order = table(Order)
_ZERO = Decimal(0)


def check_signs(job: ImportJob, rows: Table) -> None:
    """Ask about staged costs with another sign than their amount; turn them if that was accepted."""
    if "cost" not in job.layout.places:
        return
    amount, cost = rows.c.amount, rows.c.cost
    other = or_(and_(amount > _ZERO, cost < _ZERO), and_(amount < _ZERO, cost > _ZERO))
    count = job.connection.execute(select(func.count()).where(other)).scalar_one()
    if not count:
        return
    first = job.connection.execute(select(rows).where(other).order_by(rows.c.line).limit(1)).one()
    column = repr(job.layout.columns["cost"])
    job.findings.add(
        COST_SIGN,
        about=column,
        count=f"{count:,}",
        line=first.line,
        amount=f"{first.amount:,.2f}",
        cost=f"{first.cost:,.2f}",
    )
    if job.findings.accepts(COST_SIGN, column):
        job.connection.execute(rows.update().where(other).values(cost=-cost))


def check_cost_per_piece(job: ImportJob) -> None:
    """Ask when costs are named so, or follow the price of a piece more closely than the amount."""
    layout = job.layout
    unused = [name for name in layout.unused.values() if plain(name) in UNIT_COSTS]
    if unused and "cost" not in layout.places:
        job.findings.add(UNIT_COST_UNUSED, column=repr(unused[0]))
    if "cost" not in layout.places or not job.sample:
        return
    amounts, costs = (job.numbers(layout.places[name]) for name in ("amount", "cost"))
    for place in quantity_columns(layout):
        rows = [
            (amount, cost, pieces)
            for amount, cost, pieces in zip(amounts, costs, job.numbers(place), strict=True)
            if amount and cost and pieces is not None and abs(pieces) > 1
        ]
        if rows and (_is_named(layout) or _follows_pieces(rows)):
            amount, cost, pieces = rows[0]
            job.findings.add(
                COST_PER_PIECE,
                column=repr(layout.columns["cost"]),
                quantity=repr(layout.header[place]),
                pieces=pieces,
                amount=amount,
                cost=cost,
            )
            return


def check_cost_scale(job: ImportJob) -> None:
    """Ask when costs are shares of the amounts, or some are in another unit than they, and not those of one piece."""
    layout = job.layout
    if "cost" not in layout.places or any(one.type is COST_PER_PIECE for one in job.findings):
        return
    amounts, costs = (job.numbers(layout.places[name]) for name in ("amount", "cost"))
    rows = [(abs(amount), abs(cost)) for amount, cost in zip(amounts, costs, strict=True) if amount and cost]
    if not rows:
        return
    asked, (amount, cost) = COST_AS_SHARE, rows[0]
    column = layout.columns["cost"]
    if not (_SHARES.search(column) or _are_shares(rows)):
        is_usual = _LEAST < median(cost / amount for amount, cost in rows) < _MOST
        odd = [row for row in rows if not (is_usual and _LEAST < row[1] / row[0] < _MOST)]
        if is_usual and (len(odd) < 2 or len(odd) * _FEW < len(rows)):
            return
        asked, (amount, cost) = COST_SCALE, odd[0]
    job.findings.add(asked, column=repr(column), amount=amount, cost=cost)


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


def _is_named(layout: Layout) -> bool:
    return plain(layout.columns["cost"]) in UNIT_COSTS


def _follows_pieces(rows: list[tuple[Decimal, Decimal, Decimal]]) -> bool:
    """Whether the costs of (amount, cost, pieces) are more alike as a share of the price of one piece."""
    of_piece = [float(abs(cost * pieces / amount)) for amount, cost, pieces in rows]
    if len(rows) < 2 or max(of_piece) > 1:
        return False
    if len({pieces for *_, pieces in rows}) == 1:
        return abs(rows[0][2]) >= _SURE
    of_whole = [float(abs(cost / amount)) for amount, cost, _ in rows]
    return _spread(of_piece) < _spread(of_whole)


def _are_shares(rows: list[tuple[Decimal, Decimal]]) -> bool:
    """Whether the costs of (amount, cost) are between 0 and 1, or up to 100 and alike while the amounts differ."""
    amounts, costs = [float(amount) for amount, _ in rows], [float(cost) for _, cost in rows]
    if max(costs) <= 1:
        return median(amounts) >= _SHARE_OF
    if len(rows) < _ENOUGH or max(costs) > 100 or min(costs) < 1 or median(amounts) < _PERCENT_OF:
        return False
    of_amounts = [cost / amount for amount, cost in zip(amounts, costs, strict=True)]
    return _spread(costs) * 2 < min(_spread(amounts), _spread(of_amounts))


def _spread(shares: list[float]) -> float:
    """How much shares differ, against their mean."""
    return pstdev(shares) * len(shares) / sum(shares)


def _share(amount: Decimal, cost: Decimal, sold: Decimal) -> Decimal:
    """The cost of a part of what was sold, to the ten-thousandth."""
    return (amount * cost / sold).quantize(Decimal(1) / MONEY_UNITS, rounding=ROUND_HALF_UP)
