"""/healthz, /readyz, /metrics and the calendars on 127.0.0.1, in Socket Mode too.

Health is judged by when jobs ended and by rows: `scheduler.running` stays true when the scheduler's thread is dead.
"""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

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
from bot.services.ops import connection, metrics
from bot.services.ops.failing import reason_of
from bot.slack.transport.calendar_pages import calendar_route
from db import schema

log = structlog.get_logger()

# How long a vital job may fail because of the database before the process ends: Kubernetes waits longer and longer
# before it starts a process again that ended within ten minutes.
LONGEST_FAILURE = timedelta(minutes=11)


class Pulse:
    """When each job last ended, and how, on the monotonic clock."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._until: dict[str, float] = {}
        self._failing: dict[str, tuple[float, Job, str]] = {}  # since when, which and why
        self.waits_for = ""  # what the start of the process waits for; empty once it has started

    def beat(self, job: Job, failure: Exception | None = None) -> None:
        """A job has begun or ended; it is expected to end again within its patience."""
        now = self._monotonic()
        with self._lock:
            if failure is None:
                self._failing.pop(job.name, None)
            else:
                since = self._failing[job.name][0] if job.name in self._failing else now
                self._failing[job.name] = since, job, reason_of(failure)
            if failure is None or not job.vital:
                self._until[job.name] = now + job.patience.total_seconds()
            elif isinstance(failure, DatabaseError):
                self._until[job.name] = since + LONGEST_FAILURE.total_seconds()

    def late(self) -> list[str]:
        """Jobs that hang, or whose scheduler is dead. Empty where no job was begun, as in a web process."""
        with self._lock:
            return sorted(name for name, until in self._until.items() if self._monotonic() > until)

    def failing(self) -> list[str]:
        """Jobs that have failed three times in a row, with the reason."""
        with self._lock:
            now = self._monotonic()
            return sorted(
                f"{name} fails: {reason}"
                for name, (since, job, reason) in self._failing.items()
                if now >= since + 2 * job.every.total_seconds()
            )


def serve_health(bot: Tierbot, pulse: Pulse) -> Callable[[], None]:
    """Serve the pages; returns the function that ends it. A port in use is logged, and the process goes on."""
    port = bot.settings.health_port
    if port == 0:
        return lambda: None
    try:
        return serve(health_app(bot, pulse), host="127.0.0.1", port=port, name="health").stop
    except OSError as error:
        log.warning("health.port_taken", port=port, error=error.strerror)
        return lambda: None


def health_app(bot: Tierbot, pulse: Pulse) -> Starlette:
    """The ASGI application of the pages."""

    async def healthz(request: Request) -> Response:
        late = pulse.late()
        return PlainTextResponse(
            f"late: {', '.join(late)}\n" if late else "ok\n", status_code=503 if late else 200
        )

    async def readyz(request: Request) -> Response:
        reason = await run_in_threadpool(_database_problem, bot) or "; ".join(
            [*filter(None, [pulse.waits_for]), *pulse.failing(), *_connection_problem(bot)]
        )
        return PlainTextResponse(f"{reason or 'ready'}\n", status_code=503 if reason else 200)

    async def prometheus(request: Request) -> Response:
        registry = CollectorRegistry()
        registry.register(_Rows(bot))
        return Response(await run_in_threadpool(generate_latest, registry), media_type=CONTENT_TYPE_LATEST)

    pages = [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", prometheus)]
    return Starlette(routes=[*pages, calendar_route(bot.deps)])


def _database_problem(bot: Tierbot) -> str:
    """Why this process cannot work with its database; empty when it can."""
    try:
        schema.check(bot.database)
    except schema.SchemaMismatch:
        return "database of another revision"
    except DatabaseError as error:
        return f"database: {reason_of(error)}"
    return ""


def _connection_problem(bot: Tierbot) -> Iterator[str]:
    """What keeps this process from receiving all that Slack sends; not what anybody's requests can cause."""
    state = bot.connection.state
    if state is not None and state.problem not in ("", connection.UNVERIFIED):
        found, _ = connection.describe(state, bot.clock.now())
        yield f"slack: {found}"


class _Rows(Collector):
    """Queries rows at each scrape. Labels are states, kinds and roles, never people or customers."""

    def __init__(self, bot: Tierbot) -> None:
        self._bot = bot

    def collect(self) -> Iterator[GaugeMetricFamily]:
        with self._bot.database.read() as session:
            found = metrics.measure(session, self._bot.clock.now())
        for metric in found:
            family = GaugeMetricFamily(f"tierbot_{metric.name}", metric.help, labels=metric.labels)
            for labels, value in metric.samples:
                family.add_metric(labels, value)
            yield family
