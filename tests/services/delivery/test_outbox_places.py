"""Messages to one address keep their order, wait for people not yet in Slack, and reach the local workspace."""

import hashlib
import random
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.demo.workspace import Workspace
from bot.demo.workspace.default_team import ANNA_SCHMIDT, CHANNELS, LIN_WEI, PEOPLE
from bot.demo.workspace.platform import ALL_SCOPES
from bot.services.delivery.worker import Step, WorkerOptions
from bot.services.recipients import Place
from bot.settings import Settings
from bot.slack.gateway import Gateway, web_client
from bot.wording.rendering import Renderer
from db.book.people import Person
from db.engine import Database
from db.outbox.messages import counts
from tests import factories
from tests.conftest import OpenAnother
from tests.services.delivery.ledger import Fault
from tests.services.delivery.outbox_harness import EAST, SECOND, SETTLE, UNPACED, WEST, Harness
from tests.slack.raw_server import HANG_UP, HOLD, http, raw_server

BACKOFF_BASE = WorkerOptions().backoff_base


@pytest.fixture
def harness(database: Database) -> Harness:
    return Harness(database)


def posts(harness: Harness) -> list[tuple[str, str]]:
    return [(entry.where, entry.text) for entry in harness.slack.entries]


def test_messages_to_one_address_keep_their_order_when_the_first_must_wait(harness: Harness) -> None:
    for text in "abc":
        harness.write(EAST, text)
    harness.write(WEST, "x")
    left: list[Fault] = ["unreachable"]
    harness.slack.faults = lambda where, text: left.pop() if text == "a" and left else ""
    harness.deliver()
    assert posts(harness) == [("C0WEST", "x")]
    harness.deliver(BACKOFF_BASE * 2)
    assert posts(harness) == [("C0WEST", "x"), *(("C0EAST", text) for text in "abc")]


def test_an_address_that_another_worker_sends_to_is_skipped(harness: Harness) -> None:
    for text in "ab":
        harness.write(EAST, text)
    seen: list[list[tuple[str, str]]] = []

    def meanwhile(step: str) -> None:
        if step == Step.SEND_BEFORE and not seen:
            seen.append([])
            harness.write(WEST, "x")
            harness.deliver()
            seen[0] += posts(harness)

    harness.deliver(on_step=meanwhile)
    assert seen == [[("C0WEST", "x")]]
    assert harness.states() == ["sent"] * 3


def test_dead_and_unknown_messages_do_not_hold_up_others(harness: Harness) -> None:
    for text in ("dead", "lost", "fine"):
        harness.write(EAST, text)
    faults: dict[str, Fault] = {"dead": "refused", "lost": "lost", "fine": ""}
    harness.slack.faults = lambda where, text: faults[text]
    harness.deliver()
    assert harness.states() == ["dead", "unknown", "sent"]


def test_two_processes_at_once_send_each_message_once_and_in_order(open_another: OpenAnother) -> None:
    harnesses = [Harness(open_another()) for _ in range(2)]
    for number in range(12):
        harnesses[0].write((EAST, WEST)[number % 2], f"{number:02}")
    for harness in harnesses:
        harness.slack = harnesses[0].slack
        harness.rng = random.Random(id(harness))

    def work(harness: Harness) -> None:
        while not set(harness.states()) <= {"sent"}:
            harness.deliver()

    threads = [threading.Thread(target=work, args=[harness]) for harness in harnesses]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(harnesses[0].slack.texts()) == [f"{number:02}" for number in range(12)]
    for place in ("C0EAST", "C0WEST"):
        texts = [text for where, text in posts(harnesses[0]) if where == place]
        assert texts == sorted(texts)


def test_messages_to_people_not_yet_in_slack_wait_until_they_are(harness: Harness) -> None:
    with harness.database.write() as session:
        anna = factories.person(session, slack=False)
    harness.write(Place(person_id=anna), "hello")
    harness.write(EAST, "others go on")
    assert harness.deliver() == 1
    with harness.database.write() as session:
        session.get_one(Person, anna).slack_user_id = "U0ANNA"
    assert harness.deliver(timedelta(days=2)) == 1
    assert posts(harness) == [("C0EAST", "others go on"), ("U0ANNA", "hello")]


def test_nothing_is_sent_to_a_person_who_was_switched_off(harness: Harness) -> None:
    with harness.database.write() as session:
        anna = factories.person(session)
    outbox_id = harness.write(Place(person_id=anna), "confidential")
    with harness.database.write() as session:
        session.get_one(Person, anna).active = False
    assert harness.deliver() == 0
    assert (harness.row(outbox_id).state, harness.row(outbox_id).error_class) == ("dead", "left")


def test_one_pass_sends_at_most_as_many_as_asked(harness: Harness) -> None:
    for number in range(5):
        harness.write(EAST, str(number))
    assert harness.deliver(most=3) == 3
    with harness.database.read() as session:
        assert counts(session) == {"sent": 3, "pending": 2}


def real_slack(api_url: str, timeout: float = 5) -> Gateway:
    settings = Settings(_env_file=None, SLACK_BOT_TOKEN="xoxb-local", SLACK_API_URL=api_url)
    posting = web_client(settings)
    posting.timeout = timeout  # type: ignore[assignment]
    return Gateway(posting, web_client(settings, reading=True), Renderer())


@pytest.fixture
def workspace(harness: Harness) -> Iterator[Workspace]:
    with Workspace(users=PEOPLE, channels=CHANNELS, now=harness.clock.now) as running:
        yield running


