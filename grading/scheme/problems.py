"""What is wrong with a scheme file: one SchemeProblem per fault, a SchemeError with all of them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class SchemeProblem:
    """One fault, its place (lines and columns count from 1) and what to do about it."""

    file: str
    line: int
    column: int
    key: str
    message: str
    remedy: str

    def __str__(self) -> str:
        where = f"{self.file} line {self.line}" + (f", {self.key}" if self.key else "")
        return f"{where}: {self.message}; {self.remedy}"


class SchemeError(Exception):
    """A scheme that cannot be used; `problems` holds every fault found, in the order of the file."""

    def __init__(self, problems: Iterable[SchemeProblem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.line, problem.column)))
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[SchemeError], tuple[tuple[SchemeProblem, ...]]]:
        # By default an exception is unpickled from its message, which __init__ does not accept.
        return (type(self), (self.problems,))


def suggest(word: str, known: Iterable[str]) -> str:
    """`did you mean "weight"?`, or the list of all known words when none is close."""
    choices = list(known)
    close = difflib.get_close_matches(word, choices, n=1, cutoff=0.6)
    if close:
        return f'did you mean "{close[0]}"?'
    return "use one of: " + ", ".join(choices)
