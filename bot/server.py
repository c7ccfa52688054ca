"""An ASGI application served by uvicorn in a thread of its own."""

import asyncio
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import uvicorn


class _Uvicorn(uvicorn.Server):
    """Stops at once, where uvicorn checks ten times a second; a tick a second updates the Date header."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.stopping = asyncio.Event()

    async def main_loop(self) -> None:
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), 1)

    def begin_stop(self) -> None:
        self.should_exit = True
        self.stopping.set()


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running server; `stop` finishes what is being answered and frees the port."""

    port: int
    loop: asyncio.AbstractEventLoop
    uvicorn: _Uvicorn
    _thread: threading.Thread

    def stop(self, seconds: float = 10) -> None:
        """Waits no longer than this; what is still being answered then is left to its thread."""
        with suppress(RuntimeError):  # the loop of a server that has stopped is closed
            self.loop.call_soon_threadsafe(self.uvicorn.begin_stop)
        self._thread.join(timeout=seconds)


def bind_socket(host: str, port: int) -> socket.socket:
    """A socket bound to the port (0: a free one); OSError when it is taken."""
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


def serve(application: Any, *, host: str, port: int, name: str, **options: Any) -> Server:
    """Serve from now on; `options` are uvicorn's. A taken port is an OSError; port 0 takes a free one."""
    listener = bind_socket(host, port)
    usual = {"h11_max_incomplete_event_size": 32 * 1024, "timeout_graceful_shutdown": 5}
    config = uvicorn.Config(
        application,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        **(usual | options),
    )
    server, loop, started = _Uvicorn(config), asyncio.new_event_loop(), threading.Event()

    async def run() -> None:
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started and not serving.done():
            await asyncio.sleep(0.005)
        started.set()
        await serving

    def work() -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                runner.run(run())
        finally:
            started.set()
            listener.close()

    thread = threading.Thread(target=work, name=name, daemon=True)
    bound = int(listener.getsockname()[1])
    thread.start()
    started.wait()
    return Server(port=bound, loop=loop, uvicorn=server, _thread=thread)
