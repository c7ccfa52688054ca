"""The customers that a question names: one and what is asked of it, or those to compare."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import pairwise, product
from typing import NamedTuple

from bot.services.ask.questions.atoms import unquoted
from bot.services.ask.questions.grammar.parts import FilterField, PhrasePart
from bot.services.ask.questions.query import Aspect, Risk, Silence
from bot.services.ask.questions.tokens import Token

FEWEST, MOST = 2, 3  # customers to compare
MOST_JOINTS = 8  # of which each may also be within a name
_AGAINST = "against"  # compares only whole names: whom are we up against at ACME
_MOVES = (PhrasePart.MOVED, PhrasePart.MOVE)
_JOINTS = (PhrasePart.AND, PhrasePart.APART, PhrasePart.VERSUS, PhrasePart.OR)
_BY_RISK = {  # asked of one customer
    Risk.OVER_LIMIT: Aspect.CREDIT,
    Risk.OVERDUE_INVOICE: Aspect.CREDIT,
    Risk.OVERDUE_STEP: Aspect.CARE,
}
Known = Callable[[str], bool]


class Piece(NamedTuple):
    """A name as it was written, and whether it stood in quotation marks."""

    text: str
    quoted: bool = False


def name_of(text: str, tokens: Sequence[Token], known: Known) -> Piece:
    """The name that tokens are, without words around it that change nothing, unless they belong to the name."""
    rest = list(tokens)
    if not rest:
        return Piece("")
    written = text[rest[0].start : rest[-1].end].strip(" :")
    if unquoted(written) is None and known(written):
        return Piece(written)
    while rest and (rest[0].is_empty or rest[0].part in (PhrasePart.PAST, PhrasePart.APART)):
        rest = rest[1:]
    while rest and (rest[-1].is_empty or rest[-1].part in (PhrasePart.PAST, PhrasePart.APART)):
        rest = rest[:-1]
    written = text[rest[0].start : rest[-1].end].strip() if rest else ""
    held = unquoted(written)
    return Piece(written) if held is None else Piece(held, True)


def all_named(text: str, tokens: Sequence[Token], known: Known) -> tuple[str, ...]:
    """The customers whose whole names stand side by side, and nothing else."""
    rest = _between(tokens)
    places = [place for place, token in enumerate(rest) if token.part in _JOINTS]
    for split in _splits(text, rest, places, known) if rest and places else ():
        if len(split) > 1 and all(one.quoted or known(one.text) for one in split):
            return tuple(one.text for one in split)
    return ()


def with_aspect(text: str, tokens: Sequence[Token], known: Known) -> tuple[Aspect, Piece | None, bool] | None:
    """(what is asked, of whom, whether the words say that a customer is meant); None without a word for what is asked."""
    rest = _between(tokens)
    if any(token.part is PhrasePart.ASPECT and token.meaning is Aspect.WHY for token in rest):
        while len(rest) > 1 and (rest[-1].is_empty or rest[-1].part in _MOVES):
            rest = rest[:-1]  # why did ACME fall
    if not rest:
        return None
    first, last = _aspect_of(rest[0]), _aspect_of(rest[-1])
    if first is not None and len(rest) == 1:
        return first, None, True
    if last is not None and names_unknown(rest[:-1]):
        return last, None, True
    if last is not None:
        name = name_of(text, rest[:-1], known)
        return (last, name, True) if name.text else (last, None, True)
    if first is None:
        return None
    name = name_of(text, rest[1:], known)
    if rest[0].part is PhrasePart.LABEL and rest[1].part is not PhrasePart.OF and not known(name.text):
        return None
    is_sure = rest[1].part is PhrasePart.OF or name.quoted
    return (first, name, is_sure) if name.text else (first, None, True)


def names_unknown(tokens: Sequence[Token]) -> bool:
    """Whether words in the place of a name, or all words, say that it was named before: how is he doing."""
    kinds = {token.part for token in tokens if not token.is_empty}
    also = {PhrasePart.RECENT, PhrasePart.HOW, PhrasePart.ASPECT, PhrasePart.PAST}
    return PhrasePart.UNKNOWN_ONE in kinds and kinds <= {PhrasePart.UNKNOWN_ONE, *also}


def around(tokens: Sequence[Token], today: date) -> tuple[Aspect, Sequence[Token]] | None:
    """(what is asked, what is left) when all words but some side by side belong to one question about one customer.

    What is left is the name. `Is Globex over its credit limit?`, `why is Globex only a B`, `how is Globex doing`.
    """
    wanted = dict.fromkeys(aspect for token in tokens if (aspect := _asked_by(token)) is not None)
    if len(wanted) > 1:
        wanted.pop(Aspect.CARD, None)  # how … over time
    if len(wanted) != 1:
        return None
    (aspect,) = wanted
    left = [place for place, token in enumerate(tokens) if not _belongs(token, aspect, today)]
    return (aspect, tokens[left[0] : left[-1] + 1]) if left else None


def _asked_by(token: Token) -> Aspect | None:
    if token.part is PhrasePart.RISK:
        return _BY_RISK.get(token.meaning)
    return (
        Aspect.CARD
        if token.part is PhrasePart.HOW
        else _aspect_of(token)
        if token.part is PhrasePart.ASPECT
        else None
    )


def _belongs(token: Token, aspect: Aspect, today: date) -> bool:
    """Whether a word says nothing else than what is asked of the customer."""
    if (
        token.is_empty
        or token.part in (PhrasePart.PAST, PhrasePart.APART, PhrasePart.HOW)
        or _asked_by(token) is aspect
    ):
        return True
    match token.part:
        case PhrasePart.CONTEXT:
            return token.meaning is aspect
        case PhrasePart.MOVED | PhrasePart.MOVE:
            return aspect in (Aspect.WHY, Aspect.HISTORY)
        case PhrasePart.TO:
            return aspect is Aspect.WHY
        case PhrasePart.LABEL | PhrasePart.VALUE:
            kinds = (
                {one.field for one in token.meaning} if token.part is PhrasePart.VALUE else {token.meaning}
            )
            return aspect is Aspect.WHY and kinds == {FilterField.TIER}
        case PhrasePart.AHEAD:
            return aspect is Aspect.BRIEF
        case PhrasePart.LACKED:
            return aspect is Aspect.BRIEF and token.meaning is Silence.VISIT
        case PhrasePart.SINCE:
            return aspect is Aspect.BRIEF and token.meaning == today
        case _:
            return False


def to_compare(text: str, tokens: Sequence[Token], known: Known) -> list[Piece] | None:
    """The customers to compare; None when nothing is to be compared."""
    rest = _between(tokens)
    verbs = [token for token in rest if token.part is PhrasePart.COMPARE]
    if not verbs and not any(token.part is PhrasePart.VERSUS for token in rest):
        return None
    if rest and rest[0].part is PhrasePart.COMPARE:
        rest = _between(rest[1:])
    elif rest and rest[-1].part is PhrasePart.COMPARE:
        rest = _between(rest[:-1])
    if rest and rest[0].part is PhrasePart.PUT:
        rest = _between(rest[1:])
    if rest and rest[0].part is PhrasePart.COUNT and verbs:  # three of them: …
        count, named = rest[0], _named(text, _between(rest[1:]), known)
        return named if len(named) == count.meaning else [Piece(text[count.start : count.end]), *named]
    found = _named(text, rest, known)
    is_sure = all(one.quoted or known(one.text) for one in found)
    return found if verbs or is_sure or _versus(text, rest) != {_AGAINST} else None


def _named(text: str, rest: list[Token], known: Known) -> list[Piece]:
    """The names that stand side by side, cut at the joints that make all of them known where there are such."""
    if not rest:
        return []
    places = [place for place, token in enumerate(rest) if _is_joint(text, token)]
    splits = list(_splits(text, rest, places, known))
    best = next((split for split in splits if all(one.quoted or known(one.text) for one in split)), None)
    if best is None and not places:
        best = next(_by_spaces(text, rest, known), None)
    return best or splits[0]


def _versus(text: str, tokens: Sequence[Token]) -> set[str]:
    """The words between names that set them against each other."""
    return {text[token.start : token.end].casefold() for token in tokens if token.part is PhrasePart.VERSUS}


def _is_joint(text: str, token: Token) -> bool:
    is_with = text[token.start : token.end].casefold() in ("with", "to", "against")
    return token.part in _JOINTS or token.part is PhrasePart.COMPARE or is_with


def _splits(text: str, tokens: list[Token], places: list[int], known: Known) -> Iterator[list[Piece]]:
    """The names between the joints: first at all of them, then with some of them within a name."""
    certain = places[MOST_JOINTS:]
    for chosen in product((True, False), repeat=len(places[:MOST_JOINTS])):
        cuts = [place for place, cut in zip(places, chosen, strict=False) if cut] + certain
        edges = [-1, *cuts, len(tokens)]
        groups = [tokens[start + 1 : end] for start, end in pairwise(edges)]
        names = [name_of(text, group, known) for group in groups]
        yield [name for name in names if name.text]


def _by_spaces(text: str, tokens: list[Token], known: Known) -> Iterator[list[Piece]]:
    """Two or three whole names with nothing but spaces between them."""
    words = text[tokens[0].start : tokens[-1].end].split()
    ends = range(1, len(words))
    for cuts in [*((one,) for one in ends), *((one, two) for one in ends for two in ends if one < two)]:
        edges = [0, *cuts, len(words)]
        names = [" ".join(words[start:end]) for start, end in pairwise(edges)]
        if all(map(known, names)):
            yield [Piece(name) for name in names]


def _aspect_of(token: Token) -> Aspect | None:
    if token.part is PhrasePart.ASPECT:
        return Aspect(token.meaning)
    is_tier = token.part is PhrasePart.LABEL and token.meaning == "tiers"
    return Aspect.CARD if is_tier else None


def _between(tokens: Sequence[Token]) -> list[Token]:
    rest = list(tokens)
    while rest and rest[0].part in (PhrasePart.FILLER, PhrasePart.PAST, PhrasePart.APART):
        rest = rest[1:]
    while rest and (rest[-1].is_empty or rest[-1].part is PhrasePart.APART):
        rest = rest[:-1]
    return rest
