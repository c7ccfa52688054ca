"""A pass of the jobs of care in which nothing is due costs the same few queries, however many steps are open."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, text

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
JOBS = (jobs.plan_care, jobs.remind, jobs.escalate)


@pytest.fixture
def bot(database: Database, tmp_path: Path) -> Tierbot:
    settings = Settings(_env_file=None, TIERBOT_DATA_DIR=tmp_path, TIERBOT_TIMEZONE="UTC")
    return replace(build(settings, clock=FixedClock(at(MONDAY, 10))), database=database)


def fill(database: Database, customers: int) -> None:
    """Customers with three open steps each, of which none is due."""
    with database.write() as session:
        owner = factories.person(session, f"P{customers}")
        ids = [factories.customer(session, owner_id=owner) for _ in range(customers)]
        rows = [
            {
                "dedupe_key": f"{customer}:{step}", "customer_id": customer, "plan": "standard", "step": step, "occasion": "",
                "kind": "revisit", "tier": "A", "who": "owner", "due_on": MONDAY + (20 + place % 60) * DAY,
                "latest_on": MONDAY + (40 + place % 60) * DAY, "remind_at": at(MONDAY + (20 + place % 60) * DAY, 9),
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
