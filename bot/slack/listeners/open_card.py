"""Choosing one of several customers, or *Show the card* under an alert."""

import re

from slack_bolt import App

from bot.services.ask import lookup
from bot.slack.after import After, Press
from bot.slack.answers import chosen, respond_with
from bot.slack.desk import Desk
from bot.wording.messages import Action


def register(app: App, desk: Desk, after: After) -> None:
    @app.action(re.compile(rf"^{Action.OPEN}(\.\d+)?$"))
    @after.reads
    def show(press: Press) -> None:
        actor = desk.actor(press.body)
        pointer = chosen(press.body)
        card = lookup.open_card(desk.database, desk.shelf, desk.rules, actor, pointer, desk.today(actor))
        in_place = bool(press.body.get("container", {}).get("is_ephemeral"))
        respond_with(press, desk.gateway.payload(card, actor.language), replace_original=in_place)
