"""The Bolt app with its listeners, over Socket Mode or HTTP. What takes long is done after the acknowledgement."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from slack_bolt import App, BoltResponse
from slack_sdk import WebClient

from bot.errors import N_, BadInput, NotReady
from bot.server import Server
from bot.services.ops import connection
from bot.slack.deferred import Deferred, queues
from bot.slack.dependencies import Dependencies
from bot.slack.gateway import web_client
from bot.slack.listeners import register_all
from bot.slack.outsiders import refuse_outsiders
from bot.slack.pressed import home_tab
from bot.slack.problems import Explainer
from bot.slack.transport.calendar_pages import calendar_route
from bot.slack.transport.http_mode import serve_slack
from bot.slack.transport.socket_mode import TIMING, ConnectionKeeper, Timing

log = structlog.get_logger()

REPORT_SECONDS = 15.0
WITHDRAW_SECONDS = 2.0  # the database may be locked; a row that stays is known as old after a minute
OPEN_TIMEOUT = 5  # seconds for apps.connections.open


@dataclass(frozen=True, kw_only=True)
class Front:
    """The Bolt app, and the work that it has acknowledged."""

    app: App
    deferred: Deferred


def front(deps: Dependencies, client: WebClient, new_reference: Callable[[], str]) -> Front:
    """An app with every listener registered; nothing is sent or received yet."""
    explainer = Explainer(deps=deps, new_reference=new_reference)
    deferred = queues(explainer.explain_press, partial(home_tab.refresh, deps))
    app = App(
        client=client,
        request_verification_enabled=False,  # http_mode verifies the raw bytes before Bolt parses them
        # By default the runner checks for the ack every 10 ms: 10.7 ms an answer instead of 0.3.
        process_before_response=True,
        token_verification_enabled=False,
        raise_error_for_unhandled_request=True,
    )

    @app.error
    def explain(error: Exception, body: dict[str, Any]) -> BoltResponse:
        return explainer.answer(error, body)

    refuse_outsiders(app, deps.gateway.users.installation, deferred)
    register_all(app, deps, deferred)
    return Front(app=app, deferred=deferred)


class Reports:
    """Reports how this process hears Slack, until it ends."""

    def __init__(self, deps: Dependencies) -> None:
        self._watch = deps.connection
        self._stopping = threading.Event()
        self._thread = threading.Thread(
            target=_report, args=[deps, self._stopping], name="connection-report", daemon=True
        )
        self._thread.start()

    def end(self) -> None:
        """Report nothing more, and remove the report of this process."""
        self._stopping.set()
        self._watch.changed.set()
        self._thread.join(WITHDRAW_SECONDS)


@dataclass(frozen=True, kw_only=True)
class SocketModeConnection:
    """The Socket Mode connection of this process, which reports its state until it is closed."""

    keeper: ConnectionKeeper
    reports: Reports

    def close(self) -> None:
        self.keeper.close()
        self.reports.end()


@dataclass(frozen=True, kw_only=True)
class HttpListener:
    """The server of HTTP mode, which reports what it hears until it is closed."""

    server: Server
    reports: Reports

    def close(self) -> None:
        self.server.stop()
        self.reports.end()


def listen(
    app: App, deps: Dependencies, signing_secrets: Sequence[str], host: str, port: int
) -> HttpListener:
    """Listen for requests that Slack has signed, and for calendars. Raises OSError when the port is not available."""
    watch = deps.connection
    watch.listen()
    server = serve_slack(app, signing_secrets, host, port, watch, pages=[calendar_route(deps)])
    return HttpListener(server=server, reports=Reports(deps))


def connect(app: App, deps: Dependencies, timing: Timing = TIMING) -> SocketModeConnection:
    """Open a Socket Mode connection and keep one open.

    Raises NotReady without an app token, and BadInput when Slack refuses it. If Slack cannot be reached or opens no
    connection for another reason, that is tried again, and `deps.connection` tells the reason.
    """
    token, watch, database = deps.settings.slack_app_token, deps.connection, deps.database
    if token is None:
        raise NotReady(N_("SLACK_APP_TOKEN is not set. Create an app-level token with connections:write."))

    def count_others() -> int:
        return connection.held_by_others(database, watch.boot_id, deps.clock)

    client = web_client(deps.settings, timeout=OPEN_TIMEOUT)
    keeper = ConnectionKeeper(app, client, token.get_secret_value(), watch, count_others, timing)
    reason = keeper.open()
    if reason in connection.TOKEN_REFUSALS:
        keeper.close()
        raise BadInput(
            N_(
                "Slack refuses SLACK_APP_TOKEN (%(code)s). Create an app-level token with connections:write on the app's"
                " page, under Basic Information."
            ),
            code=reason,
        )
    return SocketModeConnection(keeper=keeper, reports=Reports(deps))


def _report(deps: Dependencies, stopping: threading.Event) -> None:
    """Write how this process hears Slack whenever that changes, and in between as a sign of life."""
    watch = deps.connection
    while not stopping.is_set():
        watch.changed.clear()
        try:
            connection.report(deps.database, watch, deps.clock)
        except Exception as error:  # the database, which jobs and /readyz report
            log.warning("slack.unreported", error=type(error).__name__)
        watch.changed.wait(REPORT_SECONDS)
    try:
        connection.withdraw(deps.database, watch.boot_id)
    except Exception as error:
        log.warning("slack.unreported", error=type(error).__name__)
