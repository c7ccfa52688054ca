"""An outbox with a clock, a Slack in memory, and a worker that a test decides on."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from bot.clock import Clock, FixedClock, ShiftedClock
from bot.services.delivery import outbox, sender
from bot.services.delivery.messenger import Messenger
from bot.services.delivery.outbox import Place
from bot.services.delivery.worker import WorkerOptions
from bot.wording.messages import Problem
from db import system
from db.engine import Database
from db.outbox.messages import OutboxMessage
from tests.services.delivery.ledger import Ledger

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
EAST, WEST = Place(channel="C0EAST"), Place(channel="C0WEST")
LEASE, SETTLE = WorkerOptions().lease, WorkerOptions().settle
UNPACED = WorkerOptions(pace=None)
SECOND = timedelta(seconds=1)


class Crash(BaseException):
    """The process is gone: nothing after it runs."""


@dataclass(frozen=True)
class CrashAt:
    """Stops a worker at a step, as a kill would; transactions that are open are rolled back."""

    step: str

    def __call__(self, step: str) -> None:
        if step == self.step:
            raise Crash(step)


class Harness:
    """An outbox, its clock, a ledger to send to, and workers with their own monotonic clock."""

    def __init__(
        self,
        database: Database,
        rules: WorkerOptions = UNPACED,
        clock: FixedClock | ShiftedClock | None = None,
    ) -> None:
        self.database = database
        self.rules = rules
        self.clock = clock or FixedClock(START)
        self.rng = random.Random(1)
        self.slack = Ledger(self.clock.now)

    def write(self, place: Place, text: str, **values: Any) -> int:
        values.setdefault("dedupe_key", f"{place.address}:{text}")
        with self.database.write() as session:
            return outbox.enqueue(
                session,
                kind="test",
                place=place,
                message=Problem(text=text),
                language="en",
                now=self.clock.now(),
                **values,
            )

    def deliver(
        self,
        after: timedelta = timedelta(),
        *,
        slack: Messenger | None = None,
        clock: Clock | None = None,
        at: Callable[[str], None] = lambda step: None,
        monotonic: Callable[[], float] | None = None,
        most: int = 1_000,
    ) -> int:
        self.clock.advance(after)
        return sender.deliver(
            self.database,
            slack or self.slack,
            clock=clock or self.clock,
            rng=self.rng,
            monotonic=monotonic or self.monotonic,
            rules=self.rules,
            at=at,
            most=most,
        )

    def monotonic(self) -> float:
        return self.clock.now().timestamp()

    def crash(self, step: str, after: timedelta = timedelta()) -> None:
        """A worker that is killed at a step."""
        try:
            self.deliver(after, at=CrashAt(step))
        except Crash:
            return
        raise AssertionError(f"never came to {step}")

    def settle_all(self) -> None:
        """Let the time pass in which everything settles."""
        for _ in range(3):
            self.deliver(LEASE + SECOND)
            self.deliver(SETTLE + SECOND)

    def row(self, outbox_id: int) -> OutboxMessage:
        with self.database.read() as session:
            return session.get_one(OutboxMessage, outbox_id)

    def states(self) -> list[str]:
        with self.database.read() as session:
            return list(session.exec(select(OutboxMessage.state).order_by(col(OutboxMessage.id))))

    def change(self, outbox_id: int, **values: Any) -> None:
        with self.database.write() as session:
            row = session.get_one(OutboxMessage, outbox_id)
            for name, value in values.items():
                setattr(row, name, value)

    def tallies(self) -> dict[str, int]:
        with self.database.read() as session:
            return system.tallies(session)

    def reading(self, look: Callable[[Session], Any]) -> Any:
        with self.database.read() as session:
            return look(session)
