"""Care planning for a large book with six steps for each customer: all of it, without news, and after some contacts.

Compared with inserting the same rows with the bare driver, and with one empty query. `BENCH_CUSTOMERS=1000000` measures a
million customers; memory is that of the process, after the first 100,000 customers and after all.
"""

import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests import postgres
from tests.bench.bench_claims import DURABLE, BenchDatabase
from tests.bench.measurement import Table, in_process, milliseconds

CUSTOMERS = int(os.environ.get("BENCH_CUSTOMERS", "20000"))


def main(small: bool) -> Table:
    customers = 200 if small else CUSTOMERS
    table = Table(
        title=f"Care planning, {customers:,} customers with 6 steps each",
        columns=(
            "database",
            "rows a second",
            "rows a second, waiting for a core left out",
            "rows a processor second",
            "longest transaction, processor ms",
            "bare rows / planned",
            "without news, ms",
            "empty query, ms",
            "after 1,000 contacts, s",
            "MiB: empty, 100,000, all",
        ),
        notes=("Aim: without news as long at 1,000,000 customers as at 20,000; memory that does not grow.",),
    )
    with tempfile.TemporaryDirectory(prefix="tierbot-bench-") as name, ExitStack() as stack:
        databases = [BenchDatabase(folder=Path(name))]
        try:
            databases.append(
                BenchDatabase(folder=Path(name), server=stack.enter_context(postgres.server(DURABLE)))
            )
        except postgres.NoServer as reason:
            sys.stdout.write(f"No PostgreSQL: {reason}\n")
        for one in databases:
            with one.fresh() as url:
                found = in_process("tests.bench.care_worker", url, customers, timeout=7_200)
            rate = found["rows"] / found["plan"]
            table.add(
                one.name,
                f"{rate:,.0f}",
                f"{found['rows'] / (found['plan'] - found['waited']):,.0f}",
                f"{found['rows'] / found['busy']:,.0f}",
                milliseconds(found["longest"]),
                f"{found['bare'] / rate:.1f}",
                milliseconds(found["quiet"]),
                milliseconds(found["select"]),
                f"{found['contacts']:.2f}",
                f"{found['before']:.0f}, {found['first']:.0f}, {found['peak']:.0f}",
            )
    return table
