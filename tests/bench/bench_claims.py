"""Messages claimed and written off a second, without sending, beside APScheduler's own store and procrastinate.

Ours is the product's `delivery.deliver` to its end, with a Slack that says "sent" at once and without pacing: sweep,
claim in a transaction, guard, the kept message read, conditional final write. The peers run the same number of
functions that do nothing from their own tables, as their documentation starts them. Every worker is a process of
its own, started before the clock; all databases write to the disk (fsync, synchronous=FULL).
"""

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import URL

from bot.services.delivery.worker import WorkerOptions
from tests import postgres
from tests.bench import claims_worker
from tests.bench.measuring import Table

DURABLE = ("max_connections=100",)  # everything else as PostgreSQL comes
WORKERS = (1, 2, 4)


def main(small: bool) -> list[Table]:
    jobs, many, rounds = (20, 40, 1) if small else (2_000, 10_000, 3)
    tables = []
    with tempfile.TemporaryDirectory(prefix="tierbot-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        grounds = [Ground(folder=folder)]
        try:
            grounds.append(Ground(folder=folder, server=stack.enter_context(postgres.server(DURABLE))))
        except postgres.NoServer as reason:
            sys.stdout.write(f"No PostgreSQL: {reason}\n")
        for ground in grounds:
            tables.append(beside_peers(ground, jobs, rounds))
            tables.append(by_workers(ground, many, rounds))
    return tables


class Ground:
    """A kind of database, and fresh ones of it."""

    def __init__(self, *, folder: Path, server: URL | None = None) -> None:
        self.name = "PostgreSQL" if server is not None else "SQLite"
        self._folder = folder
        self._server = server

    @contextmanager
    def fresh(self) -> Iterator[str]:
        if self._server is not None:
            with postgres.new_database(self._server) as url:
                yield postgres.text_of(url)
            return
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        yield f"sqlite:///{folder / 'bench.db'}"
        shutil.rmtree(folder)


def beside_peers(ground: Ground, jobs: int, rounds: int) -> Table:
    table = Table(
        title=f"{jobs:,} claims with the final write on {ground.name}, one worker, {rounds} rounds in turn",
        columns=("what", "a second (median)", "Tierbot in batches of 100 / this"),
        notes=("Aim: at least 10 times APScheduler, 50 times procrastinate.",),
    )
    variants = {
        "Tierbot, batches of 100 (the product's)": ("ours", 1, WorkerOptions().batch),
        "Tierbot, batches of 10": ("ours", 1, 10),
        "APScheduler, SQLAlchemyJobStore": ("apscheduler", 1, 0),
    }
    if ground.name == "PostgreSQL":
        variants["procrastinate"] = ("procrastinate", 1, 0)
    rates: dict[str, list[float]] = {what: [] for what in variants}
    for _ in range(rounds):
        for what, (kind, workers, batch) in variants.items():
            rates[what].append(run(ground, kind, jobs, workers, batch))
    ours = statistics.median(rates["Tierbot, batches of 100 (the product's)"])
    for what, found in rates.items():
        rate = statistics.median(found)
        table.add(what, f"{rate:,.0f}", f"{ours / rate:.1f}")
    return table


def by_workers(ground: Ground, jobs: int, rounds: int) -> Table:
    table = Table(
        title=f"{jobs:,} claims on {ground.name} in batches of 100, by workers, {rounds} rounds in turn",
        columns=("workers", "a second (median)", "beside one worker"),
        notes=("Aim: two workers at least 1.3 times one.",) if ground.name == "PostgreSQL" else (),
    )
    rates: dict[int, list[float]] = {workers: [] for workers in WORKERS}
    for _ in range(rounds):
        for workers in WORKERS:
            rates[workers].append(run(ground, "ours", jobs, workers, WorkerOptions().batch))
    one = statistics.median(rates[1])
    for workers, found in rates.items():
        rate = statistics.median(found)
        table.add(str(workers), f"{rate:,.0f}", f"{rate / one:.2f}")
    return table


def run(ground: Ground, kind: str, jobs: int, workers: int, batch: int) -> float:
    """Jobs a second, from the word go until the last worker has found nothing more."""
    with ground.fresh() as url:
        claims_worker.prepare(kind, url, jobs)
        command = [sys.executable, "-m", "tests.bench.claims_worker", kind, url, str(jobs), str(batch)]
        processes = [
            subprocess.Popen([*command, str(n)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for n in range(workers)
        ]
        try:
            for process in processes:
                assert process.stdout is not None
                if process.stdout.readline() != "ready\n":
                    raise RuntimeError(f"{kind}: a worker did not start")
            begin = time.perf_counter()
            for process in processes:
                assert process.stdin is not None
                process.stdin.write("go\n")
                process.stdin.flush()
            done = 0
            for process in processes:
                assert process.stdout is not None
                done += int(process.stdout.readline() or 0)
            taken = time.perf_counter() - begin
        finally:
            for process in processes:
                process.kill()
                process.communicate()
        if done != jobs:
            raise RuntimeError(f"{kind}: {done} of {jobs} were done")
        return jobs / taken
