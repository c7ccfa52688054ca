"""The Bolt app with its listeners, over Socket Mode or HTTP. What takes long is done after the acknowledgement."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from slack_bolt import App, BoltRequest, BoltResponse
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_bolt.adapter.socket_mode.internals import build_headers, send_response
from slack_sdk import WebClient
from slack_sdk.socket_mode.builtin import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.clock import SystemClock
from bot.errors import N_, NotReady
from bot.server import Server, serve
from bot.slack.deferred import BEGIN, Deferred, queues
from bot.slack.dependencies import Dependencies
from bot.slack.http_mode import http_app
from bot.slack.listeners import register_all
from bot.slack.outsiders import refuse_outsiders
from bot.slack.problems import Explainer

PING_SECONDS = 1  # a dead connection is noticed after five of these, instead of after a minute


@dataclass(frozen=True, kw_only=True)
class Front:
    """The Bolt app, and the work that it has acknowledged."""

    app: App
    deferred: Deferred


def front(deps: Dependencies, client: WebClient, new_reference: Callable[[], str]) -> Front:
    """An app with every listener registered; nothing is sent or received yet."""
    explainer = Explainer(deps=deps, new_reference=new_reference)
    deferred = queues(explainer.explain_press)
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


def serve_http(app: App, signing_secret: str, host: str, port: int) -> Server:
    """Listen for signed requests. Raises OSError when the port is not available."""
    return serve(http_app(app, signing_secret), host=host, port=port, name="http-mode")


class _Handler(SocketModeHandler):
    """Bolt's, but deferred work begins when the acknowledgement has been sent."""

    def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override]
        started = SystemClock().now().timestamp()
        request = BoltRequest(mode="socket_mode", body=req.payload, headers=build_headers(req))
        send_response(client, req, self.app.dispatch(request), started)
        if (begin := request.context.get(BEGIN)) is not None:
            begin()


@dataclass(frozen=True, kw_only=True)
class SocketModeConnection:
    """An open Socket Mode connection."""

    handler: SocketModeHandler

    def close(self) -> None:
        self.handler.close()  # type: ignore[no-untyped-call]


def connect(app: App, deps: Dependencies) -> SocketModeConnection:
    """Open a Socket Mode connection. Raises NotReady without an app token."""
    token = deps.settings.slack_app_token
    if token is None:
        raise NotReady(N_("SLACK_APP_TOKEN is not set. Create an app-level token with connections:write."))
    handler = _Handler(app, token.get_secret_value(), ping_interval=PING_SECONDS)

    def give_up(error: Exception) -> None:
        # slack_sdk goes on reading from a connection that was reset; a closed one is replaced at its next check.
        if isinstance(error, OSError) and handler.client.current_session is not None:
            handler.client.current_session.disconnect()

    handler.client.on_error_listeners.append(give_up)
    handler.connect()  # type: ignore[no-untyped-call]
    return SocketModeConnection(handler=handler)
