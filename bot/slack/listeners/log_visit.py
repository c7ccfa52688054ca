"""*Log a visit*: opens a form, and records what it submits, with what was promised."""

from datetime import date, datetime
from functools import partial
from typing import Any

from slack_bolt import Ack, App, BoltContext
from slack_sdk import WebClient
from sqlmodel import Session

from bot.errors import N_, BadInput
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.care import answers, promises
from bot.services.care.answers.contacts import SOURCE
from bot.services.care.promises import Given
from bot.slack import blocks, forms, outcomes
from bot.slack.deferred import Attempt, Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.slack.listeners.records import promise_form
from bot.wording import catalogue
from bot.wording.actions import Action
from bot.wording.care.promises import PromiseChanged
from bot.wording.rendering import problem_text
from db.book.customers import CustomerRow


def register(app: App, deps: Dependencies, deferred: Deferred) -> None:
    @app.action(str(Action.LOG_VISIT))
    @deferred.reads
    def open_form(press: Press) -> None:
        actor = deps.identify(press.user_id)
        with deps.bounds.asking(actor), deps.database.read() as session:
            customer = access.customer_for(session, actor, Act.LOG_CONTACT, press.pointer)
        today, gettext = actor.today(deps.clock.now()), catalogue.gettext(actor.language)
        metadata = blocks.encode(press.pointer)
        press.open_view(
            forms.visit_form(customer.name, customer.code, today, metadata, gettext, promise_form.WITH_VISIT)
        )

    @app.view(str(Action.VISIT_FORM))
    def save(ack: Ack, body: dict[str, Any], client: WebClient, context: BoltContext) -> None:
        """Store first, answer then: what is acknowledged is stored, and until then the form keeps what was typed."""
        press, now = Press(body=body, client=client), deps.clock.now()
        ack(**deferred.writes.finish(press, lambda attempt: record(press, now, attempt)))

    def record(press: Press, now: datetime, attempt: Attempt) -> dict[str, Any]:
        actor, view = deps.identify(press.user_id), press.body["view"]
        try:
            kind, day, note = forms.visit_values(view)
            answers.check_contact(actor, kind, day, now)
            given = promise_form.entered_with_visit(view)
            if given is not None:
                given.check(actor.today(now))
        except BadInput as error:
            sentence = blocks.plain(problem_text(error, actor.language), 300)["text"]
            return {"response_action": "errors", "errors": {error.field or "day": sentence}}
        with deps.bounds.asking(actor):
            logged = answers.log_contact(
                deps.database,
                actor,
                meant=blocks.decode(view["private_metadata"]),
                kind=kind,
                happened_on=day,
                note=note,
                form_id=f"view:{view['id']}",
                rules=deps.rules,
                now=now,
                promise=partial(promised, actor, given, view, day, now) if given else None,
                before_commit=attempt.before_commit,
            )
        shown = outcomes.view(deps, logged, actor.language, N_("Log a visit"))
        return {"response_action": "update", "view": shown}

    def promised(
        actor: Actor,
        given: Given,
        view: dict[str, Any],
        made_on: date,
        now: datetime,
        session: Session,
        customer: CustomerRow,
    ) -> PromiseChanged:
        """Record the promise in the transaction of the visit."""
        return promises.make(
            session,
            actor,
            customer,
            given,
            source=SOURCE,
            external_id=f"view:{view['id']}",
            rules=deps.rules,
            now=now,
            made_on=made_on,
        ).message
