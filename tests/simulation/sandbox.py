"""What a history runs in: a real SQLite file copied from a template, and processes that stop at given steps.

All processes share one thread and virtual clocks: a process is a greenlet that runs until it reaches a step, so
any order of their steps can be played, and repeated.
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
from tests.services.delivery.ledger import Fault


class Crash(BaseException):
    """The process was killed: nothing after it runs, uncommitted changes are rolled back."""


@dataclass(frozen=True, kw_only=True)
class ObservedDatabase(Database):
    """Notifies observers of the end of every transaction, where a process can be killed."""

    observers: list[Callable[[str], None]] = field(default_factory=list)

    @contextmanager
    def write(self, *, lock: str | None = None) -> Iterator[Session]:
        with super().write(lock=lock) as session:
            yield session
            self._notify("commit.before")
        self._notify("commit.after")

    @contextmanager
    def read(self) -> Iterator[Session]:
        with super().read() as session:
            yield session
        self._notify("read.after")

    def _notify(self, step: str) -> None:
        for observer in self.observers:
            observer(step)


class Sandbox:
    """One SQLite file, in memory where possible; each history begins with the rows of the template."""

    def __init__(self, fill: Callable[[Database], None] = lambda database: None) -> None:
        memory = Path("/dev/shm")
        self._folder = Path(tempfile.mkdtemp(prefix="tierbot-", dir=memory if memory.is_dir() else None))
        opened = open_database(f"sqlite:///{self._folder / 'history.db'}")
        self.database = ObservedDatabase(url=opened.url, writer=opened.writer, reader=opened.reader)
        event.listen(opened.writer, "connect", _without_fsync)
        upgrade(self.database)
        fill(self.database)
        self._direct = sqlite3.connect(self._folder / "history.db", isolation_level=None)
        self._template = sqlite3.connect(":memory:")
        self._direct.backup(self._template)

    def reset(self) -> None:
        """Delete everything the last history wrote."""
        self.database.observers.clear()
        self._template.backup(self._direct)

    def rows(self, query: str) -> list[Any]:
        """Read rows without the product's code."""
        return self._direct.execute(query).fetchall()

    def close(self) -> None:
        self._direct.close()
        self._template.close()
        self.database.close()
        shutil.rmtree(self._folder)


class Process:
    """Work that runs until a step, and is continued or killed there."""

    def __init__(self, work: Callable[[], object], faults: list[Fault]) -> None:
        self._work = greenlet(work)
        self._home: greenlet | None = None
        self._until: Callable[[str], bool] = lambda step: False
        self.faults = faults
        self.doing = ""
        self.stopped_at = ""

    def reach(self, step: str) -> None:
        """Called by the work: stop here if this is the step to stop at."""
        if self._home is not None and self._until(step):
            self.stopped_at = step
            self._home.switch()

    def run(self, until: Callable[[str], bool] = lambda step: False) -> bool:
        """Continue the work; whether it has stopped at a step before its end."""
        self._until, self._home = until, greenlet.getcurrent()
        self._work.parent = self._home
        self.stopped_at = ""
        self._work.switch()
        return not self._work.dead

    def kill(self) -> None:
        try:
            self._work.throw(Crash)
        except Crash:
            return


def _without_fsync(connection: Any, _: Any) -> None:
    """Only processes are killed here, never the machine."""
    connection.execute("PRAGMA synchronous=OFF")
