"""Messages keep their order at each place, wait for people who are not in Slack yet, and reach the real thing."""

import random
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot.demo.workspace import Workspace
from bot.demo.workspace.default_team import ANNA_SCHMIDT, CHANNELS, LIN_WEI, PEOPLE
from bot.messages import Message, Problem
from bot.rendering import Renderer
from bot.services import outbox
from bot.services.outbox import BACKOFF_CAP, LEASE, Answer, Place
from bot.settings import Settings
from bot.slack.gateway import Gateway, web_client
from db.engine import Database
from db.outbox import counts
from db.people import Person
from tests import factories
from tests.conftest import OpenAnother
from tests.services.outbox_desk import EAST, START, WEST, Desk
from tests.slack.raw_server import HANG_UP, HOLD, http, raw_server


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


def test_messages_to_one_place_keep_their_order_even_when_the_first_must_wait(desk: Desk) -> None:
    for text in "abc":
        desk.write(EAST, text)
    desk.write(WEST, "x")

    def the_first_one_must_wait(where: str, text: str) -> Answer:
        if desk.posts.count(("C0EAST", "a")) == 1 and text == "a":
            return Answer(outcome="retry", retry_after=timedelta(seconds=30), counts=False)
        return Answer(outcome="sent", ts="1", channel=where)

    desk.answers = the_first_one_must_wait
    desk.deliver()
    assert desk.posts == [("C0EAST", "a"), ("C0WEST", "x")]
    desk.deliver(timedelta(seconds=30))
    assert [text for where, text in desk.posts if where == "C0EAST"] == ["a", "a", "b", "c"]


def test_a_place_somebody_is_writing_to_is_left_alone(desk: Desk) -> None:
    for text in "ab":
        desk.write(EAST, text)
    desk.write(WEST, "x")
    nested: list[tuple[str, str]] = []

    def meanwhile(where: str, message: Message, *_: object) -> Answer:
        if not nested:
            desk.deliver()
            nested.extend(desk.posts)
        return Answer(outcome="sent", ts="1", channel=where)

    desk.deliver(send=meanwhile)
    assert nested == [("C0WEST", "x")]
    assert desk.states() == ["sent"] * 3


def test_what_died_or_is_unknown_holds_up_nobody(desk: Desk) -> None:
    for text in ("dead", "lost", "fine"):
        desk.write(EAST, text)
    outcomes = {"dead": "hopeless", "lost": "lost", "fine": "sent"}
    desk.answers = lambda where, text: Answer(outcome=outcomes[text])  # type: ignore[arg-type]
    desk.deliver()
    assert desk.states() == ["dead", "unknown", "sent"]


def test_two_processes_at_once_send_each_message_once_and_in_order(open_another: OpenAnother) -> None:
    desks = [Desk(open_another()) for _ in range(2)]
    for number in range(12):
        desks[0].write((EAST, WEST)[number % 2], f"{number:02}")
    posts: list[tuple[str, str]] = []

    def send(where: str, message: Message, *_: object) -> Answer:
        assert isinstance(message, Problem)
        posts.append((where, message.text))
        return Answer(outcome="sent", ts="1", channel=where)

    def work(desk: Desk, seed: int) -> None:
        while not set(desk.states()) <= {"sent"}:
            outbox.deliver(desk.database, send=send, clock=desk.clock, chance=random.Random(seed))

    threads = [threading.Thread(target=work, args=[desk, seed]) for seed, desk in enumerate(desks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(text for _, text in posts) == [f"{number:02}" for number in range(12)]
    for place in ("C0EAST", "C0WEST"):
        texts = [text for where, text in posts if where == place]
        assert texts == sorted(texts)


def test_messages_to_people_not_yet_in_slack_wait_and_go_out_once_they_are(desk: Desk) -> None:
    with desk.database.write() as session:
        anna = factories.person(session, slack=False)
    desk.write(Place(person_id=anna), "hello")
    desk.write(EAST, "others go on")
    assert desk.deliver() == 1
    with desk.database.write() as session:
        session.get_one(Person, anna).slack_user_id = "U0ANNA"
    assert desk.deliver(timedelta(days=2)) == 1
    assert desk.posts == [("C0EAST", "others go on"), ("U0ANNA", "hello")]


def test_nothing_goes_to_somebody_who_was_switched_off(desk: Desk) -> None:
    with desk.database.write() as session:
        anna = factories.person(session)
    outbox_id = desk.write(Place(person_id=anna), "confidential")
    with desk.database.write() as session:
        session.get_one(Person, anna).active = False
    assert desk.deliver() == 0
    assert (desk.row(outbox_id).state, desk.row(outbox_id).error_class) == ("dead", "left")


def test_one_round_sends_no_more_than_it_is_told(desk: Desk) -> None:
    for number in range(5):
        desk.write(EAST, str(number))
    assert desk.deliver(most=3) == 3
    with desk.database.read() as session:
        assert counts(session) == {"sent": 3, "pending": 2}


def real_send(api_url: str, timeout: float = 5) -> outbox.Send:
    settings = Settings(_env_file=None, SLACK_BOT_TOKEN="xoxb-local", SLACK_API_URL=api_url)
    posting = web_client(settings)
    posting.timeout = timeout  # type: ignore[assignment]
    return Gateway(posting, web_client(settings, reading=True), Renderer()).send


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    with Workspace(users=PEOPLE, channels=CHANNELS, now=lambda: START) as running:
        yield running


def test_a_message_arrives_in_the_workspace_with_its_rows_id(desk: Desk, workspace: Workspace) -> None:
    with desk.database.write() as session:
        person = factories.person(session)
        session.get_one(Person, person).slack_user_id = LIN_WEI.id
    outbox_id = desk.write(Place(person_id=person), "你好")
    desk.write(Place(channel="#managers"), "hello")
    assert desk.deliver(send=real_send(workspace.api_url)) == 2
    (message,) = workspace.messages(workspace.dm(LIN_WEI.id))
    assert message.metadata == {
        "event_type": "tierbot_outbox",
        "event_payload": {"id": outbox_id, "attempt": 1},
    }
    assert desk.row(outbox_id).slack_ts == message.ts
    assert desk.row(outbox_id).slack_channel == workspace.dm(LIN_WEI.id) != workspace.dm(ANNA_SCHMIDT.id)
    assert len(workspace.messages("C0MANAGERS")) == 1


@pytest.mark.parametrize("how", [HANG_UP, HOLD, http("<html>"), http("", status="500 Oops")])
def test_whatever_happens_to_the_answer_there_is_exactly_one_call(desk: Desk, how: bytes | None) -> None:
    outbox_id = desk.write(EAST, "hello")
    with raw_server([how, http({"ok": True, "ts": "1", "channel": "C"})]) as server:
        for _ in range(3):
            desk.deliver(LEASE * 2, send=real_send(server.url, timeout=0.2))
        assert len(server.requests) == 1
    assert desk.row(outbox_id).state == "unknown"


def test_a_refused_connection_is_tried_again_until_it_works(desk: Desk, workspace: Workspace) -> None:
    outbox_id = desk.write(Place(channel="C0MANAGERS"), "hello")
    with raw_server([HANG_UP]) as server:
        gone = server.url
    assert desk.deliver(send=real_send(gone)) == 1
    assert (desk.row(outbox_id).state, desk.row(outbox_id).attempt) == ("pending", 1)
    assert desk.deliver(BACKOFF_CAP, send=real_send(workspace.api_url)) == 1
    assert (desk.row(outbox_id).state, desk.row(outbox_id).attempt) == ("sent", 2)
