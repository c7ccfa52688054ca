"""Amounts of money as people write them: read as whole ten-thousandths, or refused; never guessed."""

import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Literal

from bot.services.imports.read.refusal import RefusedValue, clip
from db.types import MONEY_UNITS, money_units

Style = Literal["point", "comma"]
LIMIT = 10**12

# Three digits after a point are left to the slow path: in some countries they are thousands.
_PLAIN = re.compile(r"-?[0-9]{1,12}(?:\.(?:[0-9]{1,2}|[0-9]{4}))?").fullmatch
_SCALE = {2: 1_000, 3: 100, 5: 1}  # by the length of the fraction with its point
_MARKS = {"¥": "CNY JPY", "€": "EUR", "£": "GBP", "₹": "INR", "₩": "KRW", "₽": "RUB", "₺": "TRY", "฿": "THB"}
_MARKS |= {"$": "USD CAD AUD NZD HKD SGD TWD MXN BRL ARS CLP COP", "US$": "USD", "HK$": "HKD", "RMB": "CNY"}
_MARKS |= {"元": "CNY", "人民币": "CNY", "美元": "USD", "欧元": "EUR", "英镑": "GBP", "日元": "JPY"}
_MARKS |= {"港币": "HKD", "港元": "HKD", "新台币": "TWD"}
_MARK = re.compile("|".join(map(re.escape, sorted(_MARKS, key=len, reverse=True))) + "|[A-Z]{3}")
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity|#.*)", re.IGNORECASE).fullmatch
_EXPONENT = re.compile(r"[+-]?[0-9.,]+e[+-]?[0-9]+", re.IGNORECASE).fullmatch
_GROUP_GAPS = re.compile(r"(?<=[0-9])[\s'’](?=[0-9]{3}(?![0-9]))")
_SHAPES: tuple[tuple[str, Style | None], ...] = (
    (r"[0-9]+", "point"),
    (r"[0-9]{1,3}(,[0-9]{3})+\.[0-9]*", "point"),
    (r"[0-9]{1,3}(\.[0-9]{3})+,[0-9]*", "comma"),
    (r"[0-9]{1,3}(,[0-9]{3}){2,}", "point"),
    (r"[0-9]{1,3}(\.[0-9]{3}){2,}", "comma"),
    (r"[1-9][0-9]{0,2}[.,][0-9]{3}", None),
    (r"[0-9]*\.[0-9]+", "point"),
    (r"[0-9]+\.", "point"),
    (r"[0-9]+,[0-9]+", "comma"),
)
_COMPILED = tuple((re.compile(pattern).fullmatch, style) for pattern, style in _SHAPES)


class Amounts:
    """Reads one column of amounts; calls `style` only for a lone group of three digits such as 1,234."""

    def __init__(self, style: Callable[[str], str]) -> None:
        self._style = style
        self.marks: dict[str, str] = {}  # cell -> the currencies that its sign may mean

    def __call__(self, text: str) -> int | RefusedValue:
        if _PLAIN(text):
            point = text.find(".")
            if point < 0:
                return int(text) * MONEY_UNITS
            return int(text[:point] + text[point + 1 :]) * _SCALE[len(text) - point]
        return self._read(text)

    def _read(self, text: str) -> int | RefusedValue:
        if _NOT_FINITE(text.strip()):
            return RefusedValue(f"{clip(text)!r} is not an amount")
        body, negative, mark = dissect(text)
        if mark is not None:
            if len(self.marks) > 20_000:
                self.marks.clear()
            self.marks[text] = mark
        if _EXPONENT(body):
            return RefusedValue(
                f"{clip(text)!r} is in scientific notation, which has lost digits; show the column as a number"
            )
        amount = read_decimal(body, partial(self._style, text))
        if amount is None:
            return RefusedValue(f"{clip(text)!r} is not an amount")
        if amount > LIMIT:
            return RefusedValue(f"{clip(text)!r} is over {LIMIT:,}, too large for one amount")
        return -money_units(amount) if negative else money_units(amount)


def dissect(text: str) -> tuple[str, bool, str | None]:
    """(digits with separators, negative, currencies of its sign) of an amount as written."""
    body = unicodedata.normalize("NFKC", text).replace("\u2212", "-").strip()
    mark = None
    negative = False
    if body.startswith("(") and body.endswith(")"):
        negative, body = True, body[1:-1].strip()
    found = _MARK.search(body)
    if found:
        word = found.group()
        mark = _MARKS.get(word, word)
        body = (body[: found.start()].strip() + body[found.end() :].strip()).strip()
    if body[:1] in ("-", "+"):
        # A bracket and a minus are a double negative: the text as it is will be refused.
        if negative:
            return text, False, mark
        negative, body = body[0] == "-", body[1:].strip()
    elif body.endswith("-") and not negative:
        negative, body = True, body[:-1].strip()
    return _GROUP_GAPS.sub("", body), negative, mark


def prove_style(body: str) -> Style | Literal[False] | None:
    """The style that digits with separators prove; None when they fit both, False when they are no number."""
    for matches, style in _COMPILED:
        if matches(body):
            return style
    return False


def read_decimal(body: str, style: Callable[[], str]) -> Decimal | None:
    """The value of digits with separators, None when they are no number; `style` decides what fits both styles."""
    proved = prove_style(body)
    if proved is False:
        return None
    point = (proved or style()) == "point"
    return Decimal(body.replace(",", "") if point else body.replace(".", "").replace(",", "."))
