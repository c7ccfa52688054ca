"""Days as they are written: the one that a text names, and what begins with it."""

import re
from calendar import monthrange
from datetime import date, timedelta
from typing import Any, NamedTuple

from bot.services.ask.questions.grammar.parts import PhrasePart

MONTHS = {
    month[:length]: number
    for number, month in enumerate(
        [
            "january",
            "february",
            "march",
            "april",
            "may",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
        ],
        1,
    )
    for length in (3, len(month))
} | {"sept": 9}
_HOLIDAYS = {"国庆节": (10, 1), "国庆": (10, 1), "元旦": (1, 1), "五一": (5, 1), "new year": (1, 1)}


class EndedPeriod(NamedTuple):
    """A period that is over: its first and its last day."""

    since: date
    until: date


def months_before(day: date, months: int) -> date:
    """The same day of an earlier month, or its last day."""
    count = day.year * 12 + day.month - 1 - months
    year, month = divmod(count, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def months_from(begin: date, months: int) -> EndedPeriod:
    return EndedPeriod(begin, months_before(begin, -months) - timedelta(days=1))


def day_of(parts: dict[str, Any], today: date) -> date | None:
    """The day that is written; without a year the last one that is not in the future."""
    year, written = parts.get("y"), parts.get("d") or "first"
    day = 1 if written == "first" else int(written)
    named = parts.get("month")
    month = MONTHS[named] if named else int(parts.get("m") or 1)
    try:
        if year:
            return date(int(year), month, day)
        found = date(today.year, month, day)
        return found if found <= today else date(today.year - 1, month, day)
    except ValueError:
        return None


def since_day(match: re.Match[str], today: date) -> tuple[PhrasePart, Any] | None:
    day = day_of(match.groupdict(), today)
    return None if day is None else (PhrasePart.FUTURE if day > today else PhrasePart.SINCE, day)


def over_day(match: re.Match[str], today: date) -> tuple[PhrasePart, Any] | None:
    day = day_of(match.groupdict(), today)
    if day is None or day > today:
        return None if day is None else (PhrasePart.FUTURE, day)
    span = EndedPeriod(day, day) if match["d"] else months_from(day, 1)
    return (PhrasePart.SINCE, day) if span.until >= today else (PhrasePart.OVER, span)


def since_end(match: re.Match[str], today: date) -> tuple[PhrasePart, Any] | None:
    """The last day of a month that is not in the future."""
    first = day_of(match.groupdict(), today)
    if first is None:
        return None
    last = months_from(first, 1).until
    if last > today and not match["y"]:
        last = months_from(months_before(first, 12), 1).until
    return PhrasePart.FUTURE if last > today else PhrasePart.SINCE, last


def since_written(match: re.Match[str], today: date) -> tuple[PhrasePart, Any] | None:
    """15/10: a day and a month where it can be nothing else; with dots the day is first."""
    parts = match.groupdict()
    day, month = int(parts["d"]), int(parts["m"])
    if "." not in match[0] and day <= 12:
        if month <= 12 and day != month:
            return None
        parts |= {"d": parts["m"], "m": parts["d"]}
    found = day_of(parts, today)
    return None if found is None else (PhrasePart.FUTURE if found > today else PhrasePart.SINCE, found)


def since_holiday(match: re.Match[str], today: date) -> tuple[PhrasePart, Any]:
    month, day = _HOLIDAYS[match["holiday"]]
    this = date(today.year, month, day)
    return PhrasePart.SINCE, this if this <= today else this.replace(year=today.year - 1)


def since_week(match: re.Match[str], today: date) -> tuple[PhrasePart, Any] | None:
    """The Monday of a calendar week; without a year that of the last one that has begun."""
    week, year = int(match["week"]), int(match["y"] or today.isocalendar().year)
    try:
        begin = date.fromisocalendar(year, week, 1)
        if begin > today and not match["y"]:
            begin = date.fromisocalendar(year - 1, week, 1)
    except ValueError:
        return None
    return PhrasePart.FUTURE if begin > today else PhrasePart.SINCE, begin
