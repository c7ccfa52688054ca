"""Histories of an outbox: workers in any order of steps, a Slack with faults, and clocks that are set wrong."""

import random
from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError

from bot.clock import FixedClock
from bot.services.delivery import outbox
from bot.services.delivery.circuit import APART_STOP
from bot.services.delivery.sender import deliver
from bot.services.delivery.worker import Step, Worker, WorkerOptions
from bot.services.recipients import Place
from bot.wording.messages import Problem
from db.outbox.messages import MessageState
from tests.services.delivery.ledger import Fault, Ledger
from tests.simulation.sandbox import Process, Sandbox
from tests.simulation.scripts import Script

START = datetime.fromisoformat("2026-03-02T09:00:00+00:00")
TIMEOUT = timedelta(seconds=10)  # after which a worker gives up waiting for an answer
FAULTS: tuple[Fault, ...] = ("", "lost", "late", "never", "limited", "unreachable", "refused")
REASONS = {"is_archived", "attempts", "unreachable", "no_answer", "lease"}
# Nothing can prevent a pause between the check of the lease and the request; one of this length does no harm.
HARMLESS = timedelta(seconds=10)
# Setting a clock forward by more than this shortens the settle time; by less than APART_STOP it is not noticed.
UNNOTICED = timedelta(seconds=20)
STEPS = tuple(step.value for step in Step)
BETWEEN = tuple(step for step in STEPS if not step.endswith(".written"))
# Before the check of the lease, before the answer is written, and after a history is read: where another takes over.
DANGEROUS = ("claim.after", "claim.after", "send.after", "mark.before", "mark.before", "reconcile.read")
SETTLING = tuple(step for step in STEPS if step.startswith("reconcile"))
PLACES = ("C0EAST", "C0WEST")
WAITS = (1, 5, 16, 31, 46, 62, 110, 900)
CLOCKS = (0, 0, -10, 10, -200, 200, -3600, 3600, 8 * 86_400, -31_536_000, 31_536_000)


