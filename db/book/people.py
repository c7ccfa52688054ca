"""People and teams, and the Slack user who is a person."""

from collections.abc import Collection, Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Index, bindparam, func
from sqlalchemy import select as sa_select
from sqlmodel import Field, Session, col, or_, select, update

from db.types import ImportedRow, UtcDateTime


class PersonRole(StrEnum):
    """What a person may do, least first."""

    VIEWER = "viewer"
    ACCOUNT_MANAGER = "account_manager"
    TEAM_LEAD = "team_lead"
    ADMIN = "admin"


class SlackStatus(StrEnum):
    """What a Slack user is in the workspace of the installation. Only members are answered and get messages."""

    MEMBER = "member"
    GUEST = "guest"
    LEFT = "left"  # deactivated, or not there any more
    OUTSIDE = "outside"  # of another company, met in a channel that both share


class Team(ImportedRow, table=True):
    """People who share a lead, a channel for alerts and a language."""

    __tablename__ = "team"
    name: str = Field(unique=True)
    lead_id: int | None = Field(default=None, index=True)
    channel: str | None = None
    language: str | None = None


class Person(ImportedRow, table=True):
    """A user of the bot, bound to a Slack user by e-mail.

    The binding is (`slack_team`, `slack_user_id`): a user id says who somebody is only within a workspace, or within
    the organisation that it belongs to.
    """

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
    slack_team: str | None = None
    slack_status: str | None = None  # a SlackStatus; None until Slack is asked
    slack_checked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    # What was last taken over from Slack: a time zone or language that differs from it was set in the book.
    slack_timezone: str | None = None
    slack_language: str | None = None

    @property
    def is_present(self) -> bool:
        """False for people who were switched off, and for those whose Slack user is no longer a member."""
        return self.active and self.slack_status in (None, SlackStatus.MEMBER)


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
    slack_team: str | None
    slack_status: str | None
    slack_checked_at: datetime | None
    led_teams: frozenset[int]


# Built once: building the statement takes longer than running it.
_BY_SLACK_ID = (
    sa_select(*(getattr(Person, name) for name in PersonRow._fields[:-1]), col(Team.id))
    .outerjoin(Team, col(Team.lead_id) == Person.id)
    .where(col(Person.slack_user_id) == bindparam("slack_user_id"))
)
_UNMATCHED = (col(Person.slack_user_id).is_(None), col(Person.active).is_(True))
_NO_MEMBER = or_(
    col(Person.slack_user_id).is_(None),
    col(Person.slack_checked_at).is_(None),
    col(Person.slack_status) != SlackStatus.MEMBER,
)


def by_slack_id(session: Session, slack_user_id: str) -> PersonRow | None:
    """The person who was matched to a Slack user, with the teams they lead."""
    rows = session.connection().execute(_BY_SLACK_ID, {"slack_user_id": slack_user_id}).all()
    if not rows:
        return None
    led_teams = frozenset(row[-1] for row in rows if row[-1] is not None)
    return PersonRow._make((*rows[0][:-1], led_teams))


def by_email(session: Session, email: str) -> Person | None:
    return session.exec(select(Person).where(Person.email == email.strip().lower())).first()


def known_emails(session: Session, emails: Collection[str]) -> set[str]:
    """Those of these addresses that belong to people, active or not."""
    return set(session.exec(select(Person.email).where(col(Person.email).in_(emails))))


def get(session: Session, person_id: int | None) -> Person | None:
    return None if person_id is None else session.get(Person, person_id)


def team(session: Session, team_id: int | None) -> Team | None:
    return None if team_id is None else session.get(Team, team_id)


class Binding(NamedTuple):
    """A person's e-mail address and Slack user, to be looked up in Slack."""

    person_id: int
    email: str
    slack_user_id: str | None
    slack_team: str | None


_BINDING = [col(getattr(Person, name)) for name in ("id", *Binding._fields[1:])]


def bindings() -> Any:
    """A query of people's bindings, to which the caller adds conditions."""
    return sa_select(*_BINDING)


def to_look_up(session: Session, after: int, checked_before: datetime, limit: int) -> list[Binding]:
    """Active people with ids greater than `after` who have no member of the workspace, or who were checked long ago."""
    rows = session.execute(
        bindings()
        .where(
            col(Person.active).is_(True),
            col(Person.id) > after,
            or_(_NO_MEMBER, col(Person.slack_checked_at) < checked_before),
        )
        .order_by(col(Person.id))
        .limit(limit)
    )
    return [Binding._make(row) for row in rows]


def bind_slack(
    session: Session, person_id: int, slack_user_id: str, *, instead_of: str | None, **values: object
) -> bool:
    """Store a person's Slack user; False when they are bound to another one than `instead_of` by now."""
    result = session.exec(
        update(Person)
        .where(col(Person.id) == person_id, col(Person.slack_user_id).is_not_distinct_from(instead_of))
        .values(slack_user_id=slack_user_id, **values)
    )
    return bool(result.rowcount)


def unbind_slack(session: Session, person_id: int) -> None:
    """Forget a person's Slack user, who is somebody else."""
    session.exec(
        update(Person)
        .where(col(Person.id) == person_id)
        .values(slack_user_id=None, slack_team=None, slack_status=None, slack_checked_at=None)
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
    """Those who are admins by role, or by one of these addresses, and can be written to in Slack."""
    by_role_or_address = or_(Person.role == PersonRole.ADMIN, col(Person.email).in_(emails))
    found = session.exec(
        select(Person)
        .where(by_role_or_address, col(Person.active).is_(True), col(Person.slack_user_id).is_not(None))
        .order_by(col(Person.id))
    )
    return [person for person in found if person.is_present]
