"""What is wrong with a scheme file: one SchemeProblem per fault, a SchemeError with all of them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce

from grading.phrases import N_, Phrase, joined

MISSING = (N_('"%(key)s" is missing'), N_('add "%(key)s:"'))  # message and remedy for a key


@dataclass(frozen=True, kw_only=True, slots=True)
class SchemeProblem:
    """One fault, its place (lines and columns count from 1) and what to do about it."""

    file: str
    line: int
    column: int
    key: str
    message: Phrase
    remedy: Phrase

    @property
    def phrase(self) -> Phrase:
        """The problem with its place."""
        return Phrase(
            N_("%(place)s: %(message)s; %(remedy)s"),
            place=place(self.file, self.line, self.key),
            message=self.message,
            remedy=self.remedy,
        )

    def __str__(self) -> str:
        return str(self.phrase)


class SchemeError(Exception):
    """A scheme that cannot be used; `problems` holds every fault found, in the order of the file."""

    def __init__(self, problems: Iterable[SchemeProblem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.line, problem.column)))
        super().__init__(self.phrase)

    @property
    def phrase(self) -> Phrase:
        """All problems, a line for each."""
        return joined([problem.phrase for problem in self.problems], "\n")

    def __reduce__(self) -> tuple[type[SchemeError], tuple[tuple[SchemeProblem, ...]]]:
        # By default an exception is unpickled from its message, which __init__ does not accept.
        return (type(self), (self.problems,))


def place(file: str, line: int, key: str) -> Phrase:
    """Where in a file a problem is; without a key, the line."""
    if key:
        return Phrase(N_("%(file)s line %(line)s, %(key)s"), file=file, line=line, key=key)
    return Phrase(N_("%(file)s line %(line)s"), file=file, line=line)


def suggest(word: str, known: Iterable[str]) -> Phrase:
    """`did you mean "weight"?`, or the list of all known words when none is close."""
    choices = list(known)
    close = difflib.get_close_matches(word, choices, n=1, cutoff=0.6)
    if close:
        return Phrase(N_('did you mean "%(word)s"?'), word=close[0])
    return Phrase(N_("use one of: %(words)s"), words=listed(choices))


def listed(words: Sequence[str], pair: str = N_("%(words)s, %(word)s")) -> str:
    """Words of the file in a row; `none` where there is no word."""
    return (
        reduce(lambda row, word: Phrase(pair, words=row, word=word), words) if words else Phrase(N_("none"))
    )