class Delivery:
    """A history of delivery: a script calls its methods; `check` runs after each, `end` at last."""

    def __init__(self, sandbox: Sandbox, options: WorkerOptions | None = None) -> None:
        sandbox.reset()
        self.sandbox = sandbox
        self.options = options or WorkerOptions()
        self.true = FixedClock(START)  # Slack's clock, and the monotonic one
        self.wall = FixedClock(START)  # the machines' clock
        self.slack = Ledger(self.true.now)
        self.slack.faults = self._fault
        self.rng = random.Random(1)
        self.workers: dict[int, Process] = {}
        self.working: Process | None = None
        self.keys: set[str] = set()
        self.excused: set[int] = set()  # rows whose second copy could not have been prevented
        self.history_failed = False
        self.count: Counter[str] = Counter()

    def cause(self, key: int, place: str, once_only: bool = False) -> None:
        """A message is written; the same cause may come twice."""
        name = f"{place}:{key}"
        try:
            with self.sandbox.database.write() as session:
                outbox.enqueue(
                    session,
                    kind="test",
                    place=Place(channel=place),
                    message=Problem(text=name),
                    language="en",
                    dedupe_key=name,
                    now=self.wall.now(),
                    once_only=once_only,
                )
        except IntegrityError:
            assert name in self.keys, f"{name} could not be recorded"
        self.keys.add(name)

    def work(self, who: int, until: str = "", faults: list[Fault] | None = None) -> None:
        """A worker begins or continues a pass, until a step or its end.

        Inside a transaction it is killed, because it would block all others for ever.
        """
        process = self.workers.get(who)
        if process is None:
            begun: Process = Process(lambda: self._deliver(begun), [*(faults or [])])
            process = self.workers[who] = begun
            self.count["passes"] += 1
        self.working = process
        if not process.run(lambda step: step == until):
            del self.workers[who]
        elif until:
            self.count[f"at {until}"] += 1
            if until.endswith(".written"):
                self.kill(who)
        self.working = None

    def kill(self, who: int) -> None:
        process = self.workers.pop(who, None)
        if process is not None and process.stopped_at:
            self.count["kills"] += 1
            self.count[f"killed {process.stopped_at}"] += 1
            process.kill()

    def wait(self, seconds: float) -> None:
        for clock in (self.true, self.wall):
            clock.advance(timedelta(seconds=seconds))
        self.slack.arrive()

    def set_clock(self, apart: float) -> None:
        """Set the machines' clock this many seconds before Slack's."""
        to = self.true.now() + timedelta(seconds=apart)
        step = to - self.wall.now()
        if step > UNNOTICED and abs(to - self.true.now()) <= APART_STOP:
            self.excused.update(self._rows_in("sending", "unknown"))
        self.wall.advance(step)

    def slack_is(self, what: str, value: bool) -> None:
        """readable, answering, revoked, down"""
        setattr(self.slack, what, value)
        self.history_failed |= what in ("readable", "answering") and not value

    def check(self) -> None:
        """One row per key, legal states, and nothing in Slack without a row."""
        rows = self.sandbox.rows("SELECT id, dedupe_key, state, address, once_only, error_class FROM outbox")
        names = [row[1] for row in rows]
        assert sorted(names) == sorted(self.keys), "a key has no row, or two"
        assert {row[2] for row in rows} <= set(MessageState)
        sending = [row[3] for row in rows if row[2] == "sending"]
        assert len(sending) == len(set(sending)), "two messages are being sent to one address"
        arrived = Counter(entry.reference.id for entry in self.slack.entries)
        assert set(arrived) <= {row[0] for row in rows}, "Slack has a message without a row"
        unmarked = Counter(entry.reference.id for entry in self.slack.entries if not entry.possible_repeat)
        for row_id, name, state, _, once_only, error_class in rows:
            assert state != "sent" or arrived[row_id], f"{name} is sent and not in Slack"
            assert state != "dead" or error_class in REASONS, f"{name} died without a reason: {error_class}"
            if row_id not in self.excused:
                assert unmarked[row_id] <= 1, f"{name} arrived twice and does not say so"
                assert arrived[row_id] <= 1 or self.history_failed, (
                    f"{name} was sent twice although the history was readable"
                )
                assert not once_only or arrived[row_id] <= 1, f"{name} may be sent only once"

    def end(self) -> None:
        """Faults stop, all workers go on, and time passes until nothing is due: Slack has what the rows say."""
        for who in sorted(self.workers):
            self.workers[who].faults.clear()
            self.work(who)
            self.check()
        self.set_clock(0)
        for what, value in (("readable", True), ("answering", True), ("revoked", False), ("down", False)):
            self.slack_is(what, value)
        for _ in range(80):
            self.work(0)
            self.slack.arrive()
            open_rows = self.sandbox.rows(
                "SELECT coalesce(lease_until, next_at) FROM outbox WHERE state NOT IN ('sent', 'dead')"
            )
            if not open_rows:
                break
            first = min(datetime.fromisoformat(f"{row[0]}+00:00") for row in open_rows)
            # Messages that could have been sent wait for their address, a pause or the circuit.
            self.wait(max(5.0, (first - self.wall.now()).total_seconds() + 1))
        self.wait(60)
        self.check()
        rows = self.sandbox.rows("SELECT id, dedupe_key, state, possible_repeat FROM outbox")
        arrived = Counter(entry.reference.id for entry in self.slack.entries)
        for row_id, name, state, may_be_there in rows:
            assert state in ("sent", "dead"), f"{name} is stuck, {state}"
            certain = state == "dead" and not may_be_there and row_id not in self.excused
            assert not (certain and arrived[row_id]), f"{name} is dead and in Slack"
        states = Counter(row[2] for row in rows)
        self.count.update(
            histories=1,
            messages=len(rows),
            sent=states["sent"],
            dead=states["dead"],
            marked=sum(entry.possible_repeat for entry in self.slack.entries),
            unremovable=sum(
                arrived[row_id] > 1
                and not any(e.possible_repeat for e in self.slack.entries if e.reference.id == row_id)
                for row_id in self.excused
            ),
        )

    def _deliver(self, process: Process) -> None:
        def on_step(step: str) -> None:
            began = self.true.now()
            # Read now: when the worker goes on, another one may have settled and sent the message.
            going = self._rows_in("sending") if step == "send.before" else []
            process.reach(step)
            if self.true.now() - began > HARMLESS:
                self.excused.update(going)

        worker = Worker(
            database=self.sandbox.database,
            slack=self.slack,
            clock=self.wall,
            rng=self.rng,
            monotonic=lambda: self.true.now().timestamp(),
            options=self.options,
            on_step=on_step,
        )
        deliver(worker)

    def _fault(self, where: str, text: str) -> Fault:
        assert self.working is not None
        fault: Fault = self.working.faults.pop(0) if self.working.faults else ""
        if fault:
            self.count[f"fault {fault}"] += 1
        if fault in ("lost", "late", "never"):
            self.wait(TIMEOUT.total_seconds())
        return fault

    def _rows_in(self, *states: str) -> list[int]:
        return [row[0] for row in self.sandbox.rows("SELECT id, state FROM outbox") if row[1] in states]


