"""A machine that fails: paused processes, clocks that jump, locked and full databases, servers that die: F04 to F26."""

import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from tests.faults.dying import calm
from tests.faults.ground import Ground, p95, sender
from tests.faults.processes import Fleet, end, spawn
from tests.faults.report import Outcome
from tests.faults.worker import QUICK, Job, note


class Pause:
    """SIGSTOP on the own process, once, at a step."""

    def __init__(self, folder: Path, step: str) -> None:
        self._folder, self._step, self._left = folder, step, 1

    def __call__(self, step: str) -> None:
        if step == self._step and self._left:
            self._left -= 1
            note(self._folder / f"paused.{self._step}", str(os.getpid()))
            os.kill(os.getpid(), signal.SIGSTOP)


def paused(ground: Ground, *, quick: bool) -> Outcome:
    """F04: workers stopped for twice their lease, before the guard and between guard and call."""
    many = 2 if quick else 12
    outcome = Outcome(figures={})
    doubled = 0
    for step, name in (("claim.after", "before the guard"), ("send.before", "after the guard")):
        ground.feed(many * 5)
        stopping = [spawn(sender(ground, number, at=Pause(ground.folder, step))) for number in range(many)]
        marks = ground.folder / f"paused.{step}"
        until = time.monotonic() + 30
        while time.monotonic() < until and not (marks.exists() and len(marks.read_text().split()) == many):
            time.sleep(0.02)
        stopped = len(marks.read_text().split()) if marks.exists() else 0
        # Others take over meanwhile.
        others = Fleet(1, partial(sender, ground))
        until = time.monotonic() + 2 * QUICK.lease.total_seconds()
        while time.monotonic() < until:
            others.tend()
            ground.look()
            time.sleep(0.05)
        for pid in stopping:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        time.sleep(1)
        others.close()
        for pid in stopping:
            end(pid)
        settled = calm(ground, rounds=2)
        audit = ground.audit()
        more, doubled = audit.doubled - doubled, audit.doubled
        outcome.figures |= {f"paused {name}": stopped, f"doubled {name}": more}
        outcome.broken += [line for line in settled.broken if "doubled" not in line]
        outcome.require(stopped == many, f"only {stopped} of {many} came to {step}")
        allowed = 0 if step == "claim.after" else stopped
        outcome.require(more <= allowed, f"{more} doubled by pauses {name}")
    tallies = ground.tallies()
    outcome.figures |= {
        "given back": tallies.get("abandoned_total", 0),
        "taken over": tallies.get("taken_over_total", 0),
    }
    return outcome


