"""A queue in which people take turns, so that what one person asks for does not keep the others waiting."""

import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bot.errors import N_, Conflict

MOST_OF_ONE = 20  # presses of one person that wait or are being done
MOST_QUESTIONS = 3  # of one person that are being answered at the same moment

NOBODY = ""  # whose job it is when it is nobody's

Job = Callable[[], None]


class TooMany(Conflict):
    """A person has asked for more than may wait."""

    def __init__(self) -> None:
        super().__init__(
            N_("You have asked for a lot at once. Wait until it is answered, and then ask again.")
        )


class FairQueue:
    """Jobs of people, in turns. Of one person all threads but one may work at the same time."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._changed = threading.Condition()
        self._waiting: OrderedDict[str, deque[Job]] = OrderedDict()  # whose turn comes first stands first
        self._working: Counter[str] = Counter()
        self._closed = False

    def put(self, user_id: str, job: Job) -> bool:
        """Add a job; False when the queue is closed."""
        with self._changed:
            if self._closed:
                return False
            self._waiting.setdefault(user_id, deque()).append(job)
            self._changed.notify()
            return True

    def of(self, user_id: str) -> int:
        """How many jobs of a person wait or are being done."""
        with self._changed:
            return len(self._waiting.get(user_id, ())) + self._working[user_id]

    def get(self) -> tuple[str, Job] | None:
        """The next job and whose it is, once there is one; None when the queue is closed and empty."""
        with self._changed:
            while True:
                if (found := self._next()) is not None:
                    return found
                if self._closed and not self._waiting:
                    return None
                self._changed.wait()

    def finish(self, user_id: str) -> None:
        """A job of this person is done."""
        with self._changed:
            self._working[user_id] -= 1
            if not self._working[user_id]:
                del self._working[user_id]
            self._changed.notify_all()

    def close(self) -> None:
        """Take no more jobs; those that wait are still handed out."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _next(self) -> tuple[str, Job] | None:
        for user_id, jobs in self._waiting.items():
            if user_id == NOBODY or self._working[user_id] < max(1, self._threads - 1):
                job = jobs.popleft()
                self._waiting.move_to_end(user_id)
                if not jobs:
                    del self._waiting[user_id]
                self._working[user_id] += 1
                return user_id, job
        return None


class Turns:
    """Counts what is being answered to each person."""

    def __init__(self, most: int = MOST_QUESTIONS) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._taken: Counter[str] = Counter()

    @contextmanager
    def turn(self, user_id: str) -> Iterator[None]:
        """Answer one question. Raises TooMany while as many as allowed are being answered."""
        with self._lock:
            if self._taken[user_id] >= self._most:
                raise TooMany
            self._taken[user_id] += 1
        try:
            yield
        finally:
            with self._lock:
                self._taken[user_id] -= 1
                if not self._taken[user_id]:
                    del self._taken[user_id]
