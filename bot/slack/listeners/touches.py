"""What is pressed under a due step: Done, Snooze, the rest of its menu, and Undo."""

import re
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from slack_bolt import Ack, App, BoltContext
from slack_sdk import WebClient

from bot.errors import BadInput, Conflict
from bot.services.access import Actor
from bot.services.care import answers
from bot.services.care.answers import Answered
from bot.services.care.answers.steps import StepTitle
from bot.services.care.surveys import views
from bot.slack import blocks, forms, outcomes
from bot.slack.deferred import Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.slack.listeners.records import survey_form
from bot.wording.actions import Action, RowChoice
from db.book.facts import ContactKind

SNOOZE_DAYS: dict[str | None, int] = {RowChoice.SNOOZE_1: 1, RowChoice.SNOOZE_3: 3, RowChoice.SNOOZE_7: 7}

Result = TypeVar("Result")


def register(app: App, deps: Dependencies, deferred: Deferred) -> None:
    @app.action(str(Action.DONE))
    @app.action(str(Action.DONE_AS))
    def done(ack: Ack, body: dict[str, Any], client: WebClient, context: BoltContext) -> None:
        """A survey is asked for its score by a form; any other contact is recorded at once."""
        press = Press(body=body, client=client)
        if chosen(press) == ContactKind.SURVEY:
            deferred.reads.defer(context, press, open_survey)
        else:
            deferred.writes.defer(context, press, finish)
        ack()

    def finish(press: Press) -> None:
        answer(press, answers.finish)

    def open_survey(press: Press) -> None:
        outcomes.open_form(deps, press, lambda actor: survey(press, actor))

    def survey(press: Press, actor: Actor) -> dict[str, Any]:
        step = opened(press, actor)
        with deps.database.read() as session:
            people = views.people_to_choose(session, step.customer_id)
        return survey_form.of_step(press, step, deps.rules.surveys, people, actor.language)

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
        press = Press(body=body, client=client)
        if chosen(press) in forms.STEP_FORMS:
            deferred.reads.defer(context, press, open_form)
        else:
            deferred.writes.defer(context, press, snooze_as_chosen)
        ack()

    def chosen(press: Press) -> str | None:
        with suppress(BadInput):  # the work says so
            return press.pointer.choice
        return None

    def snooze_as_chosen(press: Press) -> None:
        days = SNOOZE_DAYS.get(press.pointer.choice)
        if days is None:
            raise BadInput(blocks.OLD_BUTTON)
        answer(press, partial(answers.snooze, until=days))

    def answer(press: Press, how: Callable[..., Answered]) -> None:
        actor, now = deps.identify(press.user_id), deps.clock.now()
        answered = attempt(
            press,
            actor,
            lambda: how(deps.database, actor, press.pointer, rules=deps.rules, now=now, request=press.key),
        )
        outcomes.show_answer(deps, press, answered, actor)

    def open_form(press: Press) -> None:
        actor = deps.identify(press.user_id)
        step = opened(press, actor)
        press.open_view(forms.step_form(press, step, actor.today(deps.clock.now()), actor.language))

    def opened(press: Press, actor: Actor) -> StepTitle:
        return attempt(
            press, actor, lambda: answers.open_step(deps.database, actor, press.pointer, deps.rules)
        )

    def attempt(press: Press, actor: Actor, work: Callable[[], Result]) -> Result:
        """What the work returns. When somebody was faster, what has become of the step takes the place of its buttons."""
        with deps.bounds.asking(actor):
            try:
                return work()
            except Conflict:
                outcomes.show_current(deps, press, press.pointer, actor)
                raise
