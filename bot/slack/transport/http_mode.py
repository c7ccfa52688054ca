"""HTTP mode: Slack posts signed requests to /slack/events.

The signature of the raw bytes is checked before anything is parsed, and what was checked is parsed once: Bolt answers
an unsigned body that is broken with a traceback and 500. Bodies are never logged.
"""

import asyncio
import hashlib
import hmac
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import structlog
from slack_bolt import App, BoltRequest, BoltResponse
from slack_bolt.adapter.starlette.handler import to_starlette_response
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from bot.clock import SystemClock
from bot.server import Server, serve
from bot.services.ops.connection import ConnectionWatch
from bot.slack.deferred import BEGIN
from bot.slack.transport.bounded_connection import BACKLOG, BoundedConnection
from bot.slack.transport.payloads import Malformed, payload_of

PATH = "/slack/events"
LARGEST_BODY = 1_000_000  # bytes
BODY_SECONDS = 10  # in which a body must have arrived; Slack itself waits three
FRESH_SECONDS = 5 * 60  # Slack's advice; an older request may be a replay
QUIET_SECONDS = 10.0  # between two log lines about the same kind of refusal

_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")
# Slack asks without a signature whether the address has a valid certificate. Nothing but this is answered.
_SSL_CHECK = re.compile(rb"ssl_check=1(&token=[\w.%-]*)?|token=[\w.%-]*&ssl_check=1")
_LONGEST_SSL_CHECK = 200  # bytes
_PASSED_ON = ("x-slack-retry-num", "x-slack-retry-reason")

log = structlog.get_logger()


class _Refused(Exception):
    """The request is answered with this status, and nothing is done."""

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        self.reason = reason
        super().__init__(reason)


class _Unverified(_Refused):
    """Signed in Slack's way, but not verified: Slack's own, perhaps, while the secret or the clock is wrong."""


class Refusals:
    """Logs refused requests: of each kind one line in a while, with the number since the last one."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._counts: Counter[int] = Counter()
        self._quiet_until: dict[int, float] = {}

    def note(self, status: int, reason: str) -> None:
        with self._lock:
            self._counts[status] += 1
            now = self._monotonic()
            if now < self._quiet_until.get(status, now):
                return
            self._quiet_until[status] = now + QUIET_SECONDS
            count = self._counts.pop(status)
        log.warning("http.refused", status=status, reason=reason, count=count)


def serve_slack(
    app: App,
    signing_secrets: Sequence[str],
    host: str,
    port: int,
    watch: ConnectionWatch,
    refusals: Refusals | None = None,
    pages: Sequence[Route] = (),
) -> Server:
    """Listen for requests that one of the secrets has signed, and for `pages`; `watch` gets to know of each signed one.

    Raises OSError when the port is not available.
    """
    refusals = refusals or Refusals()
    return serve(
        http_app(app, signing_secrets, watch, refusals, pages),
        host=host,
        port=port,
        name="http-mode",
        http=partial(BoundedConnection, note=refusals.note),
        ws="none",
        backlog=BACKLOG,
    )


def http_app(
    app: App,
    signing_secrets: Sequence[str],
    watch: ConnectionWatch,
    refusals: Refusals,
    pages: Sequence[Route] = (),
) -> Starlette:
    """The ASGI application around a Bolt app, with other pages."""
    secrets = [secret.encode() for secret in signing_secrets]

    async def receive(request: Request) -> Response:
        try:
            if request.method != "POST":
                if _SSL_CHECK.fullmatch(request.url.query.encode()):
                    return Response(status_code=200)
                raise _Refused(405, "not a POST")
            body = await _verified_body(request, secrets)
            if body is None:
                return Response(status_code=200)
            watch.heard()
            # Bolt's own Starlette adapter runs a sync app on the event loop, one request at a time.
            answer, begin = await run_in_threadpool(dispatch, app, body, request.headers)
        except _Refused as refused:
            if isinstance(refused, _Unverified):
                watch.refused()
            refusals.note(refused.status, refused.reason)
            return Response(status_code=refused.status)
        except Malformed as problem:
            refusals.note(400, str(problem))
            return Response(status_code=400)
        response = to_starlette_response(answer)
        if begin is not None:
            response.background = BackgroundTask(begin)  # runs when the answer has been sent
        return response

    application = Starlette(routes=[Route(PATH, receive, methods=["GET", "POST"]), *pages])
    application.router.redirect_slashes = False  # the address would be built from a header of the request
    return application


async def _verified_body(request: Request, secrets: Sequence[bytes]) -> bytes | None:
    """The raw body with Slack's signature; None for a check of the certificate. Raises _Refused."""
    stamp = request.headers.get("x-slack-request-timestamp", "")
    signature = request.headers.get("x-slack-signature", "")
    signed = _TIMESTAMP.fullmatch(stamp) and _SIGNATURE.fullmatch(signature)
    if not signed:
        if _SSL_CHECK.fullmatch(await _body(request, _LONGEST_SSL_CHECK, otherwise=401)):
            return None
        raise _Refused(401, "not signed")
    if abs(SystemClock().now().timestamp() - int(stamp)) > FRESH_SECONDS:
        raise _Unverified(401, "signed more than five minutes ago, or after now")
    body = await _body(request, LARGEST_BODY, otherwise=413)
    if not any(is_signed(secret, stamp, signature, body) for secret in secrets):
        raise _Unverified(401, "signed with another secret")
    return body


def is_signed(secret: bytes, stamp: str, signature: str, body: bytes) -> bool:
    """Whether this is Slack's signature of the raw body."""
    wanted = hmac.new(secret, b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(f"v0={wanted}", signature)


async def _body(request: Request, most: int, *, otherwise: int) -> bytes:
    """The raw body; refused with the status `otherwise` as soon as it is larger than `most` bytes."""
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or int(declared) > most:
        raise _Refused(otherwise, "too large")
    chunks, size = [], 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                size += len(chunk)
                if size > most:
                    raise _Refused(otherwise, "too large")
                chunks.append(chunk)
    except TimeoutError:
        raise _Refused(408, "the body did not arrive in time") from None
    except ClientDisconnect:  # nobody reads the status
        raise _Refused(400, "the connection ended before the body") from None
    return b"".join(chunks)


def dispatch(
    app: App, body: bytes, headers: Mapping[str, str]
) -> tuple[BoltResponse, Callable[[], None] | None]:
    """Bolt's answer to a verified body, and the work to begin once it has been sent. Raises Malformed."""
    payload = payload_of(body, headers.get("content-type", ""))
    passed_on: dict[str, str | Sequence[str]] = {
        name: headers[name] for name in _PASSED_ON if name in headers
    }
    try:
        # As in Socket Mode, because Bolt would parse and verify the body of any other request again.
        request = BoltRequest(mode="socket_mode", body=payload, headers=passed_on)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise Malformed("fields of another type") from None
    return app.dispatch(request), request.context.get(BEGIN)
