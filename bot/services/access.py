"""What people may do. What is not allowed here is denied, at the moment it is done."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol
from zlib import crc32
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.clock import local_date, zone_named
from bot.errors import N_, Conflict, NotAllowed, NotFound
from bot.settings import Settings
from bot.wording.actions import Pointer
from db.audit import Door, Who
from db.book import customers, people
from db.book.customers import Customer, CustomerRow
from db.book.people import PersonRole, PersonRow

OWN, TEAM, BOOK = "own", "team", "book"  # whose customers a list shows
NOT_YOURS = N_("There is no such customer in your book.")
# The same for a customer that does not exist, so that nobody learns from it which customers there are.
WHO_MAY_OPEN = N_(
    "You cannot open this card. The customer's account manager, the lead of their team, and admins can;"
    " ask one of them to share it with you."
)


class Act(StrEnum):
    """What can be done to a customer."""

    SEE = "see"
    UNMASK = "unmask"  # see personal and financial fields without the mask
    SHARE = "share"
    LOG_CONTACT = "log_contact"
    CLOSE_TOUCH = "close_touch"
    OVERRIDE = "override"
    APPROVE_CREDIT = "approve_credit"
    REVIEW = "review"


class Owned(Protocol):
    """What decides who may do something to a customer."""

    @property
    def owner_id(self) -> int | None: ...

    @property
    def owner_team_id(self) -> int | None: ...


@dataclass(frozen=True, kw_only=True)
class Actor:
    """A known, active person in their present role."""

    person_id: int
    name: str
    role: str
    team_id: int | None
    led_teams: frozenset[int]
    slack_user_id: str
    language: str
    timezone: str
    door: Door = Door.SLACK

    @property
    def who(self) -> Who:
        """The actor as the audit names them."""
        return Who(person_id=self.person_id or None, name=self.name)

    def today(self, now: datetime) -> date:
        """The date where the actor is."""
        return local_date(now, ZoneInfo(self.timezone))


_WORK = frozenset({Act.SEE, Act.UNMASK, Act.SHARE, Act.LOG_CONTACT, Act.CLOSE_TOUCH})
_LEAD = _WORK | {Act.OVERRIDE, Act.APPROVE_CREDIT, Act.REVIEW}
MAY: dict[str, frozenset[Act]] = {
    PersonRole.ADMIN: _LEAD,
    PersonRole.TEAM_LEAD: _LEAD,
    PersonRole.ACCOUNT_MANAGER: _WORK,
}


def can(actor: Actor, act: Act, customer: Owned) -> bool:
    """Admins: every customer. Team leads: their teams' and their own. Account managers: their own. Others: none."""
    if act not in MAY.get(actor.role, frozenset()):
        return False
    if actor.role == PersonRole.ADMIN:
        return True
    if customer.owner_id is not None and customer.owner_id == actor.person_id:
        return True
    if actor.role != PersonRole.TEAM_LEAD or customer.owner_team_id is None:
        return False
    return customer.owner_team_id in actor.led_teams or customer.owner_team_id == actor.team_id


def customer_for(
    session: Session, actor: Actor, act: Act, meant: int | Pointer, refusal: str = NOT_YOURS
) -> CustomerRow:
    """The customer of an id or a button, if the actor may do that to it.

    Raises NotFound with the same msgid if not and if there is none, and Conflict for a button of another customer that
    had the same id.
    """
    pointer = meant if isinstance(meant, Pointer) else Pointer(id=meant)
    customer = customers.get_row(session, pointer.id)
    if customer is None or not can(actor, act, customer):
        raise NotFound(refusal)
    if pointer.mark is not None and crc32(customer.code.encode()) != pointer.mark:
        own = customers.get(session, pointer.id)  # one that was joined into another keeps its code
        if own is None or crc32(own.code.encode()) != pointer.mark:
            raise Conflict(
                N_(
                    "This button was made for another customer, which is no longer in the book. Ask again with /tier."
                )
            )
    return customer


def about(customer: Customer | CustomerRow) -> dict[str, Any]:
    """The fields of a message about a customer (`CustomerPart`)."""
    return {
        "customer_id": customer.id,
        "version": customer.version,
        "name": customer.name,
        "code": customer.code,
    }


def visible_owners(session: Session, actor: Actor) -> frozenset[int] | None:
    """Ids of the people whose customers an actor may see; None means all customers, owned or not."""
    if actor.role == PersonRole.ADMIN:
        return None
    if actor.role == PersonRole.TEAM_LEAD:
        return _team_mates(session, actor)
    return frozenset({actor.person_id} if actor.role == PersonRole.ACCOUNT_MANAGER else ())


def list_scope(session: Session, actor: Actor) -> tuple[str, frozenset[int] | None]:
    """Whose customers a list shows by default, and the ids of these people: None for the whole book.

    Own customers for account managers; a team's for those who lead or belong to one as team lead or admin; the whole
    book for other admins, and for those whose team looks after nobody.
    """
    if actor.role == PersonRole.ADMIN:
        mates = _team_mates(session, actor)
        in_team = (actor.led_teams or actor.team_id) and customers.count(session, mates)
        return (TEAM, mates) if in_team else (BOOK, None)
    return (TEAM if actor.role == PersonRole.TEAM_LEAD else OWN), visible_owners(session, actor)


def _team_mates(session: Session, actor: Actor) -> frozenset[int]:
    """The members of the teams that an actor leads or belongs to, and the actor."""
    teams = actor.led_teams | ({actor.team_id} if actor.team_id else set())
    return frozenset(people.in_teams(session, teams) | {actor.person_id})


def actor_of(person: PersonRow, slack_user_id: str, settings: Settings) -> Actor:
    """A person in their present role. Raises NotAllowed for people who were switched off."""
    if not person.active:
        raise NotAllowed(N_("Your account in Tierbot is switched off. Ask your admin."))
    return Actor(
        person_id=person.id,
        name=person.name,
        role=PersonRole.ADMIN if person.email in settings.admins else person.role,
        team_id=person.team_id,
        led_teams=person.led_teams,
        slack_user_id=slack_user_id,
        language=person.language or settings.language,
        timezone=zone_named(person.timezone, ZoneInfo(settings.timezone)).key,
    )
