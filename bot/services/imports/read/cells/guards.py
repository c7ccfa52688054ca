"""Apostrophes and formulas that keep a cell text in a spreadsheet: put on what we write, taken off what we read."""

import re

# A cell that begins with one of these runs as a formula in a spreadsheet, in half or full width.
_FORMULA = re.compile("[=+\\-@\t\r\0＝＋－＠]")
_GUARDED = re.compile(f"'+{_FORMULA.pattern}")
_TEXT_FORMULA = re.compile(r"=\s*(?:[Tt]\s*\(\s*)?\(?\"((?:[^\"]|\"\")*)\"\)?\s*").fullmatch
_PAIRS = {'"': '"', "'": "'", "“": "”", "‘": "’", "`": "'"}
_MARKS = "'’‘＇`"


def harmless(cell: str) -> str:
    """A cell that no spreadsheet runs as a formula; `restored` gives back the cell as it was."""
    return f"'{cell}" if _FORMULA.match(cell) or _GUARDED.match(cell) else cell


def restored(cell: str) -> str:
    """The cell that `harmless` made harmless."""
    return cell[1:] if _GUARDED.match(cell) else cell


def unguarded(text: str) -> str:
    """A cell without what keeps it text: `="Acme"` is Acme, `'=1+1` is =1+1.

    Any other apostrophe stays, because a name may begin with one.
    """
    if text[:1] == "=" and (found := _TEXT_FORMULA(text)):
        return found.group(1).replace('""', '"').strip()
    return text[1:] if text[:1] == "'" and _GUARDED.match(text) else text


def unguarded_code(text: str) -> str:
    """A code without the formula, the apostrophes or the quotation marks around it."""
    text = unguarded(text)
    while len(text) > 1 and _PAIRS.get(text[0]) == text[-1]:
        text = text[1:-1].strip()
    return text.lstrip(_MARKS).strip()
