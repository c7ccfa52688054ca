"""Numbers that are no amounts of money, as people write them: text with a decimal point, or refused; never guessed."""

import re
import unicodedata
from collections.abc import Callable
from functools import partial

from bot.errors import N_, Phrase
from bot.services.imports.read.amounts import dissect, prove_style, read_decimal
from bot.services.imports.read.refusal import RefusedValue, clip
from grading.engine.cells import read_number

# As it is stored. Three digits after a point are left to the slow path, unless they follow a zero: in some countries
# they are thousands.
_PLAIN = re.compile(
    r"(?:[+-]?[0-9]{1,12}(?:\.(?:[0-9]{1,2}|[0-9]{4,}))?|-?0\.[0-9]{3})%?", re.ASCII
).fullmatch
_EXPONENT = re.compile(
    r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)e[+-]?[0-9]{1,3}", re.ASCII | re.IGNORECASE
).fullmatch


class Numbers:
    """Reads one column of numbers; calls `style` only for a lone group of three digits such as 1,234.

    A percent sign stays: 12,5 % becomes 12.5%. A currency sign is refused unless it may mean `currency`.
    """

    def __init__(self, style: Callable[[str], str], currency: str | None = None) -> None:
        self._style = style
        self._currency = currency

    def __call__(self, text: str) -> str | RefusedValue:
        if _PLAIN(text):
            return text
        body = unicodedata.normalize("NFKC", text).replace("\u2212", "-").strip()
        sign = "%" if body.endswith("%") or body.startswith("%") else ""
        if sign:
            body = (body[:-1] if body.endswith("%") else body[1:]).strip()
        if not _EXPONENT(body):
            digits, negative, mark = dissect(body)
            if not prove_style(digits) and prove_style(digits) is not None:
                return RefusedValue(
                    Phrase(N_("%(cell)s is not a number; write it as 1234.5 or 12%%"), cell=repr(clip(text)))
                )
            if mark is not None and (sign or self._currency not in mark.split()):
                return RefusedValue(_why_not_currency(text, mark, self._currency))
            number = read_decimal(digits, partial(self._style, text))
            body = f"{-number if negative and number else number:f}"
        try:
            read_number(body)
        except ValueError:
            return RefusedValue(Phrase(N_("%(cell)s is too large"), cell=repr(clip(text))))
        return body + sign


def _why_not_currency(text: str, mark: str, currency: str | None) -> str:
    if currency is None:
        return Phrase(
            N_("%(cell)s is not a number; write it without %(mark)s"),
            cell=repr(clip(text)),
            mark=mark.split()[0],
        )
    return Phrase(
        N_("%(cell)s is not in %(currency)s; convert it and write the number"),
        cell=repr(clip(text)),
        currency=currency,
    )
