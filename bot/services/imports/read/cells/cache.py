"""What cells come to, kept for cells that repeat."""

from collections.abc import Callable
from typing import Any


class CellCache(dict[str, Any]):
    """Read cells, so that a repeated one costs one dictionary access; bounded, so that memory stays flat."""

    def __init__(self, read: Callable[[str], Any], limit: int = 20_000) -> None:
        super().__init__()
        self._read = read
        self._limit = limit

    def __missing__(self, cell: str) -> Any:
        value = self._read(cell)
        if len(self) >= self._limit:
            self.clear()
        self[cell] = value
        return value
