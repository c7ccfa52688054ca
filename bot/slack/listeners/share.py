"""*Share* on a card: the tier to the whole channel, without figures."""

from typing import Any

from slack_bolt import Ack, App, Respond

from bot.messages import Action
from bot.services import lookup
from bot.slack.answers import chosen, respond_with
from bot.slack.desk import Desk


def register(app: App, desk: Desk) -> None:
    @app.action(str(Action.SHARE))
    def share(ack: Ack, body: dict[str, Any], respond: Respond) -> None:
        actor = desk.actor(body)
        card = lookup.share(desk.database, desk.shelf, actor, chosen(body))
        content = desk.gateway.payload(card, desk.settings.language)
        respond_with(respond, content, response_type="in_channel", replace_original=False)
        ack()
