"""The names of the customers whom an asker sees: whole ones, parts of them, and those that stand in a text."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from bot.services import access
from bot.services.access import Actor
from bot.services.ask import lookup
from bot.services.ask.questions.customer.mentions import Mention, NameFound, NameSource, mentions
from db.book import customers, near_names
from db.book.customers import NameHit, NameKind

SHORTEST_PINYIN = 6  # letters; of fewer many words consist
MOST_HOLDING = 60  # customers of one word: it does not name one of more
MOST_CODE = 8  # digits


@dataclass(frozen=True)
class VisibleNames:
    """The names of the customers whom the asker sees."""

    session: Session
    actor: Actor

    def known(self, text: str) -> bool:
        """Whether it is a whole code or name."""
        return lookup.exactly(self.session, self.actor, text) is not None

    def within(self, text: str) -> bool:
        """Whether its words are in the name of a customer."""
        return lookup.is_within(self.session, self.actor, text)

    def mentioned(self, text: str, is_open: Callable[[int, int], bool]) -> list[Mention]:
        """The customers that a text names among words that mean something else."""
        source = NameSource(
            whole=self._whole, parts=self._parts, names=self._names, codes=self._codes, labels=self._labels
        )
        return mentions(text, source, is_open)

    def _whole(self, keys: Sequence[str]) -> Iterable[NameFound]:
        joined = {key.replace(" ", ""): key for key in keys if not key.isascii()}
        hits = customers.with_keys(self.session, [*keys, *joined], self._owners)
        given = [hit for hit in self._given if hit.key in keys]
        for hit in (*hits, *given):
            if hit.kind != NameKind.PINYIN or len(hit.key) >= SHORTEST_PINYIN:
                yield NameFound(joined.get(hit.key, hit.key), hit.customer_id)

    def _parts(self, words: Sequence[str]) -> Iterable[NameFound]:
        for word in words:
            for customer_id in customers.holding(self.session, word, self._owners, MOST_HOLDING):
                yield NameFound(word, customer_id)

    def _names(self, customer_ids: Sequence[int]) -> Iterable[NameFound]:
        for hit in near_names.names_of(self.session, customer_ids):
            if hit.kind not in (NameKind.INITIALS, NameKind.PINYIN):
                yield NameFound(hit.key, hit.customer_id)

    def _codes(self, letters: str, number: str) -> Sequence[int]:
        """Customers whose code is these letters and this number, with any zeros and one joint between them."""
        zeros = (number.zfill(size) for size in range(len(number), MOST_CODE + 1))
        keys = {f"{letters}{joint}{digits}" for digits in zeros for joint in ("", " ")}
        hits = customers.with_keys(self.session, sorted(keys), self._owners)
        return list(dict.fromkeys(hit.customer_id for hit in hits if hit.kind == NameKind.CODE))

    def _labels(self, customer_ids: Sequence[int]) -> dict[int, str]:
        ids = list(dict.fromkeys(customer_ids))
        return {one: label for one in ids for label in lookup.labels(self.session, [one])}

    @property
    def _owners(self) -> customers.Owners:
        return access.visible_owners(self.session, self.actor)

    @property
    def _given(self) -> list[NameHit]:
        """The names of the few customers of whom a step was given to the actor."""
        if not (self.actor.given or self.actor.absent):
            return []
        found = near_names.names_of(self.session, access.given_customers(self.actor))
        return [hit for hit in found if hit.kind != NameKind.INITIALS]


def named_in(session: Session, actor: Actor, text: str) -> list[int]:
    """The customers of whom a whole name or code stands in a text, among those that an actor may see."""
    mentioned = VisibleNames(session, actor).mentioned(text, lambda start, end: True)
    exact = (lookup.exactly(session, actor, text[one.start : one.end]) for one in mentioned)
    return list(dict.fromkeys(one for found in exact if found is not None for one in found.ids))
