"""Sums per customer, where the orders live, beside DuckDB over the same orders as Parquet.

DuckDB is no requirement of the product; without it in the environment its part is left out. `plain` is recency,
count and sum; `windows` is what most schemes ask of orders, `whole` has the usual gap besides.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import text

from db.engine import Database, open_database
from db.orders import order_aggregates
from db.schema import upgrade
from grading.indicators import window_start
from tests.bench.measuring import Table

AS_OF = date(2026, 10, 31)
DAYS = 1096
CHUNK = 500_000
PLAIN = """
    SELECT customer_id, max(ordered_on), count(*), sum(amount) FROM {orders} GROUP BY customer_id
"""
# The statement of order_aggregates without the usual gap, for an engine that reads a file.
WINDOWS = """
    SELECT customer_id,
      sum(amount) FILTER (ordered_on > DATE '{year}') / 10000.0,
      sum(amount) FILTER (ordered_on > DATE '{before}' AND ordered_on <= DATE '{year}') / 10000.0,
      count(*) FILTER (ordered_on > DATE '{year}' AND amount > 0),
      sum(amount) FILTER (ordered_on > DATE '{year}' AND cost IS NOT NULL) / 10000.0,
      sum(cost) FILTER (ordered_on > DATE '{year}') / 10000.0,
      min(ordered_on) FILTER (amount > 0), max(ordered_on) FILTER (amount > 0),
      count(DISTINCT ordered_on) FILTER (amount > 0)
    FROM {orders} WHERE ordered_on <= DATE '{day}' GROUP BY customer_id
"""
WHOLE = """
    WITH days AS (SELECT DISTINCT customer_id, ordered_on FROM {orders} WHERE amount > 0 AND ordered_on <= DATE '{day}'),
      gaps AS (SELECT customer_id, ordered_on - lag(ordered_on) OVER (PARTITION BY customer_id ORDER BY ordered_on) AS gap
               FROM days)
    SELECT * FROM ({windows}) JOIN (SELECT customer_id, median(gap) FROM gaps GROUP BY customer_id) USING (customer_id)
