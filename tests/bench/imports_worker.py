"""One variant of the import bench: python -m tests.bench.imports_worker prepare|bare|import URL FILE."""

import csv
import json
import sys
import time
from pathlib import Path
from typing import Any

from sqlalchemy import text

from bot.clock import SystemClock
from bot.services.imports import ImportOptions, import_file
from db import schema
from db.engine import Database, open_database
from tests import factories
from tests.bench.measurement import peak_mib

COLUMNS = ("customer_id", "source", "external_id", "ordered_on", "amount", "cost", "currency")


def prepare(database: Database, path: Path) -> None:
    """A migrated database with the customers of the file."""
    from tests.bench.bench_imports import CUSTOMERS

    schema.upgrade(database)
    rows = [
        {"code": f"K{n:07d}", "name": f"Customer {n}", "at": "2026-01-01 00:00:00+00"}
        for n in range(CUSTOMERS)
    ]
    with database.write() as session:
        session.execute(
            text(
                "INSERT INTO customer (code, name, record_type, archived, version, created_at)"
                " VALUES (:code, :name, 'account', false, 1, :at)"
            ),
            rows,
        )


def bare(database: Database, path: Path) -> None:
    """Import with csv.reader, a dictionary of customers and executemany."""
    with database.writer.connect() as connection, path.open(encoding="utf-8", newline="") as file:
        customers = connection.execute(text("SELECT code, id FROM customer"))
        ids: dict[str, int] = {row.code: row.id for row in customers}
        lines = csv.reader(file)
        next(lines)
        rows: Any = (
            (
                ids[customer],
                "bench",
                number,
                day,
                round(float(amount) * 10_000),
                round(float(cost) * 10_000),
                currency,
            )
            for number, customer, day, amount, cost, currency in lines
        )
        mark = "?" if database.is_sqlite else "%s"
        marks = ", ".join([mark] * len(COLUMNS))
        raw: Any = connection.connection.dbapi_connection
        raw.cursor().executemany(
            f"INSERT INTO customer_order ({', '.join(COLUMNS)}) VALUES ({marks})",  # noqa: S608
            rows,
        )
        connection.commit()


def tierbot(database: Database, path: Path) -> None:
    report = import_file(
        database,
        kind="orders",
        path=path,
        clock=SystemClock(),
        actor=factories.operator("bench"),
        options=ImportOptions(source="bench"),
        rejects_dir=path.parent / "rejects",
    )
    if report.rejected or report.created != report.rows:
        raise RuntimeError(f"{report.rejected} rejected, {report.created} of {report.rows} created")


def main() -> None:
    what, url, path = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    database = open_database(url)
    begin, cpu = time.perf_counter(), time.process_time()
    {"prepare": prepare, "bare": bare, "import": tierbot}[what](database, path)
    figures = {"seconds": time.perf_counter() - begin, "cpu": time.process_time() - cpu, "peak": peak_mib()}
    database.close()
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
