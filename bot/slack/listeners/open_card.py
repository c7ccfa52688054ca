"""Choosing one of several customers, or *Show the card* under an alert."""

import re
from typing import Any

from slack_bolt import Ack, App, Respond

from bot.messages import Action
from bot.services import lookup
from bot.slack.answers import chosen, respond_with
from bot.slack.desk import Desk


def register(app: App, desk: Desk) -> None:
    @app.action(re.compile(rf"^{Action.OPEN}(\.\d+)?$"))
    def show(ack: Ack, body: dict[str, Any], respond: Respond) -> None:
        actor = desk.actor(body)
        card = lookup.open_card(desk.database, desk.shelf, desk.rules, actor, chosen(body), desk.today(actor))
        in_place = bool(body.get("container", {}).get("is_ephemeral"))
        respond_with(respond, desk.gateway.payload(card, actor.language), replace_original=in_place)
        ack()
