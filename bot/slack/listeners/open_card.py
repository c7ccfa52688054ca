"""Choosing one of several customers, or *Show the card* under an alert."""

import re

from slack_bolt import App

from bot.services.access import WHO_MAY_OPEN
from bot.services.ask import lookup
from bot.slack import blocks
from bot.slack.deferred import Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.wording.actions import Action


def register(app: App, deps: Dependencies, deferred: Deferred) -> None:
    @app.action(re.compile(rf"^{Action.OPEN}(\.\d+)?$"))
    @deferred.reads
    def show(press: Press) -> None:
        actor = deps.identify(press.user_id)
        today = actor.today(deps.clock.now())
        with deps.bounds.asking(actor), deps.database.read() as session:
            card = lookup.card(
                session, deps.scheme_cache, deps.rules_in(session), actor, press.pointer, today, WHO_MAY_OPEN
            )
            deps.bounds.show(actor, card, session=session)
        in_place = bool(press.body.get("container", {}).get("is_ephemeral"))
        press.respond(blocks.payload(deps.renderer, card, actor.language), replace_original=in_place)
