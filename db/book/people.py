"""People and teams, and the Slack user who is a person."""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Index, bindparam, column, exists, func, table, text
from sqlalchemy import select as sa_select
from sqlalchemy.orm import aliased
from sqlmodel import Field, Session, SQLModel, and_, col, or_, select, update

from db.types import ImportedRow, NumberedRow, UtcDateTime


class PersonRole(StrEnum):
    """What a person may do: the columns of the table in `bot.services.access`."""

    VIEWER = "viewer"
    ACCOUNT_MANAGER = "account_manager"
    TEAM_LEAD = "team_lead"
    SALES_OPS = "sales_ops"
    FINANCE = "finance"
    ADMIN = "admin"


class SlackStatus(StrEnum):
    """What a Slack user is in the workspace of the installation. Only members are answered and get messages."""

    MEMBER = "member"
    GUEST = "guest"
    LEFT = "left"  # deactivated, or not there any more
    OUTSIDE = "outside"  # of another company, met in a channel that both share


HERE = (None, SlackStatus.MEMBER)  # the status of who is not looked up yet, and of who is present


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
    country: str | None = (
        None  # whose public holidays are theirs: CN, DE-BY; None: that of their zone, or the firm's
    )
    working_days: str | None = None  # as "Sun-Thu"; None: those of their country
    works_from: str | None = None  # as "09:00"
    works_until: str | None = None
    slack_team: str | None = None
    slack_status: str | None = None  # a SlackStatus; None until Slack is asked
    slack_checked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    # What was last taken over from Slack: a time zone or language that differs from it was set in the book.
    slack_timezone: str | None = None
    slack_language: str | None = None
    briefs: bool = False  # whether they want a brief in the evening before a planned visit

    @property
    def is_present(self) -> bool:
        """False for people who were switched off, and for those whose Slack user is no longer a member."""
        return self.active and self.slack_status in HERE


# The same as a condition.
IS_PRESENT = and_(
    col(Person.active),
    or_(col(Person.slack_status).is_(None), col(Person.slack_status) == SlackStatus.MEMBER),
)


class Deputy(NumberedRow, table=True):
    """Who acts for an absent person, and from when until when."""

    __tablename__ = "deputy"
    person_id: int = Field(foreign_key="person.id", index=True)
    deputy_id: int = Field(foreign_key="person.id", index=True)
    starts_at: datetime = Field(sa_type=UtcDateTime)
    ends_at: datetime = Field(sa_type=UtcDateTime)


class Absence(NumberedRow, table=True):
    """Days on which a person is away, from the first to the last."""

    __tablename__ = "absence"
    person_id: int = Field(foreign_key="person.id", index=True)
    first_day: date
    last_day: date = Field(index=True)


class TeamView(SQLModel, table=True):
    """The members of a team may see the customers of another team."""

    __tablename__ = "team_view"
    team_id: int = Field(primary_key=True, foreign_key="team.id")
    seen_team_id: int = Field(primary_key=True, foreign_key="team.id")


class AbsentRow(NamedTuple):
    """A person for whom another one acts at the moment."""

    id: int
    email: str
    role: str
    team_id: int | None
    led_teams: frozenset[int]
    seen_teams: frozenset[int]
    given: frozenset[int]


class PersonRow(NamedTuple):
    """A person with what their rights depend on, read for every press; as ORM objects it takes 2 times as long."""

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
    slack_user_id: str | None
    led_teams: frozenset[int]
    seen_teams: frozenset[int]
    given: frozenset[int]  # the customers of whom an open care step was given to them
    absent: tuple[AbsentRow, ...]

    @property
    def is_present(self) -> bool:
        """As `Person.is_present`."""
        return self.active and self.slack_status in HERE


def acts_at(now: Any) -> ColumnElement[bool]:
    """Condition: a deputy acts at this instant."""
    return and_(col(Deputy.starts_at) <= now, col(Deputy.ends_at) > now)


_OWN, _OF_ABSENT = PersonRow._fields[:-4], AbsentRow._fields[:-3]
_NOW = bindparam("now", type_=UtcDateTime)
_ACTS = and_(col(Deputy.deputy_id) == Person.id, acts_at(_NOW))
_SEES = col(TeamView.team_id) == Person.team_id
# By name, because care is above the book; the words of the partial index ix_touch_assignee.
_TOUCH = table("touch", column("assignee_id"), column("state"), column("customer_id"))
_IS_OPEN = text("touch.assignee_id IS NOT NULL AND touch.state IN ('planned', 'reminded', 'snoozed')")
_IS_GIVEN = and_(_TOUCH.c.assignee_id == col(Person.id), _IS_OPEN)
# Read for every press, and built once: that takes longer than running it. Few people are a deputy, see other teams, or do
# a step that was given to them: only for them there are further statements.
_PERSON = sa_select(
    *(getattr(Person, name) for name in _OWN),
    col(Team.id),
    or_(exists().where(_ACTS), exists().where(_SEES), exists().where(_IS_GIVEN)),
).outerjoin(Team, col(Team.lead_id) == Person.id)
_BY_SLACK_ID = _PERSON.where(col(Person.slack_user_id) == bindparam("key"))
_BY_EMAIL = _PERSON.where(col(Person.email) == bindparam("key"))
_BY_ID = _PERSON.where(col(Person.id) == bindparam("key"))
_ABSENT, _ABSENT_TEAM = aliased(Person), aliased(Team)
_OTHERS = (
    sa_select(
        *(getattr(_ABSENT, name) for name in _OF_ABSENT),
        col(_ABSENT_TEAM.id).label("led"),
        col(TeamView.team_id).label("seeing"),
        col(TeamView.seen_team_id).label("seen"),
    )
    .select_from(Person)
    .outerjoin(Deputy, _ACTS)
    .outerjoin(_ABSENT, col(_ABSENT.id) == Deputy.person_id)
    .outerjoin(_ABSENT_TEAM, col(_ABSENT_TEAM.lead_id) == _ABSENT.id)
    .outerjoin(TeamView, col(TeamView.team_id).in_([col(Person.team_id), col(_ABSENT.team_id)]))
    .where(col(Person.id) == bindparam("key"))
)
_GIVEN = sa_select(_TOUCH.c.assignee_id, _TOUCH.c.customer_id).where(
    _TOUCH.c.assignee_id.in_(bindparam("people", expanding=True)), _IS_OPEN
)
_UNMATCHED = (col(Person.slack_user_id).is_(None), col(Person.active).is_(True))
_NO_MEMBER = or_(
    col(Person.slack_user_id).is_(None),
    col(Person.slack_checked_at).is_(None),
    col(Person.slack_status) != SlackStatus.MEMBER,
)


