"""Complaints: the form that records one, the forms of a step and of its end, and Undo."""

from typing import Any

from slack_bolt import Ack, App, BoltContext
from slack_sdk import WebClient

from bot.errors import N_
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.care import complaints
from bot.services.care.complaints import Acted, FormTitle
from bot.slack import blocks, forms, outcomes
from bot.slack.blocks import Block
from bot.slack.deferred import Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.slack.listeners.card_menu import offers
from bot.slack.listeners.records.act_forms import ActForms, save_new, show_undone
from bot.wording.actions import Action, Pointer

TITLE = N_("Complaint")


def register(app: App, deps: Dependencies, deferred: Deferred) -> None:
    @offers(app, Action.COMPLAINT)
    @deferred.reads
    def open_form(press: Press) -> None:
        outcomes.open_form(deps, press, lambda actor: complaint_form(press, actor))

    def complaint_form(press: Press, actor: Actor) -> dict[str, Any]:
        with deps.bounds.asking(actor), deps.database.read() as session:
            customer = access.customer_for(session, actor, Act.HANDLE_COMPLAINT, press.pointer)
        today, metadata = actor.today(deps.clock.now()), blocks.encode(press.pointer)
        kinds = deps.rules.complaints
        return forms.complaint_form(customer.name, customer.code, kinds, today, metadata, actor.language)

    @app.view(str(Action.COMPLAINT_FORM))
    def save_complaint(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        """A worker updates the messages about the customer's steps afterwards."""

        def record(actor: Actor, view: Block, besides: dict[str, Any]) -> Acted:
            report = forms.complaint_values(view)
            return complaints.record_complaint(
                deps.database, actor, report, settings=deps.settings, **besides
            )

        save_new(deps, deferred, ack, Press(body=body, client=client), TITLE, record)

    def current(actor: Actor, pointer: Pointer) -> Acted:
        return complaints.current(deps.database, actor, pointer, deps.rules)

    acts = ActForms(deps, deferred, "complaint_form", current, outcomes.show_complaint)

    def title(press: Press, actor: Actor) -> FormTitle:
        return acts.title(
            press, actor, lambda: complaints.form_title(deps.database, actor, press.pointer, deps.rules)
        )

    @app.action(str(Action.COMPLAINT_STEP))
    @deferred.reads
    def open_step(press: Press) -> None:
        def form(actor: Actor) -> dict[str, Any]:
            today = actor.today(deps.clock.now())
            return forms.complaint_step_form(press, title(press, actor), today, actor.language)

        outcomes.open_form(deps, press, form)

    @app.action(str(Action.CLOSE_COMPLAINT))
    @deferred.reads
    def open_end(press: Press) -> None:
        def form(actor: Actor) -> dict[str, Any]:
            return forms.close_complaint_form(press, title(press, actor), actor.language)

        outcomes.open_form(deps, press, form)

    @app.view(str(Action.COMPLAINT_STEP_FORM))
    def save_step(ack: Ack, body: dict[str, Any], client: WebClient, context: BoltContext) -> None:
        def act(actor: Actor, pointer: Pointer, view: Block, besides: dict[str, Any]) -> Acted:
            text, day = forms.entered_text(view, "text"), forms.entered_day(view)
            return complaints.add_step(
                deps.database, actor, pointer, text=text, taken_on=day, rules=deps.rules, **besides
            )

        acts.save(ack, Press(body=body, client=client), context, act)

    @app.view(str(Action.CLOSE_COMPLAINT_FORM))
    def save_end(ack: Ack, body: dict[str, Any], client: WebClient, context: BoltContext) -> None:
        def act(actor: Actor, pointer: Pointer, view: Block, besides: dict[str, Any]) -> Acted:
            outcome, agreed = forms.entered_text(view, "text"), forms.entered_agreed(view)
            return complaints.close(
                deps.database, actor, pointer, outcome=outcome, agreed=agreed, rules=deps.rules, **besides
            )

        acts.save(ack, Press(body=body, client=client), context, act)

    @app.action(str(Action.UNDO_COMPLAINT))
    @deferred.writes
    def undo(press: Press) -> None:
        actor, now = deps.identify(press.user_id), deps.clock.now()
        with deps.bounds.asking(actor):
            acted = complaints.undo(
                deps.database, actor, press.pointer, rules=deps.rules, now=now, request=press.key
            )
        show_undone(deps, press, acted.message, actor, TITLE)
        outcomes.show_complaint(deps, press, acted, actor)
