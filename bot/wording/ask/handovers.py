"""What is said when a customer gets another account manager: to who did it, to the new one, and to the former one."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from bot.wording.actions import Action, Pointer
from bot.wording.ask.notes import MentionedContact
from bot.wording.care.complaints import OpenComplaints
from bot.wording.care.promises import OpenPromises
from bot.wording.message_base import Message
from bot.wording.parts import CustomerPart, NextStep, TierPart, Who


@dataclass(frozen=True, kw_only=True)
class OpenWork:
    """How much is open with a customer, and goes with it."""

    steps: int
    complaints: int
    promises: int

    @property
    def is_empty(self) -> bool:
        return not (self.steps or self.complaints or self.promises)


@dataclass(frozen=True, kw_only=True)
class HandoverSaved(Message):
    """A customer was handed over, or is to be; or that was taken back."""

    buttons: ClassVar = (Action.UNDO_HANDOVER,)
    pointers: ClassVar = {"handover": ("handover_id", "handover_version")}
    handover_id: int
    handover_version: int = 0
    customer_id: int
    name: str
    code: str
    act: str  # done | planned | repeated | taken_back | lapsed
    to: Who | None
    former: Who | None  # None: nobody looked after it
    starts_on: date
    work: OpenWork
    told: bool = True  # the new account manager can be written to in Slack
    may_undo: bool = False

    def targets(self) -> dict[Action, Pointer]:
        """Taken back only what was done a moment ago, or is still to come."""
        return super().targets() if self.may_undo else {}


@dataclass(frozen=True, kw_only=True)
class HandedToYou(Message, CustomerPart):
    """To the new account manager of a customer: what it is, what is open, and what the other one wrote."""

    buttons: ClassVar = (Action.OPEN, Action.BRIEF)
    tier: TierPart | None
    score: float | None
    since: date | None  # the day of its tier
    former: Who | None
    by: Who | None
    starts_on: date
    note: str | None
    steps: tuple[NextStep, ...]
    more_steps: int = 0
    complaints: OpenComplaints | None = None
    promises: OpenPromises | None = None
    last_contact: MentionedContact | None = None


@dataclass(frozen=True, kw_only=True)
class HandedOn(Message):
    """To whom a customer is no longer given, or to who planned it."""

    customer_id: int
    name: str
    code: str
    act: str  # done | taken_back | lapsed
    to: Who | None  # the new account manager
    former: Who | None
    by: Who | None
    starts_on: date
