"""Slack's limits on blocks and views, so that a message Slack would refuse is refused here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from bot.demo.workspace.api_error import ApiError
from bot.demo.workspace.limits.shapes import (
    Check,
    Report,
    anything,
    array,
    boolean,
    exactly_one,
    number,
    shape,
    string,
    typed,
)
from bot.demo.workspace.limits.text import (
    ACCESSORIES,
    ACTION_ELEMENTS,
    IMAGE,
    IMAGE_FIELDS,
    INPUT_ELEMENTS,
    plain,
    text,
)
from bot.demo.workspace.state.records import Json

MOST_MESSAGE_BLOCKS = 50
MOST_VIEW_BLOCKS = 100
#: Slack documents no sum, but refuses messages whose blocks hold about this many characters (bolt-js #2509).
MOST_BLOCK_CHARACTERS = 13_200
MOST_MARKDOWN_CHARACTERS = 12_000
MOST_VIEW_BYTES = 250_000

_ID = {"block_id": string(255)}


def _section_has_content(value: Any, pointer: str, report: Report) -> None:
    if "text" not in value and "fields" not in value:
        report("missing required field: text or fields", pointer)


def _distinct_action_ids(value: Any, pointer: str, report: Report) -> None:
    seen: set[str] = set()
    for index, element in enumerate(value["elements"]):
        action_id = element.get("action_id")
        if action_id in seen:
            report(
                f"`action_id` {action_id} already exists in this block",
                f"{pointer}/elements/{index}/action_id",
            )
        if action_id is not None:
            seen.add(action_id)


_RICH_INLINE = array(
    typed(
        dict.fromkeys(
            ("text", "link", "emoji", "user", "usergroup", "channel", "broadcast", "date", "color"), anything
        )
    ),
    most=10_000,
    least=0,
)
_RICH_SECTION = shape({"elements": _RICH_INLINE})
_RICH: dict[str, Check] = {
    "rich_text_section": _RICH_SECTION,
    "rich_text_preformatted": shape(
        {"elements": _RICH_INLINE}, {"border": number(), "language": string(100)}
    ),
    "rich_text_quote": shape({"elements": _RICH_INLINE}, {"border": number()}),
    "rich_text_list": shape(
        {
            "elements": array(typed({"rich_text_section": _RICH_SECTION}), most=10_000, least=0),
            "style": string(10, choices=("bullet", "ordered")),
        },
        {"indent": number(0, 8), "offset": number(), "border": number()},
    ),
}
_EVERYWHERE: dict[str, Check] = {
    "section": shape(
        {},
        {
            **_ID,
            "text": text(3000),
            "fields": array(text(2000), most=10),
            "accessory": typed(ACCESSORIES),
            "expand": boolean,
        },
        also=_section_has_content,
    ),
    "header": shape({"text": plain(150)}, _ID),
    "context": shape(
        {
            "elements": array(
                typed({"image": IMAGE, "plain_text": plain(3000), "mrkdwn": text(3000)}), most=10
            )
        },
        _ID,
    ),
    "actions": shape({"elements": array(typed(ACTION_ELEMENTS), most=25)}, _ID, also=_distinct_action_ids),
    "divider": shape({}, _ID),
    "image": shape(
        {"alt_text": string(2000, least=1)},
        {**_ID, **IMAGE_FIELDS, "title": plain(2000)},
        also=exactly_one("image_url", "slack_file"),
    ),
    "rich_text": shape({"elements": array(typed(_RICH), most=1000, least=0)}, _ID),
    "input": shape(
        {"label": plain(2000), "element": typed(INPUT_ELEMENTS)},
        {**_ID, "hint": plain(2000), "optional": boolean, "dispatch_action": boolean},
    ),
}
_MESSAGE_BLOCKS: dict[str, Check] = {**_EVERYWHERE, "markdown": shape({"text": string(12_000, least=1)}, _ID)}
_VIEW: dict[str, Check] = {
    "modal": shape(
        {"title": plain(24), "blocks": array(typed(_EVERYWHERE), most=MOST_VIEW_BLOCKS)},
        {
            "submit": plain(24),
            "close": plain(24),
            "private_metadata": string(3000),
            "callback_id": string(255),
            "clear_on_close": boolean,
            "notify_on_close": boolean,
            "submit_disabled": boolean,
            "external_id": string(255),
        },
    ),
    "home": shape(
        {"blocks": array(typed(_EVERYWHERE), most=MOST_VIEW_BLOCKS)},
        {"private_metadata": string(3000), "callback_id": string(255), "external_id": string(255)},
    ),
}


def _characters(value: Any) -> Iterator[str]:
    """Every text a reader would see."""
    if isinstance(value, dict):
        for name, entry in value.items():
            if name == "text" and isinstance(entry, str):
                yield entry
            else:
                yield from _characters(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from _characters(entry)


class _Faults:
    def __init__(self) -> None:
        self.sentences: list[str] = []

    def __call__(self, sentence: str, pointer: str) -> None:
        self.sentences.append(f"[ERROR] {sentence} [json-pointer:{pointer}]")


def _find_repeated_block_ids(blocks: list[Json], pointer: str, report: Report) -> None:
    seen: set[str] = set()
    for index, block in enumerate(blocks):
        block_id = block.get("block_id")
        if block_id and block_id in seen:
            report(f"`block_id` {block_id} already exists", f"{pointer}/{index}/block_id")
        if block_id:
            seen.add(block_id)


def check_blocks(blocks: Any) -> None:
    """Refuse the blocks of a message as Slack does: `invalid_blocks` with the place of each fault."""
    faults = _Faults()
    array(typed(_MESSAGE_BLOCKS), most=MOST_MESSAGE_BLOCKS, least=0)(blocks, "/blocks", faults)
    if not faults.sentences:
        _find_repeated_block_ids(blocks, "/blocks", faults)
        markdown = sum(len(block["text"]) for block in blocks if block["type"] == "markdown")
        if markdown > MOST_MARKDOWN_CHARACTERS:
            faults(
                f"all markdown blocks together must be less than {MOST_MARKDOWN_CHARACTERS + 1} characters",
                "/blocks",
            )
    if faults.sentences:
        raise ApiError("invalid_blocks", messages=faults.sentences)
    if sum(map(len, _characters(blocks))) > MOST_BLOCK_CHARACTERS:
        raise ApiError("msg_blocks_too_long")


def _check_modal(view: Json, report: Report) -> None:
    inputs = [block for block in view["blocks"] if block["type"] == "input"]
    if inputs and "submit" not in view:
        report("missing required field: submit (the view has an input block)", "/view")
    focused = [
        b for b in view["blocks"] if (b.get("element") or b.get("accessory") or {}).get("focus_on_load")
    ]
    if len(focused) > 1:
        report("only one element may have focus_on_load", "/view/blocks")


def check_view(view: Any) -> None:
    """Refuse a view as Slack does: `invalid_arguments` with the place of each fault, or `view_too_large`."""
    faults = _Faults()
    typed(_VIEW)(view, "/view", faults)
    if not faults.sentences:
        _find_repeated_block_ids(view["blocks"], "/view/blocks", faults)
        if view["type"] == "modal":
            _check_modal(view, faults)
    if faults.sentences:
        raise ApiError("invalid_arguments", messages=faults.sentences)
    if len(json.dumps(view, ensure_ascii=False).encode()) > MOST_VIEW_BYTES:
        raise ApiError("view_too_large")
