"""The end of a proposal about which nobody has decided in time."""

from datetime import datetime

from sqlmodel import Session

from bot.services.proposals import telling
from bot.services.schemes.store import SchemeCache
from bot.settings import Settings
from db import audit
from db.audit import AuditAction, AuditActor, Door, ObjectKind
from db.book import customers
from db.care.records import proposals
from db.care.records.proposals import CustomerProposal, ProposalState


def expire(
    session: Session, scheme_cache: SchemeCache, one: CustomerProposal, settings: Settings, now: datetime
) -> bool:
    """End a proposal and tell both sides; False when somebody was faster."""
    state = {"state": ProposalState.EXPIRED, "decided_at": now}
    customer = customers.get_row(session, one.customer_id)
    if customer is None or not proposals.move(session, one.id or 0, one.version, **state):
        return False
    ended = proposals.get(session, one.id or 0) or one
    audit.record(
        session,
        actor=AuditActor(),
        action=AuditAction.PROPOSAL_EXPIRED,
        object_kind=ObjectKind.CUSTOMER,
        object_id=one.customer_id,
        door=Door.JOB,
        after={"proposal": one.id, "kind": one.kind, "proposer": one.proposer_id or one.proposed_by},
    )
    telling.settle(session, scheme_cache, ended, customer, settings, now)
    return True
