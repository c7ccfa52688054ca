"""A message is written with its cause; a person may list, send again and drop what is stuck."""

import json
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from bot.errors import Conflict, NotFound
from bot.services.delivery import outbox
from bot.wording.messages import Help
from db.engine import Database
from tests.services.delivery.outbox_desk import EAST, SETTLE, START, WEST, Desk


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


def test_one_key_is_one_message(desk: Desk) -> None:
    desk.write(EAST, "once", dedupe_key="k")
    with pytest.raises(IntegrityError, match="dedupe_key"):
        desk.write(WEST, "again", dedupe_key="k")
    assert desk.states() == ["pending"]


def test_a_message_is_written_with_its_cause_or_not_at_all(desk: Desk) -> None:
    def cause_fails() -> None:
        with desk.database.write() as session:
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
    assert desk.states() == []


def test_the_row_keeps_what_is_said_and_when_it_may_go(desk: Desk) -> None:
    row = desk.row(desk.write(EAST, "hello"))
    assert json.loads(row.body_json)["fields"]["text"] == "hello"
    assert (row.next_at, row.created_at, row.once_only, row.address) == (
        START,
        START,
        False,
        "channel:C0EAST",
    )


def test_the_newest_are_listed_first(desk: Desk) -> None:
    for text in "abc":
        desk.write(EAST, text)
    desk.deliver(most=1)
    assert [row.id for row in outbox.listed(desk.database, ["pending"], 10)] == [3, 2]
    assert [row.id for row in outbox.listed(desk.database, ["pending", "sent"], 2)] == [3, 2]


def dead(desk: Desk, **values: Any) -> int:
    outbox_id = desk.write(EAST, "a", **values)
    desk.slack.faults = lambda where, text: "refused"
    desk.deliver()
    desk.slack.faults = lambda where, text: ""
    return outbox_id


def test_a_dead_message_is_sent_again_when_somebody_says_so(desk: Desk) -> None:
    outbox_id = dead(desk)
    outbox.retry(desk.database, outbox_id, actor="cli:anna", now=desk.clock.now())
    row = desk.row(outbox_id)
    assert (row.state, row.attempt, row.error) == ("pending", 0, "queued again by cli:anna")
    desk.deliver()
    assert [entry.possible_repeat for entry in desk.slack.entries] == [False]
    assert desk.states() == ["sent"]


def test_an_unknown_message_that_is_sent_again_says_that_it_may_be_a_repeat(desk: Desk) -> None:
    outbox_id = desk.write(EAST, "a", once_only=True)
    desk.slack.readable = False
    desk.slack.faults = lambda where, text: "lost"
    desk.deliver()
    desk.deliver(SETTLE)
    desk.slack.faults = lambda where, text: ""
    outbox.retry(desk.database, outbox_id, actor="cli:anna", now=desk.clock.now())
    desk.deliver()
    assert [entry.possible_repeat for entry in desk.slack.entries] == [False, True]


def test_what_was_sent_or_waits_is_not_sent_again(desk: Desk) -> None:
    outbox_id = desk.write(EAST, "a")
    with pytest.raises(Conflict, match="Message 1 is pending"):
        outbox.retry(desk.database, outbox_id, actor="x", now=START)
    desk.deliver()
    with pytest.raises(Conflict, match="Message 1 is sent"):
        outbox.retry(desk.database, outbox_id, actor="x", now=START)
    assert desk.deliver() == 0


def test_what_was_dropped_is_never_sent(desk: Desk) -> None:
    outbox_id = desk.write(EAST, "a")
    outbox.drop(desk.database, outbox_id, actor="cli:anna")
    assert desk.deliver() == 0
    row = desk.row(outbox_id)
    assert (row.state, row.error_class, row.error) == ("dead", "dropped", "dropped by cli:anna")


def test_what_was_sent_cannot_be_dropped_and_what_is_not_there_is_not_found(desk: Desk) -> None:
    desk.write(EAST, "a")
    desk.deliver()
    with pytest.raises(Conflict, match="Message 1 is sent"):
        outbox.drop(desk.database, 1, actor="x")
    for look in (outbox.show, lambda d, i: outbox.drop(d, i, actor="x")):
        with pytest.raises(NotFound, match="no message 7"):
            look(desk.database, 7)
