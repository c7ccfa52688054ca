"""Misspelt words of the grammar and of the firm: read as the one word that they can mean, or not at all."""

from collections.abc import Iterator
from functools import cache

from bot.services.ask.questions.atoms import atoms_of
from bot.services.ask.questions.grammar.parts import PhrasePart
from bot.services.ask.questions.grammar.spelt import SPELT_RIGHT
from bot.services.ask.questions.phrases import phrases
from bot.services.ask.questions.tokens import tokens_of
from bot.services.ask.questions.vocabulary import QuestionActor, Vocabulary

SHORTEST = 5  # letters of a word that may be misspelt
MOST = 2  # misspelt words of a question


def corrected(text: str, vocabulary: Vocabulary, asker: QuestionActor) -> str | None:
    """The text with its misspelt words spelt right; None where one that is not understood has no or several words near it."""
    fixed, count = text, 0
    for token in reversed(tokens_of(text, vocabulary, asker)):
        if token.part is not PhrasePart.WORD:
            continue
        for atom in reversed(atoms_of(text)):
            if not token.start <= atom.start < token.end:
                continue
            word = meant(atom.key, vocabulary)
            count += 1
            if word is None or count > MOST:
                return None
            fixed = f"{fixed[: atom.start]}{word}{fixed[atom.end :]}"
    return fixed if count else None


def meant(word: str, vocabulary: Vocabulary) -> str | None:
    """The one known word that differs from a word by one letter, or by two that changed places."""
    from rapidfuzz.distance import OSA  # only when something was not understood

    if len(word) < SHORTEST or not (word.isascii() and word.isalpha()) or word in SPELT_RIGHT:
        return None
    near = [
        other
        for known in (_words_of_grammar(), frozenset(_words_of(vocabulary)))
        for other in known
        if abs(len(other) - len(word)) <= 1 and OSA.distance(word, other, score_cutoff=1) == 1
    ]
    stems = {other.removesuffix("s") for other in near}
    return min(near, key=lambda one: (len(one), one)) if len(stems) == 1 else None


@cache
def _words_of_grammar() -> frozenset[str]:
    return frozenset(word for keys in phrases() for word in keys if _may_be_misspelt(word))


def _words_of(vocabulary: Vocabulary) -> Iterator[str]:
    return (word for keys in vocabulary.words for word in keys if _may_be_misspelt(word))


def _may_be_misspelt(word: str) -> bool:
    return word.isascii() and word.isalpha() and len(word) >= SHORTEST - 1
