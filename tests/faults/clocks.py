"""A clock that the harness sets while workers run."""

from datetime import datetime, timedelta
from typing import Any

from bot.clock import SystemClock


class SharedClock:
    """The machine's clock plus seconds in memory that all processes share."""

    def __init__(self, shift: Any) -> None:
        self._shift = shift
        self._base = SystemClock()

    def now(self) -> datetime:
        return self._base.now() + timedelta(seconds=self._shift.value)
