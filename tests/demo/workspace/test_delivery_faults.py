"""Faults between Slack and the app: doubled, overtaken, reset, stalled and meaningless deliveries."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.error import URLError

import pytest
from slack_bolt import Ack, App, BoltRequest
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection
from websockets.sync.client import connect as connect_socket

from bot.demo.workspace import Workspace
from bot.demo.workspace.default_team import CHANNELS, PEOPLE
from tests.demo.workspace.conftest import Connect, close_handler
from tests.demo.workspace.test_http_mode import served
from tests.demo.workspace.test_interactions import GENERAL, LIN


class Seen:
    """The texts of the commands that an app received, with their retry numbers."""

    def __init__(self, expected: int) -> None:
        self.texts: list[str] = []
        self.retries: list[list[str] | None] = []
        self._lock = threading.Lock()
        self._expected = expected
        self._all = threading.Event()

    def register(self, app: App) -> None:
        @app.command("/tier")
        def tier(ack: Ack, body: dict[str, Any], request: BoltRequest) -> None:
            ack()
            with self._lock:
                self.texts.append(body["text"])
                self.retries.append(list(request.headers.get("x-slack-retry-num") or ()) or None)
                if len(self.texts) >= self._expected:
                    self._all.set()

    def wait(self) -> list[str]:
        assert self._all.wait(5), self.texts
        return self.texts


@contextmanager
def raw_socket(workspace: Workspace) -> Iterator[ClientConnection]:
    """A Socket Mode connection that answers nothing by itself."""
    opened = WebClient(base_url=workspace.api_url).apps_connections_open(app_token="xapp-local")
    with connect_socket(opened["url"], ping_interval=None, close_timeout=0.1) as socket:
        yield socket


def received(socket: ClientConnection, timeout: float = 2.0) -> Any:
    return json.loads(socket.recv(timeout))


def taken(socket: ClientConnection) -> Any:
    """The next envelope, acknowledged."""
    envelope = received(socket)
    socket.send(json.dumps({"envelope_id": envelope["envelope_id"]}))
    return envelope


@contextmanager
def asked(workspace: Workspace, text: str) -> Iterator[None]:
    """A command that waits for its answer in another thread."""
    person = threading.Thread(target=workspace.command, args=(LIN, GENERAL, "/tier", text))
    person.start()
    yield
    person.join(5)


def test_the_same_payload_comes_again_as_often_as_asked(workspace: Workspace, connect: Connect) -> None:
    seen = Seen(4)
    connect(seen.register)
    workspace.faults.switch("deliver_twice", copies=3, count=1)
    assert workspace.command(LIN, GENERAL, "/tier", "ACME").ok
    assert seen.wait() == ["ACME"] * 4
    assert workspace.command(LIN, GENERAL, "/tier", "once").ok
    assert seen.texts.count("once") == 1
    assert workspace.faults.struck == {"deliver_twice": 1}


def test_the_copy_of_an_envelope_arrives_on_the_other_connection(workspace: Workspace) -> None:
    workspace.faults.switch("deliver_twice", methods=["slash_commands"])
    with raw_socket(workspace) as one, raw_socket(workspace) as two:
        assert [received(socket)["type"] for socket in (one, two)] == ["hello", "hello"]
        workspace.wait_for_app(2)
        with asked(workspace, "ACME"):
            first, second = taken(one), taken(two)
    assert first["envelope_id"] == second["envelope_id"]
    assert [held["payload"]["text"] for held in (first, second)] == ["ACME", "ACME"]
    assert second["retry_attempt"] == 1


def test_over_http_the_copy_carries_slacks_retry_headers(workspace: Workspace, client: WebClient) -> None:
    seen = Seen(2)
    app = App(client=client, signing_secret="local-signing-secret", process_before_response=True)
    seen.register(app)
    with served(app) as url:
        workspace.deliver_by_http(url)
        workspace.faults.switch("deliver_twice", count=1)
        assert workspace.command(LIN, GENERAL, "/tier", "ACME").ok
        assert seen.wait() == ["ACME"] * 2
    assert sorted(map(str, seen.retries)) == ["None", "['1']"]


def test_a_payload_can_be_overtaken_by_the_next(workspace: Workspace, connect: Connect) -> None:
    seen = Seen(2)
    connect(seen.register)
    workspace.faults.switch("out_of_order", seconds=5, count=1)
    with asked(workspace, "first"):
        workspace.wait_for(lambda: workspace.faults.struck.get("out_of_order") == 1)
        workspace.command(LIN, GENERAL, "/tier", "second")
    assert seen.wait() == ["second", "first"]


def test_a_payload_that_nothing_overtakes_comes_after_a_while(workspace: Workspace, connect: Connect) -> None:
    seen = Seen(1)
    connect(seen.register)
    workspace.faults.switch("out_of_order", seconds=0.05)
    assert workspace.command(LIN, GENERAL, "/tier", "alone").ok
    assert seen.wait() == ["alone"]


def test_a_reset_loses_the_payload_and_the_connection(workspace: Workspace) -> None:
    with raw_socket(workspace) as socket:
        received(socket)
        workspace.wait_for_app()
        workspace.faults.switch("socket_reset", count=1)
        assert workspace.command(LIN, GENERAL, "/tier", "lost").error == "dispatch_failed"
        with pytest.raises(ConnectionClosed) as raised:
            socket.recv(2)
        assert isinstance(raised.value.__cause__, ConnectionResetError)
    workspace.wait_for(lambda: workspace.socket_mode.connected == 0)


def test_bolts_own_handler_connects_again_after_a_reset(workspace: Workspace, client: WebClient) -> None:
    seen = Seen(1)
    app = App(client=client, signing_secret="unused", process_before_response=True)
    seen.register(app)
    handler = SocketModeHandler(app, "xapp-local", ping_interval=0.2)
    handler.connect()  # type: ignore[no-untyped-call]
    try:
        workspace.wait_for_app()
        workspace.strike("socket_reset")
        workspace.wait_for(lambda: workspace.socket_mode.connected == 0)
        workspace.wait_for_app()
        assert workspace.command(LIN, GENERAL, "/tier", "after").ok
        assert seen.wait() == ["after"]
    finally:
        close_handler(workspace, handler)


def test_a_reset_some_time_after_the_hello_strikes_new_and_old_connections(workspace: Workspace) -> None:
    with raw_socket(workspace) as old:
        received(old)
        workspace.wait_for_app()
        workspace.faults.switch("socket_reset", seconds=0.1, count=2)
        with pytest.raises(ConnectionClosed):
            old.recv(2)
        with raw_socket(workspace) as new:
            received(new)
            with pytest.raises(ConnectionClosed):
                new.recv(2)
        assert workspace.faults.struck == {"socket_reset": 2}
        with raw_socket(workspace) as kept:
            received(kept)
            with pytest.raises(TimeoutError):
                kept.recv(0.15)


def test_a_stalled_connection_answers_no_ping_and_loses_its_share_until_another_connects(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with raw_socket(workspace) as socket:
        received(socket)
        workspace.wait_for_app()
        assert socket.ping().wait(2)
        workspace.strike("socket_stall")
        workspace.wait_for(lambda: workspace.faults.struck.get("socket_stall") == 1)
        assert not socket.ping().wait(0.15)
        with monkeypatch.context() as hurried:
            hurried.setattr(workspace.socket_mode, "_ack_seconds", 0.5)
            assert workspace.command(LIN, GENERAL, "/tier", "lost").error == "operation_timeout"
        with pytest.raises(TimeoutError):
            socket.recv(0)
        with raw_socket(workspace) as fresh:
            received(fresh)
            workspace.wait_for(lambda: workspace.socket_mode.connected == 1)
            with asked(workspace, "through"):
                assert taken(fresh)["payload"]["text"] == "through"


def test_connections_that_nobody_reads_are_counted_and_lose_their_share(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.faults.switch("ghosts")
    with raw_socket(workspace) as socket:
        assert received(socket)["num_connections"] == 2
        with asked(workspace, "through"):
            assert taken(socket)["payload"]["text"] == "through"
        with monkeypatch.context() as hurried:
            hurried.setattr(workspace.socket_mode, "_ack_seconds", 0.05)
            assert workspace.command(LIN, GENERAL, "/tier", "lost").error == "operation_timeout"
        workspace.faults.clear()
        with asked(workspace, "again"):
            assert taken(socket)["payload"]["text"] == "again"


def test_garbage_frames_stop_no_bolt_app(workspace: Workspace, connect: Connect) -> None:
    seen = Seen(1)
    connect(seen.register)
    workspace.faults.switch("socket_garbage", count=1)
    assert workspace.command(LIN, GENERAL, "/tier", "ACME").ok
    assert seen.wait() == ["ACME"]


def test_bytes_that_are_no_frame_end_the_connection(workspace: Workspace) -> None:
    with raw_socket(workspace) as socket:
        received(socket)
        workspace.wait_for_app()
        workspace.strike("socket_broken")
        with pytest.raises(ConnectionClosed):
            socket.recv(2)


@pytest.mark.parametrize("reason", ["refresh_requested", "warning", "too_many_websockets"])
def test_a_disconnect_says_why_and_closes_after_the_notice(workspace: Workspace, reason: str) -> None:
    with raw_socket(workspace) as socket:
        received(socket)
        workspace.wait_for_app()
        workspace.faults.switch("socket_disconnect", reason=reason, seconds=0.05, count=1)
        with asked(workspace, "still delivered"):
            assert taken(socket)["payload"]["text"] == "still delivered"
        assert received(socket) == {"type": "disconnect", "reason": reason}
        with pytest.raises(ConnectionClosed):
            socket.recv(2)


def test_a_connection_that_is_leaving_gets_nothing_more_while_another_stays(workspace: Workspace) -> None:
    with raw_socket(workspace) as leaving:
        received(leaving)
        workspace.wait_for_app()
        workspace.strike("socket_disconnect", reason="warning", seconds=30)
        assert received(leaving)["reason"] == "warning"
        with raw_socket(workspace) as staying:
            received(staying)
            workspace.wait_for_app(2)
            for text in ("one", "two"):
                with asked(workspace, text):
                    assert taken(staying)["payload"]["text"] == text


def test_a_late_hello_is_late(workspace: Workspace) -> None:
    workspace.faults.switch("hello_late", seconds=1, count=1)  # long enough to check before it comes
    begun = time.monotonic()
    with raw_socket(workspace) as socket:
        assert workspace.socket_mode.connected == 0
        assert received(socket)["type"] == "hello"
        assert time.monotonic() - begun >= 1
        workspace.wait_for_app()


def test_connections_are_refused_until_they_are_accepted_again(
    workspace: Workspace, client: WebClient
) -> None:
    with raw_socket(workspace) as socket:
        received(socket)
        workspace.wait_for_app()
        workspace.refuse_connections()
        with pytest.raises(ConnectionClosed):
            socket.recv(2)
    for _ in range(2):
        with pytest.raises(URLError, match="Connection refused"):
            client.auth_test()
    workspace.accept_connections()
    assert client.auth_test()["ok"]

    def refused_for(seconds: float) -> bool:
        workspace.refuse_connections(seconds)
        try:
            return not client.auth_test()
        except URLError as error:
            return "Connection refused" in str(error)

    # On a busy machine a short time can be over before the call is made.
    assert any(refused_for(seconds) for seconds in (0.1, 1, 10))
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with suppress(URLError):
            assert client.auth_test()["ok"]
            break
    with raw_socket(workspace) as socket:
        assert received(socket)["type"] == "hello"


def test_a_workspace_that_refuses_connections_can_be_stopped() -> None:
    with Workspace(users=PEOPLE, channels=CHANNELS) as workspace:
        workspace.refuse_connections()
    with Workspace(users=PEOPLE, channels=CHANNELS, port=workspace.port) as again:
        assert WebClient("xoxb-local", base_url=again.api_url).auth_test()["ok"]


def test_only_socket_faults_can_strike_the_connections_at_once(workspace: Workspace) -> None:
    with pytest.raises(ValueError, match="empty does not happen to a Socket Mode connection"):
        workspace.strike("empty")
