"""/healthz, /readyz and /metrics on 127.0.0.1, in Socket Mode too.

Health comes from what jobs really did and from rows, not from `scheduler.running`, which stays true when the
scheduler's thread is dead.
"""

import threading
import time
from collections.abc import Callable, Iterator

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.exc import DatabaseError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.app import Tierbot
from bot.jobs import Job
from bot.server import serve
from bot.services.ops import metrics as vitals
from db import schema

log = structlog.get_logger()


class Pulse:
    """When each job was last seen to end, and how, on the monotonic clock."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._until: dict[str, float] = {}
        self._failing: dict[str, tuple[float, str]] = {}  # from when on that is worth telling, and why

    def beat(self, job: Job, failure: Exception | None = None) -> None:
        """A job has begun or ended; it is expected to end again within its patience."""
        now = self._monotonic()
        with self._lock:
            if failure is None:
                self._failing.pop(job.name, None)
            else:
                told, _ = self._failing.get(job.name, (now + 2 * job.every.total_seconds(), ""))
                self._failing[job.name] = (told, _reason(failure))
            if failure is None or not job.vital or isinstance(failure, DatabaseError):
                self._until[job.name] = now + job.patience.total_seconds()

    def late(self) -> list[str]:
        """Jobs that hang, or whose scheduler is dead. None where nothing was begun, as in a web process."""
        with self._lock:
            return sorted(name for name, until in self._until.items() if self._monotonic() > until)

    def failing(self) -> list[str]:
        """Jobs that have failed three times in a row, with the reason."""
        with self._lock:
            now = self._monotonic()
            return sorted(
                f"{name} fails: {reason}" for name, (told, reason) in self._failing.items() if now >= told
            )


def _reason(failure: Exception) -> str:
    """What may be shown to anybody: of the database its own words, of a fault of ours only its kind."""
    if isinstance(failure, DatabaseError):
        return str(failure.orig).strip().splitlines()[0]
    return type(failure).__name__


def serve_health(bot: Tierbot, pulse: Pulse) -> Callable[[], None]:
    """Serve; gives what ends it. A port that is taken is logged and costs nothing else."""
    port = bot.settings.health_port
    if port == 0:
        return lambda: None
    try:
        return serve(health_app(bot, pulse), host="127.0.0.1", port=port, name="health").stop
    except OSError as error:
        log.warning("health.port_taken", port=port, error=error.strerror)
        return lambda: None


def health_app(bot: Tierbot, pulse: Pulse) -> Starlette:
    async def healthz(request: Request) -> Response:
        late = pulse.late()
        return PlainTextResponse(
            f"late: {', '.join(late)}\n" if late else "ok\n", status_code=503 if late else 200
        )

    async def readyz(request: Request) -> Response:
        reason = await run_in_threadpool(_not_ready, bot) or "; ".join(pulse.failing())
        return PlainTextResponse(f"{reason}\n", status_code=503) if reason else PlainTextResponse("ready\n")

    async def metrics(request: Request) -> Response:
        return Response(await run_in_threadpool(_metrics, bot), media_type=CONTENT_TYPE_LATEST)

    return Starlette(
        routes=[Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]
    )


def _not_ready(bot: Tierbot) -> str:
    """Why this process cannot do its work, empty when it can."""
    try:
        schema.check(bot.database)
    except schema.SchemaMismatch:
        return "database of another revision"
    except DatabaseError as error:
        return f"database: {_reason(error)}"
    return ""


class _Vitals(Collector):
    """Rows read at each scrape. Labels are states, kinds and roles, never people or customers."""

    def __init__(self, bot: Tierbot) -> None:
        self._bot = bot

    def collect(self) -> Iterator[GaugeMetricFamily]:
        with self._bot.database.read() as session:
            found = vitals.measure(session, self._bot.clock.now())
        for vital in found:
            family = GaugeMetricFamily(f"tierbot_{vital.name}", vital.help, labels=vital.labels)
            for labels, value in vital.samples:
                family.add_metric(labels, value)
            yield family


def _metrics(bot: Tierbot) -> bytes:
    registry = CollectorRegistry()
    registry.register(_Vitals(bot))
    return generate_latest(registry)
