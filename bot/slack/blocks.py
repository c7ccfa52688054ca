"""Rendered slots -> Block Kit, within Slack's limits. Words are the templates', structure is here."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from bot.wording.messages import (
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
from bot.wording.rendering import escape

Block = dict[str, Any]
Gettext = Callable[[str], str]

MOST_BLOCKS, MOST_VIEW_BLOCKS = 50, 100
# Slack documents no sum, but refuses messages of about 13,200 characters (bolt-js #2509) and views of 250 kB.
MOST_CHARACTERS, MOST_VIEW_CHARACTERS = 13_000, 30_000
TEXT, FIELD, HEADER, CONTEXT, BUTTON, FALLBACK = 3000, 2000, 150, 2000, 75, 4000
MOST_FIELDS, MOST_ELEMENTS, MOST_BUTTONS, MOST_OPTIONS = 10, 10, 25, 100
VISIT_KINDS = ("visit", "call", "meeting")
NOTHING = "–"  # Slack refuses empty texts


def payload(message: Message, slots: Slots, gettext: Gettext) -> dict[str, Any]:
    """`text` and `blocks` of a message."""
    buttons = _buttons(message, gettext)
    room = MOST_CHARACTERS - sum(map(_length, buttons))
    blocks = body_blocks(slots, MOST_BLOCKS - bool(buttons), room)
    if buttons:
        blocks.append({"type": "actions", "elements": buttons})
    return {"text": clip(slots.fallback or NOTHING, FALLBACK), "blocks": blocks}


def body_blocks(slots: Slots, most: int, room: int) -> list[Block]:
    """The slots as at most so many blocks, of at most so many characters; the body gives way first."""
    header = [plain(slots.header, HEADER)] if slots.header else []
    room -= sum(len(text["text"]) for text in header)
    footer, room = _fit(slots.footer[:MOST_ELEMENTS], CONTEXT, room)
    facts, room = _fit(slots.facts[:MOST_FIELDS], FIELD, room)
    paragraphs = slots.body
    rows = most - len(header) - bool(facts) - bool(footer)
    if len(paragraphs) > rows:
        paragraphs = (*paragraphs[: rows - 1], "…")
    body, _ = _fit(paragraphs, TEXT, room)
    return [
        *({"type": "header", "text": text} for text in header),
        *({"type": "section", "text": text} for text in body),
        *([{"type": "section", "fields": facts}] if facts else []),
        *([{"type": "context", "elements": footer}] if footer else []),
    ]


def modal(slots: Slots, title: str, close: str) -> dict[str, Any]:
    """A view to read and close."""
    return {
        "type": "modal",
        "title": plain(title, 24),
        "close": plain(close, 24),
        "blocks": body_blocks(slots, MOST_VIEW_BLOCKS, MOST_VIEW_CHARACTERS)
        or [{"type": "section", "text": plain(NOTHING, TEXT)}],
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
            {"type": "section", "text": plain(escape(customer_name), 200)},
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
    return {"type": "plain_text", "text": clip(shown or NOTHING, limit), "emoji": True}


def clip(text: str, limit: int) -> str:
    """At most `limit` characters, cut at a line end if one is near, never inside an entity or a link."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    line_end = text.rfind("\n", 0, limit - 1)
    if line_end > limit // 2:
        return cut[:line_end] + "\n…"
    cut = re.sub(r"(&[a-z]*|<[^>]*)$", "", cut)
    return cut.rstrip() + "…"


def _fit(texts: Iterable[str], limit: int, room: int) -> tuple[list[Block], int]:
    """As many texts as there is room for, the last one clipped, and the room that is left."""
    fitted = []
    for text in texts:
        if room < 1:
            break
        fitted.append(mrkdwn(text, min(limit, room)))
        room -= len(fitted[-1]["text"])
    return fitted, room


def _length(element: Block) -> int:
    """The characters of a button or a menu."""
    shown = [
        element.get("text"),
        element.get("placeholder"),
        *(o["text"] for o in element.get("options", ())),
    ]
    return sum(len(text["text"]) for text in shown if text)


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
        return _choices(message.hits[:MOST_BUTTONS])
    hits = message.hits if isinstance(message, MyCustomers) else ()
    hits = message.largest if isinstance(message, TierDigest) else hits
    if hits:
        return [_menu(hits, gettext("Show a card…"))]
    return []


def _choices(hits: tuple[Hit, ...]) -> list[Block]:
    """A button for each customer; those of one name are told apart by their codes."""
    times = Counter(hit.name for hit in hits)
    labels = [hit.name if times[hit.name] == 1 else f"{hit.code} {hit.name}" for hit in hits]
    return [
        {**_button(Action.OPEN, escape(label), _pointer(hit)), "action_id": f"{Action.OPEN}.{place}"}
        for place, (hit, label) in enumerate(zip(hits, labels, strict=True))
    ]


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
            {"text": plain(escape(f"{hit.name} {hit.code}"), BUTTON), "value": _pointer(hit).encode()}
            for hit in hits[:MOST_OPTIONS]
        ],
    }
