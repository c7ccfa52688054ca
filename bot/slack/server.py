"""The Bolt app: listeners, repeats dropped, one place where errors become words."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import structlog
from slack_bolt import App, BoltContext, BoltResponse
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from bot.errors import N_, BotError, NotReady
from bot.messages import Problem
from bot.rendering import problem_text
from bot.serving import Server, serve
from bot.slack.desk import Desk
from bot.slack.http_mode import http_app
from bot.slack.listeners import register_all
from db import system

LISTENER_THREADS = 20
PING_SECONDS = 3  # a dead connection is noticed in about 15 s instead of a minute

log = structlog.get_logger()


def bolt_app(desk: Desk, client: WebClient, new_reference: Callable[[], str]) -> App:
    """An app with every listener registered; nothing is sent or received yet."""
    settings = desk.settings
    secret = settings.slack_signing_secret
    app = App(
        client=client,
        signing_secret=secret.get_secret_value() if secret else None,
        # With the default the runner looks for the ack every 10 ms: 10.7 ms an answer instead of 0.3.
        process_before_response=True,
        token_verification_enabled=False,
        listener_executor=ThreadPoolExecutor(max_workers=LISTENER_THREADS, thread_name_prefix="listener"),
    )

    @app.middleware
    def drop_repeats(body: dict[str, Any], next: Callable[[], Any]) -> BoltResponse | None:
        if _is_repeat(desk, body):
            return BoltResponse(status=200)
        next()
        return None

    @app.error
    def explain(error: Exception, body: dict[str, Any], context: BoltContext) -> BoltResponse:
        return _explain(desk, error, body, context, new_reference)

    register_all(app, desk)
    return app


def serve_http(app: App, host: str, port: int) -> Server:
    """Listen for signed requests. Raises OSError when the port cannot be had."""
    return serve(http_app(app), host=host, port=port, name="http-mode")


@dataclass(frozen=True, kw_only=True)
class Connection:
    """An open Socket Mode connection."""

    handler: SocketModeHandler

    def close(self) -> None:
        self.handler.close()  # type: ignore[no-untyped-call]


def connect(app: App, desk: Desk) -> Connection:
    """Open a Socket Mode connection. Raises NotReady without an app token."""
    token = desk.settings.slack_app_token
    if token is None:
        raise NotReady(N_("SLACK_APP_TOKEN is not set. Create an app-level token with connections:write."))
    handler = SocketModeHandler(app, token.get_secret_value(), ping_interval=PING_SECONDS)
    handler.connect()  # type: ignore[no-untyped-call]
    return Connection(handler=handler)


def _is_repeat(desk: Desk, body: dict[str, Any]) -> bool:
    """Whether a press or a form was delivered before. Questions may repeat, they change nothing."""
    kind = body.get("type")
    if kind == "block_actions":
        action = body["actions"][0]
        key = f"{body.get('trigger_id')}:{action.get('action_ts')}"
    elif kind == "view_submission":
        # Not the view's hash: a form that was sent back with a complaint keeps it, and is sent in again.
        key = f"{body['view']['id']}:{body.get('trigger_id')}"
    else:
        return False
    team = (body.get("team") or {}).get("id") or ""
    with desk.database.write() as session:
        return not system.first_delivery(session, team_id=team, kind=str(kind), key=key, now=desk.clock.now())


def _explain(
    desk: Desk, error: Exception, body: dict[str, Any], context: BoltContext, new_reference: Callable[[], str]
) -> BoltResponse:
    """Say what went wrong to whoever caused it: the sentence of a BotError, or a reference that is in the log."""
    language = desk.language(body)
    if isinstance(error, BotError):
        problem = Problem(text=problem_text(error, language))
        log.info("listener.refused", error=type(error).__name__, msgid=error.msgid)
    else:
        reference = new_reference()
        problem = Problem(text="", reference=reference)
        log.error("listener.failed", reference=reference, error=type(error).__name__, exc_info=error)
    if body.get("type") == "view_submission":
        view = desk.gateway.modal(problem, language, N_("Tierbot"))
        return BoltResponse(status=200, body={"response_action": "update", "view": view})
    content = desk.gateway.payload(problem, language)
    if "command" in body:
        return BoltResponse(status=200, body={"response_type": "ephemeral", **content})
    if context.respond is not None and body.get("response_url"):
        context.respond(**content, response_type="ephemeral", replace_original=False)
    return BoltResponse(status=200)
