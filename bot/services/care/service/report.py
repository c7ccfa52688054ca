"""What was owed by the promises of tiers, as somebody may see it: by tier, person, team or customer."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlmodel import Session

from bot.errors import N_, BadInput, NotFound
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.care.service.counts import Promised, ServiceCount, counts
from bot.services.schemes.store import SchemeCache
from bot.services.staff import person_of
from db.book import customers, people
from grading.scheme.model import WORDS_FOR_NO_TIER


class GroupedBy(StrEnum):
    """What the rows of a report are for."""

    TIER = "tier"
    PERSON = "person"
    TEAM = "team"
    CUSTOMER = "customer"
    MONTH = "month"  # in which it was owed


@dataclass(frozen=True, kw_only=True)
class ServiceQuery:
    """Which counts are shown: of a period, and of one customer, tier, team or person."""

    start: date
    end: date
    by: GroupedBy = GroupedBy.TIER
    customer_id: int | None = None
    tier: str | None = None
    team: str | None = None
    person: str | None = None  # their address


@dataclass(frozen=True, kw_only=True)
class ServiceRow:
    """What was owed of one thing in one group. What it is not grouped by is None."""

    promised: Promised
    owed: int
    in_time: int
    late: int
    missed: int
    tier: str | None = None
    person: str | None = None
    team: str | None = None
    code: str | None = None
    customer: str | None = None
    month: str | None = None  # as 2026-03


_ORDER = tuple(Promised)


def report(
    session: Session, actor: Actor, scheme_cache: SchemeCache, query: ServiceQuery, today: date
) -> tuple[ServiceRow, ...]:
    """The rows of a report on the customers that the actor may see; where most was missed comes first.

    By tier, in the order of the tiers; by month, the earliest first. Raises NotFound for an unknown tier, team or
    person, BadInput for a period that ends before it begins.
    """
    if query.end < query.start:
        raise BadInput(
            N_("The period ends on %(end)s, before it begins on %(start)s."), end=query.end, start=query.start
        )
    if query.customer_id is not None:
        access.customer_for(session, actor, Act.SEE, query.customer_id)
    owners = None if query.customer_id is not None else access.visible_owners(session, actor)
    wanted, book = _persons(session, query), scheme_cache.tier_names(session)
    everything = counts(
        session,
        scheme_cache,
        start=query.start,
        end=query.end,
        today=today,
        owners=owners,
        by_customer=query.by == GroupedBy.CUSTOMER,
        by_day=query.by == GroupedBy.MONTH,
        customer_id=query.customer_id,
    )
    tiers = (*book.best_first, *WORDS_FOR_NO_TIER, *sorted({one.tier for one in everything}))
    if query.tier is not None and query.tier not in tiers:
        known = ", ".join(dict.fromkeys(tiers))
        raise NotFound(N_("There is no tier %(tier)s; use one of %(known)s."), tier=query.tier, known=known)
    found = [
        one
        for one in everything
        if query.tier in (None, one.tier) and (wanted is None or one.person_id in wanted)
    ]
    rows = _grouped(found, _group(session, query.by, found))
    if query.by == GroupedBy.TIER:
        return tuple(sorted(rows, key=lambda row: (book.rank(row.tier or ""), row.tier or "", _place(row))))
    if query.by == GroupedBy.MONTH:
        return tuple(sorted(rows, key=lambda row: (row.month or "", _place(row))))
    missed: dict[tuple[str | None, ...], int] = defaultdict(int)
    for row in rows:
        missed[_name(row)] += row.missed
    return tuple(
        sorted(rows, key=lambda row: (-missed[_name(row)], *(part or "" for part in _name(row)), _place(row)))
    )


def _place(row: ServiceRow) -> int:
    return _ORDER.index(row.promised)


def _name(row: ServiceRow) -> tuple[str | None, ...]:
    return (row.code, row.team, row.person)


def _persons(session: Session, query: ServiceQuery) -> set[int] | None:
    """Who owned the customers on the days that count; None: anybody, or nobody."""
    wanted: set[int] | None = None
    if query.team is not None:
        found = next((one for one in people.teams(session).values() if one.name == query.team), None)
        if found is None or found.id is None:
            raise NotFound(N_("There is no team %(team)s."), team=query.team)
        wanted = people.in_teams(session, [found.id])
    if query.person is not None:
        one = {person_of(session, query.person).id or 0}
        wanted = one if wanted is None else wanted & one
    return wanted


@dataclass(frozen=True, kw_only=True)
class _Group:
    """What the rows of a report are for: its number, and what it is called in a row."""

    number: int | str | None
    labels: tuple[tuple[str, str | None], ...]


def _group(
    session: Session, by: GroupedBy, found: Iterable[ServiceCount]
) -> Callable[[ServiceCount], _Group]:
    """The group of a count."""
    if by == GroupedBy.TIER:
        return lambda one: _Group(number=one.tier, labels=(("tier", one.tier),))
    if by == GroupedBy.MONTH:
        return lambda one: _month(one.day)
    if by == GroupedBy.CUSTOMER:
        there = customers.get_many(session, sorted({one.customer_id or 0 for one in found}))

        def customer_of(one: ServiceCount) -> _Group:
            customer = there[one.customer_id or 0]
            return _Group(number=customer.id, labels=(("code", customer.code), ("customer", customer.name)))

        return customer_of
    persons = people.get_many(session, {one.person_id for one in found if one.person_id is not None})
    teams = people.teams(session)

    def person_or_team(one: ServiceCount) -> _Group:
        person = persons.get(one.person_id or 0)
        if by == GroupedBy.PERSON:
            return _Group(number=one.person_id, labels=(("person", person.name if person else None),))
        team = teams.get(person.team_id or 0) if person is not None else None
        return _Group(number=team.id if team else None, labels=(("team", team.name if team else None),))

    return person_or_team


def _month(day: date | None) -> _Group:
    month = f"{day:%Y-%m}" if day is not None else None
    return _Group(number=month, labels=(("month", month),))


def _grouped(found: Iterable[ServiceCount], group_of: Callable[[ServiceCount], _Group]) -> list[ServiceRow]:
    sums: dict[tuple[Promised, _Group], list[int]] = {}
    for one in found:
        there = sums.setdefault((one.promised, group_of(one)), [0, 0, 0, 0])
        for place, number in enumerate((one.owed, one.in_time, one.late, one.missed)):
            there[place] += number
    return [
        ServiceRow(
            promised=promised, owed=owed, in_time=in_time, late=late, missed=missed, **dict(group.labels)
        )
        for (promised, group), (owed, in_time, late, missed) in sums.items()
    ]
