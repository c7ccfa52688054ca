"""Acknowledge first, work afterwards: own threads do what was pressed, once Slack has its answer.

Slack waits three seconds for an acknowledgement and does not send a press again. So nothing that can take long (a
write to the database, a call to Slack) may come before it.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog
from slack_bolt import Ack, BoltContext
from slack_sdk import WebClient

from bot.errors import N_, Conflict
from bot.slack.fair_queue import MOST_OF_ONE, NOBODY, FairQueue, Job, TooMany
from bot.slack.pressed.press import Press as Press
from db.processes import InboundKey, Repeated

# With the listeners that answer directly no more than the connections of db.engine, so that no thread waits for one.
READERS, WRITERS = 5, 5
MOST_WAITING = 200  # presses; for one more Slack tells the person at once that it did not work
REMEMBERED = 10_000  # requests
# How long a form waits for its contents to be stored, and then, once they are being committed, for the end of that:
# Slack wants its answer within three seconds.
FORM_SECONDS, COMMIT_SECONDS = 1.5, 1.0
BEGIN = "tierbot_begin"  # in the context of a request: the function to call once it has been answered

log = structlog.get_logger()

Result = TypeVar("Result")


class Full(Exception):
    """So much is waiting that more must not be acknowledged."""


class Busy(Conflict):
    """The database is taken by another writer for longer than a person waits."""

    def __init__(self) -> None:
        super().__init__(
            N_(
                "The database is busy: something else is being written to it. Nothing of this has been saved;"
                " try again in a minute."
            )
        )


class Late(Conflict):
    """Work took longer than its form can wait, and was given up."""

    def __init__(self) -> None:
        super().__init__(
            N_(
                "The database is busy, or Slack is slow to answer. Nothing of this has been saved; try again in a minute."
            )
        )


class Unsettled(Conflict):
    """Work is still being committed when its form can wait no longer."""

    def __init__(self) -> None:
        super().__init__(
            N_(
                "The database is slow, and this may be saved in a moment. Send the form again to be sure: it counts once."
            )
        )


Work = Callable[[Press], None]


class Recent:
    """The newest requests of this process, to drop repeats cheaply. Rows in the database guard the effects."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: OrderedDict[InboundKey, None] = OrderedDict()

    def is_new(self, key: InboundKey) -> bool:
        with self._lock:
            if key in self._seen:
                return False
            self._seen[key] = None
            if len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
            return True


class GivenUp(Exception):
    """Nobody waits for this piece of work any more, so it must not be committed."""


