"""A team: its people, their customers by tier, what is overdue, what moved, and their hours of care this week."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.errors import N_, NotAllowed, NotFound
from bot.services import access
from bot.services.access import Act, Actor, OwnedBy, can
from bot.services.ask.listing.selection import present_runs, ranks_of
from bot.services.care.schedule import CareRules
from bot.services.care.views.capacity import PersonLoad, capacity
from bot.services.schemes.store import SchemeCache, TierNames
from bot.wording.answers.listing import MemberPart, TeamBook, TeamChoice, TeamPart
from bot.wording.parts import TierPart, Who
from db.book import people
from db.book.people import Person, PersonRole
from db.engine import Database
from db.graded import runs
from db.listed import teams
from db.listed.conditions import WantedCustomers
from grading.scheme.model import UNRATED

MOVED_DAYS = 30
MOST_MEMBERS = 20
MOST_TEAMS = 20
MOST_COUNTED_HOURS = 2_000  # customers; of more the hours are those of `tierbot care capacity`
NO_TEAM = N_(
    "You lead no team, and see the customers of none. The lead of a team sees it, and so do sales operations, finance and"
    " admins."
)
NOT_THIS = N_("There is no such team among those that you may see.")


def team(
    database: Database,
    scheme_cache: SchemeCache,
    rules: CareRules,
    actor: Actor,
    team_id: int | None,
    *,
    now: datetime,
    share: int,
) -> TeamBook | TeamChoice:
    """A team that the actor may see; without an id the one that is theirs, or a choice. `share`: `TIERBOT_CARE_SHARE`.

    Raises NotAllowed for who sees no team, and NotFound for another one.
    """
    with database.read() as session:
        visible, own = access.visible_teams(actor)
        known = people.teams(session)
        if team_id is not None and (team_id not in known or (visible is not None and team_id not in visible)):
            raise NotFound(NOT_THIS)
        wanted = [team_id] if team_id is not None else sorted(own & known.keys())
        if not wanted:
            wanted = sorted(known if visible is None else visible & known.keys())
        if not wanted:
            raise NotAllowed(NO_TEAM)
        if len(wanted) > 1:
            return _choice(session, {number: known[number].name for number in wanted})
        found, members, seen = _book(session, scheme_cache, actor, wanted[0], known[wanted[0]].name, now)
        book = scheme_cache.tier_names(session)
    if not seen or found.total > MOST_COUNTED_HOURS:
        return found
    today = actor.today(now)
    loads = capacity(database, rules, book, persons=seen, share=share, today=today, now=now, weeks=0).people
    return _with_hours(found, members, {load.person_id: load for load in loads})


def _choice(session: Session, names: Mapping[int, str]) -> TeamChoice:
    return TeamChoice(
        teams=tuple(
            TeamPart(team_id=number, name=name, people=len(people.in_teams(session, [number])))
            for number, name in sorted(names.items(), key=lambda one: one[1])[:MOST_TEAMS]
        )
    )


def _book(
    session: Session, scheme_cache: SchemeCache, actor: Actor, team_id: int, name: str, now: datetime
) -> tuple[TeamBook, list[int], frozenset[int]]:
    """The team without its hours, its people in their order, and those of them whose hours the actor may see."""
    today, book = actor.today(now), scheme_cache.tier_names(session)
    since = today - timedelta(days=MOVED_DAYS)
    persons = people.get_many(session, people.in_teams(session, [team_id]))
    owners = frozenset(persons)
    wanted = WantedCustomers(owners=owners, ranks=ranks_of(book), today=today)
    latest = present_runs(session)
    counts = teams.tiers_by_owner(session, latest, wanted)
    overdue = teams.overdue_by_owner(session, owners, today)
    late = teams.not_visited_by_owner(session, owners, today)
    moves = [teams.moved_by_owner(session, latest, wanted, since, up=up) for up in (True, False)]
    totals: Counter[int] = Counter()
    for (owner, _), count in counts.items():
        totals[owner] += count
    shown = sorted(
        (
            number
            for number, one in persons.items()
            if totals[number] or one.role == PersonRole.ACCOUNT_MANAGER
        ),
        key=lambda number: (-totals[number], persons[number].name, number),
    )
    days = runs.newest_days(session)
    return (
        TeamBook(
            team=name,
            members=tuple(
                MemberPart(
                    who=Who(name=persons[number].name, slack_user_id=persons[number].slack_user_id),
                    counts=_by_tier(counts, [number], book),
                    total=totals[number],
                    overdue_steps=overdue.get(number, 0),
                    not_visited=late.get(number, 0),
                    up=moves[0].get(number, 0),
                    down=moves[1].get(number, 0),
                    gone=not persons[number].is_present,
                )
                for number in shown[:MOST_MEMBERS]
            ),
            more=max(len(shown) - MOST_MEMBERS, 0),
            counts=_by_tier(counts, shown, book),
            total=totals.total(),
            since=since,
            as_of=max(days.values(), default=None),
        ),
        shown[:MOST_MEMBERS],
        _hours_seen(actor, [persons[number] for number in shown[:MOST_MEMBERS]]),
    )


def _by_tier(
    counts: Mapping[tuple[int, str | None], int], owners: Collection[int], book: TierNames
) -> tuple[tuple[TierPart, int], ...]:
    found: Counter[str] = Counter()
    for (owner, tier), count in counts.items():
        if owner in owners:
            found[tier or UNRATED] += count  # never graded is not rated
    ranked = sorted(found, key=lambda tier: (book.rank(tier), tier))
    return tuple((book.tier(tier), found[tier]) for tier in ranked)


def _hours_seen(actor: Actor, persons: Collection[Person]) -> frozenset[int]:
    return frozenset(
        one.id
        for one in persons
        if one.id is not None and one.is_present and can(actor, Act.SEE_HOURS, OwnedBy(one.id, one.team_id))
    )


def _with_hours(found: TeamBook, members: list[int], loads: Mapping[int | None, PersonLoad]) -> TeamBook:
    def part(number: int, member: MemberPart) -> MemberPart:
        load = loads.get(number)
        if load is None or load.has is None:
            return member
        return replace(member, owes_hours=load.owes[0] / 60, has_hours=load.has[0] / 60)

    return replace(found, members=tuple(map(part, members, found.members)))
