"""A failing machine: paused processes, locked and full databases, killed servers: F04, F14, F22, F24, F26."""

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

from bot.cli.run import END_SECONDS
from bot.services.delivery.worker import Step
from tests.faults.installation import Installation, p95
from tests.faults.kills import finish
from tests.faults.processes import Fleet, end, spawn, wait_until
from tests.faults.report import Outcome
from tests.faults.worker import QUICK, WorkerRun, note


class Pause:
    """Sends SIGSTOP to its own process, once, at a step."""

    def __init__(self, folder: Path, step: str) -> None:
        self._folder, self._step, self._left = folder, step, 1

    def __call__(self, step: str) -> None:
        if step == self._step and self._left:
            self._left -= 1
            note(self._folder / f"paused.{self._step}", str(os.getpid()))
            os.kill(os.getpid(), signal.SIGSTOP)


def paused(installation: Installation, *, quick: bool) -> Outcome:
    """F04: workers are paused for two leases, before the check of the lease and between check and call."""
    many = 2 if quick else 12
    outcome = Outcome(figures={})
    doubled = 0
    for step, name in ((Step.CLAIM_AFTER, "before the check"), (Step.SEND_BEFORE, "after the check")):
        installation.enqueue(many * 5)
        stopping = [
            spawn(installation.worker(number, on_step=Pause(installation.folder, step)))
            for number in range(many)
        ]
        marks = installation.folder / f"paused.{step}"
        wait_until(partial(_has_lines, marks, many), 30, 0.02)
        stopped = len(marks.read_text().split()) if marks.exists() else 0
        # Another worker takes over.
        others = Fleet(1, installation.worker)
        others.run_until(lambda: False, 2 * QUICK.lease.total_seconds(), installation.watch)
        for pid in stopping:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        time.sleep(1)
        others.close()
        for pid in stopping:
            end(pid)
        finished = finish(installation, rounds=2)
        audit = installation.audit()
        more, doubled = audit.doubled - doubled, audit.doubled
        outcome.figures |= {f"paused {name}": stopped, f"doubled {name}": more}
        outcome.broken += [line for line in finished.broken if "doubled" not in line]
        outcome.require(stopped == many, f"only {stopped} of {many} reached {step}")
        allowed = 0 if step == Step.CLAIM_AFTER else stopped
        outcome.require(more <= allowed, f"{more} doubled by pauses {name}")
    tallies = installation.tallies()
    outcome.figures |= {
        "released": tallies.get("abandoned_total", 0),
        "taken over": tallies.get("taken_over_total", 0),
    }
    return outcome


