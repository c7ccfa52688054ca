"""What customers did not have, which tier they are near to, and where their tiers moved."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

from bot.services.ask.questions.grammar.parts import FilterField, PhrasePart
from bot.services.ask.questions.lists.reading import JOINING, PERIODS, ListReading
from bot.services.ask.questions.periods import RECENT_DAYS
from bot.services.ask.questions.query import Direction, Filters, MovedSince, Silence, SilentFor, Sort
from bot.services.ask.questions.tokens import Token
from bot.services.ask.questions.unclear import WhyUnclear

_LAST = {
    Sort.LAST_CONTACT: Silence.CONTACT,
    Sort.LAST_VISIT: Silence.VISIT,
    Sort.LAST_CALL: Silence.CALL,
    Sort.LAST_ORDER: Silence.ORDER,
}


class ChangeSteps(ListReading):
    """The steps for what happened, did not happen, or is about to."""

    def _read_silences(self) -> None:
        """No visit for 30 days: what was lacking, and its length before or after it."""
        place = 0
        while place < len(self._tokens):
            if self._is(place, PhrasePart.LACKING):
                lacked, end = [self._tokens[place].meaning], place + 1
            elif self._is_long_ago(place):
                place += 2
                continue
            elif self._is(place, PhrasePart.NOT) and self._is(place + 1, PhrasePart.LACKED):
                lacked, end = [self._tokens[place + 1].meaning], place + 2
            else:
                place += 1
                continue
            while (more := self._another(end)) is not None:
                lacked.append(self._tokens[more].meaning)
                end = more + 1
            self._use(range(place, end))
            self._add_silences(lacked, place, end)
            place = end

    def _is_long_ago(self, place: int) -> bool:
        """Last visit more than 60 days ago: none for so long."""
        token = self._tokens[place]
        if not self._is(place + 1, PhrasePart.AGO) or token.part is not PhrasePart.SORT:
            return False
        what = _LAST.get(token.meaning)
        if what is None:
            return False
        self._use([place, place + 1])
        self._filters = self._silent([what], self._tokens[place + 1].meaning)
        return True

    def _another(self, place: int) -> int | None:
        """Where something else is that was lacked as long: no visit `and no call`, no visit `or call`.

        No visit `or no call` is another question: one of both may have been.
        """
        more = place + self._is(place, *JOINING)
        if self._is(place, PhrasePart.OR) and self._is(more, PhrasePart.NOT):
            return None
        more += self._is(more, PhrasePart.NOT)
        return more if more > place and self._is(more, PhrasePart.LACKED) else None

    def _add_silences(self, lacked: list[Silence], place: int, end: int) -> None:
        near_by = [near for near in (place - 1, end) if self._is(near, *PERIODS) and not self._used[near]]
        for near in near_by or self._periods_beside(place, end - 1):
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
                    days = (today - since.since).days + 1
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
            if token.part is PhrasePart.AWAY:
                self._read_gap(place)
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

    def _read_gap(self, place: int) -> None:
        """Only a little short of a tier: 离A只差一点."""
        tiers = self._tiers_at(place + 1)
        end = place + 2
        while self._is_label(end, FilterField.TIER) or self._is(end, PhrasePart.CUSTOMERS):
            end += 1
        if tiers and self._is(end, PhrasePart.GAP):
            self._targets.add(place + 1)
            self._use(range(place, end + 1))
            self._set_near(Direction.UP, tiers)

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
            until: date | None = None
            for near in self._periods_beside(place):
                period = self._tokens[near]
                self._use([near])
                if period.part is PhrasePart.LENGTH:
                    since = self._asker.today - timedelta(days=period.meaning)
                elif period.part is PhrasePart.SINCE:
                    since = period.meaning
                elif period.part is PhrasePart.OVER:
                    since, until = period.meaning
                elif period.part is PhrasePart.FUTURE:
                    self._fail(WhyUnclear.FUTURE, [])
            if since is not None:
                moved = MovedSince(direction=token.meaning, since=since, until=until)
                self._filters = replace(self._filters, moved=moved)

    def _is_to_be_changed(self) -> bool:
        """Whether a question begins with the move of what is written together with it: 升级A类客户."""
        parts = [PhrasePart.MOVED, PhrasePart.VALUE, PhrasePart.LABEL, PhrasePart.CUSTOMERS]
        first = self._tokens[: len(parts)]
        together = all(one.end == other.start for one, other in pairwise(first))
        return together and [one.part for one in self._tokens] == parts

    def _periods_beside(self, place: int, last: int | None = None) -> list[int]:
        """The period of a move: the nearest one that nothing else has used, before or after it, not beyond a comma."""
        for step in (1, -1):
            near = (place if step < 0 or last is None else last) + step
            while 0 <= near < len(self._tokens) and not self._is(near, PhrasePart.APART):
                token = self._tokens[near]
                if token.part in PERIODS and not self._used[near]:
                    return [near]
                if token.part not in (
                    PhrasePart.VALUE,
                    PhrasePart.CUSTOMERS,
                    PhrasePart.LABEL,
                    PhrasePart.TO,
                    PhrasePart.ME,
                    PhrasePart.RECORD_TYPE,
                    PhrasePart.ACCOUNTS,
                    PhrasePart.FROM,
                    PhrasePart.MY_TEAM,
                ):
                    break
                near += step
        return []
