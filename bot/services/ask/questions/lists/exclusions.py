"""What listed customers must not be."""

from dataclasses import replace

from bot.services.ask.questions.grammar.parts import PhrasePart
from bot.services.ask.questions.lists.reading import ListReading
from bot.services.ask.questions.query import Excluded
from bot.services.ask.questions.tokens import Token
from bot.services.ask.questions.unclear import WhyUnclear
from bot.services.ask.questions.vocabulary import Meaning

ALSO = frozenset("、")  # joins what is excluded; after another comma something else may begin
_JOINTS = (PhrasePart.AND, PhrasePart.OR, PhrasePart.APART, PhrasePart.NOT, PhrasePart.EXCEPT, PhrasePart.TO)

_ENDING = (
    *(PhrasePart.APART, PhrasePart.AND, PhrasePart.BUT, PhrasePart.EXCEPT_AFTER, PhrasePart.EXCEPT),
    *(PhrasePart.BY, PhrasePart.ORDER, PhrasePart.SORTED, PhrasePart.FIRST, PhrasePart.TOP),
)


class Exclusions(ListReading):
    """The steps for what is left out: not A, except DACH, 除了华东, A类以外."""

    def _read_exclusions(self) -> None:
        for place, token in enumerate(self._tokens):
            if self._used[place]:
                continue
            is_not = token.part is PhrasePart.NOT and token.meaning == "value"
            if token.part is PhrasePart.EXCEPT or is_not:
                if not self._exclude_after(place) and self._may_follow(place):
                    self._exclude_before(place)
            elif token.part is PhrasePart.EXCEPT_AFTER:
                self._exclude_before(place)
        for place, token in enumerate(self._tokens):
            if token.part is PhrasePart.BUT and not self._used[place]:
                self._use([place] if place + 1 in self._unwanted or self._is_not(place + 1) else [])

    def _may_follow(self, place: int) -> bool:
        """Whether a word that stands before what is left out may stand behind it here: 华东不要, and nothing after it."""
        ends = place + 1 == len(self._tokens) or self._is(place + 1, PhrasePart.APART)
        return ends and self._tokens[place].meaning == "either side"

    def _is_not(self, place: int) -> bool:
        return self._is(place, PhrasePart.NOT, PhrasePart.EXCEPT) and self._used[place]

    def _exclude_after(self, place: int) -> bool:
        items, at = self._items_from(place + 1)
        is_followed = at < len(self._tokens) and not self._is(at, *_ENDING)
        if not items or (is_followed and self._tokens[place].meaning == "to the end"):
            self._unwanted -= {*range(place, at)}
            return False  # all but A customers in DACH: in DACH, or all but those?
        if self._is(at, PhrasePart.EXCEPT_AFTER):
            self._use([at])
        self._use(range(place, at))
        self._add(items)
        return True

    def _items_from(self, start: int) -> tuple[list[tuple[Token, Meaning | None]], int]:
        """What is left out from a place on, and the place after it."""
        items: list[tuple[Token, Meaning | None]] = []
        at = start
        while True:
            ahead = at
            while items and self._is(ahead, *_JOINTS):
                ahead += 1
            if self._is(ahead, PhrasePart.FROM):
                ahead += 1
            if self._is(ahead, PhrasePart.LABEL) and self._is_label_of_value_after(ahead):
                ahead += 1
            if items and ahead == at:
                return items, at
            item = self._item(ahead)
            if item is None or (items and not _same(items[-1], item)):
                return items, at
            between = self._tokens[at:ahead]
            if items and not any(_joins(one) for one in between):
                self._reason = self._reason or WhyUnclear.TWICE  # not A, B: B too, or only B?
                return items, at
            items.append(item)
            self._unwanted.add(ahead)
            at = ahead + 1
            if self._is_label_of(at, item):
                at += 1
            if self._is(at, PhrasePart.CUSTOMERS):
                at += 1

    def _is_label_of_value_after(self, place: int) -> bool:
        if not self._is(place + 1, PhrasePart.VALUE):
            return False
        return any(one.field == self._tokens[place].meaning for one in self._tokens[place + 1].meaning)

    def _is_label_of(self, place: int, item: tuple[Token, Meaning | None] | None) -> bool:
        """Whether a word is the label of what is left out, and of no value behind it."""
        if item is None or item[1] is None or not self._is_label(place, item[1].field):
            return False
        return not self._is_label_of_value_after(place)

    def _exclude_before(self, place: int) -> None:
        at = place - 1
        if self._is(at, PhrasePart.CUSTOMERS):
            at -= 1
        if self._is(at, PhrasePart.LABEL) and self._is_label_of(at, self._item(at - 1)):
            at -= 1
        items: list[tuple[Token, Meaning | None]] = []
        first = at
        while (item := self._item(at)) is not None and (not items or _same(items[-1], item)):
            items.append(item)
            self._unwanted.add(at)
            first, at = at, at - 1
            if self._is(at, PhrasePart.LABEL) and self._is_label_of(at, items[-1]):
                first, at = at, at - 1
            if not (
                self._is(at, PhrasePart.AND, PhrasePart.OR)
                or (self._is(at, PhrasePart.APART) and self._tokens[at].meaning in ALSO)
            ):
                break
            at -= 1
        if items:
            self._use(range(first, place + 1))
            self._add(items[::-1])

    def _item(self, place: int) -> tuple[Token, Meaning | None] | None:
        """A word that can be left out: a value that means one thing, a risk, or the asker's own."""
        if not 0 <= place < len(self._tokens) or self._used[place]:
            return None
        token = self._tokens[place]
        if token.part in (PhrasePart.RISK, PhrasePart.ME, PhrasePart.MY_TEAM):
            return token, None
        if token.part is not PhrasePart.VALUE:
            return None
        meanings = self._labelled(place, token.meaning)
        return (token, meanings[0]) if len(meanings) == 1 else None

    def _add(self, items: list[tuple[Token, Meaning | None]]) -> None:
        without = self._filters.without
        for token, meaning in items:
            if meaning is not None:
                without = _with(without, str(meaning.field), meaning.values)
            elif token.part is PhrasePart.RISK:
                without = _with(without, "risks", (token.meaning,))
            elif token.part is PhrasePart.ME:
                without = _with(without, "owners", (self._asker.person_id,))
            else:
                without = _with(without, "teams", self._asker.teams)
        self._filters = replace(self._filters, without=without)


def _joins(token: Token) -> bool:
    """Whether a word says that what follows is left out too."""
    if token.part is PhrasePart.APART:
        return token.meaning in ALSO
    return token.part in (PhrasePart.AND, PhrasePart.OR, PhrasePart.NOT, PhrasePart.EXCEPT)


def _with(without: Excluded, name: str, values: tuple[object, ...]) -> Excluded:
    if not hasattr(without, name):
        return without
    known = dict.fromkeys((*getattr(without, name), *values))
    return replace(without, **{name: tuple(known)})


def _same(one: tuple[Token, Meaning | None], other: tuple[Token, Meaning | None]) -> bool:
    """Whether two words belong to one filter."""
    fields = [item[1].field if item[1] is not None else item[0].part for item in (one, other)]
    return fields[0] == fields[1]
