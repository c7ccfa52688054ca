"""*Why* on a card: what changed, what would lift it, and the breakdown, in a modal."""

from slack_bolt import App

from bot.errors import N_
from bot.services.ask import explanation
from bot.slack.answers import chosen
from bot.slack.deferred import Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.wording.messages import Action


def register(app: App, deps: Dependencies, deferred: Deferred) -> None:
    @app.action(str(Action.WHY))
    @deferred.reads
    def explain(press: Press) -> None:
        actor = deps.actor(press.body)
        explained = explanation.why(deps.database, deps.scheme_cache, actor, chosen(press.body))
        view = deps.gateway.modal(explained.message, actor.language, N_("Why this tier"))
        press.client.views_open(trigger_id=press.body["trigger_id"], view=view)
