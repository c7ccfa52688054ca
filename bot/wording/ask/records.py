"""What is recorded of one customer, asked for in words: its last contacts, and its complaints."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from bot.wording.actions import Action
from bot.wording.ask.briefs import BriefComplaint
from bot.wording.message_base import Message
from bot.wording.parts import CustomerPart


@dataclass(frozen=True, kw_only=True)
class LastOfKind:
    """When a customer was last visited, called …, or ordered: `kind` is a ContactKind or `order`."""

    kind: str
    day: date
    days: int


@dataclass(frozen=True, kw_only=True)
class LastContacts(Message, CustomerPart):
    """When a customer was last visited, called … and when it ordered, the newest first."""

    buttons: ClassVar = (Action.OPEN,)
    rows: tuple[LastOfKind, ...]


@dataclass(frozen=True, kw_only=True)
class CustomerComplaints(Message, CustomerPart):
    """The complaints of a customer: open ones, and those closed within twelve months."""

    buttons: ClassVar = (Action.OPEN,)
    complaints: tuple[BriefComplaint, ...]
    more_complaints: int = 0
