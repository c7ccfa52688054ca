"""Converts amounts to the firm's currency: by the newest rate on or before their day, in whole ten-thousandths."""

import unicodedata
from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

from sqlmodel import Session

from bot.errors import N_, BadInput, Phrase
from bot.services.exchange_rates import RateTable
from bot.services.imports.check.findings import FindingType, Level
from bot.services.imports.job import Chunk, ImportJob
from bot.services.imports.layout.columns import FileField
from bot.services.imports.read import currencies, text
from bot.services.imports.read.amounts import Amounts
from bot.services.imports.read.cells.guards import unguarded
from bot.services.imports.read.refusal import EMPTY, Parser, RefusedValue
from bot.services.imports.read.titles import HEADER, TITLE, currencies_in_title
from db.book.trade import order_totals

CURRENCY_SIGN = FindingType(
    name="currency-sign",
    level=Level.QUESTION,
    sentence=N_("The column %(column)s has %(sign)s, which is the sign of several currencies (%(codes)s)."),
    answer=N_(
        "Give --currency %(such)s or another of them; with a comma for several signs: --currency USD,CNY."
    ),
)

CURRENCY_MISSING = FindingType(
    name="currency-missing",
    level=Level.QUESTION,
    sentence=N_("The file has no column for the currency."),
    answer=N_("Say which one it is: --currency %(such)s."),
)
HEADER_CURRENCY = FindingType(
    name="header-currency",
    level=Level.QUESTION,
    sentence=N_("%(what)s %(column)s says %(said)s, and the amounts are taken as %(currency)s."),
    answer=N_(
        "Give --currency %(said)s, or convert the amounts; --yes header-currency: they are %(currency)s."
    ),
    accept=True,
)


def _currency_cells(job: ImportJob, name: str) -> Parser:
    """A parser of currencies; a sign is the one of --currency that it may mean."""
    given = given_currencies(job.options.currency)
    asked: set[str] = set()

    def parse(cell: str) -> str | RefusedValue:
        codes = currencies.possible(unicodedata.normalize("NFKC", cell))
        meant = [one for one in given if one in codes] if len(codes) > 1 else codes
        if len(meant) == 1:
            return meant[0]
        if not codes:
            return text.currency(cell)
        if cell not in asked:
            asked.add(cell)
            column, several = repr(job.layout.columns[name]), ", ".join(codes)
            job.findings.add(CURRENCY_SIGN, column=column, sign=repr(cell), codes=several, such=codes[0])
        return codes[0]

    return parse


CURRENCY = FileField(
    name="currency",
    synonyms="currency code, amount currency, order currency, invoice currency, transaction currency, document currency, "
    "币种, 货币, 币别, 订单币种, 金额币种, 单据币种, Währung, Währungskennzeichen, Belegwährung",
    read=_currency_cells,
)
COST = FileField(
    name="cost",
    synonyms="cost of sales, cogs, total cost, cost total, cost amount, 成本, 总成本, 成本总额, 成本合计, 成本金额, 销售成本, Kosten, Wareneinsatz, Einstandswert, Selbstkosten, "
    "Gesamtkosten, Kosten gesamt, EK-Wert, EK gesamt",
    unique=True,
    read=ImportJob.amounts,
)
SEVERAL_CURRENCIES = FindingType(
    name="several-currencies",
    level=Level.NOTE,
    sentence=N_(
        "With this file there are amounts in several currencies (%(currencies)s), and gradings and reports compare them in"
        " one. Set the firm's currency, such as TIERBOT_CURRENCY=%(such)s; import the rates of the others (tierbot import"
        " rates FILE); then import this file again, which converts it."
    ),
)
# Not by any other name: whether an amount is net of a refund is for a person to say.
SUBTRACT = FileField(name="subtract", unique=True, read=ImportJob.amounts)
SUBTRACTED_SIGNS = FindingType(
    name="subtracted-signs",
    level=Level.REFUSAL,
    sentence=N_(
        "The column %(column)s, which is subtracted, has amounts above and below zero (line %(line)d)."
    ),
    answer=N_("Write all of them without minus, or net them in the amount."),
)
OLD_RATE = FindingType(
    name="old-rate",
    level=Level.NOTE,
    sentence=N_(
        "Rows are converted at a rate that is more than %(limit)d days older than they are: %(count)d (line %(line)d:"
        " %(currency)s on %(day)s, at the rate of %(rated)s). Import newer rates, then this file again."
    ),
)
_OLD = 92  # days
_AMOUNTS = ("amount", COST.name, SUBTRACT.name)
_ORIGINALS = ("original_amount", "original_currency")


