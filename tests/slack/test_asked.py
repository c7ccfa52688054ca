"""Mentions and direct messages: answered once, to the asker only, and nothing else is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, update

from bot.demo.workspace import BOT_USER_ID, Workspace
from bot.demo.workspace.default_team import CHANNELS, PEOPLE
from bot.slack.manifest import EVENTS
from db.book.people import Person
from db.engine import Database
from tests.conftest import on_sqlite
from tests.slack.office import ANNA, ROOM, Office, eventually, words

pytestmark = on_sqlite


@pytest.fixture(params=["socket", "http"])
def office(database: Database, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Office]:
    """Over Socket Mode and over signed HTTP, with the events of the manifest and those of all channels."""
    events = [*EVENTS, "message.channels"]
    with Workspace(
        users=PEOPLE, channels=CHANNELS, events=events, ack_seconds=20, monotonic=lambda: 0.0
    ) as workspace:
        office = Office(workspace=workspace, database=database, folder=tmp_path, way=request.param)
        office.open()
        office.start()
        try:
            yield office
        finally:
            office.close()


def answers(office: Office, channel: str, count: int) -> list[str]:
    """What the bot has said to Anna, once there is so much of it and all work is done."""
    found = eventually(lambda: len(office.said_to(ANNA, channel)) >= count, f"{count} answers")
    assert found
    office.finish_work()
    return [words(message) for message in office.said_to(ANNA, channel)]


def test_a_mention_is_answered_once_and_to_the_asker_only(office: Office) -> None:
    office.workspace.say(ANNA, ROOM, "@Tierbot ACME")  # which Slack sends as a mention and as a message
    (answer,) = answers(office, ROOM, 1)
    assert "ACME · " in answer
    assert [m.user for m in office.said_to_all()] == [ANNA]


def test_a_direct_message_is_answered_where_it_was_written(office: Office) -> None:
    there = office.workspace.dm(ANNA)
    before = len(office.said_to(ANNA, there))
    office.workspace.say(ANNA, there, "Globex")
    assert "Globex" in answers(office, there, before + 1)[-1]
    assert [m.user for m in office.said_to_all(there)] == [ANNA]


def test_a_refusal_comes_in_the_language_of_who_asks(office: Office) -> None:
    with office.database.write() as session:
        session.execute(update(Person).where(col(Person.name) == "Anna").values(language="zh"))
    office.workspace.say(ANNA, ROOM, "@Tierbot team")
    assert "您没有带团队" in answers(office, ROOM, 1)[-1]


def test_an_answer_stays_in_the_thread_of_its_question(office: Office) -> None:
    first = office.workspace.say(ANNA, ROOM, "Who knows more?")
    office.workspace.say(ANNA, ROOM, "@Tierbot ACME", thread_ts=first.ts)
    eventually(lambda: office.said_to(ANNA), "an answer")
    assert [m.thread_ts for m in office.said_to(ANNA)] == [first.ts]


def test_one_message_under_several_event_ids_is_answered_once(office: Office) -> None:
    said = office.workspace.say(ANNA, ROOM, "@Tierbot ACME")
    answers(office, ROOM, 1)
    for number in range(5):  # Slack once sent a message under eleven ids
        office.deliver("events_api", event(said.ts, text=f"<@{BOT_USER_ID}> ACME", number=number))
    assert len(answers(office, ROOM, 1)) == 1


def test_a_second_process_does_not_answer_again(office: Office) -> None:
    if office.way == "http":
        office.bots[0].way.close()
    office.start()
    said = office.workspace.say(ANNA, ROOM, "@Tierbot ACME")
    eventually(lambda: office.said_to(ANNA), "an answer")
    for number in range(8):
        office.deliver("events_api", event(said.ts, text=f"<@{BOT_USER_ID}> ACME", number=number))
    for bot in office.bots:
        eventually(lambda bot=bot: not bot.front.deferred.writes.unfinished, "the end of all work")
    assert len(office.said_to(ANNA)) == 1


def test_bots_edits_and_channels_without_a_mention_get_no_answer(office: Office) -> None:
    there = office.workspace.dm(ANNA)
    before = len(office.said_to(ANNA, there))
    office.workspace.say(ANNA, ROOM, "ACME")
    for number, more in enumerate(({"bot_id": "B0OTHER"}, {"subtype": "message_changed"})):
        payload = event(f"9.{number}", text="ACME", number=number, channel=there, channel_type="im", **more)
        office.deliver("events_api", payload)
    office.workspace.say(ANNA, there, "Globex")
    assert "Globex" in answers(office, there, before + 1)[-1]
    assert len(office.said_to(ANNA, there)) == before + 1
    assert office.said_to(ANNA) == []


def test_who_may_not_see_a_customer_hears_no_more_than_from_tier(office: Office) -> None:
    other = "U0LINWEI"
    office.workspace.say(other, ROOM, "@Tierbot ACME")
    told = eventually(lambda: office.said_to(other), "an answer")
    assert office.workspace.command(other, ROOM, "/tier", "ACME").ok
    eventually(lambda: len(office.said_to(other)) == 2, "the answer to the command")
    mentioned, asked = (message.blocks for message in office.said_to(other))
    assert [block["text"] for block in mentioned if "text" in block] == [
        block["text"] for block in asked if "text" in block
    ]
    assert told


def event(ts: str, *, number: int, **fields: Any) -> dict[str, Any]:
    """A mention in the room, under an event id of its own."""
    inner = {"type": "app_mention", "user": ANNA, "channel": ROOM, "ts": ts, "event_ts": ts, **fields}
    if "channel_type" in fields:
        inner["type"] = "message"
    return {
        "type": "event_callback",
        "team_id": "T0LOCAL",
        "api_app_id": "A0TIERBOT",
        "event_id": f"Ev0SAME{number}",
        "event_time": 1,
        "event": inner,
        "authorizations": [{"team_id": "T0LOCAL", "user_id": BOT_USER_ID, "is_bot": True}],
    }
