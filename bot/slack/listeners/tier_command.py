"""/tier NAME: answered with the acknowledgement, because that only reads."""

import html
from typing import Any

from slack_bolt import Ack, App, BoltContext
from slack_sdk import WebClient
from sqlmodel import Session

from bot.services.access import Actor
from bot.services.ask import lookup
from bot.slack.answers import respond_with
from bot.slack.deferred import Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.slack.manifest import TIER
from bot.wording.messages import Message


def register(app: App, deps: Dependencies, deferred: Deferred) -> None:
    @app.command(TIER.name)
    def answer(ack: Ack, body: dict[str, Any], client: WebClient, context: BoltContext) -> None:
        with deps.database.read() as session:  # one for all that is asked
            actor = deps.known(session, body)
            message = found(session, actor, body) if actor is not None else None
        if actor is not None and message is not None:
            ack(response_type="ephemeral", **deps.gateway.payload(message, actor.language))
        else:  # Slack is asked who that is, and the answer written down
            deferred.writes.put(context, Press(body=body, client=client), introduce)
            ack()

    def introduce(press: Press) -> None:
        actor = deps.actor(press.body)
        with deps.database.read() as session:
            message = found(session, actor, press.body)
        content = deps.gateway.payload(message, actor.language)
        respond_with(press, content, response_type="ephemeral", replace_original=False)

    def found(session: Session, actor: Actor, body: dict[str, Any]) -> Message:
        text = html.unescape(body.get("text", ""))  # Slack escapes what was typed
        return lookup.look_up(session, deps.scheme_cache, deps.rules, actor, text, deps.today(actor))
