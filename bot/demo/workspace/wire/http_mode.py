"""HTTP mode: payloads are posted to the app's request URL, signed as Slack signs them."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from bot.demo.workspace.faults.kinds import Faults
from bot.demo.workspace.records import Json
from bot.demo.workspace.wire.socket_mode import NotAcknowledged, NotConnected

_FORM = "application/x-www-form-urlencoded"
_LONG_AGO = 600  # seconds; apps take nothing that was signed more than five minutes ago


def _body(kind: str, payload: Json) -> tuple[str, str]:
    if kind == "slash_commands":
        return urlencode(payload), _FORM
    if kind == "interactive":
        return urlencode({"payload": json.dumps(payload)}), _FORM
    return json.dumps(payload), "application/json"


class HttpMode:
    """Posts to one request URL. `now` is the machine's clock, because apps check the age of a signature."""

    def __init__(
        self,
        url: str,
        *,
        signing_secret: str,
        ack_seconds: float,
        now: Callable[[], datetime],
        faults: Faults,
    ) -> None:
        self._url = url
        self._secret = signing_secret.encode()
        self._ack_seconds = ack_seconds
        self._now = now
        self._faults = faults
        self._copies: set[asyncio.Task[Json]] = set()  # in progress; their answers are ignored
        #: The status of every answer to what did not come from Slack, or was broken; 0 without an answer.
        self.refusals: list[int] = []

    async def deliver(self, kind: str, payload: Json, *, accepts_payload: bool) -> Json:
        """Post one payload and wait for the acknowledgement."""
        again = self._faults.draw("delivery", kind)
        body = _body(kind, payload)
        if intrusion := self._faults.draw("door", kind):
            await asyncio.to_thread(self._intrude, intrusion.kind, *body)
        for attempt in range(1, 1 + again.copies if again else 1):
            copy = asyncio.create_task(asyncio.to_thread(self._post, *body, attempt))
            self._copies.add(copy)
            copy.add_done_callback(self._arrived)
        return await asyncio.to_thread(self._post, *body, 0)

    def _arrived(self, copy: asyncio.Task[Json]) -> None:
        self._copies.discard(copy)
        if not copy.cancelled():
            copy.exception()  # read, so that asyncio does not report it as never retrieved

    def _headers(self, body: str, *, secret: bytes | None = None, age: int = 0) -> dict[str, str]:
        """The headers of a signature as Slack makes it."""
        stamp = str(int(self._now().timestamp()) - age)
        signature = hmac.new(secret or self._secret, f"v0:{stamp}:{body}".encode(), hashlib.sha256)
        return {
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": f"v0={signature.hexdigest()}",
        }

    def _intrude(self, kind: str, body: str, content_type: str) -> None:
        """Post what the app must refuse, and note what it answers."""
        cut = body[: len(body) // 2]
        posts = (
            [
                (body, {}),
                (body, self._headers(body, secret=b"guessed")),
                (body, self._headers(body, age=_LONG_AGO)),
                (cut, self._headers(body)),  # the signature of another body
                ("{", {}),
            ]
            if kind == "forged"
            else [(broken, self._headers(broken)) for broken in (cut, "payload=%5B%5D", "payload=NaN", "")]
        )
        for sent, headers in posts:
            request = urllib.request.Request(
                self._url, sent.encode(), {"Content-Type": content_type, **headers}
            )
            try:
                with urllib.request.urlopen(request, timeout=self._ack_seconds) as answer:
                    self.refusals.append(answer.status)
            except urllib.error.HTTPError as error:
                self.refusals.append(error.code)
                error.close()
            except OSError:
                self.refusals.append(0)

    def _post(self, body: str, content_type: str, attempt: int) -> Json:
        headers = {"Content-Type": content_type, **self._headers(body)}
        if attempt:
            headers |= {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": "http_timeout"}
        request = urllib.request.Request(self._url, body.encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=self._ack_seconds) as answer:
                text = answer.read().decode()
        except urllib.error.HTTPError as error:
            error.close()
            raise NotConnected from None
        except OSError as error:  # a URLError is one, with the cause as its reason
            late = isinstance(getattr(error, "reason", error), TimeoutError)
            raise (NotAcknowledged if late else NotConnected) from None
        return _acknowledgement(text)


def _acknowledgement(text: str) -> Json:
    try:
        parsed: Any = json.loads(text or "{}")
    except ValueError:
        return {"text": text}
    return parsed if isinstance(parsed, dict) else {"text": text}