def draw(rng: random.Random) -> Script:
    """A random script: some messages, then faults and crashes, the dangerous ones more often than in life."""
    script: Script = [("cause", key, place) for place in PLACES[: rng.randint(1, 2)] for key in range(2)]
    for _ in range(rng.randint(2, 6)):
        (happens,) = rng.choices((_work, _kill, _lose, _overtake, _change, _cause), (3, 3, 3, 4, 2, 1))
        script += happens(rng)
    return script


def _work(rng: random.Random) -> Script:
    return [
        ("work", rng.randrange(3), rng.choice(["", *BETWEEN]), _faults(rng)),
        ("wait", rng.choice(WAITS)),
    ]


def _kill(rng: random.Random) -> Script:
    who = rng.randrange(3)
    return [
        ("work", who, rng.choice(STEPS), _faults(rng)),
        ("kill", who),
        ("wait", rng.choice(WAITS)),
    ]


def _lose(rng: random.Random) -> Script:
    """An answer is lost; a worker settles it, or is killed or paused while another one does."""
    who = rng.randrange(3)
    script: Script = [
        ("work", who, "", [rng.choice(("lost", "late", "late", "never")), *_faults(rng)]),
        ("wait", rng.choice((1, 5, 20, 46, 46))),
        ("work", who, rng.choice(("", "", *SETTLING)), _faults(rng)),
    ]
    if rng.random() < 0.5:
        script += [("kill", who)]
    return [*script, ("work", (who + 1) % 3)]


def _overtake(rng: random.Random) -> Script:
    """A worker is paused during several passes of another one, and goes on."""
    who = rng.randrange(3)
    script: Script = [("work", who, rng.choice(DANGEROUS), _faults(rng))]
    for _ in range(rng.randint(1, 3)):
        script += [
            ("wait", rng.choice((5, 20, 46, 62, 62))),
            ("work", (who + 1) % 3, "", _faults(rng)),
        ]
    return [*script, ("work", who)]


def _change(rng: random.Random) -> Script:
    """The clock or Slack changes."""
    if rng.random() < 0.5:
        return [("set_clock", rng.choice(CLOCKS))]
    what = rng.choice(("readable", "answering", "revoked", "down"))
    return [("slack_is", what, rng.random() < 0.5)]


def _cause(rng: random.Random) -> Script:
    return [("cause", rng.randrange(5), rng.choice(PLACES), rng.random() < 0.3)]


def _faults(rng: random.Random) -> list[Fault]:
    return rng.choices(FAULTS, k=rng.choice((0, 0, 1, 2)))
