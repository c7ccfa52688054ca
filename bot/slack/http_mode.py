"""HTTP mode: Slack posts signed requests to /slack/events.

What cannot be Slack's is refused before Bolt sees it: Bolt answers an odd timestamp or signature with a traceback and
500, and logs the body of a badly signed request. Bodies are never logged here.
"""

import re
from collections.abc import Sequence

from slack_bolt import App, BoltRequest, BoltResponse
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.slack.deferred import begin

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
        asked = BoltRequest(body=text, query=request.url.query, headers=headers)
        response = _response(await run_in_threadpool(app.dispatch, asked))
        response.background = BackgroundTask(begin, asked)  # once the answer is on its way
        return response

    return Starlette(routes=[Route(PATH, receive, methods=["POST"])])


async def _read(request: Request) -> bytes | None:
    """The body, or None as soon as it is larger than Slack's ever are."""
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


def _response(answer: BoltResponse) -> Response:
    response = Response(content=answer.body, status_code=answer.status)
    for name, values in answer.headers.items():
        if name.lower() not in ("content-length",):
            response.headers[name] = values[0]
    return response
