"""The digests of a morning out of 1,000,000 open touches: rows a second by one, two and four processes, and quiet passes.

Every process does the whole job of a `tierbot run`: finding whose steps are due, ranking them, writing the digests and
moving the touches on. All databases write to the disk. `BENCH_TOUCHES=100000` measures another number of open touches.
"""

import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests import postgres
from tests.bench import due_worker
from tests.bench.bench_claims import DURABLE, WORKERS, BenchDatabase, run_workers
from tests.bench.measurement import Table, in_process, milliseconds

TOUCHES = int(os.environ.get("BENCH_TOUCHES", "1000000"))


def main(small: bool) -> list[Table]:
    touches = 600 if small else TOUCHES
    tables = []
    with tempfile.TemporaryDirectory(prefix="tierbot-bench-") as name, ExitStack() as stack:
        databases = [BenchDatabase(folder=Path(name))]
        try:
            server = stack.enter_context(postgres.server(DURABLE))
            databases.append(BenchDatabase(folder=Path(name), server=server))
        except postgres.NoServer as reason:
            sys.stdout.write(f"No PostgreSQL: {reason}\n")
        for database in databases:
            with database.fresh() as url:
                due_worker.prepare(url, touches)
                tables.append(one_process(database.name, url, touches))
                if database.name == "PostgreSQL":
                    tables.append(by_workers(url, touches))
    return tables


def one_process(name: str, url: str, touches: int) -> Table:
    table = Table(
        title=f"The digests of a morning on {name}, {touches:,} open touches, one process",
        columns=(
            "due",
            "digests",
            "due rows a second",
            "processor ms a digest",
            "a pass without news / an empty query",
            "MiB: before, after",
        ),
        notes=("Aim: memory that does not grow; a pass without news as long however many touches are open.",),
    )
    found = in_process("tests.bench.due_worker", "measure", url, timeout=7_200)
    table.add(
        f"{found['due']:,.0f}",
        f"{found['digests']:,.0f}",
        f"{found['due'] / found['wall']:,.0f}",
        milliseconds(found["busy"] / found["digests"]),
        f"{found['quiet'] / found['select']:,.0f}",
        f"{found['before']:.0f}, {found['peak']:.0f}",
    )
    return table


def by_workers(url: str, touches: int) -> Table:
    """The mornings of the next days, each by another number of processes."""
    table = Table(
        title=f"The digests of a morning on PostgreSQL, {touches:,} open touches, by workers",
        columns=("workers", "due", "digests", "due rows a second", "compared with one worker"),
    )
    rates: dict[int, float] = {}
    for day, workers in enumerate(WORKERS, start=1):
        due = due_worker.due(url, day)
        command = [sys.executable, "-m", "tests.bench.due_worker", "work", url, str(day)]
        written, seconds = run_workers([command] * workers)
        if left := due_worker.due(url, day):
            raise RuntimeError(f"{left} of {due} are still due")
        rates[workers] = due / seconds
        relative = rates[workers] / rates[WORKERS[0]]
        table.add(str(workers), f"{due:,}", f"{written:,}", f"{rates[workers]:,.0f}", f"{relative:.2f}")
    return table
