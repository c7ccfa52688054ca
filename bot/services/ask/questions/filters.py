"""From the tokens of a question to a list: which customers, in which order."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice, product
from typing import Any

from bot.services.ask.questions.grammar.parts import PhrasePart
from bot.services.ask.questions.lists.conditions import Conditions
from bot.services.ask.questions.lists.exclusions import Exclusions
from bot.services.ask.questions.lists.order import OrderSteps
from bot.services.ask.questions.lists.reading import PERIODS
from bot.services.ask.questions.lists.values import Values
from bot.services.ask.questions.query import Filters, Listing, Risk, Sort
from bot.services.ask.questions.tokens import Token
from bot.services.ask.questions.unclear import WhyUnclear
from bot.services.ask.questions.vocabulary import Meaning, QuestionActor, Vocabulary

MOST_CHOICES, MOST_TRIED = 8, 64
_SAYS_NOTHING = frozenset(  # of a list
    {
        PhrasePart.WORD,
        PhrasePart.APART,
        PhrasePart.AND,
        PhrasePart.QUOTED,
        PhrasePart.HOW,
        PhrasePart.CONTEXT,
        PhrasePart.AHEAD,
        PhrasePart.PUT,
        PhrasePart.BUT,
        PhrasePart.COUNT,
        PhrasePart.CHANGE,
        PhrasePart.TAKE,
        PhrasePart.AMOUNT,
        PhrasePart.STATISTIC,
        PhrasePart.FORECAST,
        PhrasePart.UNKNOWN_ONE,
        PhrasePart.EXCEPT,
        PhrasePart.EXCEPT_AFTER,
        PhrasePart.ON_TOP,
        PhrasePart.MOST,
        PhrasePart.LEAST,
        PhrasePart.CLOSEST,
        PhrasePart.NEWEST,
        PhrasePart.OLDEST,
    }
)


@dataclass(kw_only=True)
class ReadListing:
    """What the tokens say of a list: the lists they can mean, and what stands in the way of one answer."""

    listings: tuple[Listing, ...]
    reason: WhyUnclear | None = None
    left: tuple[Token, ...] = ()  # not understood
    unsure: tuple[Token, ...] = ()  # with several meanings
    nearest: tuple[Listing, ...] = ()
    is_bare: bool = False  # words of the firm only
    is_mine: bool = False  # nothing but one's own
    has_content: bool = True  # it says anything about a list


def read_listing(tokens: Sequence[Token], vocabulary: Vocabulary, asker: QuestionActor) -> ReadListing:
    """The list that tokens ask for."""
    return _Reading(tokens, vocabulary, asker).result()


class _Reading(Conditions, Exclusions, OrderSteps, Values):
    """All steps, each of which uses some tokens."""

    def result(self) -> ReadListing:
        for step in (
            self._read_silences,
            self._read_nears,
            self._read_moves,
            self._read_exclusions,
            self._read_plain,
            self._read_order,
        ):
            step()
        self._read_values()
        self._read_joints()
        left = tuple(token for token, used in zip(self._tokens, self._used, strict=True) if not used)
        listings, unsure = self._listings()
        is_twice = self._reason is WhyUnclear.TWICE and all(token.part in PERIODS for token in left)
        reason = WhyUnclear.WORDS if left and not is_twice else self._reason
        if reason is None and len(listings) > 1:
            reason = WhyUnclear.SEVERAL
        kinds = {token.part for token in self._tokens}
        return ReadListing(
            listings=tuple(listings[:MOST_CHOICES]),
            reason=reason,
            left=left,
            unsure=tuple(unsure),
            nearest=tuple(self._listing(one) for one in self._nearest)
            + tuple(replace(self._listing(self._filters), sort=sort) for sort in self._sorts),
            is_bare=kinds <= {PhrasePart.VALUE, PhrasePart.APART},
            is_mine=PhrasePart.ME in kinds
            and kinds <= {PhrasePart.ME, PhrasePart.CUSTOMERS, PhrasePart.LIST},
            has_content=not kinds <= _SAYS_NOTHING,
        )

    # -- what they have in common

    def _listings(self) -> tuple[list[Listing], list[Token]]:
        """The lists that all words together can mean, and the words that have several meanings."""
        unsure = [token for token, meanings in self._values if len(meanings) > 1]
        unsure += [token for token, _ in self._variants]
        wide: dict[Listing, None] = {}
        found: dict[Listing, None] = {}
        for chosen in islice(product(*(meanings for _, meanings in self._values)), MOST_TRIED):
            chosen_filters = self._with_values(chosen)
            for added in product(*(variants for _, variants in self._variants)):
                listing = self._listing(_merged(chosen_filters, added))
                wide[listing] = None
                if self._accounts is not None and not self._has_accounts_only(listing.filters):
                    types = dict.fromkeys(("account", *listing.filters.record_types))
                    filters = replace(listing.filters, record_types=tuple(types))
                    found[replace(listing, filters=filters)] = None
                    if len(types) > 1 or "account" in listing.filters.record_types or listing == Listing():
                        del wide[listing]  # accounts and prospects; accounts and nothing else
        if found and wide and self._accounts is not None:
            unsure.append(self._accounts)
        return [*wide, *found], unsure

    def _has_accounts_only(self, filters: Filters) -> bool:
        return bool(filters.tiers) and self._vocabulary.only_accounts_have(filters.tiers)

    def _with_values(self, chosen: Sequence[Meaning]) -> Filters:
        values: dict[str, dict[Any, None]] = {}
        for meaning in chosen:
            values.setdefault(str(meaning.field), {}).update(dict.fromkeys(meaning.values))
        own: dict[str, Any] = {name: tuple(some) for name, some in values.items()}
        for name in ("tiers", "owners", "teams"):
            known = getattr(self._filters, name)
            if name not in own or not known:
                continue
            if name != "tiers" or not set(own[name]) <= set(known):  # B customers close to A are in B
                self._reason = self._reason or WhyUnclear.TWICE
        filters = replace(self._filters, **own)
        if filters.owners and filters.unattended:  # somebody's customers who have nobody
            self._reason = self._reason or WhyUnclear.TWICE
        return filters

    def _listing(self, filters: Filters) -> Listing:
        default = Sort.VALUE_AT_RISK if Risk.ANY in filters.risks else Sort.TIER
        return Listing(
            filters=filters, sort=self._sort or default, descending=self._descending, limit=self._limit
        )


def _merged(filters: Filters, added: Sequence[Filters]) -> Filters:
    """Filters with those that words of several meanings add."""
    for one in added:
        filters = replace(
            filters,
            near=one.near or filters.near,
            risks=tuple(dict.fromkeys((*filters.risks, *one.risks))),
            silent_for=(*filters.silent_for, *one.silent_for),
        )
    return filters
