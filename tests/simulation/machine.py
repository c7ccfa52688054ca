"""Histories of an outbox: causes, workers that are killed, stopped and overtaken, a Slack that fails, clocks that jump.

Time is virtual, the database is real, and Slack is a ledger. After every step the rows must be legal; at the end of a
history the faults stop, and what the ledger holds must be what the rows say.
"""

import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import structlog
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select as sql_select
from sqlmodel import col, delete

from bot.clock import FixedClock
from bot.services.outbox import Place
from bot.services.worker import STEPS, Rules
from db.engine import Database, open_database
from db.lanes import Circuit, Lane
from db.outbox import STATES, OutboxMessage
from db.schema import upgrade
from db.system import Tally
from tests.services.ledger import Fault, Ledger
from tests.services.outbox_desk import START, Crash, Desk

FAULTS: tuple[Fault, ...] = ("", "lost", "late", "never", "limited", "unreachable", "refused")
# Whoever is stopped between the guard and the writing of the request sends after all: nothing can prevent that.
# And whoever is stopped inside a transaction holds up the others, who wait for it.
STOPPABLE = tuple(step for step in STEPS if step != "send.before" and not step.endswith(".written"))
STOPPABLE += ("claim.after",) * 5  # before the guard: the dangerous place
PLACES = ("C0EAST", "C0WEST", "C0NORTH")
WEATHER: tuple[tuple[str, Any], ...] = (
    *(("jump", hours) for hours in (-8760, -1, 1, 24, 8760)),
    *(("drift", seconds) for seconds in (-200, 0, 0, 30, 200)),
    *((what, value) for what in ("revoked", "down") for value in (True, False, False)),
    *((what, value) for what in ("readable", "answering") for value in (True, True, False)),
)
totals: Counter[str] = Counter()


