"""The calendar of a person's care steps over HTTP: whoever knows the link reads it.

A token that is wrong, revoked, or of somebody who has left is answered 404, after the same work for each of them. Addresses
are not logged, because they hold the token.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.services.care.calendar import entries, links
from bot.services.recipients import FirmDefaults
from bot.slack.dependencies import Dependencies

PER_MINUTE = 30  # requests of one link, and of all that are not known to be one
REMEMBERED = 10_000  # links that were right, of which each has a rate of its own
WAIT_SECONDS = "60"

log = structlog.get_logger()


class Rates:
    """How many requests each link may still make: so many a minute."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._left: OrderedDict[bytes, tuple[float, float]] = OrderedDict()  # link -> how many, and when
        self._others = (float(PER_MINUTE), monotonic())

    def take(self, token: str) -> bool:
        """Whether a request with this token may be answered. Unknown tokens share one rate."""
        key, now = _key(token), self._monotonic()
        with self._lock:
            left, since = self._left.get(key, self._others)
            left = min(PER_MINUTE, left + (now - since) * PER_MINUTE / 60)
            may, rest = left >= 1, (left - 1 if left >= 1 else left, now)
            if key in self._left:
                self._left[key] = rest
                self._left.move_to_end(key)
            else:
                self._others = rest
            return may

    def know(self, token: str) -> None:
        """Give a token that was right a rate of its own."""
        with self._lock:
            self._left.setdefault(_key(token), (float(PER_MINUTE), self._monotonic()))
            if len(self._left) > REMEMBERED:
                self._left.popitem(last=False)


def calendar_route(deps: Dependencies, rates: Rates | None = None) -> Route:
    """The page of every calendar."""
    limits = rates or Rates()

    async def answer(request: Request) -> Response:
        return await run_in_threadpool(
            _answer, deps, limits, request.path_params["token"], request.headers.get("if-none-match", "")
        )

    return Route(f"{links.FOLDER}{{token}}{links.ENDING}", answer, methods=["GET"])


def _answer(deps: Dependencies, rates: Rates, token: str, known_tag: str) -> Response:
    if not rates.take(token):
        return Response(status_code=429, headers={"Retry-After": WAIT_SECONDS})
    try:
        return _calendar(deps, rates, token, known_tag)
    except Exception as error:
        log.warning("calendar.failed", error=type(error).__name__)
        return Response(status_code=503, headers={"Retry-After": WAIT_SECONDS})


def _calendar(deps: Dependencies, rates: Rates, token: str, known_tag: str) -> Response:
    now = deps.clock.now()
    with deps.database.read() as session:
        actor = links.holder(session, token, deps.settings, now)
        rules = deps.rules_in(session) if actor is not None else None
    if actor is None or rules is None:
        return Response(status_code=404)
    rates.know(token)
    firm = FirmDefaults(admins=deps.settings.admins)
    calendar = entries.calendar_of(deps.database, rules, actor, firm, now)
    tag = f'"{calendar.tag}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if tag in (one.strip().removeprefix("W/") for one in known_tag.split(",")):
        return Response(status_code=304, headers=headers)
    from bot.services.care.calendar.ics import ics  # icalendar takes a fifth of a second to import

    return Response(ics(calendar), media_type="text/calendar; charset=utf-8", headers=headers)


def _key(token: str) -> bytes:
    return sha256(token.encode(errors="replace")).digest()
