"""Risks, record types and the like, each a word of its own."""

from dataclasses import replace
from datetime import timedelta

from bot.services.ask.questions.grammar.parts import FilterField, PhrasePart
from bot.services.ask.questions.lists.changes import ChangeSteps
from bot.services.ask.questions.periods import RECENT_DAYS
from bot.services.ask.questions.query import Filters, Risk, Silence, SilentFor
from bot.services.ask.questions.unclear import WhyUnclear


class Conditions(ChangeSteps):
    """The step for single words."""

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
                case PhrasePart.QUIET:
                    near = self._length_beside(place)
                    used += near
                    if near:
                        silent = SilentFor(what=Silence.CONTACT, days=self._tokens[near[0]].meaning)
                        self._filters = replace(filters, silent_for=(*filters.silent_for, silent))
                    else:
                        self._filters = replace(
                            filters, risks=tuple(dict.fromkeys((*filters.risks, Risk.SILENT)))
                        )
                case PhrasePart.COMPLAINED if not self._is(place - 1, PhrasePart.NOT):
                    used += self._read_complained(place)
                case PhrasePart.OVERDUE if self._is_said_of_what():
                    pass
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

    def _is_said_of_what(self) -> bool:
        """Whether another word says already what is overdue."""
        overdue = (Risk.OVERDUE_STEP, Risk.OVERDUE_INVOICE)
        return any(token.part is PhrasePart.RISK and token.meaning in overdue for token in self._tokens)

    def _read_complained(self, place: int) -> list[int]:
        """Complaints since a day, or for so long; the places of the period."""
        for near in self._periods_beside(place):
            period, since = self._tokens[near], self._asker.today
            match period.part:
                case PhrasePart.SINCE:
                    since = period.meaning
                case PhrasePart.LENGTH:
                    since -= timedelta(days=period.meaning)
                case PhrasePart.RECENT:
                    since -= timedelta(days=RECENT_DAYS)
                case PhrasePart.OVER:
                    again = replace(self._filters, complained_since=period.meaning.since)
                    self._fail(WhyUnclear.OVER, [again])
                    return [near]
                case _:
                    self._fail(WhyUnclear.FUTURE, [])
                    return [near]
            self._filters = replace(self._filters, complained_since=since)
            return [near]
        open_ones = replace(self._filters, risks=(*self._filters.risks, Risk.COMPLAINT))
        self._fail(WhyUnclear.NO_PERIOD, [open_ones])
        return []

    def _length_beside(self, place: int) -> list[int]:
        return [
            near
            for near in (place + 1, place - 1)
            if self._is(near, PhrasePart.LENGTH) and not self._used[near]
        ][:1]
