"""An outbox with a clock, a Slack in memory, and workers that the test runs step by step."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from bot.clock import Clock, FixedClock, ShiftedClock
from bot.services.delivery import outbox, sender
from bot.services.delivery.messenger import Messenger
from bot.services.delivery.worker import Step, Worker, WorkerOptions
from bot.services.recipients import Place
from bot.wording.messages import Problem
from db import processes
from db.engine import Database
from db.outbox.messages import OutboxMessage
from tests.services.delivery.ledger import Ledger

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
EAST, WEST = Place(channel="C0EAST"), Place(channel="C0WEST")
LEASE, SETTLE = WorkerOptions().lease, WorkerOptions().settle
UNPACED = WorkerOptions(pace=None)
SECOND = timedelta(seconds=1)


class Crash(BaseException):
    """The process was killed: nothing after it runs."""


@dataclass(frozen=True)
class CrashAt:
    """Stops a worker at a step as a kill would; open transactions are rolled back."""

    step: str

    def __call__(self, step: str) -> None:
        if step == self.step:
            raise Crash(step)


class Harness:
    """An outbox, its clock, a ledger to send to, and workers with their own monotonic clock."""

    def __init__(
        self,
        database: Database,
        options: WorkerOptions = UNPACED,
        clock: FixedClock | ShiftedClock | None = None,
    ) -> None:
        self.database = database
        self.options = options
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
        on_step: Callable[[Step], None] = lambda step: None,
        monotonic: Callable[[], float] | None = None,
        stopping: Callable[[], bool] = lambda: False,
        most: int = 1_000,
    ) -> int:
        """Advance the clock and run one pass of a worker; how many messages were tried."""
        self.clock.advance(after)
        worker = Worker(
            database=self.database,
            slack=slack or self.slack,
            clock=clock or self.clock,
            rng=self.rng,
            monotonic=monotonic or self.monotonic,
            options=self.options,
            on_step=on_step,
            stopping=stopping,
        )
        return sender.deliver(worker, most)

    def monotonic(self) -> float:
        return self.clock.now().timestamp()

    def crash(self, step: str, after: timedelta = timedelta()) -> None:
        """A worker that is killed at a step."""
        try:
            self.deliver(after, on_step=CrashAt(step))
        except Crash:
            return
        raise AssertionError(f"never reached {step}")

    def settle_all(self) -> None:
        """Let the time pass after which every message is settled."""
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
            return processes.tallies(session)

    def reading(self, query: Callable[[Session], Any]) -> Any:
        with self.database.read() as session:
            return query(session)
