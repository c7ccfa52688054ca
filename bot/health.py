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
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.app import Tierbot
from bot.jobs import Job
from bot.services import vitals
from bot.serving import serve
from db import schema

log = structlog.get_logger()


class Pulse:
    """When each job was last seen to end, on the monotonic clock."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._until: dict[str, float] = {}

    def beat(self, job: Job) -> None:
        """A job has ended; it is expected again within its patience."""
        with self._lock:
            self._until[job.name] = self._monotonic() + job.patience.total_seconds()

    def late(self) -> list[str]:
        """Jobs that hang, or whose scheduler is dead. None where nothing was begun, as in a web process."""
        with self._lock:
            return sorted(name for name, until in self._until.items() if self._monotonic() > until)


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
        reason = await run_in_threadpool(_not_ready, bot)
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
    except Exception as error:
        return f"database: {type(error).__name__}"
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
