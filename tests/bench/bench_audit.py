"""What the audit costs: a decision with and without its row, in turn, and verifying a long chain.

The decision is the smallest one there is: a transaction that inserts one row and commits to the disk. Verifying is
compared with reading the same rows without computing anything, and its memory is measured in a process of its own.
"""

import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session

from bot.services.ops import audit_log
from db import audit
from db.audit import AuditAction, AuditActor, AuditEntry, Door, Event, ObjectKind
from db.book import imports
from db.engine import Database, open_database
from db.graded.reviews import ReviewAnswer
from db.schema import upgrade
from tests import factories, postgres
from tests.bench.bench_claims import DURABLE, BenchDatabase
from tests.bench.measurement import Table, in_process, milliseconds, peak_mib, percentile

AT = datetime(2026, 3, 2, tzinfo=UTC)
CHUNK = 10_000


def main(small: bool) -> list[Table]:
    rounds, rows = (5, 2_000) if small else (400, 100_000)
    decided = Table(
        title=f"A decision with its row in the audit, {rounds} of each in turn",
        columns=("database", "without ms", "with ms", "with / without", "processor, with / without"),
        notes=("Aim: at most 2 times the smallest decision, whose own work is one INSERT.",),
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
                decided.add(one.name, *decisions(url, rounds))
        with databases[0].fresh() as url:
            found = in_process("tests.bench.bench_audit", url, rows)
    verified = Table(
        title=f"Verifying {rows:,} rows on SQLite",
        columns=("rows a second", "verifying / reading", "peak MiB", "of these before the first row"),
        notes=("Aim: memory that does not grow with the rows.",),
    )
    verified.add(
        f"{rows / found['verify']:,.0f}",
        f"{found['verify'] / found['read']:.2f}",
        f"{found['peak']:.0f}",
        f"{found['before']:.0f}",
    )
    return [decided, verified]


def decisions(url: str, rounds: int) -> tuple[str, str, str, str]:
    """Medians of a decision without and with its row, and their ratio; and that of processor time."""
    database = open_database(url)
    upgrade(database)
    with database.write() as session:
        customer = factories.customer(session)
    taken: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
    for number in range(2 * rounds + 2):
        begin, busy = time.perf_counter(), time.process_time()
        with database.write() as session:
            decide(session, customer, recorded=bool(number % 2))
        if number > 1:  # the first of each compiles its statements
            taken[bool(number % 2)].append((time.perf_counter() - begin, time.process_time() - busy))
    database.close()
    (without, busy_without), (with_row, busy_with) = (
        (
            percentile([one[0] for one in taken[recorded]], 50),
            percentile([one[1] for one in taken[recorded]], 50),
        )
        for recorded in (False, True)
    )
    ratios = f"{with_row / without:.2f}", f"{busy_with / busy_without:.2f}"
    return milliseconds(without), milliseconds(with_row), *ratios


def decide(session: Session, customer: int, *, recorded: bool) -> None:
    session.add(
        ReviewAnswer(
            customer_id=customer,
            reason="unrated",
            item="",
            note="seen",
            answered_by="bench",
            answered_at=AT,
            hidden_until=AT.date(),
        )
    )
    if recorded:
        audit.record(session, **vars(event(customer)))


def event(number: int) -> Event:
    return Event(
        actor=AuditActor(person_id=1 + number % 50),
        action=AuditAction.REVIEW_ANSWERED,
        object_kind=ObjectKind.CUSTOMER,
        object_id=number,
        door=Door.SLACK,
        after={"reason": "unrated", "items": [""], "hidden_until": date(2026, 6, 1)},
    )


def verify(url: str, rows: int) -> dict[str, Any]:
    """Seconds of reading and of verifying so many rows, and the peak memory."""
    database = open_database(url)
    upgrade(database)
    fill(database, rows)
    before, begin = peak_mib(), time.perf_counter()
    with database.reader.connect() as connection:
        statement = imports.table(AuditEntry).select().execution_options(yield_per=1_000)
        assert sum(1 for _ in connection.execute(statement)) == rows
    read, begin = time.perf_counter() - begin, time.perf_counter()
    assert audit_log.verify(database).rows == rows
    done = time.perf_counter() - begin
    database.close()
    return {"read": read, "verify": done, "peak": peak_mib(), "before": before}


def fill(database: Database, rows: int) -> None:
    for start in range(0, rows, CHUNK):
        with database.writer.begin() as connection:
            audit.append(connection, [event(number) for number in range(start, min(rows, start + CHUNK))])


if __name__ == "__main__":
    import json

    sys.stdout.write(json.dumps(verify(sys.argv[1], int(sys.argv[2]))) + "\n")
