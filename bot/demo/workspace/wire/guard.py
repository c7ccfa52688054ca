"""Checks every request's host name and origin, and puts the workspace's time into the Date header."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PAGE_POLICY = (
    "default-src 'self'; img-src 'self' https: data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)


PUBLIC = ("/assets/",)  # besides the page itself


class Guard:
    """Refuses foreign host names (DNS rebinding), whatever foreign pages ask for, and any page at /control/."""

    def __init__(self, app: ASGIApp, *, now: Callable[[], datetime], port: Callable[[], int]) -> None:
        self._app = app
        self._now = now
        self._port = port

    def _refusal(self, scope: Scope) -> str:
        headers, path = Headers(scope=scope), scope["path"]
        hosts = {f"127.0.0.1:{self._port()}", f"localhost:{self._port()}"}
        # slack_sdk's WebSocket client leaves the port out.
        bare = {"127.0.0.1", "localhost"} if scope["type"] == "websocket" else set()
        if headers.get("host") not in hosts | bare:
            return "This workspace answers only to 127.0.0.1 and localhost."
        origins = {f"http://{host}" for host in hosts}
        changes = scope["type"] == "http" and scope["method"] != "GET" and path.startswith("/page/")
        if changes and headers.get("origin") not in origins:
            return "The page's address may be used by the page only."
        if path.startswith("/control/") and "origin" in headers:
            return "The control endpoint is not for pages."
        # A browser names the page that asks; apps do not. An image of a foreign page has no origin, but a site.
        foreign = "origin" in headers and headers["origin"] not in origins
        from_another_site = headers.get("sec-fetch-site", "none") not in ("none", "same-origin")
        if foreign or (from_another_site and path != "/" and not path.startswith(PUBLIC)):
            return "This workspace does not answer to foreign pages."
        return ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 403."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal and scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 4003})
            return
        if refusal:
            await PlainTextResponse(refusal, status_code=403)(scope, receive, send)
            return

        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Date"] = format_datetime(self._now().astimezone(UTC), usegmt=True)
                headers["Content-Security-Policy"] = PAGE_POLICY
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "no-referrer"
            await send(message)

        await self._app(scope, receive, dated)
