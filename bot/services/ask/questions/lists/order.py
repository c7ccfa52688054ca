"""In which order a list is, and how many customers of it."""

from bot.services.ask.questions.grammar.parts import FilterField, PhrasePart
from bot.services.ask.questions.lists.reading import ListReading
from bot.services.ask.questions.query import Risk, Silence, Sort
from bot.services.ask.questions.tokens import Token
from bot.services.ask.questions.unclear import WhyUnclear

MOST_FIRST = (
    *(Sort.SCORE, Sort.REVENUE, Sort.VALUE_AT_RISK),
    *(Sort.OVERDUE_INVOICE, Sort.OVER_LIMIT, Sort.OVERDUE_STEP),
)  # as they are sorted when nothing is said
_MONEY = (Sort.OVERDUE_INVOICE, Sort.OVER_LIMIT, Sort.VALUE_AT_RISK, Sort.REVENUE)
_LAST = (Sort.LAST_CONTACT, Sort.LAST_VISIT, Sort.LAST_CALL, Sort.LAST_ORDER)
_DIRECTIONS = (
    *(PhrasePart.MOST, PhrasePart.LEAST, PhrasePart.WORST),
    *(PhrasePart.OLDEST, PhrasePart.NEWEST, PhrasePart.CLOSEST),
)
_OF_RISK = {
    Risk.OVERDUE_INVOICE: Sort.OVERDUE_INVOICE,
    Risk.OVERDUE_STEP: Sort.OVERDUE_STEP,
    Risk.OVER_LIMIT: Sort.OVER_LIMIT,
    Risk.ANY: Sort.VALUE_AT_RISK,
    Risk.SILENT: Sort.VALUE_AT_RISK,
    Risk.FALLING: Sort.VALUE_AT_RISK,
}
_OF_SILENCE = {
    Silence.CONTACT: Sort.LAST_CONTACT,
    Silence.VISIT: Sort.LAST_VISIT,
    Silence.CALL: Sort.LAST_CALL,
    Silence.ORDER: Sort.LAST_ORDER,
}


def turns_round(sort: Sort, word: PhrasePart) -> bool | None:
    """Whether an order is turned round when the most, oldest, nearest … come first; None where that says nothing of it."""
    if sort in _LAST:
        return {PhrasePart.OLDEST: False, PhrasePart.WORST: False, PhrasePart.NEWEST: True}.get(word)
    if sort is Sort.BOUNDARY:
        first = (PhrasePart.CLOSEST, PhrasePart.LEAST, PhrasePart.WORST)
        return word not in first if word in (*first, PhrasePart.MOST) else None
    if sort is Sort.OVERDUE_STEP:
        first = (PhrasePart.OLDEST, PhrasePart.MOST, PhrasePart.WORST)
        return word not in first if word is not PhrasePart.CLOSEST else None
    if sort is Sort.NAME or word not in (PhrasePart.MOST, PhrasePart.LEAST, PhrasePart.WORST):
        return None
    is_bad = sort in (Sort.SCORE, Sort.REVENUE, Sort.TIER)
    return word is PhrasePart.LEAST or (word is PhrasePart.WORST and is_bad)


