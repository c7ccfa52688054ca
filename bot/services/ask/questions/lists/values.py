"""The firm's words in a list, and what joins them."""

from bot.services.ask.questions.grammar.parts import FilterField, PhrasePart
from bot.services.ask.questions.lists.reading import JOINING, ListReading
from bot.services.ask.questions.query import Direction
from bot.services.ask.questions.tokens import Token
from bot.services.ask.questions.unclear import WhyUnclear
from bot.services.ask.questions.vocabulary import NO_TIER_NAMES, Meaning

_DASHES = frozenset("-–—~～至")


class Values(ListReading):
    """The steps for values of filters."""

    def _read_values(self) -> None:
        """The firm's words, each with what it can mean beside a label; values of one filter must stand together."""
        for place, token in enumerate(self._tokens):
            if token.part is PhrasePart.VALUE and not self._used[place] and place not in self._unwanted:
                meanings = self._labelled(place, token.meaning)
                after = place + 1 + self._is_label(place + 1, FilterField.TIER)
                if self._is(after, PhrasePart.BEYOND) and self._tiers_at(place):
                    wide = self._vocabulary.beyond(
                        self._tiers_at(place), better=self._tokens[after].meaning is Direction.UP
                    )
                    meanings = (Meaning(FilterField.TIER, wide),) if wide else meanings
                    self._use([after] if wide else [])
                self._values.append((token, meanings))
                self._use([place])
            elif token.part is PhrasePart.LABEL and not self._used[place]:
                beside = (place - 1, place + 1)
                if any(
                    self._is(near, PhrasePart.VALUE) and self._has(near, token.meaning) for near in beside
                ):
                    self._use([place])
        self._find_split()

    def _find_split(self) -> None:
        """Note a filter whose values stand in two places: between them only joints, labels and the word customers."""
        seen: dict[FilterField, int] = {}
        for place, token in enumerate(self._tokens):
            if token.part is not PhrasePart.VALUE or place in self._targets or place in self._unwanted:
                continue
            meanings = self._labelled(place, token.meaning)
            kinds = {one.field for one in meanings}
            if len(kinds) > 1:
                continue
            (kind,) = kinds
            if kind in seen:
                between = self._tokens[seen[kind] + 1 : place]
                parts = {one.part for one in between}
                allowed = {*JOINING, PhrasePart.LABEL, PhrasePart.TO}
                if parts & {PhrasePart.AND, PhrasePart.OR}:
                    allowed |= {PhrasePart.CUSTOMERS, PhrasePart.ACCOUNTS}
                is_joined = bool(parts & {*JOINING}) or not self._is_parted(self._tokens[seen[kind]], token)
                if not parts <= allowed or not is_joined or self._is_tier_without(seen[kind], place):
                    self._reason = self._reason or WhyUnclear.TWICE
            seen[kind] = place

    def _is_parted(self, before: Token, after: Token) -> bool:
        """Whether words stand between two values that join nothing (A级里面的C级), or a dash (A-C)."""
        between = [one for one in self._small if before.end <= one.start and one.end <= after.start]
        return any(one.meaning is None or one.meaning in _DASHES for one in between)

    def _is_tier_without(self, place: int, after: int) -> bool:
        """Whether a tier and being without one stand side by side: new A customers are not new ones and those of A."""
        if any(self._is(near, *JOINING) for near in range(place + 1, after)):
            return False
        kinds = [{tier in NO_TIER_NAMES for tier in self._tiers_at(near)} for near in (place, after)]
        return len(kinds[0] | kinds[1]) > 1

    def _read_joints(self) -> None:
        """And, or and commas: `or` joins only values of one filter, or what a customer did not have."""
        for place, token in enumerate(self._tokens):
            if self._used[place]:
                continue
            if token.part in (PhrasePart.AND, PhrasePart.APART):
                self._use([place])
            elif token.part is PhrasePart.TAKE:
                parts = {one.part for one in self._tokens}
                is_to_list = PhrasePart.LIST in parts and not parts & {PhrasePart.MOVED, PhrasePart.MOVE}
                self._use([place] if is_to_list else [])
            elif token.part is PhrasePart.BOTH:
                if self._fields_from(place, 1) and any(
                    self._is(place + 2 + one, PhrasePart.AND, PhrasePart.OR) for one in (0, 1)
                ):
                    self._use([place])
            elif token.part is PhrasePart.OR:
                before, after = self._fields_from(place, -1), self._fields_from(place, 1)
                if before & after:
                    self._use([place])
            elif token.part is PhrasePart.FROM:
                after = self._fields_from(place, 1)
                if after and FilterField.TIER not in after:
                    self._use([place])
            elif token.part is PhrasePart.PAST and any(
                one.part in (PhrasePart.MOVED, PhrasePart.LACKED) for one in self._tokens
            ):
                self._use([place])

    def _fields_from(self, place: int, step: int) -> frozenset[FilterField]:
        """What the next value in a direction can be; labels and the word customers are passed over."""
        near = place + step
        while self._is(near, PhrasePart.LABEL, PhrasePart.CUSTOMERS, PhrasePart.ACCOUNTS):
            near += step
        return (
            frozenset(one.field for one in self._labelled(near, self._tokens[near].meaning))
            if self._is(near, PhrasePart.VALUE)
            else frozenset()
        )
