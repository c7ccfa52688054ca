"""Questions in a mention and in a direct message: answered like /tier, for who asked and nobody else."""

import html
import re
from typing import Any

from slack_bolt import Ack, App, BoltContext
from slack_sdk import WebClient

from bot.services.ask import lookup
from bot.services.ops import doctor
from bot.slack.deferred import Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.slack.listeners import calendar_link, tier_command
from db.processes import InboundKey, take_request

# What a person writes; every other subtype is an edit, a join, a deletion or the like.
_WRITTEN = (None, "file_share", "thread_broadcast")
_MENTION = re.compile(r"<@[A-Z0-9]+(?:\|[^<>]*)?>")
_LABELLED = re.compile(r"<[^<>|]*\|([^<>]*)>")  # links, channels and addresses that Slack has made of words
_BARE = re.compile(r"<(?:mailto:|tel:)?([^<>|]*)>")


def register(app: App, deps: Dependencies, deferred: Deferred) -> None:
    heard: set[str] = set()  # events that this process has noted

    @app.event("app_mention")
    def mentioned(ack: Ack, body: dict[str, Any], client: WebClient, context: BoltContext) -> None:
        take(ack, Press(body=body, client=client), context)

    @app.event("message")
    def written(ack: Ack, body: dict[str, Any], client: WebClient, context: BoltContext) -> None:
        """Only direct messages are questions: in channels the bot is mentioned."""
        press = Press(body=body, client=client)
        if press.event.get("channel_type") == "im":
            take(ack, press, context)
        else:
            ack()

    def take(ack: Ack, press: Press, context: BoltContext) -> None:
        if is_asked_by_a_person(press.event):
            deferred.writes.defer(context, press, answer)
        ack()

    def answer(press: Press) -> None:
        take_once(press)
        note_heard(press.event)
        text = asked_text(press.event, press.bot_user_id)
        if lookup.asks_for(text) is lookup.CALENDAR:
            calendar_link.answer(deps, press)
        else:
            tier_command.answer_text(deps, press, text)

    def note_heard(event: dict[str, Any]) -> None:
        name = "message.im" if event["type"] == "message" else str(event["type"])
        if name not in heard:
            doctor.note_heard(deps.database, name, deps.clock.now())
            heard.add(name)

    def take_once(press: Press) -> None:
        """Raise Repeated for what was answered before: Slack repeats events, and sends a mention as two of them."""
        place = f"{press.event['channel']}:{press.event['ts']}"
        with deps.database.write() as session:
            for key in (press.key, InboundKey(press.key.team_id, "message", place)):
                take_request(session, key, deps.clock.now())


def is_asked_by_a_person(event: dict[str, Any]) -> bool:
    """Whether somebody wrote this message just now; not a bot, and no edit."""
    named = all(isinstance(event.get(name), str) for name in ("user", "channel", "ts"))
    by_bot = event.get("bot_id") or event.get("bot_profile") or event.get("user") == "USLACKBOT"
    return named and not by_bot and not event.get("edited") and event.get("subtype") in _WRITTEN


def asked_text(event: dict[str, Any], bot_user_id: str | None) -> str:
    """What was asked, as typed: without the bot's own mention, and without Slack's markup around words."""
    text = str(event.get("text") or "")
    own = re.compile(rf"<@{re.escape(bot_user_id)}(?:\|[^<>]*)?>") if bot_user_id else None
    if own is not None and own.search(text):
        text = own.sub(" ", text)
    elif event.get("type") == "app_mention":
        text = _MENTION.sub(" ", text, count=1)
    text = _BARE.sub(r"\1", _LABELLED.sub(r"\1", text))
    return html.unescape(text).strip(" \t\n,，:：")
