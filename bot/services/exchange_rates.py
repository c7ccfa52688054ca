"""What one currency was worth in another: by the newest rate on or before a day, and never guessed."""

from bisect import bisect_right
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from bot.errors import N_, Phrase
from db.book.trade.exchange_rates import rates_to


class RateTable:
    """The exchange rates to one currency."""

    def __init__(self, connection: Any, firm_currency: str) -> None:
        self.firm_currency = firm_currency
        self._known: dict[str, tuple[list[str], list[Decimal]]] = {}
        for currency, day, rate in rates_to(connection, firm_currency):
            days, rates = self._known.setdefault(currency, ([], []))
            days.append(day.isoformat())
            rates.append(Decimal(rate))

    def at(self, currency: str, day: str) -> tuple[str, Decimal] | Phrase:
        """The value of one unit on a day (ISO), after the day from which it is known; why it is not known."""
        days, rates = self._known.get(currency, ([], []))
        place = bisect_right(days, day)
        if place:
            return days[place - 1], rates[place - 1]
        since = Phrase(N_("; the first is of %(first)s"), first=days[0]) if days else ""
        return Phrase(
            N_(
                "there is no rate from %(currency)s to %(firm)s on or before %(day)s%(since)s; bring rates in first: %(command)s"
            ),
            currency=currency,
            firm=self.firm_currency,
            day=day,
            since=since,
            command="tierbot import rates",
        )


class Converter:
    """Converts amounts to one currency, by the rates to the firm's; those are read when the first is needed."""

    def __init__(self, connection: Any, target: str, firm_currency: str | None) -> None:
        self._connection, self._target, self._firm = connection, target, firm_currency
        self._rates: RateTable | None = None

    def units(self, units: int, currency: str, day: date) -> int | Phrase:
        """Ten-thousandths of a currency as those of the target, as of a day; why that is not known."""
        if currency == self._target:
            return units
        if self._firm is None:
            return Phrase(
                N_(
                    "%(currency)s cannot be converted to %(target)s, because the firm has no currency; set TIERBOT_CURRENCY,"
                    " and bring rates in: %(command)s"
                ),
                currency=currency,
                target=self._target,
                command="tierbot import rates",
            )
        if self._rates is None:
            self._rates = RateTable(self._connection, self._firm)
        worth = []
        for one in (currency, self._target):
            found = (day, Decimal(1)) if one == self._firm else self._rates.at(one, day.isoformat())
            if isinstance(found, Phrase):
                return found
            worth.append(found[1])
        return int((units * worth[0] / worth[1]).to_integral_value(rounding=ROUND_HALF_UP))
