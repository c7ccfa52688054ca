"""The due and coming steps of the customers that somebody may see, the worst first."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session, select

from bot.errors import N_, NotFound
from bot.services import access
from bot.services.access import Actor
from bot.services.care.plan_versions.care_plans import CarePlans
from bot.services.staff import person_of
from db.book import people
from db.book.customers import Owners
from db.book.people import Team
from db.book.traits import WantedTrait
from db.care import listed_touches
from grading.scheme.model import Name


@dataclass(frozen=True, kw_only=True)
class DueQuery:
    """Which steps are wanted: those due until so many days from now, of a team's or a person's customers."""

    days: int = 14
    overdue: bool = False
    team: str | None = None
    owner: str | None = None
    wanted_trait: WantedTrait | None = None  # what the profile of the customer has
    most: int = 50


@dataclass(frozen=True, kw_only=True)
class ListedStep:
    """A step that is due, or comes up."""

    customer_id: int
    code: str
    customer: str
    tier: str
    plan: str | None
    step: str
    names: Name
    occasion: str
    person: str | None  # the contact person whose birthday it is
    due_on: date
    latest_on: date
    days_over: int  # its limit; 0 when it is in time
    who: str  # the person who does it, else the role
    owner: str | None
    state: str
    next_at: datetime  # when it is shown the next time
    escalated: int


@dataclass(frozen=True, kw_only=True)
class ListedSteps:
    """The first steps of a list, and how many it has."""

    total: int
    steps: tuple[ListedStep, ...]


def due_steps(session: Session, actor: Actor, plans: CarePlans, query: DueQuery, today: date) -> ListedSteps:
    """The steps of a query among the customers that the actor may see. Raises NotFound for an unknown person or team."""
    total, rows = listed_touches.due_until(
        session,
        today + timedelta(days=query.days),
        today=today,
        overdue=query.overdue,
        owners=owners(session, actor, team=query.team, owner=query.owner),
        wanted_trait=query.wanted_trait,
        most=query.most,
    )
    return ListedSteps(
        total=total,
        steps=tuple(
            ListedStep(
                customer_id=row.customer_id,
                code=row.code,
                customer=row.customer,
                tier=row.tier,
                plan=row.plan,
                step=row.step,
                names=plans.step_name(row.plan, row.tier, row.step),
                occasion=row.occasion,
                person=row.person,
                due_on=row.due_on,
                latest_on=row.latest_on,
                days_over=max(0, (today - row.latest_on).days),
                who=row.assignee or (row.owner or row.who if row.who == "owner" else row.who),
                owner=row.owner,
                state=row.state,
                next_at=row.remind_at,
                escalated=row.escalated,
            )
            for row in rows
        ),
    )


def owners(session: Session, actor: Actor, *, team: str | None, owner: str | None) -> Owners:
    """Whose customers are listed: those of a team, of a person, or of everybody whom the actor may see; None is all."""
    visible = access.visible_owners(session, actor)
    wanted: frozenset[int] | None = None
    if team is not None:
        found = session.exec(select(Team.id).where(Team.name == team)).first()
        if found is None:
            raise NotFound(N_("There is no team %(team)s."), team=team)
        wanted = frozenset(people.in_teams(session, [found]))
    if owner is not None:
        person = frozenset({person_of(session, owner).id or 0})
        wanted = person if wanted is None else wanted & person
    if wanted is None:
        return visible
    return wanted if visible is None else wanted & visible
