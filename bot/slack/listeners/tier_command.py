"""/tier NAME"""

import html
from typing import Any

from slack_bolt import Ack, App

from bot.services import lookup
from bot.slack.desk import Desk
from bot.slack.manifest import TIER


def register(app: App, desk: Desk) -> None:
    @app.command(TIER.name)
    def answer(ack: Ack, body: dict[str, Any]) -> None:
        actor = desk.actor(body)
        text = html.unescape(body.get("text", ""))  # Slack escapes what was typed
        message = lookup.answer(desk.database, desk.shelf, desk.rules, actor, text, desk.today(actor))
        ack(response_type="ephemeral", **desk.gateway.payload(message, actor.language))
