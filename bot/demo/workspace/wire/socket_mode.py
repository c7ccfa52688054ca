"""Socket Mode: the app connects by WebSocket and receives envelopes."""

from __future__ import annotations

import asyncio
import itertools
import json
from contextlib import suppress
from typing import Any

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.demo.workspace.faults.kinds import Fault
from bot.demo.workspace.faults.socket import ClientConnection
from bot.demo.workspace.platform import Platform
from bot.demo.workspace.records import APP_ID, Json

MOST_CONNECTIONS = 10


class NotConnected(Exception):
    """No app is connected, or the connection broke."""


class NotAcknowledged(Exception):
    """The app did not acknowledge in time."""


class SocketMode:
    """Up to ten connections; each envelope goes to one of them in turn."""

    def __init__(self, platform: Platform, *, ack_seconds: float) -> None:
        self._platform = platform
        self._ack_seconds = ack_seconds
        self._connections: list[ClientConnection] = []
        self._opening: set[ClientConnection] = set()
        self._waiting: dict[str, asyncio.Future[Json]] = {}
        self._turn = itertools.count()
        self.opened = 0  # connections so far, those that were refused included
        self._strikes: set[asyncio.Task[None]] = set()
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
        self.opened += 1
        if len(self._connections) + self._ghosts >= MOST_CONNECTIONS:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await socket.close()
            return
        connection = ClientConnection(socket=socket)
        await self._wait_before_hello(connection)
        await connection.send_json(
            {
                "type": "hello",
                "num_connections": len(self._connections) + self._ghosts + 1,
                "connection_info": {"app_id": APP_ID},
                "debug_info": {"host": "local-workspace", "approximate_connection_time": 18060},
            }
        )
        # By the time an app connects again, Slack has noticed that a half-open connection is dead.
        for other in self._connections:
            if other.stalled:
                other.done.set()
        connection.since = asyncio.get_running_loop().time()
        self._connections.append(connection)
        self._platform.state.bump()
        self.plan_faults()
        reading = asyncio.create_task(self._read(connection))
        ending = asyncio.create_task(connection.done.wait())
        try:
            await asyncio.wait({reading, ending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._connections.remove(connection)
            for task in (reading, ending):
                task.cancel()
            await asyncio.gather(reading, ending, return_exceptions=True)
            await connection.close()
            self._platform.state.bump()

    async def _wait_before_hello(self, connection: ClientConnection) -> None:
        fault = self._platform.faults.draw("hello", "hello")
        if fault:
            self._opening.add(connection)
            with suppress(TimeoutError):
                await asyncio.wait_for(connection.done.wait(), fault.seconds)
            self._opening.discard(connection)

    def plan_faults(self) -> None:
        """Schedule the faults that strike some time after a hello; to be called when faults change."""
        loop, timed = asyncio.get_running_loop(), self._platform.faults.timed
        for connection in self._connections:
            for name in connection.timers.keys() - timed.keys():
                connection.timers.pop(name).cancel()
            for name in timed.keys() - connection.timers.keys():
                due = connection.since + (timed[name].seconds or 0.0)
                connection.timers[name] = loop.call_at(due, self._strike_in_time, connection, name)

    def _strike_in_time(self, connection: ClientConnection, name: str) -> None:
        fault = self._platform.faults.draw_named(name)
        if fault:
            self._apply(connection, fault)

    def _apply(self, connection: ClientConnection, fault: Fault) -> None:
        task = asyncio.get_running_loop().create_task(connection.apply(fault))
        self._strikes.add(task)
        task.add_done_callback(self._strikes.discard)

    def strike(self, fault: Fault) -> None:
        """Let a fault happen to every connection now."""
        for connection in self._connections:
            self._platform.faults.count(fault)
            self._apply(connection, fault)

    async def _read(self, connection: ClientConnection) -> None:
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
        """Send one envelope and wait for its acknowledgement, at most as long as Slack does."""
        number = next(self._turn)
        if (connection := self._at(number)) is None:
            await asyncio.sleep(self._ack_seconds)
            raise NotAcknowledged
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
            await self._send(connection, number, envelope)
            return await asyncio.wait_for(waiting, self._ack_seconds)
        except TimeoutError:
            raise NotAcknowledged from None
        except (RuntimeError, WebSocketDisconnect):
            raise NotConnected from None
        finally:
            del self._waiting[envelope_id]

    @property
    def _ghosts(self) -> int:
        return sum(fault.copies for fault in self._platform.faults.active("ghost"))

    def _at(self, number: int) -> ClientConnection | None:
        """The connection whose turn it is; None for one that nobody reads."""
        if not self._connections:
            raise NotConnected
        staying = [held for held in self._connections if not held.leaving] or self._connections
        place = number % (len(staying) + self._ghosts)
        return staying[place] if place < len(staying) else None

    async def _send(self, connection: ClientConnection, number: int, envelope: Json) -> None:
        faults, kind = self._platform.faults, envelope["type"]
        struck = faults.draw("socket", kind)
        if struck and struck.kind != "socket_disconnect":
            await connection.apply(struck)
            if struck.kind in ("socket_reset", "socket_broken"):
                raise NotConnected
        await connection.send(json.dumps(envelope))
        again = faults.draw("delivery", kind)
        for copy in range(1, again.copies + 1 if again else 1):
            repeated = envelope | {"retry_attempt": copy, "retry_reason": "timeout"}
            other = self._at(number + copy) if again and again.elsewhere else connection
            if other is not None:
                await other.send(json.dumps(repeated))
        if struck and struck.kind == "socket_disconnect":
            await connection.apply(struck)

    def close(self) -> None:
        """End every connection."""
        for connection in (*self._connections, *self._opening):
            connection.done.set()
