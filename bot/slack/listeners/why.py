"""*Why* on a card: the breakdown, in a modal."""

from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient

from bot.errors import N_
from bot.messages import Action
from bot.services import lookup
from bot.slack.answers import chosen
from bot.slack.desk import Desk


def register(app: App, desk: Desk) -> None:
    @app.action(str(Action.WHY))
    def explain(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        actor = desk.actor(body)
        message = lookup.why(desk.database, desk.shelf, actor, chosen(body))
        view = desk.gateway.modal(message, actor.language, N_("Why this tier"))
        client.views_open(trigger_id=body["trigger_id"], view=view)
        ack()
