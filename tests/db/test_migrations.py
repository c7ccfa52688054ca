"""Released revisions never change, and an upgrade keeps every row of the first release."""

import json
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Date, DateTime, LargeBinary, MetaData, Table, inspect, select, text
from sqlmodel import Session, SQLModel

from db import schema
from db.book.trade import order_totals
from db.engine import Database, open_database
from db.outbox import channels
from tests.db import scratch_revision

FIRST = "0001"
ROWS = Path(__file__).with_name(
    "rows_0001.json"
)  # some rows of every table, as the first release stored them
FROZEN = {"0001_first_tables.py": "d636dc72e8a2dba4fc4817ba1c33ccb5dc312750cd621f2fe31a4bf383b66dfc"}
Rows = dict[str, list[dict[str, Any]]]


def test_released_revisions_are_frozen() -> None:
    for name, expected in FROZEN.items():
        found = sha256((schema.VERSIONS[0] / name).read_bytes()).hexdigest()
        assert found == expected, (
            f"{name} has been released: databases have run it as it was. Undo the change, write a new revision in"
            f" {schema.VERSIONS[0]} instead, set db.schema.HEAD to it, and add its hash here when it is released."
        )


def test_the_code_is_written_for_the_newest_revision() -> None:
    scripts = ScriptDirectory.from_config(schema.config())
    assert scripts.get_heads() == [schema.HEAD]
    assert {script.revision for script in scripts.walk_revisions()} == schema.revisions()


@pytest.fixture
def first(empty_url: str) -> Iterator[Database]:
    """A database that the first release made and filled."""
    database = open_database(empty_url)
    schema.upgrade(database, FIRST)
    tables, stored = reflected(database), json.loads(ROWS.read_text("utf-8"))
    assert set(stored) == set(tables.tables) - {"alembic_version"}
    with database.writer.begin() as connection:
        for table in tables.sorted_tables:
            if table.name in stored:
                rows = [
                    {name: python_value(table.c[name].type, value) for name, value in row.items()}
                    for row in stored[table.name]
                ]
                connection.execute(table.insert(), rows)
    yield database
    database.close()


def reflected(database: Database) -> MetaData:
    tables = MetaData()
    tables.reflect(database.reader)
    return tables


def python_value(kind: Any, value: Any) -> Any:
    """A value of the JSON file as the driver of a column takes it."""
    if isinstance(kind, DateTime) and value is not None:
        return datetime.fromisoformat(value).replace(tzinfo=UTC if kind.timezone else None)
    if isinstance(kind, Date) and value is not None:
        return date.fromisoformat(value)
    if isinstance(kind, LargeBinary):
        return b64decode(value)
    return bool(value) if kind.python_type is bool else value


def rows_of(database: Database) -> Rows:
    """Table -> its rows in the order of the key."""
    with database.reader.connect() as connection:
        return {
            table.name: [
                dict(row._mapping)
                for row in connection.execute(select(table).order_by(*table.primary_key.columns))
            ]
            for table in reflected(database).sorted_tables
            if table.name != "alembic_version"
        }


def require_same_rows(before: Rows, after: Rows) -> None:
    """Every table and row is still there, with its values in the columns that still exist."""
    for name, rows in before.items():
        columns = [column for column in rows[0] if column in after[name][0]]
        assert [[row[column] for column in columns] for row in after[name]] == [
            [row[column] for column in columns] for row in rows
        ], name


def test_an_upgrade_from_the_first_release_keeps_every_row(first: Database) -> None:
    before = rows_of(first)
    schema.upgrade(first)
    schema.check(first)
    require_same_rows(before, rows_of(first))
    with Session(first.reader) as session:
        for mapper in SQLModel._sa_registry.mappers:  # the code reads all of them
            assert isinstance(mapper.local_table, Table)
            assert len(session.scalars(select(mapper.class_)).all()) == len(
                before.get(mapper.local_table.name, [])
            )
        assert order_totals.discrepancies(session) == []


