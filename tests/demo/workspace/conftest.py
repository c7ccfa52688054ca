"""A workspace with the default team, and a real Bolt app connected to it over Socket Mode."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from bot.demo.workspace import Command, Workspace
from bot.demo.workspace.default_team import CHANNELS, PEOPLE

PATIENCE = 20.0  # seconds; only what is never acknowledged waits so long
MORNING = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)

Connect = Callable[[Callable[[App], None]], App]


class Stopwatch:
    """A monotonic clock that moves when told to."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def stopwatch() -> Stopwatch:
    return Stopwatch()


@pytest.fixture
def workspace(stopwatch: Stopwatch) -> Iterator[Workspace]:
    with Workspace(
        users=PEOPLE,
        channels=CHANNELS,
        now=lambda: MORNING,
        commands=[Command(name="/tier", usage_hint="CUSTOMER", description="Ask for a tier")],
        events=["app_home_opened", "message.im"],
        ack_seconds=PATIENCE,
        monotonic=stopwatch,
    ) as running:
        yield running


@pytest.fixture
def client(workspace: Workspace) -> WebClient:
    return WebClient("xoxb-local", base_url=workspace.api_url, retry_handlers=[])


def close_handler(workspace: Workspace, handler: SocketModeHandler) -> None:
    """Close at once: slack_sdk's own close first waits 3 s for a read, and fails when both sides close together.

    Then its thread that waits for messages looks only once a second whether it is over; nothing as a message wakes it.
    """
    handler.client.auto_reconnect_enabled = False
    workspace.disconnect_app()
    deadline = time.monotonic() + 5
    while handler.client.is_connected() and time.monotonic() < deadline:
        time.sleep(0.005)
    handler.client.closed = True
    handler.client.message_queue.put(None)  # type: ignore[arg-type]
    handler.close()


@pytest.fixture
def connect(workspace: Workspace, client: WebClient) -> Iterator[Connect]:
    """Connects an app whose listeners the test registers."""
    with ExitStack() as ended:

        def connect_app(register: Callable[[App], None]) -> App:
            app = App(client=client, signing_secret="unused", process_before_response=True)
            register(app)
            handler = SocketModeHandler(app, "xapp-local")
            ended.callback(lambda: close_handler(workspace, handler))
            handler.connect()
            workspace.wait_for_app()
            return app

        yield connect_app
