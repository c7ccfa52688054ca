"""What a history stands on: a real SQLite file made anew from a template, and processes that stop where they are told.

All processes share one thread and virtual clocks: a process is a greenlet that goes on until it comes to a step, so
any order of their steps can be had, and had again.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from greenlet import greenlet
from sqlalchemy import event
from sqlmodel import Session

from db.engine import Database, open_database
from db.schema import upgrade


class Crash(BaseException):
    """The process is gone: nothing after it runs, what it had not committed is rolled back."""


@dataclass(frozen=True, kw_only=True)
class Watched(Database):
    """A database that tells of the end of every transaction: where a process can die between two of them."""

    told: list[Callable[[str], None]] = field(default_factory=list)

    @contextmanager
    def write(self, *, alone: str | None = None) -> Iterator[Session]:
        with super().write(lock=alone) as session:
            yield session
            self._tell("commit.before")
        self._tell("commit.after")

    @contextmanager
    def read(self) -> Iterator[Session]:
        with super().read() as session:
            yield session
        self._tell("read.after")

    def _tell(self, step: str) -> None:
        for hear in self.told:
            hear(step)


class Ground:
    """One SQLite file, in memory where the system has such a place; each history begins with the template's rows."""

    def __init__(self, furnish: Callable[[Database], None] = lambda database: None) -> None:
        memory = Path("/dev/shm")
        self._folder = Path(tempfile.mkdtemp(prefix="tierbot-", dir=memory if memory.is_dir() else None))
        opened = open_database(f"sqlite:///{self._folder / 'history.db'}")
        self.database = Watched(url=opened.url, writer=opened.writer, reader=opened.reader)
        event.listen(opened.writer, "connect", _without_waiting_for_the_disk)
        upgrade(self.database)
        furnish(self.database)
        self._look = sqlite3.connect(self._folder / "history.db", isolation_level=None)
        self._template = sqlite3.connect(":memory:")
        self._look.backup(self._template)

    def renew(self) -> None:
        """Forget what the last history wrote."""
        self.database.told.clear()
        self._template.backup(self._look)

    def rows(self, question: str) -> list[Any]:
        """A look past the product's own code."""
        return self._look.execute(question).fetchall()

    def close(self) -> None:
        self._look.close()
        self._template.close()
        self.database.close()
        shutil.rmtree(self._folder)


class Process:
    """Work that goes on until a step, stands still there, and goes on or dies when it is told to."""

    def __init__(self, work: Callable[[], object], faults: list[str]) -> None:
        self._work = greenlet(work)
        self._home: greenlet | None = None
        self._until: Callable[[str], bool] = lambda step: False
        self.faults = faults
        self.doing = ""
        self.stands_at = ""

    def reach(self, step: str) -> None:
        """Called by the work: stand still here, if this is where to."""
        if self._home is not None and self._until(step):
            self.stands_at = step
            self._home.switch()

    def go(self, until: Callable[[str], bool] = lambda step: False) -> bool:
        """Let it work; whether it stands somewhere now and is not at its end."""
        self._until, self._home = until, greenlet.getcurrent()
        self._work.parent = self._home
        self.stands_at = ""
        self._work.switch()
        return not self._work.dead

    def die(self) -> None:
        try:
            self._work.throw(Crash)
        except Crash:
            return


def _without_waiting_for_the_disk(connection: Any, _: Any) -> None:
    """Only processes die here, never the machine."""
    connection.execute("PRAGMA synchronous=OFF")
