"""Amounts of money as people write them: read as whole ten-thousandths, or refused; never guessed."""

import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Literal

from bot.errors import N_, Phrase
from bot.services.imports.read.currencies import MARK, possible
from bot.services.imports.read.refusal import RefusedValue, clip
from db.types import MONEY_UNITS, money_units

Style = Literal["point", "comma"]
LIMIT = 10**12

# Three digits after a point are left to the slow path: in some countries they are thousands.
_PLAIN = re.compile(r"-?[0-9]{1,12}(?:\.(?:[0-9]{1,2}|[0-9]{4}))?").fullmatch
_SCALE = {2: 1_000, 3: 100, 5: 1}  # by the length of the fraction with its point
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity|#.*)", re.IGNORECASE).fullmatch
_EXPONENT = re.compile(r"[+-]?[0-9.,]+e[+-]?[0-9]+", re.IGNORECASE).fullmatch
_NUMERIC = str.maketrans("", "", "-+0123456789.,' ()\u00a0")  # leaves what may be a word or a sign
_DASHES = str.maketrans(dict.fromkeys("\u2012\u2013\u2014\u2212\uff0d", "-"))
_NO_CENTS = re.compile(r"(.*[0-9][.,])-{1,2}").fullmatch  # 12,- and 1.250,--
_SCALED = re.compile(
    r"[0-9]\s*(?:万元?|萬|亿|千元?|百万|k|m|mm|mn|mio\.?|mrd\.?|bn|tsd\.?|teur|t€|lakhs?|lacs?|crores?|thousand|million)$",
    re.IGNORECASE,
).search
SIDE = re.compile(r"(?<=[0-9\s)])(dr|cr|db|debit|credit|soll|haben|s|h|d|c|借|贷)\.?$", re.IGNORECASE).search
_GROUP_GAPS = re.compile(r"(?<=[0-9])[\s'’](?=[0-9]{3}(?![0-9]))")
_SHAPES: tuple[tuple[str, Style | None], ...] = (
    (r"[0-9]+", "point"),
    (r"[0-9]{1,3}(,[0-9]{3})+\.[0-9]*", "point"),
    (r"[0-9]{1,3}(\.[0-9]{3})+,[0-9]*", "comma"),
    (r"[0-9]{1,3}(,[0-9]{3}){2,}", "point"),
    (r"[0-9]{1,2}(,[0-9]{2})+,[0-9]{3}(\.[0-9]*)?", "point"),  # 12,34,567.50, as in India
    (r"[0-9]{1,3}(\.[0-9]{3}){2,}", "comma"),
    (r"[1-9][0-9]{0,2}[.,][0-9]{3}", None),
    (r"[0-9]*\.[0-9]+", "point"),
    (r"[0-9]+\.", "point"),
    (r"[0-9]+,[0-9]+", "comma"),
)
_COMPILED = tuple((re.compile(pattern).fullmatch, style) for pattern, style in _SHAPES)


