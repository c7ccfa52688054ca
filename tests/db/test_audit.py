"""The audit is one chain, written in the transaction of its cause."""

import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session

from db import audit, processes
from db.audit import AuditAction, AuditActor, Door, ObjectKind
from db.engine import Database

ROOT = Path(__file__).parents[2]


def record(session: Session, customer: int = 1, **after: object) -> None:
    """Somebody sets an override."""
    audit.record(
        session,
        actor=AuditActor(person_id=7),
        action=AuditAction.OVERRIDE_SET,
        object_kind=ObjectKind.CUSTOMER,
        object_id=customer,
        door=Door.SLACK,
        after=after,
    )


def entries_of(session: Session) -> list[Mapping[str, Any]]:
    with audit.chained(session) as rows:
        return [*rows]


def test_rows_are_numbered_from_one_and_each_hash_covers_the_one_before(database: Database) -> None:
    with database.write() as session:
        record(session, 1, tier="A", until=None)
    with database.write() as session:
        record(session, 2, name="中文")
    previous, numbers = audit.START, list[int]()
    with database.read() as session:
        for entry in entries_of(session):
            assert entry["hash"] == audit.hash_of(entry, previous)
            previous, numbers = entry["hash"], [*numbers, entry["id"]]
        assert audit.head(session) == (2, previous)
    assert numbers == [1, 2]


def test_an_act_that_is_rolled_back_leaves_no_row(database: Database) -> None:
    with pytest.raises(TypeError, match="not a number"):
        fail_after_an_act(database)
    with database.read() as session:
        assert audit.head(session) == (0, audit.START)


def fail_after_an_act(database: Database) -> None:
    with database.write() as session:
        record(session)
        raise TypeError("not a number")


def test_an_event_in_a_savepoint_is_refused_because_it_would_outlive_it(database: Database) -> None:
    with (
        database.write() as session,
        session.begin_nested(),
        pytest.raises(RuntimeError, match="savepoint"),
    ):
        record(session)


WRITER = """
import sys
from db import audit
from db.audit import AuditAction, Door, ObjectKind, AuditActor
from db.engine import open_database
from sqlalchemy import text

database, name = open_database(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
for number in range(60):
    with database.write() as session:
        for event in range(1 + number % 3):
            audit.record(session, actor=AuditActor(name=name), action=AuditAction.IMPORTED, object_kind=ObjectKind.IMPORT,
                         object_id=number, door=Door.JOB)
        # A row of the other process's, after the event: waiting for it must not block the chain.
        session.execute(text("UPDATE tally SET value = value + 1 WHERE name = :n"), {"n": "ab"[(number + len(name)) % 2]})
"""


def test_processes_that_write_at_once_leave_one_chain(database: Database) -> None:
    with database.write() as session:
        for name in "ab":
            processes.count(session, name)
    started = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, database.url, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for name in ("one", "four")
    ]
    for process in started:
        assert process.stdout is not None
        process.stdout.readline()
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in started:
        process.communicate(timeout=60)
    assert [process.returncode for process in started] == [0, 0]
    with database.read() as session:
        entries, previous = entries_of(session), audit.START
    for number, entry in enumerate(entries, 1):
        assert (entry["id"], entry["hash"]) == (number, audit.hash_of(entry, previous))
        previous = entry["hash"]
    written = sum(1 + number % 3 for number in range(60))
    assert Counter(entry["actor"] for entry in entries) == {"one": written, "four": written}
