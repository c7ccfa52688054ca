"""Proposals about customers: what somebody asks for, what was decided, and those that wait for their reader."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from typing import ClassVar
from zlib import crc32

from bot.wording.actions import Action, Pointer
from bot.wording.message_base import Message
from bot.wording.parts import TierPart, Who


@dataclass(frozen=True, kw_only=True)
class ProposalRow:
    """What is proposed for a customer, and what has become of it: a tier, or a credit limit and terms."""

    proposal_id: int
    version: int
    customer_id: int
    customer_version: int
    name: str
    code: str
    kind: str  # override | credit
    tier: TierPart | None = None
    present: TierPart | None = None  # the tier that the customer had when the message was written
    until: date | None = None
    limit: str | None = None  # with its currency
    terms: int | None = None  # days
    reason: str
    by: Who
    asked_on: date
    last_day: date  # on which it can be decided
    state: str = "waiting"  # waiting | approved | declined | withdrawn | expired
    decided_by: Who | None = None
    answer: str | None = None  # why
    alone: bool = False  # approved by the person who proposed it
    may_decide: bool = False
    may_withdraw: bool = False

    @property
    def is_open(self) -> bool:
        return self.state == "waiting"

    @property
    def target(self) -> Pointer:
        """What its buttons point at."""
        return Pointer(id=self.proposal_id, version=self.version, mark=self.mark)

    @property
    def customer(self) -> Pointer:
        """What the button to its customer's card points at."""
        return Pointer(id=self.customer_id, version=self.customer_version, mark=self.mark)

    @property
    def mark(self) -> int:
        return crc32(self.code.encode(errors="replace"))

    @property
    def choices(self) -> tuple[Action, ...]:
        """What its reader can do about it."""
        decide = (Action.APPROVE_PROPOSAL, Action.DECLINE_PROPOSAL) if self.may_decide else ()
        withdraw = (Action.WITHDRAW_PROPOSAL,) if self.may_withdraw else ()
        return (*decide, *withdraw) if self.is_open else ()


@dataclass(frozen=True, kw_only=True)
class ProposalNotice(Message):
    """One proposal: to who may decide about it, to who made it, and what an act has made of it."""

    buttons: ClassVar = (
        *(Action.APPROVE_PROPOSAL, Action.DECLINE_PROPOSAL, Action.WITHDRAW_PROPOSAL),
        Action.OPEN,
    )
    row: ProposalRow
    act: str  # asked | escalated | made | repeated | told | current

    def targets(self) -> dict[Action, Pointer]:
        """Only what its reader can do while it waits; and the card."""
        found = dict.fromkeys(self.row.choices, self.row.target)
        return {**found, Action.OPEN: self.row.customer}

    def showing(self, row: ProposalRow) -> "ProposalNotice":
        """The same with what has become of its proposal."""
        return replace(self, row=row) if row.proposal_id == self.row.proposal_id else self


@dataclass(frozen=True, kw_only=True)
class WaitingProposals(Message):
    """The proposals that wait for a decision of the reader, and the reader's own; reminded of in the morning, or in the Home tab."""

    rows_of: ClassVar = "rows"
    rows: tuple[ProposalRow, ...]
    more: int = 0
    reminds: bool = False

    def showing(self, row: ProposalRow) -> "WaitingProposals":
        """The same with what has become of one of its proposals."""
        return replace(
            self, rows=tuple(row if one.proposal_id == row.proposal_id else one for one in self.rows)
        )

    def without(self, customer_ids: Collection[int]) -> "WaitingProposals":
        """The same without some of the customers that it names."""
        return replace(self, rows=tuple(row for row in self.rows if row.customer_id not in customer_ids))
