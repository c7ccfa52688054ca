"""A question in atoms: words, single Chinese characters, and marks, each as it is compared and with its place."""

import re
import unicodedata
from typing import NamedTuple

from bot.services.name_keys import HAN, fold

QUOTES = {'"': '"', "“": "”", "„": "“", "「": "」", "『": "』", "«": "»"}
_PREFERRED = (("“", "”"), ('"', '"'), ("「", "」"), ("『", "』"), ("«", "»"))
_NO_QUOTES = dict.fromkeys(map(ord, '“”"「」『』«»„'))
SOFT = frozenset("-/&.()'’‘`_·:–—%@*#")  # between words they may be there or not
APART = frozenset(",;、，；\n")
_ATOM = re.compile(r"[㐀-鿿]|[^\W_㐀-鿿]+|\S")


class Atom(NamedTuple):
    """A word, a Chinese character or a mark: from where to where it stands, and its key. `quoted`: what marks hold."""

    start: int
    end: int
    key: str
    quoted: str | None = None

    @property
    def is_mark(self) -> bool:
        return self.quoted is None and not self.key[:1].isalnum()


def normal(text: str) -> str:
    """A question as it is read: half width, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def atoms_of(text: str) -> list[Atom]:
    """The atoms of a text that is `normal` already."""
    found: list[Atom] = []
    place = 0
    while match := _ATOM.search(text, place):
        mark, place = match[0], match.end()
        close = QUOTES.get(mark)
        if close is not None and (end := text.find(close, place)) > place and text[place:end].strip():
            found.append(Atom(match.start(), end + 1, mark, text[place:end].strip()))
            place = end + 1
            continue
        found.append(Atom(match.start(), match.end(), key_of(mark)))
    return found


def key_of(word: str) -> str:
    """A word or mark as it is compared: folded like names, marks as they are."""
    return (fold(word) or word.casefold()) if word[:1].isalnum() else word


def phrase_keys(phrase: str) -> tuple[str, ...]:
    """The keys of a phrase without the marks that may be left out; of `A-` and `A+` the last mark counts."""
    keys = [atom.key for atom in atoms_of(normal(phrase)) if atom.quoted is None]
    kept = [key for key in keys if key[:1].isalnum() or key not in SOFT | APART]
    return (*kept, "-") if keys[-1:] == ["-"] and kept else tuple(kept)


def unquoted(text: str) -> str | None:
    """What stands in quotation marks when nothing else does."""
    atoms = atoms_of(text)
    return atoms[0].quoted if len(atoms) == 1 else None


def in_quotes(text: str) -> str:
    """A text in quotation marks that it does not have itself; without its own where it has all kinds of them."""
    for start, end in _PREFERRED:
        if start not in text and end not in text:
            return f"{start}{text}{end}"
    return f'"{text.translate(_NO_QUOTES)}"'


def is_chinese(text: str) -> bool:
    return bool(HAN.search(text))
