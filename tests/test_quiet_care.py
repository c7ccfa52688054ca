"""A pass of the jobs of care in which nothing is due costs the same few queries, however many steps are open."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, text
from sqlmodel import Session

from bot import jobs
from bot.app import Tierbot, build
from bot.clock import FixedClock
from bot.settings import Settings
from db.book.imports import table
from db.care.touches import Touch
from db.engine import Database
from tests import factories
from tests.conftest import all_on_postgresql
from tests.db.care.test_due_touches import executed, explained
from tests.services.book import MONDAY, at

DAY = timedelta(days=1)
STEPS = ("a", "b", "c")
LARGE = re.compile(
    r"(SCAN|Seq Scan on) (touch|customer|assessment|activity|ownership|customer_care|outbox)\b"
)
JOBS = (jobs.plan_care, jobs.remind, jobs.escalate, jobs.tell_weeks)


@pytest.fixture
def bot(database: Database, tmp_path: Path) -> Tierbot:
    settings = Settings(_env_file=None, TIERBOT_DATA_DIR=tmp_path, TIERBOT_TIMEZONE="UTC")
    return replace(build(settings, clock=FixedClock(at(MONDAY, 10))), database=database)


def fill(database: Database, customers: int, due_in: int = 20) -> None:
    """Customers with three open steps each, of which none is due for some days."""
    with database.write() as session:
        owner = factories.person(session, f"P{customers}")
        ids = [factories.customer(session, owner_id=owner) for _ in range(customers)]
        rows = [
            {
                "dedupe_key": f"{customer}:{step}", "customer_id": customer, "plan": "standard", "step": step, "occasion": "",
                "kind": "revisit", "tier": "A", "who": "owner", "due_on": MONDAY + (due_in + place % 60) * DAY,
                "latest_on": MONDAY + (40 + place % 60) * DAY, "remind_at": at(MONDAY + (due_in + place % 60) * DAY, 9),
                "state": "planned", "version": 1, "escalated": 0, "created_at": at(MONDAY, 9),
            }
            for place, customer in enumerate(ids)
            for step in STEPS
        ]  # fmt: skip
        session.connection().execute(insert(table(Touch)), rows)
    with database.writer.begin() as connection:
        connection.execute(text("ANALYZE"))


def statements(bot: Tierbot, work: Callable[[Tierbot], int]) -> list[str]:
    """How the database finds the rows of each query of a pass in which there is nothing to do."""
    with bot.database.read() as session:
        done: list[int] = []
        found = list(executed(session, lambda _: done.append(work(bot))))
        assert done == [0]
        return [explained(session, query, given) for query, given in found if query.startswith("SELECT")]


@all_on_postgresql
@pytest.mark.parametrize("work", JOBS, ids=[work.__name__ for work in JOBS])
def test_a_quiet_pass_reads_no_table_as_a_whole(bot: Tierbot, work: Callable[[Tierbot], int]) -> None:
    passes = []
    for customers in (10, 90):
        fill(bot.database, customers)
        work(bot)  # nobody is graded, so the steps stay as they are
        passes.append(statements(bot, work))
    assert len(passes[0]) == len(passes[1]) < 30
    assert [plan for plan in passes[1] if LARGE.search(plan)] == []


def test_a_quiet_pass_of_the_digest_reads_no_step_of_tomorrow(bot: Tierbot) -> None:
    """In a book with steps for every day those of tomorrow are as many as all that the digests of today have named."""
    reads = []
    for customers in (60, 600):  # one and ten steps of tomorrow for each owner
        fill(bot.database, customers, due_in=1)
        with bot.database.read() as session:
            asked = list(executed(session, lambda _: jobs.remind(bot)))
            reads.append([work_of(session, *one) for one in asked if "FROM touch" in one[0]])
    assert reads[0] == reads[1] != []


def work_of(session: Session, statement: str, parameters: Any) -> int:
    """Touches that PostgreSQL reads for a query; the instructions that SQLite executes for it."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        rows = connection.exec_driver_sql(
            f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters
        ).scalar_one()
        return sum(
            rows_of_touches(plan["Plan"]) for plan in (json.loads(rows) if isinstance(rows, str) else rows)
        )
    executed_so_far: list[None] = []
    driver: Any = connection.connection.dbapi_connection
    driver.set_progress_handler(lambda: executed_so_far.append(None), 1)
    connection.exec_driver_sql(statement, parameters).all()
    driver.set_progress_handler(None, 1)
    return len(executed_so_far)


def rows_of_touches(node: dict[str, Any]) -> int:
    """The rows of touches that a node of a query plan and those below it read."""
    own = 0
    if node.get("Relation Name") == "touch":
        own = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
    return int(own) + sum(rows_of_touches(one) for one in node.get("Plans", ()))
