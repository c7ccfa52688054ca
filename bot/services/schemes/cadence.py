"""When the next gradings of a purpose are: its last snapshot, and the cadence of the schemes decided so far."""

from datetime import date, timedelta

from sqlmodel import Session

from bot.services.schemes.store import SchemeCache, last_cadence_day
from db.graded import runs, schemes

DAY = timedelta(days=1)
MONTHS = {"month_end": 1, "quarter_end": 3, "year_end": 12}


def next_gradings(
    session: Session,
    scheme_cache: SchemeCache,
    for_purpose: str,
    today: date,
    most: int = 1,
    *,
    version_id: int | None = None,
) -> tuple[date, ...]:
    """The days of the next snapshots, at most `most` of them; each is graded in the night after it.

    The first is a day that is already over if its snapshot has not been taken yet. None before the first grading,
    which somebody starts by hand, and none on days without a scheme in force. With `version_id`, only those until
    this scheme version is no longer in force.
    """
    last = runs.last_snapshot(session, for_purpose)
    if last is None:
        return ()
    periods = schemes.periods(schemes.steps(session, for_purpose))
    turns = sorted({day for period in periods for day in (period.start, period.until) if day is not None})
    found: list[date] = []
    day: date | None = today
    while day is not None and len(found) < most:
        held = [period.scheme_version_id for period in periods if period.holds(day)]
        turn = next((turn for turn in turns if turn > day), None)
        if version_id is not None and version_id not in held:
            break
        if not held:
            day = turn
            continue
        cadence = scheme_cache.scheme(session, held[0]).as_of
        if day == today and (missed := last_cadence_day(cadence, today)) > last.as_of:
            found.append(missed)  # of several missed ones only the newest is taken
        while len(found) < most and (turn is None or day < turn):
            day = next_cadence_day(cadence, day)
            if day > last.as_of and (turn is None or day < turn):
                found.append(day)
            day += DAY
        day = turn
    return tuple(found[:most])


def next_cadence_day(cadence: str, day: date) -> date:
    """The first day of a cadence (`as_of` of a scheme) from a day on."""
    if cadence == "daily":
        return day
    if cadence == "week_end":
        return day + (6 - day.weekday()) * DAY
    months = MONTHS[cadence]
    following = day.year * 12 + (day.month - 1) // months * months + months  # counted from the year 0
    return date(following // 12, following % 12 + 1, 1) - DAY
