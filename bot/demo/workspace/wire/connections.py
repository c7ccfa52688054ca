"""The TCP connection under a request, so that it can be closed, reset or left hanging."""

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

_TRANSPORT, _PROTOCOL = "workspace.transport", "workspace.protocol"


def _with_connection(app: ASGIApp, transport: asyncio.BaseTransport, protocol: asyncio.Protocol) -> ASGIApp:
    async def carry(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, _TRANSPORT: transport, _PROTOCOL: protocol}, receive, send)

    return carry


class HttpConnection(H11Protocol):
    """HTTP that lets the application reach its connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Pass the transport on in the scope."""
        super().connection_made(transport)
        self.app = cast(Any, _with_connection(cast(ASGIApp, self.app), transport, self))


class SocketConnection(WebSocketsSansIOProtocol):
    """WebSocket that lets the application reach its connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Pass the transport on in the scope."""
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
    """End a connection with RST, as a machine that has vanished and come back does."""
    connection = transport.get_extra_info("socket")
    if connection is not None:
        with suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def gone(request: Request, seconds: float) -> bool:
    """Wait until the caller has hung up, at most so long; True when it has."""
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
