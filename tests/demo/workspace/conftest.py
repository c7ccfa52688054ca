"""A workspace with the default team, a real Bolt app connected to it over Socket Mode, and its page in a browser."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from bot.demo.workspace import Command, Shortcut, Workspace
from bot.demo.workspace.default_team import CHANNELS, PEOPLE

PATIENCE = 20.0  # seconds; only a payload that is never acknowledged waits so long
MORNING = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
expect.set_options(timeout=20_000)  # ms; how long a shared machine may take
needs_browser = pytest.mark.skipif(
    CHROMIUM is None, reason="The page is tested in Debian's chromium, which is not installed here."
)

Connect = Callable[[Callable[[App], None]], App]


class Stopwatch:
    """A monotonic clock that the test sets."""

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
        shortcuts=[Shortcut(name="Keep this", callback_id="keep", description="Keep the message")],
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

    Its thread that waits for messages checks only once a second whether it is closed; a None wakes it.
    """
    handler.client.auto_reconnect_enabled = False
    workspace.disconnect_app()
    deadline = time.monotonic() + 5
    while handler.client.is_connected() and time.monotonic() < deadline:
        time.sleep(0.005)
    handler.client.closed = True
    handler.client.message_queue.put(None)
    handler.close()  # type: ignore[no-untyped-call]


@pytest.fixture
def connect(workspace: Workspace, client: WebClient) -> Iterator[Connect]:
    """Connects an app whose listeners the test registers."""
    with ExitStack() as ended:

        def connect_app(register: Callable[[App], None]) -> App:
            app = App(client=client, signing_secret="unused", process_before_response=True)
            register(app)
            handler = SocketModeHandler(app, "xapp-local")
            ended.callback(lambda: close_handler(workspace, handler))
            handler.connect()  # type: ignore[no-untyped-call]
            workspace.wait_for_app()
            return app

        yield connect_app


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser, workspace: Workspace) -> Iterator[Page]:
    """A page that has shown no error by the end of the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
    faults: list[str] = []
    opened = context.new_page()
    opened.set_default_timeout(10_000)
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    opened.goto(workspace.url)
    expect(opened.get_by_test_id("channel")).not_to_have_count(0)
    yield opened
    context.close()
    assert faults == []
