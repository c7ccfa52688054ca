"""What is said of the scores of satisfaction surveys."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from bot.wording.actions import Action, Pointer
from bot.wording.message_base import Message
from grading.scheme.model import Name


@dataclass(frozen=True, kw_only=True)
class LastScores:
    """The last two survey scores of a customer, as its card mentions them."""

    score: str
    scale: Name
    answered_on: date
    trend: str | None = None  # up | down | same, against the one before
    before_score: str | None = None
    before_scale: Name | None = None
    before_on: date | None = None


@dataclass(frozen=True, kw_only=True)
class ScoreLogged(Message):
    """A survey score was recorded, corrected, or taken back."""

    buttons: ClassVar = (Action.UNDO_SURVEY,)
    pointers: ClassVar = {"survey score": ("score_id", "version")}
    score_id: int
    version: int
    customer_id: int
    name: str
    code: str
    score: str
    scale: Name
    value: str  # on the scale of the grading's indicator, which is from `least` to `most`
    least: str
    most: str
    answered_on: date
    follow_up: str | None = None  # of a low score: owed | ungraded | blocked
    follow_up_until: date | None = None
    corrected: bool = False
    repeated: bool = False  # it was recorded a moment before
    taken_back: bool = False
    may_undo: bool = False

    def targets(self) -> dict[Action, Pointer]:
        """Taken back only what was recorded a moment ago."""
        return super().targets() if self.may_undo else {}
