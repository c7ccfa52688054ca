"""`tierbot outbox` and `tierbot catch-up`."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.clock import SystemClock
from bot.errors import Conflict, NotFound
from bot.services.delivery import time_jump
from db.engine import open_database
from tests.cli.conftest import Output
from tests.services.delivery.outbox_harness import EAST, Harness


@pytest.fixture(autouse=True)
def harness(file: Path) -> Iterator[Harness]:
    harness = Harness(open_database(f"sqlite:///{file}"))
    harness.slack.faults = lambda where, text: "refused" if text == "bad" else ""
    for text in ("good", "bad", "late"):
        harness.write(EAST, text)
    harness.deliver(most=2)
    yield harness
    harness.database.close()


def test_messages_that_are_not_sent_are_listed_with_the_reason(tierbot: Output) -> None:
    assert "the channel is" in tierbot("outbox", "list")
    assert [row["state"] for row in json.loads(tierbot("outbox", "list", "--json"))] == ["pending", "dead"]
    assert [row["id"] for row in json.loads(tierbot("outbox", "list", "--state", "sent", "--json"))] == [1]
    assert tierbot("outbox", "unknown") == "No messages.\n"


def test_a_message_is_shown_with_its_body(tierbot: Output) -> None:
    assert "the channel is archived" in tierbot("outbox", "show", "2")
    shown = json.loads(tierbot("outbox", "show", "2", "--json"))
    assert (shown["state"], shown["body"]["fields"]["text"]) == ("dead", "bad")


def test_retry_queues_a_dead_message_and_drop_stops_one_that_waits(tierbot: Output, harness: Harness) -> None:
    tierbot("outbox", "retry", "2")
    tierbot("outbox", "drop", "3")
    assert harness.states() == ["sent", "pending", "dead"]
    assert str(harness.row(3).error).startswith("dropped by operator:")
    with pytest.raises(Conflict):
        tierbot("outbox", "retry", "1")
    with pytest.raises(NotFound):
        tierbot("outbox", "show", "9")


def test_several_messages_are_dropped_or_queued_at_once(tierbot: Output, harness: Harness) -> None:
    shown = tierbot("outbox", "drop", "2", "3")
    assert "Message 2 is dropped." in shown
    assert "Message 3 is dropped." in shown
    tierbot("outbox", "retry", "2", "3")
    assert harness.states() == ["sent", "pending", "pending"]


def test_a_time_jump_is_shown_until_catch_up_is_applied(tierbot: Output, harness: Harness) -> None:
    assert "Nothing is held." in tierbot("catch-up")
    now = SystemClock().now()
    time_jump.note(harness.database, now - timedelta(days=30))
    assert "tierbot catch-up --apply" in tierbot("catch-up", "--show")
    assert json.loads(tierbot("catch-up", "--json"))["held"]
    tierbot("catch-up", "--apply")
    assert not time_jump.held(harness.database, now)
