"""A message is written with its cause; a person may list, send again and drop stuck messages."""

import json
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from bot.errors import Conflict, NotFound
from bot.services.delivery import outbox
from bot.wording.messages import Help
from db.engine import Database
from db.outbox.messages import listed
from tests import factories
from tests.recorded import recorded
from tests.services.delivery.outbox_harness import EAST, SETTLE, START, WEST, Harness


@pytest.fixture
def harness(database: Database) -> Harness:
    return Harness(database)


def test_one_key_is_one_message(harness: Harness) -> None:
    harness.write(EAST, "once", dedupe_key="k")
    with pytest.raises(IntegrityError, match="dedupe_key"):
        harness.write(WEST, "again", dedupe_key="k")
    assert harness.states() == ["pending"]


def test_a_message_is_written_with_its_cause_or_not_at_all(harness: Harness) -> None:
    def cause_fails() -> None:
        with harness.database.write() as session:
            outbox.enqueue(
                session,
                kind="t",
                place=EAST,
                message=Help(role="x"),
                language=None,
                dedupe_key="k",
                now=START,
            )
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        cause_fails()
    assert harness.states() == []


def test_the_row_holds_the_message_and_when_it_may_be_sent(harness: Harness) -> None:
    row = harness.row(harness.write(EAST, "hello"))
    assert json.loads(row.body_json)["fields"]["text"] == "hello"
    assert (row.next_at, row.created_at, row.once_only, row.address) == (
        START,
        START,
        False,
        "channel:C0EAST",
    )


def test_the_newest_are_listed_first(harness: Harness) -> None:
    for text in "abc":
        harness.write(EAST, text)
    harness.deliver(most=1)
    with harness.database.read() as session:
        assert [row.id for row in listed(session, ["pending"], 10)] == [3, 2]
        assert [row.id for row in listed(session, ["pending", "sent"], 2)] == [3, 2]


def dead(harness: Harness, **values: Any) -> int:
    outbox_id = harness.write(EAST, "a", **values)
    harness.slack.faults = lambda where, text: "refused"
    harness.deliver()
    harness.slack.faults = lambda where, text: ""
    return outbox_id


def test_a_dead_message_can_be_sent_again(harness: Harness) -> None:
    outbox_id = dead(harness)
    outbox.retry(harness.database, outbox_id, actor=factories.operator("cli:anna"), now=harness.clock.now())
    row = harness.row(outbox_id)
    assert (row.state, row.attempt, row.error) == ("pending", 0, "queued again by cli:anna")
    harness.deliver()
    assert [entry.possible_repeat for entry in harness.slack.entries] == [False]
    assert harness.states() == ["sent"]
    (done,) = recorded(harness.database, "message_retried")
    assert (done.actor, done.object, done.before) == ("cli:anna", "message 1", '{"state":"dead"}')


def test_an_unknown_message_that_is_sent_again_says_that_it_may_be_a_repeat(harness: Harness) -> None:
    outbox_id = harness.write(EAST, "a", once_only=True)
    harness.slack.readable = False
    harness.slack.faults = lambda where, text: "lost"
    harness.deliver()
    harness.deliver(SETTLE)
    harness.slack.faults = lambda where, text: ""
    outbox.retry(harness.database, outbox_id, actor=factories.operator("cli:anna"), now=harness.clock.now())
    harness.deliver()
    assert [entry.possible_repeat for entry in harness.slack.entries] == [False, True]


def test_a_sent_or_pending_message_is_not_sent_again(harness: Harness) -> None:
    outbox_id = harness.write(EAST, "a")
    with pytest.raises(Conflict, match="Message 1 is pending"):
        outbox.retry(harness.database, outbox_id, actor=factories.operator("x"), now=START)
    harness.deliver()
    with pytest.raises(Conflict, match="Message 1 is sent"):
        outbox.retry(harness.database, outbox_id, actor=factories.operator("x"), now=START)
    assert harness.deliver() == 0


def test_a_dropped_message_is_never_sent(harness: Harness) -> None:
    outbox_id = harness.write(EAST, "a")
    outbox.drop(harness.database, outbox_id, actor=factories.operator("cli:anna"))
    assert harness.deliver() == 0
    row = harness.row(outbox_id)
    assert (row.state, row.error_class, row.error) == ("dead", "dropped", "dropped by cli:anna")
    (done,) = recorded(harness.database, "message_dropped")
    assert (done.actor, done.object, done.before) == ("cli:anna", "message 1", '{"state":"pending"}')


def test_a_sent_message_cannot_be_dropped_and_a_missing_one_is_not_found(harness: Harness) -> None:
    harness.write(EAST, "a")
    harness.deliver()
    with pytest.raises(Conflict, match="Message 1 is sent"):
        outbox.drop(harness.database, 1, actor=factories.operator("x"))
    for action in (outbox.show, lambda d, i: outbox.drop(d, i, actor=factories.operator("x"))):
        with pytest.raises(NotFound, match="no message 7"):
            action(harness.database, 7)