class Amounts:
    """Reads one column of amounts; calls `style` only for a lone group of three digits such as 1,234.

    `negative` are the words of a side, such as CR, whose amounts are negative; None where nobody has said which.
    """

    def __init__(self, style: Callable[[str], str], negative: frozenset[str] | None = None) -> None:
        self._style = style
        self.negative = negative
        self.marks: dict[str, str] = {}  # cell -> the currencies that its sign may mean
        self.sides: dict[str, str] = {}  # word of a side -> the first cell that has it

    def __call__(self, text: str) -> int | RefusedValue:
        if _PLAIN(text):
            point = text.find(".")
            if point < 0:
                return int(text) * MONEY_UNITS
            return int(text[:point] + text[point + 1 :]) * _SCALE[len(text) - point]
        return self._read(text)

    def _read(self, text: str) -> int | RefusedValue:
        if _NOT_FINITE(text.strip()):
            return RefusedValue(Phrase(N_("%(cell)s is not an amount"), cell=repr(clip(text))))
        written, side = text, ""
        word = text.translate(_NUMERIC)
        if word and not possible(word):
            if _SCALED(text):
                why = Phrase(
                    N_("%(cell)s is in thousands or the like; write the whole amount"), cell=repr(clip(text))
                )
                return RefusedValue(why, is_form=True)
            written, side = split_side(text)
        if side:
            self.sides.setdefault(side, text)
            if self.negative is None:
                return RefusedValue(
                    Phrase(
                        N_("%(cell)s has a side, and nobody said which one is minus"), cell=repr(clip(text))
                    )
                )
        body, negative, mark = dissect(written)
        if side and side in (self.negative or ()):
            negative = not negative
        if mark is not None:
            if len(self.marks) > 20_000:
                self.marks.clear()
            self.marks[text] = mark
        if _EXPONENT(body):
            return RefusedValue(
                Phrase(
                    N_(
                        "%(cell)s is in scientific notation, which has lost digits; show the column as a number"
                    ),
                    cell=repr(clip(text)),
                ),
                is_form=True,
            )
        amount = read_decimal(body, partial(self._style, text))
        if amount is None:
            has_digits = any(map(str.isdigit, text))
            return RefusedValue(
                Phrase(N_("%(cell)s is not an amount"), cell=repr(clip(text))), is_form=has_digits
            )
        if amount > LIMIT:
            return RefusedValue(
                Phrase(
                    N_("%(cell)s is over %(limit)s, too large for one amount"),
                    cell=repr(clip(text)),
                    limit=f"{LIMIT:,}",
                )
            )
        return -money_units(amount) if negative else money_units(amount)


def split_side(text: str) -> tuple[str, str]:
    """An amount without the word of its side, such as DR or CR, and that word in lower case; "" without one."""
    found = SIDE(text)
    return (text, "") if found is None else (text[: found.start()].strip(), found[1].lower())


def dissect(text: str) -> tuple[str, bool, str | None]:
    """(digits with separators, negative, currencies of its sign) of an amount as written."""
    body = unicodedata.normalize("NFKC", text).translate(_DASHES).strip()
    body, mark = _without_marks(body)
    if body == "-" and mark is not None:
        return "0", False, mark  # zero, as spreadsheets show it in the format of accountants
    cents = _NO_CENTS(body)
    if cents:
        body = cents[1] + "00"
    negative = False
    if body.startswith("(") and body.endswith(")"):
        negative, body = True, body[1:-1].strip()
    if body[:1] in ("-", "+"):
        # A bracket and a minus are a double negative: the text as it is will be refused.
        if negative:
            return text, False, mark
        negative, body = body[0] == "-", body[1:].strip()
    elif body.endswith("-") and not negative:
        negative, body = True, body[:-1].strip()
    return _GROUP_GAPS.sub("", body), negative, mark


def _without_marks(body: str) -> tuple[str, str | None]:
    """An amount without the signs, words or codes of its currency, and the codes that all of them may mean."""
    word = body.translate(_NUMERIC)
    if not word:
        return body, None
    meant: list[str] | None = None
    for _ in range(2):  # $1,200.00 USD has two
        place, end = _find_mark(body, word)
        codes = possible(body[place:end])
        if not codes:
            break
        before, after = body[:place].rstrip(), body[end:].lstrip()
        if before[-1:].isdigit() and after[:1].isdigit():
            break  # 12€50: it marks the decimals
        body = before + after
        meant = [one for one in codes if meant is None or one in meant]
        word = body.translate(_NUMERIC)
        if not word:
            break
    return body, None if meant is None else " ".join(meant)


def _find_mark(body: str, word: str) -> tuple[int, int]:
    """Where the mark of a currency begins and ends; `word` is what is no part of a number."""
    place = body.find(word)
    if place >= 0 and possible(word):
        end = place + len(word)
        return place, end + (body[end : end + 1] == "." and possible(body[place : end + 1]) != ())
    found = MARK.search(body)
    return (0, 0) if found is None else found.span()


def number_in(cell: str, style: Style) -> Decimal | None:
    """The number in a cell, with its sign; None where there is none. `style` decides what fits both styles."""
    if _PLAIN(cell):
        return Decimal(cell)
    body, negative, _ = dissect(cell)
    number = read_decimal(body, lambda: style)
    return -number if number is not None and negative else number


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
