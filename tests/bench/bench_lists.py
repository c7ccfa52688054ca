"""Lists out of a book of 1,000,000 customers: a page and the count, for a person, a team, and the whole book.

Filled by SQL without running the product; `BENCH_LISTED=100000` measures another number of customers.
"""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import text
from sqlmodel import Session

from db import schema
from db.engine import Database, open_database
from db.graded import runs
from db.listed import rows
from db.listed.conditions import MoveLimit, Near, Silent, WantedCustomers
from db.listed.rows import ListOrder, PresentRuns
from tests import factories, postgres
from tests.bench.bench_claims import DURABLE, BenchDatabase
from tests.bench.measurement import Table, milliseconds, percentile

CUSTOMERS = int(os.environ.get("BENCH_LISTED", "1000000"))
OF_A_PERSON, IN_A_TEAM = 2_000, 10
ROUNDS = 5
TODAY = date(2026, 5, 4)
LIMITS = (
    MoveLimit(version_id=1, tier="B", standing="B", rises_at=72.0, falls_below=42.0, least_coverage=0.5),
    MoveLimit(version_id=1, tier="C", standing="C", rises_at=47.0, falls_below=None, least_coverage=0.5),
)
NOT_VISITED = (Silent(kinds=("visit",), since=TODAY - timedelta(days=30)),)
LISTS: dict[str, tuple[dict[str, object], ListOrder]] = {
    "all": ({}, ListOrder.TIER),
    "tier A": ({"tiers": ("A",)}, ListOrder.TIER),
    "tier A, no visit for 30 days": ({"tiers": ("A",), "silent": NOT_VISITED}, ListOrder.TIER),
    "near the tier above": ({"near": Near(up=True, down=False, points=5.0)}, ListOrder.TIER),
    "silent, by value at risk": ({"risks": ("silent",)}, ListOrder.VALUE_AT_RISK),
    "by revenue": ({}, ListOrder.REVENUE),
}


def main(small: bool) -> list[Table]:
    customers = 4_000 if small else CUSTOMERS
    tables = []
    with tempfile.TemporaryDirectory(prefix="tierbot-bench-") as name, ExitStack() as stack:
        databases = [BenchDatabase(folder=Path(name))]
        try:
            server = stack.enter_context(postgres.server(DURABLE))
            databases.append(BenchDatabase(folder=Path(name), server=server))
        except postgres.NoServer as reason:
            sys.stdout.write(f"No PostgreSQL: {reason}\n")
        for one in databases:
            with one.fresh() as url:
                database = open_database(url)
                schema.upgrade(database)
                people = fill(database, customers)
                tables.append(measure(one.name, database, people, customers))
                database.close()
    return tables


def fill(database: Database, customers: int) -> list[int]:
    """Customers with owners, tiers, visits and figures, spread evenly; the people who look after them."""
    with database.write() as session:
        people = [
            factories.person(session, f"P{number}") for number in range(max(customers // OF_A_PERSON, 2))
        ]
        factories.graded(session, {}, as_of=date(2026, 4, 30))
        for statement in _statements(session, customers, people):
            session.execute(text(statement))
    with database.write() as session:
        session.execute(text("ANALYZE"))
    return people


def _statements(session: Session, customers: int, people: list[int]) -> Iterator[str]:
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    numbers = f"generate_series(1, {customers}) AS g(i)"
    no, yes, empty, day = "false", "true", "'\\x00'::bytea", "DATE '2026-05-04' - (i * 37) % 200"
    silent = "DATE '2026-04-01'"
    if is_sqlite:
        numbers = f"(WITH RECURSIVE g(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM g WHERE i < {customers}) SELECT i FROM g)"  # noqa: S608
        no, yes, empty, day = (
            "0",
            "1",
            "zeroblob(300)",
            "date('2026-05-04', '-' || ((i * 37) % 200) || ' days')",
        )
        silent = "'2026-04-01'"
    tier = "CASE WHEN i % 10 = 0 THEN 'A' WHEN i % 10 < 4 THEN 'B' ELSE 'C' END"
    values = {
        "customer (id, code, name, record_type, region, archived, version, created_at)": (
            f"i, 'K' || i, 'Firm ' || i, 'account', 'R' || (i % 20), {no}, 1, '2026-01-01 00:00:00'"
        ),
        "ownership (customer_id, person_id, role, starts_on)": (
            f"i, {people[0]} + (i % {len(people)}), 'primary', '2020-01-01'"
        ),
        "assessment (run_id, customer_id, scheme_version_id, tier, held, score, coverage, certain, tier_since,"
        " overridden, standing, since, rising_since, falling_since, inputs)": (
            f"1, i, 1, {tier}, {no}, ((i * 7919) % 1000) / 10.0, 1.0, {yes}, '2026-04-30', {no}, {tier}, 0, 0, 0, {empty}"
        ),
        "activity (customer_id, source, external_id, kind, happened_on, recorded_at)": (
            f"i, 'bench', 'v' || i, CASE WHEN i % 3 = 0 THEN 'call' ELSE 'visit' END, {day}, '2026-01-01 00:00:00'"
        ),
        "customer_figures (customer_id, as_of, order_days, order_days_24m, watch_from, revenue, basis, worth, fall, stale)": (
            f"i, '2026-04-30', 0, 0, CASE WHEN i % 9 = 0 THEN {silent} END, ((i * 31) % 100000) * 10000, 'revenue',"
            f" ((i * 17) % 50000) * 10000, 0, {no}"
        ),
    }
    for into, what in values.items():
        statement = f"INSERT INTO {into} SELECT {what} FROM {numbers}"  # noqa: S608 - our own words
        yield statement if is_sqlite else statement.replace("'2026-01-01 00:00:00'", "TIMESTAMP '2026-01-01'")


def measure(name: str, database: Database, people: list[int], customers: int) -> Table:
    table = Table(
        title=f"Lists on {name}, {customers:,} customers",
        columns=("whose", "list", "customers", "ms: median", "ms: slowest", "of it the count"),
        notes=(f"The count ends at {rows.MOST_COUNTED:,}; a page has 10 customers. {ROUNDS} rounds, warm.",),
    )
    whole = WantedCustomers(owners=None, ranks={"A": 0, "B": 1, "C": 2}, today=TODAY, limits=LIMITS)
    for whose, owners in (
        ("a person", frozenset(people[:1])),
        ("a team", frozenset(people[:IN_A_TEAM])),
        ("all", None),
    ):
        for what, (changes, order) in LISTS.items():
            wanted = replace(whole, owners=owners, **changes)  # type: ignore[arg-type]
            found = [_timed(database, wanted, order) for _ in range(ROUNDS)]
            whole_times = [one[0] for one in found]
            table.add(
                whose,
                what,
                f"{found[0][2]:,}",
                milliseconds(percentile(whole_times, 50)),
                milliseconds(max(whole_times)),
                milliseconds(percentile([one[1] for one in found], 50)),
            )
    return table


def _timed(database: Database, wanted: WantedCustomers, order: ListOrder) -> tuple[float, float, int]:
    """Seconds of the count and a page, those of the count, and what it counted."""
    with database.read() as session:
        begun = time.perf_counter()
        latest = PresentRuns(runs.runs_behind(session, "account"), runs.runs_behind(session, "prospect"))
        count = rows.count(session, latest, wanted)
        counted = time.perf_counter()
        rows.page(session, latest, wanted, order, reverse=False, contacts=("visit",), start=0, most=10)
        return time.perf_counter() - begun, counted - begun, count
