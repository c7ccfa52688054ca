"""Approving, declining and withdrawing a proposal, each once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from bot.clock import local_date
from bot.errors import N_, Conflict, NotAllowed
from bot.services.access import Actor
from bot.services.care.complaints.opening import check_text
from bot.services.grade import overrides
from bot.services.grade.overrides import OverrideRequest
from bot.services.proposals import subject, telling
from bot.services.proposals.subject import ProposalAct
from bot.services.reports import credit
from bot.services.reports.credit import ApprovalRequest
from bot.services.schemes.store import SchemeCache
from bot.settings import Settings
from bot.wording.actions import Pointer
from db.audit import AuditAction, AuditActor
from db.book.customers import CustomerRow
from db.care.records import proposals
from db.care.records.proposals import CustomerProposal, ProposalKind, ProposalState
from db.engine import Database
from db.graded import due_regrades
from db.processes import InboundKey, take_request

LOCKS = {ProposalKind.OVERRIDE: overrides.LOCK, ProposalKind.CREDIT: credit.LOCK}
ACTIONS = {
    ProposalState.APPROVED: AuditAction.PROPOSAL_APPROVED,
    ProposalState.DECLINED: AuditAction.PROPOSAL_DECLINED,
    ProposalState.WITHDRAWN: AuditAction.PROPOSAL_WITHDRAWN,
}
Settle = Callable[[], None]


def approve(
    database: Database,
    scheme_cache: SchemeCache,
    actor: Actor,
    pointer: Pointer,
    *,
    answer: str | None = None,
    settings: Settings,
    now: datetime,
    request: InboundKey,
    before_commit: Settle = lambda: None,
) -> ProposalAct:
    """Put in force what is proposed. The customer is graded again soon after an override.

    Everything that the act itself would check is checked again. Raises Repeated, Hidden, NotAllowed for who may not decide
    and for who proposed it, Conflict for what is decided already, and whatever the facts of now do not allow.
    """
    if answer is not None:
        check_text(answer, "reason")
    with database.write() as session:
        take_request(session, request, now)
        customer, found = _locked(database, session, actor, pointer, now)
        subject.require_decider(actor, found, customer, settings)
        _put(session, scheme_cache, actor, found, customer, settings, now)
        alone = {"approved_alone": True} if subject.is_own(actor, found) else {}
        return _ended(
            session,
            scheme_cache,
            actor,
            found,
            customer,
            ProposalState.APPROVED,
            answer,
            settings,
            now,
            before_commit,
            **alone,
        )


def decline(
    database: Database,
    scheme_cache: SchemeCache,
    actor: Actor,
    pointer: Pointer,
    *,
    answer: str,
    settings: Settings,
    now: datetime,
    request: InboundKey,
    before_commit: Settle = lambda: None,
) -> ProposalAct:
    """Decide against a proposal, with a reason. Raises as `approve` does, and BadInput without a reason."""
    check_text(answer, "reason")
    with database.write() as session:
        take_request(session, request, now)
        customer, found = _locked(database, session, actor, pointer, now)
        subject.require_decider(actor, found, customer, settings)
        state = ProposalState.DECLINED
        return _ended(
            session, scheme_cache, actor, found, customer, state, answer, settings, now, before_commit
        )


def withdraw(
    database: Database,
    scheme_cache: SchemeCache,
    actor: Actor,
    pointer: Pointer,
    *,
    answer: str | None = None,
    settings: Settings,
    now: datetime,
    request: InboundKey,
    before_commit: Settle = lambda: None,
) -> ProposalAct:
    """Take back one's own proposal while it waits. Raises Repeated, Hidden, NotAllowed and Conflict."""
    with database.write() as session:
        take_request(session, request, now)
        customer, found = _locked(database, session, actor, pointer, now)
        if not subject.is_own(actor, found):
            raise NotAllowed(N_("Only the person who made a proposal can withdraw it."))
        state = ProposalState.WITHDRAWN
        return _ended(
            session, scheme_cache, actor, found, customer, state, answer, settings, now, before_commit
        )


def _locked(
    database: Database, session: Session, actor: Actor, pointer: Pointer, now: datetime
) -> tuple[CustomerRow, CustomerProposal]:
    """The waiting proposal with its customer, while nobody else decides about one of its kind."""
    _, found = subject.seen(session, actor, pointer)
    database.lock(session, LOCKS[ProposalKind(found.kind)])
    customer, found = subject.seen(session, actor, pointer)
    subject.require_waiting(found, now)
    return customer, found


def _put(
    session: Session,
    scheme_cache: SchemeCache,
    actor: Actor,
    found: CustomerProposal,
    customer: CustomerRow,
    settings: Settings,
    now: datetime,
) -> None:
    """The effect of what is proposed."""
    today = local_date(now, settings.zone)
    if found.kind == ProposalKind.OVERRIDE:
        tier = OverrideRequest(tier=found.tier or "", reason=found.reason, expires_on=found.until)
        overrides.check(session, scheme_cache, customer, tier, today, to_approve=True)
        set_by = AuditActor(person_id=found.proposer_id, name=found.proposed_by)
        overrides.put(session, actor, customer, tier, actor, set_by=set_by, today=today, now=now)
        due_regrades.mark(session, customer.id, now)
        return
    asked = ApprovalRequest(limit=found.credit_limit, terms_days=found.terms, reason=found.reason)
    currency = credit.decidable(session, scheme_cache, customer, asked, today).credit.currency
    if currency != found.currency:
        raise Conflict(
            N_("Credit is assessed in %(new)s now, and this was proposed in %(old)s. Propose it again."),
            new=currency or "–",
            old=found.currency or "–",
        )
    credit.put(session, scheme_cache, actor, customer, asked, today=today, now=now)


def _ended(
    session: Session,
    scheme_cache: SchemeCache,
    actor: Actor,
    found: CustomerProposal,
    customer: CustomerRow,
    state: ProposalState,
    answer: str | None,
    settings: Settings,
    now: datetime,
    before_commit: Settle,
    **also: bool,
) -> ProposalAct:
    """Store how a proposal ended, and say it to everybody whom it concerns."""
    decided = {
        "state": state,
        "decider_id": actor.who.person_id,
        "decided_by": actor.name,
        "decided_at": now,
        "answer": answer.strip() if answer else None,
        **also,
    }
    if not proposals.move(session, found.id or 0, found.version, **decided):
        raise Conflict(subject.OVER)
    ended = proposals.get(session, found.id or 0) or found
    subject.record(session, actor, ACTIONS[state], ended, **({"alone": True} if also else {}))
    telling.settle(session, scheme_cache, ended, customer, settings, now)
    before_commit()
    row = subject.row_of(session, scheme_cache, ended, customer, settings, reader=actor)
    return subject.acted(replace(row, may_decide=False), "current")
