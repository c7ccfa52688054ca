"""Processes forked from the harness, which has imported everything once: a worker starts in milliseconds.

The harness has no threads and no open database when it forks.
"""

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn


def spawn(work: Callable[[], None]) -> int:
    """Run in a child process; its id."""
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child:
        return child
    _run(work)


def _run(work: Callable[[], None]) -> NoReturn:
    status = 1
    try:
        work()
        status = 0
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(status)


def ended(pid: int) -> int | None:
    """The exit status of a child (negative: the signal it died of), None while it runs."""
    found, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


def wait(pid: int, seconds: float) -> int | None:
    """Wait so long for a child to end; None when it still runs."""
    until = time.monotonic() + seconds
    while (status := ended(pid)) is None and time.monotonic() < until:
        time.sleep(0.01)
    return status


def end(pid: int, number: int = signal.SIGKILL) -> None:
    """Send a signal, and kill what does not heed it in five seconds."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)
    if wait(pid, 5) is None:
        os.kill(pid, signal.SIGKILL)
        wait(pid, 5)


class Fleet:
    """So many workers at a time: whoever dies is replaced. `make` is given the number of the life."""

    def __init__(self, size: int, make: Callable[[int], Callable[[], None]]) -> None:
        self._make = make
        self._lives = 0
        self.deaths: list[int] = []
        self.pids: list[int] = []
        self.tend(size)

    def tend(self, size: int | None = None) -> None:
        """Notice who has died, and start others in their place."""
        size = len(self.pids) if size is None else size
        living = []
        for pid in self.pids:
            status = ended(pid)
            if status is None:
                living.append(pid)
            else:
                self.deaths.append(status)
        while len(living) < size:
            living.append(spawn(self._make(self._lives)))
            self._lives += 1
        self.pids = living

    @property
    def killed(self) -> int:
        return sum(status == -signal.SIGKILL for status in self.deaths)

    def close(self, number: int = signal.SIGKILL) -> None:
        for pid in self.pids:
            end(pid, number)
        self.pids = []
