"""What people may do. What is not allowed here is denied, at the moment it is done."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Flag, StrEnum, auto
from typing import Any, NamedTuple, Protocol
from zlib import crc32
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.clock import local_date, zone_named
from bot.errors import N_, Conflict, Hidden, NotAllowed
from bot.settings import Settings
from bot.wording.actions import Pointer
from bot.wording.parts import Who
from db import audit
from db.audit import AuditAction, AuditActor, Door, ObjectKind
from db.book import customers, people
from db.book.customers import Customer, CustomerRow
from db.book.people import Person, PersonRole, PersonRow

OWN, DEPUTY, TEAM, SEEN_TEAMS, BOOK = "own", "deputy", "team", "seen", "book"  # whose customers a list shows
NOT_YOURS = N_("There is no such customer in your book.")
# The same for a customer that does not exist, so that nobody learns from it which customers there are.
SWITCHED_OFF = N_("Your account in Tierbot is switched off. Ask your admin.")
NO_MEMBER = N_("Your Slack account is deactivated, a guest or of another company. Ask your admin.")
ONLY_SEEN = N_("You can see this customer, but this is for its account manager and the lead of their team.")
WHO_MAY_OPEN = N_(
    "You cannot open this card. The customer's account manager, the lead of their team, and admins can;"
    " ask one of them to share it with you."
)


class Act(StrEnum):
    """What can be done."""

    SEE = "see"
    UNMASK = "unmask"  # see personal and financial fields without the mask
    SHARE = "share"
    TAKE_BACK = "take_back"
    LOG_CONTACT = "log_contact"
    CHANGE_NOTE = "change_note"  # change or take back a contact that was logged
    CHANGE_CONTACT_PEOPLE = "change_contact_people"
    HAND_OVER = "hand_over"  # a customer to another account manager
    ADD_PROSPECT = "add_prospect"  # by whose it will be
    CLOSE_TOUCH = "close_touch"
    HANDLE_COMPLAINT = "handle_complaint"
    ALLOW_GIFT = "allow_gift"  # record a gift that is over a limit
    REVIEW = "review"
    PROPOSE = "propose"  # ask for a tier, or for a credit limit and terms
    OVERRIDE = "override"
    APPROVE_CREDIT = "approve_credit"
    DECIDE_SCHEMES = "decide_schemes"
    DECIDE_CARE = "decide_care"
    GRADE = "grade"
    IMPORT = "import"
    NAME_DEPUTY = "name_deputy"
    SET_WORKING_TIME = "set_working_time"
    SEE_HOURS = "see_hours"  # how much care somebody owes, against their working time
    HOLD_CALENDAR = "hold_calendar"  # the link to the calendar of somebody's care steps
    MANAGE_PEOPLE = "manage_people"
    ERASE = "erase"  # and export, which shows everything that an erasure would delete
    READ_AUDIT = "read_audit"
    OPERATE = "operate"


class Scope(Flag):
    """To whose customers a role may do something."""

    NONE = 0
    OWN = auto()  # the person's own
    TEAMS = auto()  # those of the person's team, and of the teams that they lead
    SEEN = auto()  # those of the teams that the person's team sees
    GIVEN = auto()  # what a care step needs that was given to the person, or to their role, while it is open
    BOOK = auto()  # all, and what belongs to nobody, as the firm's schemes


NONE, MINE, SEEN, GIVEN, ALL = Scope.NONE, Scope.OWN, Scope.SEEN, Scope.GIVEN, Scope.BOOK
TEAMS = Scope.OWN | Scope.TEAMS
# Who may do what: role x act x scope. What is not here is denied. docs/rights.md shows the same table.
# fmt: off
TABLE: dict[Act, tuple[Scope, ...]] = {
    #                    viewer  account_manager  team_lead     sales_ops  finance  admin
    Act.SEE:            (SEEN | GIVEN, MINE | SEEN | GIVEN, TEAMS | SEEN | GIVEN, ALL, ALL, ALL),
    Act.UNMASK:         (NONE,   MINE,            TEAMS,        NONE,      ALL,     ALL),
    Act.SHARE:          (NONE,   MINE,            TEAMS,        NONE,      NONE,    ALL),
    Act.TAKE_BACK:      (MINE,   MINE,            MINE,         MINE,      MINE,    ALL),  # by who shared it
    Act.LOG_CONTACT:    (GIVEN,  MINE | GIVEN,    TEAMS | GIVEN, GIVEN,    GIVEN,   ALL),
    Act.CHANGE_NOTE:    (MINE,   MINE,            TEAMS,        MINE,      MINE,    ALL),  # by who logged it
    Act.CHANGE_CONTACT_PEOPLE: (NONE, MINE,     TEAMS,        ALL,       NONE,    ALL),
    Act.HAND_OVER:      (NONE,   MINE,            TEAMS,        ALL,       NONE,    ALL),
    Act.ADD_PROSPECT:   (NONE,   MINE,            TEAMS,        ALL,       NONE,    ALL),  # by whose it will be
    Act.CLOSE_TOUCH:    (GIVEN,  MINE | GIVEN,    TEAMS | GIVEN, GIVEN,    GIVEN,   ALL),
    Act.HANDLE_COMPLAINT: (GIVEN, MINE | GIVEN,   TEAMS | GIVEN, ALL,      GIVEN,   ALL),
    Act.ALLOW_GIFT:     (NONE,   NONE,            TEAMS,        ALL,       NONE,    ALL),
    Act.REVIEW:         (NONE,   NONE,            TEAMS,        ALL,       NONE,    ALL),
    Act.PROPOSE:        (NONE,   MINE,            TEAMS,        ALL,       ALL,     ALL),
    Act.OVERRIDE:       (NONE,   NONE,            TEAMS,        NONE,      NONE,    ALL),
    Act.APPROVE_CREDIT: (NONE,   NONE,            NONE,         NONE,      ALL,     ALL),
    Act.DECIDE_SCHEMES: (NONE,   NONE,            NONE,         ALL,       NONE,    ALL),
    Act.DECIDE_CARE:    (NONE,   NONE,            NONE,         ALL,       NONE,    ALL),
    Act.GRADE:          (NONE,   NONE,            NONE,         ALL,       NONE,    ALL),
    Act.IMPORT:         (NONE,   NONE,            NONE,         ALL,       NONE,    ALL),
    Act.NAME_DEPUTY:    (MINE,   MINE,            TEAMS,        MINE,      MINE,    ALL),  # by whose deputy it is
    Act.SET_WORKING_TIME: (MINE, MINE,            TEAMS,        MINE,      MINE,    ALL),  # by whose time it is
    Act.SEE_HOURS:      (NONE,   MINE,            TEAMS,        ALL,       NONE,    ALL),
    Act.HOLD_CALENDAR:  (MINE,   MINE,            MINE,         MINE,      MINE,    ALL),  # by whose calendar it is
    Act.MANAGE_PEOPLE:  (NONE,   NONE,            NONE,         NONE,      NONE,    ALL),
    Act.ERASE:          (NONE,   NONE,            NONE,         NONE,      NONE,    ALL),
    Act.READ_AUDIT:     (NONE,   NONE,            NONE,         NONE,      NONE,    ALL),
    Act.OPERATE:        (NONE,   NONE,            NONE,         NONE,      NONE,    ALL),
}
# fmt: on
# What no deputy does for an absent person.
BY_ONESELF = frozenset(
    {
        *(
            Act.CHANGE_NOTE,
            Act.HAND_OVER,
            Act.NAME_DEPUTY,
            Act.SET_WORKING_TIME,
            Act.SEE_HOURS,
            Act.HOLD_CALENDAR,
            Act.MANAGE_PEOPLE,
        ),
        *(Act.ERASE, Act.READ_AUDIT, Act.OPERATE),
    }
)
RIGHTS: dict[str, dict[str, Scope]] = {
    act: dict(zip(map(str, PersonRole), row, strict=True)) for act, row in TABLE.items()
}
REFUSALS = {
    Act.SEE: N_("Only sales operations, finance and admins look at the whole book."),
    Act.UNMASK: N_("Only finance and admins see the masked fields of the whole book."),
    Act.TAKE_BACK: N_("Only the person who shared this, or an admin, can take it back."),
    Act.CHANGE_NOTE: N_(
        "Only the person who logged this, the lead of their team, or an admin can change it or take it back."
    ),
    Act.HAND_OVER: N_(
        "Only the account manager, the lead of their team, sales operations and admins hand a customer over."
    ),
    Act.ADD_PROSPECT: N_(
        "You can add prospects that you look after; the lead of a team those of its members, sales operations and admins all."
    ),
    Act.DECIDE_SCHEMES: N_("Only sales operations and admins decide about schemes."),
    Act.DECIDE_CARE: N_("Only sales operations and admins decide about care plans."),
    Act.GRADE: N_("Only sales operations and admins grade the book."),
    Act.IMPORT: N_("Only sales operations and admins import data, take it back and join customers."),
    Act.NAME_DEPUTY: N_(
        "You can name a deputy for yourself. For somebody else the lead of their team can, or an admin."
    ),
    Act.SET_WORKING_TIME: N_(
        "You can set your own working time and days off. For somebody else the lead of their team can, or an admin."
    ),
    Act.SEE_HOURS: N_(
        "You can see your own hours. Those of others are seen by the lead of their team, sales operations and admins."
    ),
    Act.HOLD_CALENDAR: N_(
        "You can make and revoke the link of your own calendar; an admin can those of others."
    ),
    Act.MANAGE_PEOPLE: N_("Only admins change people, their roles and their teams."),
    Act.ERASE: N_("Only admins export and erase what is kept about a customer or a person."),
    Act.READ_AUDIT: N_("Only admins read the audit."),
    Act.OPERATE: N_("Only admins decide about messages, restored databases and kept totals."),
}


class Owned(Protocol):
    """What decides who may do something to an object: the person it belongs to, and the team of that person."""

    @property
    def owner_id(self) -> int | None: ...

    @property
    def owner_team_id(self) -> int | None: ...


class OwnedBy(NamedTuple):
    """An object, as far as rights depend on it."""

    owner_id: int | None
    owner_team_id: int | None = None


class OpenStep(NamedTuple):
    """An open care step of a customer, as far as rights depend on it."""

    owner_id: int | None
    owner_team_id: int | None
    assignee_id: int | None = None  # the person to whom it was reassigned
    role: str | None = None  # whose holders do it otherwise


class OpenComplaint(NamedTuple):
    """An open complaint of a customer, as far as rights depend on it."""

    owner_id: int | None
    owner_team_id: int | None
    handler_id: int | None = None  # who handles it instead of the account manager
    customer_id: int | None = None


class OpenPromise(NamedTuple):
    """An open promise to a customer, as far as rights depend on it."""

    owner_id: int | None
    owner_team_id: int | None
    keeper_id: int | None = None  # whose it is instead of the account manager's
    customer_id: int | None = None


FIRM = OwnedBy(None)  # what is nobody's own


@dataclass(frozen=True, kw_only=True)
class Position:
    """A person's role, and the teams that give it its scope."""

    person_id: int
    role: str
    team_id: int | None
    led_teams: frozenset[int]
    seen_teams: frozenset[int] = frozenset()
    given: frozenset[int] = frozenset()  # the customers of whom an open care step was given to them

    @property
    def teams(self) -> frozenset[int]:
        return self.led_teams | ({self.team_id} if self.team_id else set())

    def scope(self, act: Act) -> Scope:
        return RIGHTS.get(act, {}).get(self.role, Scope.NONE)

    def reaches(self, act: Act, thing: Owned) -> bool:
        """Whether an object lies in the scope that this position has for an act."""
        scope = self.scope(act)
        if Scope.BOOK in scope:
            return True
        if Scope.OWN in scope and thing.owner_id == self.person_id:
            return True
        if Scope.TEAMS in scope and thing.owner_team_id in self.teams:
            return True
        if Scope.SEEN in scope and thing.owner_team_id in self.seen_teams:
            return True
        return Scope.GIVEN in scope and self._is_given(thing)

    def _is_given(self, thing: Owned) -> bool:
        """Whether it is a step, complaint or promise of this person, or a customer of whom they do a step.

        A step is given to a person with the right to see its customer; the plan gives it to a role without, and so is a
        complaint; a promise stays somebody's as long as they may see the customer.
        """
        match thing:
            case CustomerRow():
                return thing.id in self.given
            case OpenStep() if thing.assignee_id is not None:
                return self.person_id == thing.assignee_id
            case OpenStep():
                mine = self.role == thing.role
            case OpenComplaint() | OpenPromise() if thing.customer_id in self.given:
                return True
            case OpenComplaint():
                mine = self.person_id == thing.handler_id
            case OpenPromise():
                mine = self.person_id == thing.keeper_id
            case _:
                return False
        return mine and self.reaches(Act.SEE, OwnedBy(thing.owner_id, thing.owner_team_id))


