"""Who a Slack user is: a member of the workspace of the installation, bound to a person of the book by e-mail.

Promise: people of other companies, guests and deactivated users are never taken for a colleague, whatever their
e-mail address; and a person's Slack user is replaced only when Slack says that it is no member any more.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog
from sqlmodel import Session

from bot.errors import N_, Conflict, NotAllowed
from bot.services.access import Actor, actor_of
from bot.settings import Settings
from bot.wording import catalogue
from db import audit, processes
from db.audit import AuditAction, Door, ObjectKind
from db.book import people
from db.book.people import Binding, Person, PersonRole, PersonRow, SlackStatus
from db.engine import Database

LOOKUPS = 50  # people in one round: Slack allows about that many a minute
CHECKED = timedelta(hours=1)  # after which Slack is asked again before an answer or a direct message
OUTSIDER = N_(
    "You are not a member of the Slack workspace in which Tierbot is installed. Please ask a colleague there."
)
REFUSALS: dict[str, str] = {
    SlackStatus.OUTSIDE: OUTSIDER,
    SlackStatus.GUEST: N_(
        "Guests and users without an e-mail address cannot ask Tierbot. Please ask a colleague."
    ),
    SlackStatus.LEFT: N_("Your Slack account is deactivated. Please ask a colleague."),
}

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Installation:
    """The workspace that the bot token belongs to, and the organisation that it is part of, if any."""

    team_id: str
    enterprise_id: str | None = None

    @property
    def key(self) -> str:
        """Within which a user id says who somebody is."""
        return self.enterprise_id or self.team_id

    def has(self, team_id: str | None, enterprise_id: str | None) -> bool:
        """Whether a user of this team and organisation belongs to the installation."""
        if self.enterprise_id and enterprise_id == self.enterprise_id:
            return True
        return team_id == self.team_id


@dataclass(frozen=True, kw_only=True)
class SlackProfile:
    """What Slack says of a user."""

    user_id: str
    team_id: str | None
    enterprise_id: str | None = None
    email: str | None
    name: str
    timezone: str | None
    locale: str | None
    is_guest: bool = False
    is_deleted: bool = False


class SlackPeople(Protocol):
    """What Slack knows of people. A method raises when Slack does not answer."""

    def installation(self) -> Installation: ...

    def profile(self, user_id: str) -> SlackProfile | None: ...

    def profile_by_email(self, email: str) -> SlackProfile | None: ...


def status_of(profile: SlackProfile | None, installation: Installation) -> SlackStatus:
    """What a Slack user is for the installation; None is nobody."""
    if profile is None or profile.is_deleted:
        return SlackStatus.LEFT
    if not installation.has(profile.team_id, profile.enterprise_id):
        return SlackStatus.OUTSIDE
    return SlackStatus.GUEST if profile.is_guest else SlackStatus.MEMBER


def find_actor(
    session: Session, slack_user_id: str, settings: Settings, slack: SlackPeople, now: datetime
) -> Actor | None:
    """The person bound to a Slack user; None when Slack must be asked first. Raises NotAllowed for people who left."""
    person = people.by_slack_id(session, slack_user_id, now)
    if person is None or not _is_checked(person, slack.installation(), now):
        return None
    return actor_of(person, settings)


def identify(
    database: Database, slack_user_id: str, settings: Settings, slack: SlackPeople, now: datetime
) -> Actor:
    """The person behind a Slack user. Slack is asked the first time, and when its last answer is old.

    Raises NotAllowed, with what to do, for guests, people of other companies, strangers and people who left.
    """
    installation = slack.installation()
    with database.read() as session:
        person = people.by_slack_id(session, slack_user_id, now)
    if person is not None and _is_checked(person, installation, now):
        return actor_of(person, settings)
    try:
        profile = slack.profile(slack_user_id)
    except Exception as error:
        if person is None or not _is_member(person, installation):
            raise
        log.warning("identity.unchecked", person=person.id, error=type(error).__name__)
        return actor_of(person, settings)
    status = status_of(profile, installation)
    if profile is None or status != SlackStatus.MEMBER:
        if person is not None:
            _note_absent(database, person.id, slack_user_id, status, now)
        raise NotAllowed(OUTSIDER if profile is None else REFUSALS[status])
    if person is not None and not _is_same(person, profile, installation):
        log.warning("identity.other_workspace", person=person.id)
        with database.write(lock="people") as session:
            people.unbind_slack(session, person.id)
    return _bind_member(database, profile, settings, slack, now)


def refresh_people(database: Database, slack: SlackPeople, now: datetime) -> int:
    """Look up the next people without a Slack user, and those who were checked long ago; how many were newly bound."""
    with database.read() as session:
        tried = int(processes.cursor(session, "people") or 0)
        before = now - CHECKED / 2  # so that a press seldom has to wait for Slack
        waiting = people.to_look_up(session, tried, before, LOOKUPS) or people.to_look_up(
            session, 0, before, LOOKUPS
        )
    found = 0
    try:
        for binding in waiting:
            tried = binding.person_id
            found += _look_up(database, binding, slack, now)
    finally:  # the next round starts after the person whose lookup failed
        if waiting:
            with database.write() as session:
                processes.set_cursor(session, "people", str(tried))
    return found


def add_admins(database: Database, settings: Settings, slack: SlackPeople, now: datetime) -> int:
    """Add to the book the members whom TIERBOT_ADMINS names and the book does not; how many.

    So admins who have never asked anything are told of trouble too. One whom Slack does not know is looked for again.
    """
    with database.read() as session:
        unknown = set(settings.admins) - people.known_emails(session, settings.admins)
    added = 0
    for email in sorted(unknown)[:LOOKUPS]:
        profile = slack.profile_by_email(email)
        if profile is None or status_of(profile, slack.installation()) != SlackStatus.MEMBER:
            continue
        with database.read() as session:
            found = people.by_slack_id(session, profile.user_id, now)  # under an older address
        if found is None:
            _bind_member(database, profile, settings, slack, now)
            added += 1
    return added


def refresh(database: Database, bindings: Iterable[Binding], slack: SlackPeople, now: datetime) -> None:
    """Check some people now; when Slack does not answer, what it said last counts."""
    for binding in bindings:
        try:
            _look_up(database, binding, slack, now)
        except Exception as error:
            log.warning("identity.unchecked", person=binding.person_id, error=type(error).__name__)
            return


def _bind_member(
    database: Database,
    profile: SlackProfile,
    settings: Settings,
    slack: SlackPeople,
    now: datetime,
) -> Actor:
    """The person whom a member of the workspace is, bound to them from now on."""
    address, installation = profile.email or "", slack.installation()
    email = address.strip().lower()
    with database.read() as session:
        bound = people.by_slack_id(session, profile.user_id, now)
        known = people.by_email(session, email) if bound is None else None
        other = known.slack_user_id if known else None
    if bound is None and not email:
        raise NotAllowed(REFUSALS[SlackStatus.GUEST])
    if other is not None and status_of(slack.profile(other), installation) == SlackStatus.MEMBER:
        log.warning("identity.taken", person=known.id if known else None)
        raise NotAllowed(
            N_(
                "%(email)s already belongs to another Slack user, who is still active. Ask your admin: one of the two"
                " accounts must be deactivated, or have another e-mail address."
            ),
            email=address,
        )
    with database.write(lock="people") as session:
        person_id, replaced = (bound.id, profile.user_id) if bound else (known.id if known else None, other)
        if person_id is None and email in settings.admins:
            admin = Person(email=email, name=profile.name, role=PersonRole.ADMIN)
            session.add(admin)
            session.flush()
            person_id = admin.id
            _record(session, admin.id, None, {"role": PersonRole.ADMIN, "active": True})
        if person_id is None:
            raise NotAllowed(
                N_(
                    "Tierbot does not know %(email)s yet. Ask your admin to add you to the list of people;"
                    " the e-mail address must be the same as in Slack."
                ),
                email=address,
            )
        if not _store(session, person_id, replaced, profile, installation, now):
            raise Conflict(N_("Your Slack account is just being registered. Ask again."))
        person = people.by_slack_id(session, profile.user_id, now)
        assert person is not None
        return actor_of(person, settings)


def _look_up(database: Database, binding: Binding, slack: SlackPeople, now: datetime) -> bool:
    """Bring one person's Slack user up to date; True when they are bound to one for the first time, or to a new one."""
    installation, profile, status = slack.installation(), None, SlackStatus.LEFT
    if binding.slack_user_id is not None:
        profile = slack.profile(binding.slack_user_id)
        if profile is not None and not _is_same(binding, profile, installation):
            profile = None
        status = status_of(profile, installation)
    if profile is None or status != SlackStatus.MEMBER:
        profile = slack.profile_by_email(
            binding.email
        )  # a new account, perhaps, of a person who had another one
    if profile is None or status_of(profile, installation) != SlackStatus.MEMBER:
        if binding.slack_user_id is not None:
            _note_absent(database, binding.person_id, binding.slack_user_id, status, now)
        return False
    is_new = profile.user_id != binding.slack_user_id
    with database.write(lock="people") as session:
        holder = people.by_slack_id(session, profile.user_id, now) if is_new else None
        if holder is not None and holder.active:
            log.warning("identity.held", person=binding.person_id, by=holder.id)
            return False
        if holder is not None:  # the people file has them under another address by now
            people.unbind_slack(session, holder.id)
            log.warning("identity.moved", person=binding.person_id, was=holder.id)
        stored = _store(session, binding.person_id, binding.slack_user_id, profile, installation, now)
    if stored and is_new and binding.slack_user_id is not None:
        log.warning("identity.taken_over", person=binding.person_id, was=status)
    return stored and is_new


