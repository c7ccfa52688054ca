"""The parts of a date as people write it: numbers, names of months, Chinese numerals, a time with an offset."""

import re
import unicodedata
from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from typing import NamedTuple

from bot.errors import N_, Phrase
from bot.services.imports.read.date_shapes.calendars import calendar_of, is_placeholder
from bot.services.imports.read.date_shapes.months import is_weekday, months_named
from bot.services.imports.read.refusal import clip

_HALF = r"上午|下午|凌晨|早上|中午|晚上|[ap]\.?\s?m\.?(?![a-z])"
_CLOCK = (
    rf"(?:(?:T|,?\s+|(?<=[日号號일])\s*)(?P<before>{_HALF})?\s*(?P<hour>[01]?[0-9]|2[0-4])[:时時点點h](?P<minute>[0-5]?[0-9])?"
    rf"(?:[:分](?P<second>[0-6]?[0-9])?(?:[.,][0-9]+)?秒?)?分?\s*(?P<after>{_HALF})?(?:\s*Uhr)?"
    r"\s*(?P<zone>Z|(?:UTC|GMT)?[+-](?:0?[0-9]|1[0-4])(?::?[0-5][0-9])?|UTC|GMT)?(?:\s*[\[(][^\])]*[\])])?)?"
)
is_local_clock = re.compile(
    r"(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?(?: [AP]M)?", re.IGNORECASE
).fullmatch
_WEEKDAY = re.compile(
    r"\s*[(]?(?:(?:星期|周|週|礼拜|禮拜)[一二三四五六日天]|(?<=\()[月火水木金土日](?=\)))[)]?"
)


def _shape(pattern: str) -> Callable[[str], re.Match[str] | None]:
    return re.compile(pattern + _CLOCK, re.IGNORECASE).fullmatch


_YEAR_FIRST = _shape(
    r"(?P<y>[0-9]{4})(?:\s?(?P<sign>[-/. ])\s?(?P<m>[0-9]{1,2})\s?(?P=sign)\s?(?P<d>[0-9]{1,2})\.?"
    r"|\s*[年년]\s*(?P<m2>[0-9]{1,2})\s*[月월]\s*(?P<d2>[0-9]{1,2})\s*[日号號일]?)"
)
_NUMBERS = _shape(
    r"(?P<a>[0-9]{1,2})\s?(?P<sign>[-/. ])\s?(?P<b>[0-9]{1,2})\s?(?P=sign)\s?(?P<c>[0-9]{4}|'?[0-9]{2})"
)
_COMPACT = _shape(
    r"(?P<y>(?:19|20)[0-9]{2})(?P<m>[0-9]{2})(?P<d>[0-9]{2})(?:T?(?P<time>[0-9]{6})(?P<utc>Z)?)?"
)
_GAP = r"[\s\-./,_]*"
_DAY = r"(?P<d>[0-9]{1,2})(?:st|nd|rd|th|er|re|[.ºª°])?"
_OF = r"(?:of\s+|del?\s+|d['’]\s*)?"
_NAME = r"(?P<name>[^\W\d_]{3,})\.?"
_SOME_YEAR = r"(?P<y>[0-9]{4}|'?[0-9]{2})"
_NAMED = (
    _shape(_DAY + _GAP + _OF + _NAME + _GAP + _OF + _SOME_YEAR + r"(?:\s*[гр]\.?)?"),
    _shape(_NAME + r"[\s\-/.]*" + _DAY + r"(?:\s*,\s*|[\s\-/]+)" + _SOME_YEAR),
    _shape(r"(?P<y>[0-9]{4})" + _GAP + _NAME + _GAP + _DAY),
)
_UNIX = re.compile(
    _NAME + r"\s+(?P<d>[0-9]{1,2})\s+(?P<clock>[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?: UTC| GMT)?)\s+(?P<y>[0-9]{4})"
).fullmatch
_SPELT = re.compile(
    r"([〇零○一二三四五六七八九]{4})年([一二三四五六七八九十]{1,2})月([一二三四五六七八九十]{1,3})[日号號]"
).fullmatch
_DIGITS = {char: number for number, char in enumerate("〇一二三四五六七八九")} | {"零": 0, "○": 0}
_YEAR_ONLY = re.compile(r"(?:19|20)[0-9]{2}年?").fullmatch
_NO_DAY = re.compile(
    r"[0-9]{4}\s*(?:[-/.]|年)\s*[0-9]{1,2}月?|[0-9]{1,2}[-/.][0-9]{4}|[^\W\d_]{3,}\.?[\s\-/.']*[0-9]{2,4}"
    r"|[0-9]{1,4}[\s\-/.]*[^\W\d_]{3,}\.?|[0-9]{1,2}月[0-9]{1,2}[日号]"
).fullmatch
_SERIAL = re.compile(r"[0-9]{4,6}(?:[.,][0-9]+)?").fullmatch
_WORD = re.compile(r"[^\W\d_]{3,}")
_EPOCH = re.compile(r"[0-9]{10}(?:[0-9]{3})?").fullmatch


