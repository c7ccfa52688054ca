"""*Hand over…*: the form that gives a customer to another account manager, and Undo."""

from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient

from bot.errors import N_, Phrase
from bot.services.access import Actor
from bot.services.care import handover
from bot.services.care.handover import GivenHandover, HandoverAct, ToHandOver
from bot.services.care.handover.subject import LONGEST
from bot.slack import blocks, forms, outcomes
from bot.slack.blocks import Block
from bot.slack.deferred import Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.slack.forms import Input
from bot.slack.listeners.card_menu import offers
from bot.slack.listeners.records.act_forms import save_new, show_undone
from bot.wording import catalogue
from bot.wording.actions import Action
from bot.wording.rendering import escape

TITLE = N_("Hand over")


def register(app: App, deps: Dependencies, deferred: Deferred) -> None:
    @offers(app, Action.HAND_OVER)
    @deferred.reads
    def open_form(press: Press) -> None:
        outcomes.open_form(deps, press, lambda actor: form(press, actor))

    def form(press: Press, actor: Actor) -> Block:
        now = deps.clock.now()
        with deps.bounds.asking(actor), deps.database.read() as session:
            asked = handover.to_hand_over(session, actor, press.pointer, now)
        if asked.planned is not None:  # taken back first
            return outcomes.view(deps, asked.planned, actor.language, TITLE)
        return _form(asked, actor.today(now).isoformat(), blocks.encode(press.pointer), actor.language)

    @app.view(str(Action.HAND_OVER_FORM))
    def save(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        def record(actor: Actor, view: Block, besides: dict[str, Any]) -> HandoverAct:
            return handover.hand_over(
                deps.database, deps.scheme_cache, actor, _entered(view), settings=deps.settings, **besides
            )

        save_new(deps, deferred, ack, Press(body=body, client=client), TITLE, record)

    @app.action(str(Action.UNDO_HANDOVER))
    @deferred.writes
    def undo(press: Press) -> None:
        actor = deps.identify(press.user_id)
        with deps.bounds.asking(actor):
            taken = handover.undo(
                deps.database,
                deps.scheme_cache,
                actor,
                press.pointer,
                rules=deps.rules,
                settings=deps.settings,
                now=deps.clock.now(),
                request=press.key,
            )
        show_undone(deps, press, taken.message, actor, TITLE)


def _form(asked: ToHandOver, today: str, metadata: str, language: str) -> Block:
    inputs = (
        Input(name="person", label=N_("Who looks after it then?"), kind="users_select"),
        Input(
            name="day",
            label=N_("From which day on?"),
            kind="datepicker",
            options={"initial_date": today},
        ),
        Input(
            name="note",
            label=N_("What do they have to know?"),
            kind="plain_text_input",
            options={"multiline": True, "max_length": LONGEST},
            optional=True,
        ),
    )
    work = Phrase(
        N_(
            "Open care steps: %(steps)s · complaints: %(complaints)s · promises: %(promises)s."
            " All of this goes with the customer."
        ),
        steps=asked.work.steps,
        complaints=asked.work.complaints,
        promises=asked.work.promises,
    )
    about = f"{escape(asked.name)} {escape(asked.code)}"
    notes = [work.text(catalogue.of_reader(language))]
    gettext = catalogue.gettext(language)
    return forms.form_view(Action.HAND_OVER_FORM, TITLE, about, inputs, metadata, gettext, notes)


def _entered(view: Block) -> GivenHandover:
    """What was entered. Raises BadInput."""
    return GivenHandover(
        to=forms.entered_person(view),
        starts_on=forms.entered_day(view),
        note=forms.entered_text(view, "note") or None,
    )
