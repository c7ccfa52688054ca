"""The product's process under a supervisor: stopped jobs, a read-only disk, an unwritable log: F16, F23, F37."""

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
from http.client import HTTPException
from pathlib import Path
from typing import IO

from db.engine import open_database
from db.schema import upgrade
from tests.faults.broken_tierbot import PATIENCE
from tests.faults.installation import Installation
from tests.faults.kills import finish
from tests.faults.processes import wait_until
from tests.faults.report import Outcome

START_SECONDS = 60.0
NOTICE_SECONDS = 3.0  # from the end of a job's patience to a red page; one of them is work of this machine


class TierbotProcess:
    """`tierbot run --role worker`, with its health page."""

    def __init__(
        self,
        installation: Installation,
        kind: str,
        *,
        port: int = 0,
        output: IO[bytes] | None = None,
        patience: float = PATIENCE.total_seconds(),
    ) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = port or free.getsockname()[1]
        self.broken = installation.folder / "broken"
        self.log = installation.folder / "log"
        command = [sys.executable, "-m", "tests.faults.broken_tierbot", kind, str(self.broken)]
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(
                [*command, "run", "--role", "worker"],
                env=installation.environment(
                    TIERBOT_HEALTH_PORT=str(self.port), FAULT_PATIENCE=str(patience)
                ),
                stdout=output or log,
                stderr=output or log,
            )

    def page(self, name: str) -> tuple[int, str]:
        """Status and text; 0 without an answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{name}", timeout=5) as answer:
                return answer.status, answer.read().decode().strip()
        except urllib.error.HTTPError as error:
            text = ""
            with error, suppress(HTTPException):  # a process that ends in the middle of its answer
                text = error.read().decode().strip()
            return error.code, text
        except (OSError, HTTPException):
            return 0, ""

    def end(self, number: int = signal.SIGTERM) -> int:
        with suppress(ProcessLookupError):
            self.running.send_signal(number)
        try:
            return self.running.wait(20)
        except subprocess.TimeoutExpired:
            self.running.kill()
            return self.running.wait()


def stopped_jobs(installation: Installation, *, quick: bool) -> Outcome:
    """F16: every job raises, sending hangs, the scheduler's thread dies: the process ends, a new one goes on."""
    outcome, pace = Outcome(figures={}), installation.pace
    kinds = ["raises", "hangs", "dies"]
    if not quick and installation.url.startswith("sqlite"):
        kinds.append("real-dies")  # with the product's intervals: a minute and a half
    for kind in kinds:
        quick_patience = pace.stretch(PATIENCE.total_seconds())
        patience = 90 - NOTICE_SECONDS if kind.startswith("real-") else quick_patience
        installation.enqueue(3)
        wanted = installation.written
        process = TierbotProcess(installation, kind, patience=quick_patience)
        sent = pace.wait_until(partial(all_sent, installation, wanted), START_SECONDS)
        outcome.require(sent, f"{kind}: nothing was sent before")
        outcome.require(process.page("healthz")[0] == 200, f"{kind}: not healthy before")
        installation.enqueue(10)
        process.broken.touch()
        began = time.monotonic()
        red = pace.wait_until(partial(_red, process), patience + 30)
        detected = time.monotonic() - began
        allowed = patience + NOTICE_SECONDS - 1 + pace.stretch(1)
        try:
            status = process.running.wait(30)
        except subprocess.TimeoutExpired:
            status = process.end(signal.SIGKILL)
        process.broken.unlink()
        outcome.require(
            red and detected <= allowed, f"{kind}: red only after {detected:.0f} s, not {allowed:.0f}"
        )
        outcome.require(status == 1, f"{kind}: ended with {status} instead of 1")
        process = TierbotProcess(installation, kind, patience=quick_patience)
        outcome.require(
            pace.wait_until(partial(all_sent, installation, installation.written), START_SECONDS),
            f"{kind}: not all sent after",
        )
        # Where the old process has sent them all, the new one may still be starting: a signal ends it without its code.
        pace.wait_until(partial(_healthy, process), START_SECONDS)
        outcome.require(process.end() == 0, f"{kind}: the new process did not end well")
        outcome.figures[f"{kind}: red after s"] = f"{detected:.1f} of {allowed:.1f}"
    finished = finish(installation)
    outcome.figures |= finished.figures
    outcome.broken += finished.broken
    return outcome


def _healthy(process: TierbotProcess) -> bool:
    return process.page("healthz")[0] == 200


