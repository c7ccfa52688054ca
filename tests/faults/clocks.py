"""A clock that the harness sets while workers run."""

from datetime import datetime, timedelta
from multiprocessing import get_context
from typing import Any

from bot.clock import SystemClock


class WrongClock(SystemClock):
    """The clock of a machine that is set wrong: what runs by it takes it for the machine's own."""

    def __init__(self, apart: timedelta) -> None:
        self._apart = apart

    def now(self) -> datetime:
        return super().now() + self._apart


class SharedClock:
    """The machine's clock plus seconds in memory that all processes share."""

    def __init__(self) -> None:
        self.shift: Any = get_context("fork").RawValue("d", 0.0)
        self._base = SystemClock()

    def now(self) -> datetime:
        return self._base.now() + timedelta(seconds=self.shift.value)
