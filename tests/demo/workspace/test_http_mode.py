"""A Bolt app in HTTP mode: the workspace signs what it posts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from slack_bolt import Ack, App
from slack_bolt.adapter.wsgi import SlackRequestHandler
from slack_sdk import WebClient

from bot.demo.workspace import Workspace
from tests.demo.workspace.test_interactions import GENERAL, LIN, button, card, modal, text_input


class Quiet(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def served(app: App) -> Iterator[str]:
    with make_server("127.0.0.1", 0, SlackRequestHandler(app), handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/slack/events"
        finally:
            server.shutdown()
            thread.join()


def app_with(client: WebClient, secret: str) -> App:
    app = App(client=client, signing_secret=secret, process_before_response=True)

    @app.command("/tier")
    def tier(ack: Ack) -> None:
        ack(text="card", blocks=card(button("log")))

    @app.action("log")
    def log(ack: Ack, client: WebClient, body: dict[str, Any]) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=modal(text_input()))

    app.view("visit")(lambda ack: ack(response_action="errors", errors={"note": "Say more."}))
    app.event("app_home_opened")(
        lambda event, client: client.views_publish(
            user_id=event["user"], view={"type": "home", "blocks": card(button("log"))}
        )
    )
    return app


def test_commands_buttons_submissions_and_events_pass_over_signed_http(
    workspace: Workspace, client: WebClient
) -> None:
    with served(app_with(client, "local-signing-secret")) as url:
        workspace.deliver_by_http(url)
        assert workspace.command(LIN, GENERAL, "/tier", "ACME & Söhne").ok
        assert workspace.click(LIN, workspace.messages(GENERAL, LIN)[0], "log").ok
        view = workspace.view_of(LIN)
        assert view is not None
        assert dict(workspace.submit_view(LIN, view, {"note": "x"}).errors) == {"note": "Say more."}
        workspace.open_home(LIN)
        assert workspace.home_of(LIN) is not None


def test_a_wrong_signature_and_an_absent_app_are_reported_to_the_person(
    workspace: Workspace, client: WebClient
) -> None:
    with served(app_with(client, "another-secret")) as url:
        workspace.deliver_by_http(url)
        assert workspace.command(LIN, GENERAL, "/tier").error == "dispatch_failed"
    assert workspace.command(LIN, GENERAL, "/tier").error == "dispatch_failed"
