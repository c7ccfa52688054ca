"""A value that cannot be read, with the reason that the rejects file gives."""

from collections.abc import Callable
from typing import Any

from bot.errors import N_, Phrase


class RefusedValue:
    """Takes the place of a value that could not be read."""

    __slots__ = ("is_form", "reason")

    def __init__(self, reason: str, *, is_form: bool = False) -> None:
        """`is_form`: the cell has a value, written in a form that is not understood."""
        self.reason = reason
        self.is_form = is_form


# Takes a stripped, non-empty cell; returns the value as the staging table stores it, None when the cell stands for
# nothing, or a RefusedValue.
Parser = Callable[[str], Any]
EMPTY = RefusedValue(Phrase(N_("is empty")))


def clip(text: str) -> str:
    """A cell's text, short enough for a reason."""
    return text if len(text) <= 60 else text[:57] + "..."
