"""People and teams, and how a Slack user becomes a person."""

from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Index, bindparam, func
from sqlalchemy import select as sa_select
from sqlmodel import Field, Session, col, or_, select, update

from db.types import ImportedRow


class PersonRole(StrEnum):
    """What a person may do, least first."""

    VIEWER = "viewer"
    ACCOUNT_MANAGER = "account_manager"
    TEAM_LEAD = "team_lead"
    ADMIN = "admin"


class Team(ImportedRow, table=True):
    """People who share a lead, a channel for alerts and a language."""

    __tablename__ = "team"
    name: str = Field(unique=True)
    lead_id: int | None = Field(default=None, index=True)
    channel: str | None = None
    language: str | None = None


class Person(ImportedRow, table=True):
    """A user of the bot; matched to a Slack user by e-mail, once."""

    __tablename__ = "person"
    __table_args__ = (Index("uq_person_slack_user_id", "slack_user_id", unique=True),)
    email: str = Field(unique=True)  # lower case
    name: str
    role: str = PersonRole.VIEWER
    team_id: int | None = Field(default=None, foreign_key="team.id", index=True)
    slack_user_id: str | None = None
    language: str | None = None
    timezone: str | None = None
    active: bool = True


class PersonRow(NamedTuple):
    """A person with the teams they lead, read for every press; the same as ORM objects takes 2 times as long."""

    id: int
    email: str
    name: str
    role: str
    team_id: int | None
    language: str | None
    timezone: str | None
    active: bool
    led_teams: frozenset[int]


# Built once: building the statement takes longer than running it.
_BY_SLACK_ID = (
    sa_select(*(getattr(Person, name) for name in PersonRow._fields[:-1]), col(Team.id))
    .outerjoin(Team, col(Team.lead_id) == Person.id)
    .where(col(Person.slack_user_id) == bindparam("slack_user_id"))
)
_UNMATCHED = (col(Person.slack_user_id).is_(None), col(Person.active).is_(True))


def by_slack_id(session: Session, slack_user_id: str) -> PersonRow | None:
    """The person who was matched to a Slack user, with the teams they lead."""
    rows = session.connection().execute(_BY_SLACK_ID, {"slack_user_id": slack_user_id}).all()
    if not rows:
        return None
    led_teams = frozenset(row[-1] for row in rows if row[-1] is not None)
    return PersonRow._make((*rows[0][:-1], led_teams))


def by_email(session: Session, email: str) -> Person | None:
    return session.exec(select(Person).where(Person.email == email.strip().lower())).first()


def get(session: Session, person_id: int | None) -> Person | None:
    return None if person_id is None else session.get(Person, person_id)


def team(session: Session, team_id: int | None) -> Team | None:
    return None if team_id is None else session.get(Team, team_id)


def unmatched(session: Session, after: int, limit: int) -> list[tuple[int, str]]:
    """(id, e-mail) of active people without a known Slack user, with ids greater than `after`."""
    rows = session.exec(
        select(Person.id, Person.email)
        .where(*_UNMATCHED, col(Person.id) > after)
        .order_by(col(Person.id))
        .limit(limit)
    )
    return [(person_id, email) for person_id, email in rows if person_id is not None]


def bind_slack(
    session: Session, person_id: int, slack_user_id: str, timezone: str | None, language: str | None
) -> None:
    """Store a person's Slack user; time zone and language only where the person has none."""
    session.exec(
        update(Person)
        .where(col(Person.id) == person_id)
        .values(
            slack_user_id=slack_user_id,
            timezone=func.coalesce(Person.timezone, timezone),
            language=func.coalesce(Person.language, language),
        )
    )


def in_teams(session: Session, team_ids: Iterable[int]) -> set[int]:
    """Ids of the members of these teams."""
    found = session.exec(select(Person.id).where(col(Person.team_id).in_(list(team_ids))))
    return {person for person in found if person is not None}


def get_many(session: Session, person_ids: Iterable[int]) -> dict[int, Person]:
    found = session.exec(select(Person).where(col(Person.id).in_(list(person_ids))))
    return {person.id: person for person in found if person.id is not None}


def everybody(session: Session) -> dict[int, Person]:
    return {person.id: person for person in session.exec(select(Person)) if person.id is not None}


def teams(session: Session) -> dict[int, Team]:
    return {team.id: team for team in session.exec(select(Team)) if team.id is not None}


def team_channels(session: Session) -> dict[str, str]:
    """Name of a team -> its channel, of the teams that have one."""
    found = session.exec(select(Team.name, Team.channel).where(col(Team.channel) != "").order_by(Team.name))
    return {name: channel for name, channel in found if channel is not None}


def count_unmatched(session: Session) -> int:
    return session.exec(select(func.count()).where(*_UNMATCHED)).one()


def admins(session: Session, emails: Collection[str]) -> list[Person]:
    """Active people with a Slack user who are admins by role, or by one of these addresses."""
    by_role_or_address = or_(Person.role == PersonRole.ADMIN, col(Person.email).in_(emails))
    found = session.exec(
        select(Person)
        .where(by_role_or_address, col(Person.active).is_(True), col(Person.slack_user_id).is_not(None))
        .order_by(col(Person.id))
    )
    return list(found)
