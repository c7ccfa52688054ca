"""From words to what is asked: a query, or what is unclear about it. Never another question than the one that was asked.

A code or a whole name of a customer comes first. Then the whole text must be understood: as a list, as one customer and
what is asked of it, as customers to compare, or as one of the few other questions.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

from bot.services.ask.questions import nearest, spelling
from bot.services.ask.questions.atoms import in_quotes, normal, unquoted
from bot.services.ask.questions.customer import meant
from bot.services.ask.questions.customer.asked import asked_of
from bot.services.ask.questions.customer.names import (
    AskedOnce,
    CustomerNames,
    is_like_a_code_or_company,
    is_like_a_company,
    is_like_a_name,
)
from bot.services.ask.questions.filters import MOST_CHOICES, ReadListing, read_listing
from bot.services.ask.questions.grammar.parts import FilterField, PhrasePart
from bot.services.ask.questions.notes_sought import sought
from bot.services.ask.questions.query import (
    AboutCustomer,
    AboutTeam,
    Aspect,
    Compared,
    FoundNotes,
    Listing,
    Personal,
    Query,
    Sort,
)
from bot.services.ask.questions.tokens import Token, stripped, tokens_of
from bot.services.ask.questions.unclear import Unclear, WhyUnclear
from bot.services.ask.questions.vocabulary import QuestionActor, Vocabulary

MOST_CHARACTERS = 1_000  # of a question
_MAY_BE_NAMED = (WhyUnclear.WORDS, WhyUnclear.TOO_FEW, WhyUnclear.NO_NAME, WhyUnclear.ONE_CUSTOMER)
_UNEXPLAINED = (PhrasePart.WORD, PhrasePart.COUNT)
_NO_QUESTIONS = {
    PhrasePart.CHANGE: WhyUnclear.CHANGE,
    PhrasePart.FORECAST: WhyUnclear.FORECAST,
    PhrasePart.STATISTIC: WhyUnclear.STATISTIC,
}
_OUR_DEBT = re.compile(r"\b(we|i)\b.*\bowe\b(?! us\b)|(我们?|咱们?)(还|还要)?欠", re.IGNORECASE)
MOST_EITHER = 2  # words that are the firm's and the grammar's


def read(text: str, vocabulary: Vocabulary, asker: QuestionActor, names: CustomerNames) -> Query | Unclear:
    """What a text asks."""
    reader = _Reader(normal(text), vocabulary, asker, AskedOnce(names))
    return reader.refused_if_ours(reader.read())


@dataclass(frozen=True)
class _Reader:
    text: str
    vocabulary: Vocabulary
    asker: QuestionActor
    names: CustomerNames
    may_correct: bool = True  # a corrected text is not corrected again

    def read(self) -> Query | Unclear:
        whole = self.text
        if len(whole) > MOST_CHARACTERS:
            return self._unclear(WhyUnclear.TOO_LONG)
        tokens = tokens_of(whole, self.vocabulary, self.asker)
        found = self._read(tokens)
        if self._is_certain(found) or self._is_company(found):
            return found
        named = self._of_mentioned(tokens)
        if isinstance(named, Unclear) and not _is_open(found):
            named = None
        if named is not None:
            return self._refused(tokens, named)
        return self._respelt(found) or self._by_part(found) or self._refused(tokens, found)

    def refused_if_ours(self, found: Query | Unclear) -> Query | Unclear:
        """What we owe a customer is not what it owes us: both are offered."""
        if not (
            isinstance(found, AboutCustomer) and found.aspect is Aspect.CREDIT and _OUR_DEBT.search(self.text)
        ):
            return found
        near = (replace(found, aspect=Aspect.CARE), found)
        return self._unclear(WhyUnclear.WORDS, words=(self.text,), near=near)

    def _by_part(self, found: Query | Unclear) -> Query | None:
        """The one customer that a part of a name means, with words around it that change nothing: wexmoor, please."""
        if not isinstance(found, AboutCustomer) or found.name == self.text:
            return None
        mentions = self.names.mentioned(found.name, lambda start, end: True)
        is_whole = [(one.start, one.end) for one in mentions] == [(0, len(found.name))]
        return replace(found, name=mentions[0].label) if is_whole else None

    def _is_certain(self, found: Query | Unclear) -> bool:
        """Whether a reading needs no look at the names that stand in the text."""
        match found:
            case Unclear():
                return found.reason not in _MAY_BE_NAMED
            case AboutCustomer():
                return self.names.known(found.name)
            case FoundNotes():
                return found.customer is not None or in_quotes(found.words) in self.text
            case Compared():
                return all(map(self.names.known, found.names))
            case _:
                return True

    def _is_company(self, found: Query | Unclear) -> bool:
        """Whether the whole text is a company that the asker has not: none with a part of its name is meant."""
        return isinstance(found, AboutCustomer) and found.name == self.text and is_like_a_company(self.text)

    def _of_mentioned(self, tokens: Sequence[Token]) -> Query | Unclear | None:
        """What is asked of the customers that the text names; None where it names none."""
        if any(token.part is PhrasePart.EITHER for token in tokens):
            return None  # of two meanings one is chosen, or offered
        words = [token for token in tokens if token.part in _UNEXPLAINED]
        found = self.names.mentioned(
            self.text, lambda start, end: any(one.start < end and start < one.end for one in words)
        )
        if not found:
            return None
        asked = asked_of(self.text, found, self.vocabulary, self.asker.today)
        if not asked.queries:
            return None
        if not asked.left and len(asked.queries) == 1:
            return asked.queries[0]
        if asked.left:
            return self._unclear(WhyUnclear.WORDS, words=asked.left, near=asked.queries)
        return self._unclear(WhyUnclear.SEVERAL, words=(self.text,), choices=asked.queries)

    def _respelt(self, found: Query | Unclear) -> Query | None:
        """What the text asks when its one misspelt word is read as the only one that it can mean."""
        if not self.may_correct or not _is_open(found) or " " not in self.text:
            return None  # a single word may be the name of a customer
        corrected = spelling.corrected(self.text, self.vocabulary, self.asker)
        again = self._again(corrected) if corrected is not None else None
        return None if again is None or isinstance(again, Unclear) else again

    def _refused(self, tokens: Sequence[Token], found: Query | Unclear) -> Query | Unclear:
        """What says more of why a question has no answer: something is to be changed, counted or foretold."""
        parts = {token.part for token in tokens}
        reason = next((reason for part, reason in _NO_QUESTIONS.items() if part in parts), None)
        if reason is None:
            return found
        if isinstance(found, Unclear):
            return replace(found, reason=reason) if found.reason is WhyUnclear.WORDS else found
        is_nobody = isinstance(found, AboutCustomer) and not self.names.within(found.name)
        return self._unclear(reason, words=(self.text,)) if is_nobody else found

    def _read(self, tokens: Sequence[Token]) -> Query | Unclear:
        whole = self.text
        spoken = [token for token in tokens if not token.is_empty]
        if not spoken:
            return self._unclear(WhyUnclear.WORDS, words=(whole,)) if whole else Personal.MINE
        if (name := unquoted(whole)) is not None:
            return AboutCustomer(name=name)
        if spoken[0].part is not PhrasePart.PERSONAL and self.names.known(whole):
            return AboutCustomer(name=whole)
        if any(token.part is PhrasePart.EITHER for token in tokens):
            return self._either(tokens)
        for attempt in (self._personal, self._notes, self._team, self._compared, self._aspect):
            if (found := attempt(tokens)) is not None:
                return found
        return self._list_or_name(tokens)

    def _either(self, tokens: Sequence[Token]) -> Query | Unclear:
        """A question with words that are the firm's and the grammar's: whatever can be meant is a choice."""
        places = [place for place, token in enumerate(tokens) if token.part is PhrasePart.EITHER][
            :MOST_EITHER
        ]
        found: dict[Query, None] = {}
        is_certain = True
        for chosen in product(*(tokens[place].meaning for place in places)):
            again = list(tokens)
            for place, (part, meaning) in zip(places, chosen, strict=True):
                again[place] = again[place]._replace(part=part, meaning=meaning)
            query = self._read([_as_word(token) for token in again])
            if isinstance(query, Unclear):
                is_certain = False
                found |= dict.fromkeys(query.choices)
            else:
                found[query] = None
        words = tuple(self._slice([tokens[place]]) for place in places)
        queries = tuple(found)
        if is_certain and len(queries) == 1:
            return queries[0]
        if len(queries) > 1:
            return self._unclear(WhyUnclear.SEVERAL, words=words, choices=queries[:MOST_CHOICES])
        return self._unclear(WhyUnclear.WORDS, words=words, near=queries)

    def _personal(self, tokens: Sequence[Token]) -> Query | None:
        rest = [token for token in tokens if not token.is_empty and token.part is not PhrasePart.ME]
        if [(token.part, token.meaning) for token in rest] == [(PhrasePart.SORT, Sort.VALUE_AT_RISK)]:
            return Personal.VALUE_AT_RISK
        wanted = {token.meaning for token in rest if token.part is PhrasePart.PERSONAL}
        others = [token for token in rest if token.part is not PhrasePart.PERSONAL]
        if wanted == {Personal.TODO}:
            others = [token for token in others if not self._is_today(token)]
        return Personal(*wanted) if len(wanted) == 1 and not others else None

    def _is_today(self, token: Token) -> bool:
        return token.part is PhrasePart.SINCE and token.meaning == self.asker.today

    def _notes(self, tokens: Sequence[Token]) -> Query | Unclear | None:
        found = sought(self.text, stripped(tokens), self.asker.today)
        if found is None:
            return None
        if found.period is not None:
            return self._unclear(WhyUnclear(str(found.period)))
        rest, notes = found.rest, found.found
        if notes is None:
            return self._unclear(WhyUnclear.NO_NAME, words=(self._slice(stripped(tokens)),))
        if found.is_quoted:
            return notes
        if comma := next((place for place, token in enumerate(rest) if token.part is PhrasePart.APART), 0):
            parts = (self._slice(rest[:comma]), notes.words)  # what follows may be talk: …, somebody wrote it
            choices = tuple(replace(notes, words=unquoted(part) or part) for part in parts)
            return self._unclear(WhyUnclear.SEVERAL, words=(notes.words,), choices=choices)
        if self.names.known(notes.words):
            about = AboutCustomer(name=notes.words, aspect=Aspect.NOTES)
            return self._unclear(WhyUnclear.SEVERAL, words=(notes.words,), choices=(about, notes))
        return notes

    def _team(self, tokens: Sequence[Token]) -> Query | None:
        spoken = [token for token in tokens if not token.is_empty and not _asks_how(token)]
        if (
            len(spoken) < sum(not token.is_empty for token in tokens)
            and self._about_known(tokens) is not None
        ):
            return None  # how is the customer called Team
        values = [token for token in spoken if token.part is PhrasePart.VALUE]
        labels = [
            token for token in spoken if token.part is PhrasePart.LABEL and token.meaning is FilterField.TEAM
        ]
        others = len(spoken) - len(values) - len(labels)
        if [token.part for token in spoken] == [PhrasePart.MY_TEAM]:
            return AboutTeam()
        if others or len(values) > 1 or len(labels) > 1:
            return None
        if not values:
            return AboutTeam() if labels else None
        teams = [one for one in values[0].meaning if one.field is FilterField.TEAM]
        is_clear = len(teams) == 1 and (labels or len(values[0].meaning) == 1)
        return AboutTeam(team=teams[0].values[0]) if is_clear else None

    def _compared(self, tokens: Sequence[Token]) -> Query | Unclear | None:
        found = meant.to_compare(self.text, tokens, self.names.known)
        if found is None:
            return None
        for piece in found:
            if not piece.quoted and not self.names.known(piece.text) and self._is_list(piece.text):
                return self._of_one(piece.text)
        wanted = tuple(piece.text for piece in found)
        if len(wanted) < meant.FEWEST:
            return self._unclear(
                WhyUnclear.TOO_FEW, words=wanted, near=tuple(AboutCustomer(name=name) for name in wanted)
            )
        if len(wanted) > meant.MOST:
            return self._unclear(
                WhyUnclear.TOO_MANY, words=wanted, near=(Compared(names=wanted[: meant.MOST]),)
            )
        return Compared(names=wanted)

    def _aspect(self, tokens: Sequence[Token]) -> Query | Unclear | None:
        """What is asked of one customer; of its history also since when."""
        spoken = stripped(tokens)
        if len(spoken) > 1 and spoken[-1].part is PhrasePart.SINCE:
            about = self._of_one_customer(spoken[:-1])
            if isinstance(about, AboutCustomer) and about.aspect is Aspect.HISTORY:
                return replace(about, since=spoken[-1].meaning)
        return self._of_one_customer(tokens)

    def _of_one_customer(self, tokens: Sequence[Token]) -> Query | Unclear | None:
        whole = read_listing(tokens, self.vocabulary, self.asker)
        if not whole.left and whole.has_content:
            return None
        found = meant.with_aspect(self.text, tokens, self.names.known)
        is_known = found is not None and found[1] is not None and self.names.known(found[1].text)
        if not is_known and (about := self._about_known(tokens)) is not None:
            return about
        if found is None:
            return None
        aspect, piece, is_sure = found
        if piece is None:
            return self._unclear(WhyUnclear.NO_NAME, words=(self._slice(stripped(tokens)),))
        if not piece.quoted and not self.names.known(piece.text) and self._is_list(piece.text):
            return self._of_one(piece.text)
        if not piece.quoted and self._is_list_in_part(piece.text):
            return None
        about = AboutCustomer(name=piece.text, aspect=aspect)
        if aspect is Aspect.NOTES and not is_sure:
            return self._unclear(
                WhyUnclear.SEVERAL, words=(piece.text,), choices=(about, FoundNotes(words=piece.text))
            )
        return about

    def _about_known(self, tokens: Sequence[Token]) -> AboutCustomer | None:
        """One customer by its whole name, and around it only words that belong to what is asked of it."""
        found = meant.around(tokens, self.asker.today)
        name = self._slice(found[1]) if found is not None else ""
        if found is None or not self.names.known(unquoted(name) or name):
            return None
        return AboutCustomer(name=unquoted(name) or name, aspect=found[0])

    def _list_or_name(self, tokens: Sequence[Token]) -> Query | Unclear:
        found = read_listing(tokens, self.vocabulary, self.asker)
        if not found.left and found.is_mine:
            return Personal.MINE
        if found.reason is None and found.has_content:
            (listing,) = found.listings
            if found.is_bare and (self.names.within(self.text) or is_like_a_name(self.text, tokens)):
                about = AboutCustomer(name=self.text)
                return self._unclear(WhyUnclear.SEVERAL, words=(self.text,), choices=(listing, about))
            return listing
        if (name := self._name_alone(tokens)) is not None:
            return AboutCustomer(name=name)
        if names := meant.all_named(self.text, tokens, self.names.known):
            few = len(names) <= meant.MOST
            near: tuple[Query, ...] = (Compared(names=names),) if few else ()
            near += tuple(AboutCustomer(name=name) for name in names)
            return self._unclear(WhyUnclear.WORDS, words=(self.text,), near=near)
        if len(stripped(tokens)) > 1 and meant.names_unknown(tokens):
            return self._unclear(WhyUnclear.NO_NAME, words=(self.text,))
        if not found.has_content or self.names.within(self.text) or is_like_a_code_or_company(self.text):
            return AboutCustomer(name=meant.name_of(self.text, tokens, self.names.known).text)
        return self._unclear_list(tokens, found)

    def _name_alone(self, tokens: Sequence[Token]) -> str | None:
        """The customer that is named with words around it that change nothing."""
        rest = stripped(tokens, PhrasePart.CUSTOMERS)
        written = self._slice(rest) if rest else ""
        if (name := unquoted(written)) is not None:
            return name
        return written if written and self.names.known(written) else None

    def _unclear_list(self, tokens: Sequence[Token], found: ReadListing) -> Unclear:
        words = tuple(self._slice([token]) for token in found.left or found.unsure)
        has_filter = any(one != Listing(sort=one.sort) for one in found.listings)
        understood = found.listings[0] if len(found.listings) == 1 and has_filter else None
        if found.reason is WhyUnclear.SEVERAL:
            return self._unclear(WhyUnclear.SEVERAL, words=words, choices=found.listings)
        if found.reason is not WhyUnclear.WORDS:
            return self._unclear(
                found.reason or WhyUnclear.WORDS, words=words, understood=understood, near=found.nearest
            )
        near: tuple[Query, ...] = ()
        if self.may_correct:
            near = nearest.corrected(self.text, found.left, self.vocabulary, self._again)
        near += tuple(AboutCustomer(name=word) for word in words if self.names.known(word))
        if understood is not None:
            near += (understood,)
        return self._unclear(WhyUnclear.WORDS, words=words, understood=understood, near=near)

    def _again(self, text: str) -> Query | Unclear:
        return replace(self, text=normal(text), may_correct=False).read()

    def _of_one(self, text: str) -> Unclear:
        """What is asked of one customer was asked of a list."""
        found = self._again(text)
        near = (found,) if not isinstance(found, Unclear) else ()
        return self._unclear(WhyUnclear.ONE_CUSTOMER, words=(text,), near=near)

    def _is_list(self, text: str) -> bool:
        """Whether a text in the place of a name asks for a list."""
        tokens = tokens_of(text, self.vocabulary, self.asker)
        found = read_listing(tokens, self.vocabulary, self.asker)
        return not found.left and found.has_content

    def _is_list_in_part(self, text: str) -> bool:
        """Whether words of lists are in a text that is in no name."""
        if self.names.known(text) or self.names.within(text):
            return False
        tokens = tokens_of(text, self.vocabulary, self.asker)
        return read_listing(tokens, self.vocabulary, self.asker).has_content

    def _slice(self, tokens: Sequence[Token]) -> str:
        return self.text[tokens[0].start : tokens[-1].end].strip()

    def _unclear(
        self,
        reason: WhyUnclear,
        *,
        words: tuple[str, ...] = (),
        understood: Query | None = None,
        choices: tuple[Query, ...] = (),
        near: tuple[Query, ...] = (),
    ) -> Unclear:
        some = tuple(dict.fromkeys(near))[: nearest.MOST]
        return Unclear(
            text=self.text,
            reason=reason,
            words=words,
            understood=understood,
            choices=choices,
            nearest=some,
        )


def _is_open(found: Query | Unclear) -> bool:
    """Whether what the names in a text say of it may say more than its reading."""
    if isinstance(found, Unclear):
        return found.reason is WhyUnclear.WORDS
    return isinstance(found, AboutCustomer)


def _asks_how(token: Token) -> bool:
    return token.part is PhrasePart.HOW or (token.part is PhrasePart.ASPECT and token.meaning is Aspect.CARD)


def _as_word(token: Token) -> Token:
    """One of too many words with two meanings is not understood."""
    return token._replace(part=PhrasePart.WORD, meaning=None) if token.part is PhrasePart.EITHER else token
