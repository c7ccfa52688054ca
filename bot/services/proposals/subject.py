"""The proposal that somebody acts on, who may, and how it is shown."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.clock import local_date
from bot.errors import N_, Conflict, Hidden, NotAllowed
from bot.masking import MASK
from bot.services import access
from bot.services.access import Act, Actor, Owned
from bot.services.gift_rules.limits import shown
from bot.services.schemes.store import SchemeCache
from bot.settings import Settings
from bot.wording.actions import Pointer
from bot.wording.ask.proposals import ProposalNotice, ProposalRow
from bot.wording.parts import TierPart, Who
from db.audit import AuditAction, ObjectKind
from db.book import customers, people
from db.book.customers import CustomerRow
from db.book.people import Person
from db.care.records import proposals
from db.care.records.proposals import CustomerProposal, ProposalKind, ProposalState
from db.engine import Database
from db.graded import tier_rows
from db.types import money_units

GONE = N_("This proposal is no longer there, or not for you.")
OVER = N_("This proposal is over: it was decided, withdrawn, or has expired.")
NEEDED = {ProposalKind.OVERRIDE: Act.OVERRIDE, ProposalKind.CREDIT: Act.APPROVE_CREDIT}
REFUSED = {
    ProposalKind.OVERRIDE: N_(
        "Only the lead of the account manager's team and admins decide about this proposal."
    ),
    ProposalKind.CREDIT: N_("Only finance and admins decide about this proposal."),
}
OWN = N_(
    "Nobody decides about their own proposal. Somebody else with the right has to; a firm without one sets"
    " TIERBOT_SINGLE_APPROVER to yes."
)


@dataclass(frozen=True, kw_only=True)
class ProposalAct:
    """What an act has made of a proposal."""

    message: ProposalNotice
    proposal_id: int
    customer_id: int


@dataclass(frozen=True, kw_only=True)
class ProposalTitle:
    """A waiting proposal, as a form about it is headed."""

    name: str
    code: str
    by: str


def seen(session: Session, actor: Actor, pointer: Pointer) -> tuple[CustomerRow, CustomerProposal]:
    """The proposal that a button points at with its customer, if the actor may see the customer. Raises Hidden.

    Who made a proposal keeps sight of it when the customer is no longer theirs.
    """
    found = proposals.get(session, pointer.id)
    if found is None:
        raise Hidden(GONE)
    meant = replace(pointer, id=found.customer_id)
    customer = customers.get_row(session, found.customer_id) if is_own(actor, found) else None
    if customer is not None:
        access.require_same(session, customer, meant)
        return customer, found
    return access.customer_for(session, actor, Act.SEE, meant, GONE), found


def reader_of(session: Session, person_id: int, settings: Settings, now: datetime) -> Actor | None:
    """Somebody with their rights now; None for who has left."""
    person = people.row_by_id(session, person_id, now)
    try:
        return None if person is None else access.actor_of(person, settings)
    except NotAllowed:
        return None


def is_own(actor: Actor, found: CustomerProposal) -> bool:
    """Whether the actor made a proposal; everybody at the machine without a name of their own is one operator."""
    return actor.who.person_id == found.proposer_id


def require_waiting(found: CustomerProposal, now: datetime) -> None:
    """Raise Conflict for a proposal that is over."""
    if found.state != ProposalState.WAITING or found.expires_at <= now:
        raise Conflict(OVER)


def may_decide(actor: Actor, found: CustomerProposal, customer: Owned) -> bool:
    """Whether the actor has the right to decide, whoever made the proposal.

    Who has it only as the deputy of who proposed does not: nobody names a deputy to have their own proposal approved.
    """
    others = tuple(one for one in actor.absent if one.person_id != found.proposer_id)
    return access.can(replace(actor, absent=others), NEEDED[ProposalKind(found.kind)], customer)


def is_for(actor: Actor, found: CustomerProposal, customer: Owned, settings: Settings) -> bool:
    """Whether the actor may decide about a proposal now."""
    return may_decide(actor, found, customer) and (
        not is_own(actor, found) or settings.single_approver == "yes"
    )


def require_decider(actor: Actor, found: CustomerProposal, customer: Owned, settings: Settings) -> None:
    """Raise NotAllowed, with who may, unless the actor may decide."""
    if not may_decide(actor, found, customer):
        raise NotAllowed(REFUSED[ProposalKind(found.kind)])
    if not is_for(actor, found, customer, settings):
        raise NotAllowed(OWN)


def sees_limit(actor: Actor, found: CustomerProposal, customer: Owned) -> bool:
    """Whether the limit of a proposal, a financial field, is shown to the actor: to who decides, and who asked for it."""
    concerned = is_own(actor, found) or may_decide(actor, found, customer)
    return concerned and access.can(actor, Act.UNMASK, customer)


def current(
    database: Database,
    scheme_cache: SchemeCache,
    actor: Actor,
    pointer: Pointer,
    *,
    settings: Settings,
) -> ProposalAct:
    """A proposal as it is now, for the actor. Raises Hidden."""
    with database.read() as session:
        customer, found = seen(session, actor, pointer)
        row = row_of(session, scheme_cache, found, customer, settings, reader=actor)
        return acted(row, "current")


def title(
    database: Database, actor: Actor, pointer: Pointer, *, settings: Settings, now: datetime
) -> ProposalTitle:
    """The waiting proposal of a button about which the actor may decide. Raises Hidden, NotAllowed and Conflict."""
    with database.read() as session:
        customer, found = seen(session, actor, pointer)
        require_waiting(found, now)
        require_decider(actor, found, customer, settings)
        return ProposalTitle(name=customer.name, code=customer.code, by=found.proposed_by)


def row_of(
    session: Session,
    scheme_cache: SchemeCache,
    found: CustomerProposal,
    customer: CustomerRow,
    settings: Settings,
    *,
    reader: Actor | None = None,
    **rights: bool,
) -> ProposalRow:
    """A proposal as its reader sees it: an actor with their rights now, or one with the `rights` that are given."""
    names = scheme_cache.tier_names(session)
    tier, present = None, None
    if found.kind == ProposalKind.OVERRIDE:
        tier = names.tier(found.tier or "")
        present = _present(session, customer.id, names.tier)
    masked = False
    if reader is not None:
        masked = not sees_limit(reader, found, customer)
        present = present if access.can(reader, Act.SEE, customer) else None
        rights = {
            "may_decide": is_for(reader, found, customer, settings),
            "may_withdraw": is_own(reader, found),
        }
    limit = None
    if found.credit_limit is not None:
        limit = MASK if masked else shown(money_units(found.credit_limit), found.currency or "").strip()
    ids = [one for one in (found.proposer_id, found.decider_id) if one is not None]
    persons = people.get_many(session, ids) if ids else {}
    return ProposalRow(
        proposal_id=found.id or 0,
        version=found.version,
        customer_id=customer.id,
        customer_version=customer.version,
        name=customer.name,
        code=customer.code,
        kind=found.kind,
        tier=tier,
        present=present,
        until=found.until,
        limit=limit,
        terms=found.terms,
        reason=found.reason,
        by=_who(persons, found.proposer_id, found.proposed_by),
        asked_on=_day(found.asked_at, settings),
        last_day=_day(found.expires_at, settings),
        state=found.state,
        decided_by=_who(persons, found.decider_id, found.decided_by) if found.decided_by else None,
        answer=found.answer,
        alone=found.approved_alone,
        **rights,
    )


def acted(row: ProposalRow, act: str) -> ProposalAct:
    """What is said about a proposal."""
    return ProposalAct(
        message=ProposalNotice(row=row, act=act), proposal_id=row.proposal_id, customer_id=row.customer_id
    )


def record(
    session: Session, actor: Actor, action: AuditAction, found: CustomerProposal, **after: Any
) -> None:
    """Write to the audit what was done about a proposal: who did it, who made it, no limits and no texts."""
    actor.record(
        session,
        action,
        ObjectKind.CUSTOMER,
        found.customer_id,
        after={
            "proposal": found.id,
            "kind": found.kind,
            "proposer": found.proposer_id or found.proposed_by,
            **after,
        },
    )


def _present(session: Session, customer_id: int, named: Any) -> TierPart | None:
    """The tier that a customer has at present."""
    tier = tier_rows.present_tiers(session, [customer_id]).get(customer_id)
    found: TierPart | None = named(tier) if tier is not None else None
    return found


def _who(persons: Mapping[int, Person], person_id: int | None, name: str | None) -> Who:
    return access.mentioned(persons.get(person_id or 0)) or Who(name=name or "")


def _day(at: datetime, settings: Settings) -> Any:
    return local_date(at, settings.zone)