class WrittenDate(NamedTuple):
    """A date as it is written: three numbers, and the orders of year, month and day that they may have."""

    numbers: tuple[int, int, int]
    orders: tuple[str, ...]
    shape: str  # how the numbers are written; "" where that says nothing about who wrote them
    short_year: bool = False
    seconds: int = 0  # since midnight
    offset: timedelta | None = None  # from UTC; None when the time names none

    def days(self) -> dict[str, tuple[int, int, int]]:
        """Year, month and day by possible order."""
        return {order: self.arranged(order) for order in self.orders}

    def arranged(self, order: str) -> tuple[int, int, int]:
        """Year, month and day when the numbers are in this order."""
        first, second, third = (self.numbers[order.index(part)] for part in "ymd")
        return first, second, third


def is_iso(text: str) -> bool:
    """Whether a text may be a day as 2026-03-05, alone or before a time."""
    return text[4:5] == "-" == text[7:8] and text[10:11] in ("", "T", " ")


def read_iso(text: str) -> WrittenDate | None:
    """A day as 2026-03-05 with or without a time, which most files have; the library reads it three times as fast."""
    if not is_iso(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    seconds = moment.hour * 3600 + moment.minute * 60 + moment.second
    numbers = moment.year, moment.month, moment.day
    return WrittenDate(numbers, ("ymd",), "year first", False, seconds, moment.utcoffset())


def dissect(text: str) -> WrittenDate | None:
    """A date as it is written; None when the text is none."""
    if not text.isascii():
        text = _plain_digits(unicodedata.normalize("NFKC", text))
    if found := _YEAR_FIRST(text):
        parts = found["y"], found["m"] or found["m2"], found["d"] or found["d2"]
        return _known(parts, found, shape="year first")
    if found := _NUMBERS(text):
        return _numbers(found)
    if found := _COMPACT(text):
        return _known((found["y"], found["m"], found["d"]), found, shape="year first")
    return _spelt(text) if any(map(str.isalpha, text)) else None


def possible_orders(text: str) -> frozenset[str] | None:
    """The orders in which a date is a day of the calendar; None when it does not leave the order open."""
    text = text.strip()
    day, _, clock = text.partition(" ")
    return _orders(day if is_local_clock(clock) else text)


@lru_cache(maxsize=20_000)
def _orders(text: str) -> frozenset[str] | None:
    written = dissect(text)
    if written is None or len(written.orders) == 1:
        return None
    days = written.days().items()
    # Of a leap year, as it does not matter here and the century may not be known.
    possible = frozenset(order for order, (_, month, day) in days if is_day(month, day))
    return possible or None


def is_day(month: int, day: int) -> bool:
    """Whether it is a day of a leap year."""
    return 1 <= month <= 12 and 1 <= day <= monthrange(2000, month)[1]


def stands_for_nothing(written: WrittenDate) -> bool:
    """Whether a date is a placeholder, in whatever order its numbers stand."""
    if written.short_year:
        return written.numbers in ((0, 0, 0), (1, 0, 0))
    return _is_epoch(written) or any(is_placeholder(*day) for day in written.days().values())


def _is_epoch(written: WrittenDate) -> bool:
    """Whether it is the first second of Unix time, in whatever zone."""
    if written.offset is None or written.numbers not in ((1969, 12, 31), (1970, 1, 1)):
        return False
    year, month, day = written.numbers
    moment = datetime(year, month, day, tzinfo=timezone(written.offset)) + timedelta(seconds=written.seconds)
    return moment == datetime(1970, 1, 1, tzinfo=UTC)


def _numbers(found: re.Match[str]) -> WrittenDate:
    sign, last = found["sign"], found["c"].lstrip("'")
    short = len(last) == 2
    orders: tuple[str, ...] = ("dmy",) if sign == "." else ("dmy", "mdy")
    if short and found["c"] == last:
        orders += ("ymd",)
    parts = [found["a"], found["b"], *([last] if short else [])]
    if any(len(part) == 1 for part in parts):
        style = "bare"
    else:
        style = "padded" if any(part.startswith("0") for part in (found["a"], found["b"])) else ""
    seconds, offset = _time(found)
    return WrittenDate(
        numbers=(int(found["a"]), int(found["b"]), int(last)),
        orders=orders,
        shape=f"{sign}{style}",
        short_year=short,
        seconds=seconds,
        offset=offset,
    )


def _known(parts: tuple[str, str, str], found: re.Match[str], *, shape: str = "") -> WrittenDate:
    """A date whose year, month and day are known."""
    year, month, day = parts
    seconds, offset = _time(found)
    short = len(year.lstrip("'")) == 2
    numbers = int(year.lstrip("'")), int(month), int(day)
    return WrittenDate(numbers, ("ymd",), shape, short, seconds, offset)


def _spelt(text: str) -> WrittenDate | None:
    """A date with the name of its month or weekday, or all in Chinese numerals."""
    if found := _SPELT(text):
        year = "".join(str(_DIGITS[char]) for char in found[1])
        return WrittenDate((int(year), _chinese(found[2]), _chinese(found[3])), ("ymd",), "")
    if unix := _UNIX(text):
        text = f"{unix['name']} {unix['d']}, {unix['y']} {unix['clock']}"
    for matches in _NAMED:
        if (found := matches(text)) and len(months := months_named(found["name"])) == 1:
            (month,) = months
            return _known((found["y"], str(month), found["d"]), found)
    word, _, rest = text.partition(" ")
    rest = rest if is_weekday(word.rstrip(",")) else _WEEKDAY.sub("", text, count=1)
    return dissect(rest.strip()) if rest and rest != text else None


def _time(found: re.Match[str]) -> tuple[int, timedelta | None]:
    """Seconds since midnight, and the offset from UTC if it is given."""
    groups = found.groupdict()
    if groups.get("time"):
        hours, minutes, seconds = (int(groups["time"][place : place + 2]) for place in (0, 2, 4))
        return hours * 3600 + minutes * 60 + seconds, timedelta() if groups["utc"] else None
    if found["hour"] is None:
        return 0, None
    half = (found["before"] or found["after"] or "").lower().replace(".", "").replace(" ", "")
    hour = int(found["hour"])
    if half in ("pm", "下午", "晚上", "中午") and 1 <= hour < 12 and not (half == "中午" and hour > 2):
        hour += 12
    elif half in ("am", "上午", "凌晨", "早上") and hour == 12:
        hour = 0
    seconds = hour * 3600 + int(found["minute"] or 0) * 60 + int(found["second"] or 0)
    return seconds, _offset(found["zone"])


def _offset(zone: str | None) -> timedelta | None:
    if zone is None:
        return None
    digits = zone.upper().removeprefix("UTC").removeprefix("GMT").replace(":", "")
    if digits in ("", "Z"):
        return timedelta()
    hours, minutes = (digits[1:3], digits[3:]) if len(digits) > 3 else (digits[1:], "0")
    offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
    return -offset if digits[0] == "-" else offset


def _plain_digits(text: str) -> str:
    """A text with the digits of any script in ASCII."""
    return "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in text)


def _chinese(numeral: str) -> int:
    tens, ten, ones = numeral.rpartition("十")
    if not ten:
        return _DIGITS.get(numeral, 99) if len(numeral) == 1 else 99
    return (_DIGITS.get(tens, 99) if tens else 1) * 10 + (_DIGITS.get(ones, 99) if ones else 0)


def why_not(text: str, today: date) -> str:
    folded = _plain_digits(unicodedata.normalize("NFKC", text))
    shown = repr(clip(text))
    if why := calendar_of(folded, today):
        return Phrase("%(cell)s %(why)s", cell=shown, why=why)
    if any(len(months_named(word)) > 1 for word in _WORD.findall(folded)):
        return Phrase(
            N_("%(cell)s names a month that is another one in another language; write it as 2026-03-05"),
            cell=shown,
        )
    if _EPOCH(folded):
        return Phrase(
            N_("%(cell)s looks like seconds or milliseconds since 1970; export it as a date"), cell=shown
        )
    if _YEAR_ONLY(folded) or _NO_DAY(folded):
        return Phrase(N_("%(cell)s has no day, or no year; write the whole date, as 2026-03-05"), cell=shown)
    if _SERIAL(folded):
        return Phrase(
            N_("%(cell)s looks like an Excel day number; format the column as a date and export it again"),
            cell=shown,
        )
    return Phrase(N_("%(cell)s is not a date; write it as 2026-03-05"), cell=shown)
