"""An ASGI application served by uvicorn in a thread of its own."""

import asyncio
import socket
import threading
from dataclasses import dataclass
from typing import Any

import uvicorn


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running server; `stop` finishes what is being answered and frees the port."""

    port: int
    _uvicorn: uvicorn.Server
    _thread: threading.Thread

    def stop(self, seconds: float = 10) -> None:
        """Waits no longer than this; what is still being answered then is left to its thread."""
        self._uvicorn.should_exit = True
        self._thread.join(timeout=seconds)


def serve(application: Any, *, host: str, port: int, name: str) -> Server:
    """Bind first, so that a taken port is an OSError here; port 0 takes a free one."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    server = uvicorn.Server(
        uvicorn.Config(
            application,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            h11_max_incomplete_event_size=32 * 1024,
            timeout_graceful_shutdown=5,
        )
    )
    started = threading.Event()

    async def run() -> None:
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started and not serving.done():
            await asyncio.sleep(0.005)
        started.set()
        await serving

    def work() -> None:
        try:
            asyncio.run(run())
        finally:
            started.set()
            listener.close()

    thread = threading.Thread(target=work, name=name, daemon=True)
    bound = int(listener.getsockname()[1])
    thread.start()
    started.wait()
    return Server(port=bound, _uvicorn=server, _thread=thread)
