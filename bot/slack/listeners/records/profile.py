"""*Customer profile* on a card: what is known of a customer, in full for who may see that, and Undo of a change."""

from typing import Any

from slack_bolt import App

from bot.errors import BadInput
from bot.services.traits import acts, views
from bot.slack import blocks
from bot.slack.deferred import Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.slack.listeners.card_menu import offers
from bot.slack.listeners.records import profile_form
from bot.slack.listeners.records.opening import load
from bot.wording.actions import Action


def register(app: App, deps: Dependencies, deferred: Deferred) -> None:
    @offers(app, Action.PROFILE)
    @deferred.reads
    def show(press: Press) -> None:
        actor = deps.identify(press.user_id)
        load(
            deps,
            press,
            actor,
            profile_form.TITLE,
            lambda: profile_form.list_view(deps, actor, press.pointer),
        )

    @app.action(str(Action.PROFILE_IN_FULL))
    @deferred.writes
    def show_in_full(press: Press) -> None:
        actor = deps.identify(press.user_id)

        def found() -> dict[str, Any]:
            with deps.bounds.asking(actor):
                message = views.in_full(deps.database, actor, press.pointer, deps.rules.traits)
            deps.bounds.show(actor, message, customer_id=press.pointer.id)
            return blocks.modal(deps.renderer, message, actor.language, profile_form.TITLE)

        load(deps, press, actor, profile_form.TITLE, found, on_top=True)

    @app.action(str(Action.CHANGE_PROFILE))
    @deferred.writes
    def change(press: Press) -> None:
        actor = deps.identify(press.user_id)

        def form() -> dict[str, Any]:
            with deps.bounds.asking(actor):
                profile = views.to_change(deps.database, actor, press.pointer, deps.rules.traits)
            today = actor.today(deps.clock.now())
            return profile_form.to_change(profile, press.pointer, today, actor.language)

        load(deps, press, actor, profile_form.TITLE, form, on_top=True)

    @app.action(str(Action.UNDO_PROFILE))
    @deferred.writes
    def undo(press: Press) -> None:
        actor, now = deps.identify(press.user_id), deps.clock.now()
        if press.pointer.choice is None:
            raise BadInput(blocks.OLD_BUTTON)
        with deps.bounds.asking(actor):
            taken = acts.undo(
                deps.database, actor, press.pointer, press.pointer.choice, now=now, request=press.key
            )
        message = profile_form.saved(taken, deps.rules.traits, outcome="undone")
        view = blocks.modal(deps.renderer, message, actor.language, profile_form.TITLE)
        press.client.views_update(view_id=press.body["view"]["id"], view=view)
        profile_form.refresh(deps, press, taken.customer_id)
