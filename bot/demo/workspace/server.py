"""The local workspace: a small Slack on 127.0.0.1, in a thread of its own."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Self, TypeVar

from starlette.applications import Starlette

from bot.clock import SystemClock
from bot.demo.workspace.api.calls import WebApi
from bot.demo.workspace.faults.control import ControlEndpoint
from bot.demo.workspace.faults.kinds import Faults
from bot.demo.workspace.faults.ledger import Ledger, Post, PostRate
from bot.demo.workspace.limits.elements import Inputs
from bot.demo.workspace.page.panel import Controls
from bot.demo.workspace.page.routes import Page
from bot.demo.workspace.platform import ALL_SCOPES, Platform
from bot.demo.workspace.state.memory import State
from bot.demo.workspace.state.records import Channel, Command, Control, Outcome, StoredMessage, User, View
from bot.demo.workspace.state.tickets import Tickets
from bot.demo.workspace.state.views import Views
from bot.demo.workspace.wire.door import HOST, Door
from bot.demo.workspace.wire.guard import Guard
from bot.demo.workspace.wire.http_mode import HttpMode
from bot.demo.workspace.wire.interactions import Interactions
from bot.demo.workspace.wire.socket_mode import SocketMode

Answer = TypeVar("Answer")


class Workspace:
    """People, channels, the Web API, Socket Mode and the page.

    Use it as a context manager, or call `start` and `stop`. The methods that act for a person wait until the
    app has acknowledged, or until Slack would have given up, and return what the person sees.
    """

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
        self._loop: asyncio.AbstractEventLoop | None = None
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
        )
        self._web_api = WebApi(self.platform)
        self.socket_mode = SocketMode(self.platform, ack_seconds=ack_seconds)
        self.interactions = Interactions(self.platform, self.socket_mode, commands)
        self.controls = Controls(self.state, controls)
        self._page = Page(self.platform, self.interactions, self.controls, self.socket_mode)
        self._control = ControlEndpoint(
            self.platform, self.interactions, self.socket_mode, self._by_http, self._shut_for
        )
        self._with_control = control
        self._signing_secret = signing_secret
        self._ack_seconds = ack_seconds
        self._wanted_port = port
        self._port = 0
        self._door: Door | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The page's address, once started."""
        return self.platform.base_url

    @property
    def port(self) -> int:
        """The port served, once started."""
        return self._port

    @property
    def api_url(self) -> str:
        """What SLACK_API_URL is to be, once started."""
        return f"{self.url}/api/"

    @property
    def faults(self) -> Faults:
        """The switchboard of what goes wrong: `switch(kind, ...)`, `clear()`, `struck`."""
        return self.platform.faults

    def _notice_faults(self) -> None:
        self.state.bump()
        if self._loop is not None:
            # A loop that has just been closed has no connections left to plan for.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self.socket_mode.plan_faults)

    def strike(self, kind: str, **settings: Any) -> None:
        """Let a socket fault happen to every Socket Mode connection now."""
        fault = self.socket_mode.described(kind, **settings)
        assert self._loop is not None, "start the workspace first"
        self._loop.call_soon_threadsafe(self.socket_mode.strike, fault)

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
        app = Guard(Starlette(routes=routes), now=self.state.now, port=lambda: self._port)
        door = Door(self._wanted_port, app)
        self._door, self._port = door, door.port
        self.platform.base_url = f"http://{HOST}:{door.port}"
        ready = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(door, ready)), name="local-workspace", daemon=True
        )
        self._thread.start()
        ready.wait()
        return self

    async def _serve(self, door: Door, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        await door.serve(ready)

    def refuse_connections(self, seconds: float | None = None) -> None:
        """Refuse new TCP connections, for so long or until `take_connections`, and reset Socket Mode's."""
        self.strike("socket_reset")
        self._at_door(lambda door: door.shut(seconds))

    def _shut_for(self, seconds: float) -> None:
        if self._door is not None:
            self._door.shut(seconds)

    def take_connections(self) -> None:
        """Listen again."""
        self._at_door(Door.open)

    def _at_door(self, do: Callable[[Door], None]) -> None:
        door = self._door
        assert door is not None, "start the workspace first"

        async def work() -> None:
            do(door)

        self._run(work())

    def stop(self) -> None:
        """Close every connection and wait until the port is free again."""
        if self._door is None or self._loop is None or self._thread is None:
            return
        self.controls.wait()
        self._loop.call_soon_threadsafe(self._close)
        self._thread.join()
        self._door = None

    def _close(self) -> None:
        assert self._door is not None
        self._door.leave()
        self._web_api.close()
        self.socket_mode.close()
        self._page.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def _run(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        assert self._loop is not None, "start the workspace first"
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(self._ack_seconds + 10)

    def command(self, user: str, channel: str, name: str, text: str = "") -> Outcome:
        """Run a slash command."""
        return self._run(self.interactions.command(user, channel, name, text))

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

        The place is looked up again first, so a message kept from before an update is clicked as it is now.
        """
        if isinstance(place, View):
            current = self.interactions.place(user, view_id=place.id)
        else:
            current = self.interactions.place(user, channel=place.channel, ts=place.ts)
        work = self.interactions.act(user, current, action_id, block_id=block_id, value=value, inputs=inputs)
        return self._run(work)

    def submit_view(self, user: str, view: View, values: Mapping[str, Any] | None = None) -> Outcome:
        """Submit a modal; `values` are by block id or action id, untouched inputs keep their initial value."""
        current = self.views.find(view.id)
        return self._run(self.interactions.submit_named(user, current, values or {}))

    def close_view(self, user: str, view: View) -> Outcome:
        """Close a modal without submitting."""
        return self._run(self.interactions.close(user, self.views.find(view.id)))

    def say(self, user: str, channel: str, text: str) -> StoredMessage:
        """Post a message as a person."""
        return self._run(self.interactions.say(user, channel, text))

    def open_home(self, user: str) -> None:
        """Look at the app's Home tab."""
        self._run(self.interactions.open_home(user))

    def dm(self, user: str) -> str:
        """The id of the direct message between the bot and a person."""
        return self.state.dm(user).id

    def messages(self, channel: str, viewer: str | None = None) -> tuple[StoredMessage, ...]:
        """A channel's messages, oldest first; with `viewer` also what only they see."""
        return self.state.messages(self.state.channel(channel).id, viewer)

    def view_of(self, user: str) -> View | None:
        """The modal a person has in front of them."""
        return self.views.top(user)

    def home_of(self, user: str) -> View | None:
        """A person's Home tab."""
        return self.views.home(user)

    def wait_for(self, predicate: Callable[[], Answer], timeout: float = 5.0) -> Answer:
        """Wait until something is true of the workspace; TimeoutError otherwise."""
        return self.state.wait_for(predicate, timeout)

    def deliver_by_http(self, request_url: str) -> None:
        """From now on post signed payloads to this address instead of using Socket Mode."""
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

        The built-in handler's own `close` waits 3 seconds for a read to time out. A test is faster when it sets
        `handler.client.auto_reconnect_enabled = False`, calls this, and closes the handler when it has noticed.
        """
        assert self._loop is not None, "start the workspace first"
        self._loop.call_soon_threadsafe(self.socket_mode.close)
        self.wait_for(lambda: not self.socket_mode.connected)

    def wait_for_app(self, connections: int = 1, timeout: float = 10.0) -> None:
        """Wait until the app holds this many Socket Mode connections."""
        self.wait_for(lambda: self.socket_mode.connected >= connections, timeout)
