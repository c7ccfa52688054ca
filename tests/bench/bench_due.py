"""The digests of a morning out of 1,000,000 open touches: rows a second by one, two and four processes, and quiet passes.

Every process does the whole job of a `tierbot run`: finding whose steps are due, ranking them, writing the digests and
moving the touches on. All databases write to the disk. `BENCH_TOUCHES=100000` measures another number of open touches.
"""

import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from tests import postgres
from tests.bench import due_worker
from tests.bench.bench_claims import DURABLE, WORKERS, BenchDatabase, run_workers
from tests.bench.measurement import Table, in_process, milliseconds

ROUNDS = 2
DAYS = (1, 2, 3, 4, 7, 8)  # working days, counted from a Monday
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
        title=f"The digests of a morning on PostgreSQL, {touches:,} open touches, by workers in turn",
        columns=("workers", "due", "digests", "due rows a second", "compared with one worker"),
        notes=(
            "Due rows are those of each morning, and the rate is the better one of each number of workers.",
        ),
    )
    found: dict[int, list[tuple[float, int, int]]] = {workers: [] for workers in WORKERS}
    for day, workers in zip(DAYS, WORKERS * ROUNDS, strict=True):
        due = due_worker.due(url, day)
        command = [sys.executable, "-m", "tests.bench.due_worker", "work", url, str(day)]
        written, seconds = run_workers([command] * workers)
        if left := due_worker.due(url, day):
            raise RuntimeError(f"{left} of {due} are still due")
        found[workers].append((due / seconds, due, written))
    one = max(found[WORKERS[0]])[0]
    for workers, mornings in found.items():
        rates, due_rows, digests = zip(*mornings, strict=True)
        table.add(
            str(workers), _each(due_rows), _each(digests), f"{max(rates):,.0f}", f"{max(rates) / one:.2f}"
        )
    return table


def _each(counts: Sequence[int]) -> str:
    return ", ".join(f"{count:,}" for count in counts)
