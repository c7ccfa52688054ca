"""Presses are acknowledged at once and done afterwards, once; over Socket Mode and signed HTTP, on both databases."""

import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from sqlalchemy import text

from bot.clock import SystemClock
from bot.demo.workspace import View, Workspace
from bot.demo.workspace.default_team import CHANNELS, PEOPLE
from bot.demo.workspace.wire.http_mode import HttpMode
from bot.slack import blocks, deferred
from bot.slack.server import HttpListener, SocketModeConnection
from bot.slack.transport.http_mode import PATH
from bot.wording.actions import Action
from bot.wording.message_base import Message
from bot.wording.rendering import Renderer
from db.engine import Database
from tests.slack.office import ANNA, NEWCOMER, ROOM, SECRET, Office, eventually, words

PATIENCE = 20.0  # seconds
POST, DONE, SNOOZE, WHY, EXACT, LOG = map(
    str, (Action.POST, Action.DONE, Action.SNOOZE, Action.WHY, Action.EXACT, Action.LOG_VISIT)
)


@pytest.fixture(params=["socket", "http"])
def office(
    request: pytest.FixtureRequest, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Office]:
    monkeypatch.setattr(deferred, "FORM_SECONDS", PATIENCE)
    # Patient, so that only what really waits for something else is late on a machine with much else to do.
    with Workspace(users=PEOPLE, channels=CHANNELS, ack_seconds=PATIENCE, monotonic=lambda: 0.0) as workspace:
        office = Office(workspace=workspace, database=database, folder=tmp_path, way=request.param)
        office.open()
        office.start()
        try:
            yield office
        finally:
            office.close()


def rows(office: Office, query: str) -> list[tuple[Any, ...]]:
    with office.database.read() as session:
        return [tuple(row) for row in session.execute(text(query))]


def press(user: str = ANNA, *, trigger: str = "T", action: str = "nobody_knows") -> dict[str, Any]:
    return {
        "type": "block_actions",
        "team": {"id": "T0LOCAL"},
        "user": {"id": user},
        "trigger_id": trigger,
        "actions": [{"action_id": action, "block_id": "b", "type": "button", "action_ts": "1.0"}],
    }


# --- buttons


@dataclass(frozen=True, kw_only=True)
class Praise(Message):
    """A message class that only this test has."""

    buttons: ClassVar = (Action.OPEN,)
    customer_id: int
    version: int
    name: str


def test_a_new_message_class_has_its_button_and_the_button_works(office: Office, tmp_path: Path) -> None:
    templates = tmp_path / "templates"
    templates.mkdir()
    (templates / "praise.jinja").write_text("{% block fallback %}Well done with {{ name }}{% endblock %}")
    praise = Praise(customer_id=office.globex, version=1, name="Globex")
    message = office.post(blocks.payload(Renderer(templates), praise, "en"))
    (button,) = (message.blocks or [])[-1]["elements"]
    assert (button["action_id"], button["text"]["text"]) == (Action.OPEN, "Show the card")
    assert office.workspace.click(ANNA, message, str(Action.OPEN)).ok
    eventually(lambda: any("Globex" in words(m) for m in office.said_to(ANNA)), "the card")


# --- acknowledged first


