"""The audit: each attack is found, ordinary rows are right, and people read what was done."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import delete, insert, select, update

from bot.cli.output.audited import cells
from bot.errors import BadInput, NotAllowed
from bot.services.ops import audit_log
from bot.services.ops.audit_log import AuditQuery
from bot.wording import messages
from bot.wording.notices import AuditAnchor
from db import audit, processes
from db.audit import AuditAction, AuditActor, AuditEntry, ChainEnd, Door, ObjectKind
from db.book import imports
from db.engine import Database
from db.outbox.messages import OutboxMessage
from tests import factories
from tests.conftest import all_on_postgresql, on_sqlite

TABLE = imports.table(AuditEntry)
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
ROWS = 30
ATTACKS = 100
Row = dict[str, Any]


def write(database: Database, count: int = ROWS) -> None:
    """So many rows, of several people about several customers."""
    with database.write() as session:
        for number in range(count):
            audit.record(
                session,
                actor=AuditActor(person_id=1 + number % 3, operator="operator:root" if number % 2 else None),
                action=AuditAction.OVERRIDE_SET if number % 4 else AuditAction.OVERRIDE_ENDED,
                object_kind=ObjectKind.CUSTOMER,
                object_id=1 + number % 5,
                door=Door.SLACK,
                before={"tier": "B"} if number % 4 else None,
                after={"tier": "A", "until": date(2026, 6, 30)},
            )


@pytest.fixture
def rows(database: Database) -> list[Row]:
    write(database)
    with database.reader.connect() as connection:
        return [dict(row._mapping) for row in connection.execute(select(TABLE).order_by(TABLE.c.id))]


def put(database: Database, rows: list[Row]) -> None:
    """Make these the whole audit, as somebody with the right to change the database would."""
    with database.writer.begin() as connection:
        connection.execute(delete(TABLE))
        if rows:
            connection.execute(insert(TABLE), rows)


def chain(rows: list[Row]) -> list[Row]:
    """The rows with numbers and hashes that fit, as somebody who knows how they are made would write them."""
    previous, made = audit.START, []
    for number, row in enumerate(rows, 1):
        numbered = {**row, "id": number}
        previous = audit.hash_of(numbered, previous)
        made.append({**numbered, "hash": previous})
    return made


def numbered(rows: list[Row]) -> list[Row]:
    return [{**row, "id": number} for number, row in enumerate(rows, 1)]


def edit(rows: list[Row], rng: random.Random) -> tuple[list[Row], int]:
    place = rng.randrange(len(rows))
    column = rng.choice([name for name in rows[0] if name != "id"])
    old = rows[place][column]
    new = old + timedelta(seconds=1) if isinstance(old, datetime) else f"{old}x"
    return [*rows[:place], {**rows[place], column: new}, *rows[place + 1 :]], place + 1


def edit_and_hash(rows: list[Row], rng: random.Random) -> tuple[list[Row], int]:
    """The edited row gets the hash that fits: the next one shows it, and of the last one the anchor."""
    place = rng.randrange(len(rows))
    previous = rows[place - 1]["hash"] if place else audit.START
    forged = {**rows[place], "actor": "person:99"}
    forged["hash"] = audit.hash_of(forged, previous)
    last = place == len(rows) - 1
    return [*rows[:place], forged, *rows[place + 1 :]], 1 if last else place + 2


def remove(rows: list[Row], rng: random.Random) -> tuple[list[Row], int]:
    place = rng.randrange(len(rows) - 1)
    return [*rows[:place], *rows[place + 1 :]], place + 1


def remove_and_number(rows: list[Row], rng: random.Random) -> tuple[list[Row], int]:
    place = rng.randrange(len(rows) - 1)
    return numbered([*rows[:place], *rows[place + 1 :]]), place + 1


def insert_row(rows: list[Row], rng: random.Random) -> tuple[list[Row], int]:
    place = rng.randrange(len(rows) + 1)
    forged = {**rng.choice(rows), "action": "erased"}
    return numbered([*rows[:place], forged, *rows[place:]]), place + 1


def reorder(rows: list[Row], rng: random.Random) -> tuple[list[Row], int]:
    first, second = sorted(rng.sample(range(len(rows)), 2))
    swapped = [*rows]
    swapped[first], swapped[second] = rows[second], rows[first]
    return numbered(swapped), first + 1


def cut_off(rows: list[Row], rng: random.Random) -> tuple[list[Row], int]:
    left = rng.randrange(len(rows))
    return rows[:left], left + 1


def replace_all(rows: list[Row], rng: random.Random) -> tuple[list[Row], int]:
    """A row is removed and all others are chained anew: only the anchor shows it, and not where."""
    place = rng.randrange(len(rows) - 1)
    forged = {**rows[place], "object_id": "99"}
    return chain([*rows[:place], forged, *rows[place + 1 :]]), 1


KINDS: list[Callable[[list[Row], random.Random], tuple[list[Row], int]]] = [
    edit,
    edit_and_hash,
    remove,
    remove_and_number,
    insert_row,
    reorder,
    cut_off,
    replace_all,
]


def test_each_attack_is_found_and_the_first_row_is_named(database: Database, rows: list[Row]) -> None:
    anchor = ChainEnd(ROWS, rows[-1]["hash"])
    assert audit_log.verify(database, [anchor]).problem is None
    missed = []
    for seed in range(ATTACKS if database.is_sqlite else len(KINDS)):
        rng = random.Random(seed)
        attack = KINDS[seed % len(KINDS)]
        forged, first = attack(rows, rng)
        put(database, forged)
        found = audit_log.verify(database, [anchor])
        if found.row != first:
            missed.append((seed, attack.__name__, first, found))
    assert missed == []
    put(database, rows)
    assert audit_log.verify(database, [anchor]).problem is None


EDITS = [  # what SQLite takes, in whatever column
    ("at", "'yesterday'"),
    ("at", "5"),
    ("at", "at || '+08:00'"),  # shown, it would be another time
    ("at", "replace(at, ' ', 'T')"),
    ("after", "x'ff00'"),
    ("after", "CAST(after AS BLOB)"),
    ("after", "'{'"),
    ("after", "'[1]'"),
    ("before", "''"),
    ("operator", "CAST(x'ff41' AS TEXT)"),  # no UTF-8
    ("actor", "'person:²'"),
    ("actor", "x'41'"),
    ("object_id", "'²'"),
    ("object_id", "'99999999999999999999'"),
    ("hash", "17"),
    ("hash", "upper(hash)"),
]


@on_sqlite
@pytest.mark.parametrize(("column", "value"), EDITS)
def test_whatever_stands_in_a_row_that_was_edited_is_found_shown_and_exported(
    database: Database, rows: list[Row], tmp_path: Path, column: str, value: str
) -> None:
    with database.writer.begin() as connection:
        connection.exec_driver_sql(f"UPDATE audit_entry SET {column} = {value} WHERE id = 9")  # noqa: S608 - ours
    assert audit_log.verify(database).row == 9
    shown = audit_log.show(database, factories.operator(), AuditQuery())
    assert [one.number for one in shown] == [*range(ROWS, 0, -1)]
    edited = shown[ROWS - 9]
    assert "".join(cells(edited)).isprintable()
    assert cells(audit_log.masked(replace(edited, action="credit_approved")))
    path = tmp_path / "audit.jsonl"
    assert audit_log.export(database, factories.operator(), path) == ROWS + 1
    assert [json.loads(line)["id"] for line in path.read_text(encoding="utf-8").splitlines()][8] == 9


@on_sqlite
@pytest.mark.parametrize("stored", ["x", "", "2026-03-02", "2026-03-02 30:" + "z" * 64])
def test_a_stored_anchor_that_was_edited_is_named_and_the_next_day_has_a_new_one(
    database: Database, rows: list[Row], stored: str
) -> None:
    with database.write() as session:
        processes.set_cursor(session, audit_log.CURSOR, stored)
    found = audit_log.verify(database)
    assert found.problem is not None
    assert (found.row, "stored in the database was edited" in found.problem.msgid) == (1, True)
    assert audit_log.verify(database, [ChainEnd(7, rows[6]["hash"])]).row == 8
    assert audit_log.anchor(database, date(2026, 3, 3), NOW, "", "en") == 0
    assert audit_log.verify(database).problem is None


def test_the_daily_anchor_is_logged_once_and_shows_what_is_cut_off_since(
    database: Database, rows: list[Row]
) -> None:
    with structlog.testing.capture_logs() as logs:
        for _ in range(2):
            assert audit_log.anchor(database, NOW.date(), NOW, "", "en") == 0
    (logged,) = (one["anchor"] for one in logs if one["event"] == "audit.anchor")
    assert audit_log.parse_anchor(logged) == (ROWS, rows[-1]["hash"])
    put(database, rows[:-1])
    assert audit_log.verify(database).row == ROWS
    write(database, 1)  # the next one takes the number of the row that was removed
    assert audit_log.verify(database).row == 1


def test_the_anchor_goes_to_the_channel_that_the_settings_name_once_a_day(database: Database) -> None:
    write(database, 1)
    days = (NOW, NOW + timedelta(hours=1), NOW + timedelta(days=1))
    assert [audit_log.anchor(database, now.date(), now, "#audit", "en") for now in days] == [1, 0, 1]
    with database.read() as session:
        first = session.get_one(OutboxMessage, 1)
        assert first.channel == "#audit"
        assert messages.load(json.loads(first.body_json)) == AuditAnchor(
            anchor=audit_log.anchor_text(audit.head(session))
        )


def test_an_audit_without_rows_is_right_and_has_no_anchor_yet(database: Database) -> None:
    assert audit_log.anchor(database, NOW.date(), NOW, "#audit", "en") == 0
    found = audit_log.verify(database)
    assert (found.rows, found.problem) == (0, None)


@pytest.mark.parametrize(
    "text",
    ["", "9", "x:" + "0" * 64, "9:abc", "²:" + "0" * 64, "9:" + "g" * 64, "9" * 5_000 + ":" + "0" * 64],
)
def test_an_anchor_that_cannot_be_read_is_refused_with_how_to_write_it(text: str) -> None:
    with pytest.raises(BadInput, match="the count of rows, a colon and the hash"):
        audit_log.parse_anchor(text)


@pytest.fixture
def acted(database: Database) -> Database:
    """Anna and Ben decided about ACME and Birch; Ben was changed by an import."""
    with database.write() as session:
        for name in ("Anna", "Ben"):
            factories.person(session, name)
        for name in ("ACME", "Birch"):
            factories.customer(session, name, code=name)
    acts = [(1, ObjectKind.CUSTOMER, 1), (2, ObjectKind.CUSTOMER, 2), (1, ObjectKind.PERSON, 2)]
    for person, kind, number in acts:
        with database.write() as session:
            audit.record(
                session,
                actor=AuditActor(person_id=person, name=""),
                action=AuditAction.PERSON_CHANGED if kind == ObjectKind.PERSON else AuditAction.OVERRIDE_SET,
                object_kind=kind,
                object_id=number,
                door=Door.SLACK,
            )
    return database


@all_on_postgresql
@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        (AuditQuery(), [3, 2, 1]),
        (AuditQuery(most=1), [3]),
        (AuditQuery(customer_id=1), [1]),
        (AuditQuery(email="ben@example.com"), [3, 2]),
        (AuditQuery(email="anna@example.com"), [3, 1]),
        (AuditQuery(email="ben@example.com", actions=(AuditAction.OVERRIDE_SET,)), [2]),
        (AuditQuery(actions=(AuditAction.ERASED,)), []),
        (AuditQuery(since=datetime(9999, 1, 1, tzinfo=UTC)), []),
    ],
)
def test_rows_are_shown_by_customer_person_day_and_action(
    acted: Database, query: AuditQuery, numbers: list[int]
) -> None:
    found = audit_log.show(acted, factories.operator(), query)
    assert [one.number for one in found] == numbers
    names = {1: ("Anna", "ACME"), 2: ("Ben", "Birch"), 3: ("Anna", "Ben")}
    assert [(one.name, one.object_name) for one in found] == [names[number] for number in numbers]


@pytest.mark.parametrize("role", ["viewer", "account_manager", "team_lead", "sales_ops", "finance"])
def test_only_admins_read_and_export(acted: Database, role: str, tmp_path: Path) -> None:
    actor = factories.operator(role=role)
    with pytest.raises(NotAllowed, match="Only admins read the audit"):
        audit_log.show(acted, actor, AuditQuery())
    with pytest.raises(NotAllowed):
        audit_log.export(acted, actor, tmp_path / "audit.jsonl")
    assert list(tmp_path.iterdir()) == []


def test_the_exported_file_holds_every_row_with_a_hash_that_can_be_computed_again(
    acted: Database, tmp_path: Path
) -> None:
    path = tmp_path / "audit.jsonl"
    assert audit_log.export(acted, factories.operator(), path) == 4
    previous = audit.START
    entries = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for entry in entries:
        previous = audit.hash_of({**entry, "at": datetime.fromisoformat(entry["at"])}, previous)
        assert entry["hash"] == previous
    assert [entry["action"] for entry in entries] == [*["override_set"] * 2, "person_changed", "exported"]


def test_a_number_that_is_left_out_shows_also_where_the_hash_fits(
    database: Database, rows: list[Row]
) -> None:
    last = {**rows[-1], "id": ROWS + 1}
    put(database, [*rows[:-1], {**last, "hash": audit.hash_of(last, rows[-2]["hash"])}])
    assert audit_log.verify(database).row == ROWS


def test_a_row_that_is_updated_in_place_shows_too(database: Database, rows: list[Row]) -> None:
    with database.writer.begin() as connection:
        connection.execute(update(TABLE).where(TABLE.c.id == 4).values(after='{"tier":"S"}'))
    assert audit_log.verify(database).row == 4
