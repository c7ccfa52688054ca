"""A value that cannot be taken, with the reason a person reads in the rejects file."""

from collections.abc import Callable
from typing import Any


class RefusedValue:
    """Stands in a parsed column where a value could not be read."""

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        self.reason = reason


# Takes a stripped, non-empty cell; gives the value as the staging table takes it, or Refused.
Parser = Callable[[str], Any]
EMPTY = RefusedValue("is empty")


class Memo(dict[str, Any]):
    """Cells already parsed, so that a repeated one costs a dictionary look-up; bounded, so that memory stays flat."""

    def __init__(self, parse: Parser, *, required: bool, limit: int = 20_000) -> None:
        super().__init__()
        self._parse = parse
        self._empty = EMPTY if required else None
        self._limit = limit

    def __missing__(self, cell: str) -> Any:
        text = cell.strip()
        value = self._parse(text) if text else self._empty
        if len(self) >= self._limit:
            self.clear()
        self[cell] = value
        return value
