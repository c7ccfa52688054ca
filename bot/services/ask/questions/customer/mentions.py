"""The customers whose names stand in a text, whole or in a part that no other customer has."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bot.services.ask.questions.atoms import Atom, atoms_of, is_chinese
from bot.services.name_keys import LEGAL_FORMS, fold, tokens_of_key

MOST_WORDS, MOST_CHARACTERS = 6, 20  # of a name in a text
SHORTEST_WORD, SHORTEST_CHINESE = 4, 3  # of a part of a name
MOST_KEYS = 400
LONG_WORD = 7  # letters, in which two may be wrong
_CODE = re.compile(r"([a-z]{1,4})[- ]?0*(\d{1,7})(?!\w)")


class Mention(NamedTuple):
    """From where to where a name stands in a text, and the label that means this customer only."""

    start: int
    end: int
    label: str


class NameFound(NamedTuple):
    """A name of a customer, as it is compared."""

    key: str
    customer: int


@dataclass(frozen=True)
class NameSource:
    """Where names are looked up: `whole` by keys, `parts` by their words, `names` all of some customers, `label` one's own.

    Of a word that very many names have `parts` gives none of them.
    """

    whole: Callable[[Sequence[str]], Iterable[NameFound]]
    parts: Callable[[Sequence[str]], Iterable[NameFound]]
    names: Callable[[Sequence[int]], Iterable[NameFound]]
    codes: Callable[[str, str], Sequence[int]]
    labels: Callable[[Sequence[int]], dict[int, str]]


class _Span(NamedTuple):
    first: int  # atom
    end: int
    customer: int
    is_whole: bool


def mentions(text: str, source: NameSource, is_open: Callable[[int, int], bool]) -> list[Mention]:
    """The customers that a text names. `is_open`: whether from a place to another there are words that nothing else explains."""
    atoms = [atom for atom in atoms_of(text) if atom.quoted is None]
    finding = _Finding(text, atoms, source, is_open)
    spans = sorted(finding.spans())
    labels = source.labels([span.customer for span in spans])
    return [
        Mention(atoms[span.first].start, atoms[span.end - 1].end, labels[span.customer])
        for span in spans
        if span.customer in labels
    ]


@dataclass(frozen=True)
class _Finding:
    text: str
    atoms: list[Atom]
    source: NameSource
    is_open: Callable[[int, int], bool]

    def spans(self) -> list[_Span]:
        found: list[_Span] = []
        for candidates in (self._coded(), self._whole(), self._chinese_parts(), self._word_parts()):
            for span in sorted(candidates, key=lambda one: (one.first - one.end, one.first)):
                if not any(span.first < other.end and other.first < span.end for other in found):
                    found.append(span)
        return [self._with_misspelt(span, found) for span in found]

    def _coded(self) -> list[_Span]:
        """Codes as they are typed in a hurry: c153 for C-0153."""
        found = []
        for first, atom in enumerate(self.atoms):
            match = _CODE.match(self.text.casefold(), atom.start)
            if match is None or not self.is_open(atom.start, match.end()):
                continue
            end = next((at + 1 for at, one in enumerate(self.atoms) if one.end == match.end()), None)
            customers = self.source.codes(match[1], match[2])
            if end is not None and len(customers) == 1:
                found.append(_Span(first, end, customers[0], True))
        return found

    def _whole(self) -> list[_Span]:
        places: dict[str, list[tuple[int, int]]] = {}
        for first, end in self._ranges():
            if not self.is_open(self.atoms[first].start, self.atoms[end - 1].end):
                continue
            for key in _keys(self.text[self.atoms[first].start : self.atoms[end - 1].end]):
                places.setdefault(key, []).append((first, end))
        owners: dict[str, set[int]] = {}
        for name in self.source.whole(list(places)[:MOST_KEYS]) if places else ():
            owners.setdefault(name.key, set()).add(name.customer)
        return [
            _Span(first, end, next(iter(customers)), True)
            for key, customers in owners.items()
            if len(customers) == 1
            for first, end in places.get(key, ())
        ]

    def _ranges(self) -> Iterable[tuple[int, int]]:
        """From which atom to which a whole name may stand."""
        for first, atom in enumerate(self.atoms):
            if atom.is_mark:
                continue
            most = MOST_CHARACTERS if is_chinese(atom.key) else MOST_WORDS
            for end in range(first + 1, min(len(self.atoms), first + most) + 1):
                length = self.atoms[end - 1].end - atom.start
                if not self.atoms[end - 1].is_mark and length >= (2 if is_chinese(atom.key) else 3):
                    yield first, end

    def _chinese_parts(self) -> list[_Span]:
        """The longest pieces of Chinese characters that are in the names of one customer only."""
        pairs = {
            one.key + other.key
            for one, other in zip(self.atoms, self.atoms[1:], strict=False)
            if is_chinese(one.key) and is_chinese(other.key) and one.end == other.start
        }
        if not pairs:
            return []
        held = list(self.source.parts(sorted(pairs)))
        rare, customers = {found.key for found in held}, {found.customer for found in held}
        keys: dict[int, list[str]] = {}
        for name in self.source.names(sorted(customers)) if customers else ():
            keys.setdefault(name.customer, []).append(name.key)
        found = []
        for first in range(len(self.atoms)):
            for end in range(min(len(self.atoms), first + MOST_CHARACTERS), first + SHORTEST_CHINESE - 1, -1):
                piece = "".join(atom.key for atom in self.atoms[first:end])
                if not all(map(is_chinese, piece)):
                    continue
                if not any(piece[at : at + 2] in rare for at in range(len(piece) - 1)):
                    continue  # others whose names were not looked at may have it too
                having = [one for one, names in keys.items() if any(piece in name for name in names)]
                if having:
                    is_open = self.is_open(self.atoms[first].start, self.atoms[end - 1].end)
                    if len(having) == 1 and is_open:
                        found.append(_Span(first, end, having[0], False))
                    break
        return found

    def _word_parts(self) -> list[_Span]:
        """Words side by side that together are in the names of one customer only."""
        places = {
            at: word
            for at, atom in enumerate(self.atoms)
            if (word := _word(atom)) and self.is_open(atom.start, atom.end)
        }
        if not places:
            return []
        beside = filter(
            None, (_word(atom) for atom in self.atoms)
        )  # Power in Tarnwick Power is an industry too
        asked = sorted({form for word in beside for form in (word, word.removesuffix("s"))})
        holders: dict[str, set[int]] = {}
        for name in self.source.parts(asked):
            holders.setdefault(name.key, set()).add(name.customer)
        found = []
        for first, word in places.items():
            customers, end = _holders(holders, word), first + 1
            while customers and end < len(self.atoms):
                more = customers & _holders(holders, _word(self.atoms[end]) or "")
                if not more:
                    break
                customers, end = more, end + 1
            if len(customers) == 1:
                found.append(_Span(first, end, next(iter(customers)), False))
        return found

    def _with_misspelt(self, span: _Span, others: Sequence[_Span]) -> _Span:
        """A span with the words beside it that are words of the same name, misspelt."""
        names = [name.key for name in self.source.names([span.customer])]
        words = {word for name in names for word in name.split() if not is_chinese(word)}
        taken = [place for other in others if other is not span for place in range(other.first, other.end)]
        first, end = span.first, span.end
        while end < len(self.atoms) and end not in taken and self._is_misspelt(end, words):
            end += 1
        while first and first - 1 not in taken and self._is_misspelt(first - 1, words):
            first -= 1
        if first >= 2 and not {first - 1, first - 2} & set(taken):
            before = "".join(atom.key for atom in self.atoms[first - 2 : first])
            piece = "".join(atom.key for atom in self.atoms[first : span.end])
            if self.is_open(self.atoms[first - 2].start, self.atoms[first - 1].end) and any(
                _is_almost(before, name[at - 2 : at]) for name in names if (at := name.find(piece)) >= 2
            ):
                first -= 2
        return span._replace(first=first, end=end)

    def _is_misspelt(self, place: int, words: Iterable[str]) -> bool:
        from rapidfuzz.distance import OSA

        word, atom = _word(self.atoms[place]), self.atoms[place]
        if word is None or not self.is_open(atom.start, atom.end):
            return False
        most = 2 if len(word) >= LONG_WORD else 1
        return any(
            OSA.distance(word, other, score_cutoff=most) <= most for other in words if len(other) > most + 2
        )


def _keys(written: str) -> list[str]:
    """The keys of a name as it was written, also without the s of a genitive."""
    key = fold(written)
    if not key or len(key) < (2 if is_chinese(key) else 3):
        return []
    short = key.removesuffix(" s") if key.endswith(" s") else key.removesuffix("s")
    return [key, short] if short != key and short.isascii() and len(short) >= 3 else [key]


def _word(atom: Atom) -> str | None:
    """A word that may be a part of a name."""
    is_part = atom.key.isalpha() and not is_chinese(atom.key) and len(atom.key) >= SHORTEST_WORD
    return atom.key if is_part and atom.key not in LEGAL_FORMS and tokens_of_key(atom.key) else None


def _holders(holders: dict[str, set[int]], word: str) -> set[int]:
    return holders.get(word) or holders.get(word.removesuffix("s"), set())


def _is_almost(written: str, meant: str) -> bool:
    """Whether of two characters exactly one is another one."""
    return len(written) == len(meant) == 2 and sum(a != b for a, b in zip(written, meant, strict=True)) == 1
