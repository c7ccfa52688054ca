"""A large graded book, created with the bare driver of SQLite or PostgreSQL, from a fixed seed."""

import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, text

from bot.demo.workspace.default_team import ANNA_SCHMIDT
from bot.services.name_keys import derive_keys
from bot.services.schemes import store
from db import schema
from db.book.people import Person
from db.engine import Database, open_database
from db.graded.runs import GradingRun
from grading.engine.scoring import grade
from tests.bench.bench_scoring import generate
from tests.grading.frames import pack_frame

AT = datetime(2026, 11, 1, 8, tzinfo=UTC)
RUNS = (date(2026, 9, 30), date(2026, 10, 31))
RESULTS = [
    "customer_id",
    "tier",
    "computed_tier",
    "capped_by",
    "exact_score",
    "score",
    "coverage",
    "low",
    "high",
    "certain",
]
_FIRST = [
    "Acorn",
    "Birch",
    "Cedar",
    "Delta",
    "Ember",
    "Falken",
    "Granit",
    "Harbor",
    "Iris",
    "Juniper",
    "Kestrel",
    "Linden",
    "Maple",
    "Nordic",
    "Orchid",
    "Pine",
]
_SECOND = [
    "Analytics",
    "Bearings",
    "Castings",
    "Devices",
    "Energy",
    "Foods",
    "Glass",
    "Hydraulics",
    "Instruments",
    "Logistics",
    "Motors",
    "Optics",
]
_PLACES = ["上海", "北京", "深圳", "广州", "杭州", "南京", "苏州", "成都", "武汉", "青岛", "天津", "宁波"]
_TRADES = ["精密机械", "电子科技", "新材料", "医疗器械", "国际物流", "食品", "化工", "汽车部件"]


def names(customers: int, seed: int) -> list[str]:
    """Six in ten in Latin letters, four in Chinese."""
    rng = random.Random(seed)
    return [
        f"{rng.choice(_FIRST)} {rng.choice(_SECOND)} {number:x} Ltd"
        if number % 5 < 3
        else f"{rng.choice(_PLACES)}{rng.choice(_TRADES)}{number}有限公司"
        for number in range(1, customers + 1)
    ]


def code(number: int) -> str:
    return f"K{number:07d}"


def create(url: str, *, customers: int, seed: int) -> list[str]:
    """A migrated database with named customers of Anna, graded twice with the B2B preset; their names by id from 1."""
    database = open_database(url)
    schema.upgrade(database)
    file = store.find("b2b_accounts", None)
    assert ANNA_SCHMIDT.email is not None
    with database.write() as session:
        session.add(
            Person(
                email=ANNA_SCHMIDT.email,
                name=ANNA_SCHMIDT.real_name,
                role="account_manager",
                slack_user_id=ANNA_SCHMIDT.id,
                timezone="UTC",
            )
        )
        version = store.put_in_force(session, file, actor="bench", effective_from=RUNS[0], now=AT)
        for day in RUNS:
            session.add(
                GradingRun(
                    purpose="account",
                    kind="snapshot",
                    as_of=day,
                    scheme_version_id=version,
                    status="published",
                    started_at=AT,
                    published_at=AT,
                    orders_through=day,
                    customers=customers,
                )
            )
            session.flush()
    named = names(customers, seed)
    with database.writer.begin() as connection:
        _fill(
            connection,
            "customer",
            ("id", "code", "name", "record_type", "archived", "version", "created_at"),
            ((n, code(n), name, "account", 0, 1, AT.isoformat(" ")[:19]) for n, name in enumerate(named, 1)),
        )
        owned = ("customer_id", "person_id", "role", "starts_on")
        _fill(
            connection,
            "ownership",
            owned,
            ((n, 1, "primary", "2020-01-01") for n in range(1, customers + 1)),
        )
        _fill(connection, "customer_name", ("customer_id", "kind", "name", "key"), _keys(named))
        _fill(connection, "name_token", ("token", "customer_id"), _tokens(named))
        for run, day in enumerate(RUNS, 1):
            _assess(connection, run, version, day, customers, seed + run)
    analyze(database)
    database.close()
    return named


def analyze(database: Database) -> None:
    with database.writer.begin() as connection:
        connection.execute(text("ANALYZE"))


def _keys(named: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    for number, name in enumerate(named, 1):
        rows, _ = derive_keys(code(number), name)
        yield from ((number, *row) for row in {row[::2]: row for row in rows}.values())


def _tokens(named: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    for number, name in enumerate(named, 1):
        yield from ((token, number) for token in derive_keys(code(number), name)[1])


def _assess(connection: Connection, run: int, version: int, day: date, customers: int, seed: int) -> None:
    scheme = store.find("b2b_accounts", None).scheme
    facts = generate(scheme, customers, 0.15, seed)
    facts.index += 1
    results = grade(facts, scheme, day).results.reset_index(names="customer_id")[RESULTS]
    rest = {"run_id": run, "scheme_version_id": version, "held": 0, "overridden": 0}
    rest |= {"since": 1, "rising_since": 0, "falling_since": 0}
    columns = (*results.columns, *rest, "tier_since", "inputs")
    known = results.astype(object).where(results.notna(), None)
    rows = (
        (*row, *rest.values(), RUNS[0].isoformat(), packed)
        for row, packed in zip(
            known.itertuples(index=False, name=None), pack_frame(facts, scheme), strict=True
        )
    )
    _fill(connection, "assessment", columns, rows)


def _fill(
    connection: Connection, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]
) -> None:
    cursor, names = connection.connection.cursor(), ", ".join(columns)
    if connection.dialect.name == "postgresql":
        with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    else:
        marks = ", ".join("?" * len(columns))
        statement = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608
        cursor.executemany(statement, rows)  # type: ignore[arg-type]  # of SQLite, which takes any iterable