"""


def fill(database: Database, orders: int, customers: int) -> None:
    """Customers, and their orders in order of arrival, past the per-row work of an import."""
    rng = np.random.default_rng(7)
    raw = database.writer.raw_connection()
    cursor = raw.cursor()
    cursor.execute("PRAGMA synchronous=OFF")
    at = datetime(2026, 11, 1, tzinfo=UTC).replace(tzinfo=None).isoformat(sep=" ")
    cursor.executemany(
        "INSERT INTO customer (id, code, name, record_type, archived, version, created_at) VALUES (?,?,?,'account',0,1,?)",
        ((number, f"C{number}", f"C{number}", at) for number in range(1, customers + 1)),
    )
    cursor.execute("DROP INDEX ix_customer_order_cover")
    days = [(AS_OF - timedelta(days=age)).isoformat() for age in range(DAYS)]
    for start in range(0, orders, CHUNK):
        count = min(CHUNK, orders - start)
        who = rng.integers(1, customers + 1, count).tolist()
        age = rng.integers(0, DAYS, count).tolist()
        amount = (rng.lognormal(16, 1, count) * np.where(rng.random(count) < 0.03, -0.3, 1)).astype(int)
        cost = (amount * 0.7).astype(int).tolist()
        rows = zip(who, range(start, start + count), age, amount.tolist(), cost, strict=True)
        cursor.executemany(
            "INSERT INTO customer_order (customer_id, source, external_id, ordered_on, amount, cost, currency)"
            " VALUES (?, 'erp', ?, ?, ?, ?, 'CNY')",
            ((c, str(n), days[a], money, paid) for c, n, a, money, paid in rows),
        )
    cursor.execute(
        "CREATE INDEX ix_customer_order_cover ON customer_order (customer_id, ordered_on, amount, cost)"
    )
    raw.commit()
    raw.close()


def timed(run: Callable[[], int], rounds: int = 2) -> float:
    """The best of some rounds, in seconds."""
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return best


def on_sqlite(database: Database, customers: int) -> dict[str, float]:
    """Seconds of each question; the last two are about the few customers that new orders touch."""

    def plain() -> int:
        with database.read() as session:
            return len(session.execute(text(PLAIN.format(orders="customer_order"))).all())

    def aggregates(gaps: bool, some: list[int] | None = None) -> int:
        with database.read() as session:
            rows = order_aggregates(
                session,
                as_of=AS_OF,
                quarters=[window_start(AS_OF, months) for months in (12, 9, 6, 3)] + [AS_OF],
                previous_start=window_start(AS_OF, 24),
                usual_gaps=gaps,
                customer_ids=some,
            )
        return len(rows)

    hundredth = list(range(1, customers + 1, 100))
    return {
        "plain": timed(plain),
        "windows": timed(lambda: aggregates(False)),
        "whole": timed(lambda: aggregates(True)),
        "windows, every 100th customer": timed(lambda: aggregates(False, hundredth)),
        "windows, one customer": timed(lambda: aggregates(False, [1])),
    }


def on_duckdb(folder: Path, database: Database) -> dict[str, float]:
    """The same answers out of a Parquet file; empty without DuckDB."""
    try:
        import duckdb
    except ImportError:
        return {}
    parquet = folder / "orders.parquet"
    duck: Any = duckdb.connect()
    duck.execute("SET threads = 2")
    write_parquet(duck, parquet, database)
    orders = f"read_parquet('{parquet}')"
    days = {
        "orders": orders,
        "day": AS_OF,
        "year": window_start(AS_OF, 12),
        "before": window_start(AS_OF, 24),
    }
    windows = WINDOWS.format(**days)
    statements = {
        "plain": PLAIN.format(**days),
        "windows": windows,
        "whole": WHOLE.format(**days, windows=windows),
    }
    return {
        name: timed(lambda s=statement: len(duck.execute(s).fetchall()))
        for name, statement in statements.items()
    }


def write_parquet(duck: Any, parquet: Path, database: Database) -> None:
    """Every order, in order of arrival, by way of NumPy columns."""
    parts = []
    with database.reader.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT customer_id, CAST(julianday(ordered_on) - 2440587.5 AS INTEGER), amount, cost FROM customer_order"
        )
        while page := rows.fetchmany(CHUNK):
            parts.append(np.array(page, dtype=np.int64))
    table = np.concatenate(parts)
    columns = {  # noqa: F841 - DuckDB finds it by name
        "customer_id": table[:, 0],
        "day": table[:, 1].astype("datetime64[D]").astype("datetime64[us]"),
        "amount": table[:, 2],
        "cost": table[:, 3],
    }
    duck.sql(
        "SELECT customer_id::INT AS customer_id, day::DATE AS ordered_on, amount, cost FROM columns"
    ).write_parquet(str(parquet))


def main(small: bool) -> Table:
    orders, customers = (20_000, 200) if small else (10_000_000, 100_000)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database = open_database(f"sqlite:///{folder / 'bench.db'}")
        upgrade(database)
        fill(database, orders, customers)
        ours, theirs = on_sqlite(database, customers), on_duckdb(folder, database)
        database.close()
    table = Table(
        title=f"Sums of {orders:,} orders of {customers:,} customers",
        columns=("what", "SQLite, covering index, s", "DuckDB, Parquet, 2 threads, s", "ratio"),
        notes=(
            "Aim: at most 3 times DuckDB on SQLite with a covering index.",
            *(() if theirs else ("DuckDB: not installed.",)),
        ),
    )
    for what, seconds in ours.items():
        other = theirs.get(what)
        beside = ("", "") if other is None else (f"{other:.3f}", f"{seconds / other:.1f}")
        table.add(what, f"{seconds:.3f}" if seconds > 0.1 else f"{seconds:.4f}", *beside)
    return table
