"""Proposals about customers: a tier or a credit limit that one person asks for and another one decides about.

Promise: of one kind, a customer has at most one that waits.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Index, or_, select
from sqlmodel import Field, Session, SQLModel, col, update

from db.book.customers import Ownership, present_owner
from db.outbox.messages import OutboxMessage
from db.types import Money, NumberedRow, UtcDateTime, partial_index

_WAITS = "state = 'waiting'"


class ProposalKind(StrEnum):
    """What is proposed."""

    OVERRIDE = "override"  # a tier
    CREDIT = "credit"  # a credit limit and payment terms


class ProposalState(StrEnum):
    """What has become of a proposal."""

    WAITING = "waiting"
    APPROVED = "approved"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"  # by who proposed it; by nobody when its customer was joined into another one
    EXPIRED = "expired"  # nobody decided in time


class CustomerProposal(NumberedRow, table=True):
    """What somebody proposes for a customer, and how that ended. `version` counts its changes, for buttons that point at it."""

    __tablename__ = "proposal"
    __table_args__ = (
        partial_index("uq_proposal_waiting", "customer_id", "kind", where=_WAITS, unique=True),
        partial_index("ix_proposal_expires", "expires_at", where=_WAITS),
        Index("ix_proposal_customer_id", "customer_id"),
        {"sqlite_autoincrement": True},  # a button of an erased one never means another
    )
    customer_id: int = Field(foreign_key="customer.id")
    kind: str  # a ProposalKind
    tier: str | None = None  # of an override
    until: date | None = None  # its last day
    credit_limit: Decimal | None = Field(default=None, sa_type=Money)
    terms: int | None = None  # days
    currency: str | None = None  # of the limit
    reason: str
    proposer_id: int | None = Field(
        default=None, foreign_key="person.id"
    )  # None: the operator of the machine
    proposed_by: str
    asked_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    escalated_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # when admins were asked as well
    state: str = ProposalState.WAITING
    decider_id: int | None = Field(default=None, foreign_key="person.id")
    decided_by: str | None = None
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    answer: str | None = None  # why it was approved, declined or withdrawn
    approved_alone: bool = False  # by the person who proposed it, which a setting allows
    version: int = 1


class ProposalMessage(SQLModel, table=True):
    """A message that shows a proposal."""

    __tablename__ = "proposal_message"
    outbox_id: int = Field(primary_key=True, foreign_key="outbox.id", ondelete="CASCADE")
    proposal_id: int = Field(primary_key=True, foreign_key="proposal.id", index=True, ondelete="CASCADE")


class ShowingMessage(NamedTuple):
    """A message that shows a proposal, as it is stored."""

    outbox_id: int
    body: str


def get(session: Session, proposal_id: int) -> CustomerProposal | None:
    """A proposal as it is in the database now."""
    return session.get(CustomerProposal, proposal_id, populate_existing=True)


def waiting_of(session: Session, customer_id: int, kind: str) -> CustomerProposal | None:
    """The proposal of a kind that waits for a decision about a customer."""
    theirs = _ROWS.where(
        col(CustomerProposal.customer_id) == customer_id, col(CustomerProposal.kind) == kind, _is_waiting()
    )
    return session.scalars(theirs).first()


def proposers(session: Session, proposal_ids: Iterable[int]) -> dict[int, int | None]:
    """Proposal -> who made it."""
    rows = session.execute(
        select(col(CustomerProposal.id), col(CustomerProposal.proposer_id)).where(
            col(CustomerProposal.id).in_(proposal_ids)
        )
    )
    return {row[0]: row[1] for row in rows}


def newest_by(
    session: Session, customer_id: int, kind: str, proposer_id: int | None
) -> CustomerProposal | None:
    """The newest proposal of a kind that a person made about a customer."""
    theirs = _ROWS.where(
        col(CustomerProposal.customer_id) == customer_id,
        col(CustomerProposal.kind) == kind,
        col(CustomerProposal.proposer_id) == proposer_id,
    )
    return session.scalars(theirs.order_by(col(CustomerProposal.id).desc()).limit(1)).first()


def listed(
    session: Session, owners: frozenset[int] | None, *, ended: bool, proposer_id: int | None = None
) -> list[CustomerProposal]:
    """Proposals about the customers of these owners (None: about all), or by a person, the oldest first.

    With `ended` also those that are over.
    """
    statement = _ROWS if ended else _ROWS.where(_is_waiting())
    if owners is not None:
        theirs = select(col(Ownership.id)).where(
            present_owner(CustomerProposal.customer_id), col(Ownership.person_id).in_(owners)
        )
        statement = statement.where(or_(theirs.exists(), col(CustomerProposal.proposer_id) == proposer_id))
    return list(session.scalars(statement.order_by(col(CustomerProposal.id))))


def waiting(session: Session) -> list[CustomerProposal]:
    """All that wait, the oldest first."""
    return listed(session, None, ended=False)


def untold(session: Session) -> list[CustomerProposal]:
    """Those that ended because their customer was joined, as long as nobody has been told."""
    ended = _ROWS.where(
        col(CustomerProposal.state) == ProposalState.WITHDRAWN, col(CustomerProposal.decided_at).is_(None)
    )
    return list(session.scalars(ended.order_by(col(CustomerProposal.id))))


def move(session: Session, proposal_id: int, version: int, **values: Any) -> bool:
    """Change a waiting proposal of a version; False when somebody was faster."""
    statement = (
        update(CustomerProposal)
        .where(
            col(CustomerProposal.id) == proposal_id, col(CustomerProposal.version) == version, _is_waiting()
        )
        .values(version=version + 1, **values)
        .execution_options(synchronize_session=False)
    )
    return bool(session.exec(statement).rowcount)


def link(session: Session, outbox_id: int, proposal_ids: Iterable[int]) -> None:
    """Note that a message shows these proposals."""
    session.add_all(ProposalMessage(outbox_id=outbox_id, proposal_id=number) for number in proposal_ids)
    session.flush()


def messages_of(session: Session, proposal_id: int) -> list[ShowingMessage]:
    """The messages that show a proposal, the oldest first."""
    rows = session.execute(
        select(col(OutboxMessage.id), col(OutboxMessage.body_json))
        .join(ProposalMessage, col(ProposalMessage.outbox_id) == col(OutboxMessage.id))
        .where(col(ProposalMessage.proposal_id) == proposal_id)
        .order_by(col(OutboxMessage.id))
    )
    return [ShowingMessage(*row) for row in rows]


def readers_of(session: Session, proposal_id: int) -> set[int]:
    """The people to whom messages that show a proposal were written."""
    rows: Sequence[int | None] = session.scalars(
        select(col(OutboxMessage.recipient))
        .join(ProposalMessage, col(ProposalMessage.outbox_id) == col(OutboxMessage.id))
        .where(col(ProposalMessage.proposal_id) == proposal_id)
    ).all()
    return {row for row in rows if row is not None}


def rewrite(session: Session, outbox_id: int, body: str, body_hash: str) -> None:
    """Store what a message says now."""
    session.exec(
        update(OutboxMessage)
        .where(col(OutboxMessage.id) == outbox_id)
        .values(body_json=body, body_hash=body_hash)
        .execution_options(synchronize_session=False)
    )


def _is_waiting() -> Any:
    return col(CustomerProposal.state) == ProposalState.WAITING


_ROWS = select(CustomerProposal)
