"""The link of a person's calendar: made, revoked, and found by its token.

Promise: only the hash of a token is stored, so neither a copy of the database nor a backup opens a calendar; a link that was
revoked or replaced opens nothing from then on.
"""

import hashlib
import hmac
import secrets
import string
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from bot.errors import N_, NotAllowed, NotFound, NotReady
from bot.services import access
from bot.services.access import Act, Actor, OwnedBy, actor_of
from bot.services.staff import person_of, present_actor
from bot.settings import Settings
from db.audit import AuditAction, ObjectKind
from db.book import people
from db.care import calendar_feeds
from db.engine import Database

FOLDER = "/calendar/"
ENDING = ".ics"
TOKEN_LETTERS = 44  # 250 bits; without digits, in which a mask could see a telephone number


@dataclass(frozen=True, kw_only=True)
class MadeLink:
    """A new link, which is shown once."""

    person: str
    url: str
    replaced: bool  # the one before opens nothing any more


def link(
    database: Database, actor: Actor, email: str | None, *, settings: Settings, now: datetime
) -> MadeLink:
    """Make the link of somebody's calendar, the actor's own without an address, instead of the one before.

    Raises NotReady without a public address, NotFound for an unknown person, NotAllowed for a calendar of others.
    """
    if settings.public_url is None:
        raise NotReady(
            N_(
                "There are no calendar links here yet: whoever runs Tierbot sets TIERBOT_PUBLIC_URL to the https:// address"
                " under which calendar programs reach it; see docs/calendar.md."
            )
        )
    token = "".join(secrets.choice(string.ascii_letters) for _ in range(TOKEN_LETTERS))
    with database.write() as session:
        person_id, name = _whose(session, actor, email, settings, now)
        before = calendar_feeds.of_person(session, person_id)
        calendar_feeds.put(session, person_id, _hash_of(token), now)
        replaced = {"replaced": before is not None}
        actor.record(session, AuditAction.CALENDAR_LINKED, ObjectKind.PERSON, person_id, after=replaced)
    url = f"{settings.public_url.rstrip('/')}{FOLDER}{token}{ENDING}"
    return MadeLink(person=name, url=url, replaced=before is not None)


def revoke(database: Database, actor: Actor, email: str | None, *, settings: Settings, now: datetime) -> str:
    """Let the link of somebody's calendar open nothing any more; the person's name.

    Raises NotFound for who has no link, and as `link`.
    """
    with database.write() as session:
        person_id, name = _whose(session, actor, email, settings, now)
        if not calendar_feeds.remove(session, person_id):
            raise NotFound(N_("%(name)s has no calendar link."), name=name)
        actor.record(session, AuditAction.CALENDAR_REVOKED, ObjectKind.PERSON, person_id)
    return name


def made_at(session: Session, person_id: int) -> datetime | None:
    """When a person's link was made; None without one."""
    found = calendar_feeds.of_person(session, person_id)
    return found.created_at if found else None


def holder(session: Session, token: str, settings: Settings, now: datetime) -> Actor | None:
    """Whose calendar a token opens: a person who is still there; None for any other token."""
    wanted = _hash_of(token)
    found = calendar_feeds.by_hash(session, wanted)
    if found is None or not hmac.compare_digest(found.token_hash, wanted):
        return None
    person = people.row_by_id(session, found.person_id, now)
    try:
        return None if person is None else actor_of(person, settings)
    except NotAllowed:
        return None


def _hash_of(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def _whose(
    session: Session, actor: Actor, email: str | None, settings: Settings, now: datetime
) -> tuple[int, str]:
    """The person whose link it is, if the actor may decide about it."""
    acting = present_actor(session, actor, settings, now)
    if email is None and acting.person_id:
        return acting.person_id, acting.name
    if email is None:
        raise NotFound(N_("Name the person by --person EMAIL: the operator of the machine has no calendar."))
    person = person_of(session, email)
    access.require(acting, Act.HOLD_CALENDAR, OwnedBy(person.id))
    return person.id or 0, person.name
