"""HTTP mode: Slack posts signed requests to /slack/events.

What cannot be from Slack is refused before Bolt: Bolt answers an odd timestamp or signature with a traceback and 500,
and logs the body of a badly signed request. Bodies are never logged here.
"""

import re
from collections.abc import Sequence

from slack_bolt import App, BoltRequest
from slack_bolt.adapter.starlette.handler import to_starlette_response
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.slack.deferred import BEGIN

PATH = "/slack/events"
LARGEST_BODY = 1_000_000  # bytes

_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")


def http_app(app: App) -> Starlette:
    """The ASGI application around a Bolt app."""

    async def receive(request: Request) -> Response:
        if not _TIMESTAMP.fullmatch(request.headers.get("x-slack-request-timestamp", "")):
            return Response(status_code=401)
        if not _SIGNATURE.fullmatch(request.headers.get("x-slack-signature", "")):
            return Response(status_code=401)
        body = await _read(request)
        if body is None:
            return Response(status_code=413)
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return Response(status_code=400)
        headers: dict[str, str | Sequence[str]] = dict(request.headers.items())
        # Bolt's own Starlette adapter runs a sync app on the event loop, one request at a time.
        bolt_request = BoltRequest(body=text, query=request.url.query, headers=headers)
        response = to_starlette_response(await run_in_threadpool(app.dispatch, bolt_request))
        if (begin := bolt_request.context.get(BEGIN)) is not None:
            response.background = BackgroundTask(begin)  # runs when the answer has been sent
        return response

    return Starlette(routes=[Route(PATH, receive, methods=["POST"])])


async def _read(request: Request) -> bytes | None:
    """The body; None as soon as it is larger than Slack's bodies are."""
    declared = request.headers.get("content-length", "0")
    if not declared.isdigit() or int(declared) > LARGEST_BODY:
        return None
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > LARGEST_BODY:
            return None
        chunks.append(chunk)
    return b"".join(chunks)
