"""*Contact people* on a card: the list, in full for who may see that, and the form to add or change one."""

from typing import Any

from slack_bolt import App

from bot.services import access
from bot.services.access import Act
from bot.services.contact_people import views
from bot.slack.deferred import Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.slack.listeners.card_menu import offers
from bot.slack.listeners.records import contact_form
from bot.slack.listeners.records.opening import load
from bot.wording.actions import Action


def register(app: App, deps: Dependencies, deferred: Deferred) -> None:
    @offers(app, Action.CONTACTS)
    @deferred.reads
    def show(press: Press) -> None:
        actor = deps.identify(press.user_id)
        load(
            deps, press, actor, contact_form.TITLE, lambda: contact_form.list_view(deps, actor, press.pointer)
        )

    @app.action(str(Action.CONTACTS_IN_FULL))
    @deferred.writes
    def show_in_full(press: Press) -> None:
        actor = deps.identify(press.user_id)

        def found() -> dict[str, Any]:
            with deps.bounds.asking(actor):
                message = views.in_full(deps.database, actor, press.pointer, actor.today(deps.clock.now()))
            deps.bounds.show(actor, message, customer_id=press.pointer.id)
            return contact_form.modal(deps, actor, message)

        load(deps, press, actor, contact_form.TITLE, found, on_top=True)

    @app.action(str(Action.ADD_CONTACT))
    @deferred.reads
    def add(press: Press) -> None:
        actor = deps.identify(press.user_id)

        def form() -> dict[str, Any]:
            with deps.bounds.asking(actor), deps.database.read() as session:
                customer = access.customer_for(session, actor, Act.CHANGE_CONTACT_PEOPLE, press.pointer)
            return contact_form.to_add(press.pointer, customer.name, customer.code, actor.language)

        load(deps, press, actor, contact_form.TITLE, form, on_top=True)

    @app.action(str(Action.CHANGE_CONTACT))
    @deferred.writes
    def change(press: Press) -> None:
        actor = deps.identify(press.user_id)

        def form() -> dict[str, Any]:
            today = actor.today(deps.clock.now())
            with deps.bounds.asking(actor):
                person = views.to_change(deps.database, actor, press.pointer.id, today)
            return contact_form.to_change(person, actor.language)

        load(deps, press, actor, contact_form.TITLE, form, on_top=True)
