"""Socket Mode: one connection to Slack, replaced before it is closed, and opened again when it breaks.

Not slack_sdk's client: while Slack refuses it asks once a second, it drops what `hello` says of other connections, and it
learns of a connection that died without a word after seven seconds and more.
"""

import json
import logging
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import structlog
from slack_bolt import App, BoltRequest
from slack_bolt.adapter.socket_mode.internals import build_headers, send_response
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from bot.services.ops.connection import DISABLED, FULL, UNREACHABLE, ConnectionWatch
from bot.slack.answers import error_code, retry_after
from bot.slack.deferred import BEGIN

log = structlog.get_logger()

THREADS = 10  # that answer requests
RESEND_SECONDS = 2.0  # Slack waits three for an acknowledgement
ENDING = frozenset({DISABLED, FULL})  # reasons of `disconnect`: Slack wants no new connection at once
# What matters of the libraries' lines is logged here, without a traceback.
_SILENT = logging.getLogger(f"{__name__}.libraries")
_SILENT.setLevel(logging.CRITICAL)


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Seconds; tests hurry."""

    ping: float = 1.0  # between two pings
    silence: float = 3.0  # without an answer to a ping, after which a connection is dead
    opening: float = 5.0  # for the handshake, and again for the hello
    closing: float = 0.5  # for the closing handshake
    proof: float = 5.0  # a connection that lasts so long works
    first_wait: float = 0.5  # after the second failure in a row; doubled each time
    longest_wait: float = 60.0
    renewal: float = 900.0  # a new hello counts the connections, and shows that the token still opens one
    recount: float = 20.0  # the same when it has counted connections of others
    later_recount: float = 60.0  # the same as long as they stay


TIMING = Timing()


class NotOpened(Exception):
    """Slack opened no connection, for a reason in one word, and perhaps asks to wait."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait = wait


