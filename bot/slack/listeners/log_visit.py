"""*Log a visit*: opens a form, and records what it submits."""

from datetime import date, datetime
from typing import Any

from slack_bolt import Ack, App, BoltContext
from slack_sdk import WebClient

from bot.errors import N_, BadInput
from bot.services import access
from bot.services.access import Act
from bot.services.care import reminders
from bot.slack import blocks, outcomes
from bot.slack.deferred import BEGIN, Attempt, Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.wording import catalogue
from bot.wording.actions import Action
from bot.wording.rendering import problem_text


def register(app: App, deps: Dependencies, deferred: Deferred) -> None:
    @app.action(str(Action.LOG_VISIT))
    @deferred.reads
    def open_form(press: Press) -> None:
        actor = deps.identify(press.user_id)
        with deps.bounds.asking(actor), deps.database.read() as session:
            customer = access.customer_for(session, actor, Act.LOG_CONTACT, press.pointer)
        today, gettext = actor.today(deps.clock.now()), catalogue.gettext(actor.language)
        metadata = blocks.encode(press.pointer)
        press.open_view(blocks.visit_form(customer.name, customer.code, today, metadata, gettext))

    @app.view(str(Action.VISIT_FORM))
    def save(ack: Ack, body: dict[str, Any], client: WebClient, context: BoltContext) -> None:
        """Store first, answer then: what is acknowledged is stored, and until then the form keeps what was typed."""
        press, now = Press(body=body, client=client), deps.clock.now()
        ack(**deferred.writes.finish(press, lambda attempt: record(press, now, attempt)))
        context[BEGIN] = lambda: deferred.writes.put(lambda: close_reminders(press, now), press.user_id)

    def record(press: Press, now: datetime, attempt: Attempt) -> dict[str, Any]:
        actor, view = deps.identify(press.user_id), press.body["view"]
        try:
            kind, day, note = _values(view)
            reminders.check_contact(actor, kind, day, now)
        except BadInput as error:
            sentence = blocks.plain(problem_text(error, actor.language), 300)["text"]
            return {"response_action": "errors", "errors": {"day": sentence}}
        with deps.bounds.asking(actor):
            logged = reminders.log_contact(
                deps.database,
                actor,
                meant=blocks.decode(view["private_metadata"]),
                kind=kind,
                happened_on=day,
                note=note,
                form_id=f"view:{view['id']}",
                rules=deps.rules,
                now=now,
                before_commit=attempt.before_commit,
            )
        shown = outcomes.view(deps, logged, actor.language, N_("Log a visit"))
        return {"response_action": "update", "view": shown}

    def close_reminders(press: Press, now: datetime) -> None:
        """Update the reminders that the contact has closed, wherever the form was opened."""
        actor, customer_id = (
            deps.identify(press.user_id),
            blocks.decode(press.body["view"]["private_metadata"]).id,
        )
        closed = reminders.closed_by_contact(
            deps.database, actor, customer_id, deps.rules, now, deps.settings.admins
        )
        for sent in closed:
            outcomes.update(deps, press.client, sent.channel, sent.ts, sent.closed, sent.language)


def _values(view: dict[str, Any]) -> tuple[str, date, str | None]:
    """(kind, day, note) as they were entered. Raises BadInput for what the form does not offer."""
    kind = _entered(view, "kind", "selected_option", "value")
    if kind not in blocks.VISIT_KINDS:
        raise BadInput(N_("%(kind)s is not a kind of contact."), kind=kind)
    try:
        day = date.fromisoformat(_entered(view, "day", "selected_date"))
    except (TypeError, ValueError):
        raise BadInput(N_("Choose the day.")) from None
    note = _entered(view, "note", "value")
    if note is not None and not (isinstance(note, str) and len(note) <= blocks.NOTE):
        raise BadInput(N_("Write a note of at most %(most)s characters."), most=blocks.NOTE)
    return kind, day, note


def _entered(view: dict[str, Any], name: str, *path: str) -> Any:
    """What stands in an input of a form; None where it has no such part."""
    found: Any = view["state"]["values"]
    for key in (name, name, *path):
        found = found.get(key) if isinstance(found, dict) else None
    return found
