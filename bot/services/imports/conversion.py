"""Amounts in the firm's currency: by the newest rate on or before their day, in whole ten-thousandths."""

from bisect import bisect_right
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from bot.errors import N_, BadInput
from bot.services.imports.kind import Chunk, ImportJob
from bot.services.imports.read import text
from bot.services.imports.read.amounts import Amounts
from bot.services.imports.read.refusal import RefusedValue
from db.book.trade import rates_to


class RateTable:
    """The exchange rates to one currency."""

    def __init__(self, connection: Any, firm_currency: str) -> None:
        self.firm_currency = firm_currency
        self._known: dict[str, tuple[list[str], list[Decimal]]] = {}
        for currency, day, rate in rates_to(connection, firm_currency):
            days, rates = self._known.setdefault(currency, ([], []))
            days.append(day.isoformat())
            rates.append(Decimal(rate))

    def at(self, currency: str, day: str) -> Decimal | RefusedValue:
        """What one unit was worth on a day (ISO)."""
        days, rates = self._known.get(currency, ([], []))
        place = bisect_right(days, day)
        if place:
            return rates[place - 1]
        since = f"; the first is of {days[0]}" if days else ""
        return RefusedValue(
            f"there is no rate from {currency} to {self.firm_currency} on or before {day}{since}; "
            "bring rates in first: tierbot import rates"
        )


class Currencies:
    """Which currency the rows of a file are in, and what they are in the firm's."""

    def __init__(self, job: ImportJob) -> None:
        options = job.options
        self._given: str | None = None
        if options.currency is not None:
            given = text.currency(options.currency)
            if isinstance(given, RefusedValue):
                raise BadInput(N_("--currency: %(problem)s."), problem=given.reason)
            self._given = given
        elif "currency" not in job.layout.places:
            raise BadInput(N_("The file has no column for the currency; say which one it is: --currency CNY"))
        self._rates = RateTable(job.connection, options.firm_currency) if options.firm_currency else None

    @property
    def converting(self) -> bool:
        return self._rates is not None

    def settle(
        self, job: ImportJob, chunk: Chunk, amounts: Sequence[tuple[str, Amounts]], days: list[Any]
    ) -> None:
        """Give every row its currency and convert it; amounts that contradict their currency are refused.

        Sets original_amount and original_currency where the firm has a currency of its own.
        """
        values = chunk.values
        if self._given is not None:
            values["currency"] = [value or self._given for value in values["currency"]]
        elif None in values["currency"]:
            missing = RefusedValue("is empty, and no --currency was given")
            chunk.take("currency", [missing if value is None else value for value in values["currency"]])
        for name, parser in amounts:
            if parser.marks:
                _check_marks(job, chunk, name, parser)
        if self._rates is not None:
            self._convert(chunk, self._rates, [name for name, _ in amounts], days)

    def _convert(self, chunk: Chunk, rates: RateTable, names: list[str], days: list[Any]) -> None:
        values = chunk.values
        values["original_amount"] = list(values[names[0]])
        values["original_currency"] = list(values["currency"])
        columns = [values[name] for name in names]
        for row, currency in enumerate(values["original_currency"]):
            if currency == rates.firm_currency or row in chunk.refused:
                continue
            rate = rates.at(currency, days[row])
            if isinstance(rate, RefusedValue):
                chunk.refuse(row, names[0], rate)
                continue
            for column in columns:
                if column[row] is not None:
                    column[row] = converted(column[row], rate)
            values["currency"][row] = rates.firm_currency


def converted(units: int, rate: Decimal) -> int:
    """Ten-thousandths of one currency as those of another, half away from zero."""
    return int((units * rate).to_integral_value(rounding=ROUND_HALF_UP))


def _check_marks(job: ImportJob, chunk: Chunk, name: str, parser: Amounts) -> None:
    """An amount that carries a sign of another currency than its row is refused."""
    place = job.layout.places.get(name)
    if place is None:
        return
    for row, cells in enumerate(chunk.cells):
        mark = parser.marks.get(cells[place].strip())
        currency = chunk.values["currency"][row]
        if mark is not None and isinstance(currency, str) and currency not in mark.split():
            chunk.refuse(row, name, RefusedValue(f"{cells[place].strip()!r} is not in {currency}"))
