"""*Done* and *Snooze* on a reminder."""

from typing import Any

from slack_bolt import Ack, App, Respond

from bot.messages import Action
from bot.services import care
from bot.slack.answers import chosen, respond_with
from bot.slack.desk import Desk


def register(app: App, desk: Desk) -> None:
    @app.action(str(Action.DONE))
    def done(ack: Ack, body: dict[str, Any], respond: Respond) -> None:
        actor = desk.actor(body)
        closed = care.finish(desk.database, actor, chosen(body), desk.rules, desk.clock.now())
        respond_with(respond, desk.gateway.payload(closed, actor.language), replace_original=True)
        ack()

    @app.action(str(Action.SNOOZE))
    def snooze(ack: Ack, body: dict[str, Any], respond: Respond) -> None:
        actor = desk.actor(body)
        closed = care.snooze(desk.database, actor, chosen(body), desk.rules, desk.clock.now())
        respond_with(respond, desk.gateway.payload(closed, actor.language), replace_original=True)
        ack()
