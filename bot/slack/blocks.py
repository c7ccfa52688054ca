"""Rendered slots -> Block Kit, within Slack's limits. Words are the templates', structure is here."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from bot.messages import (
    Action,
    Choice,
    Hit,
    Message,
    MyCustomers,
    NoMatch,
    Pointer,
    Reminder,
    Slots,
    TierCard,
    TierChanged,
    TierDigest,
    Ungraded,
)

Block = dict[str, Any]
Gettext = Callable[[str], str]

MOST_BLOCKS = 48
TEXT, FIELD, HEADER, CONTEXT, BUTTON, FALLBACK = 3000, 2000, 150, 2000, 75, 4000
VISIT_KINDS = ("visit", "call", "meeting")


def payload(message: Message, slots: Slots, gettext: Gettext) -> dict[str, Any]:
    """`text` and `blocks` of a message."""
    blocks = body_blocks(slots)[:MOST_BLOCKS]
    buttons = _buttons(message, gettext)
    if buttons:
        blocks.append({"type": "actions", "elements": buttons})
    return {"text": clip(slots.fallback, FALLBACK), "blocks": blocks}


def body_blocks(slots: Slots) -> list[Block]:
    blocks: list[Block] = []
    if slots.header:
        blocks.append({"type": "header", "text": plain(slots.header, HEADER)})
    blocks += [{"type": "section", "text": mrkdwn(text, TEXT)} for text in slots.body]
    if slots.facts:
        blocks.append({"type": "section", "fields": [mrkdwn(text, FIELD) for text in slots.facts[:10]]})
    if slots.footer:
        blocks.append({"type": "context", "elements": [mrkdwn(text, CONTEXT) for text in slots.footer[:10]]})
    return blocks


def modal(slots: Slots, title: str, close: str) -> dict[str, Any]:
    """A view to read and close."""
    return {
        "type": "modal",
        "title": plain(title, 24),
        "close": plain(close, 24),
        "blocks": body_blocks(slots)[:100],
    }


def visit_form(customer_name: str, today: date, metadata: str, gettext: Gettext) -> dict[str, Any]:
    """The form behind *Log a visit*."""
    kinds = {"visit": gettext("Visit"), "call": gettext("Call"), "meeting": gettext("Meeting")}
    options = [{"text": plain(kinds[kind], BUTTON), "value": kind} for kind in VISIT_KINDS]
    return {
        "type": "modal",
        "callback_id": Action.VISIT_FORM,
        "private_metadata": metadata,
        "title": plain(gettext("Log a visit"), 24),
        "submit": plain(gettext("Save"), 24),
        "close": plain(gettext("Cancel"), 24),
        "blocks": [
            {"type": "section", "text": plain(customer_name, 200)},
            {
                "type": "input",
                "block_id": "kind",
                "label": plain(gettext("What was it?"), 200),
                "element": {
                    "type": "static_select",
                    "action_id": "kind",
                    "initial_option": options[0],
                    "options": options,
                },
            },
            {
                "type": "input",
                "block_id": "day",
                "label": plain(gettext("When?"), 200),
                "element": {"type": "datepicker", "action_id": "day", "initial_date": today.isoformat()},
            },
            {
                "type": "input",
                "block_id": "note",
                "optional": True,
                "label": plain(gettext("What was said or agreed?"), 200),
                "element": {
                    "type": "plain_text_input",
                    "action_id": "note",
                    "multiline": True,
                    "max_length": 2000,
                },
            },
        ],
    }


def mrkdwn(text: str, limit: int) -> Block:
    # verbatim: Slack makes no links or mentions of its own out of data.
    return {"type": "mrkdwn", "text": clip(text, limit), "verbatim": True}


def plain(text: str, limit: int) -> Block:
    """Plain text shows what it is given: entities become characters, brackets such that no reader sees markup."""
    shown = text.replace("&lt;", "‹").replace("&gt;", "›").replace("&amp;", "&")
    shown = shown.replace("<", "‹").replace(">", "›")
    return {"type": "plain_text", "text": clip(shown, limit), "emoji": True}


def clip(text: str, limit: int) -> str:
    """At most `limit` characters, cut at a line end if one is near, never inside an entity or a link."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    line_end = cut.rfind("\n")
    if line_end > limit // 2:
        return cut[:line_end] + "\n…" if line_end + 2 <= limit else cut[:line_end]
    cut = re.sub(r"(&[a-z]*|<[^>]*)$", "", cut)
    return cut.rstrip() + "…"


def _buttons(message: Message, gettext: Gettext) -> list[Block]:
    labels = {
        Action.WHY: gettext("Why"),
        Action.SHARE: gettext("Share"),
        Action.LOG_VISIT: gettext("Log a visit"),
        Action.DONE: gettext("Done"),
        Action.SNOOZE: gettext("Snooze 3 days"),
        Action.OPEN: gettext("Show the card"),
    }
    if isinstance(message, TierCard | Ungraded | TierChanged):
        customer = Pointer(id=message.customer_id, version=message.version)
        return [_button(action, labels[action], customer) for action in message.buttons]
    if isinstance(message, Reminder):
        touch = Pointer(id=message.touch_id, version=message.version)
        customer = Pointer(id=message.customer_id, version=message.customer_version)
        return [
            _button(Action.DONE, labels[Action.DONE], touch, style="primary"),
            _button(Action.SNOOZE, labels[Action.SNOOZE], touch),
            _button(Action.LOG_VISIT, labels[Action.LOG_VISIT], customer),
        ]
    if isinstance(message, Choice | NoMatch):
        return [
            {**_button(Action.OPEN, hit.name, _pointer(hit)), "action_id": f"{Action.OPEN}.{place}"}
            for place, hit in enumerate(message.hits)
        ]
    hits = message.hits if isinstance(message, MyCustomers) else ()
    hits = message.largest if isinstance(message, TierDigest) else hits
    if hits:
        return [_menu(hits, gettext("Show a card…"))]
    return []


def _pointer(hit: Hit) -> Pointer:
    return Pointer(id=hit.customer_id, version=hit.version)


def _button(action: Action, label: str, pointer: Pointer, style: str | None = None) -> Block:
    block: Block = {
        "type": "button",
        "action_id": str(action),
        "text": plain(label, BUTTON),
        "value": pointer.encode(),
    }
    return {**block, "style": style} if style else block


def _menu(hits: tuple[Hit, ...], placeholder: str) -> Block:
    return {
        "type": "static_select",
        "action_id": str(Action.OPEN),
        "placeholder": plain(placeholder, 150),
        "options": [
            {"text": plain(f"{hit.name} {hit.code}", BUTTON), "value": _pointer(hit).encode()}
            for hit in hits[:100]
        ],
    }