def test_presses_commands_and_forms_are_answered_at_once_while_somebody_else_writes(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    preview, reminder = office.preview(), office.reminder()
    office.workspace.click(ANNA, office.card(), LOG)
    form = eventually(lambda: office.workspace.view_of(ANNA), "the form")
    today = SystemClock().now().date()
    with office.locked():
        assert office.workspace.click(ANNA, preview, POST).ok
        assert office.workspace.click(ANNA, reminder, DONE).ok
        assert office.workspace.command(ANNA, ROOM, "/tier", "ACME").ok
        assert "ACME" in words(office.said_to(ANNA)[-1])
        assert office.workspace.command(NEWCOMER, ROOM, "/tier", "ACME").ok
        late = office.workspace.submit_view(ANNA, form, {"day": str(today + timedelta(days=2))})
        assert late.errors == {"day": "The day lies in the future. Choose today or an earlier day."}
        monkeypatch.setattr(deferred, "FORM_SECONDS", 0.1)
        busy = office.workspace.submit_view(ANNA, form, {"note": "They want a discount"})
        assert list(busy.errors) == ["due"]  # the form stays open, with what was typed
        assert "The database is busy" in busy.errors["due"]
        assert "Nothing of this has been saved" in busy.errors["due"]
        assert office.said_to_all() == [reminder]
    monkeypatch.setattr(deferred, "FORM_SECONDS", PATIENCE)
    assert office.workspace.submit_view(ANNA, form, {"note": "They want two"}).ok
    eventually(lambda: len(office.said_to_all()) == 2, "the shared card")
    eventually(lambda: "Done by" in words(office.now(reminder)), "the closed reminder")
    assert "*ACME*" in str(office.workspace.view_of(ANNA))
    eventually(lambda: office.said_to(NEWCOMER), "the newcomer's answer")
    assert office.bots[0].front.deferred.close(PATIENCE) == 0
    # What was given up stays undone.
    assert rows(office, "SELECT note FROM activity WHERE external_id LIKE 'view:%'") == [("They want two",)]


def test_slow_work_delays_no_acknowledgement_and_no_view(office: Office) -> None:
    preview, card = office.preview(), office.card()
    with office.busy() as going_on, ThreadPoolExecutor(20) as people:
        assert all(people.map(lambda _: office.workspace.click(ANNA, preview, POST).ok, range(100)))
        assert office.workspace.command(ANNA, ROOM, "/tier", "ACME").ok
        assert office.workspace.click(ANNA, card, WHY).ok
        eventually(lambda: office.workspace.view_of(ANNA), "the breakdown")
        assert not going_on.is_set()
        assert office.said_to_all() == []


def test_the_exact_figures_open_on_top_of_why(office: Office) -> None:
    def opened() -> View:
        view = office.workspace.view_of(ANNA)
        assert view is not None
        return view

    def title() -> str | None:
        view = office.workspace.view_of(ANNA)
        return view.spec["title"]["text"] if view else None

    assert office.workspace.click(ANNA, office.card(), WHY).ok
    eventually(lambda: title() == "Why this tier", "the breakdown")
    assert office.workspace.click(ANNA, opened(), EXACT).ok
    eventually(lambda: title() == "Figure by figure", "the figures")
    office.workspace.close_view(ANNA, opened())
    assert title() == "Why this tier"


def test_a_press_that_would_wait_too_long_is_not_acknowledged(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(office.bots[0].front.deferred.writes, "_most", deferred.WRITERS)
    preview = office.preview()
    with office.busy(), monkeypatch.context() as hurried:
        hurried.setattr(office.workspace.socket_mode, "_ack_seconds", 0.5)
        outcome = office.workspace.click(ANNA, preview, POST)
    assert outcome.error in ("dispatch_failed", "operation_timeout")
    eventually(lambda: not office.bots[0].front.deferred.writes.unfinished, "free threads")
    assert office.workspace.click(ANNA, preview, POST).ok
    eventually(lambda: len(office.said_to_all()) == 1, "the shared card")


def test_what_was_acknowledged_is_finished_before_the_end(office: Office) -> None:
    preview, (bot,) = office.preview(), office.bots
    with office.busy() as going_on, ThreadPoolExecutor(1) as stopping:
        assert office.workspace.click(ANNA, preview, POST).ok
        # What is answered is begun a moment later, in the thread that answered it.
        eventually(lambda: bot.front.deferred.writes.unfinished > deferred.WRITERS, "the press in the pool")
        ended = stopping.submit(bot.front.deferred.close, 10)
        going_on.set()
        assert ended.result(10) == 0
    assert len(office.said_to_all()) == 1


def test_what_comes_after_the_threads_were_told_to_end_is_done_all_the_same(office: Office) -> None:
    preview, (bot,) = office.preview(), office.bots
    assert bot.front.deferred.close(10) == 0
    assert office.workspace.click(ANNA, preview, POST).ok
    eventually(lambda: len(office.said_to_all()) == 1, "the shared card")


def test_the_end_waits_no_longer_than_it_may(office: Office) -> None:
    preview, (bot,) = office.preview(), office.bots
    with office.busy():
        assert office.workspace.click(ANNA, preview, POST).ok
        eventually(lambda: bot.front.deferred.writes.unfinished > deferred.WRITERS, "the press in the pool")
        assert bot.front.deferred.close(0.2) == deferred.WRITERS + 1


# --- what nobody listens to


UNHEARD: list[tuple[str, dict[str, Any]]] = [
    ("events_api", {"type": "event_callback", "team_id": "T0LOCAL", "event": {"type": "team_join"}}),
    (
        "events_api",
        {"type": "event_callback", "team_id": "T0LOCAL", "event": {"type": "message", "text": "hi"}},
    ),
    ("slash_commands", {"command": "/unheard", "text": "", "team_id": "T0LOCAL", "user_id": ANNA}),
    ("interactive", press()),
    (
        "interactive",
        {"type": "shortcut", "callback_id": "x", "team": {"id": "T0LOCAL"}, "user": {"id": ANNA}},
    ),
    ("interactive", {"type": "from_the_future", "team": {"id": "T0LOCAL"}, "user": {"id": ANNA}}),
    (
        "interactive",
        {
            "type": "view_submission",
            "team": {"id": "T0LOCAL"},
            "user": {"id": ANNA},
            "view": {"id": "V1", "type": "modal", "callback_id": "x", "state": {"values": {}}},
        },
    ),
    (
        "interactive",
        {
            "type": "view_closed",
            "team": {"id": "T0LOCAL"},
            "user": {"id": ANNA},
            "view": {"id": "V1", "type": "modal", "callback_id": "x"},
        },
    ),
]


def test_what_nobody_listens_to_is_acknowledged(office: Office) -> None:
    for kind, payload in UNHEARD:
        assert office.deliver(kind, payload) == {}, payload


# --- once


def test_a_press_that_is_delivered_four_times_to_two_processes_has_one_effect(office: Office) -> None:
    office.start()
    preview, reminder = office.preview(), office.reminder()
    first = office.bots[0].way
    if isinstance(first, HttpListener):
        here = office.workspace.interactions.delivery
        there = HttpMode(
            f"http://127.0.0.1:{first.server.port}{PATH}",
            signing_secret=SECRET,
            ack_seconds=PATIENCE,
            now=SystemClock().now,
            faults=office.workspace.faults,
        )

        class Both:
            async def deliver(self, kind: str, payload: Any, *, accepts_payload: bool) -> Any:
                await there.deliver(kind, payload, accepts_payload=accepts_payload)
                return await here.deliver(kind, payload, accepts_payload=accepts_payload)

        office.workspace.interactions.delivery = Both()
    office.workspace.faults.switch("deliver_twice", copies=3, methods=["interactive"])
    assert office.workspace.click(ANNA, preview, POST).ok
    assert office.workspace.click(ANNA, reminder, SNOOZE).ok
    eventually(lambda: len(office.said_to_all()) == 2, "the shared card")
    eventually(lambda: "Snoozed" in words(office.now(reminder)), "the snoozed reminder")
    for bot in office.bots:
        assert bot.front.deferred.close(PATIENCE) == 0
    assert len(office.said_to_all()) == 2
    assert len(office.said_to(ANNA)) == 1  # the card, and no message that somebody was faster
    assert office.workspace.faults.struck["deliver_twice"] >= 2


def test_a_double_click_shares_once_and_closes_once(office: Office) -> None:
    preview, reminder = office.preview(), office.reminder()
    for message, action in ((preview, POST), (reminder, DONE)):
        loop_press = office.workspace.interactions.act  # as seen, before what it became
        for _ in range(2):
            office.workspace.run(loop_press(ANNA, message, action))
    eventually(lambda: "Done by" in words(office.now(reminder)), "the closed reminder")
    eventually(lambda: len(office.said_to(ANNA)) == 3, "two sentences")
    assert len(office.said_to_all()) == 2
    told = sorted(words(message) for message in office.said_to(ANNA)[1:])
    assert "Somebody has dealt with this reminder already." in told[0]
    assert "This card has been shared already." in told[1]


def test_a_form_that_is_sent_twice_is_written_once(office: Office) -> None:
    office.workspace.click(ANNA, office.card(), LOG)
    form = eventually(lambda: office.workspace.view_of(ANNA), "the form")
    office.workspace.faults.switch("deliver_twice", copies=3, methods=["interactive"])
    for _ in range(2):
        office.workspace.run(office.workspace.interactions.submit_named(ANNA, form, {}))
    assert "*ACME*" in str(office.workspace.view_of(ANNA))
    assert office.bots[0].front.deferred.close(PATIENCE) == 0
    assert rows(office, "SELECT count(*) FROM activity") == [(1,)]


def test_an_exact_replay_of_a_signed_request_has_no_second_effect(office: Office) -> None:
    if office.way != "http":
        return
    sent: list[urllib.request.Request] = []
    preview = office.preview()
    opened = urllib.request.urlopen

    def keep(request: Any, **how: Any) -> Any:
        if isinstance(request, urllib.request.Request) and request.full_url.endswith(PATH):
            sent.append(request)
        return opened(request, **how)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(urllib.request, "urlopen", keep)
        assert office.workspace.click(ANNA, preview, POST).ok
    (request,) = sent
    for _ in range(3):
        with opened(request, timeout=5) as answer:
            assert answer.status == 200
    assert office.bots[0].front.deferred.close(PATIENCE) == 0
    assert len(office.said_to_all()) == 1
    assert len(office.said_to(ANNA)) == 1


def test_what_strangers_post_and_what_is_broken_is_refused_and_has_no_effect(office: Office) -> None:
    if office.way != "http":
        return
    delivery = office.workspace.interactions.delivery
    assert isinstance(delivery, HttpMode)
    for kind, refusals in (("forged", [401] * 5), ("broken_body", [400] * 4)):
        preview = office.preview()
        delivery.refusals.clear()
        office.workspace.faults.switch(kind)
        assert office.workspace.click(ANNA, preview, POST).ok
        office.workspace.faults.clear()
        assert delivery.refusals == refusals
    assert office.bots[0].front.deferred.close(PATIENCE) == 0
    eventually(lambda: len(office.said_to_all()) == 2, "the two shared cards")


def test_what_was_not_acknowledged_is_not_done(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over Socket Mode the connection can be gone; Slack has told the person that it failed."""
    if office.way != "socket":
        return
    preview, (bot,) = office.preview(), office.bots
    assert isinstance(bot.way, SocketModeConnection)

    def broken(*_: Any) -> None:
        raise ConnectionResetError

    with monkeypatch.context() as gone:
        gone.setattr(office.workspace.socket_mode, "_ack_seconds", 0.5)
        gone.setattr(bot.way.keeper, "send", broken)
        assert office.workspace.click(ANNA, preview, POST).error == "operation_timeout"
    assert office.workspace.click(ANNA, preview, POST).ok
    eventually(lambda: len(office.said_to_all()) == 1, "the shared card")


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("expired_trigger_id", "It took too long to open, and Slack allows only three seconds. Press again."),
        ("invalid_trigger_id", "It took too long to open, and Slack allows only three seconds. Press again."),
        ("ratelimited", "Slack asks Tierbot to slow down. Try again in a minute."),
        (
            "org_login_required",
            "Slack refuses what Tierbot needs for that (org_login_required). Ask your admin",
        ),
        ("internal_error", "Slack has trouble of its own (internal_error). Try again in a few minutes."),
        ("view_too_large", "reference"),  # a fault of ours
    ],
)
def test_why_slack_opens_no_view_is_said_to_the_person_who_pressed(
    office: Office, code: str, sentence: str
) -> None:
    card = office.card()
    assert office.workspace.click(ANNA, card, WHY).ok
    view = eventually(lambda: office.workspace.view_of(ANNA), "the explanation")
    before = len(office.said_to(ANNA))
    office.workspace.faults.switch("error", code=code, methods=["views.open", "views.push"])
    assert office.workspace.click(ANNA, card, WHY).ok
    eventually(lambda: len(office.said_to(ANNA)) > before, "the sentence")
    assert sentence in words(office.said_to(ANNA)[-1])
    assert office.workspace.click(ANNA, view, EXACT).ok  # in a view there is no response_url
    dm = office.workspace.dm(ANNA)
    eventually(lambda: any(sentence in words(m) for m in office.workspace.messages(dm)), "the message")
