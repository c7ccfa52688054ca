"""Socket Mode: the app connects by WebSocket and is handed envelopes."""

from __future__ import annotations

import asyncio
import itertools
import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.demo.workspace.platform import Platform
from bot.demo.workspace.records import APP_ID, Json

MOST_CONNECTIONS = 10


class NotConnected(Exception):
    """No app is there to take an envelope."""


class NotAcknowledged(Exception):
    """The app took an envelope and did not answer in time."""


@dataclass(kw_only=True, eq=False)
class _Connection:
    socket: WebSocket
    done: asyncio.Event = field(default_factory=asyncio.Event)


class SocketMode:
    """Up to ten connections; each envelope goes to one of them in turn."""

    def __init__(self, platform: Platform, *, ack_seconds: float) -> None:
        self._platform = platform
        self._ack_seconds = ack_seconds
        self._connections: list[_Connection] = []
        self._waiting: dict[str, asyncio.Future[Json]] = {}
        self._turn = itertools.count()
        self.routes = [WebSocketRoute("/link/", self.serve)]

    @property
    def connected(self) -> int:
        """How many connections the app holds."""
        return len(self._connections)

    async def serve(self, socket: WebSocket) -> None:
        """One connection from hello to its end."""
        if not self._platform.tickets.use_socket(socket.query_params.get("ticket", "")):
            await socket.close(4001)
            return
        await socket.accept()
        if len(self._connections) >= MOST_CONNECTIONS:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await socket.close()
            return
        connection = _Connection(socket=socket)
        await socket.send_json(
            {
                "type": "hello",
                "num_connections": len(self._connections) + 1,
                "connection_info": {"app_id": APP_ID},
                "debug_info": {"host": "local-workspace", "approximate_connection_time": 18060},
            }
        )
        self._connections.append(connection)
        self._platform.state.bump()
        reading = asyncio.create_task(self._read(connection))
        ending = asyncio.create_task(connection.done.wait())
        try:
            await asyncio.wait({reading, ending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._connections.remove(connection)
            for task in (reading, ending):
                task.cancel()
            await asyncio.gather(reading, ending, return_exceptions=True)
            with suppress(RuntimeError, WebSocketDisconnect):
                await socket.close()
            self._platform.state.bump()

    async def _read(self, connection: _Connection) -> None:
        with suppress(WebSocketDisconnect):
            while True:
                self._take(await connection.socket.receive_text())

    def _take(self, text: str) -> None:
        try:
            message: Any = json.loads(text)
        except ValueError:
            return
        if isinstance(message, dict):
            waiting = self._waiting.get(str(message.get("envelope_id")))
            if waiting and not waiting.done():
                payload = message.get("payload")
                waiting.set_result(payload if isinstance(payload, dict) else {})

    async def deliver(self, kind: str, payload: Json, *, accepts_payload: bool) -> Json:
        """Hand over one envelope and wait for its acknowledgement, at most the time Slack gives.

        Every envelope passes here; faults of the connection (reset, stall, doubled delivery) belong here.
        """
        if not self._connections:
            raise NotConnected
        number = next(self._turn)
        connection = self._connections[number % len(self._connections)]
        envelope_id = f"envelope-{number}"
        waiting: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._waiting[envelope_id] = waiting
        envelope = {
            "envelope_id": envelope_id,
            "type": kind,
            "payload": payload,
            "accepts_response_payload": accepts_payload,
        }
        try:
            await connection.socket.send_text(json.dumps(envelope))
            return await asyncio.wait_for(waiting, self._ack_seconds)
        except TimeoutError:
            raise NotAcknowledged from None
        except (RuntimeError, WebSocketDisconnect):
            raise NotConnected from None
        finally:
            del self._waiting[envelope_id]

    def close(self) -> None:
        """End every connection."""
        for connection in self._connections:
            connection.done.set()
