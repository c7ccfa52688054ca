"""What is said of prospects that people add by hand."""

from dataclasses import dataclass, replace
from typing import ClassVar

from bot.wording.actions import Action, Pointer, is_query
from bot.wording.message_base import Message
from bot.wording.parts import CustomerPart, Who


@dataclass(frozen=True, kw_only=True)
class ProspectAdded(Message, CustomerPart):
    """A prospect was added, or taken back."""

    buttons: ClassVar = (Action.OPEN, Action.UNDO_PROSPECT)
    act: str  # added | repeated | taken_back
    owner: Who | None = None
    may_undo: bool = False

    def targets(self) -> dict[Action, Pointer]:
        """Its card while it is there; taken back only for a moment."""
        found = super().targets() if self.act != "taken_back" else {}
        return {one: target for one, target in found.items() if one is Action.OPEN or self.may_undo}


@dataclass(frozen=True, kw_only=True)
class ProspectOffer(Message):
    """Where a form cannot be opened at once: the button that opens it, with the name that was typed."""

    buttons: ClassVar = (Action.ADD_PROSPECT,)
    pointers: ClassVar = {"prospect": ("number", "number")}
    name: str = ""
    number: int = 0

    def targets(self) -> dict[Action, Pointer]:
        """The name comes along."""
        found = super().targets()
        return {
            one: replace(target, query=self.name if is_query(self.name) and self.name else None, mark=None)
            for one, target in found.items()
        }
