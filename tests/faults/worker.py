"""A worker that delivers like the product's, and can be killed at a named step of a pass."""

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
from bot.services.delivery import circuit, rights, sender
from bot.services.delivery.worker import Step, Worker, WorkerOptions
from bot.slack.gateway import Gateway
from bot.wording.messages import Problem
from bot.wording.rendering import Renderer
from db.engine import open_database

DURING_SEND = "send.during"  # some milliseconds after the call has begun
ANY_TIME = "any.time"  # outside the named steps
EVERY_STEP = (*(step.value for step in Step), DURING_SEND)
PAUSE = 0.01
POSTING_SECONDS = 0.5
RENDERER = Renderer(None)
RENDERER.slots(Problem(text="warm"), "en")  # compiled once, for all forked processes

# The product's options in a twenty-fifth of the time: lease 60 s, settle time 45 s.
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
class WorkerRun:
    """The work of one worker process until it is ended. It kills itself at the `times`-th time it reaches `step`."""

    url: str
    api_url: str
    folder: Path
    seed: int
    options: WorkerOptions = QUICK
    step: str = ""
    times: int = 1
    on_step: Callable[[str], None] | None = None
    clock: Clock = field(default_factory=SystemClock)
    token: str = "xoxb-local"
    probe: timedelta = timedelta(seconds=1)

    def __call__(self) -> None:
        redirect_output(self.folder)
        circuit.PROBE = self.probe
        kill = SelfKill(self.folder, self.step, self.times, random.Random(self.seed + 1))
        slack = Gateway(self.client(), self.client(), RENDERER)
        worker = Worker(
            database=open_database(self.url),
            slack=slack,
            clock=self.clock,
            rng=random.Random(self.seed),
            options=self.options,
            on_step=self.on_step or kill.on_step,
        )
        parent = os.getppid()
        while os.getppid() == parent:  # ends when the harness is gone
            try:
                rights.look_up_recipients(worker, slack.users)
                sender.deliver(worker)
            except Exception as error:
                note(self.folder / "failures", f"{type(error).__name__}: {error}".splitlines()[0])
                time.sleep(0.2)
            time.sleep(PAUSE)

    def client(self) -> WebClient:
        return WebClient(
            token=self.token,
            base_url=self.api_url,
            timeout=POSTING_SECONDS,  # type: ignore[arg-type]
            retry_handlers=[],
        )


class SelfKill:
    """SIGKILL on the own process at a named step, after writing the step to a file."""

    def __init__(self, folder: Path, step: str, times: int, rng: random.Random) -> None:
        self._log = folder / "kills"
        self._step = step
        self._left = times
        self._rng = rng
        if step:
            threading.Thread(target=self._kill_within, args=(2.4,), daemon=True).start()

    def on_step(self, step: str) -> None:
        here = "send.before" if self._step == DURING_SEND else self._step
        if step != here:
            return
        self._left -= 1
        if self._left:
            return
        if self._step == DURING_SEND:
            threading.Thread(target=self._kill_within, args=(0.012, DURING_SEND), daemon=True).start()
        else:
            self._kill(self._step)

    def _kill_within(self, seconds: float, step: str = ANY_TIME) -> None:
        """Also for a step that is never reached."""
        time.sleep(self._rng.uniform(seconds / 4, seconds))
        self._kill(step)

    def _kill(self, step: str) -> None:
        note(self._log, step)
        os.kill(os.getpid(), signal.SIGKILL)


def note(path: Path, line: str) -> None:
    """Append a line in one write, which a kill cannot cut."""
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(number, f"{line}\n".encode())
    os.close(number)


def redirect_output(folder: Path) -> None:
    """Write the output of this process to a file of the run."""
    target = os.open(folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    with suppress(OSError):
        os.dup2(target, sys.stdout.fileno())
        os.dup2(target, sys.stderr.fileno())
    os.close(target)
    logs.configure("error")
