"""Sums per customer in the database, compared with DuckDB over the same orders as Parquet.

DuckDB is not required; without it its part is left out. `windows` is what most schemes read of orders, `whole` has
the usual gap too, `plain` is recency, count and sum. `fold` adds new orders to the stored totals, as an import does;
it is compared with computing the totals again from all orders.
"""

from __future__ import annotations

import importlib
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import text
from sqlmodel import col

from db.book.trade import order_totals
from db.book.trade.orders import Order, order_aggregates
from db.engine import Database, open_database
from db.schema import upgrade
from grading.indicators.orders import window_start
from tests.bench.measurement import Table

AS_OF = date(2026, 10, 31)
DAYS = 1096
CHUNK = 500_000
NEW = 10_000  # orders folded in
Taken = tuple[float, float]
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
    """Insert customers, and their orders in order of arrival, without the work of an import."""
    rng = np.random.default_rng(7)
    raw = database.writer.raw_connection()
    assert isinstance(raw.driver_connection, sqlite3.Connection)
    cursor = raw.driver_connection.cursor()
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


def timed(run: Callable[[], object], rounds: int = 3) -> Taken:
    """The best of some rounds, in seconds: by the clock, and of the processors."""
    walls, cpus = [], []
    for _ in range(rounds):
        wall, cpu = time.perf_counter(), time.process_time()
        run()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return min(walls), min(cpus)


def on_sqlite(database: Database, customers: int) -> dict[str, Taken]:
    """Seconds of each query; the last two read only the customers of new orders."""

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


def folded(database: Database, orders: int, customers: int) -> dict[str, Taken]:
    """Seconds to add new orders to the stored totals, and to compute these again; rolled back."""
    rng = random.Random(5)
    with database.writer.connect() as connection:

        def undone(work: Callable[[], None], prepare: Callable[[], None]) -> Taken:
            best = (float("inf"), float("inf"))
            for _ in range(3):
                prepare()
                taken = timed(work, rounds=1)
                connection.rollback()
                best = (min(best[0], taken[0]), min(best[1], taken[1]))
            return best

        def arrive() -> None:
            connection.exec_driver_sql(
                "INSERT INTO customer_order (customer_id, source, external_id, ordered_on, amount, currency, batch_id)"
                " VALUES (?, 'new', ?, ?, ?, 'CNY', 1)",
                [
                    (rng.randint(1, customers), str(number), AS_OF.isoformat(), rng.randint(1, 10**9))
                    for number in range(min(NEW, orders))
                ],
            )

        return {
            f"fold {min(NEW, orders):,} new orders into the kept totals": undone(
                lambda: order_totals.add(connection, col(Order.batch_id) == 1), arrive
            ),
            "make the kept totals anew": undone(lambda: order_totals.recount(connection), lambda: None),
        }


def on_duckdb(folder: Path, database: Database) -> dict[str, Taken]:
    """The same queries on a Parquet file; empty without DuckDB."""
    try:
        duckdb = importlib.import_module("duckdb")
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

    def count(statement: str) -> int:
        return len(duck.execute(statement).fetchall())

    return {name: timed(partial(count, statement)) for name, statement in statements.items()}


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
    columns = {  # noqa: F841 - DuckDB reads it by name
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
        with database.write() as session:
            order_totals.recount(session.connection())
        ours, theirs = on_sqlite(database, customers), on_duckdb(folder, database)
        folds = folded(database, orders, customers)
        database.close()
    return shown(orders, customers, ours | folds, theirs)


def shown(orders: int, customers: int, ours: dict[str, Taken], theirs: dict[str, Taken]) -> Table:
    table = Table(
        title=f"Sums of {orders:,} orders of {customers:,} customers",
        columns=(
            "what",
            "SQLite s",
            "processor s",
            "DuckDB, Parquet, 2 threads s",
            "processor s",
            "ratio",
            "of processors",
            "windows take as long",
        ),
        notes=(
            "Aim: windows and whole at most 3 times DuckDB; the fold at least 30 times faster than a full pass.",
            *(() if theirs else ("DuckDB: not installed.",)),
        ),
    )
    for what, taken in ours.items():
        other = theirs.get(what)
        beside = (
            [""] * 4
            if other is None
            else [*map(seconds, other), *(f"{a / b:.1f}" for a, b in zip(taken, other, strict=True))]
        )
        table.add(what, *map(seconds, taken), *beside, f"{ours['windows'][1] / taken[1]:.1f}")
    return table


def seconds(taken: float) -> str:
    return f"{taken:.3f}" if taken > 0.1 else f"{taken:.4f}"
