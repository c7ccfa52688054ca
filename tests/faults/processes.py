"""Processes forked from the harness, which has imported everything, so that a worker starts in milliseconds.

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
    return _run(work)


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
    """Wait for a child to end; None when it still runs."""
    until = time.monotonic() + seconds
    while (status := ended(pid)) is None and time.monotonic() < until:
        time.sleep(0.01)
    return status


def wait_until(reached: Callable[[], object], seconds: float, every: float = 0.05) -> bool:
    """Wait until something is reached, at most so long; whether it was."""
    until = time.monotonic() + seconds
    while not (done := bool(reached())) and time.monotonic() < until:
        time.sleep(every)
    return done


def end(pid: int, number: int = signal.SIGKILL) -> None:
    """Send a signal, and kill the process if it still runs after five seconds."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)
    if wait(pid, 5) is None:
        os.kill(pid, signal.SIGKILL)
        wait(pid, 5)


class Fleet:
    """A number of workers at a time; dead ones are replaced. `make` is given the number of the new worker."""

    def __init__(self, size: int, make: Callable[[int], Callable[[], None]]) -> None:
        self._make = make
        self._started = 0
        self.deaths: list[int] = []
        self.pids: list[int] = []
        self.tend(size)

    def tend(self, size: int | None = None) -> None:
        """Replace dead workers."""
        size = len(self.pids) if size is None else size
        living = []
        for pid in self.pids:
            status = ended(pid)
            if status is None:
                living.append(pid)
            else:
                self.deaths.append(status)
        while len(living) < size:
            living.append(spawn(self._make(self._started)))
            self._started += 1
        self.pids = living

    def run_until(
        self,
        reached: Callable[[], object],
        seconds: float,
        also: Callable[[], None] = lambda: None,
        every: float = 0.05,
    ) -> bool:
        """Replace dead workers until something is reached, at most so long; whether it was."""

        def tended() -> object:
            self.tend()
            also()
            return reached()

        return wait_until(tended, seconds, every)

    @property
    def killed(self) -> int:
        return sum(status == -signal.SIGKILL for status in self.deaths)

    def close(self, number: int = signal.SIGKILL) -> None:
        for pid in self.pids:
            end(pid, number)
        self.pids = []
