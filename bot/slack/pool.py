"""Threads of our own for what was acknowledged and is still to be done."""

import threading
import time
from collections.abc import Callable
from queue import SimpleQueue

import structlog

log = structlog.get_logger()


class Full(Exception):
    """So much is waiting that more had better not be acknowledged."""


class Pool:
    """So many threads, and so much that may wait for them.

    They are daemons: a stop that has waited long enough is not held up by what hangs.
    """

    def __init__(self, name: str, *, threads: int, most: int) -> None:
        self._most = most
        self._queue: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._open = 0  # put in and not yet done
        self._threads = [
            threading.Thread(target=self._work, name=f"{name}-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def check(self) -> None:
        """Raise Full when there is no room: to be asked before acknowledging, after which nothing is refused."""
        if self._open >= self._most:
            raise Full

    def put(self, work: Callable[[], None]) -> None:
        with self._lock:
            self._open += 1
        self._queue.put(work)

    def close(self, until: float) -> int:
        """Finish what was put in, until this time on the monotonic clock; how much of it was left undone."""
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        return self._open

    def _work(self) -> None:
        while (work := self._queue.get()) is not None:
            try:
                work()
            except Exception as error:
                log.error("pool.failed", error=type(error).__name__, exc_info=error)
            finally:
                with self._lock:
                    self._open -= 1
