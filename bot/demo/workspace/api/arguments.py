"""Arguments of a Web API call, given as a form or as JSON."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from bot.demo.workspace.api_error import ApiError
from bot.demo.workspace.records import Json

Entry = TypeVar("Entry")


def flag(args: Json, name: str, default: bool = False) -> bool:
    """A boolean, in any of Slack's spellings."""
    value = args.get(name)
    return default if value is None else str(value).lower() in ("1", "true")


def word(args: Json, name: str, *, missing: str = "invalid_arguments") -> str:
    """A required string; `missing` is the error code without it."""
    value = args.get(name)
    if value in (None, ""):
        details = [f"[ERROR] missing required field: {name}"] if missing == "invalid_arguments" else []
        raise ApiError(missing, messages=details)
    return str(value)


def whole(args: Json, name: str, default: int, *, most: int) -> int:
    """A whole number from 1 to `most`, else `invalid_limit`."""
    value = args.get(name)
    if value in (None, ""):
        return default
    try:
        found = int(str(value))
    except ValueError:
        raise ApiError("invalid_limit") from None
    if not 1 <= found <= most:
        raise ApiError("invalid_limit")
    return found


def structure(args: Json, name: str, *, broken: str) -> Any:
    """A list or object, given as such or as a JSON string; `broken` is the error code for bad JSON."""
    value = args.get(name)
    if value in (None, ""):
        return None
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise ApiError(broken) from None


def page(entries: list[Entry], args: Json, *, default: int = 100) -> tuple[list[Entry], str]:
    """One page of a listing and the cursor of the next (empty at the end)."""
    limit = whole(args, "limit", default, most=1000)
    cursor = str(args.get("cursor") or "0")
    if not cursor.removeprefix("next:").isdigit():
        raise ApiError("invalid_cursor")
    start = int(cursor.removeprefix("next:"))
    following = start + limit
    return entries[start:following], f"next:{following}" if following < len(entries) else ""