def locked(installation: Installation, *, quick: bool) -> Outcome:
    """F22: another process holds SQLite's writer lock for longer than a lease, again and again."""
    holds, seconds = (2, 1.5) if quick else (5, 5.0)
    installation.enqueue(20 if quick else 100)
    fleet = Fleet(3, installation.worker)
    file = make_url(installation.url).database or ""
    longest = 0.0
    for _ in range(holds):
        time.sleep(0.3)
        holder = sqlite3.connect(file, timeout=30, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            began = time.monotonic()
            installation.watch()  # reads go on
            longest = max(longest, time.monotonic() - began)
            time.sleep(0.05)
        holder.execute("ROLLBACK")
        holder.close()
        fleet.tend()
        installation.enqueue(10)
    fleet.close()
    outcome = finish(installation, rounds=3)
    outcome.figures |= {"lock held": f"{holds} x {seconds} s", "slowest read s": round(longest, 2)}
    outcome.require(not fleet.killed, "a worker died of the lock")
    outcome.require(longest < 1, f"a reader waited {longest:.1f} s")
    return outcome


def full(installation: Installation, *, quick: bool) -> Outcome:
    """F24: SQLite's files cannot grow while workers run; then there is room again."""
    installation.enqueue(20 if quick else 80)
    file = Path(make_url(installation.url).database or "")
    fleet = Fleet(2, lambda number: partial(_with_limited_files, installation.worker(number), 64 * 1024))
    fleet.run_until(lambda: False, 4)
    fleet.close()
    failures = installation.failures()
    recorded = {row.id for row in installation.rows() if row.attempt > 0}
    unrecorded = [post for post in installation.slack.arrived() if post.id not in recorded]
    freed = time.monotonic()
    outcome = finish(installation, rounds=3, expect_failures=True)
    check = sqlite3.connect(file)
    integrity = check.execute("PRAGMA integrity_check").fetchone()[0]
    check.close()
    outcome.figures |= {"recovered after s": round(time.monotonic() - freed, 1), "integrity": integrity}
    outcome.require(bool(failures), "the disk was never full")
    outcome.require(not unrecorded, f"{len(unrecorded)} sent without a record")
    outcome.require(integrity == "ok", f"the file is broken: {integrity}")
    return outcome


def _with_limited_files(work: WorkerRun, size: int) -> None:
    """As on a full disk: every write beyond this size of a file fails."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    work()


def cut_connections(installation: Installation, *, quick: bool) -> Outcome:
    """F26: connections are ended within transactions, and backends are killed, so that the server restarts."""
    cuts, crashes = (10, 1) if quick else (100, 5)
    address = make_url(installation.url).set(drivername="postgresql").render_as_string(hide_password=False)
    name = make_url(installation.url).database
    with psycopg.connect(address, autocommit=True) as connection:
        # The tests' server does not wait for its log: a crash would lose committed transactions.
        connection.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = on')
    installation.enqueue(40 if quick else 200)
    fleet = Fleet(3, installation.worker)
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
        if _pending(installation) < 20:
            with suppress(Exception):
                installation.enqueue(10)
    fleet.close()
    _server_answers(address)
    outcome = finish(installation, rounds=3, expect_failures=True)
    outcome.figures |= {"connections cut": done, "server crashes": died}
    outcome.require(done >= cuts and died >= crashes, "too few connections were cut")
    outcome.require(not fleet.deaths, "a worker died of it")
    return outcome


def _pending(installation: Installation) -> int:
    """How many messages are pending; many while the server does not answer."""
    try:
        return installation.count("pending")
    except psycopg.Error:
        return 1000


def _server_answers(address: str) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with suppress(psycopg.Error), psycopg.connect(address) as connection:
            connection.execute("SELECT 1")
            return
        time.sleep(0.1)


def stopped(installation: Installation, *, quick: bool) -> Outcome:
    """F14: SIGTERM to `tierbot run` while it sends to a slow Slack; it ends and holds no claim."""
    times = 2 if quick else 6
    outcome = Outcome(figures={})
    took: list[float] = []
    held, pace = 0, installation.pace
    installation.slack.switch({"kind": "slow", "seconds": 0.8})
    for _ in range(times):
        installation.enqueue(15)
        sent = installation.count("sent")
        with (installation.folder / "log").open("ab") as log:
            command = [sys.executable, "-m", "bot", "run", "--role", "worker"]
            running = subprocess.Popen(command, env=installation.environment(), stdout=log, stderr=log)
        pace.wait_until(partial(_more_sent, installation, sent), 60)
        began = time.monotonic()
        running.send_signal(signal.SIGTERM)
        pace.wait_until(partial(_has_ended, running), 60)
        took.append(time.monotonic() - began)
        running.kill()
        status = running.wait()
        held += installation.count("sending")
        outcome.require(status == 0, f"it ended with {status}")
    installation.slack.switch()
    allowed = END_SECONDS + pace.stretch(10 - END_SECONDS)
    finished = finish(
        installation, seconds=120, options=replace(QUICK, settle=timedelta(seconds=1.8)), rounds=3
    )
    outcome.figures = {
        "stops": times,
        "shutdown p95 s": f"{p95(took):.1f} of {allowed:.1f}",
        "claims held": held,
        **finished.figures,
    }
    outcome.broken += finished.broken
    outcome.require(max(took) <= allowed, f"a shutdown took {max(took):.1f} s, more than {allowed:.1f}")
    outcome.require(not held, f"{held} claims were neither finished nor released")
    return outcome


def _more_sent(installation: Installation, before: int) -> bool:
    return installation.count("sent") > before


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    return process.poll() is not None


def _has_lines(file: Path, many: int) -> bool:
    return file.exists() and len(file.read_text().split()) == many
