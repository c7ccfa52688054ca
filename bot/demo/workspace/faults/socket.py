"""One Socket Mode connection, and the faults that can happen to it."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass, field

from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.demo.workspace.faults.connections import reset, stall, transport_of
from bot.demo.workspace.faults.kinds import Fault
from bot.demo.workspace.records import Json

#: Seconds from Slack's `disconnect` to the end of the connection.
_NOTICE = {"warning": 10.0}
_USUAL_NOTICE = 1.0
#: Text that is no JSON, JSON that is no envelope, an envelope of no known kind.
GARBAGE = ("not json {", "[1, 2]", '"hello"', "{}", '{"type": "from_the_future", "envelope_id": null}')
#: All bits set: a reserved opcode, reserved flags and a length no frame may have.
NO_FRAME = b"\xff" * 16


@dataclass(kw_only=True, eq=False)
class ClientConnection:
    """A stalled connection still gets its share of the payloads, which are lost; a leaving one gets none."""

    socket: WebSocket
    #: The event loop's time of its hello.
    since: float = 0.0
    stalled: bool = False
    leaving: bool = False
    done: asyncio.Event = field(default_factory=asyncio.Event)
    #: The timed faults that are scheduled, by name.
    timers: dict[str, asyncio.TimerHandle] = field(default_factory=dict)

    async def send(self, text: str) -> None:
        """Send a frame; nothing gets through a stalled connection."""
        if not self.stalled:
            await self.socket.send_text(text)

    async def send_json(self, message: Json) -> None:
        """Send a frame of JSON."""
        await self.send(json.dumps(message))

    async def close(self) -> None:
        """End it; a stalled one without a closing handshake, which nobody would answer."""
        for timer in self.timers.values():
            timer.cancel()
        if self.stalled:
            transport_of(self.socket.scope).abort()
        with suppress(RuntimeError, WebSocketDisconnect):
            await self.socket.close()

    async def apply(self, fault: Fault) -> None:
        """Let a fault happen to this connection."""
        transport = transport_of(self.socket.scope)
        match fault.kind:
            case "socket_reset":
                reset(transport)
            case "socket_stall":
                self.stalled = True
                stall(self.socket.scope)
            case "socket_broken":
                transport.write(NO_FRAME)
            case "socket_garbage":
                for text in GARBAGE:
                    await self.send(text)
                if not self.stalled:
                    await self.socket.send_bytes(b"\x00\xff\xfe")
            case _:
                await self.send_json({"type": "disconnect", "reason": fault.reason})
                self.leaving = True
                notice = _NOTICE.get(fault.reason, _USUAL_NOTICE) if fault.seconds is None else fault.seconds
                asyncio.get_running_loop().call_later(notice, self.done.set)
