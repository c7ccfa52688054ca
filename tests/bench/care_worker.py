"""One measurement of care planning in a process of its own: python -m tests.bench.care_worker URL CUSTOMERS."""

import gc
import json
import sys
import time
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import event, insert
from sqlmodel import SQLModel

from bot.services.care.plan import CarePlan
from bot.services.care.plan_versions.care_plans import CarePlans
from bot.services.care.planning_pass import plan_changed
from bot.services.care.schedule import CareRules
from db.book.customers import Customer, Ownership
from db.book.facts import Activity
from db.book.imports import ImportBatch, table
from db.care.touches import Touch
from db.engine import Database, open_database
from db.graded.runs import Assessment
from db.schema import upgrade
from tests import factories
from tests.bench.measurement import peak_mib, waited

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
DAY = date(2026, 3, 1)
CHUNK = 20_000
PEOPLE = 200
CONTACTS = 1_000


def _step(step: str, **values: object) -> dict[str, object]:
    return {"id": step, "name": {"en": step, "zh": step}, **values}


STEPS = [
    _step("visit", kind="revisit", every_days=30, at_most_days=45, counts=["visit", "call"]),
    _step("review", kind="revisit", every_days=180, at_most_days=240, counts=["review"]),
    _step("survey", kind="revisit", every_days=365, at_most_days=400, counts=["survey"]),
    _step("follow_up", kind="follow_up", after=["visit"], after_days=7),
    _step("greeting", kind="greeting", days_before=3, occasions=["new_year"]),
    _step("anniversary", kind="anniversary", days_before=3),
]
RULES = CareRules(
    plans=CarePlans((CarePlan.model_validate({"plan": "bench", "version": 1, "tiers": {"A": STEPS}}),)),
    zone=ZoneInfo("UTC"),
    remind_at=time_of_day(9),
)


def prepare(url: str, customers: int) -> Database:
    """A graded book: every customer has an owner, a visit and the tier A."""
    database = open_database(url)
    upgrade(database)
    with database.write() as session:
        people = [factories.person(session, f"Person{number}") for number in range(PEOPLE)]
        factories.graded(session, {}, as_of=DAY)
    for start in range(1, customers + 1, CHUNK):
        ids = range(start, min(start + CHUNK, customers + 1))
        rows: dict[type[SQLModel], list[dict[str, Any]]] = {
            Customer: [
                {"id": n, "code": f"K{n}", "name": f"Customer {n}", "since": DAY - timedelta(days=n % 3000 + 1), "created_at": NOW}
                for n in ids
            ],
            Ownership: [
                {"customer_id": n, "person_id": people[n % PEOPLE], "starts_on": DAY - timedelta(days=900)} for n in ids
            ],
            Activity: [
                {"customer_id": n, "source": "bench", "external_id": str(n), "kind": "visit", "recorded_at": NOW,
                 "happened_on": DAY - timedelta(days=n % 20)}
                for n in ids
            ],
            Assessment: [
                {"run_id": 1, "customer_id": n, "scheme_version_id": 1, "tier": "A", "coverage": 1.0, "certain": True,
                 "tier_since": DAY, "inputs": b""}
                for n in ids
            ],
        }  # fmt: skip
        for model, values in rows.items():
            with database.writer.begin() as connection:
                connection.execute(insert(table(model)), values)
    with database.writer.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
        connection.commit()
    return database


def measure(url: str, customers: int) -> dict[str, float]:
    """Rows and seconds of planning a book, of a pass without news, after contacts, and of the bare rows."""
    database = prepare(url, customers)
    found: dict[str, float] = {"before": peak_mib()}
    longest = longest_transaction(database)
    begin, busy, idle, rows = time.perf_counter(), time.process_time(), waited(), 0
    while changed := plan_changed(database, RULES, NOW):
        rows += changed
        found.setdefault("first", peak_mib())
    found |= {"rows": rows, "plan": time.perf_counter() - begin, "peak": peak_mib()}
    found |= {"busy": time.process_time() - busy, "waited": waited() - idle, "longest": max(longest)}
    begin = time.perf_counter()
    for _ in range(20):
        assert plan_changed(database, RULES, NOW) == 0
    found["quiet"] = (time.perf_counter() - begin) / 20
    begin = time.perf_counter()
    for _ in range(20):
        with database.read() as session:
            session.connection().exec_driver_sql("SELECT 1")
    found["select"] = (time.perf_counter() - begin) / 20
    contacts(database, min(CONTACTS, customers))
    begin = time.perf_counter()
    found["moved"] = plan_changed(database, RULES, NOW)
    found["contacts"] = time.perf_counter() - begin
    found["bare"] = bare(database, min(rows, 100_000))
    database.close()
    return found


def longest_transaction(database: Database) -> list[float]:
    """The processor seconds of each transaction that is committed from now on."""
    begun, found = [0.0], list[float]()
    event.listen(database.writer, "begin", lambda _: begun.append(time.process_time()))
    event.listen(database.writer, "commit", lambda _: found.append(time.process_time() - begun.pop()))
    return found


def contacts(database: Database, many: int) -> None:
    """Contacts with every so many customers, of one import."""
    with database.write() as session:
        batch = ImportBatch(
            kind="activities",
            source="bench",
            file_name="f",
            file_sha256="x",
            actor="a",
            started_at=NOW,
            published_at=NOW,
        )
        session.add(batch)
        session.flush()
        rows = [
            {"customer_id": n, "source": "bench", "external_id": f"call {n}", "kind": "call", "recorded_at": NOW,
             "happened_on": DAY + timedelta(days=1), "batch_id": batch.id}
            for n in range(1, many + 1)
        ]  # fmt: skip
        session.connection().execute(insert(table(Activity)), rows)


def bare(database: Database, rows: int) -> float:
    """Rows a second of inserting the same touches again with the bare driver, as the least that planning can cost."""
    touch = table(Touch)
    columns = [column.name for column in touch.c if column.name not in ("id", "dedupe_key", "state")]
    names = ", ".join(columns)
    with database.reader.connect() as connection:
        known = connection.exec_driver_sql(f"SELECT {names} FROM touch LIMIT {rows}").fetchall()  # noqa: S608
    new = [(*row, f"bare {number}", "cancelled") for number, row in enumerate(known)]
    gc.collect()
    begin = time.perf_counter()
    mark = "?" if database.is_sqlite else "%s"
    marks = ", ".join([mark] * (len(columns) + 2))
    for start in range(0, len(new), 3_000):
        with database.writer.begin() as connection:
            connection.exec_driver_sql(
                f"INSERT INTO touch ({names}, dedupe_key, state) VALUES ({marks})",  # noqa: S608
                new[start : start + 3_000],
            )
    return len(new) / (time.perf_counter() - begin)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(sys.argv[1], int(sys.argv[2]))) + "\n")
