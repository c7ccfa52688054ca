"""The routes of the page: a snapshot, a stream of changes, and what people do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from bot.demo.workspace.api_error import ApiError
from bot.demo.workspace.page.controls import Controls
from bot.demo.workspace.page.snapshot import snapshot
from bot.demo.workspace.page.switches import turn
from bot.demo.workspace.platform import Platform
from bot.demo.workspace.records import Json, View
from bot.demo.workspace.wire.interactions import Interactions
from bot.demo.workspace.wire.socket_mode import SocketMode
from bot.settings import ROOT

WEB = ROOT / "templates" / "web"
_KEEP_ALIVE_SECONDS = 15.0

Handler = Callable[[Json], Awaitable[Json]]


class Page:
    """Routes of the page. Every request is checked as if the page were hostile."""

    def __init__(
        self, platform: Platform, interactions: Interactions, controls: Controls, socket_mode: SocketMode
    ) -> None:
        self._platform = platform
        self._interactions = interactions
        self._controls = controls
        self._socket_mode = socket_mode
        self._closing = False
        self._streams: set[asyncio.Event] = set()
        handlers: dict[str, Handler] = {
            "command": self._command,
            "say": self._say,
            "act": self._act,
            "suggest": self._suggest,
            "shortcut": self._shortcut,
            "submit": self._submit,
            "close": self._close_view,
            "read": self._read,
            "home": self._home,
            "control": self._control,
            "fault": self._fault,
        }
        self.routes: list[BaseRoute] = [
            Route("/", self._index),
            Mount("/assets", StaticFiles(directory=WEB)),
            Route("/page/state", self._state),
            Route("/page/events", self._events),
            *(
                Route(f"/page/{name}", self._endpoint(handler), methods=["POST"])
                for name, handler in handlers.items()
            ),
        ]

    async def _index(self, request: Request) -> Response:
        return FileResponse(WEB / "index.html", headers={"Cache-Control": "no-store"})

    def _default_viewer(self) -> str:
        return next(user.id for user in self._platform.state.users.values() if not user.is_bot)

    async def _state(self, request: Request) -> Response:
        viewer = request.query_params.get("user") or ""
        user = self._platform.state.users.get(viewer)
        body = snapshot(
            self._platform,
            self._interactions,
            self._controls,
            viewer=viewer if user and not user.is_bot else self._default_viewer(),
            channel_id=request.query_params.get("channel", ""),
            connected=self._socket_mode.connected,
        )
        return JSONResponse(body, headers={"Cache-Control": "no-store"})

    async def _events(self, request: Request) -> Response:
        return StreamingResponse(
            self._changes(), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )

    async def _changes(self) -> AsyncIterator[str]:
        loop, woken = asyncio.get_running_loop(), asyncio.Event()
        self._streams.add(woken)
        end = self._platform.state.watch(lambda: loop.call_soon_threadsafe(woken.set))
        try:
            while not self._closing:
                yield f"data: {self._platform.state.version}\n\n"
                try:
                    await asyncio.wait_for(woken.wait(), _KEEP_ALIVE_SECONDS)
                except TimeoutError:
                    continue
                woken.clear()
        finally:
            end()
            self._streams.discard(woken)

    def close(self) -> None:
        """End the streams, so that the server can stop."""
        self._closing = True
        for woken in self._streams:
            woken.set()

    def _endpoint(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                given = json.loads(await request.body())
                return JSONResponse(await handler(given))
            except ApiError as refused:
                return JSONResponse({"ok": False, "error": refused.code, "message": "", "errors": {}})
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                return JSONResponse(
                    {"ok": False, "error": "bad_request", "message": str(error)}, status_code=400
                )

        return answer

    def _own_view(self, given: Json) -> View:
        place = self._interactions.place(given["user"], view_id=str(given["view_id"]))
        assert isinstance(place, View)
        return place

    async def _command(self, given: Json) -> Json:
        name, _, text = str(given["text"]).partition(" ")
        outcome = await self._interactions.command(given["user"], given["channel"], name, text.strip())
        return outcome.json()

    async def _say(self, given: Json) -> Json:
        await self._interactions.say(given["user"], given["channel"], str(given["text"]))
        return {"ok": True}

    async def _act(self, given: Json) -> Json:
        return (await self._interactions.act_as_given(given)).json()

    async def _shortcut(self, given: Json) -> Json:
        place = self._interactions.place_given(given)
        return (await self._interactions.shortcut(given["user"], place, str(given["callback_id"]))).json()

    async def _suggest(self, given: Json) -> Json:
        place, typed = self._interactions.place_given(given), str(given.get("typed", ""))
        options = await self._interactions.suggest(
            given["user"], place, given["block_id"], given["action_id"], typed
        )
        return {"ok": True, "options": options}

    async def _submit(self, given: Json) -> Json:
        view, inputs = self._own_view(given), given.get("inputs") or {}
        return (await self._interactions.submit(given["user"], view, inputs)).json()

    async def _close_view(self, given: Json) -> Json:
        return (await self._interactions.close(given["user"], self._own_view(given))).json()

    async def _read(self, given: Json) -> Json:
        state = self._platform.state
        state.mark_read(state.user(given["user"]).id, state.channel(given["channel"]).id)
        return {"ok": True}

    async def _home(self, given: Json) -> Json:
        await self._interactions.open_home(self._platform.state.user(given["user"]).id)
        return {"ok": True}

    async def _fault(self, given: Json) -> Json:
        turn(self._platform.faults, str(given["fault_id"]), on=given["on"] is True)
        return {"ok": True}

    async def _control(self, given: Json) -> Json:
        self._controls.start(str(given["control_id"]), given.get("values") or {})
        return {"ok": True}
