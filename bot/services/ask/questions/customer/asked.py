"""What is asked of customers that a text names: every other word must belong to one question.

The names are known before, so that words which mean something else in lists may be read here as what is asked.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from bot.services.ask.questions import periods
from bot.services.ask.questions.atoms import SOFT, Atom, atoms_of, phrase_keys, unquoted
from bot.services.ask.questions.customer.mentions import Mention
from bot.services.ask.questions.grammar import moves
from bot.services.ask.questions.grammar.customers import CUSTOMERS
from bot.services.ask.questions.grammar.lists import LISTS
from bot.services.ask.questions.grammar.of_one import AROUND, ASKED
from bot.services.ask.questions.grammar.parts import FilterField, PhrasePart
from bot.services.ask.questions.grammar.small import SMALL
from bot.services.ask.questions.notes_sought import is_to_write
from bot.services.ask.questions.query import AboutCustomer, Aspect, Compared, FoundNotes, Query, Risk
from bot.services.ask.questions.vocabulary import Vocabulary, tree

MOST_COMPARED = 3
_UNKNOWN = 100.0
_MARKS = frozenset("?!。.！？…,;、，；:—–-~()")
_LEADING = re.compile(r"^(?:the|an?|any|some|our)\s+", re.IGNORECASE)
_TRAILING = re.compile(
    r"\s*(?:\b(?:for|of|at|with|from|on|about|regarding|in|by)|的|在|里|吗|呢|么)$", re.IGNORECASE
)
_IN_NOTES = re.compile(r"\s+in\s+(?:(?:all|the|our|any)\s+)*notes$", re.IGNORECASE)
_BY_RISK = {
    Risk.OVER_LIMIT: Aspect.CREDIT,
    Risk.OVERDUE_INVOICE: Aspect.CREDIT,
    Risk.OVERDUE_STEP: Aspect.CARE,
    Risk.COMPLAINT: Aspect.COMPLAINTS,
}


class _Says(NamedTuple):
    """What a phrase says: of which aspects it asks, and beside which it changes nothing. None: beside any."""

    asks: frozenset[Aspect] = frozenset()
    fits: frozenset[Aspect] | None = frozenset()
    compares: bool = False
    joins: bool = False
    seeks: bool = False  # words in notes

    def __or__(self, other: "_Says") -> "_Says":
        fits = None if self.fits is None or other.fits is None else self.fits | other.fits
        return _Says(
            self.asks | other.asks,
            fits,
            self.compares or other.compares,
            self.joins or other.joins,
            self.seeks or other.seeks,
        )


class _AroundName(NamedTuple):
    end: int  # the atom after it
    says: _Says | None  # None: not understood
    since: date | None = None
    cost: float = 1.0


@dataclass(frozen=True)
class AskedOf:
    """What a text with names asks: a query, several that it can ask, or what of it was not understood."""

    queries: tuple[Query, ...]
    left: tuple[str, ...] = ()


def asked_of(text: str, found: Sequence[Mention], vocabulary: Vocabulary, today: date) -> AskedOf:
    """The question about the customers that a text names."""
    labels = tuple(dict.fromkeys(one.label for one in found))
    atoms = [
        atom
        for atom in atoms_of(text)
        if not any(one.start < atom.end and atom.start < one.end for one in found)
    ]
    pieces = list(_pieces(text, atoms, vocabulary, today))
    if len(labels) == 1 and (notes := _notes(text, found, pieces, labels[0])) is not None:
        return AskedOf(queries=(notes,))
    left = tuple(text[start:end] for start, end, piece in pieces if piece.says is None)
    if left:
        return AskedOf(queries=tuple(AboutCustomer(name=label) for label in labels[:2]), left=left)
    says = [piece.says for _, _, piece in pieces if piece.says is not None]
    if len(labels) > 1:
        return _compared(labels, says)
    aspects = _aspects(says)
    since = next((piece.since for _, _, piece in pieces if piece.since is not None), None)
    if since is not None:
        aspects = [aspect for aspect in aspects if aspect is Aspect.HISTORY]
    if not aspects and all(one is _ANYWHERE for one in says):
        is_code = any(char.isdigit() for one in found for char in text[one.start : one.end])
        return AskedOf(queries=(AboutCustomer(name=labels[0]),) if is_code else ())  # nothing but the name
    if not aspects:
        shown = tuple(text[start:end] for start, end, piece in pieces if piece.says not in (None, _ANYWHERE))
        return AskedOf(queries=(AboutCustomer(name=labels[0]),), left=shown or (text,))
    return AskedOf(queries=tuple(AboutCustomer(name=labels[0], aspect=one, since=since) for one in aspects))


def _compared(labels: tuple[str, ...], says: Sequence[_Says]) -> AskedOf:
    is_asked = any(one.compares for one in says)
    only = all(one.compares or one.joins or one.fits is None for one in says)
    if is_asked and only and len(labels) <= MOST_COMPARED:
        return AskedOf(queries=(Compared(names=labels),))
    near: list[Query] = [Compared(names=labels[:MOST_COMPARED])]
    return AskedOf(queries=(*near, *(AboutCustomer(name=label) for label in labels[:2])), left=labels)


def _aspects(says: Sequence[_Says]) -> list[Aspect]:
    """The aspects that all words fit, and one asks for; those that most words ask for."""
    counts = {
        aspect: sum(aspect in one.asks for one in says)
        for aspect in Aspect
        if all(one.fits is None or aspect in one.fits or aspect in one.asks for one in says)
    }
    most = max(counts.values(), default=0)
    found = [aspect for aspect, count in counts.items() if count == most] if most else []
    return [one for one in found if one is not Aspect.CARD] or found  # how … over time


def _notes(
    text: str, found: Sequence[Mention], pieces: Sequence[tuple[int, int, _AroundName]], label: str
) -> Query | None:
    """Words to look for in the notes of the customer, after a phrase that looks for them."""
    place = next(
        (at for at, (_, _, piece) in enumerate(pieces) if piece.says is not None and piece.says.seeks), None
    )
    if place is None or is_to_write(text, pieces[place][0], pieces[place][1]):
        return None
    if any(piece.says is None for _, _, piece in pieces[:place]):
        return None
    start, end = pieces[place][1], max(one[1] for one in pieces)
    crossed = [one for one in found if one.end > start]
    if crossed:  # … about words for ACME
        end = crossed[0].start
        if any(from_ >= end and piece.says is not _ANYWHERE for from_, _, piece in pieces):
            return None
    words = _LEADING.sub("", text[start:end].strip(" ?!。？！,，:："))
    words = _IN_NOTES.sub("", _TRAILING.sub("", words)).strip() if crossed else words.rstrip("吗呢么").strip()
    return FoundNotes(words=unquoted(words) or words, customer=label) if words else None


def _pieces(
    text: str, atoms: Sequence[Atom], vocabulary: Vocabulary, today: date
) -> Iterator[tuple[int, int, _AroundName]]:
    """(from, to, piece) of what stands around the names, in the fewest pieces, as little as possible not understood."""
    count = len(atoms)
    cost, chosen = [0.0] * (count + 1), [_AroundName(count, None)] * count
    for place in range(count - 1, -1, -1):
        options = _options(text, atoms, place, vocabulary, today)
        chosen[place] = min(options, key=lambda piece: (piece.cost + cost[piece.end], -piece.end))
        cost[place] = chosen[place].cost + cost[chosen[place].end]
    place = 0
    while place < count:
        piece = chosen[place]
        yield atoms[place].start, atoms[piece.end - 1].end, piece
        place = piece.end


def _options(
    text: str, atoms: Sequence[Atom], place: int, vocabulary: Vocabulary, today: date
) -> list[_AroundName]:
    atom = atoms[place]
    options = [_AroundName(place + 1, None, cost=_UNKNOWN)]
    if atom.is_mark and (atom.key in _MARKS or atom.key in SOFT):
        options.append(_AroundName(place + 1, _ANYWHERE, cost=0.01))
    if atom.key == "+":
        options.append(_AroundName(place + 1, _JOINING))
    options += [_AroundName(end, says) for end, says in _walked(_grammar(), atoms, place)]
    options += [
        _AroundName(end, _WITH_TIER)
        for end, meanings in _walked(vocabulary.trie, atoms, place)
        if {one.field for one in meanings} == {FilterField.TIER}
    ]
    ends = {one.end: at + 1 for at, one in enumerate(atoms)}
    for period in periods.find(text.lower() if len(text.lower()) == len(text) else text, atom.start, today):
        if period.end in ends and period.part is PhrasePart.SINCE:
            says = _ANYWHERE if period.meaning == today else _SINCE
            options.append(_AroundName(ends[period.end], says, None if says is _ANYWHERE else period.meaning))
    match = _at_hour(text, atom.start)
    if match in ends:
        options.append(_AroundName(ends[match], _WHEN))
    return options


def _at_hour(text: str, start: int) -> int:
    """Where an hour of the day ends that begins there: at 2pm, 下午3点."""
    match = periods.HOUR.match(text.lower(), start)
    return match.end() if match is not None else -1


def _walked(branches: dict[str, Any], atoms: Sequence[Atom], place: int) -> Iterator[tuple[int, Any]]:
    """As the phrases of lists, and across no name."""
    node, first = branches, place
    while place < len(atoms) and atoms[place].quoted is None:
        key = atoms[place].key
        if key in node:
            node = node[key]
            if "" in node:
                yield place + 1, node[""]
        elif place == first or key not in SOFT:
            return
        place += 1


_ANYWHERE = _Says(fits=None)
_WHEN = _Says(fits=frozenset({Aspect.BRIEF}))
_SINCE = _Says(fits=frozenset({Aspect.HISTORY}))
_JOINING = _Says(joins=True, fits=frozenset(Aspect))
_WITH_TIER = _Says(fits=frozenset({Aspect.WHY, Aspect.CARD, Aspect.HISTORY}))


@cache
def _grammar() -> dict[str, Any]:
    found: dict[tuple[str, ...], _Says] = {}
    for says, written in _every():
        for phrase in written.split("|"):
            if keys := phrase_keys(phrase):
                found[keys] = found[keys] | says if keys in found else says
    return tree(found.items())


def _every() -> Iterator[tuple[_Says, str]]:
    for part in (PhrasePart.FILLER, PhrasePart.OF, PhrasePart.CUSTOMERS, PhrasePart.PAST):
        for written in SMALL[part].values():
            yield _ANYWHERE, written
    for aspect, written in ASKED.items():
        yield _Says(asks=frozenset({aspect})), written
    for aspect, written in AROUND.items():
        yield _Says(fits=frozenset({aspect})), written
    for risk, aspect in _BY_RISK.items():
        yield _Says(asks=frozenset({aspect})), str(LISTS[PhrasePart.RISK][risk])
    yield _Says(asks=frozenset({Aspect.CARE, Aspect.CREDIT})), LISTS[PhrasePart.OVERDUE][None]
    yield (
        _Says(fits=frozenset({Aspect.CONTACTS, Aspect.NOTES, Aspect.CARD, Aspect.CARE, Aspect.COMPLAINTS})),
        LISTS[PhrasePart.RECENT][None],
    )
    yield _Says(fits=frozenset({Aspect.BRIEF})), SMALL[PhrasePart.AHEAD][None]
    yield _Says(fits=frozenset({Aspect.BRIEF})), "visit|meeting|call"
    moved = _Says(fits=frozenset({Aspect.WHY, Aspect.HISTORY}))
    for part, _, written in moves.rows():
        if part in (PhrasePart.MOVED, PhrasePart.MOVE):
            yield moved, written
        elif part is PhrasePart.NEAR:
            yield _Says(asks=frozenset({Aspect.CARD})), written
    yield moved, "drop|fall|rise|slip|climb|go down|go up|come down|move|升|降|掉"
    label = _Says(asks=frozenset({Aspect.CARD}), fits=frozenset({Aspect.WHY, Aspect.HISTORY}))
    yield label, str(SMALL[PhrasePart.LABEL][FilterField.TIER])
    yield _Says(fits=frozenset({Aspect.WHY})), "from|to|up|down|another|higher|lower|到|离|成|为|级"
    next_tier = "from|off|up|the next tier|the next tier up|the tier above|the next tier down|the tier below|above|below|离|上一级|下一级|升级|降级|掉级|能升|升"
    yield _Says(fits=frozenset({Aspect.CARD})), next_tier
    yield _Says(fits=frozenset({Aspect.CONTACTS})), "到|给|跟|和|与|with|to|by"
    for written in CUSTOMERS[PhrasePart.COMPARE].values():
        yield _Says(compares=True, fits=frozenset()), written
    for written in CUSTOMERS[PhrasePart.VERSUS].values():
        yield _Says(compares=True, fits=frozenset()), written
    yield _Says(compares=True, fits=frozenset()), "next to"
    for part in (PhrasePart.AND, PhrasePart.OR):
        for written in SMALL[part].values():
            yield _JOINING if part is PhrasePart.AND else _Says(joins=True, fits=frozenset()), written
    for written in SMALL[PhrasePart.PUT].values():
        yield _Says(joins=True, fits=frozenset()), written
    yield _Says(joins=True, fits=frozenset()), "with|to"
    for written in CUSTOMERS[PhrasePart.NOTES_ABOUT].values():
        yield _Says(seeks=True, fits=frozenset()), written
