"""A thread that writes what others have noted, so that an answer never waits for the database."""

import threading
from collections.abc import Callable

import structlog

TOGETHER = 0.5  # seconds in which what comes is written together
AGAIN = 5.0  # seconds after which what could not be written is tried again
LAST = 1.0  # seconds for what is left when the process ends

log = structlog.get_logger()


class Behind:
    """Calls `write` soon after each `wake`, in a thread that the first one starts; again when it fails."""

    def __init__(self, name: str, write: Callable[[], None]) -> None:
        self._name = name
        self._write = write
        self._lock = threading.Lock()
        self._changed = threading.Event()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """There is something to write."""
        self._changed.set()
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Write what is left, if that does not take long."""
        self._closed.set()
        self._changed.set()
        if self._thread is not None:
            self._thread.join(LAST)

    def _run(self) -> None:
        while not self._closed.is_set():
            self._changed.wait()
            self._closed.wait(TOGETHER)
            self._changed.clear()
            try:
                self._write()
            except Exception as error:  # the database, which jobs and /readyz report
                log.warning("behind.unwritten", name=self._name, error=type(error).__name__)
                self._changed.set()
                self._closed.wait(AGAIN)