def locked(ground: Ground, *, quick: bool) -> Outcome:
    """F22: another process holds SQLite's writer lock for longer than a lease, again and again."""
    holds, seconds = (2, 1.5) if quick else (5, 5.0)
    ground.feed(20 if quick else 100)
    fleet = Fleet(3, partial(sender, ground))
    file = make_url(ground.url).database or ""
    longest = 0.0
    for _ in range(holds):
        time.sleep(0.3)
        holder = sqlite3.connect(file, timeout=30, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            began = time.monotonic()
            ground.look()  # readers go on
            longest = max(longest, time.monotonic() - began)
            time.sleep(0.05)
        holder.execute("ROLLBACK")
        holder.close()
        fleet.tend()
        ground.feed(10)
    fleet.close()
    outcome = calm(ground, rounds=3)
    outcome.figures |= {"lock held": f"{holds} x {seconds} s", "slowest read s": round(longest, 2)}
    outcome.require(not fleet.killed, "a worker died of the lock")
    outcome.require(longest < 1, f"a reader waited {longest:.1f} s")
    return outcome


def full(ground: Ground, *, quick: bool) -> Outcome:
    """F24: no byte more can be written to SQLite's files while workers run; then there is room again."""
    ground.feed(20 if quick else 80)
    file = Path(make_url(ground.url).database or "")
    fleet = Fleet(2, lambda number: partial(_cramped, sender(ground, number), 64 * 1024))
    began = time.monotonic()
    while time.monotonic() - began < 4:
        fleet.tend()
        time.sleep(0.05)
    fleet.close()
    failures = ground.failures()
    intents = {row.id for row in ground.rows() if row.attempt > 0}
    unrecorded = [post for post in ground.slack.arrived() if post.id not in intents]
    freed = time.monotonic()
    outcome = calm(ground, rounds=3, expect_failures=True)
    check = sqlite3.connect(file)
    whole = check.execute("PRAGMA integrity_check").fetchone()[0]
    check.close()
    outcome.figures |= {"recovered after s": round(time.monotonic() - freed, 1), "integrity": whole}
    outcome.require(bool(failures), "the disk was never full")
    outcome.require(not unrecorded, f"{len(unrecorded)} sent without a record")
    outcome.require(whole == "ok", f"the file is broken: {whole}")
    return outcome


def _cramped(work: Job, size: int) -> None:
    """As on a disk with so much room for each file: beyond it every write fails."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    work()


def cut(ground: Ground, *, quick: bool) -> Outcome:
    """F26: connections are ended in mid-transaction, and a backend is killed so that the server recovers itself."""
    cuts, crashes = (10, 1) if quick else (100, 5)
    address = make_url(ground.url).set(drivername="postgresql").render_as_string(hide_password=False)
    name = make_url(ground.url).database
    with psycopg.connect(address, autocommit=True) as connection:
        # The tests' server does not wait for its log; what a crash may take must not have been promised.
        connection.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = on')
    ground.feed(40 if quick else 200)
    fleet = Fleet(3, partial(sender, ground))
    done = died = 0
    until = time.monotonic() + 120
    while (done < cuts or died < crashes) and time.monotonic() < until:
        fleet.tend()
        time.sleep(0.1)
        with suppress(psycopg.Error), psycopg.connect(address, autocommit=True) as connection:
            others = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            ).fetchall()
            if not others:
                continue
            if done >= cuts * (died + 1) / (crashes + 1) and died < crashes:
                with suppress(ProcessLookupError):
                    os.kill(others[0][0], signal.SIGKILL)
                    died += 1
            else:
                connection.execute("SELECT pg_terminate_backend(%s)", others[0])
                done += 1
        if ground_count(ground) < 20:
            with suppress(Exception):
                ground.feed(10)
    fleet.close()
    _server_answers(address)
    outcome = calm(ground, rounds=3, expect_failures=True)
    outcome.figures |= {"connections cut": done, "server crashes": died}
    outcome.require(done >= cuts and died >= crashes, "too few connections were cut")
    outcome.require(not fleet.deaths, "a worker died of it")
    return outcome


def ground_count(ground: Ground) -> int:
    """How many wait; many while the server cannot say."""
    try:
        return ground.count("pending")
    except psycopg.Error:
        return 1000


def _server_answers(address: str) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with suppress(psycopg.Error), psycopg.connect(address) as connection:
            connection.execute("SELECT 1")
            return
        time.sleep(0.1)


def stopped(ground: Ground, *, quick: bool) -> Outcome:
    """F14: SIGTERM to `tierbot run` while it sends to a slow Slack; it ends by itself, and holds nothing."""
    times = 2 if quick else 6
    outcome = Outcome(figures={})
    took: list[float] = []
    held = 0
    ground.slack.switch({"kind": "slow", "seconds": 0.8})
    for _ in range(times):
        ground.feed(15)
        sent = ground.count("sent")
        with (ground.folder / "log").open("ab") as log:
            command = [sys.executable, "-m", "bot", "run", "--role", "worker"]
            running = subprocess.Popen(command, env=ground.environment(), stdout=log, stderr=log)
        until = time.monotonic() + 60
        while ground.count("sent") < sent + 1 and time.monotonic() < until:
            time.sleep(0.05)
        began = time.monotonic()
        running.send_signal(signal.SIGTERM)
        try:
            status = running.wait(60)
        except subprocess.TimeoutExpired:
            running.kill()
            status = running.wait()
        took.append(time.monotonic() - began)
        held += ground.count("sending")
        outcome.require(status == 0, f"it ended with {status}")
    ground.slack.switch()
    settled = calm(ground, seconds=120, rules=replace(QUICK, settle=timedelta(seconds=1.8)), rounds=3)
    outcome.figures = {
        "stops": times,
        "shutdown p95 s": round(p95(took), 1),
        "claims held": held,
        **settled.figures,
    }
    outcome.broken += settled.broken
    outcome.require(max(took) <= 10, f"a shutdown took {max(took):.1f} s, more than 10")
    outcome.require(not held, f"{held} claims were neither finished nor given back")
    return outcome
