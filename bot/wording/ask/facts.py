"""What is said of facts that people record by hand."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from bot.wording.actions import Action, Pointer
from bot.wording.message_base import Message
from grading.scheme.model import Name


@dataclass(frozen=True, kw_only=True)
class FactRecorded(Message):
    """A fact was recorded, corrected, or taken back. `later`: the day of a newer one, which counts instead."""

    buttons: ClassVar = (Action.UNDO_FACT,)
    pointers: ClassVar = {"fact": ("fact_id", "version")}
    fact_id: int
    version: int = 0
    customer_id: int
    name: str
    code: str
    names: Name
    unit: str | None = None
    value: Name | float | str | bool
    measured_on: date
    outcome: str = "recorded"  # recorded | corrected | repeated | taken_back
    later: date | None = None
    may_undo: bool = False

    def targets(self) -> dict[Action, Pointer]:
        """Taken back only what was recorded a moment ago."""
        return super().targets() if self.may_undo else {}
