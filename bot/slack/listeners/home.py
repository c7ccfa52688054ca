"""The Home tab: published when it is opened; its search and the lists behind it are answered in a view on top of it."""

from typing import Any

from slack_bolt import Ack, App, BoltContext
from slack_sdk import WebClient

from bot.services.access import Actor
from bot.services.ask import lookup
from bot.services.home import firm, team
from bot.services.ops import doctor
from bot.slack import blocks, outcomes
from bot.slack.deferred import Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.slack.listeners import calendar_link, tier_command
from bot.slack.pressed import home_tab, replies
from bot.wording.actions import Action
from bot.wording.message_base import Message


def register(app: App, deps: Dependencies, deferred: Deferred) -> None:
    heard: set[str] = set()  # events that this process has noted

    @app.event("app_home_opened")
    def opened(ack: Ack, body: dict[str, Any], client: WebClient, context: BoltContext) -> None:
        press = Press(body=body, client=client)
        if "app_home_opened" not in heard:
            heard.add("app_home_opened")
            deferred.writes.put(lambda: doctor.note_heard(deps.database, "app_home_opened", deps.clock.now()))
        if press.event.get("tab") == "home" and isinstance(press.event.get("user"), str):
            deferred.reads.defer(context, press, show)
        ack()

    def show(press: Press) -> None:
        """What was answered before is shown no longer. The event has the view that Slack shows, if there is one."""
        home = deps.homes.of(press.user_id)
        home.answered = ()
        view = press.event.get("view")
        home.hash = view.get("hash") if isinstance(view, dict) else None
        home_tab.publish(deps, press.client, press.user_id)

    @app.action(str(Action.HOME_SEARCH))
    def search(ack: Ack, body: dict[str, Any], client: WebClient, context: BoltContext) -> None:
        press = Press(body=body, client=client)
        if lookup.asks_for(typed(press)) is lookup.CALENDAR:
            deferred.writes.defer(context, press, lambda press: calendar_link.answer(deps, press))
        else:
            deferred.reads.defer(context, press, lambda press: ask(press, typed(press)))
        ack()

    def typed(press: Press) -> str:
        return str(press.body["actions"][0].get("value") or "")

    @app.action(str(Action.HOME_BOOK))
    @deferred.reads
    def show_book(press: Press) -> None:
        ask(press, "")

    def ask(press: Press, text: str) -> None:
        def answered(actor: Actor) -> blocks.Block:
            with deps.database.read() as session:
                found = tier_command.question(deps, session, actor, text)
            message = found if isinstance(found, Message) else tier_command.looked_up(deps, actor, found)
            return modal(message, actor)

        outcomes.open_form(deps, press, answered)

    @app.action(str(Action.HOME_CAPACITY))
    @deferred.reads
    def show_capacity(press: Press) -> None:
        def added_up(actor: Actor) -> blocks.Block:
            with deps.database.read() as session:
                book = deps.scheme_cache.tier_names(session)
            owed = team.capacity_of(
                deps.database,
                deps.rules,
                book,
                actor,
                share=deps.settings.care_share,
                now=deps.clock.now(),
            )
            return modal(owed, actor)

        outcomes.open_form(deps, press, added_up)

    @app.action(str(Action.HOME_HEALTH))
    @deferred.reads
    def check_health(press: Press) -> None:
        from bot.slack.probe import probe

        def checked(actor: Actor) -> blocks.Block:
            firm.health_of((), actor)  # who may not see it does not make it be looked for
            slack = probe(deps.settings, deps.clock)
            found = doctor.examine(deps.database, deps.settings, slack, deps.clock.now(), deps.gateway)
            return modal(firm.health_of(found, actor), actor)

        outcomes.open_form(deps, press, checked)

    def modal(message: Message, actor: Actor) -> blocks.Block:
        return replies.answer_view(blocks.payload(deps.renderer, message, actor.language)["blocks"])
