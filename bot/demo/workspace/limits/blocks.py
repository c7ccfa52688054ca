"""Slack's limits on blocks and views, so that a message Slack would refuse is refused here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from bot.demo.workspace.api_error import ApiError
from bot.demo.workspace.limits.block_kit import MESSAGE_BLOCKS, VIEW, repeated
from bot.demo.workspace.limits.shapes import Faults
from bot.demo.workspace.limits.tables import TABLES
from bot.demo.workspace.records import Json

#: Slack documents no sum, but refuses messages whose blocks hold about this many characters (bolt-js #2509).
MOST_BLOCK_CHARACTERS = 13_200
MOST_MARKDOWN_CHARACTERS = 12_000
MOST_VIEW_BYTES = 250_000


def _characters(value: Any) -> int:
    """The length of every text a reader would see."""
    if isinstance(value, list):
        return sum(map(_characters, value))
    if not isinstance(value, dict):
        return 0
    return sum(
        len(entry) if name == "text" and isinstance(entry, str) else _characters(entry)
        for name, entry in value.items()
    )


def _refuse(code: str, faults: Faults) -> None:
    messages = [f"[ERROR] {sentence} [json-pointer:{pointer}]" for sentence, pointer in faults]
    if messages:
        raise ApiError(code, messages=messages)


def check_blocks(blocks: Any, *, without: tuple[str, ...] = ()) -> None:
    """Refuse the blocks of a message as Slack does: `invalid_blocks` with the place of each fault.

    `without`: the types of blocks that this workspace does not know yet.
    """
    if isinstance(blocks, list):
        _refuse("invalid_blocks", _unknown(blocks, without))
    _refuse("invalid_blocks", MESSAGE_BLOCKS(blocks, "/blocks"))
    _refuse("invalid_blocks", _between_blocks(blocks))
    # The cells of a table have a limit of their own.
    if _characters([block for block in blocks if block["type"] not in TABLES]) > MOST_BLOCK_CHARACTERS:
        raise ApiError("msg_blocks_too_long")


def _unknown(blocks: list[Any], without: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for index, block in enumerate(blocks):
        if isinstance(block, dict) and block.get("type") in without:
            yield f"unsupported type: {block['type']}", f"/blocks/{index}/type"


def _between_blocks(blocks: list[Json]) -> Iterator[tuple[str, str]]:
    yield from repeated("block_id", blocks, "/blocks")
    if sum(block["type"] in TABLES for block in blocks) > 1:
        yield "only one table is allowed in a message", "/blocks"
    if sum(len(block["text"]) for block in blocks if block["type"] == "markdown") > MOST_MARKDOWN_CHARACTERS:
        most = MOST_MARKDOWN_CHARACTERS + 1
        yield f"all markdown blocks together must be less than {most} characters", "/blocks"


def check_view(view: Any) -> None:
    """Refuse a view as Slack does: `invalid_arguments` with the place of each fault, or `view_too_large`."""
    _refuse("invalid_arguments", VIEW(view, "/view"))
    _refuse("invalid_arguments", _between_fields(view))
    if len(json.dumps(view, ensure_ascii=False).encode()) > MOST_VIEW_BYTES:
        raise ApiError("view_too_large")


def _between_fields(view: Json) -> Iterable[tuple[str, str]]:
    blocks = view["blocks"]
    yield from repeated("block_id", blocks, "/view/blocks")
    if view["type"] == "modal":
        if "submit" not in view and any(block["type"] == "input" for block in blocks):
            yield "missing required field: submit (the view has an input block)", "/view"
        elements = [block.get("element") or block.get("accessory") or {} for block in blocks]
        if sum(bool(element.get("focus_on_load")) for element in elements) > 1:
            yield "only one element may have focus_on_load", "/view/blocks"
