"""Promises: the form that records one; kept, postponed or withdrawn; and Undo."""

from typing import Any

from slack_bolt import Ack, App, BoltContext
from slack_sdk import WebClient

from bot.errors import N_, Conflict
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.care import promises
from bot.services.care.promises import PromiseAct, PromiseTitle
from bot.slack import forms, outcomes
from bot.slack.blocks import Block
from bot.slack.deferred import Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.slack.listeners.card_menu import offers
from bot.slack.listeners.records import promise_form
from bot.slack.listeners.records.act_forms import ActForms, save_new, show_undone
from bot.wording.actions import Action, Pointer

TITLE = N_("Promise")


def register(app: App, deps: Dependencies, deferred: Deferred) -> None:
    @offers(app, Action.PROMISE)
    @deferred.reads
    def open_form(press: Press) -> None:
        outcomes.open_form(deps, press, lambda actor: form(press, actor))

    def form(press: Press, actor: Actor) -> Block:
        with deps.bounds.asking(actor), deps.database.read() as session:
            customer = access.customer_for(session, actor, Act.LOG_CONTACT, press.pointer)
        return promise_form.promise_form(press, customer.name, customer.code, actor.language)

    @app.view(str(Action.PROMISE_FORM))
    def save_promise(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        def record(actor: Actor, view: Block, besides: dict[str, Any]) -> PromiseAct:
            return promises.record_promise(deps.database, actor, promise_form.entered(view), **besides)

        save_new(deps, deferred, ack, Press(body=body, client=client), TITLE, record)

    def current(actor: Actor, pointer: Pointer) -> PromiseAct:
        return promises.current(deps.database, actor, pointer)

    acts = ActForms(deps, deferred, "promise_form", current, outcomes.show_promise)

    def title(press: Press, actor: Actor) -> PromiseTitle:
        return acts.title(press, actor, lambda: promises.form_title(deps.database, actor, press.pointer))

    @app.action(str(Action.PROMISE_KEPT))
    @deferred.writes
    def kept(press: Press) -> None:
        actor, now = deps.identify(press.user_id), deps.clock.now()
        with deps.bounds.asking(actor):
            try:
                acted = promises.keep(deps.database, actor, press.pointer, now=now, request=press.key)
            except Conflict:
                outcomes.show_promise(deps, press, current(actor, press.pointer), actor)
                raise
        outcomes.show_promise(deps, press, acted, actor)

    @app.action(str(Action.PROMISE_KEPT_ON))
    @deferred.reads
    def open_kept(press: Press) -> None:
        def shown(actor: Actor) -> Block:
            today = actor.today(deps.clock.now())
            return promise_form.kept_form(press, title(press, actor), today, actor.language)

        outcomes.open_form(deps, press, shown)

    @app.action(str(Action.POSTPONE_PROMISE))
    @deferred.reads
    def open_postpone(press: Press) -> None:
        def shown(actor: Actor) -> Block:
            today = actor.today(deps.clock.now())
            return promise_form.postpone_form(press, title(press, actor), today, actor.language)

        outcomes.open_form(deps, press, shown)

    @app.action(str(Action.WITHDRAW_PROMISE))
    @deferred.reads
    def open_withdraw(press: Press) -> None:
        outcomes.open_form(
            deps, press, lambda actor: promise_form.withdraw_form(press, title(press, actor), actor.language)
        )

    @app.view(str(Action.PROMISE_KEPT_FORM))
    def save_kept(ack: Ack, body: dict[str, Any], client: WebClient, context: BoltContext) -> None:
        def act(actor: Actor, pointer: Pointer, view: Block, besides: dict[str, Any]) -> PromiseAct:
            return promises.keep(deps.database, actor, pointer, kept_on=forms.entered_day(view), **besides)

        acts.save(ack, Press(body=body, client=client), context, act)

    @app.view(str(Action.POSTPONE_PROMISE_FORM))
    def save_postponed(ack: Ack, body: dict[str, Any], client: WebClient, context: BoltContext) -> None:
        def act(actor: Actor, pointer: Pointer, view: Block, besides: dict[str, Any]) -> PromiseAct:
            due_on, told = forms.entered_day(view, "due"), forms.entered_text(view, "told")
            return promises.postpone(deps.database, actor, pointer, due_on=due_on, told=told, **besides)

        acts.save(ack, Press(body=body, client=client), context, act)

    @app.view(str(Action.WITHDRAW_PROMISE_FORM))
    def save_withdrawn(ack: Ack, body: dict[str, Any], client: WebClient, context: BoltContext) -> None:
        def act(actor: Actor, pointer: Pointer, view: Block, besides: dict[str, Any]) -> PromiseAct:
            reason = forms.entered_text(view, "reason")
            return promises.withdraw(deps.database, actor, pointer, reason=reason, **besides)

        acts.save(ack, Press(body=body, client=client), context, act)

    @app.action(str(Action.UNDO_PROMISE))
    @deferred.writes
    def undo(press: Press) -> None:
        actor, now = deps.identify(press.user_id), deps.clock.now()
        with deps.bounds.asking(actor):
            acted = promises.undo(deps.database, actor, press.pointer, now=now, request=press.key)
        show_undone(deps, press, acted.message, actor, TITLE)
        outcomes.show_promise(deps, press, acted, actor)
