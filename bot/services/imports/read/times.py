"""Times of day, by which activities of one day are told apart."""

import re
import unicodedata

from bot.errors import N_, Phrase
from bot.services.imports.read.refusal import RefusedValue, clip

_CLOCK = re.compile(
    r"(?P<before>上午|下午|晚上|中午|AM|PM)?\s*(?P<hour>[0-9]{1,2})\s*[:时点]\s*(?P<minute>[0-9]{1,2})?"
    r"(?:\s*[:分]\s*(?P<second>[0-9]{1,2}))?(?:[.,][0-9]+)?\s*[分秒]?\s*(?P<after>AM|PM)?",
    re.IGNORECASE,
)
# Tried first: the general pattern takes ten times as long.
_USUAL = re.compile(
    r"[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}(?:[T ]([0-9]{2}:[0-9]{2})(:[0-9]{2})?(?:\.[0-9]+)?"
    r"(?:Z|[-+][0-9]{2}:?[0-9]{2})?)?"
).fullmatch
_COMPACT = re.compile(r"[0-9]{8}T?([0-9]{2})([0-9]{2})([0-9]{2})").match
_MIDNIGHT = "00:00:00"
_AFTERNOON = frozenset({"下午", "晚上", "PM"})


def time_of(text: str) -> str | None:
    """The time in a cell, as HH:MM:SS; None without one, and for midnight, which databases write for a bare date."""
    if usual := _USUAL(text):
        found = f"{usual[1]}{usual[2] or ':00'}" if usual[1] else _MIDNIGHT
        return None if found == _MIDNIGHT else found
    folded = unicodedata.normalize("NFKC", text)
    if compact := _COMPACT(folded):
        found = ":".join(compact.groups())
    else:
        clock = _CLOCK.search(folded)
        if clock is None:
            return None
        hour = int(clock["hour"])
        half = (clock["before"] or clock["after"] or "").upper()
        if half in _AFTERNOON and hour < 12:
            hour += 12
        elif half in ("AM", "上午") and hour == 12:
            hour = 0
        found = f"{hour:02}:{int(clock['minute'] or 0):02}:{int(clock['second'] or 0):02}"
    return None if found == _MIDNIGHT else found


def read_time(text: str) -> str | RefusedValue | None:
    """A cell of a column of times."""
    if _CLOCK.search(unicodedata.normalize("NFKC", text)) is None:
        return RefusedValue(Phrase(N_("%(cell)s is not a time; write it as 14:30"), cell=repr(clip(text))))
    return time_of(text)
