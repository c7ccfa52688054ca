"""/tier NAME: answered with the acknowledgement, because that only reads."""

import html
from typing import Any

from slack_bolt import Ack, App, BoltContext
from slack_sdk import WebClient

from bot.services import lookup
from bot.services.access import Actor
from bot.slack.after import After, Press
from bot.slack.answers import respond_with
from bot.slack.desk import Desk
from bot.slack.manifest import TIER


def register(app: App, desk: Desk, after: After) -> None:
    @app.command(TIER.name)
    def answer(ack: Ack, body: dict[str, Any], client: WebClient, context: BoltContext) -> None:
        actor = desk.known(body)
        if actor is not None:
            ack(response_type="ephemeral", **card(actor, body))
        else:  # Slack is asked who that is, and the answer written down
            after.writes.put(context, Press(body=body, client=client), introduce)
            ack()

    def introduce(press: Press) -> None:
        content = card(desk.actor(press.body), press.body)
        respond_with(press, content, response_type="ephemeral", replace_original=False)

    def card(actor: Actor, body: dict[str, Any]) -> dict[str, Any]:
        text = html.unescape(body.get("text", ""))  # Slack escapes what was typed
        message = lookup.answer(desk.database, desk.shelf, desk.rules, actor, text, desk.today(actor))
        return desk.gateway.payload(message, actor.language)
