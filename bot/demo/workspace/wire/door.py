"""The listening socket of the workspace, which can be shut so that connections are refused."""

from __future__ import annotations

import asyncio
import socket
import threading

import uvicorn
from starlette.types import ASGIApp

from bot.demo.workspace.wire.connections import HttpConnection, SocketConnection

HOST = "127.0.0.1"


def _listener(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError:
        listener.close()
        raise
    return listener


class _Server(uvicorn.Server):
    """Ends when told instead of asking ten times a second; nothing here needs the tick."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.left = asyncio.Event()

    async def main_loop(self) -> None:
        """Wait for the end."""
        await self.on_tick(0)
        await self.left.wait()


class Door:
    """Binds the port at once, serves in a loop, and lets go of the port at the end."""

    def __init__(self, port: int, app: ASGIApp) -> None:
        self._listener = _listener(port)
        self.port = int(self._listener.getsockname()[1])
        self._timer: asyncio.TimerHandle | None = None
        self._opening: asyncio.Task[None] | None = None
        self._config = uvicorn.Config(
            app,
            http=HttpConnection,
            ws=SocketConnection,
            lifespan="off",
            log_config=None,
            access_log=False,
            date_header=False,
            server_header=False,
            timeout_graceful_shutdown=3,
        )
        self._server = _Server(self._config)

    async def serve(self, ready: threading.Event) -> None:
        """Serve until `leave`; `ready` is set when requests are answered, or never will be."""
        serving = asyncio.create_task(self._server.serve(sockets=[self._listener]))
        try:
            while not self._server.started and not serving.done():
                await asyncio.sleep(0.005)
            ready.set()
            await serving
        finally:
            ready.set()
            self._listener.close()

    def leave(self) -> None:
        """End serving."""
        self._wait_no_longer()
        self._server.should_exit = True
        self._server.left.set()

    def _wait_no_longer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def shut(self, seconds: float | None) -> None:
        """Refuse new connections, for so long or until `open`; those that are open stay."""
        self._wait_no_longer()
        for listening in self._server.servers:
            listening.close()
        self._server.servers.clear()
        if seconds is not None:
            self._timer = asyncio.get_running_loop().call_later(seconds, self.open)

    def open(self) -> None:
        """Take connections again."""
        self._wait_no_longer()
        if not self._server.servers and not self._server.should_exit:
            self._listener = _listener(self.port)
            self._listener.listen()
            self._opening = asyncio.get_running_loop().create_task(self._serve_again())

    async def _serve_again(self) -> None:
        server = self._server

        def protocol() -> asyncio.Protocol:
            return HttpConnection(
                config=self._config, server_state=server.server_state, app_state=server.lifespan.state
            )

        server.servers.append(await asyncio.get_running_loop().create_server(protocol, sock=self._listener))
