"""*Visit brief*: everything about a customer before a visit, for who presses; in full for who may see that."""

from dataclasses import replace

from slack_bolt import App

from bot.errors import N_, Conflict, NotReady
from bot.services.access import WHO_MAY_OPEN
from bot.services.ask import brief
from bot.services.ask.brief import chart, evening
from bot.services.ask.brief.chart import ChartWords
from bot.slack import blocks
from bot.slack.deferred import Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.slack.listeners.card_menu import offers
from bot.wording import catalogue
from bot.wording.actions import Action
from bot.wording.ask.briefs import BriefsSwitched, ScoreHistory
from bot.wording.message_base import Message, Slots
from bot.wording.rendering import tier_words

TITLE = N_("Visit brief")
ALT_TEXT = 1000  # characters of a picture in words


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

    @app.action(str(Action.SCORE_CHART))
    @deferred.reads
    def show_scores(press: Press) -> None:
        """The scores in words, and as a picture in the direct messages of who presses, where one can be made and sent."""
        actor = deps.identify(press.user_id)
        with deps.bounds.asking(actor), deps.database.read() as session:
            history = chart.score_history(
                session, deps.scheme_cache, actor, press.pointer, refusal=WHO_MAY_OPEN
            )
            deps.bounds.show(actor, history, session=session)
        answer(press, with_picture(press, history, actor.language), actor.language)

    def with_picture(press: Press, history: ScoreHistory, language: str) -> ScoreHistory:
        """Send the picture; what is said of it."""
        if not chart.can_draw():
            return replace(history, unsent="no_extra")
        picture = chart.draw(history, chart_words(history, language))
        if picture is None:  # there is no line between fewer than two scores
            return history
        spoken = presentable(deps.renderer.slots(history, language, mentions=False))
        try:
            name = f"scores-{history.customer_id}.png"
            deps.gateway.send_file(press.user_id, name, picture, spoken[0], alt_text=spoken[1])
        except NotReady:
            return replace(history, unsent="no_scope")
        except Conflict:
            return replace(history, unsent="refused")
        return replace(history, sent=True)

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


def chart_words(history: ScoreHistory, language: str) -> ChartWords:
    """What is written in the picture."""
    gettext = catalogue.gettext(language)
    return ChartWords(
        title=f"{history.name} · {history.code}",
        score=gettext("Score"),
        boundaries=tuple(tier_words(one.tier, language) for one in history.boundaries),
    )


def presentable(slots: Slots) -> tuple[str, str]:
    """(title, all numbers in words) of a message as text, for who cannot see the picture."""
    lines = [line for part in slots.body for line in part.splitlines()]
    return slots.fallback, blocks.plain(" · ".join(lines), ALT_TEXT)["text"]
