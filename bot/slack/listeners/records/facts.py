"""Missing facts: the form that *Record* of an explanation or a visit brief opens, and Undo."""

from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient

from bot.errors import N_
from bot.services.access import Actor
from bot.services.ask.facts import recording
from bot.services.ask.facts.recording import RecordedFact
from bot.slack import outcomes
from bot.slack.blocks import Block
from bot.slack.deferred import Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.slack.listeners.records import fact_form
from bot.slack.listeners.records.act_forms import save_new, show_undone
from bot.wording.actions import Action
from db.processes import InboundKey

TITLE = N_("Record a fact")


def register(app: App, deps: Dependencies, deferred: Deferred) -> None:
    @app.action(str(Action.RECORD_FACT))
    @deferred.reads
    def open_form(press: Press) -> None:
        outcomes.open_form(deps, press, lambda actor: form(press, actor))

    def form(press: Press, actor: Actor) -> Block:
        today = actor.today(deps.clock.now())
        with deps.bounds.asking(actor), deps.database.read() as session:
            asked = recording.to_record(session, deps.scheme_cache, actor, press.pointer, today)
            return fact_form.fact_form(asked, today, press.pointer, actor.language)

    @app.view(str(Action.FACT_FORM))
    def save(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        press = Press(body=body, client=client)

        def record(actor: Actor, view: Block, besides: dict[str, Any]) -> RecordedFact:
            # Not the trigger: a form that is sent again, because its answer was lost, is the same act.
            key = InboundKey(team_id=press.key.team_id, kind="fact_form", key=besides.pop("external_id"))
            given = fact_form.entered(view, besides["meant"])
            return recording.record_fact(
                deps.database, deps.scheme_cache, actor, given, request=key, **besides
            )

        save_new(deps, deferred, ack, press, TITLE, record)

    @app.action(str(Action.UNDO_FACT))
    @deferred.writes
    def undo(press: Press) -> None:
        actor, now = deps.identify(press.user_id), deps.clock.now()
        with deps.bounds.asking(actor):
            taken = recording.undo(
                deps.database,
                deps.scheme_cache,
                actor,
                press.pointer,
                rules=deps.rules,
                now=now,
                request=press.key,
            )
        show_undone(deps, press, taken.message, actor, TITLE)
