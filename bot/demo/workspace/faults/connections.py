"""TCP connections that can be closed, reset, left hanging or refused."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from bot.server import Server, bind_socket

_TRANSPORT, _PROTOCOL = "workspace.transport", "workspace.protocol"


def _with_connection(app: ASGIApp, transport: asyncio.BaseTransport, protocol: asyncio.Protocol) -> ASGIApp:
    async def carry(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, _TRANSPORT: transport, _PROTOCOL: protocol}, receive, send)

    return carry


class HttpConnection(H11Protocol):
    """HTTP that passes its connection to the application."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Put the transport into the scope."""
        super().connection_made(transport)
        self.app = cast(Any, _with_connection(cast(ASGIApp, self.app), transport, self))


class SocketConnection(WebSocketsSansIOProtocol):
    """WebSocket that passes its connection to the application."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Put the transport into the scope."""
        super().connection_made(transport)
        self.app = cast(Any, _with_connection(cast(ASGIApp, self.app), transport, self))


def transport_of(scope: Scope) -> asyncio.Transport:
    """The connection under a request or WebSocket."""
    return cast(asyncio.Transport, scope[_TRANSPORT])


def stall(scope: Scope) -> None:
    """Leave a WebSocket half open: what arrives is not read, so that not even a ping is answered."""
    transport_of(scope).pause_reading()
    cast(SocketConnection, scope[_PROTOCOL]).stop_keepalive()


def reset(transport: asyncio.Transport) -> None:
    """End a connection with RST, as a machine does that has crashed and started again."""
    connection = transport.get_extra_info("socket")
    if connection is not None:
        with suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def wait_for_hang_up(request: Request, seconds: float) -> bool:
    """Wait at most so long until the caller has closed the connection; True when it has."""
    try:
        async with asyncio.timeout(seconds):
            while (await request.receive())["type"] != "http.disconnect":
                continue
    except TimeoutError:
        return False
    return True


class NoAnswer(Response):
    """Ends the connection instead of answering."""

    def __init__(self, *, by_reset: bool = False) -> None:
        super().__init__()
        self._by_reset = by_reset

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Close or reset, and wait until that has happened."""
        transport = transport_of(scope)
        if self._by_reset:
            reset(transport)
        else:
            transport.close()
        while (await receive())["type"] != "http.disconnect":
            continue


class Listener:
    """The listening socket of a server. The methods run on the server's event loop."""

    def __init__(self, server: Server, host: str) -> None:
        self._server = server
        self._host = host
        self._timer: asyncio.TimerHandle | None = None
        self._opening: asyncio.Task[None] | None = None

    def refuse(self, seconds: float | None = None) -> None:
        """Refuse new connections, for so long or until `accept`; those that are open stay."""
        self._cancel_timer()
        for listening in self._server.uvicorn.servers:
            listening.close()
        self._server.uvicorn.servers.clear()
        if seconds is not None:
            self._timer = asyncio.get_running_loop().call_later(seconds, self.accept)

    def accept(self) -> None:
        """Accept connections again."""
        self._cancel_timer()
        if not self._server.uvicorn.servers and not self._server.uvicorn.should_exit:
            bound = bind_socket(self._host, self._server.port)
            bound.listen()
            self._opening = asyncio.get_running_loop().create_task(self._serve(bound))

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def _serve(self, bound: socket.socket) -> None:
        server = self._server.uvicorn

        def protocol() -> asyncio.Protocol:
            return HttpConnection(
                config=server.config, server_state=server.server_state, app_state=server.lifespan.state
            )

        server.servers.append(await asyncio.get_running_loop().create_server(protocol, sock=bound))
