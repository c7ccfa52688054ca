"""People's roles and deputies, and which teams see the customers of others. There always is an admin.

Promise: nobody changes their own role, and no way of changing people leaves a firm without an admin that had one.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection
from sqlmodel import Session, select

from bot.clock import local_date, local_instant, zone_named
from bot.errors import N_, BadInput, Conflict, NotAllowed, NotFound
from bot.services import access
from bot.services.access import FIRM, Act, Actor, OwnedBy, actor_of, role_of
from bot.settings import Settings
from bot.working_days.checks import OF_PERSON
from db.audit import AuditAction, ObjectKind
from db.book import deputies, people
from db.book.deputies import AbsenceRow
from db.book.people import Deputy, Person, PersonRole, Team, TeamView
from db.engine import Database

LOCK = "people"
LED = frozenset({PersonRole.VIEWER, PersonRole.ACCOUNT_MANAGER})  # for whom a lead names deputies
OWN_ROLE = N_("Nobody changes their own role. Ask another admin.")
NO_ADMIN = N_(
    "Nobody would be an admin any more. Make somebody else an admin first: tierbot person role EMAIL admin, or name one"
    " in TIERBOT_ADMINS."
)


@dataclass(frozen=True, kw_only=True)
class Colleague:
    """A person in a list, with their teams and deputies by name."""

    name: str
    email: str
    role: str
    team: str | None
    leads: tuple[str, ...]
    present: bool
    deputies: tuple["DeputyPeriod", ...]
    timezone: str | None
    country: str | None
    working_days: str | None
    works_from: str | None
    works_until: str | None
    away: tuple[AbsenceRow, ...]  # of today, in the firm's time zone, and of later


@dataclass(frozen=True, kw_only=True)
class DeputyPeriod:
    """A deputy, and from when until when they act."""

    person: str
    deputy: str
    starts_at: datetime
    ends_at: datetime


def present_actor(session: Session, actor: Actor, settings: Settings, now: datetime) -> Actor:
    """The actor as they are in this transaction. Raises NotAllowed when they are no longer there."""
    if not actor.person_id:  # who runs commands on the machine is no person of the book
        return actor
    person = people.row_by_id(session, actor.person_id, now)
    if person is None:
        raise NotAllowed(access.SWITCHED_OFF)
    return replace(actor_of(person, settings), door=actor.door, operator=actor.operator)


def set_role(
    database: Database, actor: Actor, email: str, role: str, *, settings: Settings, now: datetime
) -> Person:
    """Give a person another role. Raises NotAllowed for the own one, Conflict when no admin would be left."""
    if role not in list(PersonRole):
        raise BadInput(
            N_("There is no role %(role)s; there are %(roles)s."), role=role, roles=", ".join(PersonRole)
        )
    with database.write(lock=LOCK) as session:
        acting = present_actor(session, actor, settings, now)
        access.require(acting, Act.MANAGE_PEOPLE)
        person = person_of(session, email)
        if person.id == acting.person_id:
            raise NotAllowed(OWN_ROLE)
        before = person.role
        with admin_kept(session, settings.admins):
            person.role = role
            session.add(person)
            session.flush()
        acting.record(
            session,
            AuditAction.PERSON_CHANGED,
            ObjectKind.PERSON,
            person.id,
            before={"role": before},
            after={"role": role},
        )
        return person


@contextmanager
def admin_kept(within: Session | Connection, admins: Collection[str]) -> Iterator[None]:
    """Raise Conflict at the end when there was an admin before and there is none now; to be used under `LOCK`."""
    before = deputies.has_admin(within, admins)
    yield
    if before and not deputies.has_admin(within, admins):
        raise Conflict(NO_ADMIN)


@contextmanager
def kept_in_order(
    database: Database, connection: Connection, right: Act, admins: Collection[str], actor: Actor | None
) -> Iterator[None]:
    """The same around an import, or its undoing, that needs this right; others change no people.

    Raises NotAllowed when it changes the actor's own role.
    """
    if right != Act.MANAGE_PEOPLE:
        yield
        return
    database.lock(connection, LOCK)
    own = select(Person.role).where(Person.id == (actor.person_id if actor else 0))
    before = connection.execute(own).scalar()
    with admin_kept(connection, admins):
        yield
    if connection.execute(own).scalar() not in (before, None):
        raise NotAllowed(OWN_ROLE)


def name_deputy(
    database: Database,
    actor: Actor,
    email: str,
    deputy_email: str,
    *,
    starts_at: datetime,
    ends_at: datetime,
    settings: Settings,
    now: datetime,
) -> DeputyPeriod:
    """Let somebody act for a person from one instant to another; who was to do it in that time no longer does.

    Raises NotAllowed for people for whom the actor may not decide, BadInput for a time that is over.
    """
    if ends_at <= max(starts_at, now):
        raise BadInput(N_("A deputy's last day must not be before the first one, and not be over."))
    with database.write(lock=LOCK) as session:
        acting = present_actor(session, actor, settings, now)
        person, first = person_of(session, email), max(starts_at, now)
        return put_deputy(session, acting, person, deputy_email, first, ends_at, settings)


def name_deputy_for_days(
    database: Database,
    actor: Actor,
    email: str,
    deputy_email: str,
    *,
    first: date | None,
    last: date,
    zone: ZoneInfo,
    settings: Settings,
    now: datetime,
) -> DeputyPeriod:
    """The same for whole days in a time zone; without a first one, from now on."""
    return name_deputy(
        database,
        actor,
        email,
        deputy_email,
        starts_at=local_instant(first, 0, 0, zone) if first else now,
        ends_at=local_instant(last + timedelta(days=1), 0, 0, zone),
        settings=settings,
        now=now,
    )


def put_deputy(
    session: Session,
    acting: Actor,
    person: Person,
    deputy_email: str,
    first: datetime,
    ends_at: datetime,
    settings: Settings,
) -> DeputyPeriod:
    """The same in the caller's transaction, which holds `LOCK`; for a time that is not over."""
    deputy = person_of(session, deputy_email)
    access.require(acting, Act.NAME_DEPUTY, as_owned(person, settings))
    if person.id == deputy.id:
        raise BadInput(N_("%(name)s cannot be their own deputy."), name=person.name)
    if not deputy.is_present:
        raise BadInput(N_("%(name)s has left or is switched off."), name=deputy.name)
    assert person.id is not None
    assert deputy.id is not None
    deputies.end(session, person.id, first, ends_at)
    session.add(Deputy(person_id=person.id, deputy_id=deputy.id, starts_at=first, ends_at=ends_at))
    after = {"deputy": deputy.id, "from": first, "until": ends_at}
    acting.record(session, AuditAction.DEPUTY_CHANGED, ObjectKind.PERSON, person.id, after=after)
    return DeputyPeriod(person=person.name, deputy=deputy.name, starts_at=first, ends_at=ends_at)


