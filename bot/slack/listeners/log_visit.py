"""*Log a visit*: a form, and what it sends in."""

import json
from datetime import date
from typing import Any

from markupsafe import Markup
from slack_bolt import Ack, App, BoltContext
from slack_sdk import WebClient

from bot.errors import N_, BadInput, BotError
from bot.services.ask import lookup
from bot.services.care import touches
from bot.slack import blocks
from bot.slack.answers import chosen, update_view
from bot.slack.deferred import Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.wording import catalogue
from bot.wording.messages import Action, Pointer, Slots
from bot.wording.rendering import problem_text


def register(app: App, deps: Dependencies, deferred: Deferred) -> None:
    @app.action(str(Action.LOG_VISIT))
    @deferred.reads
    def open_form(press: Press) -> None:
        actor = deps.actor(press.body)
        customer = lookup.visit_form(deps.database, actor, chosen(press.body))
        view = blocks.visit_form(
            customer.name, deps.today(actor), _metadata(press.body), catalogue.gettext(actor.language)
        )
        press.client.views_open(trigger_id=press.body["trigger_id"], view=view)

    @app.view(str(Action.VISIT_FORM))
    def check(
        ack: Ack, body: dict[str, Any], view: dict[str, Any], client: WebClient, context: BoltContext
    ) -> None:
        """A complaint must come with the acknowledgement; it takes nothing but what was sent in."""
        actor = deps.actor(body)
        gettext = catalogue.gettext(actor.language)
        try:
            kind, day, _ = _values(view)
            touches.check_contact(actor, kind, day, deps.clock.now())
        except BadInput as error:
            ack(
                response_action="errors",
                errors={"day": blocks.plain(problem_text(error, actor.language), 300)["text"]},
            )
            return
        deferred.writes.put(context, Press(body=body, client=client), save)
        saving = Slots(fallback="", body=(Markup(gettext("Saving …")),))
        ack(response_action="update", view=blocks.modal(saving, gettext("Log a visit"), gettext("Close")))

    def save(press: Press) -> None:
        actor = deps.actor(press.body)
        view = press.body["view"]
        kept = json.loads(view["private_metadata"])
        kind, day, note = _values(view)
        logged = touches.log_contact(
            deps.database,
            actor,
            customer_id=Pointer.decode(kept["customer"]).id,
            kind=kind,
            happened_on=day,
            note=note,
            delivery=f"view:{view['id']}",
            rules=deps.rules,
            now=deps.clock.now(),
        )
        update_view(press, deps.gateway.modal(logged, actor.language, N_("Log a visit")))
        if kept.get("ts"):
            _close_reminder(deps, actor, kept)


def _metadata(body: dict[str, Any]) -> str:
    """What the form must remember: the customer, and the reminder it was opened from."""
    kept = {"customer": body["actions"][0]["value"]}
    buttons = [
        element
        for block in (body.get("message") or {}).get("blocks", [])
        for element in block.get("elements", [])
        if element.get("action_id") == Action.DONE
    ]
    if buttons:
        kept |= {"touch": buttons[0]["value"], "channel": body["channel"]["id"], "ts": body["message"]["ts"]}
    return json.dumps(kept)


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


def _close_reminder(deps: Dependencies, actor: Any, kept: dict[str, Any]) -> None:
    """Show on the reminder that the contact settled it."""
    try:
        closed = touches.settled(deps.database, actor, Pointer.decode(kept["touch"]), deps.rules)
    except BotError:
        return
    if closed is not None:
        deps.gateway.update(kept["channel"], kept["ts"], closed, actor.language)