def test_a_later_revision_moves_data_and_keeps_every_row(
    first: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows_of(first)
    scratch_revision.add(tmp_path, monkeypatch)
    seen: list[str] = []
    schema.upgrade(first, before=seen.append)
    after = rows_of(first)
    assert (seen, schema.current(first)) == ([FIRST], scratch_revision.REVISION)
    require_same_rows(before, after)
    assert [row["short_name"] for row in after["customer"]] == [row["name"][:4] for row in before["customer"]]
    assert [row["error"] for row in after["outbox_error"]] == [row["error"] for row in before["outbox"]]
    foreign_keys_hold(first)


def foreign_keys_hold(database: Database) -> None:
    with pytest.raises(Exception, match=r"(?i)foreign key"), database.write() as session:
        session.execute(text("UPDATE fact SET customer_id = 999999"))


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (scratch_revision.FAILS, "no_such_column"),
        (scratch_revision.ORPHANS, "refer to missing rows|foreign key"),
    ],
)
def test_a_revision_that_fails_changes_nothing(
    first: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, error: str
) -> None:
    schema.upgrade(first)
    before, old = rows_of(first), schema.HEAD
    scratch_revision.add(tmp_path, monkeypatch, body)
    with pytest.raises(Exception, match=error):
        schema.upgrade(first)
    assert (schema.current(first), rows_of(first)) == (old, before)
    foreign_keys_hold(first)


def test_a_database_that_a_newer_version_has_upgraded_is_refused(
    first: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as newer:
        scratch_revision.add(tmp_path, newer)
        schema.upgrade(first)
    with pytest.raises(schema.NewerSchema) as caught:
        schema.upgrade(first)
    assert (caught.value.found, caught.value.wanted) == (scratch_revision.REVISION, schema.HEAD)
    with first.reader.connect() as connection:
        assert "short_name" in {column["name"] for column in inspect(connection).get_columns("customer")}


def test_names_of_channels_mean_the_channels_that_their_newest_messages_went_to(empty_url: str) -> None:
    database = open_database(empty_url)
    schema.upgrade(database, "0004")
    outbox = reflected(database).tables["outbox"]
    rows = [("#managers", "C0OLD", "sent"), ("#managers", "C0NEW", "sent"), ("#managers", None, "pending")]
    rows += [(" East", None, "pending"), ("C0WEST", "C0WEST", "sent")]
    with database.writer.begin() as connection:
        connection.execute(
            text("INSERT INTO team (name, channel) VALUES ('East', ' East'), ('West', 'C0WEST')")
        )
        connection.execute(
            outbox.insert(),
            [
                {
                    "dedupe_key": str(number),
                    "kind": "tier_change",
                    "address": f"channel:{channel}",
                    "channel": channel,
                    "body_json": "{}",
                    "body_hash": "",
                    "once_only": False,
                    "state": state,
                    "attempt": 0,
                    "next_at": datetime(2026, 3, 2, tzinfo=UTC),
                    "possible_repeat": False,
                    "slack_channel": slack_channel,
                    "created_at": datetime(2026, 3, 2, tzinfo=UTC),
                }
                for number, (channel, slack_channel, state) in enumerate(rows)
            ],
        )
    schema.upgrade(database)
    with Session(database.reader) as session:
        assert channels.ids(session) == {"#managers": "C0NEW"}
    after = rows_of(database)
    assert [row["channel"] for row in after["team"]] == ["#east", "C0WEST"]
    assert [row["address"] for row in after["outbox"]][-2:] == ["channel:#east", "channel:C0WEST"]
    database.close()


def test_what_an_earlier_version_reminded_of_counts_as_shown(empty_url: str) -> None:
    database = open_database(empty_url)
    schema.upgrade(database, "0011")
    tables, at = reflected(database).tables, datetime(2026, 3, 2, tzinfo=UTC)
    message = {
        "dedupe_key": "1",
        "kind": "reminder",
        "address": "person:1",
        "body_json": "{}",
        "body_hash": "",
    }
    message |= {"once_only": False, "state": "sent", "attempt": 1, "possible_repeat": False}
    touch = {"customer_id": 1, "kind": "revisit", "tier": "A", "due_on": date(2026, 3, 2), "version": 1}
    with database.writer.begin() as connection:
        customer = {"code": "K1", "name": "ACME", "record_type": "account", "archived": False, "version": 1}
        required = {one.name: "" for one in tables["customer"].c if not one.nullable}
        required |= {"id": 1, "created_at": at, "updated_at": at, **customer}
        known = {name: value for name, value in required.items() if name in tables["customer"].c}
        connection.execute(tables["customer"].insert(), known)
        connection.execute(tables["outbox"].insert(), {**message, "next_at": at, "created_at": at})
        for number, (state, outbox_id) in enumerate([("reminded", 1), ("planned", None), ("done", 1)]):
            row = {"dedupe_key": str(number), "step": str(number), "state": state, "outbox_id": outbox_id}
            connection.execute(tables["touch"].insert(), {**touch, **row, "remind_at": at, "created_at": at})
    schema.upgrade(database)
    assert rows_of(database)["touch_message"] == [{"outbox_id": 1, "touch_id": 1, "role": "digest"}]
    database.close()
