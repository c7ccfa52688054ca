"""Costs that cannot be those of the whole row: with another sign than the amount, or of one piece."""

from decimal import Decimal
from statistics import pstdev

from sqlalchemy import Table, and_, func, or_, select

from bot.errors import N_
from bot.services.imports.check.findings import FindingType, Level
from bot.services.imports.check.meaning.unit_price import quantity_columns
from bot.services.imports.job import ImportJob
from bot.services.imports.layout.columns import Layout
from bot.services.imports.read.headers import names
from bot.services.imports.read.text import plain

COST_SIGN = FindingType(
    name="cost-sign",
    level=Level.QUESTION,
    sentence=N_(
        "The cost of %(count)s rows has another sign than their amount (line %(line)d: amount %(amount)s, cost %(cost)s),"
        " so that the margin would be more than the amount."
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
UNIT_COST_UNUSED = FindingType(
    name="unit-cost-unused",
    level=Level.NOTE,
    sentence=N_(
        "The column %(column)s has the cost of one piece and is not used, so that no margin is known from this file."
    ),
)
UNIT_COSTS = names(
    "unit cost, cost per unit, cost each, cost per piece, item cost, cost price, unit cost price, purchase price, average cost",
    "单位成本, 单件成本, 成本单价, 成本价, 单台成本, 进价, 进货价, 采购单价, 单位成本价, 平均成本",
    "Einzelkosten, Stückkosten, Kosten pro Stück, Kosten je Stück, Einstandspreis, Einkaufspreis, EK-Preis, EK, coût unitaire",
)
_SURE = 5  # pieces: one fifth of the amount is a small cost of the whole, and a usual one of a piece


def check_signs(job: ImportJob, rows: Table) -> None:
    """Ask about staged costs with another sign than their amount; turn them if that was accepted."""
    if "cost" not in job.layout.places:
        return
    amount, cost, zero = rows.c.amount, rows.c.cost, Decimal(0)
    other = or_(and_(amount > zero, cost < zero), and_(amount < zero, cost > zero))
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


def _spread(shares: list[float]) -> float:
    """How much shares differ, against their mean."""
    return pstdev(shares) * len(shares) / sum(shares)
