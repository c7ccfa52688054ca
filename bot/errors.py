"""Errors with a message for people.

A `BotError` is a problem that a person can solve: they see its text as it is. Any other exception is a fault of ours:
they see a short reference that is also in the log.
"""

from collections.abc import Callable
from typing import Any


def N_(msgid: str) -> str:  # noqa: N802 - the gettext name
    """Mark a sentence for the catalogues; it is translated where it is shown."""
    return msgid


class BotError(Exception):
    """A sentence (a gettext msgid with %(name)s placeholders) and its values."""

    exit_code = 1

    def __init__(self, msgid: str, **values: Any) -> None:
        self.msgid = msgid
        self.values = values
        super().__init__(self.text())

    def text(self, gettext: Callable[[str], str] = str) -> str:
        """The sentence, translated by `gettext`."""
        return gettext(self.msgid) % self.values if self.values else gettext(self.msgid)


class BadInput(BotError):
    """The input cannot be used; the text says where and what to do."""

    exit_code = 2


class NotFound(BotError):
    """It does not exist, or this person may not see it: the answer is the same."""

    exit_code = 3


class NotAllowed(BotError):
    """This person may not do that."""

    exit_code = 4


class Conflict(BotError):
    """Somebody else was faster, or it is done already."""

    exit_code = 5


class NotReady(BotError):
    """Something must be set up before."""

    exit_code = 6
