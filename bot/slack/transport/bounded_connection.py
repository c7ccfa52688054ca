"""Connections of HTTP mode, bounded in time and number.

uvicorn keeps a connection that sends no request for ever, and a line in the log for each that sends something else: a
few hundred of them take every file that the process may open, the database's among them.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

REQUEST_SECONDS = 10.0  # in which the head of a request must have arrived; the body has its own limit
MOST_CONNECTIONS = 200  # a process may open 1,024 files on most machines
BACKLOG = 100  # connections are accepted in bursts of so many, before one is bounded

# Its warnings can be caused by anybody, in any number; `note` counts them instead.
_ERRORS = logging.getLogger("uvicorn.error.http_mode")
_ERRORS.setLevel(logging.ERROR)


class BoundedConnection(H11Protocol):
    """A connection that ends unless requests come; `note` gets the status and the reason of each that is ended."""

    def __init__(self, *, note: Callable[[int, str], None], **uvicorn: Any) -> None:
        super().__init__(**uvicorn)
        self.logger = _ERRORS
        self._note = note
        self._waiting_since = 0.0
        self._patience: asyncio.TimerHandle | None = None

    @property
    def _waits(self) -> bool:
        """Whether no request of it is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._limit_waiting()
        if len(self.connections) > MOST_CONNECTIONS:
            # The oldest one that waits, so that a request which comes in one piece is answered in a flood too.
            others = [one for one in self.connections if isinstance(one, BoundedConnection) and one._waits]
            min(others, key=lambda one: one._waiting_since)._end(
                503, "too many connections without a request"
            )

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        super().handle_events()
        self._limit_waiting()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._limit_waiting()

    def send_400_response(self, msg: str) -> None:
        self._note(400, "no HTTP")
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
        else:
            self.transport.close()  # the answer has begun

    def _unsupported_upgrade_warning(self) -> None:
        """Nothing: such a request is answered like any other."""

    def _limit_waiting(self) -> None:
        if not self._waits or self.transport.is_closing():
            self._stop_waiting()
        elif self._patience is None:
            self._waiting_since = time.monotonic()
            self._patience = self.loop.call_later(
                REQUEST_SECONDS, self._end, 408, "the request did not arrive in time"
            )

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _end(self, status: int, reason: str) -> None:
        self._stop_waiting()
        self.connections.discard(self)
        if not self.transport.is_closing():
            self._note(status, reason)
            self.transport.abort()
