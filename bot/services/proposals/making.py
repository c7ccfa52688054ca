"""Making a proposal: what is asked for is checked as if it were decided now."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlmodel import Session

from bot.clock import local_date
from bot.errors import N_, BadInput, Conflict, Hidden, NotAllowed
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.care.complaints.opening import check_text
from bot.services.grade import overrides
from bot.services.grade.overrides import OverrideRequest
from bot.services.proposals import deciders, expiry, subject, telling
from bot.services.proposals.subject import ProposalAct
from bot.services.reports import credit
from bot.services.reports.credit import ApprovalRequest
from bot.services.schemes.store import SchemeCache
from bot.settings import Settings
from bot.wording.actions import Pointer
from db.audit import AuditAction
from db.book.customers import CustomerRow
from db.care.records import proposals
from db.care.records.proposals import CustomerProposal, ProposalKind
from db.engine import Database
from db.graded import tier_rows
from db.processes import InboundKey, Repeated, take_request
from grading.scheme.model import Name

LOCK = "proposals"  # of those who make some: two at the same moment would not see each other's
NO_LIMITS = N_("You may not see the credit limit of this customer, so you cannot propose one.")


@dataclass(frozen=True, kw_only=True)
class WantedTier:
    """The tier that somebody proposes."""

    tier: str
    reason: str
    until: date | None = None
    kind: ProposalKind = field(default=ProposalKind.OVERRIDE, init=False)


@dataclass(frozen=True, kw_only=True)
class WantedCredit:
    """The credit limit and terms that somebody proposes; None is what the assessment proposes."""

    reason: str
    limit: Decimal | None = None
    terms_days: int | None = None
    kind: ProposalKind = field(default=ProposalKind.CREDIT, init=False)


Wanted = WantedTier | WantedCredit


@dataclass(frozen=True, kw_only=True)
class ToPropose:
    """What the form of a proposal says before it is made."""

    name: str
    code: str
    tiers: tuple[tuple[str, Name], ...] = ()
    present: str | None = None  # id of the tier at present
    needs_until: bool = False
    latest: date | None = None  # the latest last day
    terms_days: int | None = None  # that the assessment proposes
    currency: str | None = None


def to_propose(
    session: Session,
    scheme_cache: SchemeCache,
    actor: Actor,
    meant: int | Pointer,
    kind: ProposalKind,
    today: date,
    now: datetime,
) -> ToPropose:
    """What the form says. Raises Hidden, NotAllowed, and what nobody could propose now."""
    customer = _customer(session, actor, meant, kind)
    refuse_second(session, customer, kind, now)
    if kind == ProposalKind.CREDIT:
        found = credit.valid_credit(session, scheme_cache, customer, today)
        return ToPropose(
            name=customer.name, code=customer.code, terms_days=found.terms_days, currency=found.currency
        )
    scheme = overrides.scheme_for(session, scheme_cache, customer, today)
    rules = scheme.override
    overrides.refuse_another(session, customer)
    if rules is None or not rules.allowed:
        raise BadInput(overrides.NOT_ALLOWED, scheme=scheme.scheme)
    return ToPropose(
        name=customer.name,
        code=customer.code,
        tiers=tuple((tier.id, tier.name) for tier in scheme.tiers),
        present=tier_rows.present_tiers(session, [customer.id]).get(customer.id),
        needs_until="expires_on" in rules.needs or rules.max_days is not None,
        latest=None if rules.max_days is None else today + timedelta(days=rules.max_days),
    )


def propose(
    database: Database,
    scheme_cache: SchemeCache,
    actor: Actor,
    wanted: Wanted,
    *,
    meant: int | Pointer,
    settings: Settings,
    now: datetime,
    request: InboundKey,
    before_commit: Callable[[], None] = lambda: None,
) -> ProposalAct:
    """Store a proposal and ask those who may decide. `before_commit` may raise, to store nothing.

    The same request again stores nothing. Raises Hidden and NotAllowed, Conflict while another one of the kind waits or
    nobody may decide, and whatever the decision would raise now.
    """
    check_text(wanted.reason, "reason")
    today = local_date(now, settings.zone)
    with database.write(lock=LOCK) as session:
        customer = _customer(session, actor, meant, wanted.kind)
        try:
            take_request(session, request, now)
        except Repeated:
            known = proposals.newest_by(session, customer.id, wanted.kind, actor.who.person_id)
            if known is None:
                raise Hidden(subject.GONE) from None
            before_commit()
            row = subject.row_of(session, scheme_cache, known, customer, settings, reader=actor)
            return subject.acted(row, "repeated")
        over = refuse_second(session, customer, wanted.kind, now)
        if over is not None:
            expiry.expire(session, scheme_cache, over, settings, now)
        found = CustomerProposal(
            customer_id=customer.id,
            kind=wanted.kind,
            reason=wanted.reason.strip(),
            proposer_id=actor.who.person_id,
            proposed_by=actor.name,
            asked_at=now,
            expires_at=now + timedelta(days=settings.proposal_days),
            **_checked(session, scheme_cache, customer, wanted, today),
        )
        readers = deciders.asked(session, found, customer, settings, now)
        if not readers:
            raise Conflict(
                N_(
                    "Nobody but you may decide about this, so it cannot be proposed. An admin gives somebody the right; a"
                    " firm with one such person sets TIERBOT_SINGLE_APPROVER to yes."
                )
            )
        session.add(found)
        session.flush()
        subject.record(session, actor, AuditAction.PROPOSAL_MADE, found, tier=found.tier, until=found.until)
        telling.ask(session, scheme_cache, found, customer, readers, settings, now)
        before_commit()
        row = subject.row_of(session, scheme_cache, found, customer, settings, reader=actor)
        return subject.acted(row, "made")


def refuse_second(
    session: Session, customer: CustomerRow, kind: ProposalKind, now: datetime
) -> CustomerProposal | None:
    """Raise Conflict while a proposal of the kind waits; returns one that is over and not yet ended by the job."""
    present = proposals.waiting_of(session, customer.id, kind)
    if present is not None and present.expires_at > now:
        raise Conflict(
            N_("%(name)s has a proposal by %(by)s that waits for a decision: number %(number)s."),
            name=customer.name,
            by=present.proposed_by,
            number=present.id,
        )
    return present


def _customer(session: Session, actor: Actor, meant: int | Pointer, kind: ProposalKind) -> CustomerRow:
    """The customer, if the actor may propose this of it."""
    customer = access.customer_for(session, actor, Act.PROPOSE, meant)
    if kind == ProposalKind.CREDIT and not access.can(actor, Act.UNMASK, customer):
        raise NotAllowed(NO_LIMITS)
    return customer


def _checked(
    session: Session, scheme_cache: SchemeCache, customer: CustomerRow, wanted: Wanted, today: date
) -> dict[str, Any]:
    """The columns of what is proposed. Raises what its approval would raise now."""
    match wanted:
        case WantedTier():
            tier = OverrideRequest(tier=wanted.tier, reason=wanted.reason.strip(), expires_on=wanted.until)
            overrides.check(session, scheme_cache, customer, tier, today, to_approve=True)
            return {"tier": wanted.tier, "until": wanted.until}
        case WantedCredit():
            asked = ApprovalRequest(
                limit=wanted.limit, terms_days=wanted.terms_days, reason=wanted.reason.strip()
            )
            found = credit.decidable(session, scheme_cache, customer, asked, today)
            currency = found.credit.currency
            return {"credit_limit": found.limit, "terms": found.terms_days, "currency": currency}
