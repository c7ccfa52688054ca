"""The nearest questions that work, for one that was not understood."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache

from bot.services.ask.questions.grammar.parts import PhrasePart
from bot.services.ask.questions.phrases import phrases
from bot.services.ask.questions.query import Query
from bot.services.ask.questions.tokens import Token
from bot.services.ask.questions.unclear import Unclear
from bot.services.ask.questions.vocabulary import Vocabulary

MOST = 3
ALIKE = 80.0  # percent that a misspelt word has in common with the one that is meant
SHORTEST = 4  # letters of a word that may be misspelt
MOST_LEFT = 3  # pieces that were not understood; with more of them nothing is guessed


def corrected(
    text: str, left: Sequence[Token], vocabulary: Vocabulary, read: Callable[[str], Query | Unclear]
) -> tuple[Query, ...]:
    """The questions that misspelt words may have meant: only such as are understood as a whole."""
    if not 0 < len(left) <= MOST_LEFT:
        return ()
    fixed = text
    for token in reversed(left):
        word = text[token.start : token.end]
        like = next(_like(word, vocabulary), None)
        if token.part is not PhrasePart.WORD or like is None:
            return ()
        fixed = f"{fixed[: token.start]} {like} {fixed[token.end :]}"
    found = read(fixed)
    return () if isinstance(found, Unclear) else (found,)


def _like(word: str, vocabulary: Vocabulary) -> Iterator[str]:
    """Words that the grammar or the firm has and that one may have meant, the likest first."""
    from rapidfuzz import fuzz, process  # only when something was not understood

    if len(word) < SHORTEST:
        return
    for known in (_grammar_words(), [" ".join(keys) for keys in vocabulary.words]):
        found = process.extractOne(word.casefold(), known, scorer=fuzz.ratio, score_cutoff=ALIKE)
        if found is not None:
            yield found[0]


@cache
def _grammar_words() -> list[str]:
    return [" ".join(keys) for keys in phrases() if len("".join(keys)) >= SHORTEST]
