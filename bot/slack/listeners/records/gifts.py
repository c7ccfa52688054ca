"""Gifts: the form that records one, with what is left and the last gifts, and Undo."""

from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient

from bot.errors import N_
from bot.services.access import Actor
from bot.services.care import gifts
from bot.services.care.gifts import GiftActed, NewGift, views
from bot.slack import blocks, outcomes
from bot.slack.deferred import Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.slack.forms import entered, entered_day, entered_text
from bot.slack.listeners.card_menu import offers
from bot.slack.listeners.records.act_forms import save_new, show_undone
from bot.slack.listeners.records.gift_form import gift_form
from bot.wording.actions import Action

TITLE = N_("Gift")


def register(app: App, deps: Dependencies, deferred: Deferred) -> None:
    @offers(app, Action.GIFT)
    @deferred.reads
    def open_form(press: Press) -> None:
        outcomes.open_form(deps, press, lambda actor: form_of(press, actor))

    def form_of(press: Press, actor: Actor) -> dict[str, Any]:
        today, rules = actor.today(deps.clock.now()), deps.rules
        with deps.bounds.asking(actor), deps.database.read() as session:
            found = gifts.standing(session, actor, rules, press.pointer, today)
        return gift_form(found, rules.gifts, today, blocks.encode(press.pointer), actor.language)

    @app.view(str(Action.GIFT_FORM))
    def save_gift(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        def record(actor: Actor, view: dict[str, Any], besides: dict[str, Any]) -> GiftActed:
            return gifts.record_gift(
                deps.database, actor, gift_values(view), settings=deps.settings, **besides
            )

        save_new(deps, deferred, ack, Press(body=body, client=client), TITLE, record)

    @app.action(str(Action.UNDO_GIFT))
    @deferred.writes
    def undo(press: Press) -> None:
        actor, now = deps.identify(press.user_id), deps.clock.now()
        with deps.bounds.asking(actor):
            acted = gifts.undo(
                deps.database, actor, press.pointer, rules=deps.rules, now=now, request=press.key
            )
        show_undone(deps, press, acted.message, actor, TITLE)


def gift_values(view: dict[str, Any]) -> NewGift:
    """What was entered about a gift. Raises BadInput."""
    person = entered(view, "person", "selected_option", "value")
    occasion = entered(view, "occasion", "selected_option", "value")
    return NewGift(
        what=entered_text(view, "what"),
        value=views.read_amount(entered_text(view, "value")),
        currency=entered_text(view, "currency").strip().upper(),
        given_on=entered_day(view),
        contact_person=int(person) if isinstance(person, str) and person.isdecimal() else None,
        occasion=occasion if isinstance(occasion, str) else None,
        reason=entered_text(view, "reason").strip() or None,
    )
