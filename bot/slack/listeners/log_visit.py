"""*Log a visit*: opens a form, and records what it submits."""

import json
from datetime import date
from typing import Any

from markupsafe import Markup
from slack_bolt import Ack, App, BoltContext
from slack_sdk import WebClient

from bot.errors import N_, BadInput, BotError
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.care import reminders
from bot.slack import blocks
from bot.slack.deferred import Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.wording import catalogue
from bot.wording.actions import Action
from bot.wording.messages import Slots
from bot.wording.rendering import problem_text


def register(app: App, deps: Dependencies, deferred: Deferred) -> None:
    @app.action(str(Action.LOG_VISIT))
    @deferred.reads
    def open_form(press: Press) -> None:
        actor = deps.identify(press.user_id)
        with deps.database.read() as session:
            customer = access.customer_for(session, actor, Act.LOG_CONTACT, press.pointer)
        today, gettext = actor.today(deps.clock.now()), catalogue.gettext(actor.language)
        metadata = _metadata(press.body)
        press.open_view(blocks.visit_form(customer.name, customer.code, today, metadata, gettext))

    @app.view(str(Action.VISIT_FORM))
    def check(
        ack: Ack, body: dict[str, Any], view: dict[str, Any], client: WebClient, context: BoltContext
    ) -> None:
        """An error must come with the acknowledgement, so only what was submitted is checked."""
        press = Press(body=body, client=client)
        actor = deps.identify(press.user_id)
        gettext = catalogue.gettext(actor.language)
        try:
            kind, day, _ = _values(view)
            reminders.check_contact(actor, kind, day, deps.clock.now())
        except BadInput as error:
            ack(
                response_action="errors",
                errors={"day": blocks.plain(problem_text(error, actor.language), 300)["text"]},
            )
            return
        deferred.writes.defer(context, press, save)
        saving = Slots(fallback="", body=(Markup(gettext("Saving …")),))
        ack(response_action="update", view=blocks.view(saving, gettext("Log a visit"), gettext("Close")))

    def save(press: Press) -> None:
        actor, view = deps.identify(press.user_id), press.body["view"]
        source = json.loads(view["private_metadata"])
        kind, day, note = _values(view)
        logged = reminders.log_contact(
            deps.database,
            actor,
            meant=blocks.decode(source["customer"]),
            kind=kind,
            happened_on=day,
            note=note,
            form_id=f"view:{view['id']}",
            rules=deps.rules,
            now=deps.clock.now(),
        )
        press.update_view(blocks.modal(deps.renderer, logged, actor.language, N_("Log a visit")))
        if source.get("ts"):
            _close_reminder(deps, actor, source)


def _metadata(body: dict[str, Any]) -> str:
    """What the form must know: the customer, and the reminder it was opened from."""
    source = {"customer": body["actions"][0]["value"]}
    buttons = [
        element
        for block in (body.get("message") or {}).get("blocks", [])
        for element in block.get("elements", [])
        if element.get("action_id") == Action.DONE
    ]
    if buttons:
        source |= {
            "touch": buttons[0]["value"],
            "channel": body["channel"]["id"],
            "ts": body["message"]["ts"],
        }
    return json.dumps(source)


def _values(view: dict[str, Any]) -> tuple[str, date, str | None]:
    state = view["state"]["values"]
    kind = (state["kind"]["kind"].get("selected_option") or {}).get("value")
    if kind not in blocks.VISIT_KINDS:
        raise BadInput(N_("%(kind)s is not a kind of contact."), kind=kind)
    try:
        day = date.fromisoformat(state["day"]["day"].get("selected_date") or "")
    except ValueError:
        raise BadInput(N_("Choose the day.")) from None
    return kind, day, state["note"]["note"].get("value")


def _close_reminder(deps: Dependencies, actor: Actor, source: dict[str, Any]) -> None:
    """Update the reminder that the contact has closed."""
    try:
        closed = reminders.closed_by_contact(deps.database, actor, blocks.decode(source["touch"]), deps.rules)
    except BotError:
        return
    if closed is not None:
        deps.gateway.update(source["channel"], source["ts"], closed, actor.language)
