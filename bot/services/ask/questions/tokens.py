"""A question in tokens: the longest pieces that the grammar or the firm's words know, and what is left."""

import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

from bot.services.ask.questions import periods
from bot.services.ask.questions.atoms import APART, SOFT, Atom, atoms_of, phrase_keys
from bot.services.ask.questions.grammar.parts import FilterField, PhrasePart
from bot.services.ask.questions.phrases import phrases
from bot.services.ask.questions.vocabulary import Meaning, QuestionActor, Vocabulary, tree
from bot.services.traits.fields import TraitField
from bot.services.traits.values import check_value

UNKNOWN = 100.0  # what an atom that is not understood costs; any other piece costs about 1
_END_MARKS = frozenset("?!。.！？…")
_PICTURES = frozenset({"So", "Sk", "Mn", "Cf"})  # emoji and what belongs to them
_EQUALS = frozenset("=:")
_SMALL = {
    PhrasePart.FILLER,
    PhrasePart.OF,
    PhrasePart.TO,
    PhrasePart.FROM,
    PhrasePart.ME,
    PhrasePart.AND,
    PhrasePart.OR,
    PhrasePart.NOT,
}
_FRAME = {
    PhrasePart.CUSTOMERS,
    PhrasePart.LIST,
    PhrasePart.LABEL,
}  # a firm's word that is also one of these needs its label
_BY_LABEL = {FilterField.OWNER, FilterField.SCHEME}  # where the grammar has a word too, they need their label
_JOINTS = (PhrasePart.AND, PhrasePart.OR)
MOST_OF_LABEL = 4  # atoms
_ORDERS = (PhrasePart.BY, PhrasePart.SORTED)  # before a sign of equality
_NOUNS = (PhrasePart.LIST, PhrasePart.ASPECT, PhrasePart.COMPARE)  # after an article
_AFTER_TIER = frozenset({"customers", "类", "级", "等"})
_BEFORE_TIER = frozenset({"tier", "tiers"})


class Token(NamedTuple):
    """A piece of a question, from where to where it stands in the text. `meaning` depends on the part.

    That of a mark that changes nothing is the mark; that of EITHER is (part, meaning) of each thing that it can be.
    """

    part: PhrasePart
    meaning: Any
    start: int
    end: int

    @property
    def is_empty(self) -> bool:
        """Whether it changes nothing."""
        return self.part in (PhrasePart.FILLER, PhrasePart.OF)


class _Piece(NamedTuple):
    end: int  # the atom after it
    part: PhrasePart
    meaning: Any
    cost: float = 1.0


def tokens_of(text: str, vocabulary: Vocabulary, asker: QuestionActor) -> list[Token]:
    """The tokens of a `normal` text: as little not understood as possible, in the fewest pieces."""
    tokens = _with_books(text, _Scan(text, vocabulary, asker).tokens())
    return _with_led_teams(tokens, vocabulary)


def _with_books(text: str, tokens: list[Token]) -> list[Token]:
    """Anna's book: the customers of Anna. Before anything else `book` asks to do something."""
    found = list(tokens)
    for place, token in enumerate(found):
        if token.part is PhrasePart.CHANGE and text[token.start : token.end].casefold() == "book":
            before = next((one for one in reversed(found[:place]) if not one.is_empty), None)
            if before is not None and _names(before, FilterField.OWNER):
                found[place] = token._replace(part=PhrasePart.CUSTOMERS, meaning=None)
    return found


def _with_led_teams(tokens: list[Token], vocabulary: Vocabulary) -> list[Token]:
    """Omar's team as one word: the team that Omar leads."""
    found = list(tokens)
    for place in reversed(range(len(found))):
        label = next((at for at in range(place + 1, len(found)) if not found[at].is_empty), None)
        if label is None or (team := _led_team(found, place, label, vocabulary)) is None:
            continue
        meaning = (Meaning(FilterField.TEAM, (team,)),)
        found[place : label + 1] = [Token(PhrasePart.VALUE, meaning, found[place].start, found[label].end)]
    return found


def _led_team(tokens: Sequence[Token], place: int, label: int, vocabulary: Vocabulary) -> int | None:
    """The team of one lead whose name is at a place and is followed by the word team."""
    name, word = tokens[place], tokens[label]
    if name.part is not PhrasePart.VALUE or word.part is not PhrasePart.LABEL:
        return None
    owners = [one for one in name.meaning if one.field is FilterField.OWNER]
    if word.meaning is not FilterField.TEAM or not len(owners) == len(name.meaning) == 1:
        return None
    before = [one.part for one in tokens[:place] if not one.is_empty]
    after = [one for one in tokens[label + 1 :] if not one.is_empty][:2]
    if after and after[0].part in _JOINTS and _names(after[-1], FilterField.OWNER):
        return None  # Omar's team and Anna
    if (after and _names(after[0], FilterField.TEAM)) or (
        before and before[-1] in (*_JOINTS, PhrasePart.LABEL)
    ):
        return None  # Omar, team Key Accounts; of Anna and Omar's team
    return vocabulary.led_by(owners[0].values[0])