class Currencies:
    """Finds the currency of each row of a file, and converts its amounts to the firm's currency if there is one."""

    def __init__(self, job: ImportJob) -> None:
        options = job.options
        given = given_currencies(options.currency)
        self._given = given[0] if len(given) == 1 else None
        # Nothing is stored then: the file is refused with this and its other questions.
        self._missing = self._given is None and "currency" not in job.layout.places
        self._check_headers(job)
        self._seen: set[str] = set()
        self._signs: set[bool] = set()  # of what is subtracted
        self._rates = RateTable(job.connection, options.firm_currency) if options.firm_currency else None

    def filled(self, columns: tuple[str, ...]) -> tuple[str, ...]:
        """The staged columns without the original amount and currency, when nothing is converted."""
        if self._rates is not None:
            return columns
        return tuple(name for name in columns if name not in _ORIGINALS)

    def apply(self, job: ImportJob, chunk: Chunk, names: Sequence[str], days: list[Any]) -> None:
        """Set the currency of every row and convert the amounts `names`; refuse what contradicts the currency.

        Before, what a row has to be subtracted is: given back, or on the other side.
        """
        values = chunk.values
        if SUBTRACT.name in job.layout.places:
            self._subtract(job, chunk)
        if self._missing:
            values["currency"] = [""] * len(chunk.lines)
            values |= dict.fromkeys(_ORIGINALS, [None] * len(chunk.lines))
            return
        if self._given is not None:
            values["currency"] = [value or self._given for value in values["currency"]]
        elif None in values["currency"]:
            missing = RefusedValue(Phrase(N_("is empty, and no %(option)s was given"), option="--currency"))
            chunk.set_column(
                "currency", [missing if value is None else value for value in values["currency"]]
            )
        for name in (*names, SUBTRACT.name):
            _check_marks(job, chunk, name)
        if self._rates is not None:
            self._convert(job, chunk, self._rates, names, days)
        else:
            self._note_several(job, {one for one in set(values["currency"]) if isinstance(one, str)})

    def _check_headers(self, job: ImportJob) -> None:
        """Ask for the currency where nothing says it, and where a header says another one."""
        said = {
            (HEADER, header): codes
            for field, header in job.layout.columns.items()
            if field in _AMOUNTS and (codes := currencies.in_header(header))
        }
        said |= {(TITLE, title): codes for _, title in job.titles if (codes := currencies_in_title(title))}
        if self._missing:
            usual = (job.options.firm_currency or "CNY",)
            such = next(iter(said.values()), usual)[0]
            job.findings.add(CURRENCY_MISSING, such=such)
        elif "currency" not in job.layout.places:
            for (what, words), codes in said.items():
                if self._given not in codes:
                    job.findings.add(
                        HEADER_CURRENCY, what=what, column=repr(words), said=codes[0], currency=self._given
                    )

    def _note_several(self, job: ImportJob, currencies: set[str]) -> None:
        """Note once that the amounts of the file, or those of the book and the file, are in several currencies."""
        if len(self._seen) > 1 or not currencies - self._seen:
            return
        self._seen |= currencies
        with Session(bind=job.connection) as session:
            foreign = order_totals.foreign_orders(session, min(currencies))
        self._seen |= {foreign[0]} if foreign else set()
        if len(self._seen) > 1:
            job.findings.add(
                SEVERAL_CURRENCIES, currencies=", ".join(sorted(self._seen)), such=min(currencies)
            )

    def _subtract(self, job: ImportJob, chunk: Chunk) -> None:
        amounts = chunk.values["amount"]
        for row, part in enumerate(chunk.values[SUBTRACT.name]):
            if type(part) is not int:
                continue
            if amounts[row] is EMPTY:
                amounts[row] = 0
                chunk.forgive(row, "amount")
            if type(amounts[row]) is int:
                amounts[row] -= abs(part)
            if part and (part < 0) not in self._signs:
                self._signs.add(part < 0)
                if len(self._signs) > 1:
                    column = job.layout.columns[SUBTRACT.name]
                    job.findings.add(SUBTRACTED_SIGNS, column=repr(column), line=chunk.lines[row])

    def _convert(
        self, job: ImportJob, chunk: Chunk, rates: RateTable, names: Sequence[str], days: list[Any]
    ) -> None:
        values = chunk.values
        values["original_amount"] = list(values[names[0]])
        values["original_currency"] = list(values["currency"])
        columns = [values[name] for name in names]
        for row, currency in enumerate(values["original_currency"]):
            if currency == rates.firm_currency or row in chunk.refused:
                continue
            found = rates.at(currency, days[row])
            if isinstance(found, Phrase):
                chunk.refuse(row, names[0], found)
                continue
            rated, rate = found
            if rated < days[row] and _is_old(rated, days[row]):
                job.findings.tally(
                    OLD_RATE, limit=_OLD, line=chunk.lines[row], currency=currency, day=days[row], rated=rated
                )
            for column in columns:
                if column[row] is not None:
                    column[row] = convert(column[row], rate)
            values["currency"][row] = rates.firm_currency


def given_currencies(given: str | None) -> list[str]:
    """The codes of --currency."""
    codes = [text.currency(one) for one in given.split(",")] if given is not None else []
    for code in codes:
        if isinstance(code, RefusedValue):
            raise BadInput(N_("--currency: %(problem)s."), problem=code.reason)
    return [code for code in codes if isinstance(code, str)]


@lru_cache(maxsize=100_000)
def _is_old(rated: str, day: str) -> bool:
    """Whether a rate is much older than the day (both ISO) that it is used for."""
    return (date.fromisoformat(day) - date.fromisoformat(rated)).days > _OLD


def convert(units: int, rate: Decimal) -> int:
    """Ten-thousandths of one currency as those of another, rounded half away from zero."""
    return int((units * rate).to_integral_value(rounding=ROUND_HALF_UP))


def _check_marks(job: ImportJob, chunk: Chunk, name: str) -> None:
    """Refuse an amount that carries the sign of another currency than its row."""
    parser, place = job.parsers[name], job.layout.places.get(name)
    if place is None or not isinstance(parser, Amounts) or not parser.marks:
        return
    for row, cells in enumerate(chunk.cells):
        if chunk.values[name][row] is None:
            continue
        mark = parser.marks.get(unguarded(cells[place].strip()))
        currency = chunk.values["currency"][row]
        if mark is not None and isinstance(currency, str) and currency not in mark.split():
            chunk.refuse(
                row,
                name,
                Phrase(
                    N_("%(cell)s is not in %(currency)s"), cell=repr(cells[place].strip()), currency=currency
                ),
            )
