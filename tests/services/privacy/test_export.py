"""An export holds every row that the tables have about a customer or a person."""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Table, or_, select

from bot.services.privacy import export, subjects
from bot.services.privacy.erasure import Find
from bot.services.schemes.store import SchemeCache
from db import tables
from db.book.customers import Customer
from db.book.imports import ImportChange, table
from db.book.people import Person
from db.traces import FREE_JSON
from tests import factories
from tests.conftest import all_on_postgresql
from tests.services.grade.real_book import real_book
from tests.services.privacy import world as book
from tests.services.privacy.world import NAMES, NOW, WORDING, World, code, email

__all__ = ["real_book"]
# Rows of others that only point to a customer.
POINTERS = {("customer", "parent_id"), ("customer", "joined_into")}


def exported(world: World, find: Find) -> dict[str, Any]:
    """An export, read back from the text of its file."""
    found = export.export(
        world.database,
        SchemeCache(),
        factories.operator(),
        find,
        WORDING,
        data_dir=world.data_dir,
        now=NOW,
    )
    return dict(json.loads(export.as_text(found)))


def expected(world: World, target: Table, ids: list[int]) -> Iterator[tuple[str, list[Any]]]:
    """(table, keys of its rows) for every table with a foreign key to these rows, and one step further."""
    with world.database.reader.connect() as connection:
        for one in tables.metadata.sorted_tables:
            columns = [
                key.parent
                for key in one.foreign_keys
                if key.column.table is target and (one.name, key.parent.name) not in POINTERS
            ]
            if columns:
                where = or_(*(column.in_(ids) for column in columns))
                keys = [
                    list(row) for row in connection.execute(select(*one.primary_key.columns).where(where))
                ]
                yield one.name, keys
                for other in tables.metadata.sorted_tables if target is table(Customer) else ():
                    for key in other.foreign_keys:
                        if key.column.table is one and not key.parent.nullable and one is not target:
                            of_rows = key.parent.in_([found[0] for found in keys])
                            rows = connection.execute(select(*other.primary_key.columns).where(of_rows))
                            yield other.name, [list(row) for row in rows]


def keys_in(found: dict[str, Any], name: str) -> list[Any]:
    names = [column.name for column in tables.metadata.tables[name].primary_key]
    return [[row[column] for column in names] for row in found["tables"].get(name, ())]


@all_on_postgresql
@pytest.mark.parametrize("subject", ["customer", "person"])
def test_an_export_holds_what_a_query_of_each_table_finds(world: World, subject: str) -> None:
    if subject == "customer":
        found = exported(world, partial(subjects.customer_named, text=f"file:{code(2)}"))
        target, ids = table(Customer), [world.ids()[code(2)], world.ids()["QXOLD-02"]]
    else:
        found = exported(world, partial(subjects.person, email=email(2)))
        target, ids = table(Person), [world.person_ids()[email(2)]]
    compared = dict(expected(world, target, ids))
    assert len(compared) >= (15 if subject == "customer" else 3)
    for name, keys in compared.items():
        as_json = json.loads(json.dumps(keys, default=str))
        assert sorted(keys_in(found, name), key=repr) == sorted(as_json, key=repr), name
        assert keys, f"the test has no row of {name}"
    with world.database.reader.connect() as connection:
        for one in {target, *(tables.metadata.tables[name] for name in compared)} - {table(ImportChange)}:
            rows = {
                repr([str(row[key]) for key in one.primary_key]): row
                for row in connection.execute(select(one)).mappings()
            }
            for row in found["tables"][one.name]:
                stored = rows[repr([str(row[key.name]) for key in one.primary_key])]
                plain = {
                    key: value
                    for key, value in stored.items()
                    if isinstance(value, str | int) and f"{one.name}.{key}" not in FREE_JSON
                }
                assert plain.items() <= row.items()


def test_an_export_holds_messages_names_elsewhere_and_rejected_rows(world: World) -> None:
    found = exported(world, partial(subjects.customer_named, text=f"file:{code(2)}"))
    states = ["pending", "sent", *["sent"] * 4, *["pending"] * 4, "sent", "pending"]
    assert [row["state"] for row in found["tables"]["outbox"]] == states
    assert found["tables"]["outbox"][0]["body_json"]["fields"]["name"] == NAMES[2]
    texts = {one["column"]: one["text"] for one in found["named_in"]}
    assert texts["activity.note"] == book.named(2)
    (rows,) = found["rejected_rows"].values()
    assert [row[5] for row in rows] == [code(2)]
    assert found["tables"]["audit_entry"][-1]["action"] == "exported"


def test_the_inputs_of_an_assessment_are_readable(real_book: Any) -> None:
    with real_book.database.read() as session:
        found = export.rows_of(session, SchemeCache(), subjects.customer_named(session, "ACME"))
    assert found["assessment"][-1]["inputs"]["quality"] == 40.0
