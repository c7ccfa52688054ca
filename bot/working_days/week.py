"""Working days of a week as "Sun-Thu", and hours of a day as "09:00-18:00"."""

import re
from dataclasses import dataclass
from datetime import time

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")  # in the order of date.weekday()
MONDAY_TO_FRIDAY = frozenset(range(5))
_OTHER_NAMES = (
    ("monday", "mo", "montag", "周一", "星期一"),
    ("tuesday", "tues", "di", "dienstag", "周二", "星期二"),
    ("wednesday", "mi", "mittwoch", "周三", "星期三"),
    ("thursday", "thur", "thurs", "do", "donnerstag", "周四", "星期四"),
    ("friday", "fr", "freitag", "周五", "星期五"),
    ("saturday", "sa", "samstag", "sonnabend", "周六", "星期六"),
    ("sunday", "so", "sonntag", "周日", "周天", "星期日", "星期天"),
)
_NUMBERS = {
    name: number
    for number, (day, names) in enumerate(zip(DAYS, _OTHER_NAMES, strict=True))
    for name in (day.lower(), *names)
}
_RANGE = re.compile(r"\s*(?:-|–|—|~|至|到|\bto\b|\bbis\b)\s*")
_SEPARATOR = re.compile(r"\s*[,;/、，；]\s*|\s+")
_HOURS = re.compile(r"((?:[01]\d|2[0-3]):[0-5]\d)\s*[-–]\s*((?:[01]\d|2[0-3]):[0-5]\d)").fullmatch


@dataclass(frozen=True)
class Hours:
    """A part of the day, also over midnight: `begins` belongs to it, `ends` does not."""

    begins: time
    ends: time

    def __contains__(self, at: time) -> bool:
        if self.begins <= self.ends:
            return self.begins <= at < self.ends
        return at >= self.begins or at < self.ends

    def __str__(self) -> str:
        return f"{self.begins:%H:%M}-{self.ends:%H:%M}"


def weekdays_of(text: str) -> frozenset[int] | None:
    """The weekdays of "Sun-Thu" or "Mon, Wed-Fri", in English, Chinese or German; None for another text."""
    found: set[int] = set()
    for part in _SEPARATOR.split(_RANGE.sub("-", text.strip().lower())):
        first, dash, last = part.partition("-")
        if first not in _NUMBERS or (dash and last not in _NUMBERS):
            return None
        begin, end = _NUMBERS[first], _NUMBERS[last if dash else first]
        found |= {(begin + step) % 7 for step in range((end - begin) % 7 + 1)}
    return frozenset(found)


def weekdays_text(days: frozenset[int]) -> str:
    """The same in the form in which it is stored: ranges of neighbouring days, "Sun-Thu"."""
    if len(days) == 7:
        return "Mon-Sun"
    parts = []
    for begin in sorted(days):
        if (begin - 1) % 7 in days:
            continue
        length = next(step for step in range(1, 7) if (begin + step) % 7 not in days)
        parts.append(DAYS[begin] if length == 1 else f"{DAYS[begin]}-{DAYS[(begin + length - 1) % 7]}")
    return ",".join(parts)


def hours_of(text: str) -> Hours | None:
    """The hours of "19:00-08:00"; None for another text, and for an end that is the beginning."""
    found = _HOURS(text.strip())
    if found is None or found[1] == found[2]:
        return None
    return Hours(time.fromisoformat(found[1]), time.fromisoformat(found[2]))
