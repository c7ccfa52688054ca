"""Customers that a question may mean when no name fits: wrong codes, misspelt words, other characters of the same sound.

Better none than an absurd one: what is offered shares most of the question with a name, and not only words that many
customers share.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from string import ascii_lowercase, digits

from rapidfuzz.distance import OSA, LCSseq
from sqlmodel import Session

from bot.services.name_keys import HAN, pinyin, tokens_of_key
from db.book import customers, near_names
from db.book.customers import NameKind, Owners
from db.book.near_names import NearName

MOST_FITS, FITS = 0.8, 0.5  # from here on common words do, and above here rare ones
RARE = 3  # customers that share a word which tells them apart
SAME_SOUND = 0.85
SHORTEST_CODE, LONGEST_CODE = 3, 16
SHORTEST_WORD = 4  # letters of a word that may be misspelt
MOST_WORDS = 5_000
MOST_SHARED = 300
SHORTEST_BEGINNING = 3
LOOKALIKE = {frozenset(pair) for pair in ("0o", "1i", "1l", "5s", "8b", "2z")}


def near_codes(session: Session, owners: Owners, key: str) -> list[int]:
    """Customers whose code differs from a folded one by one character, or by two that changed places; likeliest first."""
    if not SHORTEST_CODE <= len(key) <= LONGEST_CODE or HAN.search(key) or not any(map(str.isdigit, key)):
        return []
    cost = dict(reversed(list(_edited(key))))  # the first way to a code is the likeliest
    cost.pop(key, None)
    found = near_names.with_keys(session, list(cost), NameKind.CODE, owners)
    found.sort(key=lambda name: (cost[name.key], name.key))
    return list(dict.fromkeys(name.customer_id for name in found))


def _edited(key: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    """(a text that differs by one edit, how unlikely it is); the likelier of the same text first."""
    size = len(key)
    for at in range(size - 1):
        yield key[:at] + key[at + 1] + key[at] + key[at + 2 :], (1,)
    for at in range(size):
        yield (
            key[:at] + key[at + 1 :],
            (0,) if key[at] == " " else (2,) if key[at - 1 : at] == key[at] else (4,),
        )
    for at in range(size + 1):
        neighbours = key[max(at - 1, 0) : at + 1]
        for new in _alike(neighbours, " "):
            likely = (0,) if new == " " else (2,) if new in neighbours else (4,)
            yield key[:at] + new + key[at:], likely
    for at, old in enumerate(key):
        for new in _alike(old, "".join(other for pair in LOOKALIKE if old in pair for other in pair - {old})):
            looks = (0,) if frozenset((old, new)) in LOOKALIKE else (3, abs(ord(new) - ord(old)), size - at)
            yield key[:at] + new + key[at + 1 :], looks


def _alike(characters: str, also: str) -> str:
    """The characters that may stand in place of some: digits for digits, letters for letters."""
    kinds = [kind for kind in (digits, ascii_lowercase) if any(one in kind for one in characters)]
    return "".join(dict.fromkeys(also + "".join(kinds)))


@dataclass(kw_only=True)
class _Fit:
    """How well the names of a customer fit a question: the share of its characters, and of its sound."""

    customer_id: int
    share: float = 0.0
    sound: float = 0.0
    is_rare: bool = False  # a word or pair of characters that fits is of few customers
    length: int = 0  # of the name: of two that fit alike the shorter comes first

    @property
    def is_worth_offering(self) -> bool:
        return self.share >= MOST_FITS or (self.share > FITS and self.is_rare) or self.sound >= SAME_SOUND

    @property
    def order(self) -> tuple[float, float, int, int]:
        """Same characters come before the same sound."""
        return -round(self.share, 2), -self.sound, self.length, self.customer_id


def near_customers(session: Session, owners: Owners, key: str) -> list[int]:
    """Customers that a folded name may mean, best first."""
    search = _NearSearch(session, owners, key)
    fits: dict[int, _Fit] = {}
    for names in search.candidates():
        for name in names:
            search.fit(name, fits.setdefault(name.customer_id, _Fit(customer_id=name.customer_id)))
        if any(fit.is_worth_offering for fit in fits.values()):
            break
    ranked = sorted((fit for fit in fits.values() if fit.is_worth_offering), key=lambda fit: fit.order)
    return [fit.customer_id for fit in ranked]


class _NearSearch:
    """A folded name that nobody has, and what in the book is like it."""

    def __init__(self, session: Session, owners: Owners, key: str) -> None:
        self._session = session
        self._owners = owners
        self._key = key
        self._han = "".join(HAN.findall(key))
        self._words = [word for word in tokens_of_key(key) if not HAN.search(word)]
        self._letters = HAN.sub(" ", key).replace(" ", "")
        sound = pinyin(key)
        self._sound = sound[0] if sound else self._letters

    @cached_property
    def _similar(self) -> dict[str, dict[str, float]]:
        """Word -> words of the book that are like it, and how much."""
        return {word: self._words_like(word) for word in self._words}

    @cached_property
    def _rare(self) -> set[str]:
        """The tokens of the book that fit and that few customers have."""
        tokens = {token for similar in self._similar.values() for token in similar}
        tokens.update(token for token in tokens_of_key(self._han))
        counts = near_names.frequencies(self._session, sorted(tokens), RARE + 1, self._owners)
        return {token for token, count in counts.items() if 0 < count <= RARE}

    def candidates(self) -> Iterator[Iterable[NearName]]:
        """Names that share words or characters with it or sound like it; then those that only begin like it."""
        tokens = {token for similar in self._similar.values() for token in similar}
        tokens.update(tokens_of_key(self._han))
        found: list[NearName] = []
        if tokens:
            hits = customers.with_tokens(self._session, sorted(tokens), self._owners, limit=MOST_SHARED)
            found += near_names.of_customers(self._session, [customer for customer, _ in hits])
        beginnings = [
            {text[:length] for text in (self._sound, self._letters) if len(text) >= SHORTEST_BEGINNING}
            for length in (len(self._key) + len(self._sound), 2 * len(self._sound) // 3, SHORTEST_BEGINNING)
        ]
        for texts in beginnings:
            for text in sorted(texts):
                found += near_names.starting_with(self._session, text, self._owners)
            # What sounds like it is also compared by its characters.
            known = dict.fromkeys(name.customer_id for name in found)
            found += near_names.of_customers(self._session, list(known)[:MOST_SHARED])
            yield dict.fromkeys(found)
            found = []

    def fit(self, name: NearName, fit: _Fit) -> None:
        """Note how well one more name of a customer fits."""
        fit.sound = max(fit.sound, self._same_sound(name))
        if name.kind in (NameKind.PINYIN, NameKind.INITIALS):
            return
        share, is_rare = self._share(name.key)
        if fit.length == 0 or (share, is_rare) > (fit.share, fit.is_rare):
            fit.share, fit.is_rare, fit.length = share, is_rare, len(name.key)

    def _share(self, key: str) -> tuple[float, bool]:
        """(how much of the question the name has, whether what it has is rare)."""
        total = 2 * len(self._han) + sum(map(len, self._words))
        if not total:
            return 0.0, False
        names_words = {token for token in tokens_of_key(key) if not HAN.search(token)}
        had, rare = 0.0, False
        for word in self._words:
            like = [(self._likeness(word, other), other) for other in names_words]
            most, other = max(like, default=(0.0, ""))
            had += most * len(word)
            rare = rare or (most > 0 and other in self._rare)
        if self._han:
            names_han = "".join(HAN.findall(key))
            had += 2 * _common(self._han, names_han)
            rare = rare or any(pair in names_han and pair in self._rare for pair in tokens_of_key(self._han))
        return had / total, rare

    def _likeness(self, word: str, other: str) -> float:
        if word == other:
            return 1.0
        return self._similar[word].get(other, 0.0)

    def _words_like(self, word: str) -> dict[str, float]:
        """Words of the asker's book that are this one misspelt: by one edit, or by two when it is long."""
        found = {word: 1.0}
        if len(word) < SHORTEST_WORD or any(map(str.isdigit, word)):
            return found
        if self._known([word]):
            return found
        for prefix in (word[:2], word[1::-1], word[:1], ""):
            words = near_names.words(self._session, prefix, MOST_WORDS)
            like = {other: likeness for other in words if (likeness := _spelt_like(word, other))}
            if known := self._known([word, *like]):
                return found | {other: like[other] for other in known}
        return found

    def _known(self, words: list[str]) -> set[str]:
        """The words of names that the asker may see: others must not show in the answer, nor in its time."""
        return near_names.known_tokens(self._session, words, self._owners)

    def _same_sound(self, name: NearName) -> float:
        """How much of the sound of the question the sound of a name begins with; 1 when all of it."""
        if (
            name.kind not in (NameKind.PINYIN, NameKind.NAME, NameKind.ALIAS)
            or len(self._sound) < SHORTEST_WORD
        ):
            return 0.0
        if name.kind != NameKind.PINYIN and self._han:
            return 0.0
        text = name.key.replace(" ", "")
        return max(
            (_spelt_like(self._sound, text[:length]) for length in _lengths(self._sound, text)), default=0.0
        )


def _lengths(question: str, text: str) -> Sequence[int]:
    """How much of a text is compared with a question: as much as it has, and one more or less."""
    return sorted({min(len(text), len(question) + more) for more in (-1, 0, 1)})


def _spelt_like(word: str, other: str) -> float:
    """1 for the same, less for one edit (or two in eight letters), 0 for anything else."""
    allowed = 0 if len(word) < SHORTEST_WORD else 1 if len(word) < 8 else 2
    distance = OSA.distance(word, other, score_cutoff=allowed)
    return 0.0 if distance > allowed else 1 - distance / max(len(word), len(other))


def _common(question: str, name: str) -> int:
    """How many characters of a question a name has in the same order."""
    return LCSseq.similarity(question, name)
