"""What is said when a question is not answered, and the answers that have no other message."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from bot.wording.actions import Action, Pointer, is_query
from bot.wording.message_base import Message
from bot.wording.parts import CustomerPart, TierPart
from grading.scheme.model import Name

MOST_STEPS, MOST_ENTRIES = 12, 12


@dataclass(frozen=True, kw_only=True)
class QuestionPart:
    """A question that can be asked instead, in the words of the asker."""

    words: str

    @property
    def label(self) -> str:
        return self.words

    @property
    def code(self) -> str:
        return ""

    @property
    def target(self) -> Pointer:
        """Its words, which are read anew when it is pressed."""
        return Pointer(id=0, query=held(self.words))


@dataclass(frozen=True, kw_only=True)
class NotUnderstood(Message):
    """A question that is asked back: what of it was understood, what was not, and what could be asked instead.

    `choices` are what it can mean; otherwise `questions` are the nearest ones that work.
    """

    buttons_for: ClassVar = "offered"
    choosing: ClassVar = Action.ASK
    asked_text: str
    reason: str  # bot.services.ask.questions.unclear.Reason
    words: tuple[str, ...] = ()
    asked: str = ""  # what was understood
    choices: tuple[QuestionPart, ...] = ()
    questions: tuple[QuestionPart, ...] = ()

    @property
    def offered(self) -> tuple[QuestionPart, ...]:
        return tuple(one for one in self.choices or self.questions if one.target.query is not None)


@dataclass(frozen=True, kw_only=True)
class HistoryEntryPart:
    """A grading of a customer."""

    as_of: date
    tier: TierPart
    score: float | None
    change: float | None
    held: bool = False
    capped: bool = False
    by_hand: bool = False


@dataclass(frozen=True, kw_only=True)
class CustomerHistory(Message, CustomerPart):
    """The tiers and scores of a customer, the newest first; `more` are older ones that are left out."""

    buttons: ClassVar = (Action.OPEN,)
    entries: tuple[HistoryEntryPart, ...]
    more: int = 0
    since: date | None = None


@dataclass(frozen=True, kw_only=True)
class OwedStepPart:
    """A step of care that a customer is owed: when it is due, or that it has no day at present."""

    names: Name
    due_on: date | None
    latest_on: date | None = None
    counted_from: date | None = None
    overdue: bool = False


@dataclass(frozen=True, kw_only=True)
class CareOwed(Message, CustomerPart):
    """What care a customer is owed and when."""

    buttons: ClassVar = (Action.OPEN,)
    tier: TierPart
    has_plan: bool
    is_blocked: bool = False
    steps: tuple[OwedStepPart, ...]
    more: int = 0


@dataclass(frozen=True, kw_only=True)
class CustomerCredit(Message, CustomerPart):
    """A customer's credit grade, what it proposes and what is owed; limits are masked."""

    buttons: ClassVar = (Action.OPEN,)
    grade: TierPart
    score: float | None
    assessed_on: date
    valid_until: date
    valid: bool
    terms_days: int | None
    approved_terms: int | None
    approved_on: date | None
    currency: str | None
    exposure: float
    overdue: float


def held(words: str) -> str | None:
    """Words as a button holds them; None when they would be other words then."""
    return words if is_query(words) else None
