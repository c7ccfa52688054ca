"""*Visit brief*: everything about a customer before a visit, for who presses; in full for who may see that."""

from slack_bolt import App

from bot.errors import N_
from bot.services.access import WHO_MAY_OPEN
from bot.services.ask import brief
from bot.services.ask.brief import evening
from bot.slack import blocks
from bot.slack.deferred import Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.slack.listeners.card_menu import offers
from bot.wording.actions import Action
from bot.wording.briefs import BriefsSwitched
from bot.wording.message_base import Message

TITLE = N_("Visit brief")


def register(app: App, deps: Dependencies, deferred: Deferred) -> None:
    @offers(app, Action.BRIEF)
    @deferred.reads
    def show(press: Press) -> None:
        actor = deps.identify(press.user_id)
        today = actor.today(deps.clock.now())
        with deps.bounds.asking(actor), deps.database.read() as session:
            page = brief.brief(
                session,
                deps.scheme_cache,
                deps.rules_in(session),
                actor,
                press.pointer,
                today,
                refusal=WHO_MAY_OPEN,
            )
            deps.bounds.show(actor, page, session=session)
        answer(press, page, actor.language)

    @app.action(str(Action.BRIEF_IN_FULL))
    @deferred.writes
    def show_in_full(press: Press) -> None:
        actor = deps.identify(press.user_id)
        today = actor.today(deps.clock.now())
        with deps.bounds.asking(actor):
            page = brief.in_full(deps.database, deps.scheme_cache, deps.rules, actor, press.pointer, today)
        deps.bounds.show(actor, page)
        answer(press, page, actor.language)

    @app.action(str(Action.BRIEFS_ON))
    @deferred.writes
    def switch_on(press: Press) -> None:
        switch(press, True)

    @app.action(str(Action.BRIEFS_OFF))
    @deferred.writes
    def switch_off(press: Press) -> None:
        switch(press, False)

    def switch(press: Press, is_wanted: bool) -> None:
        actor, now = deps.identify(press.user_id), deps.clock.now()
        evening.want(deps.database, actor, None, is_wanted, settings=deps.settings, now=now)
        answer(press, BriefsSwitched(wanted=is_wanted, at=deps.settings.brief_at), actor.language)

    def answer(press: Press, page: Message, language: str) -> None:
        """Beside the message that was pressed; in a view where that was none."""
        if "response_url" in press.body:
            content = blocks.payload(deps.renderer, page, language)
            press.respond(content, response_type="ephemeral", replace_original=False)
        else:
            press.open_view(blocks.modal(deps.renderer, page, language, TITLE))
