"""Messages claimed and marked as sent per second, without sending, compared with APScheduler's store and procrastinate.

Ours is a whole `sender.deliver` with a Slack that accepts everything at once and without pacing: sweep, claim in a
transaction, check of the lease, reading the message, conditional final write. The peers run the same number of
functions that do nothing from their own tables, as their documentation starts them. Every worker is a process of
its own, started before measuring; all databases write to the disk (fsync, synchronous=FULL).
"""

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import URL

from bot.services.delivery.worker import WorkerOptions
from tests import postgres
from tests.bench import claims_worker
from tests.bench.measurement import Table

DURABLE = ("max_connections=100",)  # everything else is PostgreSQL's default
WORKERS = (1, 2, 4)


def main(small: bool) -> list[Table]:
    jobs, many, rounds = (20, 40, 1) if small else (2_000, 10_000, 3)
    tables = []
    with tempfile.TemporaryDirectory(prefix="tierbot-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        databases = [BenchDatabase(folder=folder)]
        try:
            databases.append(
                BenchDatabase(folder=folder, server=stack.enter_context(postgres.server(DURABLE)))
            )
        except postgres.NoServer as reason:
            sys.stdout.write(f"No PostgreSQL: {reason}\n")
        for database in databases:
            tables.append(compare_with_peers(database, jobs, rounds))
            tables.append(compare_worker_counts(database, many, rounds))
    return tables


class BenchDatabase:
    """A kind of database, and new databases of it."""

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


def compare_with_peers(database: BenchDatabase, jobs: int, rounds: int) -> Table:
    table = Table(
        title=f"{jobs:,} claims with the final write on {database.name}, one worker, {rounds} rounds in turn",
        columns=("what", "a second (median)", "Tierbot in batches of 100 / this"),
        notes=("Aim: at least 10 times APScheduler, 50 times procrastinate.",),
    )
    variants = {
        "Tierbot, batches of 100 (the product's)": ("ours", 1, WorkerOptions().batch),
        "Tierbot, batches of 10": ("ours", 1, 10),
        "APScheduler, SQLAlchemyJobStore": ("apscheduler", 1, 0),
    }
    if database.name == "PostgreSQL":
        variants["procrastinate"] = ("procrastinate", 1, 0)
    rates: dict[str, list[float]] = {what: [] for what in variants}
    for _ in range(rounds):
        for what, (kind, workers, batch) in variants.items():
            rates[what].append(run(database, kind, jobs, workers, batch))
    ours = statistics.median(rates["Tierbot, batches of 100 (the product's)"])
    for what, found in rates.items():
        rate = statistics.median(found)
        table.add(what, f"{rate:,.0f}", f"{ours / rate:.1f}")
    return table


def compare_worker_counts(database: BenchDatabase, jobs: int, rounds: int) -> Table:
    table = Table(
        title=f"{jobs:,} claims on {database.name} in batches of 100, by workers, {rounds} rounds in turn",
        columns=("workers", "a second (median)", "beside one worker"),
        notes=("Aim: two workers at least 1.3 times one.",) if database.name == "PostgreSQL" else (),
    )
    rates: dict[int, list[float]] = {workers: [] for workers in WORKERS}
    for _ in range(rounds):
        for workers in WORKERS:
            rates[workers].append(run(database, "ours", jobs, workers, WorkerOptions().batch))
    one = statistics.median(rates[1])
    for workers, found in rates.items():
        rate = statistics.median(found)
        table.add(str(workers), f"{rate:,.0f}", f"{rate / one:.2f}")
    return table


def run(database: BenchDatabase, kind: str, jobs: int, workers: int, batch: int) -> float:
    """Jobs per second, from the start signal until the last worker finds nothing more."""
    with database.fresh() as url:
        claims_worker.prepare(kind, url, jobs)
        command = [sys.executable, "-m", "tests.bench.claims_worker", kind, url, str(jobs), str(batch)]
        done, taken = run_workers([[*command, str(n)] for n in range(workers)])
        if done != jobs:
            raise RuntimeError(f"{kind}: {done} of {jobs} were done")
        return jobs / taken


def run_workers(commands: Sequence[Sequence[str]]) -> tuple[int, float]:
    """(How much processes did together, the seconds from the start signal until the last one ended its work)."""
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for command in commands
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            if process.stdout.readline() != "ready\n":
                raise RuntimeError(f"a worker did not start: {' '.join(map(str, process.args[2:4]))}")
        begin = time.perf_counter()
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        done = 0
        for process in processes:
            assert process.stdout is not None
            done += int(process.stdout.readline() or 0)
        return done, time.perf_counter() - begin
    finally:
        for process in processes:
            process.kill()
            process.communicate()
