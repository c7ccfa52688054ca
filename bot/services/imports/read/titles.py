"""Lines above the header, such as 单位：万元 or "amounts in thousands of EUR": the units that they name."""

import re
import unicodedata

from bot.errors import N_, Phrase
from bot.services.imports.read.currencies import in_header

HEADER, TITLE = Phrase(N_("The header")), Phrase(N_("The title"))
_SAID = re.compile(
    r"(?:单位|單位|币种|幣種|货币|币别)\W{0,3}(?P<han>[^\s,;)\]|]+)"
    r"|\b(?:currency|units?|einheit|währung|waehrung|devise|moneda)\b\W{0,3}(?:in |ist |is )?(?P<label>[^;,)\]|]+)"
    r"|(?P<of>\bin [^;:,)\]|]+)",
    re.IGNORECASE,
)
_BRACKET = re.compile(r"[(\[]([^)\]]+)[)\]]")
_HAN_UNIT = re.compile(
    r"(?:人民币)?[十百千万亿萬億]*(?:美|欧|日|港|澳|加|韩|新台)?[元币圆镑]?(?:整)?"
).fullmatch
_WORDS = 4  # of a unit: thousands of US dollars


def units_in_title(title: str) -> list[str]:
    """What a line says to be the unit or currency of the amounts below it."""
    text = unicodedata.normalize("NFKC", title)
    said = [match[match.lastgroup or 0] for match in _SAID.finditer(text)] + _BRACKET.findall(text)
    units = [" ".join(one.split()[:_WORDS]) for one in said]
    # 单位 is also an employer: 单位:北京万科公司.
    return [one for one in units if not _has_han(one) or _HAN_UNIT(one)]


def currencies_in_title(title: str) -> tuple[str, ...]:
    """The codes of the currency that a line names; none where it names none."""
    return next((codes for unit in units_in_title(title) if (codes := in_header(unit))), ())


def _has_han(text: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)
