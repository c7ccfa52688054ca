"""The workspace controlled from another process: faults, the ledger, and actions of people."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from slack_bolt import Ack, App
from slack_sdk import WebClient

from bot.demo.workspace import Workspace
from tests.demo.workspace.test_http_mode import served
from tests.demo.workspace.test_interactions import GENERAL, LIN, button, card, modal, text_input

Answer = dict[str, Any]


class Control:
    """Calls /control/ as a harness does."""

    def __init__(self, url: str) -> None:
        self.url = url

    def _ask(self, request: urllib.request.Request) -> Answer:
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return dict(json.loads(answer.read()))
        except urllib.error.HTTPError as error:
            with error:
                text = error.read().decode()
            return {"status": error.code, "text": text} | (json.loads(text) if error.code == 400 else {})

    def get(self, path: str) -> Answer:
        return self._ask(urllib.request.Request(f"{self.url}/control/{path}"))

    def post(self, name: str, headers: dict[str, str] | None = None, /, **body: Any) -> Answer:
        data = json.dumps(body).encode()
        return self._ask(urllib.request.Request(f"{self.url}/control/{name}", data, headers or {}))


@pytest.fixture(scope="module")
def process() -> Iterator[tuple[str, Control]]:
    """`python -m bot.demo.workspace --control`."""
    command = [sys.executable, "-m", "bot.demo.workspace", "--control", "--seed", "7", "--ack-seconds", "2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        url = running.stdout.readline().strip()
        yield url, Control(url)
        running.send_signal(signal.SIGTERM)
        assert running.wait(10) == 0


def test_a_harness_switches_faults_and_reads_the_ledger_from_another_process(
    process: tuple[str, Control],
) -> None:
    url, control = process
    client = WebClient("xoxb-local", base_url=f"{url}/api/", retry_handlers=[])
    answer = control.post(
        "faults", switch=[{"kind": "error", "name": "once", "code": "fatal_error", "count": 1}]
    )
    assert answer["on"]["once"]["code"] == "fatal_error"
    before = control.get("ledger")["total"]
    metadata = {"event_type": "tierbot_outbox", "event_payload": {"id": 1}}
    with pytest.raises(Exception, match="fatal_error"):
        client.chat_postMessage(channel=GENERAL, text="refused", metadata=metadata)
    client.chat_postMessage(channel=GENERAL, text="stored", metadata=metadata)
    ledger = control.get(f"ledger?since={before}")
    assert [(post["text"], post["metadata"]) for post in ledger["posts"]] == [("stored", metadata)]
    assert ledger["struck"] == {"once": 1}
    assert control.get("faults")["on"] == {}
    assert control.post("faults", forget_rates=True)["ok"]
    assert control.get("ledger")["rates"]["calls"] == 0


def test_a_harness_acts_for_people_and_sees_what_they_see(process: tuple[str, Control]) -> None:
    url, control = process
    client = WebClient("xoxb-local", base_url=f"{url}/api/", retry_handlers=[])
    app = App(client=client, signing_secret="local-signing-secret", process_before_response=True)
    app.command("/tier")(lambda ack, body: ack(text=body["text"], blocks=card(button("log"))))
    app.view("visit")(lambda ack: ack())

    @app.action("log")
    def log(ack: Ack, client: WebClient, body: dict[str, Any]) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=modal(text_input()))

    assert control.post("command", user=LIN, channel="#general", name="/tier")["error"] == "dispatch_failed"
    with served(app) as request_url:
        control.post("delivery", request_url=request_url)
        assert control.post("command", user=LIN, channel="#general", name="/tier", text="ACME")["ok"]
        shown = control.get(f"messages?channel={GENERAL}&viewer={LIN}")["messages"][-1]
        assert (shown["text"], shown["only_for"]) == ("ACME", LIN)
        assert control.post("click", user=LIN, channel=GENERAL, ts=shown["ts"], action_id="log")["ok"]
        assert control.get(f"views?user={LIN}")["modal"]["callback_id"] == "visit"
        assert control.post("submit", user=LIN, values={})["errors"].keys() == {"note"}
        assert control.post("submit", user=LIN, values={"note": "by phone"})["ok"]
        assert control.get(f"views?user={LIN}")["modal"] is None
    control.post("delivery", request_url=None)


def test_a_harness_has_connections_refused_for_a_while(process: tuple[str, Control]) -> None:
    url, control = process
    client = WebClient("xoxb-local", base_url=f"{url}/api/", retry_handlers=[])

    def refused_for(seconds: float) -> bool:
        assert control.post("refuse", seconds=seconds)["ok"]
        try:
            return not client.auth_test()
        except urllib.error.URLError as error:
            return "Connection refused" in str(error)

    # On a busy machine a short time can be over before the call is made.
    assert any(refused_for(seconds) for seconds in (0.2, 1, 10))
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with suppress(urllib.error.URLError):
            assert client.auth_test()["ok"]
            break
    assert control.get("faults")["ok"]


def test_an_archived_channel_takes_no_post_but_that_of_a_person_who_left_does(
    process: tuple[str, Control],
) -> None:
    url, control = process
    client = WebClient("xoxb-local", base_url=f"{url}/api/", retry_handlers=[])
    assert control.post("channel", channel="#managers", is_archived=True)["ok"]
    assert control.post("user", user="U0OMAR", deleted=True)["ok"]
    with pytest.raises(Exception, match="is_archived"):
        client.chat_postMessage(channel="C0MANAGERS", text="x")
    assert client.chat_postMessage(channel="U0OMAR", text="x")["ok"]


@pytest.mark.parametrize(
    ("name", "body", "sentence"),
    [
        ("faults", {"switch": [{"kind": "lost"}]}, "There is no fault 'lost'"),
        ("faults", {"swich": []}, "Not clear, switch, strike or forget_rates: swich."),
        ("faults", {"strike": [{"kind": "empty"}]}, "empty does not happen to a Socket Mode connection."),
        ("command", {"user": LIN}, "'channel' is missing."),
        ("submit", {"user": LIN}, f"{LIN} has no form open."),
        ("say", {"user": "U0NOBODY", "channel": GENERAL, "text": "x"}, "user_not_found"),
    ],
)
def test_a_request_that_fails_is_answered_with_a_sentence(
    process: tuple[str, Control], name: str, body: Answer, sentence: str
) -> None:
    answer = process[1].post(name, **body)
    assert answer["status"] == 400
    assert answer["error"].startswith(sentence)


def test_no_page_and_no_foreign_host_name_reaches_the_control(process: tuple[str, Control]) -> None:
    url, control = process
    for headers in ({"Origin": url}, {"Origin": "http://evil.example"}, {"Host": "evil.example"}):
        assert control.post("faults", headers, clear=[])["status"] == 403


def test_there_is_no_control_endpoint_by_default(workspace: Workspace) -> None:
    assert Control(workspace.url).get("faults")["status"] == 404
    assert Control(workspace.url).post("faults", clear=[])["status"] == 404
