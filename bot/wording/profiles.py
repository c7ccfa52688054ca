"""Customer profiles: the list of what is known, and what a form has changed."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar
from zlib import crc32

from bot.wording.actions import Action, Pointer
from bot.wording.message_base import Message
from bot.wording.parts import CustomerPart
from grading.scheme.model import Name


@dataclass(frozen=True, kw_only=True)
class CardTrait:
    """The values of a field, as a customer's card shows them."""

    field: Name
    values: tuple[Name, ...]
    more: int = 0  # values that are not shown


@dataclass(frozen=True, kw_only=True)
class TraitRow:
    """Values of a field that were stated together; `values` is empty where they are masked."""

    field: Name
    values: tuple[Name, ...]
    masked: bool
    as_of: date
    source: str | None  # the system they came from; None where somebody entered them
    author: str | None


@dataclass(frozen=True, kw_only=True)
class ProfileList(CustomerPart):
    """What is known of a customer; `more` are not among the rows."""

    traits: tuple[TraitRow, ...]
    more: int = 0
    may_change: bool = False
    may_unmask: bool = False


@dataclass(frozen=True, kw_only=True)
class CustomerProfile(Message, ProfileList):
    """The profile of a customer, with masks."""

    buttons: ClassVar = (Action.CHANGE_PROFILE, Action.PROFILE_IN_FULL)

    def targets(self) -> dict[Action, Pointer]:
        """Only what the reader may do, and the whole only where something is masked."""
        refused = {
            Action.CHANGE_PROFILE: not self.may_change,
            Action.PROFILE_IN_FULL: not (self.may_unmask and any(row.masked for row in self.traits)),
        }
        return {action: target for action, target in super().targets().items() if not refused.get(action)}


@dataclass(frozen=True, kw_only=True)
class CustomerProfileInFull(Message, ProfileList):
    """The same without masks, for who may see that; the audit has recorded it."""

    unmasked: ClassVar = True


@dataclass(frozen=True, kw_only=True)
class ProfileSaved(Message):
    """What a form has changed of a customer's profile."""

    buttons: ClassVar = (Action.UNDO_PROFILE,)
    customer_id: int
    name: str
    code: str
    changed: tuple[Name, ...] = ()  # fields with other values
    removed: tuple[Name, ...] = ()  # fields without a value now
    past: tuple[Name, ...] = ()  # fields of which a later day is known
    state: int | None = None  # of the profile, by which the change can be taken back
    outcome: str = "saved"  # saved | undone | repeated

    def targets(self) -> dict[Action, Pointer]:
        """Undo where something was changed."""
        if self.state is None:
            return {}
        mark = crc32(self.code.encode(errors="replace"))
        return {Action.UNDO_PROFILE: Pointer(id=self.customer_id, mark=mark, choice=str(self.state))}
