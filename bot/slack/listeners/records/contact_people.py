"""*Contact people* on a card: the list, in full for who may see that, and the form to add or change one."""

from collections.abc import Callable
from typing import Any

import structlog
from slack_bolt import App
from slack_sdk.errors import SlackApiError

from bot.errors import BotError
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.contact_people import views
from bot.slack import blocks
from bot.slack.answers import error_code
from bot.slack.deferred import Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.slack.listeners.card_menu import offers
from bot.slack.listeners.records import contact_form
from bot.wording import catalogue
from bot.wording.actions import Action
from bot.wording.messages import Problem
from bot.wording.rendering import problem_text

_CLOSED = "not_found"  # the person closed the view meanwhile

log = structlog.get_logger()


def register(app: App, deps: Dependencies, deferred: Deferred) -> None:
    @offers(app, Action.CONTACTS)
    @deferred.reads
    def show(press: Press) -> None:
        actor = deps.identify(press.user_id)
        _load(deps, press, actor, lambda: contact_form.list_view(deps, actor, press.pointer))

    @app.action(str(Action.CONTACTS_IN_FULL))
    @deferred.writes
    def show_in_full(press: Press) -> None:
        actor = deps.identify(press.user_id)

        def found() -> dict[str, Any]:
            with deps.bounds.asking(actor):
                message = views.in_full(deps.database, actor, press.pointer, actor.today(deps.clock.now()))
            deps.bounds.show(actor, message, customer_id=press.pointer.id)
            return contact_form.modal(deps, actor, message)

        _load(deps, press, actor, found, on_top=True)

    @app.action(str(Action.ADD_CONTACT))
    @deferred.reads
    def add(press: Press) -> None:
        actor = deps.identify(press.user_id)

        def form() -> dict[str, Any]:
            with deps.bounds.asking(actor), deps.database.read() as session:
                customer = access.customer_for(session, actor, Act.CHANGE_CONTACT_PEOPLE, press.pointer)
            return contact_form.to_add(press.pointer, customer.name, customer.code, actor.language)

        _load(deps, press, actor, form, on_top=True)

    @app.action(str(Action.CHANGE_CONTACT))
    @deferred.writes
    def change(press: Press) -> None:
        actor = deps.identify(press.user_id)

        def form() -> dict[str, Any]:
            today = actor.today(deps.clock.now())
            with deps.bounds.asking(actor):
                person = views.to_change(deps.database, actor, press.pointer.id, today)
            return contact_form.to_change(person, actor.language)

        _load(deps, press, actor, form, on_top=True)


def _load(
    deps: Dependencies,
    press: Press,
    actor: Actor,
    made: Callable[[], dict[str, Any]],
    *,
    on_top: bool = False,
) -> None:
    """Open a view that says that it loads, because a trigger lives for three seconds, and then what is to be shown."""
    gettext = catalogue.gettext(actor.language)
    loading = {
        "type": "modal",
        "title": blocks.plain(gettext(contact_form.TITLE), blocks.TITLE),
        "close": blocks.plain(gettext("Close"), blocks.TITLE),
        "blocks": [{"type": "section", "text": blocks.plain(gettext("Loading…"), blocks.TEXT)}],
    }
    view_id = press.push_view(loading) if on_top else press.open_view(loading)
    try:
        view = made()
    except BotError as error:
        view = contact_form.modal(deps, actor, Problem(text=problem_text(error, actor.language)))
    try:
        press.client.views_update(view_id=view_id, view=view)
    except SlackApiError as error:
        if error_code(error) != _CLOSED:
            raise
        log.info("view.closed")
