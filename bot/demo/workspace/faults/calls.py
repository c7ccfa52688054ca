"""What a switched-on fault does to one call of the Web API."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.demo.workspace.api_error import ApiError
from bot.demo.workspace.faults.connections import NoAnswer, transport_of, wait_for_hang_up
from bot.demo.workspace.faults.kinds import POSTING, Fault, Faults, describe
from bot.demo.workspace.faults.ledger import Ledger
from bot.demo.workspace.records import Json
from bot.demo.workspace.state.memory import State

#: Seconds that a call without an answer is held at most; the caller's time-out comes first.
LONGEST_HOLD = 120.0
FEWEST_OBJECTS = 15


def _rate_limited(retry_after: str | None) -> Response:
    """Slack's 429."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return JSONResponse({"ok": False, "error": "ratelimited"}, status_code=429, headers=headers)


class CallFaults:
    """Lets faults happen to calls. `work` does what was asked and returns Slack's answer."""

    def __init__(self, state: State, faults: Faults, ledger: Ledger) -> None:
        self._state = state
        self._faults = faults
        self._ledger = ledger
        self._late: set[asyncio.TimerHandle] = set()
        self._held: set[asyncio.Transport] = set()

    def _names(self, args: Json) -> tuple[str, ...]:
        """The channel a call is for, by its id first, and as the caller wrote it."""
        given = str(args.get("channel") or "")
        try:
            return (self._state.channel(given).id, given) if given else ()
        except ApiError:
            return (given,)

    def _paced(self, method: str, channel: str, args: Json) -> Response | None:
        faults, ledger = self._faults, self._ledger
        active = {fault.kind: fault for fault in reversed(faults.active("pace", method, (channel,)))}
        if reading := active.get("history_limited"):
            asked = str(args.get("limit") or FEWEST_OBJECTS)
            args["limit"] = min(int(asked), FEWEST_OBJECTS) if asked.isdecimal() else asked
            if seconds := ledger.read(method, reading.seconds or 0.0):
                faults.count(reading)
                return _rate_limited(str(seconds))
        if method not in POSTING:
            return None
        pacing = active.get("pacing")
        seconds = ledger.measure(method, channel, pacing or describe("pacing"))
        if pacing is None or not seconds:
            return None
        faults.count(pacing)
        ledger.record_refusal(method, channel, str(seconds))
        return _rate_limited(str(seconds))

    async def answer(
        self, request: Request, method: str, args: Json, work: Callable[[], Response]
    ) -> Response:
        """The answer to one call, or none."""
        names = self._names(args)
        channel = names[0] if names else ""
        refused = self._paced(method, channel, args)
        if refused is not None:
            return refused
        fault = self._faults.draw("call", method, names)
        if fault is None:
            return work()
        if fault.kind == "late_store":
            return await self._store_late(request, fault, work)
        if fault.kind == "rate_limited":
            self._ledger.record_refusal(method, channel, fault.retry_after)
        answer = work() if fault.stored else None
        if fault.kind == "slow":
            hung_up = await self._hold(request, min(fault.seconds or 0.0, LONGEST_HOLD))
            return NoAnswer() if hung_up else answer or work()
        return self._broken_answer(fault)

    def _broken_answer(self, fault: Fault) -> Response:
        match fault.kind:
            case "lost_closed" | "lost_reset":
                return NoAnswer(by_reset=fault.kind == "lost_reset")
            case "rate_limited":
                return _rate_limited(fault.retry_after)
            case "server_error":
                page = "<html><h1>Something went wrong</h1></html>"
                return Response(page, fault.status, media_type="text/html")
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
            return await wait_for_hang_up(request, seconds)
        finally:
            self._held.discard(transport)

    async def _store_late(self, request: Request, fault: Fault, work: Callable[[], Response]) -> Response:
        loop, faults = asyncio.get_running_loop(), self._faults
        faults.count_late(1)
        await self._hold(request, LONGEST_HOLD)

        def store() -> None:
            self._late.discard(timer)
            work()
            faults.count_late(-1)

        timer = loop.call_later(fault.seconds or 0.0, store)
        self._late.add(timer)
        return NoAnswer()

    def close(self) -> None:
        """Drop what was still to be stored, and end the calls that are held."""
        for timer in self._late:
            timer.cancel()
        for transport in self._held:
            transport.abort()


def _details(fault: Fault) -> dict[str, Any]:
    if fault.code != "missing_scope":
        return {}
    return {"needed": "channels:history,groups:history,im:history", "provided": "chat:write"}
