"""The control endpoint for tests: another process switches faults, reads what was stored and acts for people.

Served with `--control` only; `wire.guard` refuses browsers and foreign host names.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, fields, replace

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.demo.workspace.api.chat import message_json
from bot.demo.workspace.api_error import ApiError
from bot.demo.workspace.faults.kinds import KINDS, describe, describe_socket_fault
from bot.demo.workspace.platform import Platform
from bot.demo.workspace.records import Channel, Json, User, View
from bot.demo.workspace.state.views import view_json
from bot.demo.workspace.wire.interactions import Interactions, PayloadRoute
from bot.demo.workspace.wire.socket_mode import SocketMode

Handler = Callable[[Json], Awaitable[Json]]


def _changes(given: Json, kind: type[User] | type[Channel]) -> Json:
    known = {field.name for field in fields(kind)} - {"id"}
    changes = {name: value for name, value in given.items() if name in known}
    for name in {"members", "shared_with"} & changes.keys():
        changes[name] = frozenset(changes[name])
    return changes


class ControlEndpoint:
    """Routes under /control/: JSON in and out; a request that fails gets a sentence and status 400."""

    def __init__(
        self,
        platform: Platform,
        interactions: Interactions,
        socket_mode: SocketMode,
        by_http: Callable[[str], PayloadRoute],
        refuse: Callable[[float], None],
    ) -> None:
        self._platform = platform
        self._interactions = interactions
        self._socket_mode = socket_mode
        self._by_http = by_http
        self._refuse_connections = refuse
        get: dict[str, Handler] = {
            "faults": self._faults,
            "ledger": self._ledger,
            "messages": self._messages,
            "views": self._views,
        }
        post: dict[str, Handler] = {
            "faults": self._switch,
            "command": self._command,
            "click": self._click,
            "submit": self._submit,
            "close": self._close,
            "say": self._say,
            "home": self._home,
            "user": self._user,
            "channel": self._channel,
            "delivery": self._delivery,
            "refuse": self._refuse,
        }
        self.routes: list[BaseRoute] = [
            Route(f"/control/{name}", self._endpoint(handler), methods=[method])
            for method, handlers in (("GET", get), ("POST", post))
            for name, handler in handlers.items()
        ]

    def _endpoint(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                given = json.loads(await request.body() or b"{}") if request.method == "POST" else {}
                return JSONResponse(await handler(dict(request.query_params) | given))
            except KeyError as error:
                return JSONResponse({"ok": False, "error": f"{error} is missing."}, status_code=400)
            except (ApiError, TypeError, ValueError) as error:
                return JSONResponse({"ok": False, "error": str(error)}, status_code=400)

        return answer

    async def _faults(self, given: Json) -> Json:
        faults = self._platform.faults
        return {
            "ok": True,
            "kinds": {name: kind.description for name, kind in KINDS.items()},
            "on": {name: asdict(fault) for name, fault in faults.on.items()},
            "struck": dict(faults.struck),
            "late": faults.late,
            "connected": self._socket_mode.connected,
            "opened": self._socket_mode.opened,
        }

    async def _switch(self, given: Json) -> Json:
        faults = self._platform.faults
        unknown = given.keys() - {"clear", "switch", "strike", "forget_rates"}
        if unknown:
            raise ValueError(f"Not clear, switch, strike or forget_rates: {', '.join(sorted(unknown))}.")
        # All are checked before any is switched.
        switched = [describe(**settings) for settings in given.get("switch") or ()]
        struck = [describe_socket_fault(**settings) for settings in given.get("strike") or ()]
        if given.get("clear") is not None:
            faults.clear(*given["clear"])
        for fault in switched:
            faults.put(fault)
        for fault in struck:
            self._socket_mode.strike(fault)
        if given.get("forget_rates"):
            self._platform.ledger.forget_rates()
        return await self._faults({})

    async def _ledger(self, given: Json) -> Json:
        ledger, faults = self._platform.ledger, self._platform.faults
        posts = ledger.posts
        return {
            "ok": True,
            "total": len(posts),
            "posts": [post.json() for post in posts[int(given.get("since") or 0) :]],
            "rates": asdict(ledger.rates),
            "struck": dict(faults.struck),
            "late": faults.late,
        }

    async def _messages(self, given: Json) -> Json:
        channel = self._platform.state.channel(given["channel"])
        messages = self._platform.state.messages(channel.id, given.get("viewer"))
        shown = [message_json(message) | {"only_for": message.only_for} for message in messages]
        return {"ok": True, "channel": channel.id, "messages": shown}

    async def _views(self, given: Json) -> Json:
        shown = {
            "modal": self._platform.views.top(given["user"]),
            "home": self._platform.views.home(given["user"]),
        }
        return {"ok": True} | {name: view_json(view) if view else None for name, view in shown.items()}

    async def _command(self, given: Json) -> Json:
        channel = self._platform.state.channel(given["channel"])
        text = str(given.get("text") or "")
        outcome = await self._interactions.command(given["user"], channel.id, given["name"], text)
        return outcome.json()

    async def _click(self, given: Json) -> Json:
        return (await self._interactions.act_as_given(given)).json()

    def _view(self, given: Json) -> View:
        user, view_id = given["user"], given.get("view_id")
        view = self._interactions.place(user, view_id=view_id) if view_id else self._platform.views.top(user)
        if not isinstance(view, View):
            raise ValueError(f"{user} has no form open.")
        return view

    async def _submit(self, given: Json) -> Json:
        values = given.get("values") or {}
        return (await self._interactions.submit_named(given["user"], self._view(given), values)).json()

    async def _close(self, given: Json) -> Json:
        return (await self._interactions.close(given["user"], self._view(given))).json()

    async def _say(self, given: Json) -> Json:
        channel = self._platform.state.channel(given["channel"])
        message = await self._interactions.say(given["user"], channel.id, given["text"])
        return {"ok": True, "ts": message.ts}

    async def _home(self, given: Json) -> Json:
        await self._interactions.open_home(given["user"])
        return {"ok": True}

    async def _user(self, given: Json) -> Json:
        person = self._platform.state.user(given["user"])
        self._platform.state.put_user(replace(person, **_changes(given, User)))
        return {"ok": True}

    async def _channel(self, given: Json) -> Json:
        """Change a channel, or, where `new` is given, add one under this id."""
        state, name, changes = self._platform.state, given["channel"], _changes(given, Channel)
        if given.get("new"):
            state.put_channel(Channel(id=name, **changes))
        else:
            known = state.channels.get(name) or state.channel(name)
            state.put_channel(replace(known, **changes))
        return {"ok": True}

    async def _delivery(self, given: Json) -> Json:
        url = given["request_url"]
        self._interactions.delivery = self._by_http(url) if url else self._socket_mode
        return {"ok": True}

    async def _refuse(self, given: Json) -> Json:
        # This endpoint is refused as well, so it always takes the seconds after which to accept again.
        self._refuse_connections(float(given["seconds"]))
        self._socket_mode.strike(describe("socket_reset"))
        return {"ok": True}
