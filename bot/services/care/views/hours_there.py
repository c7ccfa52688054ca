"""Whose hours somebody may see, and how many of them are there for care."""

from collections.abc import Sequence
from datetime import date, timedelta

from sqlmodel import Session, select

from bot.errors import N_, NotFound
from bot.services import access
from bot.services.access import FIRM, Act, Actor, OwnedBy
from bot.services.care.working_time import WorkingTime
from bot.services.staff import person_of
from db.book import people
from db.book.people import Person, Team

DAY = timedelta(days=1)
USUAL_MINUTES = 8 * 60  # of a working day of who has no working hours in the book


def whose_hours(
    session: Session, actor: Actor, *, team: str | None, person: str | None
) -> frozenset[int] | None:
    """The people of a team and its lead, or one person, or all whose hours the actor may see; None: everybody.

    Raises NotFound for an unknown team or person, NotAllowed for one whose hours the actor may not see.
    """
    wanted: frozenset[int] | None = None
    if team is not None:
        found = session.exec(select(Team).where(Team.name == team)).first()
        if found is None or found.id is None:
            raise NotFound(N_("There is no team %(team)s."), team=team)
        access.require(actor, Act.SEE_HOURS, OwnedBy(None, found.id))
        lead = set() if found.lead_id is None else {found.lead_id}
        wanted = frozenset(people.in_teams(session, [found.id]) | lead)
    if person is not None:
        one = person_of(session, person)
        access.require(actor, Act.SEE_HOURS, OwnedBy(one.id, one.team_id))
        wanted = frozenset({one.id or 0}) if wanted is None else wanted & {one.id or 0}
    if wanted is not None or access.can(actor, Act.SEE_HOURS, FIRM):
        return wanted
    everybody = people.everybody(session).items()
    mine = (
        number for number, one in everybody if access.can(actor, Act.SEE_HOURS, OwnedBy(number, one.team_id))
    )
    return frozenset(mine)


def minutes_there(working: WorkingTime, person: Person, starts: Sequence[date], share: int) -> list[int]:
    """The minutes that a person has for care in each week."""
    if not person.is_present:
        return [0] * len(starts)
    daily = working.hours.minutes if working.hours is not None else USUAL_MINUTES
    found = []
    for first in starts:
        days = [first + number * DAY for number in range(7 - first.weekday())]
        found.append(sum(map(working.is_working_day, days)) * daily * share // 100)
    return found
