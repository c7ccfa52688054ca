"""Adding a prospect by hand: what is given, its code, and similar names, which are asked about first."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from bot.errors import N_, BadInput, Conflict
from bot.services import access
from bot.services.access import Act, Actor, OwnedBy
from bot.services.ask import lookup
from bot.services.ask.questions.customer.visible import named_in
from bot.services.care.handover.subject import receiver, require_owner
from bot.services.care.schedule import CareRules, count_again
from bot.services.name_keys import derive_keys, fold
from bot.settings import Settings
from bot.wording.ask.prospects import ProspectAdded
from db.audit import AuditAction, ObjectKind
from db.book import customers, people
from db.book.by_hand import prospects
from db.book.customers import Customer, CustomerRow, Ownership, RecordType
from db.book.facts import Fact
from db.book.people import PersonRow
from db.engine import Database
from db.processes import InboundKey, Repeated, take_request

SOURCE = "tierbot"  # of codes that are given here
PREFIX, DIGITS = "P-", 4  # of codes that are made here: P-0001
MOST_DIGITS, TRIES = 30, 20  # of numbers that are counted on from; how many codes are tried
LEAD_SOURCE = "lead_source"  # the fact that says where a prospect was met
UNDO = timedelta(minutes=10)
MOST_SIMILAR = 5
LONGEST_NAME, LONGEST_CODE, LONGEST_WORD = 200, 40, 100


@dataclass(frozen=True, kw_only=True)
class GivenProspect:
    """What a person enters. Without a code one is made; without an owner it is who enters it."""

    name: str
    code: str | None = None
    country: str | None = None
    region: str | None = None
    lead_source: str | None = None
    owner: str | None = None  # a Slack user or an e-mail address

    def checked(self) -> "GivenProspect":
        """The same without spaces around it. Raises BadInput."""
        name = " ".join(self.name.split())
        if not fold(name):
            raise BadInput(N_("Write the name of the company.")).of("name")
        given: dict[str, str | None] = {}
        for field, most in (
            ("name", LONGEST_NAME),
            ("code", LONGEST_CODE),
            *((one, LONGEST_WORD) for one in ("country", "region", "lead_source")),
        ):
            text = " ".join((getattr(self, field) or "").split())
            if len(text) > most:
                raise BadInput(N_("Write at most %(most)s characters."), most=most).of(field)
            if not text.isprintable():
                raise BadInput(N_("A character in it cannot be shown. Type it again.")).of(field)
            given[field] = text or None
        if given["code"] is not None and not fold(given["code"]):
            raise BadInput(N_("Write letters and digits, or nothing.")).of("code")
        return replace(self, **given)  # type: ignore[arg-type]


@dataclass(frozen=True, kw_only=True)
class AddedProspect:
    """What adding a prospect, or taking it back, has made of it."""

    message: ProspectAdded
    customer_id: int


class SimilarNames(Conflict):
    """Customers with similar names are in the book: a person has to say that it is none of them."""

    def __init__(self, found: tuple[CustomerRow, ...]) -> None:
        self.found = found
        names = "; ".join(f"{one.name} {one.code}" for one in found)
        super().__init__(N_("In the book already: %(names)s. Is it one of these?"), names=names)


def may_add(actor: Actor) -> bool:
    """Whether somebody may add prospects of their own, or of all."""
    return access.can(actor, Act.ADD_PROSPECT, OwnedBy(actor.person_id or None, actor.team_id))


def add_prospect(
    database: Database,
    actor: Actor,
    given: GivenProspect,
    *,
    is_new: bool = False,
    rules: CareRules,
    settings: Settings,
    now: datetime,
    request: InboundKey,
    before_commit: Callable[[], None] = lambda: None,
) -> AddedProspect:
    """Add a prospect; who enters it, or who is named, looks after it.

    Without `is_new`, similar names among those that the actor may see are asked about first. The same request again, and
    the same name again within minutes, add nothing. Raises BadInput, NotAllowed, SimilarNames, and Conflict.
    """
    given = given.checked()
    with database.write() as session:
        owner = _owner(session, actor, given, settings, now)
        access.require(actor, Act.ADD_PROSPECT, OwnedBy(owner.id, owner.team_id) if owner else access.FIRM)
        owner_id = owner.id if owner else None
        same = prospects.named_since(session, fold(given.name), owner_id, now - UNDO)
        if same is not None:
            before_commit()
            return said(session, same, now, "repeated")
        if not is_new and (similar := _similar(session, actor, given.name)):
            raise SimilarNames(similar)
        try:
            take_request(session, request, now)
        except Repeated:
            same = prospects.named_since(session, fold(given.name), owner_id, now - UNDO)
            if same is not None:  # the same form at the same moment, which has committed in the meantime
                before_commit()
                return said(session, same, now, "repeated")
            raise Conflict(N_("This was added before, and taken back since. Open the form again.")) from None
        customer_id = _insert(session, given, now)
        if owner_id is not None:
            day = actor.today(now)
            session.add(Ownership(customer_id=customer_id, person_id=owner_id, starts_on=day))
        if given.lead_source is not None:
            session.add(
                Fact(
                    customer_id=customer_id,
                    field=LEAD_SOURCE,
                    measured_on=actor.today(now),
                    value=given.lead_source,
                    source=SOURCE,
                    author=actor.name,
                    recorded_at=now,
                )
            )
        session.flush()
        count_again(session, rules, customer_id, now)
        after = {"owner": owner_id}
        actor.record(session, AuditAction.PROSPECT_ADDED, ObjectKind.CUSTOMER, customer_id, after=after)
        before_commit()
        return said(session, customer_id, now, "added")


def said(session: Session, customer_id: int, now: datetime, act: str) -> AddedProspect:
    """What is answered about a prospect."""
    customer = customers.get(session, customer_id)
    assert customer is not None
    message = ProspectAdded(
        customer_id=customer_id,
        version=customer.version,
        name=customer.name,
        code=customer.code,
        act=act,
        owner=access.mentioned(customers.owner(session, customer_id)),
        may_undo=now - customer.created_at <= UNDO,
    )
    return AddedProspect(message=message, customer_id=customer_id)


def _owner(
    session: Session, actor: Actor, given: GivenProspect, settings: Settings, now: datetime
) -> PersonRow | None:
    """Who looks after it: who is named, else who enters it; nobody where the operator names nobody."""
    if given.owner:
        return receiver(session, given.owner, settings, now)
    owner = people.row_by_id(session, actor.person_id, now) if actor.person_id else None
    if owner is not None:
        require_owner(owner, settings)
    return owner


def _similar(session: Session, actor: Actor, name: str) -> tuple[CustomerRow, ...]:
    """The customers that the actor may see with a similar name, or one that stands in this one."""
    ids = lookup.find_for(session, actor, name).ids[:MOST_SIMILAR]
    ids = list(dict.fromkeys((*ids, *named_in(session, actor, name))))[:MOST_SIMILAR]
    rows = (customers.get_row(session, one) for one in ids)
    return tuple(row for row in rows if row is not None)


def _insert(session: Session, given: GivenProspect, now: datetime) -> int:
    """The row, its key and its names, under a code that nobody has."""
    code = given.code or _next_code(session)
    names, tokens = derive_keys(code, given.name)
    if _is_taken(session, code):
        raise BadInput(N_("Another customer has this code. Write another one, or none.")).of("code")
    row = Customer(
        code=code,
        name=given.name,
        record_type=RecordType.PROSPECT,
        country=given.country,
        region=given.region,
        created_at=now,
    )
    try:
        return prospects.insert(session, row, SOURCE, names, tokens)
    except IntegrityError:  # somebody else got this code at the same moment
        raise Conflict(N_("Somebody else has added a prospect at this moment. Send it again.")) from None


def _next_code(session: Session) -> str:
    """P- and the first free number after the highest one, as codes compare, with at least four digits."""
    keys = prospects.code_keys(session, fold(PREFIX) + " ")
    numbers = (re.fullmatch(rf"{fold(PREFIX)} ([0-9]{{1,{MOST_DIGITS}}})", key) for key in keys)
    first = max((int(found[1]) for found in numbers if found), default=0) + 1
    codes = [f"{PREFIX}{first + more:0{DIGITS}}" for more in range(TRIES)]
    return next((one for one in codes if not _is_taken(session, one)), codes[-1])


def _is_taken(session: Session, code: str) -> bool:
    return prospects.is_code_taken(session, SOURCE, fold(code), code)
