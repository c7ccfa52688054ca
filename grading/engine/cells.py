"""Text as a value: numbers and booleans as people and other systems write them. Needs neither numpy nor pandas."""

import math
import re
import unicodedata

_NUMBER = re.compile(
    r"([+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?|[+-]?\.\d+)(e[+-]?\d{1,3})?\s*(%?)", re.ASCII | re.IGNORECASE
)
_TRUTHS = {
    "true": True,
    "yes": True,
    "是": True,
    "1": True,
    "false": False,
    "no": False,
    "否": False,
    "0": False,
}


def read_number(cell: str) -> float:
    """A number; ValueError says what is wrong."""
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
    """A boolean; ValueError says what is wrong."""
    found = _TRUTHS.get(unicodedata.normalize("NFKC", cell).strip().lower())
    if found is None:
        raise ValueError("neither true nor false; write true or false, yes or no, 是 or 否, 1 or 0")
    return found
