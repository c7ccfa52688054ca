"""The forms of a due step: until when it is snoozed, who does it instead, why it is skipped, which score a survey had."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from slack_bolt import Ack, App, BoltContext
from slack_sdk import WebClient

from bot.errors import N_
from bot.services.access import Actor
from bot.services.care import answers, surveys
from bot.services.care.answers import Answered, shown
from bot.slack import forms, outcomes
from bot.slack.deferred import BEGIN, Attempt, Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.slack.listeners.records import survey_form
from bot.wording.actions import Action
from bot.wording.messages import ReminderClosed
from db.processes import InboundKey, Repeated


def register(app: App, deps: Dependencies, deferred: Deferred) -> None:
    @app.view(str(Action.SNOOZE_FORM))
    def snooze(ack: Ack, body: dict[str, Any], client: WebClient, context: BoltContext) -> None:
        save(ack, Press(body=body, client=client), context, snoozed)

    @app.view(str(Action.REASSIGN_FORM))
    def reassign(ack: Ack, body: dict[str, Any], client: WebClient, context: BoltContext) -> None:
        save(ack, Press(body=body, client=client), context, reassigned)

    @app.view(str(Action.SKIP_FORM))
    def skip(ack: Ack, body: dict[str, Any], client: WebClient, context: BoltContext) -> None:
        save(ack, Press(body=body, client=client), context, skipped)

    @app.view(str(Action.SURVEY_DONE_FORM))
    def survey(ack: Ack, body: dict[str, Any], client: WebClient, context: BoltContext) -> None:
        save(ack, Press(body=body, client=client), context, surveyed)

    def surveyed(view: dict[str, Any]) -> Callable[..., Answered]:
        return partial(surveys.finish, answer=survey_form.values_of_step(view))

    def snoozed(view: dict[str, Any]) -> Callable[..., Answered]:
        return partial(answers.snooze, until=forms.entered_day(view))

    def reassigned(view: dict[str, Any]) -> Callable[..., Answered]:
        return partial(answers.reassign, to=forms.entered_person(view), settings=deps.settings)

    def skipped(view: dict[str, Any]) -> Callable[..., Answered]:
        return partial(answers.skip, reason=forms.entered_reason(view))

    def save(
        ack: Ack, press: Press, context: BoltContext, of: Callable[[dict[str, Any]], Callable[..., Answered]]
    ) -> None:
        """Store first, answer then; what shows the step is updated afterwards, also when somebody else was faster."""
        stored: list[Answered] = []
        context[BEGIN] = lambda: deferred.writes.put(lambda: refresh(press, stored), press.user_id)
        ack(**deferred.writes.finish(press, lambda attempt: record(press, of, attempt, stored)))

    def record(
        press: Press,
        of: Callable[[dict[str, Any]], Callable[..., Answered]],
        attempt: Attempt,
        stored: list[Answered],
    ) -> dict[str, Any]:
        actor, view = deps.identify(press.user_id), press.body["view"]
        how, pointer = of(view), forms.opened_by(press)[0]
        now = deps.clock.now()
        # Not the trigger: a form that is sent again, because its answer was lost, is the same act.
        request = InboundKey(team_id=press.key.team_id, kind="step_form", key=str(view["id"]))
        with deps.bounds.asking(actor):
            try:
                answered = how(
                    deps.database,
                    actor,
                    pointer,
                    rules=deps.rules,
                    now=now,
                    request=request,
                    before_commit=attempt.before_commit,
                )
            except Repeated:
                attempt.settle()
                became = shown.what_became(deps.database, actor, pointer, deps.rules, now)
                return shown_in_form(became, actor)
        stored.append(answered)
        return shown_in_form(answered.closed, actor)

    def shown_in_form(closed: ReminderClosed, actor: Actor) -> dict[str, Any]:
        """What the form becomes. It is taken back where the step is shown, which is updated then."""
        view = outcomes.view(deps, replace(closed, may_undo=False), actor.language, N_("Saved"))
        return {"response_action": "update", "view": view}

    def refresh(press: Press, stored: list[Answered]) -> None:
        actor = deps.identify(press.user_id)
        pointer, opened = forms.opened_by(press)
        for answered in stored:
            outcomes.show_answer(deps, opened, answered, actor)
        if not stored:
            outcomes.show_current(deps, opened, pointer, actor)
