"""Text as a value, as people and other systems write it. Needs neither numpy nor pandas.

A word is taken as it is, also one that no scheme knows. Numbers: digits of any width, `1,234.5`, `12 %` (0.12).
Booleans: true/false, yes/no, 是/否, 1/0. Days: 2026-03-05, 2026/3/5, 2026.3.5, 2026年3月5日, year first, so that no day
can be taken for a month.
"""

import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

_NUMBER = re.compile(
    r"([+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?|[+-]?\.\d+)(e[+-]?\d{1,3})?\s*(%?)", re.ASCII | re.IGNORECASE
)
_TRUTHS = dict.fromkeys(("true", "yes", "是", "1"), True) | dict.fromkeys(("false", "no", "否", "0"), False)
_DAY = re.compile(
    r"(\d{4})(?:-(\d{1,2})-|/(\d{1,2})/|\.(\d{1,2})\.|年(\d{1,2})月)(\d{1,2})日?(?:[T ]\d{1,2}:\d{2}.*)?",
    re.ASCII,
)


def read_number(cell: str) -> float:
    """A cell as a number; ValueError with the reason."""
    text = unicodedata.normalize("NFKC", cell).strip().replace("\u2212", "-")
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise ValueError("not a number; write 1234.5 or 12%, or leave the cell empty")
    digits, exponent, percent = match.groups()
    number = float(digits.replace(",", "") + (exponent or "")) / (100.0 if percent else 1.0)
    if not math.isfinite(number):
        raise ValueError("the number is too large")
    return number


def read_truth(cell: str) -> bool:
    """A cell as a boolean; ValueError with the reason."""
    found = _TRUTHS.get(unicodedata.normalize("NFKC", cell).strip().lower())
    if found is None:
        raise ValueError("neither true nor false; write true or false, yes or no, 是 or 否, 1 or 0")
    return found


def read_day(cell: str) -> date:
    """A day; ValueError says what is wrong."""
    match = _DAY.fullmatch(unicodedata.normalize("NFKC", cell).strip())
    if match is None:
        raise ValueError("not a day; write 2026-03-05")
    year, month, day = (int(part) for part in match.groups() if part)
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueError("there is no such day") from None


# By the kind of a scheme's field, and for its days. Each takes a cell with something in it.
READERS: Mapping[str, Callable[[str], Any]] = {
    "number": read_number,
    "word": str.strip,
    "bool": read_truth,
    "day": read_day,
}
