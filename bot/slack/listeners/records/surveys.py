"""Survey scores: the form that records one, and Undo."""

from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient

from bot.errors import N_
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.care import surveys
from bot.services.care.answers.steps import UNDO
from bot.services.care.surveys import RecordedScore, views
from bot.slack import blocks, outcomes
from bot.slack.deferred import Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.slack.listeners.card_menu import offers
from bot.slack.listeners.records import survey_form
from bot.slack.listeners.records.act_forms import save_new, show_undone
from bot.wording.actions import Action

TITLE = N_("Survey score")


def register(app: App, deps: Dependencies, deferred: Deferred) -> None:
    @offers(app, Action.SURVEY)
    @deferred.reads
    def open_form(press: Press) -> None:
        outcomes.open_form(deps, press, lambda actor: form(press, actor))

    def form(press: Press, actor: Actor) -> dict[str, Any]:
        with deps.bounds.asking(actor), deps.database.read() as session:
            customer = access.customer_for(session, actor, Act.LOG_CONTACT, press.pointer)
            people = views.people_to_choose(session, customer.id)
        today, metadata = actor.today(deps.clock.now()), blocks.encode(press.pointer)
        scales = deps.rules.surveys
        return survey_form.of_customer(
            customer.name, customer.code, scales, people, today, metadata, actor.language
        )

    @app.view(str(Action.SURVEY_FORM))
    def save(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        def record(actor: Actor, view: dict[str, Any], besides: dict[str, Any]) -> RecordedScore:
            return surveys.record_score(deps.database, actor, survey_form.values(view), **besides)

        save_new(deps, deferred, ack, Press(body=body, client=client), TITLE, record)

    @app.action(str(Action.UNDO_SURVEY))
    @deferred.writes
    def undo(press: Press) -> None:
        actor, now = deps.identify(press.user_id), deps.clock.now()
        with deps.bounds.asking(actor):
            recorded = surveys.undo(
                deps.database,
                actor,
                press.pointer,
                within=UNDO,
                rules=deps.rules,
                now=now,
                request=press.key,
            )
        show_undone(deps, press, recorded.message, actor, TITLE)