class OrderSteps(ListReading):
    """The steps for order and number."""

    def _read_order(self) -> None:
        for place, token in enumerate(self._tokens):
            after = place + 1
            if (
                token.part in (PhrasePart.BY, PhrasePart.SORTED)
                and (sort := self._sort_at(after)) is not None
            ):
                self._set_sort(sort, [place, after])
            elif token.part is PhrasePart.ORDER and self._sort in (None, token.meaning[0]):
                self._sort, self._descending = token.meaning
                self._use([place])
            elif token.part in (PhrasePart.FIRST, PhrasePart.TOP):
                if self._limit is not None:
                    continue
                self._limit = token.meaning
                self._use([place])
                if self._is(place - 1, PhrasePart.SORT) and not self._used[place - 1]:
                    self._set_sort(self._tokens[place - 1].meaning, [place - 1])
        for place, token in enumerate(self._tokens):
            if token.part in _DIRECTIONS and not self._used[place]:
                self._read_direction(place, token)
        self._read_counts()
        self._read_turns()
        if self._sort is None and any(token.part is PhrasePart.TOP for token in self._tokens):
            self._take_implied(None)

    def _read_direction(self, place: int, token: Token) -> None:
        """The most, oldest, nearest … of what is beside it, or of what the list is about."""
        beside = [near for near in (place + 1, place - 1) if self._is(near, PhrasePart.SORT)]
        if (
            not beside
            and self._is_label(place + 1, FilterField.TIER)
            and self._is(place + 2, PhrasePart.ON_TOP)
        ):
            beside = [place + 1]
        near = next((one for one in beside if self._sort in (None, self._sort_at(one))), None)
        sort = self._sort if near is None else self._sort_at(near)
        if sort is None:
            if self._take_implied(token.part):
                self._use([place])
            return
        turned = turns_round(sort, token.part)
        if turned is None:
            return
        used = [place] if near is None else [place, near]
        if self._is(min(used) - 1, PhrasePart.BY):
            used.append(min(used) - 1)
        self._sort, self._descending = sort, turned
        self._use(used)

    def _take_implied(self, word: PhrasePart | None) -> bool:
        """Sort by what the list is about, or ask by what. None: as it is sorted when nothing more is said."""
        sorts = [
            sort
            for sort in dict.fromkeys(self._implied())
            if word is None or turns_round(sort, word) is not None
        ]
        if len(sorts) != 1:
            self._reason = self._reason or WhyUnclear.NO_ORDER
            self._sorts = sorts or [Sort.REVENUE, Sort.SCORE, Sort.VALUE_AT_RISK]
            return True
        self._sort, self._descending = sorts[0], bool(word and turns_round(sorts[0], word))
        return True

    def _implied(self) -> list[Sort]:
        found = [_OF_RISK[risk] for risk in self._filters.risks if risk in _OF_RISK]
        found += [_OF_SILENCE[one.what] for one in self._filters.silent_for]
        return [*found, Sort.BOUNDARY] if self._filters.near is not None else found

    def _read_counts(self) -> None:
        """A number beside what says of which customers: worst 3, 最多的五家, 10 closest to falling."""
        of_what = (*_DIRECTIONS, PhrasePart.NEAR, PhrasePart.ON_TOP)
        for place, token in enumerate(self._tokens):
            if token.part is not PhrasePart.COUNT or self._limit is not None:
                continue
            near = next(
                (one for one in (place - 1, place + 1) if self._is(one, *of_what) and self._used[one]), None
            )
            if near is None and self._is(place + 1, PhrasePart.ON_TOP):
                near = place + 1
            if near is None and not self._is(place - 1, PhrasePart.LABEL):
                near = self._after_values(place + 1, of_what)
            if near is None or (self._sort is None and not self._take_implied(None)):
                continue
            self._limit = token.meaning
            self._use([place, near])

    def _after_values(self, place: int, parts: tuple[PhrasePart, ...]) -> int | None:
        """Where the words stand that say of which customers a number is: the five chemicals closest to rising."""
        at = place
        while self._is(at, PhrasePart.VALUE, PhrasePart.CUSTOMERS, PhrasePart.ACCOUNTS):
            at += 1
        return at if at > place and self._is(at, *parts) and self._used[at] else None

    def _read_turns(self) -> None:
        turn = (PhrasePart.SORTED, PhrasePart.RISING, PhrasePart.FALLING, PhrasePart.REVERSED)
        for place, token in enumerate(self._tokens):
            if token.part is PhrasePart.SORT and self._sort is None and self._is(place + 1, *turn):
                self._set_sort(token.meaning, [place])
        turns = [token for token in self._tokens if token.part in (PhrasePart.RISING, PhrasePart.FALLING)]
        if turns and self._sort is None:
            self._take_implied(None)
        for place, token in enumerate(self._tokens):
            if self._used[place] or self._sort is None:
                continue
            most_first = self._sort in MOST_FIRST
            if (token.part is PhrasePart.AMOUNT and self._sort in _MONEY) or token.part in (
                PhrasePart.SORTED,
                PhrasePart.ON_TOP,
            ):
                self._use([place])
            elif token.part is PhrasePart.REVERSED:
                self._descending = True
                self._use([place])
            elif token.part in (PhrasePart.RISING, PhrasePart.FALLING):
                self._descending = most_first == (token.part is PhrasePart.RISING)
                self._use([place])
            elif token.part is PhrasePart.SORT and token.meaning is self._sort:
                self._use([place])

    def _set_sort(self, sort: Sort, places: list[int]) -> None:
        if self._sort in (None, sort):
            self._sort = sort
            self._use(places)

    def _sort_at(self, place: int) -> Sort | None:
        if self._is_label(place, FilterField.TIER):
            return Sort.TIER
        found: Sort | None = self._tokens[place].meaning if self._is(place, PhrasePart.SORT) else None
        return found