@dataclass(frozen=True, kw_only=True)
class Actor(Position):
    """A known, active person in their present role. `absent` are the people whose deputy they are at the moment."""

    name: str
    slack_user_id: str
    language: str
    timezone: str
    absent: tuple[Position, ...] = ()
    door: Door = Door.SLACK
    operator: str | None = None  # the account of the machine through which a person acts on the command line

    def record(
        self,
        session: Session,
        action: AuditAction,
        kind: ObjectKind,
        object_id: int | str | None,
        *,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> None:
        """Write to the audit what the actor does, in the transaction of it; see `db.audit.record`."""
        audit.record(
            session,
            actor=self.who,
            action=action,
            object_kind=kind,
            object_id=object_id,
            door=self.door,
            before=before,
            after=after,
        )

    @property
    def who(self) -> AuditActor:
        """The actor as the audit names them."""
        return AuditActor(person_id=self.person_id or None, name=self.name, operator=self.operator)

    def today(self, now: datetime) -> date:
        """The date where the actor is."""
        return local_date(now, ZoneInfo(self.timezone))


def can(actor: Actor, act: Act, thing: Owned) -> bool:
    """Whether somebody may do this to an object: by their own role, or in the place of an absent person."""
    if actor.reaches(act, thing):
        return True
    return act not in BY_ONESELF and any(absent.reaches(act, thing) for absent in actor.absent)


def require(actor: Actor, act: Act, thing: Owned = FIRM) -> None:
    """Raise NotAllowed, with who may do it, unless the actor may."""
    if not can(actor, act, thing):
        raise NotAllowed(REFUSALS[act])


def customer_for(
    session: Session, actor: Actor, act: Act, meant: int | Pointer, refusal: str = NOT_YOURS
) -> CustomerRow:
    """The customer of an id or a button, if the actor may do that to it.

    Raises Hidden with the same msgid if not and if there is none, NotAllowed for a customer that the actor only sees,
    and Conflict for a button of another customer that had the same id.
    """
    pointer = meant if isinstance(meant, Pointer) else Pointer(id=meant)
    customer = customers.get_row(session, pointer.id)
    if customer is None or not can(actor, act, customer):
        if refusal == NOT_YOURS and customer is not None and can(actor, Act.SEE, customer):
            raise NotAllowed(ONLY_SEEN)
        raise Hidden(refusal)
    require_same(session, customer, pointer)
    return customer


def require_same(session: Session, customer: CustomerRow, pointer: Pointer) -> None:
    """Raise Conflict for a button of another customer that had the same id."""
    if pointer.mark is not None and crc32(customer.code.encode()) != pointer.mark:
        own = customers.get(session, pointer.id)  # one that was joined into another keeps its code
        if own is None or crc32(own.code.encode()) != pointer.mark:
            raise Conflict(
                N_(
                    "This button was made for another customer, which is no longer in the book. Ask again with /tier."
                )
            )


def about(customer: Customer | CustomerRow) -> dict[str, Any]:
    """The fields of a message about a customer (`CustomerPart`)."""
    return {
        "customer_id": customer.id,
        "version": customer.version,
        "name": customer.name,
        "code": customer.code,
    }


def mentioned(person: Person | None) -> Who | None:
    """A person as messages mention them."""
    return Who(name=person.name, slack_user_id=person.slack_user_id) if person else None


def given_customers(actor: Actor) -> frozenset[int]:
    """Ids of the customers of whom an open care step was given to the actor, or to somebody whose deputy they are."""
    return actor.given.union(*(absent.given for absent in actor.absent))


def visible_owners(session: Session, actor: Actor) -> frozenset[int] | None:
    """Ids of the people whose customers an actor may see; None means all customers, owned or not."""
    positions = (actor, *actor.absent)
    if any(Scope.BOOK in one.scope(Act.SEE) for one in positions):
        return None
    own = {one.person_id for one in positions if Scope.OWN in one.scope(Act.SEE)}
    teams = {team for one in positions if Scope.TEAMS in one.scope(Act.SEE) for team in one.teams}
    teams |= {team for one in positions if Scope.SEEN in one.scope(Act.SEE) for team in one.seen_teams}
    return _with_members(session, own, teams)


def visible_teams(actor: Actor) -> tuple[frozenset[int] | None, frozenset[int]]:
    """(Teams whose customers an actor may see all of, None being every team; those of them that are theirs)."""
    positions = (actor, *actor.absent)
    own = {team for one in positions if one.scope(Act.SEE) & (Scope.TEAMS | Scope.BOOK) for team in one.teams}
    scopes = [one.scope(Act.SEE) for one in positions]
    if any(Scope.BOOK in scope for scope in scopes):
        return None, frozenset(own)
    seen = {team for one in positions if Scope.SEEN in one.scope(Act.SEE) for team in one.seen_teams}
    return frozenset(own | seen), frozenset(own)


def list_scope(session: Session, actor: Actor) -> tuple[str, frozenset[int] | None]:
    """Whose customers a list shows by default, and the ids of these people: None for the whole book.

    Own customers for account managers; a team's for those who lead or belong to one as team lead or admin; the whole
    book for others who see all of it, and for those whose team looks after nobody. A deputy's list has the customers
    of the absent person too; customers that a team only sees are listed for those who have no others.
    """
    scope = actor.scope(Act.SEE)
    if Scope.BOOK in scope:
        mates = _with_members(session, {actor.person_id}, actor.teams)
        return (TEAM, mates) if actor.teams and customers.count(session, mates) else (BOOK, None)
    positions = (actor, *actor.absent)
    own = {one.person_id for one in positions if one.scope(Act.SEE) & (Scope.OWN | Scope.BOOK)}
    teams = {team for one in positions if Scope.TEAMS in one.scope(Act.SEE) for team in one.teams}
    if not own and actor.seen_teams:
        return SEEN_TEAMS, visible_owners(session, actor)
    owners = _with_members(session, own, teams)
    if actor.absent:
        return DEPUTY, owners
    return (TEAM if Scope.TEAMS in scope else OWN), owners


def _with_members(session: Session, own: set[int], teams: Collection[int]) -> frozenset[int]:
    """These people and the members of these teams."""
    return frozenset(own | people.in_teams(session, teams)) if teams else frozenset(own)


def role_of(email: str, role: str, admins: Collection[str]) -> str:
    """A person's role: the one of the book, or admin by the settings."""
    return PersonRole.ADMIN if email in admins else role


def actor_of(person: PersonRow, settings: Settings) -> Actor:
    """A person in their present role. Raises NotAllowed for who was switched off, or is no member in Slack any more."""
    if not person.active or person.slack_status not in people.HERE:
        raise NotAllowed(NO_MEMBER if person.active else SWITCHED_OFF)
    return Actor(
        person_id=person.id,
        name=person.name,
        role=role_of(person.email, person.role, settings.admins),
        team_id=person.team_id,
        led_teams=person.led_teams,
        seen_teams=person.seen_teams,
        given=person.given,
        absent=tuple(
            Position(
                person_id=absent.id,
                role=role_of(absent.email, absent.role, settings.admins),
                team_id=absent.team_id,
                led_teams=absent.led_teams,
                seen_teams=absent.seen_teams,
                given=absent.given,
            )
            for absent in person.absent
        ),
        slack_user_id=person.slack_user_id or "",
        language=person.language or settings.language,
        timezone=zone_named(person.timezone, ZoneInfo(settings.timezone)).key,
    )
