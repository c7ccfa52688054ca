"""Who acts for whom at the moment, when people work and are away, which teams see others, whether there is an admin."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, and_, delete, exists, func, or_, select
from sqlmodel import Session, col

from db.book.people import Absence, Deputy, Person, PersonRole, SlackStatus, TeamView, acts_at
from db.book.personal_settings import PersonalSetting

PRESENT = and_(
    col(Person.active).is_(True),
    or_(col(Person.slack_status).is_(None), col(Person.slack_status) == SlackStatus.MEMBER),
)


class ActingPair(NamedTuple):
    """A deputy, and for whom they act."""

    person_id: int
    deputy_id: int


def acting(session: Session, now: datetime) -> list[ActingPair]:
    """Everybody who acts for somebody at this instant."""
    rows = session.execute(
        select(col(Deputy.person_id), col(Deputy.deputy_id)).where(acts_at(now)).order_by(col(Deputy.id))
    )
    return [ActingPair._make(row) for row in rows]


def not_over(session: Session, now: datetime) -> list[Deputy]:
    """The deputies of now and of later, those that begin first on top."""
    found = select(Deputy).where(col(Deputy.ends_at) > now).order_by(col(Deputy.starts_at), col(Deputy.id))
    return list(session.scalars(found))


def end(
    session: Session,
    person_id: int,
    at: datetime,
    until: datetime | None = None,
    ending_by: datetime | None = None,
) -> int:
    """End a person's deputies at an instant, those that begin before `until` and end by `ending_by`; how many.

    Those to come are deleted.
    """
    rows = [
        row
        for row in not_over(session, at)
        if row.person_id == person_id
        and (until is None or row.starts_at < until)
        and (ending_by is None or row.ends_at <= ending_by)
    ]
    for row in rows:
        row.ends_at = at
        if row.starts_at >= at:
            session.delete(row)
    session.flush()
    return len(rows)


class WorkingRow(NamedTuple):
    """What the book knows of the working time of a person."""

    id: int
    timezone: str | None
    slack_timezone: str | None
    country: str | None
    working_days: str | None
    works_from: str | None
    works_until: str | None
    remind_at: str | None = None  # the person's own time of the digest


class AbsenceRow(NamedTuple):
    """Days on which a person is away."""

    person_id: int
    first_day: date
    last_day: date


_OWN_HOUR = col(PersonalSetting.remind_at)
_WORKING = select(*(col(getattr(Person, name)) for name in WorkingRow._fields[:-1]), _OWN_HOUR).outerjoin(
    PersonalSetting, col(PersonalSetting.person_id) == col(Person.id)
)


def working_rows(session: Session, person_ids: Collection[int] | None) -> list[WorkingRow]:
    """The working time of some people, or of everybody."""
    wanted = _WORKING
    if person_ids is not None:
        wanted = wanted.where(col(Person.id).in_(person_ids))
    return [WorkingRow._make(row) for row in session.execute(wanted)]


def working_kinds(session: Session) -> list[WorkingRow]:
    """Every working time that somebody has, with the id of one of those who have it."""
    first, *rest = _WORKING.selected_columns
    rows = session.connection().execute(_WORKING.with_only_columns(func.min(first), *rest).group_by(*rest))
    return [WorkingRow._make(row) for row in rows]


def places(session: Session) -> list[str]:
    """The countries and regions that people of the book have."""
    country = col(Person.country)
    found = session.scalars(select(country).where(country.is_not(None)).distinct().order_by(country))
    return [one for one in found if one is not None]


def absences(session: Session, person_ids: Collection[int] | None, since: date) -> list[AbsenceRow]:
    """The days off of some people, or of everybody, that are not over before a day."""
    wanted = select(*(col(getattr(Absence, name)) for name in AbsenceRow._fields))
    wanted = wanted.where(col(Absence.last_day) >= since).order_by(col(Absence.first_day))
    if person_ids is not None:
        wanted = wanted.where(col(Absence.person_id).in_(person_ids))
    return [AbsenceRow._make(row) for row in session.execute(wanted)]


class DeputyRow(NamedTuple):
    """A time in which a deputy who can be reached in Slack acts for a person."""

    person_id: int
    deputy_id: int
    starts_at: datetime
    ends_at: datetime


def periods(session: Session, person_ids: Collection[int] | None, since: datetime) -> list[DeputyRow]:
    """When deputies act for some people, or for anybody, that is not over at an instant."""
    wanted = (
        select(*(col(getattr(Deputy, name)) for name in DeputyRow._fields))
        .join(Person, col(Person.id) == col(Deputy.deputy_id))
        .where(col(Deputy.ends_at) > since, PRESENT, col(Person.slack_user_id).is_not(None))
        .order_by(col(Deputy.starts_at), col(Deputy.id))
    )
    if person_ids is not None:
        wanted = wanted.where(col(Deputy.person_id).in_(person_ids))
    return [DeputyRow._make(row) for row in session.execute(wanted)]


def add_absence(session: Session, person_id: int, first: date, last: date) -> AbsenceRow:
    """Store days off, as one with those that overlap them; what is stored then."""
    overlapping = [
        row
        for row in session.scalars(select(Absence).where(col(Absence.person_id) == person_id))
        if row.first_day <= last and row.last_day >= first
    ]
    first = min([first, *(row.first_day for row in overlapping)])
    last = max([last, *(row.last_day for row in overlapping)])
    for row in overlapping:
        session.delete(row)
    session.add(Absence(person_id=person_id, first_day=first, last_day=last))
    session.flush()
    return AbsenceRow(person_id, first, last)


def end_absence(session: Session, person_id: int, day: date) -> AbsenceRow | None:
    """Let the days off that cover a day end before it; what was stored until then, None without any."""
    covering = select(Absence).where(
        col(Absence.person_id) == person_id, col(Absence.first_day) <= day, col(Absence.last_day) >= day
    )
    row = session.scalars(covering).first()
    if row is None:
        return None
    found = AbsenceRow(person_id, row.first_day, row.last_day)
    row.last_day = day - timedelta(days=1)
    if row.last_day < row.first_day:
        session.delete(row)
    session.flush()
    return found


def team_views(session: Session) -> dict[int, frozenset[int]]:
    """Team -> the teams whose customers its members see."""
    found: dict[int, frozenset[int]] = {}
    for team, seen in session.execute(select(col(TeamView.team_id), col(TeamView.seen_team_id))):
        found[team] = found.get(team, frozenset()) | {seen}
    return found


def hide(session: Session, team_id: int, seen_team_id: int) -> None:
    """Let a team no longer see another one's customers."""
    session.execute(
        delete(TeamView).where(col(TeamView.team_id) == team_id, col(TeamView.seen_team_id) == seen_team_id)
    )


def admins_left(session: Session, emails: Collection[str]) -> bool:
    """Whether there were admins, and none of them is here any more."""
    known = exists().where(or_(col(Person.role) == PersonRole.ADMIN, col(Person.email).in_(emails)))
    return bool(session.scalar(select(known))) and not has_admin(session, emails)


def has_admin(within: Session | Connection, emails: Collection[str]) -> bool:
    """Whether somebody present is an admin by role, or one of these addresses is not that of somebody who left."""
    is_admin = select(exists().where(col(Person.role) == PersonRole.ADMIN, PRESENT))
    gone = select(func.count()).where(col(Person.email).in_(emails), ~PRESENT)
    if within.execute(is_admin).scalar():
        return True
    return bool(emails) and len(emails) > within.execute(gone).scalar_one()
