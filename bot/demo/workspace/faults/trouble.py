"""What a switched-on fault does to one call of the Web API."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.demo.workspace.api.arguments import Arguments
from bot.demo.workspace.api_error import ApiError
from bot.demo.workspace.faults.kinds import POSTING, Fault
from bot.demo.workspace.faults.ledger import Limits
from bot.demo.workspace.platform import Platform
from bot.demo.workspace.wire.connections import NoAnswer, gone, transport_of

#: A call that is never answered is held this long at most; the caller's time-out comes first.
LONGEST_HOLD = 120.0
FEWEST_OBJECTS = 15


def limited(retry_after: str | None) -> Response:
    """Slack's 429."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return JSONResponse({"ok": False, "error": "ratelimited"}, status_code=429, headers=headers)


class Trouble:
    """Stands around the work of each call. `work` does what was asked and gives Slack's answer."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._late: set[asyncio.TimerHandle] = set()
        self._held: set[asyncio.Transport] = set()

    def _names(self, args: Arguments) -> tuple[str, ...]:
        """The channel a call is for, by its id first, and as the caller wrote it."""
        given = str(args.get("channel") or "")
        try:
            return (self._platform.state.channel(given).id, given) if given else ()
        except ApiError:
            return (given,)

    def _paced(self, method: str, channel: str, args: Arguments) -> Response | None:
        faults, ledger = self._platform.faults, self._platform.ledger
        for fault in faults.active("pace", method, (channel,)):
            if fault.kind == "history_limited":
                asked = str(args.get("limit") or FEWEST_OBJECTS)
                args["limit"] = min(int(asked), FEWEST_OBJECTS) if asked.isdecimal() else asked
                if seconds := ledger.read(method, fault.seconds or 0.0):
                    faults.count(fault)
                    return limited(str(seconds))
        if method not in POSTING:
            return None
        pacing = next((f for f in faults.active("pace", method, (channel,)) if f.kind == "pacing"), None)
        limits = Limits()
        if pacing:
            limits = Limits(per_second=pacing.per_second, burst=pacing.burst, per_minute=pacing.per_minute)
        seconds = ledger.measure(method, channel, limits)
        if pacing is None or not seconds:
            return None
        faults.count(pacing)
        ledger.record_refusal(method, channel, str(seconds))
        return limited(str(seconds))

    async def answer(
        self, request: Request, method: str, args: Arguments, work: Callable[[], Response]
    ) -> Response:
        """The answer to one call, or none."""
        names = self._names(args)
        channel = names[0] if names else ""
        refused = self._paced(method, channel, args)
        if refused is not None:
            return refused
        fault = self._platform.faults.draw("call", method, names)
        if fault is None:
            return work()
        if fault.kind == "late_store":
            return await self._store_late(request, fault, work)
        if fault.kind == "rate_limited":
            self._platform.ledger.record_refusal(method, channel, fault.retry_after)
        answer = work() if fault.stored else None
        if fault.kind == "slow":
            hung_up = await self._hold(request, min(fault.seconds or 0.0, LONGEST_HOLD))
            return NoAnswer() if hung_up else answer or work()
        return self._spoil(fault)

    def _spoil(self, fault: Fault) -> Response:
        match fault.kind:
            case "lost_closed" | "lost_reset":
                return NoAnswer(by_reset=fault.kind == "lost_reset")
            case "rate_limited":
                return limited(fault.retry_after)
            case "server_error":
                return Response(
                    "<html><h1>Something went wrong</h1></html>", fault.status, media_type="text/html"
                )
            case "bad_json":
                return Response('{"ok": tru', media_type="application/json")
            case "empty":
                return Response(b"", media_type="application/json")
            case _:
                return JSONResponse(ApiError(fault.code, **_details(fault)).body())

    async def _hold(self, request: Request, seconds: float) -> bool:
        transport = transport_of(request.scope)
        self._held.add(transport)
        try:
            return await gone(request, seconds)
        finally:
            self._held.discard(transport)

    async def _store_late(self, request: Request, fault: Fault, work: Callable[[], Response]) -> Response:
        loop, faults = asyncio.get_running_loop(), self._platform.faults
        faults.expect_late(1)
        await self._hold(request, LONGEST_HOLD)

        def store() -> None:
            self._late.discard(timer)
            work()
            faults.expect_late(-1)

        timer = loop.call_later(fault.seconds or 0.0, store)
        self._late.add(timer)
        return NoAnswer()

    def close(self) -> None:
        """Forget what was still to be stored, and let go of the calls that are held."""
        for timer in self._late:
            timer.cancel()
        for transport in self._held:
            transport.abort()


def _details(fault: Fault) -> dict[str, Any]:
    if fault.code != "missing_scope":
        return {}
    return {"needed": "channels:history,groups:history,im:history", "provided": "chat:write"}
