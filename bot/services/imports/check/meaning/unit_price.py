"""Amounts that are the price of one piece, in rows of several pieces."""

from decimal import Decimal

from bot.errors import N_
from bot.services.imports.check.findings import FindingType, Level
from bot.services.imports.job import ImportJob
from bot.services.imports.layout.columns import Layout
from bot.services.imports.read.filters import spell
from bot.services.imports.read.headers import names
from bot.services.imports.read.text import plain

UNIT_PRICE = FindingType(
    name="unit-price",
    level=Level.QUESTION,
    sentence=N_(
        "The amounts in the column %(column)s seem to be prices of one piece: the column %(price)s has the same, and the"
        " column %(quantity)s says that rows have more pieces (%(pieces)s in the first of them)."
    ),
    answer=N_(
        "Name the column of the whole amount: --map amount=%(map)s; where there is none, add one of price times quantity."
        " --yes unit-price: these are the whole amounts."
    ),
    accept=True,
)
_PRICES = names(
    "price, unit price, price each, price per unit, price per piece, item price, list price, net price, sales price",
    "selling price, unit net price, unit amount, lineitem price",
    "单价, 含税单价, 无税单价, 不含税单价, 未税单价, 价格, 售价, 销售单价, 成交单价, Preis, Einzelpreis, Stückpreis, VK-Preis",
    "Preis pro Stück, Preis je Stück, Einzelpreis netto, prix unitaire, precio unitario, prezzo unitario",
)
_QUANTITIES = names(
    "quantity, qty, quantity ordered, order quantity, quantity sold, units, units sold, pieces, pcs, lineitem quantity",
    "数量, 订购数量, 销售数量, 件数, Menge, Anzahl, Stückzahl, Stück, Bestellmenge, Absatzmenge",
    "quantité, cantidad, quantità, hoeveelheid",
)


def check_unit_price(job: ImportJob) -> None:
    """Ask when most amounts of several pieces are those of a column of prices."""
    header, amount = job.layout.header, job.layout.places.get("amount")
    if amount is None or not job.sample:
        return
    prices = [place for place, name in enumerate(header) if plain(name) in _PRICES]
    quantities = quantity_columns(job.layout) if prices else []
    amounts = job.numbers(amount) if quantities else []
    for quantity in quantities:
        pieces = job.numbers(quantity)
        several = [row for row, number in enumerate(pieces) if number is not None and number > 1]
        several = [row for row in several if amounts[row]]
        for price in prices:
            values = job.numbers(price)
            same = [row for row in several if values[row] == amounts[row]]
            if 2 * len(same) > len(several):
                whole = _find_whole(job, {row: (values[row], pieces[row]) for row in several})
                job.findings.add(
                    UNIT_PRICE,
                    column=repr(header[amount]),
                    price=repr(header[price]),
                    quantity=repr(header[quantity]),
                    pieces=job.sample[same[0]][quantity].strip(),
                    map=spell(whole) if whole else "COLUMN",
                )
                return


def quantity_columns(layout: Layout) -> list[int]:
    """The places of the columns of quantities that no field uses."""
    return [place for place, name in layout.unused.items() if plain(name) in _QUANTITIES]


def _find_whole(job: ImportJob, rows: dict[int, tuple[Decimal | None, Decimal | None]]) -> str:
    """The header of a column with price times quantity, by (price, quantity) of rows; "" where there is none."""
    wanted = {row: price * pieces for row, (price, pieces) in rows.items() if price and pieces}
    for place, name in job.layout.unused.items():
        if _has(job.numbers(place), wanted):
            return name
    return ""


def _has(numbers: list[Decimal | None], wanted: dict[int, Decimal]) -> bool:
    return bool(wanted) and all(numbers[row] == amount for row, amount in wanted.items())
