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
        self._changed = threading.Condition()
        self.unfinished = 0  # put in and not yet done: what waits, and what is being worked on
        self._closed = False
        self._threads = threads
        for number in range(threads):
            threading.Thread(target=self._work, name=f"{name}-{number}", daemon=True).start()

    def check(self) -> None:
        """Raise Full when there is no room: to be asked before acknowledging, after which nothing is refused."""
        if self.unfinished >= self._most:
            raise Full

    def put(self, work: Callable[[], None]) -> None:
        """Have it done; by the caller itself when the threads have been told to end, because it was acknowledged."""
        with self._changed:
            self.unfinished += 1
            if not self._closed:
                self._queue.put(work)
                return
        self._do(work)

    def close(self, until: float) -> int:
        """Finish what was put in, until this time on the monotonic clock; how much of it was left undone."""
        with self._changed:
            self._closed = True
            for _ in range(self._threads):
                self._queue.put(None)
            self._changed.wait_for(lambda: self.unfinished == 0, max(0.0, until - time.monotonic()))
            return self.unfinished

    def _work(self) -> None:
        while (work := self._queue.get()) is not None:
            self._do(work)

    def _do(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:
            log.error("pool.failed", error=type(error).__name__, exc_info=error)
        finally:
            with self._changed:
                self.unfinished -= 1
                self._changed.notify_all()
