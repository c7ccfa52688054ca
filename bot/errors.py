"""Errors with a message for people.

A `BotError` is a problem that a person can solve: they see its text as it is. Any other exception is a fault of ours:
they see a short reference that is also in the log.
"""

from collections.abc import Sequence
from gettext import NullTranslations
from typing import Any, Self

from grading.phrases import (
    ENGLISH,
    N_,
    BilingualName,
    Phrase,
    joined,
    ngettext,
    one_of,
    sentences,
    translated,
)

__all__ = [
    "ENGLISH",
    "N_",
    "BadInput",
    "BilingualName",
    "BotError",
    "Conflict",
    "NotAllowed",
    "NotFound",
    "NotReady",
    "Phrase",
    "SeveralProblems",
    "joined",
    "ngettext",
    "one_of",
    "sentences",
    "translated",
]


class BotError(Exception):
    """A sentence (a gettext msgid with %(name)s placeholders) and its values."""

    exit_code = 1

    def __init__(self, msgid: str, **values: Any) -> None:
        self.msgid = msgid
        self.values = values
        super().__init__(self.text())

    @property
    def phrase(self) -> Phrase:
        """The sentence, to be shown in a language that is not known yet."""
        return Phrase(self.msgid, **self.values)

    def text(self, words: NullTranslations = ENGLISH) -> str:
        """The sentence in a language."""
        return self.phrase.text(words)


class BadInput(BotError):
    """The input cannot be used; the text says where and what to do."""

    exit_code = 2
    field = ""  # the input of a form that is wrong, where that is known

    def of(self, field: str) -> Self:
        """The same problem, said below this input of a form."""
        self.field = field
        return self


class SeveralProblems(BadInput):
    """The input cannot be used for the reasons in `problems`, a line of the text for each."""

    def __init__(self, problems: Sequence[str], msgid: str = N_("%(problems)s")) -> None:
        self.problems = tuple(problems)
        super().__init__(msgid, problems=joined(self.problems, "\n"))


class NotFound(BotError):
    """It does not exist, or this person may not see it: the answer is the same."""

    exit_code = 3


class Hidden(NotFound):
    """The customer that a button names is not there, or not for this person, even if it was when it was shown."""


class NotAllowed(BotError):
    """This person may not do that."""

    exit_code = 4


class Conflict(BotError):
    """Somebody else was faster, or it is done already."""

    exit_code = 5


class NotReady(BotError):
    """Something must be set up before."""

    exit_code = 6
