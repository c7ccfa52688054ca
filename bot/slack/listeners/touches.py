"""What is pressed under a due step: Done, Snooze, the rest of its menu, and Undo."""

import re
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from slack_bolt import Ack, App, BoltContext
from slack_sdk import WebClient

from bot.errors import BadInput, Conflict
from bot.services.access import Actor
from bot.services.care import answers
from bot.services.care.answers import Answered
from bot.slack import blocks, forms, outcomes
from bot.slack.deferred import Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.wording.actions import Action, RowChoice

SNOOZE_DAYS: dict[str | None, int] = {RowChoice.SNOOZE_1: 1, RowChoice.SNOOZE_3: 3, RowChoice.SNOOZE_7: 7}


def register(app: App, deps: Dependencies, deferred: Deferred) -> None:
    @app.action(str(Action.DONE))
    @deferred.writes
    def done(press: Press) -> None:
        answer(press, answers.finish)

    @app.action(str(Action.DONE_AS))
    @deferred.writes
    def done_as(press: Press) -> None:
        answer(press, answers.finish)

    @app.action(re.compile(rf"^{Action.GREETED}(\.\d+)?$"))
    @deferred.writes
    def greeted(press: Press) -> None:
        answer(press, answers.finish)

    @app.action(str(Action.ALL_GREETED))
    @deferred.writes
    def all_greeted(press: Press) -> None:
        answer(press, answers.greet_all)

    @app.action(str(Action.SNOOZE))
    @deferred.writes
    def snooze(press: Press) -> None:
        answer(press, partial(answers.snooze, until=SNOOZE_DAYS[RowChoice.SNOOZE_3]))

    @app.action(str(Action.UNDO))
    @deferred.writes
    def undo(press: Press) -> None:
        answer(press, answers.undo)

    @app.action(str(Action.ROW_MENU))
    def choose(ack: Ack, body: dict[str, Any], client: WebClient, context: BoltContext) -> None:
        """A form must be opened within three seconds, so it does not wait behind writes."""
        press, choice = Press(body=body, client=client), None
        with suppress(BadInput):  # the work says so
            choice = press.pointer.choice
        if choice in forms.STEP_FORMS:
            deferred.reads.defer(context, press, open_form)
        else:
            deferred.writes.defer(context, press, snooze_as_chosen)
        ack()

    def snooze_as_chosen(press: Press) -> None:
        days = SNOOZE_DAYS.get(press.pointer.choice)
        if days is None:
            raise BadInput(blocks.OLD_BUTTON)
        answer(press, partial(answers.snooze, until=days))

    def answer(press: Press, how: Callable[..., Answered]) -> None:
        actor, now = deps.identify(press.user_id), deps.clock.now()
        with deps.bounds.asking(actor):
            try:
                answered = how(
                    deps.database, actor, press.pointer, rules=deps.rules, now=now, request=press.key
                )
            except Conflict:
                show_as_it_is(press, actor)
                raise
        outcomes.show_answer(deps, press, answered, actor)

    def open_form(press: Press) -> None:
        actor = deps.identify(press.user_id)
        with deps.bounds.asking(actor):
            try:
                step = answers.open_step(deps.database, actor, press.pointer, deps.rules)
            except Conflict:
                show_as_it_is(press, actor)
                raise
        press.open_view(forms.step_form(press, step, actor.today(deps.clock.now()), actor.language))

    def show_as_it_is(press: Press, actor: Actor) -> None:
        """Show what has become of a step, so that its buttons cannot be pressed once more."""
        outcomes.show_current(deps, press, press.pointer, actor)