def test_a_message_arrives_in_the_workspace_with_the_id_of_its_row(
    harness: Harness, workspace: Workspace
) -> None:
    with harness.database.write() as session:
        person = factories.person(session)
        session.get_one(Person, person).slack_user_id = LIN_WEI.id
    outbox_id = harness.write(Place(person_id=person), "你好")
    harness.write(Place(channel="#managers"), "hello")
    assert harness.deliver(slack=real_slack(workspace.api_url)) == 2
    (message,) = workspace.messages(workspace.dm(LIN_WEI.id))
    assert message.metadata is not None
    payload = message.metadata["event_payload"]
    assert (payload["id"], payload["attempt"], len(payload["key"])) == (outbox_id, 1, 16)
    assert harness.row(outbox_id).slack_ts == message.ts
    assert harness.row(outbox_id).slack_channel == workspace.dm(LIN_WEI.id) != workspace.dm(ANNA_SCHMIDT.id)
    assert len(workspace.messages("C0MANAGERS")) == 1


@pytest.mark.parametrize("how", [HANG_UP, HOLD, http("<html>"), http("", status="500 Oops")])
def test_after_any_lost_answer_there_is_one_call_and_then_one_history(
    harness: Harness, how: bytes | None
) -> None:
    outbox_id = harness.write(EAST, "hello")
    key = hashlib.sha256(b"channel:C0EAST:hello").hexdigest()[:16]
    history = {
        "ok": True,
        "messages": [
            {
                "ts": "7.5",
                "metadata": {
                    "event_type": "tierbot_outbox",
                    "event_payload": {"id": outbox_id, "attempt": 1, "key": key},
                },
            }
        ],
    }
    with raw_server([http({"ok": True, "channel": {"id": "C0EAST"}}), how, http(history)]) as server:
        slack = real_slack(server.url, timeout=0.2)
        harness.deliver(slack=slack)
        assert harness.row(outbox_id).state == "unknown"
        harness.deliver(SETTLE, slack=slack)
        posts = [b"event_type" in request for request in server.requests]
        histories = [b"include_all_metadata" in request for request in server.requests]
        assert (posts, histories) == ([False, True, False], [False, False, True])
    assert (harness.row(outbox_id).state, harness.row(outbox_id).slack_ts) == ("sent", "7.5")


def test_lost_answers_are_settled_from_the_history_of_channels_and_direct_messages(
    harness: Harness, workspace: Workspace
) -> None:
    with harness.database.write() as session:
        person = factories.person(session)
        session.get_one(Person, person).slack_user_id = LIN_WEI.id
    slack = real_slack(workspace.api_url)
    harness.write(Place(channel="#managers"), "known by its name")
    harness.deliver(slack=slack)
    harness.write(Place(person_id=person), "你好")
    harness.write(Place(channel="C0MANAGERS"), "hello")
    harness.write(Place(channel="#managers"), "by its name")
    workspace.faults.switch("lost_closed")
    harness.deliver(slack=slack)
    workspace.faults.clear()
    assert harness.states() == ["sent", "unknown", "unknown", "unknown"]
    harness.deliver(SETTLE, slack=slack)
    harness.deliver(SETTLE, slack=slack)
    assert harness.states() == ["sent"] * 4
    assert len(workspace.messages("C0MANAGERS")) == 3
    assert len(workspace.messages(workspace.dm(LIN_WEI.id))) == 1
    assert harness.tallies()["reconciled_found_total"] == 3


def test_a_refused_connection_is_tried_again_until_it_works(harness: Harness, workspace: Workspace) -> None:
    outbox_id = harness.write(Place(channel="C0MANAGERS"), "hello")
    with raw_server([HANG_UP]) as server:
        gone = server.url
    assert harness.deliver(slack=real_slack(gone)) == 1
    assert (harness.row(outbox_id).state, harness.row(outbox_id).attempt) == ("pending", 1)
    assert harness.deliver(timedelta(minutes=15), slack=real_slack(workspace.api_url)) == 1
    assert (harness.row(outbox_id).state, harness.row(outbox_id).attempt) == ("sent", 2)


def test_an_alert_for_a_channel_that_another_company_reads_goes_to_the_firms_channel(
    database: Database, workspace: Workspace
) -> None:
    harness = Harness(database, replace(UNPACED, fallback_channel="C0MANAGERS"))
    general = workspace.state.channel("C0GENERAL")
    workspace.state.put_channel(replace(general, shared_with=frozenset({"T0OTHER"})))
    outbox_id = harness.write(Place(channel="C0GENERAL"), "A to B")
    for _ in range(2):
        harness.deliver(SECOND, slack=real_slack(workspace.api_url))
    row = harness.row(outbox_id)
    assert (row.state, row.error_class) == ("dead", "external")
    assert row.error == "people of another company read the channel"
    assert [len(workspace.messages(channel)) for channel in ("C0GENERAL", "C0MANAGERS")] == [0, 1]


def test_a_channel_that_the_bot_may_not_look_at_waits_and_loses_nothing(
    harness: Harness, workspace: Workspace
) -> None:
    outbox_id = harness.write(Place(channel="C0MANAGERS"), "hello")
    workspace.platform.scopes = workspace.platform.scopes - {"channels:read", "groups:read", "im:read"}
    harness.deliver(slack=real_slack(workspace.api_url))
    row = harness.row(outbox_id)
    assert (row.state, row.attempt, row.error_class) == ("pending", 0, "missing_scope")
    workspace.platform.scopes = ALL_SCOPES
    harness.deliver(timedelta(minutes=15), slack=real_slack(workspace.api_url))
    assert harness.row(outbox_id).state == "sent"