@cache
def database() -> Database:
    """One file for all histories, in memory where the system has such a place."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="tierbot-", dir=memory if memory.is_dir() else None))
    opened = open_database(f"sqlite:///{folder / 'simulation.db'}")
    upgrade(opened)
    return opened


def close() -> None:
    if database.cache_info().currsize:
        opened = database()
        opened.close()
        shutil.rmtree(Path(opened.url.removeprefix("sqlite:///")).parent)
        database.cache_clear()


class Delivery(RuleBasedStateMachine):
    """One outbox, its workers, and a Slack whose clock is the true one."""

    rules_of_delivery = Rules()

    @initialize(seed=st.integers(0, 2**32))
    def begin(self, seed: int) -> None:
        structlog.configure(processors=[structlog.processors.LogfmtRenderer()], logger_factory=_Silence)
        with database().write() as session:
            for table in (OutboxMessage, Lane, Circuit, Tally):
                session.exec(delete(table))
        self.desk = Desk(database(), self.rules_of_delivery)
        self.desk.chance = random.Random(seed)
        self.true = FixedClock(START)
        self.desk.slack = Ledger(self.true.now)
        self.planned: list[Fault] = []
        self.desk.slack.faults = lambda where, text: self.planned.pop() if self.planned else ""
        self.written = 0

    @rule(place=st.sampled_from(PLACES), many=st.integers(1, 4), once_only=st.booleans())
    def cause(self, place: str, many: int, once_only: bool) -> None:
        for _ in range(many):
            self.written += 1
            self.desk.write(Place(channel=place), f"message {self.written}", once_only=once_only)

    @rule(
        faults=st.lists(st.sampled_from(FAULTS), max_size=4),
        seconds=st.sampled_from([0, 1, 5, 5, 20, 50, 61, 120, 900]),
    )
    def work(self, faults: list[Fault], seconds: int) -> None:
        self._plan(faults)
        self._advance(seconds)
        self.desk.deliver()

    @rule(
        step=st.sampled_from(STEPS),
        faults=st.lists(st.sampled_from(FAULTS), max_size=3),
        seconds=st.sampled_from([0, 1, 50, 61]),
    )
    def killed(self, step: str, faults: list[Fault], seconds: int) -> None:
        self._plan(faults)
        self._advance(seconds)
        self._interrupt(step, self._die)

    @rule(
        step=st.sampled_from(STOPPABLE),
        faults=st.lists(st.sampled_from(FAULTS), max_size=4),
        seconds=st.sampled_from([1, 20, 31, 59, 62, 62, 130]),
        others=st.sampled_from([0, 1, 2, 3, 3]),
    )
    def stopped(self, step: str, faults: list[Fault], seconds: int, others: int) -> None:
        """A worker stands still at a step while others go on."""

        def meanwhile() -> None:
            self._advance(seconds)
            for _ in range(others):
                self.desk.deliver()
                self._advance(seconds)

        self._plan(faults)
        self._interrupt(step, meanwhile)

    @rule(change=st.sampled_from(WEATHER))
    def weather(self, change: tuple[str, Any]) -> None:
        """What workers can do nothing about."""
        what, value = change
        if what == "jump":
            self.desk.clock.advance(timedelta(hours=value))
        elif what == "drift":
            self._set_right()
            self.desk.clock.advance(timedelta(seconds=value))
        else:
            setattr(self.desk.slack, what, value)

    @invariant()
    @precondition(lambda self: hasattr(self, "desk"))
    def rows_are_legal(self) -> None:
        self.desk.slack.arrive()
        rows = self._rows()
        assert len(rows) == self.written == len({row.dedupe_key for row in rows})
        assert {row.state for row in rows} <= set(STATES)
        sending = [row.address for row in rows if row.state == "sending"]
        assert len(sending) == len(set(sending))
        assert {entry.reference.id for entry in self.desk.slack.entries} <= {row.id for row in rows}
        self._nothing_is_doubled(rows)

    def teardown(self) -> None:
        if not hasattr(self, "desk"):
            return
        self._plan([])
        self._set_right()
        slack = self.desk.slack
        slack.revoked = slack.down = False
        slack.readable = slack.answering = True
        for _ in range(60):
            self._advance(300)
            self.desk.deliver()
            if set(self.desk.states()) <= {"sent", "dead"}:
                break
        slack.arrive()
        rows = self._rows()
        assert {row.state for row in rows} <= {"sent", "dead"}, "something is stuck"
        self._nothing_is_doubled(rows)
        copies = Counter(entry.reference.id for entry in slack.entries)
        for row in rows:
            if row.state == "sent":
                assert copies[row.id] >= 1, f"{row.dedupe_key} is lost"
            else:
                assert row.error_class in ("is_archived", "attempts", "unreachable"), row.error_class
        totals.update(
            histories=1,
            messages=len(rows),
            sent=sum(row.state == "sent" for row in rows),
            dead=sum(row.state == "dead" for row in rows),
            marked=sum(entry.possible_repeat for entry in slack.entries),
        )

    def _nothing_is_doubled(self, rows: list[Any]) -> None:
        copies = Counter(entry.reference.id for entry in self.desk.slack.entries)
        unmarked = Counter(e.reference.id for e in self.desk.slack.entries if not e.possible_repeat)
        doubled = [key for key, many in unmarked.items() if many > 1]
        assert doubled == [], f"{doubled} arrived twice and do not say so"
        for row in rows:
            assert not row.once_only or copies[row.id] <= 1, f"{row.dedupe_key} may go only once"

    def _interrupt(self, step: str, act: Callable[[], None]) -> None:
        met: list[str] = []

        def at(reached: str) -> None:
            if reached == step and not met:
                met.append(step)
                totals[f"at {step}"] += 1
                act()

        try:
            self.desk.deliver(at=at)
        except Crash:
            totals["kills"] += 1

    @staticmethod
    def _die() -> None:
        raise Crash

    def _plan(self, faults: list[Fault]) -> None:
        self.planned[:] = faults

    def _advance(self, seconds: int) -> None:
        for clock in (self.true, self.desk.clock):
            clock.advance(timedelta(seconds=seconds))

    def _set_right(self) -> None:
        self.desk.clock.advance(self.true.now() - self.desk.clock.now())

    def _rows(self) -> list[Any]:
        seen = (
            OutboxMessage.id,
            OutboxMessage.dedupe_key,
            OutboxMessage.state,
            OutboxMessage.address,
            OutboxMessage.once_only,
            OutboxMessage.error_class,
        )
        with self.desk.database.read() as session:
            return list(session.execute(sql_select(*seen).order_by(col(OutboxMessage.id))))


class _Silence:
    """A log nobody reads: making its lines takes longer than the work."""

    def __init__(self, *_: Any) -> None: ...

    def msg(self, _: str) -> None: ...

    debug = info = warning = error = msg