def _names(token: Token, field: FilterField) -> bool:
    return token.part is PhrasePart.VALUE and any(one.field is field for one in token.meaning)


def stripped(tokens: Sequence[Token], *also: PhrasePart) -> list[Token]:
    """Tokens without those at both ends that change nothing."""
    rest = list(tokens)
    while rest and (rest[0].is_empty or rest[0].part in (PhrasePart.APART, *also)):
        rest = rest[1:]
    while rest and (rest[-1].is_empty or rest[-1].part in (PhrasePart.APART, *also)):
        rest = rest[:-1]
    return rest


@cache
def grammar() -> dict[str, Any]:
    """The phrases of the grammar as a tree."""
    return tree(phrases().items())


class _Scan:
    """One text, and the best way to cut what follows each of its atoms."""

    def __init__(self, text: str, vocabulary: Vocabulary, asker: QuestionActor) -> None:
        self._text, self._vocabulary, self._asker = text, vocabulary, asker
        self._atoms = atoms_of(text)
        self._low = "".join(char.lower() if len(char.lower()) == 1 else char for char in text)
        self._ends = {atom.end: place + 1 for place, atom in enumerate(self._atoms)}

    def tokens(self) -> list[Token]:
        count = len(self._atoms)
        cost, chosen = [0.0] * (count + 1), [_Piece(count, PhrasePart.WORD, None)] * count
        for place in range(count - 1, -1, -1):
            pieces = [*self._pieces(place), *self._timed(place)]
            chosen[place] = min(pieces, key=lambda piece: (piece.cost + cost[piece.end], -piece.end))
            cost[place] = chosen[place].cost + cost[chosen[place].end]
        found: list[Token] = []
        place = 0
        while place < count:
            piece = chosen[place]
            start, end = self._atoms[place].start, self._atoms[piece.end - 1].end
            if piece.part is PhrasePart.WORD and found and found[-1].part is PhrasePart.WORD:
                found[-1] = found[-1]._replace(end=end)  # neighbours that are not understood are one
            else:
                found.append(Token(piece.part, piece.meaning, start, end))
            place = piece.end
        return found

    def _pieces(self, place: int) -> Iterator[_Piece]:
        atoms, atom = self._atoms, self._atoms[place]
        if atom.quoted is not None:
            yield _Piece(place + 1, PhrasePart.QUOTED, atom.quoted)
            if meanings := self._vocabulary.words.get(phrase_keys(atom.quoted)):
                yield from self._numbered(place + 1, meanings, 0.9)
            return
        if atom.key in APART:
            yield _Piece(place + 1, PhrasePart.APART, atom.key)
            return
        yield _Piece(place + 1, PhrasePart.WORD, None, UNKNOWN)
        if atom.is_mark and (atom.key in SOFT | _END_MARKS):
            yield _Piece(place + 1, PhrasePart.FILLER, atom.key, 0.01)
        if atom.is_mark and unicodedata.category(atom.key[0]) in _PICTURES:
            yield _Piece(place + 1, PhrasePart.FILLER, atom.key, 0.01)
        if atom.key in _EQUALS and place and self._is_set(place):
            yield _Piece(place + 1, PhrasePart.FILLER, atom.key, 0.01)
        if atom.key == "+" and self._is_joint(place):
            yield _Piece(place + 1, PhrasePart.AND, None)
        firm = dict(_walk(self._vocabulary.trie, atoms, place))
        for end, phrase in _walk(grammar(), atoms, place):
            is_firms = end in firm and self._is_firms(place, end, firm[end], {part for part, _ in phrase})
            if is_firms is False or end not in firm:
                for part, meaning in phrase:
                    yield _Piece(end, part, meaning)
            elif is_firms is None:  # either of two things
                yield _Piece(end, PhrasePart.EITHER, (*phrase, (PhrasePart.VALUE, firm[end])), UNKNOWN / 2)
            if end in firm and not is_firms:
                del firm[end]
        for end, meanings in firm.items():
            may_be_grammar = end - place > 1 and FilterField.TIER not in {one.field for one in meanings}
            if may_be_grammar and not self._is_labelled(place) and self._is_grammar(place, end):
                continue  # a region called "first 10"
            yield from self._numbered(end, meanings, 0.99)
        yield from self._profile(place)

    def _numbered(self, end: int, meanings: tuple[Meaning, ...], cost: float) -> Iterator[_Piece]:
        """A word of the firm; also with the number of one of several people or teams of that name."""
        yield _Piece(end, PhrasePart.VALUE, meanings, cost)
        after = self._atoms[end : end + 2]
        if len(after) == 2 and after[0].key == "#" and after[1].key.isdecimal():
            number = int(after[1].key)
            if chosen := tuple(one for one in meanings if one.values == (number,)):
                yield _Piece(end + 2, PhrasePart.VALUE, chosen, cost)

    def _is_grammar(self, place: int, end: int, says: bool = False) -> bool:
        """Whether the atoms are phrases of the grammar one after the other, of which one says something."""
        if place == end:
            return says
        for after, phrase in _walk(grammar(), self._atoms, place):
            more = says or not {part for part, _ in phrase} & (_SMALL | _FRAME)
            if after <= end and self._is_grammar(after, end, more):
                return True
        ends = (self._ends.get(one.end, end + 1) for one in self._periods(place))
        return any(after <= end and self._is_grammar(after, end, True) for after in ends)

    def _is_firms(
        self, place: int, end: int, meanings: tuple[Meaning, ...], parts: set[PhrasePart]
    ) -> bool | None:
        """Whether words that the grammar has too are the firm's: a tier A, a country IN. None when that is not clear."""
        if self._is_labelled(place):
            return True
        if parts & _FRAME:
            return False
        if not parts & _SMALL:
            return False if {one.field for one in meanings} <= _BY_LABEL else None
        if len(self._atoms) == end - place:
            return True
        written = self._text[self._atoms[place].start : self._atoms[end - 1].end]
        after = self._atoms[end].key if end < len(self._atoms) else ""
        if written.casefold() == "a":
            before = self._atoms[place - 1].key if place else ""
            if (
                before in _BEFORE_TIER
                or after in _AFTER_TIER
                or (after in ("and", "or") and end + 1 < len(self._atoms))
            ):
                return True
        if not written.isupper():
            return False
        if written != "A":
            return False if self._text.isupper() else None
        return (
            None
            if any(part in _NOUNS for part, _ in phrases().get((after,), ())) and after.isascii()
            else True
        )

    def _is_set(self, place: int) -> bool:
        """Whether the sign before an atom belongs to a label or an order: region=DACH, sort=score."""
        is_order = any(part in _ORDERS for part, _ in phrases().get((self._atoms[place - 1].key,), ()))
        return is_order or self._is_labelled(place)

    def _is_joint(self, place: int) -> bool:
        """Whether a plus joins what stands around it. That of A+ customers may be a tier."""
        if not 0 < place < len(self._atoms) - 1:
            return False
        before, plus, after = self._atoms[place - 1 : place + 2]
        is_spaced = before.end < plus.start
        is_grade = len(before.key) == 1 and before.key.isascii()
        is_even = is_spaced == (plus.end < after.start) and not after.is_mark
        return is_even and (not is_grade or (is_spaced and len(after.key) == 1))

    def _is_labelled(self, place: int) -> bool:
        """Whether the word before is the label of a filter: region IN."""
        while place and self._atoms[place - 1].key in _EQUALS:
            place -= 1
        keys = [atom.key for atom in self._atoms[max(0, place - MOST_OF_LABEL) : place]]
        endings = (tuple(keys[start:]) for start in range(len(keys)))
        return any(part is PhrasePart.LABEL for ending in endings for part, _ in phrases().get(ending, ()))

    def _timed(self, place: int) -> Iterator[_Piece]:
        for period in self._periods(place):
            if period.end in self._ends:
                yield _Piece(self._ends[period.end], period.part, period.meaning)

    def _periods(self, place: int) -> list[periods.AskedPeriod]:
        return periods.find(self._low, self._atoms[place].start, self._asker.today)

    def _profile(self, place: int) -> Iterator[_Piece]:
        """A field of the customer profile with its value; free text and personal fields only after a sign."""
        for start, field in _walk(self._vocabulary.field_trie, self._atoms, place):
            has_sign = start < len(self._atoms) and self._atoms[start].key in _EQUALS
            first = start + has_sign
            if first >= len(self._atoms):
                continue
            if field.personal:
                if has_sign:
                    yield _Piece(self._chunk(first), PhrasePart.PERSONAL_FIELD, field.id, 0.5)
                continue
            for end, value in self._values(field, first, has_sign):
                yield _Piece(end, PhrasePart.PROFILE, (field.id, value), 0.5)

    def _values(self, field: TraitField, first: int, has_sign: bool) -> Iterator[tuple[int, str]]:
        """(the atom after it, the value as stored) of what can follow a field."""
        atom = self._atoms[first]
        if field.values and atom.quoted is None:
            yield from _walk(self._vocabulary.value_tries[field.id], self._atoms, first)
        elif atom.quoted is not None or has_sign:
            end = first + 1 if atom.quoted is not None else self._chunk(first)
            written = atom.quoted or self._text[atom.start : self._atoms[end - 1].end]
            try:
                yield end, check_value(field, written)
            except ValueError:
                return

    def _chunk(self, first: int) -> int:
        """The end of what stands together: a word, or characters without a space or mark between them."""
        end = first + 1
        while end < len(self._atoms):
            atom = self._atoms[end]
            if atom.start != self._atoms[end - 1].end or atom.is_mark or atom.key in ("的", "且"):
                break
            end += 1
        return end


def _walk(branches: dict[str, Any], atoms: list[Atom], place: int) -> Iterator[tuple[int, Any]]:
    """(the atom after it, what it leads to) of every phrase that begins at an atom; soft marks in it may be left out."""
    node = branches
    while place < len(atoms) and atoms[place].quoted is None:
        key = atoms[place].key
        if key in node:
            node = node[key]
            if "" in node:
                yield place + 1, node[""]
        elif node is branches or key not in SOFT:
            return
        place += 1
