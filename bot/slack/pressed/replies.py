"""Answers to what has no response URL: to an event, as a message for one person; to a press in a view, as a view."""

from collections.abc import Sequence
from typing import Any

from slack_sdk import WebClient

from bot.slack import blocks, retries
from bot.wording.actions import Action

ANSWER = "tierbot_answer"  # the callback id of a view that shows an answer
# What needs the channel in which it is pressed.
_IN_CHANNELS = frozenset({str(Action.SHARE), str(Action.POST), str(Action.TAKE_BACK)})
_ONLY_IN_MESSAGES = frozenset({"table", "data_table", "data_visualization", "markdown"})


def post_to_asker(client: WebClient, event: dict[str, Any], content: dict[str, Any]) -> None:
    """Post where an event happened, in its thread, what only its user sees. Raises SlackApiError, OSError."""
    thread = {"thread_ts": event["thread_ts"]} if event.get("thread_ts") else {}
    retries.persistently(
        lambda: client.chat_postEphemeral(channel=event["channel"], user=event["user"], **thread, **content)
    )


def show(client: WebClient, body: dict[str, Any], content: dict[str, Any], *, in_place: bool) -> None:
    """Show an answer to a press in a view: in a modal on top of it, or in place of the pressed modal."""
    pressed = body.get("view") or {}
    view = answer_view(content["blocks"])
    if pressed.get("type") != "modal":
        client.views_open(trigger_id=body["trigger_id"], view=view)
    elif in_place:
        retries.persistently(lambda: client.views_update(view_id=pressed["id"], view=view))
    else:
        client.views_push(trigger_id=body["trigger_id"], view=view)


def answer_view(content: Sequence[blocks.Block]) -> blocks.Block:
    """The blocks of a message as a modal, without what only works in a channel."""
    shown = [kept for block in content if (kept := _kept(block)) is not None]
    return {
        "type": "modal",
        "callback_id": ANSWER,
        "title": blocks.plain("Tierbot", blocks.TITLE),
        "close": blocks.plain("×", blocks.TITLE),
        "blocks": shown or [{"type": "section", "text": blocks.plain(blocks.NOTHING, blocks.TEXT)}],
    }


def _kept(block: blocks.Block) -> blocks.Block | None:
    """A block without the buttons that need a channel; None where nothing is left of it."""
    if block["type"] in _ONLY_IN_MESSAGES:
        return None
    if block["type"] != "actions":
        return block
    elements = [one for one in block["elements"] if one.get("action_id") not in _IN_CHANNELS]
    return {**block, "elements": elements} if elements else None
