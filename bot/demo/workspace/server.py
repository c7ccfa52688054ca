"""The local workspace: a small Slack on 127.0.0.1, in a thread of its own."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Self, TypeVar

from starlette.applications import Starlette

from bot.clock import SystemClock
from bot.demo.workspace.api.calls import WebApi
from bot.demo.workspace.control import ControlEndpoint
from bot.demo.workspace.faults.connections import HttpConnection, Listener, SocketConnection
from bot.demo.workspace.faults.kinds import Faults, describe_socket_fault
from bot.demo.workspace.faults.ledger import Ledger, Post, PostRate
from bot.demo.workspace.limits.elements import Inputs
from bot.demo.workspace.page.controls import Control, Controls
from bot.demo.workspace.page.routes import Page
from bot.demo.workspace.platform import ALL_SCOPES, Platform
from bot.demo.workspace.records import Channel, Command, Outcome, Shortcut, StoredMessage, User, View
from bot.demo.workspace.state.memory import State
from bot.demo.workspace.state.tickets import Tickets
from bot.demo.workspace.state.views import Views
from bot.demo.workspace.wire.guard import Guard
from bot.demo.workspace.wire.http_mode import HttpMode
from bot.demo.workspace.wire.interactions import Interactions
from bot.demo.workspace.wire.socket_mode import SocketMode
from bot.server import Server, serve

HOST = "127.0.0.1"
Answer = TypeVar("Answer")


class Workspace:
    """People, channels, the Web API, Socket Mode and the page.

    Use it as a context manager, or call `start` and `stop`. The methods that act for a person wait until the
    app has acknowledged, or until Slack would have given up, and return what the person sees.
    """

    _listener: Listener

    def __init__(
        self,
        *,
        users: Iterable[User],
        channels: Iterable[Channel],
        now: Callable[[], datetime] | None = None,
        bot_token: str = "xoxb-local",
        app_token: str = "xapp-local",
        signing_secret: str = "local-signing-secret",
        commands: Iterable[Command] = (),
        shortcuts: Iterable[Shortcut] = (),
        controls: Iterable[Control] = (),
        events: Iterable[str] = (),
        scopes: Iterable[str] = ALL_SCOPES,
        bot_name: str = "Tierbot",
        port: int = 0,
        ack_seconds: float = 3.0,
        monotonic: Callable[[], float] = time.monotonic,
        seed: int = 0,
        control: bool = False,
    ) -> None:
        self._server: Server | None = None
        self.port = port
        self.state = State(users=users, channels=channels, bot_name=bot_name, now=now or SystemClock().now)
        self.views = Views(self.state)
        self.platform = Platform(
            state=self.state,
            views=self.views,
            tickets=Tickets(monotonic),
            faults=Faults(random.Random(seed), changed=self._notice_faults),
            ledger=Ledger(monotonic),
            bot_token=bot_token,
            app_token=app_token,
            scopes=frozenset(scopes),
            events=frozenset(events),
            base_url=f"http://{HOST}:{port}",
        )
        self._web_api = WebApi(self.platform)
        self.socket_mode = SocketMode(self.platform, ack_seconds=ack_seconds)
        self.interactions = Interactions(self.platform, self.socket_mode, commands, shortcuts)
        self.controls = Controls(self.state, controls)
        self._page = Page(self.platform, self.interactions, self.controls, self.socket_mode)
        self._control = ControlEndpoint(
            self.platform,
            self.interactions,
            self.socket_mode,
            self._by_http,
            lambda seconds: self._listener.refuse(seconds),  # noqa: PLW0108 - the listener is made later
        )
        self._with_control = control
        self._signing_secret = signing_secret
        self._ack_seconds = ack_seconds

    @property
    def url(self) -> str:
        """The page's address, once started."""
        return self.platform.base_url

    @property
    def api_url(self) -> str:
        """The value of SLACK_API_URL, once started."""
        return f"{self.url}/api/"

    @property
    def faults(self) -> Faults:
        """The faults: `switch(kind, ...)`, `clear()`, `struck`."""
        return self.platform.faults

    def _notice_faults(self) -> None:
        self.state.bump()
        if self._server is not None:
            # A loop that has just been closed has no connections left to plan for.
            with suppress(RuntimeError):
                self._server.loop.call_soon_threadsafe(self.socket_mode.plan_faults)

    def strike(self, kind: str, **settings: Any) -> None:
        """Let a socket fault happen to every Socket Mode connection now."""
        self._call(self.socket_mode.strike, describe_socket_fault(kind, **settings))

    @property
    def posts(self) -> tuple[Post, ...]:
        """Every message stored by chat.postMessage, in order, whether or not the answer arrived."""
        return self.platform.ledger.posts

    @property
    def rates(self) -> PostRate:
        """How fast chat.postMessage was called, and how often above the limits."""
        return self.platform.ledger.rates

    def start(self) -> Self:
        """Bind the port and serve; returns when requests are answered."""
        routes = [*self._web_api.routes, *self.socket_mode.routes, *self._page.routes]
        if self._with_control:
            routes += self._control.routes
        self._server = serve(
            Guard(Starlette(routes=routes), now=self.state.now, port=lambda: self.port),
            host=HOST,
            port=self.port,
            name="local-workspace",
            http=HttpConnection,
            ws=SocketConnection,
            date_header=False,
            timeout_graceful_shutdown=3,
        )
        self._listener = Listener(self._server, HOST)
        self.port = self._server.port
        self.platform.base_url = f"http://{HOST}:{self.port}"
        return self

    def refuse_connections(self, seconds: float | None = None) -> None:
        """Refuse new TCP connections, for so long or until `accept_connections`, and reset Socket Mode's."""
        self.strike("socket_reset")
        self._call(self._listener.refuse, seconds)

    def accept_connections(self) -> None:
        """Accept TCP connections again."""
        self._call(self._listener.accept)

    def stop(self) -> None:
        """Close every connection and wait until the port is free again."""
        if self._server is not None:
            self.controls.wait()
            self._server.loop.call_soon_threadsafe(self._close)
            self._server.stop()
            self._server = None

    def _close(self) -> None:
        self._web_api.close()
        self.socket_mode.close()
        self._page.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def run(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        """Run a coroutine on the server's event loop and wait for its result."""
        assert self._server is not None, "start the workspace first"
        return asyncio.run_coroutine_threadsafe(work, self._server.loop).result(self._ack_seconds + 10)

    def _call(self, function: Callable[..., object], *arguments: Any) -> None:
        async def work() -> None:
            function(*arguments)

        self.run(work())

    def command(self, user: str, channel: str, name: str, text: str = "") -> Outcome:
        """Run a slash command."""
        return self.run(self.interactions.command(user, channel, name, text))

    def click(
        self,
        user: str,
        place: StoredMessage | View,
        action_id: str,
        value: Any = None,
        *,
        block_id: str | None = None,
        inputs: Inputs | None = None,
    ) -> Outcome:
        """Press a button, or choose `value` in a select, picker, menu or list of checkboxes.

        The message or view is read again first: it is clicked as it is now, not as it was before an update.
        """
        if isinstance(place, View):
            current = self.interactions.place(user, view_id=place.id)
        else:
            current = self.interactions.place(user, channel=place.channel, ts=place.ts)
        work = self.interactions.act(user, current, action_id, block_id=block_id, value=value, inputs=inputs)
        return self.run(work)

    def shortcut(self, user: str, message: StoredMessage, callback_id: str) -> Outcome:
        """Choose a shortcut of the app in the menu of a message."""
        place = self.interactions.place(user, channel=message.channel, ts=message.ts)
        return self.run(self.interactions.shortcut(user, place, callback_id))

    def suggest(self, user: str, view: View, name: str, typed: str) -> list[dict[str, Any]]:
        """The options that an external select of a modal offers for what was typed; its block has the same id."""
        current = self.views.find(view.id)
        return self.run(self.interactions.suggest(user, current, name, name, typed))

    def submit_view(self, user: str, view: View, values: Mapping[str, Any] | None = None) -> Outcome:
        """Submit a modal; `values` are by block id or action id, other inputs keep their initial value."""
        current = self.views.find(view.id)
        return self.run(self.interactions.submit_named(user, current, values or {}))

    def close_view(self, user: str, view: View) -> Outcome:
        """Close a modal without submitting."""
        return self.run(self.interactions.close(user, self.views.find(view.id)))

    def say(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> StoredMessage:
        """Post a message as a person, perhaps in a thread."""
        return self.run(self.interactions.say(user, channel, text, thread_ts))

    def open_home(self, user: str, tab: str = "home") -> None:
        """Open the app's Home tab, or its Messages tab."""
        self.run(self.interactions.open_home(user, tab))

    def dm(self, user: str) -> str:
        """The id of the direct message between the bot and a person."""
        return self.state.dm(user).id

    def messages(self, channel: str, viewer: str | None = None) -> tuple[StoredMessage, ...]:
        """A channel's messages, oldest first; with `viewer` also what only they see."""
        return self.state.messages(self.state.channel(channel).id, viewer)

    def view_of(self, user: str) -> View | None:
        """The modal that a person has open, the front one of several."""
        return self.views.top(user)

    def home_of(self, user: str) -> View | None:
        """A person's Home tab."""
        return self.views.home(user)

    def wait_for(self, predicate: Callable[[], Answer], timeout: float = 5.0) -> Answer:
        """Wait until `predicate` returns something true, and return that; TimeoutError otherwise."""
        return self.state.wait_for(predicate, timeout)

    def deliver_by_http(self, request_url: str) -> None:
        """Post signed payloads to this address from now on, instead of using Socket Mode."""
        self.interactions.delivery = self._by_http(request_url)

    def _by_http(self, request_url: str) -> HttpMode:
        return HttpMode(
            request_url,
            signing_secret=self._signing_secret,
            ack_seconds=self._ack_seconds,
            now=SystemClock().now,
            faults=self.faults,
        )

    def disconnect_app(self) -> None:
        """Close the app's connections from Slack's side.

        slack_sdk's handler waits 3 seconds in its own `close`. A test is faster when it sets
        `handler.client.auto_reconnect_enabled = False`, calls this, and closes the handler afterwards.
        """
        self._call(self.socket_mode.close)
        self.wait_for(lambda: not self.socket_mode.connected)

    def wait_for_app(self, connections: int = 1, timeout: float = 10.0) -> None:
        """Wait until the app holds this many Socket Mode connections."""
        self.wait_for(lambda: self.socket_mode.connected >= connections, timeout)
