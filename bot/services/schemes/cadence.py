"""When the next gradings of a purpose are: its last snapshot, and the cadence of the schemes decided so far."""

from datetime import date, timedelta
from itertools import islice

from sqlmodel import Session

from bot.services.schemes.store import SchemeCache, is_cadence_day, last_cadence_day
from db.graded import runs, schemes

FARTHEST = timedelta(days=4 * 366)  # to look ahead: three gradings at the end of a year, and the days before


def next_gradings(
    session: Session, scheme_cache: SchemeCache, for_purpose: str, today: date, most: int = 1
) -> tuple[date, ...]:
    """The days of the next snapshots, at most `most` of them; each is graded in the night after it.

    The first is a day that is already over if its snapshot has not been taken yet. None before the first grading,
    which somebody starts by hand, and none on days without a scheme in force.
    """
    last = runs.last_snapshot(session, for_purpose)
    if last is None:
        return ()
    periods = schemes.periods(schemes.steps(session, for_purpose))

    def cadence(day: date) -> str | None:
        held = next((period for period in periods if period.holds(day)), None)
        return scheme_cache.scheme(session, held.scheme_version_id).as_of if held else None

    now = cadence(today)
    # A snapshot that was missed is not taken once a newer one is due.
    overdue = [last_cadence_day(now, today)] if now else []
    coming = (today + timedelta(days=number) for number in range(FARTHEST.days))
    days = (*overdue, *coming)
    due = (
        day
        for day in days
        if day > last.as_of and (at_work := cadence(day)) is not None and is_cadence_day(at_work, day)
    )
    return tuple(islice(due, most))
