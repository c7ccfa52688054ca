"""The product's own process under a supervisor: ticks that stop, and a disk that turns read-only: F16, F23."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from db.engine import open_database
from db.schema import upgrade
from tests.faults.dying import calm
from tests.faults.ground import Ground
from tests.faults.report import Outcome

START_SECONDS = 60.0


class Process:
    """`tierbot run --role worker`, with its health page."""

    def __init__(self, ground: Ground, kind: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.broken = ground.folder / "broken"
        self.log = ground.folder / "log"
        command = [sys.executable, "-m", "tests.faults.sabotage", kind, str(self.broken)]
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(
                [*command, "run", "--role", "worker"],
                env=ground.environment(TIERBOT_HEALTH_PORT=str(self.port)),
                stdout=log,
                stderr=log,
            )

    def page(self, name: str) -> tuple[int, str]:
        """Status and text; 0 while nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{name}", timeout=5) as answer:
                return answer.status, answer.read().decode().strip()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode().strip()
        except OSError:
            return 0, ""

    def end(self, number: int = signal.SIGTERM) -> int:
        with suppress(ProcessLookupError):
            self.running.send_signal(number)
        try:
            return self.running.wait(20)
        except subprocess.TimeoutExpired:
            self.running.kill()
            return self.running.wait()


def until(seconds: float, reached: "partial[bool]") -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if reached():
            return True
        time.sleep(0.05)
    return False


def ticking(ground: Ground, *, quick: bool) -> Outcome:
    """F16: every job raises, sending hangs, the scheduler's thread dies: seen, ended, started again, nothing lost."""
    outcome = Outcome(figures={})
    kinds = ["raises", "hangs", "dies"]
    if not quick and ground.url.startswith("sqlite"):
        kinds.append("real-dies")  # as the product ships: a minute and a half
    for kind in kinds:
        allowed = 90.0 if kind.startswith("real-") else 9.0  # patience of 6 s, and a machine with little time
        ground.feed(3)
        wanted = ground.written
        process = Process(ground, kind)
        sent = until(START_SECONDS, partial(all_sent, ground, wanted))
        outcome.require(sent, f"{kind}: nothing was sent before")
        outcome.require(process.page("healthz")[0] == 200, f"{kind}: not healthy before")
        ground.feed(10)
        process.broken.touch()
        began = time.monotonic()
        red = until(allowed + 30, partial(_red, process))
        detected = time.monotonic() - began
        try:
            status = process.running.wait(30)
        except subprocess.TimeoutExpired:
            status = process.end(signal.SIGKILL)
        process.broken.unlink()
        outcome.require(red and detected <= allowed, f"{kind}: red only after {detected:.0f} s")
        outcome.require(status == 1, f"{kind}: ended with {status} instead of 1")
        process = Process(ground, kind)
        outcome.require(
            until(START_SECONDS, partial(all_sent, ground, ground.written)), f"{kind}: not all sent after"
        )
        outcome.require(process.end() == 0, f"{kind}: the new process did not end well")
        outcome.figures[f"{kind}: red after s"] = round(detected, 1)
    settled = calm(ground)
    outcome.figures |= settled.figures
    outcome.broken += settled.broken
    return outcome


def _red(process: Process) -> bool:
    # A process that has ended has said so with its code; its page was red for less than our look took.
    return process.page("healthz")[0] == 503 or process.running.poll() is not None


def all_sent(ground: Ground, wanted: int) -> bool:
    return ground.count("sent") >= wanted


def read_only(ground: Ground, *, quick: bool) -> Outcome:
    """F23: a worker dies, and when the next one starts its file system is read-only; later it is writable again."""
    disk = ground.folder / "disk"
    disk.mkdir()
    with _small_disk(disk) as mounted:
        if not mounted:
            return Outcome(figures={"left out": "a file system can be mounted by root only"})
        here = replace(ground, url=f"sqlite:///{disk / 'tierbot.db'}", rounds={}, written=0)
        database = open_database(here.url)
        upgrade(database)
        database.close()
        here.slack.switch({"kind": "slow", "seconds": 0.1})
        many = 20 if quick else 60
        here.feed(many)
        first = Process(here, "real-none")
        until(START_SECONDS, partial(all_sent, here, many // 4))
        first.end(signal.SIGKILL)
        arrived, recorded = len(here.slack.arrived()), sum(row.attempt > 0 for row in here.rows())
        _remount(disk, "ro")
        second = Process(here, "real-none")
        told = until(START_SECONDS, partial(_not_ready, second))
        state = second.page("readyz")[1]
        time.sleep(3)
        alive = second.running.poll() is None
        unrecorded = len(here.slack.arrived()) - arrived
        _remount(disk, "rw")
        began = time.monotonic()
        recovered = until(60, partial(all_sent, here, many))
        seconds = time.monotonic() - began
        ended = second.end()
        here.slack.switch()
        outcome = calm(here, rounds=3)
        outcome.figures |= {
            "intents": recorded,
            "health said": f"“{state}”",
            "recovered after s": round(seconds, 1),
        }
        outcome.require(told and "database" in state, f"the health page said “{state}”")
        outcome.require(alive, "the process ended: a supervisor would start it in a loop")
        outcome.require(not unrecorded, f"{unrecorded} sent without a record")
        outcome.require(recovered, "not all sent after it was writable again")
        outcome.require(ended == 0, f"the process ended with {ended}")
        return outcome


def _not_ready(process: Process) -> bool:
    return process.page("readyz")[0] == 503


def _remount(disk: Path, mode: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{mode}", str(disk)], check=True, capture_output=True)


@contextmanager
def _small_disk(disk: Path) -> Iterator[bool]:
    if os.geteuid() != 0:
        yield False
        return
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(disk)], check=False, capture_output=True
    )
    try:
        yield made.returncode == 0
    finally:
        if made.returncode == 0:
            subprocess.run(["umount", "-l", str(disk)], check=False, capture_output=True)
