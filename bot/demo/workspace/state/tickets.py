"""What Slack issues for a short time: trigger ids, response URLs, tickets for Socket Mode."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from bot.demo.workspace.api_error import ApiError
from bot.demo.workspace.records import StoredMessage

TRIGGER_SECONDS = 3.0
RESPONSE_SECONDS = 30 * 60.0
RESPONSE_USES = 5


@dataclass(frozen=True, kw_only=True)
class ResponseUrl:
    """Where a response goes: the person and conversation of the click or command, and the message clicked."""

    user: str
    channel: str
    original: StoredMessage | None = None
    thread_ts: str | None = None
    given: float
    uses: int = 0


class Tickets:
    """All of them, by a monotonic clock, so that none expires when the demo lets days pass."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._triggers: dict[str, tuple[str, float]] = {}
        self._used: set[str] = set()
        self._responses: dict[str, ResponseUrl] = {}
        self._sockets: set[str] = set()
        self._counter = 0

    def _next(self) -> int:
        self._counter += 1
        return self._counter

    def new_trigger(self, user: str) -> str:
        """A trigger id for what `user` has just done."""
        with self._lock:
            trigger = f"{self._next()}.7000000001.local"
            self._triggers[trigger] = (user, self._monotonic())
            return trigger

    def use_trigger(self, trigger: str) -> str:
        """The person of a trigger id, which is valid once, for 3 seconds."""
        with self._lock:
            if trigger in self._used:
                raise ApiError("exchanged_trigger_id")
            if trigger not in self._triggers:
                raise ApiError("invalid_trigger_id")
            user, given = self._triggers[trigger]
            if self._monotonic() - given > TRIGGER_SECONDS:
                raise ApiError("expired_trigger_id")
            self._used.add(trigger)
            return user

    def new_response(
        self, *, user: str, channel: str, original: StoredMessage | None, thread_ts: str | None
    ) -> str:
        """The secret last part of a response URL."""
        with self._lock:
            key = secrets.token_hex(16)
            self._responses[key] = ResponseUrl(
                user=user, channel=channel, original=original, thread_ts=thread_ts, given=self._monotonic()
            )
            return key

    def use_response(self, key: str) -> ResponseUrl:
        """Where the response goes; five uses within 30 minutes, then `used_url` or `expired_url`."""
        with self._lock:
            found = self._responses.get(key)
            if found is None or self._monotonic() - found.given > RESPONSE_SECONDS:
                raise ApiError("expired_url")
            if found.uses >= RESPONSE_USES:
                raise ApiError("used_url")
            self._responses[key] = replace(found, uses=found.uses + 1)
            return found

    def new_socket(self) -> str:
        """A single-use ticket for one Socket Mode connection."""
        with self._lock:
            ticket = secrets.token_hex(16)
            self._sockets.add(ticket)
            return ticket

    def use_socket(self, ticket: str) -> bool:
        """True once per ticket."""
        with self._lock:
            known = ticket in self._sockets
            self._sockets.discard(ticket)
            return known
