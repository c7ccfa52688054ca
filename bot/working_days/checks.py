"""Settings about time and place, as they are stored or refused with a ValueError; empty ones stay empty."""

import difflib
from datetime import time
from zoneinfo import available_timezones

from bot.errors import N_, Phrase
from bot.working_days.countries import country_named
from bot.working_days.week import Hours, hours_of, weekdays_of, weekdays_text

LONGEST_QUIET = 16  # hours


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
    if _minutes(found) > LONGEST_QUIET * 60:
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


def _minutes(hours: Hours) -> int:
    begins, ends = (at.hour * 60 + at.minute for at in (hours.begins, hours.ends))
    return (ends - begins) % (24 * 60)
