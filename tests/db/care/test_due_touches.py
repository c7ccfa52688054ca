"""Due touches are found by an index, whoever they belong to and however many others are open."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, insert, text
from sqlmodel import Session

from db.care import due_touches, touches
from db.care.due_touches import DueGroup, FirstDue
from db.care.touches import Touch, TouchRole
from db.engine import Database
from db.outbox.messages import OutboxMessage
from tests import factories
from tests.factories import AT, LONG_AGO

DAY = timedelta(days=1)


def touch(customer: int, **values: Any) -> Touch:
    fixed: dict[str, Any] = {
        "dedupe_key": f"{customer}:{values}", "customer_id": customer, "step": "revisit", "kind": "revisit", "tier": "A",
        "due_on": LONG_AGO, "latest_on": LONG_AGO + DAY, "remind_at": AT, "state": "planned", "created_at": AT,
    }  # fmt: skip
    return Touch(**fixed | values)


def put(session: Session, *rows: Touch) -> list[int]:
    session.add_all(rows)
    session.flush()
    return [row.id or 0 for row in rows]


@pytest.fixture
def people(database: Database) -> list[int | None]:
    with database.write() as session:
        return [factories.person(session, "Anna"), factories.person(session, "Ben"), None]


def test_whose_touches_are_due_and_which(database: Database, people: list[int | None]) -> None:
    with database.write() as session:
        anna, ben, nobody = (factories.customer(session, owner_id=owner) for owner in people)
        later = factories.customer(session, owner_id=people[1])
        gone = factories.customer(session, owner_id=people[1])
        session.execute(text("UPDATE customer SET archived = TRUE WHERE id = :id"), {"id": gone})
        ids = put(
            session,
            touch(anna, who="lead", state="reminded"),
            touch(ben, kind="greeting", step="wish", state="snoozed"),
            touch(nobody, assignee_id=7),
            touch(later, remind_at=AT + DAY),
            touch(gone),
            touch(anna, state="done", step="other"),
        )
    with database.read() as session:
        assert due_touches.groups(session, AT + DAY) == {
            DueGroup(people[0], "lead", None): FirstDue(AT, None),
            DueGroup(people[1], "owner", None): FirstDue(None, AT),
            DueGroup(None, "owner", 7): FirstDue(AT, None),
        }

        def of(*owners: int | None, given: tuple[int, ...] = ()) -> list[int]:
            return [one.id for one in due_touches.of_owners(session, AT + DAY, owners, given)]

        assert (of(people[0]), of(people[1]), of(None)) == (ids[:1], ids[1:2], ids[2:3])
        assert sorted(of(people[0], given=(7,))) == [ids[0], ids[2]]
        assert due_touches.count(session, AT) == 3


def test_what_is_shown_keeps_its_version_and_is_counted_from_its_day_on(database: Database) -> None:
    with database.write() as session:
        (one, other) = put(
            session,
            touch(factories.customer(session)),
            touch(factories.customer(session), due_on=date(2030, 1, 1)),
        )
        for number, at in enumerate((AT, AT + DAY), start=1):
            message = {"kind": "k", "address": "a", "body_json": "{}", "body_hash": ""}
            session.add(OutboxMessage(**message, dedupe_key=str(number), next_at=at, created_at=at))
            session.flush()
            due_touches.show(session, [(one, at + DAY)], number)
            due_touches.link(session, number, [one, other], TouchRole.DIGEST)
    with database.read() as session:
        shown = session.get_one(Touch, one)
        assert (shown.state, shown.version, shown.outbox_id, shown.remind_at) == (
            "reminded",
            1,
            2,
            AT + 2 * DAY,
        )
        assert due_touches.times_shown(session, [one, other], ZoneInfo("UTC")) == {one: (2, AT.date())}
    with database.write() as session:
        assert touches.release_undelivered(session, [2], AT) == 1
        assert session.get_one(Touch, one, populate_existing=True).state == "planned"


QUERIES: dict[str, Any] = {
    "ix_touch_due": lambda session: due_touches.groups(session, AT),
    "ix_touch_due of nobody": lambda session: list(due_touches.of_owners(session, AT, [None], [])),
    "ix_touch_due all": lambda session: due_touches.count(session, AT),
    "ix_touch_late": lambda session: due_touches.newly_late(session, LONG_AGO, LONG_AGO + DAY, {"A"}),
    "ix_touch_assignee": lambda session: due_touches.open_of(
        session, owners=(), assignees=[7], roles=(), due_by=LONG_AGO, most=10
    ),
    "touch_customer": lambda session: due_touches.soon_of(
        session, [1], after=LONG_AGO, until=LONG_AGO + 30 * DAY, most=10
    ),
    "touch_open": lambda session: due_touches.planned_per_time(session, [1]),
}


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_of_the_digest_does_not_read_every_touch(database: Database, query: str) -> None:
    with database.write() as session:
        owners = [factories.person(session, f"P{number}") for number in range(10)]
        customers = [factories.customer(session, owner_id=owners[number % 10]) for number in range(300)]
        rows = [
            touch(customer, step=step, remind_at=AT + (n % 60) * DAY, latest_on=LONG_AGO + n * DAY)
            for n, customer in enumerate(customers)
            for step in map(str, range(20))
        ]
        session.execute(insert(Touch), [row.model_dump(exclude={"id"}) for row in rows])
    with database.writer.begin() as connection:
        connection.execute(text("ANALYZE"))
    with database.read() as session:
        for statement, parameters in executed(session, QUERIES[query]):
            plan = explained(session, statement, parameters)
            wanted = query.split()[0]  # an index, or the end of its name
            assert "SCAN touch" not in plan, plan
            assert "Seq Scan on touch" not in plan, plan
            assert wanted in plan or "touch_open" in plan, plan  # both begin with the customer


def executed(session: Session, ask: Any) -> Iterator[tuple[str, Any]]:
    """The statements that a function executes, and their parameters."""
    found: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        found.append((statement, parameters))

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    ask(session)
    event.remove(engine, "before_cursor_execute", note)
    yield from found


def explained(session: Session, statement: str, parameters: Any) -> str:
    """How the database finds the rows; PostgreSQL is not let to think that reading a small table is cheaper."""
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        return "\n".join(row[3] for row in rows)
    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    rows = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
    return "\n".join(row[0] for row in rows)


def test_a_reminder_of_an_earlier_version_is_released_by_its_touch(database: Database) -> None:
    with database.write() as session:
        message = {"kind": "reminder", "address": "a", "body_json": "{}", "body_hash": ""}
        session.add(OutboxMessage(**message, dedupe_key="1", next_at=AT, created_at=AT))
        session.flush()
        (number,) = put(session, touch(factories.customer(session), state="reminded", outbox_id=1))
        assert touches.release_undelivered(session, [1], AT + DAY) == 1
    with database.read() as session:
        released = session.get_one(Touch, number)
        assert (released.state, released.remind_at) == ("planned", AT + DAY)


def test_what_a_restore_skips_stays_open_and_comes_back_later(database: Database) -> None:
    with database.write() as session:
        customers = [factories.customer(session) for _ in range(2)]
        ids = put(session, touch(customers[0]), touch(customers[1], remind_at=AT + DAY))
        assert [step.due for step in due_touches.steps(session, AT)] == [AT]
        assert due_touches.skip(session, AT, until=AT + 3 * DAY) == 1
    with database.read() as session:
        found = [session.get_one(Touch, number) for number in ids]
        assert [(one.state, one.remind_at) for one in found] == [
            ("reminded", AT + 3 * DAY),
            ("planned", AT + DAY),
        ]
