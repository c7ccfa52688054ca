"""Numbers and days as people read them in a language: as Babel writes them, which reads locale and pattern anew for
each. The twenty numbers of a card took it as long as all of its words."""

from datetime import date
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any

from babel.dates import format_date
from babel.numbers import get_decimal_symbol, get_group_symbol


class Figures:
    """How one locale writes figures; halves go to the even digit, decided on the number as it prints."""

    def __init__(self, locale: str) -> None:
        self._locale = locale
        self.day = lru_cache(maxsize=1_000)(self._day)

    def number(self, value: Any, least: int, most: int) -> str:
        """With so many decimals, at least and at most: (0, 2) is Babel's #,##0.##."""
        text = format(Decimal(str(value)), f",.{most}f")
        if most > least:
            whole, _, decimals = text.partition(".")
            kept = decimals[:least] + decimals[least:].rstrip("0")
            text = f"{whole}.{kept}" if kept else whole
        return text.translate(self._symbols) if self._symbols else text

    def signed(self, value: Any) -> str:
        """With one decimal and its sign, also a plus."""
        return self.number(value, 1, 1) if str(value).startswith("-") else "+" + self.number(value, 1, 1)

    def percent(self, share: Any, most: int = 0) -> str:
        """A fraction of 1 as a percentage with at most so many decimals."""
        return self.number(Decimal(str(share)).scaleb(2), 0, most) + "%"

    @cached_property
    def _symbols(self) -> dict[int, str] | None:
        found = {
            ord(","): get_group_symbol(self._locale),
            ord("."): get_decimal_symbol(self._locale),
        }
        return None if found == {ord(","): ",", ord("."): "."} else found

    def _day(self, value: date) -> str:
        return format_date(value, "medium", locale=self._locale)
