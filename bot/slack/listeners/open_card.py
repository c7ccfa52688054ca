"""Choosing one of several customers, or *Show the card* under an alert."""

import re

from slack_bolt import App

from bot.services.ask import lookup
from bot.slack.answers import chosen, respond_with
from bot.slack.deferred import Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.wording.messages import Action


def register(app: App, deps: Dependencies, deferred: Deferred) -> None:
    @app.action(re.compile(rf"^{Action.OPEN}(\.\d+)?$"))
    @deferred.reads
    def show(press: Press) -> None:
        actor = deps.actor(press.body)
        pointer = chosen(press.body)
        card = lookup.open_card(
            deps.database, deps.scheme_cache, deps.rules, actor, pointer, deps.today(actor)
        )
        in_place = bool(press.body.get("container", {}).get("is_ephemeral"))
        respond_with(press, deps.gateway.payload(card, actor.language), replace_original=in_place)