class ConnectionKeeper:
    """Keeps one connection open and gives its requests to Bolt, until `close`.

    `others` tells how many connections other processes of this installation hold.
    """

    def __init__(
        self,
        app: App,
        client: WebClient,
        app_token: str,
        watch: ConnectionWatch,
        others: Callable[[], int],
        timing: Timing = TIMING,
    ) -> None:
        self._app = app
        self._client = client
        self._app_token = app_token
        self._watch = watch
        self._others = others
        self._timing = timing
        self._rng = random.SystemRandom()  # only spreads the waiting times
        self._lock = threading.Lock()
        self._replaced = threading.Condition(self._lock)
        self._wake = threading.Event()
        self._closing = False
        self._current: ClientConnection | None = None
        self._opened_at = 0.0
        self._proven = False  # a request came over the current connection
        self._failures = 0  # in a row, until a connection has proved to work
        self._due = 0.0  # when the next connection is to be opened, on the monotonic clock
        self._workers = ThreadPoolExecutor(THREADS, thread_name_prefix="socket-mode")
        self._keeper = threading.Thread(target=self._keep_connected, name="socket-mode-keeper", daemon=True)

    def open(self) -> str:
        """Open the first connection, and keep one open from then on; the reason in one word when Slack opened none yet."""
        self._watch.begin()
        reason = self._replace()
        self._keeper.start()
        return reason

    def close(self) -> None:
        """Answer what has arrived, and end the connection."""
        with self._lock:
            self._closing = True
        self._wake.set()
        self._workers.shutdown(wait=True)
        if self._keeper.is_alive():
            self._keeper.join()
        if self._current is not None:
            self._current.close()

    def _keep_connected(self) -> None:
        while not self._closing:
            self._wake.wait(max(0.0, self._due - time.monotonic()))
            self._wake.clear()
            if self._closing or time.monotonic() < self._due:
                continue
            try:
                self._replace()
            except Exception as error:  # this thread must go on, whatever happens
                log.error("slack.keeping_failed", error=type(error).__name__, exc_info=error)
                self._due = time.monotonic() + self._timing.longest_wait

    def _replace(self) -> str:
        """Open a connection, and then close the one before; the reason in one word when none was opened."""
        try:
            connection, counted = self._open()
        except NotOpened as refusal:
            with self._lock:
                self._failures += 1
                self._due = time.monotonic() + max(
                    refusal.wait, wait_after(self._failures, self._timing, self._rng)
                )
            self._watch.failed(refusal.reason)
            return refusal.reason
        with self._lock:
            before, self._current = self._current, connection
            self._opened_at, self._proven = time.monotonic(), False
            self._replaced.notify_all()
        threading.Thread(target=self._receive, args=[connection], name="socket-mode", daemon=True).start()
        if before is not None and counted is not None:
            counted -= 1  # it is about to be closed
        others = self._count_others(counted)
        with self._lock:
            if connection is self._current:  # it has not ended meanwhile
                self._watch.opened(counted, others)
                self._due = self._opened_at + self._until_renewal() * self._rng.uniform(0.8, 1.2)
        if before is not None:
            before.close()
        return ""

    def _until_renewal(self) -> float:
        """Seconds until the connections are counted again."""
        state = self._watch.state
        if state is None or not state.others:
            return self._timing.renewal
        return self._timing.later_recount if state.problem else self._timing.recount

    def _open(self) -> tuple[ClientConnection, int | None]:
        """A new connection, and how many the app has by Slack's count. Raises NotOpened."""
        timing = self._timing
        try:
            url = self._client.apps_connections_open(app_token=self._app_token)["url"]
            connection = connect(
                url,
                open_timeout=timing.opening,
                ping_interval=timing.ping,
                ping_timeout=timing.silence,
                close_timeout=timing.closing,
                logger=_SILENT,
            ).__enter__()
        except SlackApiError as error:
            limited = error_code(error) == "ratelimited"
            wait = retry_after(error).total_seconds() if limited else 0.0
            raise NotOpened(error_code(error), wait) from None
        except Exception as error:  # of the network, of TLS, of a proxy
            log.debug("slack.unreachable", error=f"{type(error).__name__}: {error}")
            raise NotOpened(UNREACHABLE) from None
        try:
            return connection, self._await_hello(connection)
        except NotOpened:
            connection.close()
            raise
        except Exception:  # no hello, or the connection has ended
            connection.close()
            raise NotOpened(UNREACHABLE) from None

    def _await_hello(self, connection: ClientConnection) -> int | None:
        until = time.monotonic() + self._timing.opening
        while True:
            message = _parse(connection.recv(max(0.0, until - time.monotonic())))
            if message.get("type") == "disconnect":
                raise NotOpened(str(message.get("reason")))
            if message.get("type") == "hello":
                counted = message.get("num_connections")
                return counted if isinstance(counted, int) else None

    def _count_others(self, counted: int | None) -> int:
        """How many connections neither this process nor another one of this installation holds."""
        if counted is None or counted <= 1:
            return 0
        try:
            return max(0, counted - 1 - self._others())
        except Exception as error:  # the database cannot be read, which others report
            log.warning("slack.uncounted", error=type(error).__name__)
            return 0

    def _receive(self, connection: ClientConnection) -> None:
        reason = "closed"
        try:
            while True:
                message = _parse(connection.recv())
                if message.get("type") == "disconnect":
                    reason = str(message.get("reason"))
                    self._leave(connection, reason)
                elif (request := _request(message)) is not None:
                    with self._lock:
                        self._proven = self._proven or connection is self._current
                    self._watch.heard_at = time.monotonic()
                    self._workers.submit(self._answer, connection, request)
        except ConnectionClosed as closed:
            reason = reason if closed.rcvd else type(closed.__cause__ or closed).__name__
        except Exception as error:
            if not self._closing:  # then the workers take nothing more, and still answer what they have
                log.error("slack.receiving_failed", error=type(error).__name__, exc_info=error)
                connection.close()
        self._ended(connection, reason)

    def _leave(self, connection: ClientConnection, reason: str) -> None:
        """Slack is about to close a connection. Unless it wants no other, the next one is opened before."""
        if reason in ENDING:
            connection.close()
            return
        with self._lock:
            if connection is self._current:
                self._schedule()
        self._wake.set()

    def _ended(self, connection: ClientConnection, reason: str) -> None:
        with self._lock:
            if connection is not self._current or self._closing:
                return
            self._current = None
            self._schedule(failed=reason in ENDING)
            self._watch.lost(reason)
            if reason in ENDING:
                self._watch.failed(reason)
        self._wake.set()

    def _schedule(self, *, failed: bool = False) -> None:
        """Have a connection opened: at once after one that has worked, else after a wait. With the lock held."""
        now = time.monotonic()
        works = self._proven or now - self._opened_at >= self._timing.proof
        self._failures = 0 if works and not failed else self._failures + 1
        self._due = now + wait_after(self._failures, self._timing, self._rng)

    def _answer(self, connection: ClientConnection, request: SocketModeRequest) -> None:
        """Have Bolt answer a request; deferred work begins when the acknowledgement has been sent."""
        try:
            bolt_request = BoltRequest(
                mode="socket_mode", body=request.payload, headers=build_headers(request)
            )
            response = self._app.dispatch(bolt_request)
            sender = _Sender(self, connection)
            send_response(sender, request, response, start_time=0.0)  # for a line that is not logged
            if (begin := bolt_request.context.get(BEGIN)) is not None:
                begin()
        except Exception as error:
            log.error("slack.unanswered", kind=request.type, error=type(error).__name__, exc_info=error)

    def send(self, connection: ClientConnection, text: str) -> None:
        """Send over the connection that a request came by; when that has ended, over the one that replaces it."""
        try:
            connection.send(text)
        except ConnectionClosed:
            with self._replaced:
                self._replaced.wait_for(lambda: self._current not in (None, connection), RESEND_SECONDS)
                present = self._current
            if present is None or present is connection:
                raise
            present.send(text)


def wait_after(failures: int, timing: Timing, rng: random.Random) -> float:
    """Seconds until the next try: hardly any at first, then doubled, with a random part, so that no two processes keep step.

    Without a failure, after a connection that has worked, least of all: until there is a new one Slack tells people that
    the app did not respond.
    """
    if failures == 0:
        return rng.uniform(0, timing.first_wait / 20)
    if failures == 1:
        return rng.uniform(0, timing.first_wait / 2)
    longest = min(timing.longest_wait, timing.first_wait * 2 ** min(failures - 2, 10))
    return rng.uniform(longest / 2, longest)


class _Sender(BaseSocketModeClient):
    """What Bolt sends an acknowledgement with."""

    def __init__(self, keeper: ConnectionKeeper, connection: ClientConnection) -> None:
        self.logger = _SILENT
        self._keeper = keeper
        self._connection = connection

    def send_message(self, message: str) -> None:
        self._keeper.send(self._connection, message)


def _parse(data: str | bytes) -> dict[str, Any]:
    """A message of Slack's; empty when it is none."""
    try:
        message = json.loads(data)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}


def _request(message: dict[str, Any]) -> SocketModeRequest | None:
    try:
        return SocketModeRequest.from_dict(message)
    except ValueError:  # a payload that is no object
        return None