def _store(
    session: Session,
    person_id: int,
    instead_of: str | None,
    profile: SlackProfile,
    installation: Installation,
    now: datetime,
) -> bool:
    """Bind a person to a member; False when another process has bound them meanwhile.

    Time zone and language follow Slack unless the book states another one.
    """
    person = session.get_one(Person, person_id)
    if person.slack_status != SlackStatus.MEMBER or instead_of != profile.user_id:
        was = {"slack_status": person.slack_status, "bound": instead_of is not None}
        _record(session, person_id, was, {"slack_status": SlackStatus.MEMBER, "bound": True})
    given = {"timezone": profile.timezone, "language": catalogue.from_locale(profile.locale)}
    values: dict[str, Any] = {}
    for name, value in given.items():
        stated, last = getattr(person, name), getattr(person, f"slack_{name}")
        if value is not None:
            values[f"slack_{name}"] = value
            if stated in (None, last):
                values[name] = value
    return people.bind_slack(
        session,
        person_id,
        profile.user_id,
        instead_of=instead_of,
        slack_team=installation.key,
        slack_status=SlackStatus.MEMBER,
        slack_checked_at=now,
        **values,
    )


def _note_absent(
    database: Database, person_id: int, slack_user_id: str, status: SlackStatus, now: datetime
) -> None:
    """Store that a person's Slack user is no member: nothing is answered or sent to them."""
    with database.write(lock="people") as session:
        person = session.get_one(Person, person_id)
        if person.slack_status != status:
            log.warning("identity.absent", person=person_id, status=status)
            _record(session, person_id, {"slack_status": person.slack_status}, {"slack_status": status})
        people.bind_slack(
            session,
            person_id,
            slack_user_id,
            instead_of=slack_user_id,
            slack_status=status,
            slack_checked_at=now,
        )


def _record(
    session: Session, person_id: int | None, before: dict[str, Any] | None, after: dict[str, Any]
) -> None:
    """Write to the audit what Slack, or the setting of the first admins, changed of a person's rights."""
    audit.record(
        session,
        actor=audit.AuditActor(),
        action=AuditAction.PERSON_CHANGED,
        object_kind=ObjectKind.PERSON,
        object_id=person_id,
        door=Door.SLACK,
        before=before,
        after=after,
    )


def _is_member(person: PersonRow, installation: Installation) -> bool:
    """Whether Slack last said that this is a member of the installation's workspace."""
    return person.slack_status == SlackStatus.MEMBER and person.slack_team == installation.key


def _is_checked(person: PersonRow, installation: Installation, now: datetime) -> bool:
    """The same, and it was said not long ago."""
    at = person.slack_checked_at
    return _is_member(person, installation) and at is not None and abs(now - at) <= CHECKED


def _is_same(person: PersonRow | Binding, profile: SlackProfile, installation: Installation) -> bool:
    """Whether a user id that was bound in another workspace is the same person here."""
    if person.slack_team in (None, installation.key):
        return True
    return (profile.email or "").strip().lower() == person.email
