"""From the tokens of a question to a list: which customers, in which order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import islice, pairwise, product
from typing import Any

from bot.services.ask.questions.periods import RECENT_DAYS
from bot.services.ask.questions.phrases import FilterField, PhrasePart
from bot.services.ask.questions.query import (
    Direction,
    Filters,
    Listing,
    MovedSince,
    Risk,
    Silence,
    SilentFor,
    Sort,
)
from bot.services.ask.questions.tokens import Token
from bot.services.ask.questions.unclear import WhyUnclear
from bot.services.ask.questions.vocabulary import NO_TIER_NAMES, Meaning, QuestionActor, Vocabulary

MOST_CHOICES, MOST_TRIED = 8, 64
_PERIODS = (PhrasePart.LENGTH, PhrasePart.SINCE, PhrasePart.RECENT, PhrasePart.OVER, PhrasePart.FUTURE)
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
    }
)
_DASHES = frozenset("-–—~～至")
_JOINING = (PhrasePart.AND, PhrasePart.OR, PhrasePart.APART)
_MOST_FIRST = (Sort.SCORE, Sort.REVENUE, Sort.VALUE_AT_RISK)  # as they are sorted when nothing is said


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


class _Reading:
    def __init__(self, tokens: Sequence[Token], vocabulary: Vocabulary, asker: QuestionActor) -> None:
        self._tokens = [token for token in tokens if not token.is_empty]
        self._vocabulary, self._asker = vocabulary, asker
        self._small = [token for token in tokens if token.is_empty]
        self._used = [False] * len(self._tokens)
        self._reason: WhyUnclear | None = None
        self._filters = Filters()
        self._sort: Sort | None = None
        self._descending = False
        self._limit: int | None = None
        self._variants: list[tuple[Token, list[Filters]]] = []  # a word, and what it can add
        self._accounts: Token | None = None  # customers, or only those that are no prospects
        self._targets: set[int] = set()  # where the tiers are that customers are near to
        self._nearest: list[Filters] = []
        self._sorts: list[Sort] = []
        self._values: list[tuple[Token, tuple[Meaning, ...]]] = []

    # -- steps, each of which uses some tokens

    def result(self) -> ReadListing:
        for step in (
            self._read_silences,
            self._read_nears,
            self._read_moves,
            self._read_plain,
            self._read_order,
        ):
            step()
        self._read_values()
        self._read_joints()
        left = tuple(token for token, used in zip(self._tokens, self._used, strict=True) if not used)
        listings, unsure = self._listings()
        is_twice = self._reason is WhyUnclear.TWICE and all(token.part in _PERIODS for token in left)
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

    def _read_silences(self) -> None:
        """No visit for 30 days: what was lacking, and its length before or after it."""
        place = 0
        while place < len(self._tokens):
            if not self._is(place, PhrasePart.NOT) or not self._is(place + 1, PhrasePart.LACKED):
                place += 1
                continue
            lacked, end = [self._tokens[place + 1].meaning], place + 2
            while (more := self._another(end)) is not None:
                lacked.append(self._tokens[more].meaning)
                end = more + 1
            self._use(range(place, end))
            self._add_silences(lacked, place, end)
            place = end

    def _another(self, place: int) -> int | None:
        """Where something else is that was lacked as long: no visit `and no call`, no visit `or call`.

        No visit `or no call` is another question: one of both may have been.
        """
        more = place + self._is(place, *_JOINING)
        if self._is(place, PhrasePart.OR) and self._is(more, PhrasePart.NOT):
            return None
        more += self._is(more, PhrasePart.NOT)
        return more if more > place and self._is(more, PhrasePart.LACKED) else None

    def _add_silences(self, lacked: list[Silence], place: int, end: int) -> None:
        for near in (place - 1, end):
            if not self._is(near, *_PERIODS) or self._used[near]:
                continue
            period = self._tokens[near]
            self._use([near])
            today, since = self._asker.today, period.meaning
            match period.part:
                case PhrasePart.LENGTH:
                    days = since
                case PhrasePart.SINCE:
                    days = (today - since).days + 1
                case PhrasePart.RECENT:
                    days = RECENT_DAYS
                case PhrasePart.OVER:
                    days = (today - since).days + 1
                    self._fail(WhyUnclear.OVER, [self._silent(lacked, days)])
                    return
                case _:
                    self._fail(WhyUnclear.FUTURE, [])
                    return
            self._filters = self._silent(lacked, days)
            return
        self._fail(WhyUnclear.NO_PERIOD, [self._silent(lacked, days) for days in (30, 60, 90)])

    def _silent(self, lacked: Iterable[Silence], days: int) -> Filters:
        added = tuple(SilentFor(what=what, days=days) for what in dict.fromkeys(lacked))
        return replace(self._filters, silent_for=(*self._filters.silent_for, *added))

    def _read_nears(self) -> None:
        for place, token in enumerate(self._tokens):
            if token.part is PhrasePart.NEAR_ANY:
                self._use([place])
                self._vary(token, [Filters(near=direction) for direction in Direction])
            if token.part not in (PhrasePart.NEAR, PhrasePart.NEAR_TO, PhrasePart.NEAR_MAYBE):
                continue
            target = place + 1 + self._is(place + 1, PhrasePart.TO)
            tiers = self._tiers_at(target) if token.part is not PhrasePart.NEAR else ()
            if (
                token.part is PhrasePart.NEAR_MAYBE
                and tiers
                and self._is_apart(token, self._tokens[place + 1])
            ):
                tiers = ()  # 快升的 B 类客户 are in B; 快升 B 的客户 are about to be
            if not tiers and token.part is PhrasePart.NEAR_TO:
                continue
            used = [place]
            if tiers:
                used += range(place + 1, target + 1)
                self._targets.add(target)
                used += [target + 1] if self._is_label(target + 1, FilterField.TIER) else []
            used += [near for near in (place - 1, place + 1) if self._is(near, PhrasePart.RECENT)][:1]
            self._use(used)
            self._set_near(token.meaning, tiers)

    def _is_apart(self, token: Token, after: Token) -> bool:
        return any(token.end <= one.start and one.end <= after.start for one in self._small)

    def _set_near(self, direction: Direction, target: tuple[str, ...]) -> None:
        if self._filters.near is not None:
            self._reason = WhyUnclear.TWICE
            return
        self._filters = replace(self._filters, near=direction)
        if not target:
            return
        beside = self._vocabulary.below if direction is Direction.UP else self._vocabulary.above
        if found := beside(target):
            self._filters = replace(self._filters, tiers=found)
        else:
            self._fail(WhyUnclear.NO_TIER, [self._filters])

    def _read_moves(self) -> None:
        for place, token in enumerate(self._tokens):
            is_said = token.part is PhrasePart.MOVED or (token.part is PhrasePart.MOVE and place > 0)
            is_said = is_said and not (place == 0 and self._is_to_be_changed())
            if not is_said or self._used[place]:
                continue
            if self._filters.moved is not None:
                self._reason = WhyUnclear.TWICE
            self._use([place])
            if self._is(place + 1, PhrasePart.TO) and self._tiers_at(place + 2):
                self._use([place + 1])
            since: date | None = self._asker.today - timedelta(days=RECENT_DAYS)
            for near in self._periods_beside(place):
                period = self._tokens[near]
                self._use([near])
                if period.part is PhrasePart.LENGTH:
                    since = self._asker.today - timedelta(days=period.meaning)
                elif period.part in (PhrasePart.SINCE, PhrasePart.OVER):
                    since = period.meaning
                if period.part in (PhrasePart.OVER, PhrasePart.FUTURE):
                    moved = MovedSince(direction=token.meaning, since=since or self._asker.today)
                    again = [replace(self._filters, moved=moved)] if period.part is PhrasePart.OVER else []
                    self._fail(WhyUnclear(str(period.part)), again)
            if since is not None:
                self._filters = replace(self._filters, moved=MovedSince(direction=token.meaning, since=since))

    def _is_to_be_changed(self) -> bool:
        """Whether a question begins with the move of what is written together with it: 升级A类客户."""
        parts = [PhrasePart.MOVED, PhrasePart.VALUE, PhrasePart.LABEL, PhrasePart.CUSTOMERS]
        first = self._tokens[: len(parts)]
        together = all(one.end == other.start for one, other in pairwise(first))
        return together and [one.part for one in self._tokens] == parts

    def _periods_beside(self, place: int) -> list[int]:
        """The period of a move: the nearest one that nothing else has used, before or after it, not beyond a comma."""
        for step in (1, -1):
            near = place + step
            while 0 <= near < len(self._tokens) and not self._is(near, PhrasePart.APART):
                token = self._tokens[near]
                if token.part in _PERIODS and not self._used[near]:
                    return [near]
                if token.part not in (
                    PhrasePart.VALUE,
                    PhrasePart.CUSTOMERS,
                    PhrasePart.LABEL,
                    PhrasePart.TO,
                    PhrasePart.ME,
                    PhrasePart.RECORD_TYPE,
                    PhrasePart.ACCOUNTS,
                ):
                    break
                near += step
        return []

    def _read_plain(self) -> None:
        """Risks, record types and the like, each a word of its own."""
        for place, token in enumerate(self._tokens):
            if self._used[place]:
                continue
            used, filters = [place], self._filters
            match token.part:
                case PhrasePart.RISK if token.meaning is Risk.SILENT and (near := self._length_beside(place)):
                    days = self._tokens[near[0]].meaning
                    used += near
                    options = [SilentFor(what=what, days=days) for what in (Silence.CONTACT, Silence.ORDER)]
                    self._vary(token, [Filters(silent_for=(one,)) for one in options])
                case PhrasePart.RISK:
                    risks = dict.fromkeys((*filters.risks, token.meaning))
                    self._filters = replace(filters, risks=tuple(risks))
                case PhrasePart.OVERDUE:
                    overdue = (Risk.OVERDUE_STEP, Risk.OVERDUE_INVOICE)
                    self._vary(token, [Filters(risks=(risk,)) for risk in overdue])
                case PhrasePart.UNATTENDED:
                    self._filters = replace(filters, unattended=True)
                case PhrasePart.ACCOUNTS:
                    self._accounts = token
                case PhrasePart.RECORD_TYPE:
                    types = dict.fromkeys((*filters.record_types, token.meaning))
                    self._filters = replace(filters, record_types=tuple(types))
                case PhrasePart.PROFILE:
                    self._filters = replace(filters, profile=(*filters.profile, token.meaning))
                case PhrasePart.PERSONAL_FIELD:
                    self._fail(WhyUnclear.PERSONAL, [])
                case PhrasePart.ME if filters.owners:
                    pass
                case PhrasePart.ME:
                    self._filters = replace(filters, owners=(self._asker.person_id,))
                    if self._is_label(place - 1, FilterField.OWNER):
                        used.append(place - 1)
                case PhrasePart.MY_TEAM if self._asker.teams:
                    self._filters = replace(filters, teams=self._asker.teams)
                case PhrasePart.CUSTOMERS | PhrasePart.LIST:
                    pass
                case _:
                    used = []
            self._use(used)

    def _length_beside(self, place: int) -> list[int]:
        return [
            near
            for near in (place + 1, place - 1)
            if self._is(near, PhrasePart.LENGTH) and not self._used[near]
        ][:1]

    def _read_order(self) -> None:
        for place, token in enumerate(self._tokens):
            after = place + 1
            if token.part is PhrasePart.BY and (sort := self._sort_at(after)) is not None:
                self._set_sort(sort, [place, after])
            elif token.part is PhrasePart.ORDER and self._sort is None:
                self._set_sort(token.meaning[0], [place])
                self._descending = token.meaning[1]
            elif (
                token.part in (PhrasePart.MOST, PhrasePart.LEAST)
                and (near := self._amount_beside(place)) is not None
            ):
                self._descending = token.part is PhrasePart.LEAST
                self._set_sort(self._tokens[near].meaning, [place, near])
            elif token.part in (PhrasePart.FIRST, PhrasePart.TOP):
                if self._limit is not None:
                    continue
                self._limit = token.meaning
                self._use([place])
                if self._is(place - 1, PhrasePart.SORT) and not self._used[place - 1]:
                    self._set_sort(self._tokens[place - 1].meaning, [place - 1])
        for place, token in enumerate(self._tokens):
            if self._used[place] or self._sort is None:
                continue
            most_first = self._sort in _MOST_FIRST
            if token.part is PhrasePart.SORTED:
                self._use([place])
            elif token.part is PhrasePart.REVERSED:
                self._descending = True
                self._use([place])
            elif token.part in (PhrasePart.RISING, PhrasePart.FALLING):
                self._descending = most_first == (token.part is PhrasePart.RISING)
                self._use([place])
        if self._sort is None and any(token.part is PhrasePart.TOP for token in self._tokens):
            self._reason = self._reason or WhyUnclear.NO_ORDER
            self._sorts = [Sort.REVENUE, Sort.SCORE, Sort.VALUE_AT_RISK]

    def _amount_beside(self, place: int) -> int | None:
        """Where the amount is of which the most or the least is asked: most revenue, 营收最高."""
        if self._sort is not None:
            return None
        places = [near for near in (place + 1, place - 1) if self._is(near, PhrasePart.SORT)]
        return next((near for near in places if self._tokens[near].meaning in _MOST_FIRST), None)

    def _set_sort(self, sort: Sort, places: list[int]) -> None:
        if self._sort is None:
            self._sort = sort
            self._use(places)

    def _sort_at(self, place: int) -> Sort | None:
        if self._is_label(place, FilterField.TIER):
            return Sort.TIER
        return self._tokens[place].meaning if self._is(place, PhrasePart.SORT) else None

    def _read_values(self) -> None:
        """The firm's words, each with what it can mean beside a label; values of one filter must stand together."""
        for place, token in enumerate(self._tokens):
            if token.part is PhrasePart.VALUE and not self._used[place]:
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

    def _labelled(self, place: int, meanings: tuple[Meaning, ...]) -> tuple[Meaning, ...]:
        """Only those meanings that the label before or after a word has, or that of the values it is joined to."""
        for near in (place - 1, place + 1):
            if near < 0 or not self._is(near, PhrasePart.LABEL):
                continue
            wanted = tuple(one for one in meanings if one.field == self._tokens[near].meaning)
            if wanted and (near < place or not self._is_label_of_next(near)):
                return wanted
        return meanings

    def _is_label_of_next(self, place: int) -> bool:
        """Whether a label belongs to the value after it, as in `A region DACH`."""
        after = place + 1
        return self._is(after, PhrasePart.VALUE) and self._has(after, self._tokens[place].meaning)

    def _has(self, place: int, kind: FilterField) -> bool:
        return any(one.field == kind for one in self._tokens[place].meaning)

    def _find_split(self) -> None:
        """Note a filter whose values stand in two places: between them only joints, labels and the word customers."""
        seen: dict[FilterField, int] = {}
        for place, token in enumerate(self._tokens):
            if token.part is not PhrasePart.VALUE or place in self._targets:
                continue
            meanings = self._labelled(place, token.meaning)
            kinds = {one.field for one in meanings}
            if len(kinds) > 1:
                continue
            (kind,) = kinds
            if kind in seen:
                between = self._tokens[seen[kind] + 1 : place]
                parts = {one.part for one in between}
                allowed = {*_JOINING, PhrasePart.LABEL, PhrasePart.TO}
                if parts & {PhrasePart.AND, PhrasePart.OR}:
                    allowed |= {PhrasePart.CUSTOMERS, PhrasePart.ACCOUNTS}
                is_joined = bool(parts & {*_JOINING}) or not self._is_parted(self._tokens[seen[kind]], token)
                if not parts <= allowed or not is_joined or self._is_tier_without(seen[kind], place):
                    self._reason = self._reason or WhyUnclear.TWICE
            seen[kind] = place

    def _is_parted(self, before: Token, after: Token) -> bool:
        """Whether words stand between two values that join nothing (A级里面的C级), or a dash (A-C)."""
        between = [one for one in self._small if before.end <= one.start and one.end <= after.start]
        return any(one.meaning is None or one.meaning in _DASHES for one in between)

    def _is_tier_without(self, place: int, after: int) -> bool:
        """Whether a tier and being without one stand side by side: new A customers are not new ones and those of A."""
        if any(self._is(near, *_JOINING) for near in range(place + 1, after)):
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

    def _vary(self, token: Token, variants: list[Filters]) -> None:
        self._variants.append((token, variants))

    def _fail(self, reason: WhyUnclear, nearest: list[Filters]) -> None:
        self._reason = self._reason or reason
        self._nearest += nearest

    def _is(self, place: int, *parts: PhrasePart) -> bool:
        return 0 <= place < len(self._tokens) and self._tokens[place].part in parts

    def _is_label(self, place: int, kind: FilterField) -> bool:
        return self._is(place, PhrasePart.LABEL) and self._tokens[place].meaning == kind

    def _tiers_at(self, place: int) -> tuple[str, ...]:
        """The tiers that a value there can mean; a label before it is passed over by the caller."""
        if not self._is(place, PhrasePart.VALUE):
            return ()
        tiers = [one.values for one in self._tokens[place].meaning if one.field == FilterField.TIER]
        return tiers[0] if tiers else ()

    def _use(self, places: Iterable[int]) -> None:
        for place in places:
            self._used[place] = True


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