def _red(process: TierbotProcess) -> bool:
    # A process that has ended may have been red for less time than our request took.
    return process.page("healthz")[0] == 503 or process.running.poll() is not None


def all_sent(installation: Installation, wanted: int) -> bool:
    return installation.count("sent") >= wanted


def read_only(installation: Installation, *, quick: bool) -> Outcome:
    """F23: a worker is killed; the next one starts on a read-only file system, which is writable later."""
    disk = installation.folder / "disk"
    disk.mkdir()
    with small_disk(disk) as mounted:
        if not mounted:
            return Outcome(figures={"left out": "a file system can be mounted by root only"})
        here = replace(installation, url=f"sqlite:///{disk / 'tierbot.db'}", rounds={}, written=0)
        database = open_database(here.url)
        upgrade(database)
        database.close()
        here.slack.switch({"kind": "slow", "seconds": 0.1})
        many = 20 if quick else 60
        here.enqueue(many)
        first = TierbotProcess(here, "real-none")
        wait_until(partial(all_sent, here, many // 4), START_SECONDS)
        first.end(signal.SIGKILL)
        arrived, recorded = len(here.slack.arrived()), sum(row.attempt > 0 for row in here.rows())
        _remount(disk, "ro")
        second = TierbotProcess(here, "real-none")
        reported = wait_until(partial(_names_database, second), START_SECONDS)
        state = second.page("readyz")[1]
        time.sleep(3)
        alive = second.running.poll() is None
        unrecorded = len(here.slack.arrived()) - arrived
        _remount(disk, "rw")
        began = time.monotonic()
        recovered = wait_until(partial(all_sent, here, many), 60)
        seconds = time.monotonic() - began
        ended = second.end()
        here.slack.switch()
        outcome = finish(here, rounds=3)
        outcome.figures |= {
            "attempts recorded": recorded,
            "health said": f"“{state}”",
            "recovered after s": round(seconds, 1),
        }
        outcome.require(reported and "database" in state, f"the health page said “{state}”")
        outcome.require(alive, "the process ended: a supervisor would start it in a loop")
        outcome.require(not unrecorded, f"{unrecorded} sent without a record")
        outcome.require(recovered, "not all sent after it was writable again")
        outcome.require(ended == 0, f"the process ended with {ended}")
        return outcome


def unwritable_log(installation: Installation, *, quick: bool) -> Outcome:
    """F37: the disk of the log is full, or its pipe is closed; and another process has the metrics' port."""
    many = 5 if quick else 20
    outcome = Outcome(figures={})
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with Path("/dev/full").open("wb") as full:
            process = TierbotProcess(installation, "real-none", port=port, output=full)
        _sends_all(installation, process, many, outcome, "with a full disk")
        reading, writing = os.pipe()
        with os.fdopen(writing, "wb") as pipe:
            process = TierbotProcess(installation, "real-none", port=port, output=pipe)
        installation.enqueue(1)
        outcome.require(
            wait_until(partial(all_sent, installation, installation.written), START_SECONDS),
            "nothing was sent before",
        )
        os.close(reading)
        _sends_all(installation, process, many, outcome, "to a closed pipe")
    finished = finish(installation)
    outcome.figures |= finished.figures
    outcome.broken += finished.broken
    return outcome


def _sends_all(
    installation: Installation, process: TierbotProcess, many: int, outcome: Outcome, how: str
) -> None:
    installation.enqueue(many)
    began = time.monotonic()
    sent = wait_until(partial(all_sent, installation, installation.written), START_SECONDS)
    outcome.figures[f"{how} s"] = round(time.monotonic() - began, 1)
    outcome.require(sent, f"not all was sent {how}")
    outcome.require(process.running.poll() is None, f"the process ended {how}")
    status = process.end()
    outcome.require(status == 0, f"it ended with {status} {how}")


def _names_database(process: TierbotProcess) -> bool:
    status, state = process.page("readyz")
    return status == 503 and "database" in state


def _remount(disk: Path, mode: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{mode}", str(disk)], check=True, capture_output=True)


@contextmanager
def small_disk(disk: Path, megabytes: int = 16) -> Iterator[bool]:
    """A file system of its own; False where the user may not mount one."""
    if os.geteuid() != 0:
        yield False
        return
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(disk)],
        check=False,
        capture_output=True,
    )
    try:
        yield made.returncode == 0
    finally:
        if made.returncode == 0:
            subprocess.run(["umount", "-l", str(disk)], check=False, capture_output=True)
