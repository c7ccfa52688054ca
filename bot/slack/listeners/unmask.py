"""*Show masked fields* on a card: answers only the person who asks, and is recorded first."""

from slack_bolt import App

from bot.services.ask import unmasked
from bot.slack import blocks
from bot.slack.deferred import Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.wording.actions import Action


def register(app: App, deps: Dependencies, deferred: Deferred) -> None:
    @app.action(str(Action.UNMASK))
    @deferred.writes
    def show(press: Press) -> None:
        actor = deps.identify(press.user_id)
        with deps.bounds.asking(actor):
            found = unmasked.unmask(deps.database, deps.scheme_cache, actor, press.pointer)
        deps.bounds.show(actor, found, customer_id=press.pointer.id)
        content = blocks.payload(deps.renderer, found, actor.language)
        press.respond(content, response_type="ephemeral", replace_original=False)