def by_slack_id(session: Session, slack_user_id: str, now: datetime) -> PersonRow | None:
    """The person who was matched to a Slack user, with what their rights depend on at this instant."""
    return _with_rights(session, _BY_SLACK_ID, slack_user_id, now)


def row_by_email(session: Session, email: str, now: datetime) -> PersonRow | None:
    """The same by e-mail address."""
    return _with_rights(session, _BY_EMAIL, email.strip().lower(), now)


def row_by_id(session: Session, person_id: int, now: datetime) -> PersonRow | None:
    """The same by id."""
    return _with_rights(session, _BY_ID, person_id, now)


def _with_rights(session: Session, statement: Any, key: str | int, now: datetime) -> PersonRow | None:
    rows = session.connection().execute(statement, {"key": key, "now": now}).all()
    if not rows:
        return None
    *own, led, has_others = rows[0]
    led_teams = frozenset(row[-2] for row in rows) if led is not None else frozenset()
    person = PersonRow._make((*own, led_teams, frozenset(), frozenset(), ()))
    return _with_others(session, person, now) if has_others else person


def _with_others(session: Session, person: PersonRow, now: datetime) -> PersonRow:
    """A person with the teams that their team sees, the steps given to them, and the people for whom they act."""
    rows = session.connection().execute(_OTHERS, {"key": person.id, "now": now}).all()
    absent = {row.id: row for row in rows if row.id is not None}
    given: dict[int, set[int]] = {}
    for assignee, customer in session.connection().execute(_GIVEN, {"people": [person.id, *absent]}):
        given.setdefault(assignee, set()).add(customer)
    return person._replace(
        seen_teams=_ids(row.seen for row in rows if row.seeing == person.team_id),
        given=frozenset(given.get(person.id, ())),
        absent=tuple(
            AbsentRow._make(
                (
                    *one[: len(_OF_ABSENT)],
                    _ids(row.led for row in rows if row.id == number),
                    _ids(row.seen for row in rows if row.seeing == one.team_id),
                    frozenset(given.get(number, ())),
                )
            )
            for number, one in absent.items()
        ),
    )


def _ids(found: Iterable[int | None]) -> frozenset[int]:
    return frozenset(one for one in found if one is not None)


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


def wanting_briefs(session: Session) -> list[int]:
    """Who is here and wants a brief in the evening before a planned visit, by id."""
    wanting = (IS_PRESENT, col(Person.briefs), col(Person.slack_user_id).is_not(None))
    return list(session.scalars(sa_select(col(Person.id)).where(*wanting).order_by(col(Person.id))))


def wants_briefs(session: Session, person_id: int) -> bool | None:
    """Whether a person wants them; None for who is no person of the book."""
    return session.scalars(sa_select(col(Person.briefs)).where(col(Person.id) == person_id)).first()


def with_roles(session: Session, roles: Collection[str]) -> list[Person]:
    """Who has one of these roles, by id, whether they are here or not."""
    return list(session.exec(select(Person).where(col(Person.role).in_(roles)).order_by(col(Person.id))))


def everybody(session: Session) -> dict[int, Person]:
    return {person.id: person for person in session.exec(select(Person)) if person.id is not None}


def teams(session: Session) -> dict[int, Team]:
    return {team.id: team for team in session.exec(select(Team)) if team.id is not None}


def led_by(session: Session, person_id: int) -> list[str]:
    """Names of the teams that a person leads."""
    return list(session.exec(select(Team.name).where(Team.lead_id == person_id).order_by(Team.name)))


_ERASED = "@invalid"  # ends the address of somebody who was erased: no mail server has this name


def is_erased(person: Person) -> bool:
    """Whether only the number of a person is left."""
    return person.email.endswith(_ERASED)


def replace(session: Session, person_id: int, name: str) -> None:
    """Leave of a person only the number and another name: an inactive viewer without an address or a Slack user."""
    values = {
        "email": f"erased-{person_id}{_ERASED}",
        "name": name,
        "role": PersonRole.VIEWER,
        "active": False,
        **dict.fromkeys(("team_id", "language", "timezone", "slack_user_id", "slack_team")),
        **dict.fromkeys(("slack_status", "slack_checked_at", "slack_timezone", "slack_language")),
        **dict.fromkeys(("country", "working_days", "works_from", "works_until")),
    }
    session.exec(update(Person).where(col(Person.id) == person_id).values(**values))


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
