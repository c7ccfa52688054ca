"""What the steps that read a list share: the tokens, which of them are used, and what they say so far."""

from collections.abc import Iterable, Sequence

from bot.services.ask.questions.grammar.parts import FilterField, PhrasePart
from bot.services.ask.questions.query import Filters, Sort
from bot.services.ask.questions.tokens import Token
from bot.services.ask.questions.unclear import WhyUnclear
from bot.services.ask.questions.vocabulary import Meaning, QuestionActor, Vocabulary

PERIODS = (PhrasePart.LENGTH, PhrasePart.SINCE, PhrasePart.RECENT, PhrasePart.OVER, PhrasePart.FUTURE)
JOINING = (PhrasePart.AND, PhrasePart.OR, PhrasePart.APART)


class ListReading:
    """The state of reading one list."""

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
        self._unwanted: set[int] = set()  # where values are that customers must not have
        self._nearest: list[Filters] = []
        self._sorts: list[Sort] = []
        self._values: list[tuple[Token, tuple[Meaning, ...]]] = []

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
