"""A worker that delivers as the product does, and may be killed at a named step of the protocol."""

import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from slack_sdk import WebClient

from bot import logs
from bot.clock import Clock, SystemClock
from bot.services.delivery import circuit, sender
from bot.services.delivery.worker import STEPS, WorkerOptions
from bot.slack.gateway import Gateway
from bot.wording.messages import Problem
from bot.wording.rendering import Renderer
from db.engine import open_database

DURING_SEND = "send.during"  # some milliseconds after the call has begun
ANY_TIME = "any.time"  # wherever it happens to be
EVERY_STEP = (*STEPS, DURING_SEND)
PAUSE = 0.01
POSTING_SECONDS = 0.5
RENDERER = Renderer(None)
RENDERER.slots(Problem(text="warm"), "en")  # compiled once, for all that are forked later

#: The product's rules in a hundredth of the time: lease 60 s, settle 45 s, HTTP time-out 10 s.
QUICK = WorkerOptions(
    lease=timedelta(seconds=2.4),
    settle=timedelta(seconds=1.8),
    batch=3,
    attempts=1000,
    backoff_base=timedelta(seconds=0.1),
    backoff_cap=timedelta(seconds=1),
    pace=None,
)
UNWATCHED = replace(QUICK, watch_clock=False)


@dataclass(frozen=True, kw_only=True)
class Job:
    """What one worker does until it is ended. `step` is where it kills itself, at the `times`-th pass."""

    url: str
    api_url: str
    folder: Path
    seed: int
    rules: WorkerOptions = QUICK
    step: str = ""
    times: int = 1
    at: Callable[[str], None] | None = None
    clock: Clock = field(default_factory=SystemClock)
    token: str = "xoxb-local"
    probe: timedelta = timedelta(seconds=1)

    def __call__(self) -> None:
        quiet(self.folder)
        circuit.PROBE = self.probe
        database = open_database(self.url)
        gateway = Gateway(self.client(), self.client(), RENDERER)
        rng = random.Random(self.seed)
        at = self.at or Death(self.folder, self.step, self.times, random.Random(self.seed + 1)).pass_by
        parent = os.getppid()
        while os.getppid() == parent:  # nobody is left behind when the harness dies
            try:
                sender.deliver(database, gateway, clock=self.clock, rng=rng, rules=self.rules, at=at)
            except Exception as error:
                note(self.folder / "failures", f"{type(error).__name__}: {error}".splitlines()[0])
                time.sleep(0.2)
            time.sleep(PAUSE)

    def client(self) -> WebClient:
        return WebClient(
            token=self.token,
            base_url=self.api_url,
            timeout=POSTING_SECONDS,
            retry_handlers=[],  # type: ignore[arg-type]
        )


class Death:
    """SIGKILL on the own process at a named step. It writes down where; nothing else happens after."""

    def __init__(self, folder: Path, step: str, times: int, rng: random.Random) -> None:
        self._log = folder / "kills"
        self._step = step
        self._left = times
        self._rng = rng
        if step:
            threading.Thread(target=self._die_within, args=(2.4,), daemon=True).start()

    def pass_by(self, step: str) -> None:
        here = "send.before" if self._step == DURING_SEND else self._step
        if step != here:
            return
        self._left -= 1
        if self._left:
            return
        if self._step == DURING_SEND:
            threading.Thread(target=self._die_within, args=(0.012, DURING_SEND), daemon=True).start()
        else:
            self._die(self._step)

    def _die_within(self, seconds: float, step: str = ANY_TIME) -> None:
        """Nobody waits for a step that does not come."""
        time.sleep(self._rng.uniform(seconds / 4, seconds))
        self._die(step)

    def _die(self, step: str) -> None:
        note(self._log, step)
        os.kill(os.getpid(), signal.SIGKILL)


def note(path: Path, line: str) -> None:
    """Append a line in one write, which no death can cut."""
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(number, f"{line}\n".encode())
    os.close(number)


def quiet(folder: Path) -> None:
    """What a worker says goes into a file of the run."""
    target = os.open(folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    with suppress(OSError):
        os.dup2(target, sys.stdout.fileno())
        os.dup2(target, sys.stderr.fileno())
    os.close(target)
    logs.configure("error")
