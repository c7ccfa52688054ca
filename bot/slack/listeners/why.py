"""*Why* on a card: what changed, what would lift it, and the breakdown, in a modal; *Figure by figure* on top of it."""

from slack_bolt import App

from bot.clock import local_date
from bot.errors import N_
from bot.services.ask import explanation
from bot.slack import blocks
from bot.slack.deferred import Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.wording.actions import Action


def register(app: App, deps: Dependencies, deferred: Deferred) -> None:
    @app.action(str(Action.WHY))
    @deferred.reads
    def explain(press: Press) -> None:
        actor = deps.identify(press.user_id)
        today = local_date(deps.clock.now(), deps.settings.zone)
        with deps.bounds.asking(actor):
            explained = explanation.why(deps.database, deps.scheme_cache, actor, press.pointer, today)
        deps.bounds.show(actor, explained.message)
        press.open_view(blocks.modal(deps.renderer, explained.message, actor.language, N_("Why this tier")))

    @app.action(str(Action.EXACT))
    @deferred.reads
    def show_figures(press: Press) -> None:
        actor = deps.identify(press.user_id)
        with deps.bounds.asking(actor):
            figures = explanation.exact_figures(deps.database, deps.scheme_cache, actor, press.pointer)
        deps.bounds.show(actor, figures, customer_id=press.pointer.id)
        press.push_view(blocks.modal(deps.renderer, figures, actor.language, N_("Figure by figure")))
