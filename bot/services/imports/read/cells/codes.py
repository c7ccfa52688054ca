"""Codes and numbers of customers, orders and the like: as they were before a spreadsheet or program changed them."""

import re
import unicodedata

from bot.errors import N_, Phrase
from bot.services.imports.read.cells.guards import unguarded_code
from bot.services.imports.read.refusal import RefusedValue, clip
from bot.services.imports.read.text import NAME_LENGTH, line_of_text

_USUAL = re.compile(r"#?[A-Za-z0-9][A-Za-z0-9_/-]{0,198}").fullmatch
# Begins with a letter, so that it is no number; in normal form, which combining marks and full width are not.
_FINE = re.compile(r"[^\W\d_][\w ./#&()-]{0,198}").fullmatch
_UNSEEN = dict.fromkeys(
    [
        0xAD,
        0x34F,
        0x61C,
        0x180E,
        0xFEFF,
        *range(0x200B, 0x2010),
        *range(0x202A, 0x202F),
        *range(0x2060, 0x2070),
    ]
) | dict.fromkeys([0xA0, *range(0x2000, 0x200B), 0x202F, 0x205F], " ")
_COMMENT = re.compile(r"(?:#|//|--)\s+\D").match
_EXPONENT = re.compile(r"[-+]?[0-9]+(?:[.,][0-9]*)?[eE]\+[0-9]+").fullmatch
_DECIMAL = re.compile(r"[0-9]+[.,]0{1,2}").fullmatch
_GROUPED = re.compile(r"[0-9]{1,3}(?:[,.\s'][0-9]{3})+").fullmatch
_NOTED = 1_000  # codes that are kept for the check
_text = line_of_text(NAME_LENGTH)


class Codes:
    """Reads one column of codes.

    What a spreadsheet adds to keep a code as text is taken off, and so are characters that nobody sees. Any other
    difference stays: whether 123 is 000123 is for the check of known codes to ask.
    """

    def __init__(self, *, drop_decimals: bool) -> None:
        self._drop_decimals = drop_decimals
        self.whole = False  # whether a code was read that is no decimal number
        self.decimals: list[str] = []  # codes such as 17850.0
        self.odd: list[str] = []  # these, and others that a spreadsheet or an input method may have changed

    def __call__(self, text: str) -> str | RefusedValue:
        if _USUAL(text) or (_FINE(text) and (text.isascii() or unicodedata.is_normalized("NFKC", text))):
            self.whole = True
            return text
        code = visible(unguarded_code(text))
        if not code or not any(map(str.isalnum, code)):
            return RefusedValue(Phrase(N_("%(cell)s has no letter and no digit"), cell=repr(clip(text))))
        if _COMMENT(code):
            return RefusedValue(Phrase(N_("%(cell)s is a comment"), cell=repr(clip(text))))
        if _EXPONENT(unicodedata.normalize("NFKC", code)):
            return RefusedValue(
                Phrase(
                    N_(
                        "%(cell)s is in scientific notation, which has lost digits; format the column as text "
                        "and export again"
                    ),
                    cell=repr(clip(text)),
                )
            )
        if _DECIMAL(code):
            self._note(self.decimals, code)
            if self._drop_decimals:
                return re.split("[.,]", code)[0]
        else:
            self.whole = True
        if is_damaged(code):
            self._note(self.odd, code)
        value: str | RefusedValue = _text(code)
        return value

    def _note(self, codes: list[str], code: str) -> None:
        if len(codes) < _NOTED:
            codes.append(code)


def visible(text: str) -> str:
    """A code without characters that nobody sees, composed (NFC), with plain spaces."""
    return text if text.isascii() else unicodedata.normalize("NFC", text.translate(_UNSEEN)).strip()


def is_damaged(code: str) -> bool:
    """Whether a code looks as if a spreadsheet or an input method had changed it."""
    return bool(_DECIMAL(code) or _GROUPED(code)) or unicodedata.normalize("NFKC", code) != code


def likely_meant(code: str) -> list[str]:
    """What a code may have been before: half width, other case, without decimals, grouping, zeros or spaces."""
    plain = unicodedata.normalize("NFKC", code).translate(_DASHES)
    if _DECIMAL(plain):
        plain = re.split("[.,]", plain)[0]
    elif _GROUPED(plain):
        plain = re.sub(r"[,.\s']", "", plain)
    close = "".join(plain.split())
    forms = (plain, close, plain.upper(), plain.lower(), close.upper(), close.lower(), plain.lstrip("0"))
    return [form for form in dict.fromkeys(forms) if form and form != code]


_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—−－", "-"))
