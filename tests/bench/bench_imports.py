"""Orders imported per second, compared with a bare csv.reader and executemany into the same table.

The bare one checks nothing: no dates, no repeated numbers, no unknown customers, no previous values. Both write to a
migrated database with the table's keys and indexes, in one transaction, with synchronous=FULL.
"""

import random
import statistics
import tempfile
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path

from tests import postgres
from tests.bench.bench_claims import DURABLE, BenchDatabase
from tests.bench.measurement import Table, in_process

CUSTOMERS = 5_000
WORKER = "tests.bench.imports_worker"


def main(small: bool) -> Table:
    sizes = {60: 1} if small else {10_000: 3, 100_000: 3, 1_000_000: 1}
    table = Table(
        title=f"Orders of {CUSTOMERS:,} customers imported, in turn, a process each",
        columns=("database", "rows", "what", "rows a second", "beside bare", "CPU s", "peak MiB"),
        notes=("Aim: at least 0.33 of the bare way; memory that does not grow with the file.",),
    )
    with tempfile.TemporaryDirectory(prefix="tierbot-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        for rows, rounds in sizes.items():
            path = folder / f"orders-{rows}.csv"
            write_orders(path, rows)
            compare(table, BenchDatabase(folder=folder), path, rows, rounds)
        try:
            server = stack.enter_context(postgres.server(DURABLE))
        except postgres.NoServer as reason:
            table.notes += (f"No PostgreSQL: {reason}.",)
            return table
        rows = 60 if small else 100_000
        compare(table, BenchDatabase(folder=folder, server=server), folder / f"orders-{rows}.csv", rows, 1)
    return table


def compare(table: Table, database: BenchDatabase, path: Path, rows: int, rounds: int) -> None:
    found: dict[str, list[dict[str, float]]] = {"bare": [], "tierbot import": []}
    for _ in range(rounds):
        for what, taken in found.items():
            with database.fresh() as url:
                in_process(WORKER, "prepare", url, path)
                taken.append(in_process(WORKER, what.split()[-1], url, path))
    bare = statistics.median(one["seconds"] for one in found["bare"])
    for what, taken in found.items():
        seconds = statistics.median(one["seconds"] for one in taken)
        table.add(
            database.name,
            f"{rows:,}",
            what,
            f"{rows / seconds:,.0f}",
            f"{bare / seconds:.2f}",
            f"{statistics.median(one['cpu'] for one in taken):.2f}",
            f"{max(one['peak'] for one in taken):.0f}",
        )


def write_orders(path: Path, rows: int, seed: int = 3) -> None:
    """Unsorted orders of five years, an eighth of them returns."""
    rng = random.Random(seed)
    first = date(2021, 1, 1)
    days = [(first + timedelta(days=n)).isoformat() for n in range(5 * 365)]
    with path.open("w", encoding="utf-8") as file:
        file.write("order_no,customer,date,amount,cost,currency\n")
        for number in range(rows):
            amount = rng.randrange(1_000, 9_999_999) * (-1 if rng.random() < 0.125 else 1)
            file.write(
                f"SO{number:08d},K{rng.randrange(CUSTOMERS):07d},{rng.choice(days)},"
                f"{amount / 100:.2f},{amount * 7 // 1000}.00,EUR\n"
            )
