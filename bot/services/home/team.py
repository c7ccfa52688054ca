"""A lead's part of the Home tab: the people of their teams, what is overdue, whom nobody attends to, and the hours owed."""

from datetime import datetime

from sqlmodel import Session

from bot.errors import NotAllowed
from bot.services import access
from bot.services.access import Act, Actor, OwnedBy
from bot.services.care.schedule import CareRules
from bot.services.care.views import capacity
from bot.services.care.views.hours_there import whose_hours
from bot.services.schemes.store import TierNames
from bot.wording.ask.home import HomeCapacity, HomeTeam, PersonCapacity, TeamMember
from db.book import people
from db.care import listed_touches
from db.care.weekly import counts
from db.engine import Database

MOST_MEMBERS = 12
WEEKS = 3  # after the present one


def team_of(session: Session, actor: Actor, now: datetime) -> HomeTeam | None:
    """The teams that the actor leads; None for who leads none, or may not see a team's customers."""
    led = [team for team in actor.led_teams if access.can(actor, Act.SEE, OwnedBy(None, team))]
    if not led:
        return None
    members = people.get_many(session, people.in_teams(session, led) | {actor.person_id})
    owned = dict.fromkeys(members, 0)
    for one in counts.owned_by(session, list(members)):
        owned[one.owner_id or 0] += one.customers
    overdue = listed_touches.overdue_by_owner(session, list(members), actor.today(now))
    rows = [
        TeamMember(
            who=access.mentioned(person),
            customers=owned[number],
            overdue=overdue.get(number, 0),
            present=person.is_present,
        )
        for number, person in members.items()
        if owned[number] or person.is_present
    ]
    rows.sort(key=lambda row: (-row.overdue, -row.customers, row.who.name if row.who else ""))
    return HomeTeam(
        people=tuple(rows[:MOST_MEMBERS]),
        more=len(rows[MOST_MEMBERS:]),
        overdue=sum(overdue.values()),
        left=sum(owned[number] for number, person in members.items() if not person.is_present),
    )


def capacity_of(
    database: Database,
    rules: CareRules,
    book: TierNames,
    actor: Actor,
    *,
    share: int,
    now: datetime,
) -> HomeCapacity:
    """The hours of care that the people of the actor's teams owe in the coming weeks. Raises NotAllowed."""
    with database.read() as session:
        seen = whose_hours(session, actor, team=None, person=None)
        mine = people.in_teams(session, actor.led_teams) | {actor.person_id}
        persons = frozenset(mine) if seen is None else seen & mine
        if not persons:
            raise NotAllowed(access.REFUSALS[Act.SEE_HOURS])
        named = people.get_many(session, persons)
    found = capacity.capacity(
        database, rules, book, persons=persons, share=share, today=actor.today(now), now=now, weeks=WEEKS
    )
    return HomeCapacity(
        weeks=WEEKS + 1,
        people=tuple(
            PersonCapacity(
                who=access.mentioned(named.get(one.person_id or 0)),
                role=one.name,
                owed=sum(one.owes),
                there=None if one.has is None else sum(one.has),
            )
            for one in found.people
        ),
    )
