"""A worker that sends messages: what it needs, its options, and the time it goes by."""

import hashlib
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from sqlmodel import Session

from bot.channel_names import channels_by_setting
from bot.clock import Clock, ShiftedClock, SystemClock
from bot.services.delivery.messenger import Messenger
from bot.services.delivery.pace import Pace
from bot.services.delivery.restore import CURSOR
from bot.services.recipients import FirmDefaults
from db.engine import Database
from db.outbox import send_state
from db.outbox.claims import Claimed
from db.outbox.send_state import SendState


class Step(StrEnum):
    """The points of a pass at which a kill must do no harm; tests stop a worker at each."""

    SWEEP_BEFORE = "sweep.before"
    SWEEP_AFTER = "sweep.after"
    CLAIM_BEFORE = "claim.before"
    CLAIM_WRITTEN = "claim.written"
    CLAIM_AFTER = "claim.after"
    SEND_BEFORE = "send.before"
    SEND_AFTER = "send.after"
    MARK_BEFORE = "mark.before"
    MARK_WRITTEN = "mark.written"
    MARK_AFTER = "mark.after"
    RECONCILE_BEFORE = "reconcile.before"
    RECONCILE_READ = "reconcile.read"
    RECONCILE_WRITTEN = "reconcile.written"
    RECONCILE_AFTER = "reconcile.after"


@dataclass(frozen=True, kw_only=True)
class WorkerOptions:
    """What an installation, a test or a bench may set."""

    lease: timedelta = timedelta(seconds=60)
    settle: timedelta = timedelta(seconds=45)  # longer than a call that timed out can still take effect
    batch: int = 100  # pace and lease usually allow fewer; the rest is released
    attempts: int = 12
    backoff_base: timedelta = timedelta(seconds=5)
    backoff_cap: timedelta = timedelta(minutes=15)
    pace: Pace | None = field(default_factory=Pace)
    fallback_channel: str = ""
    emergency_channel: str = ""
    admins: tuple[str, ...] = ()  # addresses of people who are admins by the settings
    language: str = "en"  # of people and teams that have none
    watch_clock: bool = True  # compare with the Date of Slack's answers

    @property
    def channels(self) -> dict[str, str]:
        """The settings that name a channel -> the channel."""
        return channels_by_setting(self.fallback_channel, self.emergency_channel)


@dataclass(frozen=True, kw_only=True)
class Worker:
    """One sender of messages with its dependencies. `on_step` is called at every step; only tests set it."""

    database: Database
    slack: Messenger
    clock: Clock
    rng: random.Random
    monotonic: Callable[[], float] = time.monotonic
    options: WorkerOptions = field(default_factory=WorkerOptions)
    on_step: Callable[[Step], None] = lambda step: None
    stopping: Callable[[], bool] = lambda: False  # the process is to end: claimed messages are released

    def state(self, session: Session) -> SendState:
        return read_send_state(session, self.clock)

    @property
    def firm(self) -> FirmDefaults:
        options = self.options
        return FirmDefaults(
            channel=options.fallback_channel, language=options.language, admins=options.admins
        )

    def due_by(self, now: datetime) -> datetime:
        """The time that decides what is due and what is too late: a clock that was shifted on purpose counts."""
        return self.clock.now() if isinstance(self.clock, ShiftedClock) else now


def read_send_state(session: Session, clock: Clock) -> SendState:
    """Whether messages may be sent, and the time by which leases and waits run: the database's.

    The clocks of processes may differ, and a process with a shifted clock must not take over messages that others are
    sending. Only a clock that stands still, in a test, counts instead.
    """
    state = send_state.read(session, CURSOR)
    return state if isinstance(clock, SystemClock | ShiftedClock) else state._replace(now=clock.now())


def doubted_since(known: str | None, now: datetime) -> datetime | None:
    """Since when untried messages may have been sent, from the cursor that a restore leaves; None when the restore is long ago."""
    if known is None:
        return None
    since, until = (datetime.fromisoformat(part) for part in known.split())
    return since if now < until else None


def key_of(row: Claimed) -> str:
    """Identifies a message together with its id, which a restored or new database uses again."""
    return hashlib.sha256(row.dedupe_key.encode()).hexdigest()[:16]
