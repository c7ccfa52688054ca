"""Amounts that are the price of one piece, in rows of several pieces."""

from decimal import Decimal

from bot.errors import N_
from bot.services.imports.check.findings import FindingType, Level
from bot.services.imports.job import ImportJob
from bot.services.imports.read.amounts import dissect, read_decimal
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
        "Name the column of the whole amount: --map amount=COLUMN; --yes unit-price: these are the whole amounts."
    ),
    accept=True,
)
_PRICES = names(
    "price, unit price, price each, price per unit, item price, list price",
    "单价, 含税单价, 无税单价, 不含税单价, 价格, Preis, Einzelpreis, Stückpreis, prix unitaire, precio unitario",
)
_QUANTITIES = names(
    "quantity, qty, quantity ordered, units, pieces, 数量, Menge, Anzahl, Stückzahl, quantité, cantidad, quantità"
)


def check_unit_price(job: ImportJob) -> None:
    """Ask when the amounts of the first rows are those of a column of prices, and a row has more than one piece."""
    header, amount = job.layout.header, job.layout.places.get("amount")
    if amount is None or not job.sample:
        return
    amounts = [cells[amount].strip() for cells in job.sample]
    prices = [
        place
        for place, name in enumerate(header)
        if plain(name) in _PRICES and [cells[place].strip() for cells in job.sample] == amounts
    ]
    for quantity in (place for place, name in job.layout.unused.items() if plain(name) in _QUANTITIES):
        several = next((cells[quantity] for cells in job.sample if _is_several(cells[quantity])), None)
        if prices and several is not None:
            job.findings.add(
                UNIT_PRICE,
                column=repr(header[amount]),
                price=repr(header[prices[0]]),
                quantity=repr(header[quantity]),
                pieces=several.strip(),
            )
            return


def _is_several(cell: str) -> bool:
    number = read_decimal(dissect(cell)[0], lambda: "point")
    return isinstance(number, Decimal) and number > 1
