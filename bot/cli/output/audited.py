"""A row of the audit as `tierbot audit show` prints it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.cli.console import _, is_chinese, listed, utc
from bot.cli.output.vocabulary import weekdays_word, word
from bot.services.ops.audit_log import ShownEntry
from bot.working_days.week import weekdays_of

_HASHES = ("sha256", "text_sha256")  # in full with --json
_SPOKEN = {  # what a row names -> the words for its values
    "kind": "import",
    "purpose": "purpose",
    "reason": "review",
    "role": "role",
    "state": "message",
    "tier": "tier",
}


def cells(entry: ShownEntry) -> list[str]:
    """The cells of its line."""
    return [
        str(entry.number),
        utc(entry.at) if isinstance(entry.at, datetime) else entry.at,
        _who(entry),
        word("door", entry.door),
        word("action", entry.action),
        _object(entry),
        _values(entry.before),
        _values(entry.after),
    ]


def _who(entry: ShownEntry) -> str:
    name = entry.name or entry.actor
    return f"{name} ({entry.operator})" if entry.operator else name


def _object(entry: ShownEntry) -> str:
    parts = (word("object", entry.object_kind), entry.object_name or entry.object_id)
    return " ".join(part for part in parts if part)


def _values(values: Mapping[str, Any] | str | None) -> str:
    if isinstance(values, str):  # of a row that somebody edited
        return values
    pairs = [(name, one) for name, one in (values or {}).items() if one != []]
    return ("；" if is_chinese() else "; ").join(
        f"{word('audited', name)} {_value(name, one)}" for name, one in pairs
    )


def _value(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if name in _HASHES:
        return str(value)[:8]
    if isinstance(value, list):
        return listed(value)
    if name == "working_days" and (days := weekdays_of(str(value))):
        return weekdays_word(days)
    return "–" if value is None else word(_SPOKEN[name], value) if name in _SPOKEN else str(value)
