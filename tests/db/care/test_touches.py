"""A touch changes only from the version that was read, and an occurrence is planned once."""

from datetime import timedelta

from db.care import touches
from db.care.touches import Touch
from db.engine import Database
from tests import factories

DAY = timedelta(days=1)


def put_touch(database: Database, **values: object) -> int:
    with database.write() as session:
        row = {
            "dedupe_key": "k",
            "customer_id": factories.customer(session),
            "step": "revisit",
            "kind": "revisit",
            "tier": "A",
            "due_on": factories.LONG_AGO,
            "anchor": None,
            "remind_at": factories.AT,
            "state": "planned",
            "version": 1,
            "created_at": factories.AT,
        }
        assert touches.add(session, [row | values]) == 1
    return 1


def test_a_touch_that_changed_since_it_was_read_is_not_changed(database: Database) -> None:
    touch = put_touch(database)
    with database.write() as session:
        assert touches.move(session, touch, 1, state="reminded")
        assert not touches.move(session, touch, 1, state="cancelled")
    with database.read() as session:
        found = session.get_one(Touch, touch)
        assert (found.state, found.version) == ("reminded", 2)


def test_an_occurrence_is_planned_once_and_only_a_cancelled_one_opens_again(database: Database) -> None:
    touch = put_touch(database)
    with database.read() as session:
        row = session.get_one(Touch, touch).model_dump(
            exclude={"id", "reason", "outbox_id", "closed_at", "closed_by"}
        )
    for state, added in (("planned", 0), ("reminded", 0), ("done", 0), ("missed", 0), ("cancelled", 1)):
        with database.write() as session:
            session.get_one(Touch, touch).state = state
        with database.write() as session:
            assert touches.add(session, [row | {"due_on": factories.LONG_AGO + DAY}]) == added, state
    with database.read() as session:
        found = session.get_one(Touch, touch)
        assert (found.state, found.version, found.due_on) == ("planned", 2, factories.LONG_AGO + DAY)