def end_deputy(database: Database, actor: Actor, email: str, *, settings: Settings, now: datetime) -> Person:
    """Let nobody act for a person any more. Raises NotFound when nobody does or will."""
    with database.write(lock=LOCK) as session:
        acting = present_actor(session, actor, settings, now)
        person = person_of(session, email)
        access.require(acting, Act.NAME_DEPUTY, as_owned(person, settings))
        if not deputies.end(session, person.id or 0, now):
            raise NotFound(N_("%(name)s has no deputy."), name=person.name)
        after = {"deputy": None, "from": now}
        acting.record(session, AuditAction.DEPUTY_CHANGED, ObjectKind.PERSON, person.id, after=after)
        return person


def set_view(
    database: Database,
    actor: Actor,
    team: str,
    other: str,
    *,
    shown: bool,
    settings: Settings,
    now: datetime,
) -> None:
    """Let the members of a team see another team's customers, or no longer."""
    with database.write(lock=LOCK) as session:
        acting = present_actor(session, actor, settings, now)
        access.require(acting, Act.MANAGE_PEOPLE)
        seeing, seen = _team(session, team), _team(session, other)
        deputies.hide(session, seeing, seen)
        if shown:
            session.add(TeamView(team_id=seeing, seen_team_id=seen))
        after = {"sees": seen} if shown else {"no longer sees": seen}
        acting.record(session, AuditAction.TEAM_CHANGED, ObjectKind.TEAM, seeing, after=after)


def everybody(database: Database, actor: Actor, settings: Settings, now: datetime) -> list[Colleague]:
    """Everybody by name. Raises NotAllowed for who may not manage people."""
    access.require(actor, Act.MANAGE_PEOPLE, FIRM)
    with database.read() as session:
        known, teams = people.everybody(session), people.teams(session)
        periods = deputies.not_over(session, now)
        away = deputies.absences(session, None, local_date(now, settings.zone))
    found = [
        Colleague(
            name=person.name,
            email=person.email,
            role=role_of(person.email, person.role, settings.admins),
            team=teams[person.team_id].name if person.team_id else None,
            leads=tuple(team.name for team in teams.values() if team.lead_id == number),
            present=person.is_present,
            deputies=tuple(
                DeputyPeriod(
                    person=person.name,
                    deputy=known[one.deputy_id].name,
                    starts_at=one.starts_at,
                    ends_at=one.ends_at,
                )
                for one in periods
                if one.person_id == number
            ),
            **{name: getattr(person, name) for name in ("timezone", *OF_PERSON)},
            away=tuple(one for one in away if one.person_id == number),
        )
        for number, person in known.items()
    ]
    return sorted(found, key=lambda one: (one.name, one.email))


def person_of(session: Session, email: str) -> Person:
    """The person with an e-mail address. Raises NotFound."""
    person = people.by_email(session, email)
    if person is None:
        raise NotFound(N_("There is no person with the e-mail %(email)s."), email=email)
    return person


def zone_of(database: Database, email: str, settings: Settings) -> ZoneInfo:
    """The time zone of a person, in which their days begin and end. Raises NotFound."""
    with database.read() as session:
        return zone_named(person_of(session, email).timezone, settings.zone)


def as_owned(person: Person, settings: Settings) -> OwnedBy:
    """A person as an object: of their lead only where the lead has every right that they have."""
    led = role_of(person.email, person.role, settings.admins) in LED
    return OwnedBy(person.id, person.team_id if led else None)


def _team(session: Session, name: str) -> int:
    found = session.exec(select(Team.id).where(Team.name == name)).first()
    if found is None:
        raise NotFound(N_("There is no team %(name)s."), name=name)
    return found
