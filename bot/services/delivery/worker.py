"""A worker that sends messages: what it needs, and what may be set about it."""

import hashlib
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.clock import Clock, ShiftedClock, SystemClock
from bot.services.delivery.messenger import Messenger
from bot.services.delivery.pace import Pace
from bot.services.delivery.restore import CURSOR
from db.engine import Database, db_now
from db.outbox import throttle
from db.outbox.claims import Claimed
from db.outbox.throttle import SendState

STEPS = (
    "sweep.before",
    "sweep.after",
    "claim.before",
    "claim.written",
    "claim.after",
    "send.before",
    "send.after",
    "mark.before",
    "mark.written",
    "mark.after",
    "reconcile.before",
    "reconcile.read",
    "reconcile.written",
    "reconcile.after",
)


@dataclass(frozen=True, kw_only=True)
class WorkerOptions:
    """What an installation, a test or a bench may set."""

    lease: timedelta = timedelta(seconds=60)
    settle: timedelta = timedelta(seconds=45)  # longer than a call that timed out can still take effect
    batch: int = 100  # the pace lets fewer go at once; what half a lease is too short for is given back
    attempts: int = 12
    backoff_base: timedelta = timedelta(seconds=5)
    backoff_cap: timedelta = timedelta(minutes=15)
    pace: Pace | None = field(default_factory=Pace)
    fallback_channel: str = ""
    watch_clock: bool = True  # compare with the Date of Slack's answers


@dataclass(frozen=True, kw_only=True)
class Worker:
    """One sender of messages, with all it needs. `at` is told of every step, for a test to stop it there."""

    database: Database
    slack: Messenger
    clock: Clock
    rng: random.Random
    monotonic: Callable[[], float] = time.monotonic
    rules: WorkerOptions = field(default_factory=WorkerOptions)
    at: Callable[[str], None] = lambda step: None
    stopping: Callable[[], bool] = lambda: False  # the process is to end: what is claimed is given back

    def now(self, session: Session) -> datetime:
        return sending_time(self.clock, session)

    def look(self, session: Session) -> SendState:
        """Whether messages may go, and what time it is."""
        state = throttle.send_state(session, CURSOR)
        return state if _lives(self.clock) else state._replace(now=self.clock.now())

    def due_by(self, now: datetime) -> datetime:
        """The time that says what is due and what comes too late: of a clock that was set on purpose, as it is."""
        return self.clock.now() if isinstance(self.clock, ShiftedClock) else now


def sending_time(clock: Clock, session: Session) -> datetime:
    """The database's clock, for leases must not depend on whose clock is wrong, or was set forward on purpose.

    To a process that acts as if it were Monday every lease of those that live today would be over, and what they
    are sending would be sent a second time. Only a clock that stands still, in a test, counts as it is.
    """
    return db_now(session) if _lives(clock) else clock.now()


def _lives(clock: Clock) -> bool:
    return isinstance(clock, SystemClock | ShiftedClock)


def key_of(row: Claimed) -> str:
    """Tells a row from another one with its id, in a database that was restored or made anew."""
    return hashlib.sha256(row.dedupe_key.encode()).hexdigest()[:16]
