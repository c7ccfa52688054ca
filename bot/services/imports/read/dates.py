"""Dates as people write them: read as ISO days, or refused; day and month are never guessed."""

import re
import unicodedata
from collections.abc import Callable
from datetime import date

from bot.services.imports.read.refusal import RefusedValue, clip

_CLOCK = r"(?:[T\s]\s*(?:上午|下午|AM\s|PM\s)?\s*(?:[01]?[0-9]|2[0-4])[:时点][0-5]?[0-9](?:[:分][0-6]?[0-9](?:[.,][0-9]+)?秒?)?分?\s*(?:AM|PM)?\s*(?:Z|UTC|[+-][0-9]{2}:?[0-9]{2})?)?"
_YEAR_FIRST = re.compile(
    r"([0-9]{4})(?:-([0-9]{1,2})-([0-9]{1,2})|/([0-9]{1,2})/([0-9]{1,2})|\.([0-9]{1,2})\.([0-9]{1,2})"
    r"|\s*年\s*([0-9]{1,2})\s*月\s*([0-9]{1,2})\s*[日号])" + _CLOCK,
    re.IGNORECASE,
).fullmatch
_YEAR_LAST = re.compile(
    r"([0-9]{1,2})(?:([/-])([0-9]{1,2})\2|\.([0-9]{1,2})\.)([0-9]{4})" + _CLOCK, re.IGNORECASE
).fullmatch
_COMPACT = re.compile(r"((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})(?:T?[0-9]{6})?").fullmatch
_SERIAL = re.compile(r"[0-9]{4,6}(?:[.,][0-9]+)?").fullmatch
_SHORT_YEAR = re.compile(r"[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{2}" + _CLOCK).fullmatch


class Dates:
    """Reads one column of dates as ISO days; calls `order` only for a date such as 03/05/2026."""

    def __init__(
        self, order: Callable[[str], str], *, latest: date | None = None, first_year: int = 1900
    ) -> None:
        self._order = order
        self._latest = latest
        self._first_year = first_year

    def __call__(self, text: str) -> str | RefusedValue:
        day = self._read(text)
        if isinstance(day, RefusedValue):
            return day
        if day.year < self._first_year:
            return RefusedValue(f"{clip(text)!r} is before {self._first_year}")
        if self._latest is not None and day > self._latest:
            return RefusedValue(f"{clip(text)!r} is in the future")
        return day.isoformat()

    def _read(self, text: str) -> date | RefusedValue:
        folded = unicodedata.normalize("NFKC", text)
        parts = dissect(folded)
        if parts is None:
            return RefusedValue(_why_not(text, folded))
        year, first, second, known = parts
        if not known and self._order(text) == "dmy":
            first, second = second, first
        try:
            return date(year, first, second)
        except ValueError:
            return RefusedValue(f"{clip(text)!r} is not a day of the calendar")


def dissect(text: str) -> tuple[int, int, int, bool] | None:
    """(year, month, day, True), or (year, first, second, False) when the order of day and month is open."""
    found = _YEAR_FIRST(text) or _COMPACT(text)
    if found:
        year, month, day = (int(part) for part in found.groups() if part)
        return year, month, day, True
    found = _YEAR_LAST(text)
    if found is None:
        return None
    first, slash, second, dotted, year_text = found.groups()
    if slash:
        return int(year_text), int(first), int(second), False
    # With points, the day always comes first.
    return int(year_text), int(dotted), int(first), True


def prove_order(text: str) -> str | None:
    """The order that the numbers of a date prove; None when they prove none."""
    parts = dissect(unicodedata.normalize("NFKC", text.strip()))
    if parts is None or parts[3]:
        return None
    _, first, second, _ = parts
    if first > 12 >= second:
        return "dmy"
    return "mdy" if second > 12 >= first else None


def _why_not(text: str, folded: str) -> str:
    if _SERIAL(folded):
        return (
            f"{clip(text)!r} looks like an Excel day number; format the column as a date and export it again"
        )
    if _SHORT_YEAR(folded):
        return f"{clip(text)!r} has a year of two digits; write all four"
    return f"{clip(text)!r} is not a date; write it as 2026-03-05"