class Attempt:
    """A piece of work that somebody waits for, and may give up until it is about to be committed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._settled = False

    def settle(self) -> bool:
        """Decide: the work is committed, or given up. False when the other was decided before."""
        with self._lock:
            settled, self._settled = self._settled, True
            return not settled

    def before_commit(self) -> None:
        """To be called last in the transaction. Raises GivenUp."""
        if not self.settle():
            raise GivenUp


class WorkQueue:
    """A number of threads for what was acknowledged, and a limit of what may wait for them.

    The threads are daemons, so that work that hangs does not keep the process from stopping.
    """

    def __init__(
        self,
        name: str,
        threads: int,
        explain: Callable[[Exception, Press], None],
        recent: Recent,
        after: Work | None = None,
    ) -> None:
        self._explain = explain
        self._after = after  # what follows a press in a view, and a form, whatever has become of them
        self._recent = recent
        self._most = MOST_WAITING
        self._jobs = FairQueue(threads)
        self._refused: set[str] = set()  # people who are about to be told that they ask for too much
        self._changed = threading.Condition()
        self.unfinished = 0  # what waits, and what is being done
        for number in range(threads):
            threading.Thread(target=self._run, name=f"{name}-{number}", daemon=True).start()

    def __call__(self, work: Work) -> Callable[..., None]:
        """A listener that acknowledges and has the work done afterwards."""

        def acknowledge(ack: Ack, body: dict[str, Any], client: WebClient, context: BoltContext) -> None:
            self.defer(context, Press(body=body, client=client), work)
            ack()

        return acknowledge

    def defer(self, context: BoltContext, press: Press, work: Work) -> None:
        """Have this done once the request has been answered. Raises Full when it must not be acknowledged."""
        if self.unfinished >= self._most:
            raise Full
        if self._jobs.of(press.user_id) < MOST_OF_ONE:
            context[BEGIN] = lambda: self._begin(press, work)
        elif "command" in press.body:  # the answer can come with the acknowledgement
            raise TooMany
        else:
            context[BEGIN] = lambda: self._refuse(press)

    def finish(self, press: Press, work: Callable[[Attempt], Result]) -> Result:
        """The result of work that must be done before the request is answered.

        Raises Late when that takes, or would take, too long; nothing of it is committed then. Raises Unsettled when
        only the commit takes too long, and TooMany.
        """
        if self._jobs.of(press.user_id) >= MOST_OF_ONE:
            raise TooMany
        if self.unfinished >= self._most:
            raise Late
        done, attempt = Future[Result](), Attempt()

        def job() -> None:
            try:
                done.set_result(work(attempt))
            except BaseException as error:
                done.set_exception(error)
                return
            if self._after is not None:
                self._after(press)

        self.put(job, press.user_id)
        try:
            return done.result(FORM_SECONDS)
        except TimeoutError:
            if attempt.settle():
                raise Late from None
        try:
            return done.result(COMMIT_SECONDS)
        except TimeoutError:
            raise Unsettled from None

    def put(self, job: Job, user_id: str = NOBODY) -> None:
        """Have a job done; by the caller's thread when the queue is closed, because it was acknowledged."""
        with self._changed:
            self.unfinished += 1
        if not self._jobs.put(user_id, job):
            self._do(job)

    def close(self, until: float) -> int:
        """Finish the jobs, until this time on the monotonic clock; how many were left undone."""
        self._jobs.close()
        with self._changed:
            self._changed.wait_for(lambda: self.unfinished == 0, max(0.0, until - time.monotonic()))
            return self.unfinished

    def _begin(self, press: Press, work: Work) -> None:
        if self._recent.is_new(press.key):
            self.put(lambda: self._answer(press, work), press.user_id)

    def _refuse(self, press: Press) -> None:
        """Tell a person once, as long as they have not been told, that they ask for too much."""
        with self._changed:
            if press.user_id in self._refused:
                return
            self._refused.add(press.user_id)

        def tell() -> None:
            with self._changed:
                self._refused.discard(press.user_id)
            self._explain(TooMany(), press)

        self.put(tell, press.user_id)

    def _answer(self, press: Press, work: Work) -> None:
        try:
            work(press)
        except Repeated:
            log.info("press.repeated")
        except Exception as error:
            self._explain(error, press)
        if self._after is not None and press.view:
            self._after(press)

    def _run(self) -> None:
        while (found := self._jobs.get()) is not None:
            user_id, job = found
            self._do(job)
            self._jobs.finish(user_id)

    def _do(self, job: Job) -> None:
        try:
            job()
        except Exception as error:
            log.error("pool.failed", error=type(error).__name__, exc_info=error)
        finally:
            with self._changed:
                self.unfinished -= 1
                self._changed.notify_all()


@dataclass(frozen=True, kw_only=True)
class Deferred:
    """Two queues, so that a read never waits behind a write. Views are opened in `reads`: a trigger lives 3 seconds."""

    reads: WorkQueue
    writes: WorkQueue

    def close(self, seconds: float) -> int:
        """Finish what was acknowledged, within so many seconds; how much was left undone, which is logged."""
        until = time.monotonic() + seconds
        undone = self.reads.close(until) + self.writes.close(until)
        if undone:
            log.error("presses.undone", count=undone)
        return undone


def queues(explain: Callable[[Exception, Press], None], after: Work | None = None) -> Deferred:
    """Both queues with their threads; `explain` gets the errors of their work, `after` what was written in views."""
    recent = Recent()
    return Deferred(
        reads=WorkQueue("reads", READERS, explain, recent),
        writes=WorkQueue("writes", WRITERS, explain, recent, after),
    )
