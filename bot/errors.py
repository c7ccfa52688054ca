"""Errors that carry the words to say about them.

A `BotError` is something a person can do something about: its text goes to them as it is. Anything else is a fault of
ours: they get a short reference that is also in the log.
"""

from collections.abc import Callable
from typing import Any


def N_(msgid: str) -> str:  # noqa: N802 - the gettext name
    """Mark a sentence for the catalogues; it is translated where it is shown."""
    return msgid


class BotError(Exception):
    """A sentence (a gettext msgid with %(name)s places) and its values."""

    exit_code = 1

    def __init__(self, msgid: str, **values: Any) -> None:
        self.msgid = msgid
        self.values = values
        super().__init__(self.text())

    def text(self, gettext: Callable[[str], str] = str) -> str:
        return gettext(self.msgid) % self.values if self.values else gettext(self.msgid)


class BadInput(BotError):
    """What was given cannot be used; says where and what to do."""

    exit_code = 2


class NotFound(BotError):
    """There is no such thing, or it is not for this person to see: one answer for both."""

    exit_code = 3


class NotAllowed(BotError):
    """This person may not do that."""

    exit_code = 4


class Conflict(BotError):
    """Somebody was faster, or it was done already."""

    exit_code = 5


class NotReady(BotError):
    """Something must be set up first."""

    exit_code = 6
