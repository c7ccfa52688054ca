"""The bench of due steps: fills a database, measures one process, and is one of several workers.

python -m tests.bench.due_worker measure URL | work URL DAYS
"""

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import insert
from sqlmodel import SQLModel

from bot.logs import configure
from bot.services.care import escalation
from bot.services.care.digest import morning
from bot.services.care.digest.mailboxes import Sending
from bot.services.care.planning_pass import PLAN, plan_changed
from bot.services.recipients import FirmDefaults
from bot.services.schemes.store import SchemeCache
from db import processes
from db.book.customers import Customer, Ownership
from db.book.imports import table
from db.care import due_touches
from db.care.touches import Touch, TouchState
from db.engine import Database, open_database
from db.graded.runs import Assessment
from db.schema import upgrade
from tests import factories
from tests.bench.care_worker import RULES
from tests.bench.claims_worker import report, wait_for_start
from tests.bench.measurement import peak_mib

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)  # a Monday, after the hour at which people are reminded
TODAY = NOW.date()
PEOPLE = 2_000  # each with some 80 customers when 1,000,000 touches are open
STEPS = ("visit", "review", "survey", "follow_up", "other", "more")
DAYS = 60  # over which the touches are due
CHUNK = 20_000


def prepare(url: str, touches: int) -> None:
    """A graded book whose customers have six open touches each, due one after the other over 60 days."""
    database = open_database(url)
    upgrade(database)
    customers = -(-touches // len(STEPS))
    with database.write() as session:
        people = [factories.person(session, f"Person{n}") for n in range(min(PEOPLE, customers))]
        factories.graded(session, {}, as_of=date(2026, 3, 1))
        processes.set_cursor(session, PLAN, RULES.fingerprint)  # the whole book is planned already
    for start in range(1, customers + 1, CHUNK):
        ids = range(start, min(start + CHUNK, customers + 1))
        _insert(
            database,
            Customer,
            [{"id": n, "code": f"K{n}", "name": f"Customer {n}", "created_at": NOW} for n in ids],
        )
        owned = [
            {"customer_id": n, "person_id": people[n % len(people)], "starts_on": date(2020, 1, 1)}
            for n in ids
        ]
        _insert(database, Ownership, owned)
        graded = {"run_id": 1, "scheme_version_id": 1, "tier": "A", "score": 71.0, "coverage": 1.0, "certain": True,
                  "tier_since": TODAY, "inputs": b""}  # fmt: skip
        _insert(database, Assessment, [graded | {"customer_id": n} for n in ids])
        _insert(database, Touch, [_touch(n, place) for n in ids for place in range(len(STEPS))])
    with database.writer.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
        connection.commit()
    database.close()


def _insert(database: Database, model: type[SQLModel], rows: list[dict[str, Any]]) -> None:
    with database.writer.begin() as connection:
        connection.execute(insert(table(model)), rows)


def _touch(customer: int, place: int) -> dict[str, Any]:
    due_on = TODAY + timedelta(days=(customer + customer // PEOPLE + place * DAYS // len(STEPS)) % DAYS)
    return {
        "dedupe_key": f"revisit:{customer}:{due_on}:{place}", "customer_id": customer, "plan": "bench",
        "step": STEPS[place], "occasion": "", "kind": "revisit", "tier": "A", "who": "owner", "due_on": due_on,
        "latest_on": due_on + timedelta(days=14), "remind_at": datetime(due_on.year, due_on.month, due_on.day, 9, tzinfo=UTC),
        "state": TouchState.PLANNED, "version": 1, "escalated": 0, "created_at": NOW,
    }  # fmt: skip


def sending(database: Database, now: datetime = NOW) -> Sending:
    with database.read() as session:
        book = SchemeCache().tier_names(session)
    return Sending(database=database, rules=RULES, book=book, time=RULES.times, firm=FirmDefaults(), now=now)


def work(url: str, day: int, ready: Callable[[], None] = lambda: None) -> int:
    """Write the digests of the morning some days after the first; how many this process wrote."""
    database = open_database(url)
    morning.send_due(sending(database, NOW - timedelta(days=1)))  # a Sunday: connects, and writes to nobody
    ready()
    written = morning.send_due(sending(database, NOW + timedelta(days=day)))
    database.close()
    return written


def due(url: str, day: int) -> int:
    """How many steps are due on the morning some days after the first."""
    database = open_database(url)
    with database.read() as session:
        found = due_touches.count(session, NOW + timedelta(days=day))
    database.close()
    return found


def measure(url: str) -> dict[str, float]:
    """The digests of a morning by one process, the passes after it in which nothing is due, and memory."""
    found: dict[str, float] = {"due": due(url, 0), "before": peak_mib()}
    database = open_database(url)
    begin, busy = time.perf_counter(), time.process_time()
    found["digests"] = morning.send_due(sending(database))
    found |= {"wall": time.perf_counter() - begin, "busy": time.process_time() - busy, "peak": peak_mib()}
    found["quiet"] = _seconds(partial(_tick, database))
    found["select"] = _seconds(partial(_select, database))
    database.close()
    return found


def _tick(database: Database) -> None:
    """A pass of the jobs of care in which there is nothing to do."""
    assert plan_changed(database, RULES, NOW) == 0
    assert morning.send_due(sending(database)) == 0
    assert escalation.escalate_late(sending(database), "C0BENCH") == 0


def _select(database: Database) -> None:
    with database.read() as session:
        session.connection().exec_driver_sql("SELECT 1")


def _seconds(passes: Callable[[], None]) -> float:
    """Seconds of a pass, the mean of ten."""
    begin = time.perf_counter()
    for _ in range(10):
        passes()
    return (time.perf_counter() - begin) / 10


if __name__ == "__main__":
    configure("warning")
    if sys.argv[1] == "measure":
        sys.stdout.write(json.dumps(measure(sys.argv[2])) + "\n")
    else:
        report(work(sys.argv[2], int(sys.argv[3]), ready=wait_for_start))
