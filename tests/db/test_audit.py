"""The audit is one chain, written in the transaction of its cause."""

import pytest

from db import audit
from db.audit import AuditAction, Door, ObjectKind, Who
from db.engine import Database


def act(database: Database, customer: int, **after: object) -> None:
    """Somebody sets an override."""
    with database.write() as session:
        audit.record(
            session,
            actor=Who(person_id=7),
            action=AuditAction.OVERRIDE_SET,
            object_kind=ObjectKind.CUSTOMER,
            object_id=customer,
            door=Door.SLACK,
            after=after,
        )


def test_rows_are_numbered_from_one_and_each_hash_covers_the_one_before(database: Database) -> None:
    act(database, 1, tier="A", until=None)
    act(database, 2, name="中文")
    previous, numbers = audit.START, []
    with database.read() as session:
        for entry in audit.chained(session):
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
        audit.record(
            session,
            actor=Who(name="operator:root"),
            action=AuditAction.IMPORTED,
            object_kind=ObjectKind.IMPORT,
            object_id=1,
            door=Door.COMMAND_LINE,
        )
        raise TypeError("not a number")
