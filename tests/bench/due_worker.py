"""The bench of due steps: fills a database, measures one process, and is one of several workers.

python -m tests.bench.due_worker measure URL | work URL
"""

import json
import sys
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import func, insert
from sqlmodel import SQLModel, col, select

from bot.logs import configure
from bot.services.care.digest import morning
from bot.services.care.digest.mailboxes import Sending
from bot.services.recipients import FirmDefaults
from bot.services.schemes.store import SchemeCache
from db.book.customers import Customer, Ownership
from db.book.imports import table
from db.care.touches import Touch, TouchState
from db.engine import Database, open_database
from db.graded.runs import Assessment
from db.schema import upgrade
from tests import factories
from tests.bench.care_worker import RULES
from tests.bench.measurement import peak_mib

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)  # a Monday, after the hour at which people are reminded
TODAY = NOW.date()
PEOPLE = 200
STEPS = ("visit", "review", "survey", "follow_up", "other", "more")
DAYS = 60  # over which the touches are due
CHUNK = 20_000


def prepare(url: str, touches: int) -> None:
    """A graded book whose customers have six open touches each, due one after the other over 60 days."""
    database = open_database(url)
    upgrade(database)
    customers = -(-touches // len(STEPS))
    with database.write() as session:
        people = [factories.person(session, f"Person{n}") for n in range(PEOPLE)]
        factories.graded(session, {}, as_of=date(2026, 3, 1))
    for start in range(1, customers + 1, CHUNK):
        ids = range(start, min(start + CHUNK, customers + 1))
        _insert(
            database,
            Customer,
            [{"id": n, "code": f"K{n}", "name": f"Customer {n}", "created_at": NOW} for n in ids],
        )
        owned = [
            {"customer_id": n, "person_id": people[n % PEOPLE], "starts_on": date(2020, 1, 1)} for n in ids
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
    due_on = TODAY + timedelta(days=(customer // PEOPLE + place * DAYS // len(STEPS)) % DAYS)
    return {
        "dedupe_key": f"revisit:{customer}:{due_on}:{place}", "customer_id": customer, "plan": "bench",
        "step": STEPS[place], "occasion": "", "kind": "revisit", "tier": "A", "who": "owner", "due_on": due_on,
        "latest_on": due_on + timedelta(days=14), "remind_at": datetime(due_on.year, due_on.month, due_on.day, 9, tzinfo=UTC),
        "state": TouchState.PLANNED, "version": 1, "escalated": 0, "created_at": NOW,
    }  # fmt: skip


def sending(database: Database, now: datetime) -> Sending:
    with database.read() as session:
        book = SchemeCache().tier_names(session)
    return Sending(database=database, rules=RULES, book=book, time=RULES.times, firm=FirmDefaults(), now=now)


def due(database: Database) -> int:
    """How many touches are due."""
    with database.read() as session:
        found = select(func.count()).where(
            col(Touch.remind_at) <= NOW, col(Touch.state).in_(("planned", "reminded", "snoozed"))
        )
        return session.exec(found).one()


def measure(url: str) -> dict[str, float]:
    """Seconds of the digests of a morning, of passes without news, and the memory that they took."""
    configure("warning")
    database = open_database(url)
    found: dict[str, float] = {"before": peak_mib(), "due": due(database)}
    begin, busy = time.perf_counter(), time.process_time()
    found["digests"] = morning.send_due(sending(database, NOW))
    found |= {"wall": time.perf_counter() - begin, "busy": time.process_time() - busy, "peak": peak_mib()}
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(sys.argv[2])) + "\n")
