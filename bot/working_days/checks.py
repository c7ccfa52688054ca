"""Values about time and place, as they are stored or refused with a ValueError; empty ones stay empty."""

import difflib
import re
from collections.abc import Callable
from datetime import time
from zoneinfo import available_timezones

from bot.errors import N_, Phrase
from bot.working_days.countries import country_named
from bot.working_days.public_holidays import is_known, regions_of
from bot.working_days.week import Hours, hours_of, weekdays_of, weekdays_text

LONGEST_QUIET = 16  # hours
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::00)?").fullmatch


def check_zone(value: str) -> str:
    """A name of an IANA time zone."""
    if value in available_timezones():
        return value
    near = difflib.get_close_matches(value, sorted(available_timezones()), n=1)
    if near:
        raise ValueError(
            Phrase(
                N_("%(value)s is not a time zone; did you mean %(near)s?"), value=repr(value), near=near[0]
            )
        )
    raise ValueError(
        Phrase(N_("%(value)s is not a time zone; use an IANA name such as Asia/Shanghai"), value=repr(value))
    )


def check_country(value: str) -> str:
    """The code of a country by its code or name, also with a region."""
    found = country_named(value)
    if value and found is None:
        raise ValueError(
            Phrase(
                N_("%(value)s is not a country; use an ISO code such as CN, or DE-BY with a region"),
                value=repr(value),
            )
        )
    return found or ""


def check_place(value: str) -> str:
    """The same, and its region must be known. Loads the public holidays for a region."""
    place = check_country(value)
    country, dash, region = place.partition("-")
    if dash and not is_known(place):
        regions = ", ".join(regions_of(country))
        sentence = (
            N_("%(country)s has no region %(region)s; use one of %(regions)s, or leave it out")
            if regions
            else N_("%(country)s has no region %(region)s; leave it out")
        )
        raise ValueError(Phrase(sentence, country=country, region=repr(region), regions=regions))
    return place


def check_time(value: str) -> str:
    """A time of day, as 09:00."""
    found = _TIME(value.strip())
    if value and found is None:
        raise ValueError(Phrase(N_("%(value)s is not a time of day; write it as 09:00"), value=repr(value)))
    return f"{int(found[1]):02}:{found[2]}" if found else ""


def check_weekdays(value: str) -> str:
    """Days of the week as they are stored."""
    found = weekdays_of(value)
    if value and found is None:
        raise ValueError(
            Phrase(
                N_("%(value)s are not days of the week; write them as Mon-Fri or Sun-Thu"), value=repr(value)
            )
        )
    return weekdays_text(found) if found else ""


def check_quiet_hours(value: str) -> str:
    """Quiet hours, which leave some of the day."""
    if not value:
        return ""
    found = hours_of(value)
    if found is None:
        raise ValueError(Phrase(N_("%(value)s are not hours; write them as 20:00-07:00"), value=repr(value)))
    if found.minutes > LONGEST_QUIET * 60:
        raise ValueError(
            Phrase(
                N_("%(value)s is longer than %(hours)s hours; leave people some hours to be written to"),
                value=repr(value),
                hours=LONGEST_QUIET,
            )
        )
    return str(found)


def reminder_problems(remind_at: str, quiet: Hours | None) -> list[Phrase]:
    """What is wrong when reminders are to be sent in the quiet hours."""
    if quiet is None or time.fromisoformat(remind_at) not in quiet:
        return []
    sentence = N_("TIERBOT_REMIND_AT %(time)s lies within TIERBOT_QUIET_HOURS %(hours)s; change one of them")
    return [Phrase(sentence, time=remind_at, hours=quiet)]


OF_PERSON: dict[str, Callable[[str], str]] = {  # column of a person -> what checks it
    "country": check_place,
    "working_days": check_weekdays,
    "works_from": check_time,
    "works_until": check_time,
}
