"""What is to be known before a visit: of an account on one page, of a prospect on its card."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, ClassVar, Self

from bot.wording.actions import Action, Pointer
from bot.wording.care.surveys import LastScores
from bot.wording.message_base import Message
from bot.wording.parts import (
    ByHand,
    CustomerPart,
    DimensionPart,
    NextStep,
    PendingPart,
    Reason,
    Since,
    TierPart,
    Who,
)
from bot.wording.profiles import TraitRow
from bot.wording.service_parts import ServicePromise
from bot.wording.why_parts import NotComputed, RatingGap, RecordsFacts, Wanted, WayPart
from grading.scheme.model import Name

MOST_OF_A_KIND = 4  # rows of a list, where not all fit


@dataclass(frozen=True, kw_only=True)
class GradedPart:
    """The tier of a customer, why it has it, and what has moved since the last contact."""

    tier: TierPart
    score: float | None
    coverage: float
    as_of: date
    since: date  # when it came into the tier
    scheme: Name
    scheme_version: int
    held: bool = False
    capped_by: Name | None = None
    by_hand: ByHand | None = None
    pending: PendingPart | None = None
    up: tuple[Reason, ...] = ()
    down: tuple[Reason, ...] = ()
    before: Since | None = None  # the grading in force on the day of the last contact
    moved: tuple[DimensionPart, ...] = ()  # what each dimension added since then
    newer: bool = True  # there was a grading since the last contact

    @property
    def change(self) -> float | None:
        """Points since the last contact; None where a score is missing."""
        if self.before is None or self.before.score is None or self.score is None:
            return None
        return self.score - self.before.score


@dataclass(frozen=True, kw_only=True)
class ScorePoint:
    """One grading in a customer's history of scores."""

    as_of: date
    tier: TierPart
    score: float | None


@dataclass(frozen=True, kw_only=True)
class AgreedPart:
    """What was promised on the day of a contact, and what has become of it."""

    what: str | None
    due_on: date
    state: str = "open"  # open | kept | withdrawn


@dataclass(frozen=True, kw_only=True)
class BriefContact:
    """A contact: what was said, and what was promised in it."""

    kind: str  # a ContactKind
    happened_on: date
    who: Who | None
    said: str | None
    source: str | None = None  # the system that it came from; None where somebody logged it here
    agreed: tuple[AgreedPart, ...] = ()


@dataclass(frozen=True, kw_only=True)
class BriefPromise:
    """An open promise."""

    what: str | None
    due_on: date
    made_on: date
    over: int
    made_by: Who | None
    keeper: Who | None
    first_due_on: date | None = None


@dataclass(frozen=True, kw_only=True)
class LastOrder:
    """The last day on which a customer ordered, and the orders of that day together."""

    day: date
    amount: float
    days_ago: int


@dataclass(frozen=True, kw_only=True)
class TradePart:
    """What a customer ordered, in one currency, up to a day: twelve months, and the twelve months before."""

    currency: str
    year: float
    year_before: float
    orders: int  # of the twelve months, returns not counted
    last: LastOrder | None = None
    usual_gap: float | None = None  # days between two days with an order, in the middle of all


@dataclass(frozen=True, kw_only=True)
class OverdueInvoice:
    """An open invoice whose day is past."""

    number: str
    due_on: date
    over: int
    amount: float
    currency: str


@dataclass(frozen=True, kw_only=True)
class CreditPart:
    """What a customer owes, and what was approved. `limit` is None where it is masked, or where there is none."""

    currency: str | None
    exposure: float
    overdue: float
    limit: float | None = None
    limited: bool = False  # a limit was approved
    masked: bool = False
    terms_days: int | None = None
    grade: str | None = None
    approved_on: date | None = None
    approved_by: str | None = None
    limit_currency: str | None = None

    @property
    def left(self) -> float | None:
        """What may be owed besides; below zero, the limit is exceeded. None where that is not known or shown."""
        if self.limit is None or self.limit_currency not in (None, self.currency):
            return None
        return self.limit - self.exposure


@dataclass(frozen=True, kw_only=True)
class BriefComplaint:
    """A complaint: open, or closed within the last twelve months."""

    kind: Name
    what: str | None
    reported_on: date
    is_open: bool
    deadline: date | None = None
    over: int = 0
    handler: Who | None = None
    closed_on: date | None = None
    outcome: str | None = None
    agreed: str | None = None


@dataclass(frozen=True, kw_only=True)
class BriefPerson:
    """A contact person; telephone and address are masked unless the whole is asked for."""

    contact_person_id: int
    name: str
    role: str | None
    channel: str | None
    phone: str | None
    email: str | None
    do_not_contact: bool
    birthday_on: date | None = None  # soon
    source: str | None = None
    interests: str | None = None
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class BriefStep:
    """A care step that is owed."""

    step: NextStep
    who: Who | None = None  # who does it, where that is not the account manager


@dataclass(frozen=True, kw_only=True)
class BriefFact:
    """What somebody stated of a customer, and what it rests on."""

    names: Name
    value: str | float | None  # None where it is masked
    unit: str | None = None
    evidence: str | None
    author: str | None
    source: str | None
    measured_on: date


@dataclass(frozen=True, kw_only=True)
class RisePart:
    """What lifts a customer to the tier above."""

    goal: TierPart
    needed: float | None = None
    by_itself: date | None = None
    or_by_import: bool = False
    ways: tuple[WayPart, ...] = ()
    no_way: str | None = None  # by_hand | gates | not_enough
    blockers: tuple[Name, ...] = ()


@dataclass(frozen=True, kw_only=True)
class BriefParts(RecordsFacts, CustomerPart):
    """What both pages say. The rows of a list that are not on the page are counted in the field `more_` and its name."""

    day: date  # of the reader
    owner: Who | None
    graded: GradedPart | None
    history: tuple[ScorePoint, ...] = ()
    more_history: int = 0
    contacts: tuple[BriefContact, ...] = ()
    more_contacts: int = 0
    promises: tuple[BriefPromise, ...] = ()
    more_promises: int = 0
    complaints: tuple[BriefComplaint, ...] = ()
    more_complaints: int = 0
    people: tuple[BriefPerson, ...] = ()
    more_people: int = 0
    profile: tuple[TraitRow, ...] = ()
    more_profile: int = 0
    facts: tuple[BriefFact, ...] = ()
    more_facts: int = 0
    scores: LastScores | None = None
    steps: tuple[BriefStep, ...] = ()
    more_steps: int = 0
    service: ServicePromise | None = None
    wanted: tuple[Wanted, ...] = ()
    rating_gap: RatingGap | None = None
    not_computed: tuple[NotComputed, ...] = ()
    rise: RisePart | None = None
    visit: NextStep | None = None  # for which it is sent the evening before
    may_unmask: bool = False
    may_log: bool = False
    wants_briefs: bool | None = None  # the evening before a visit; None for who is no person of the book

    LISTS: ClassVar[tuple[str, ...]] = (
        "history",
        "contacts",
        "promises",
        "complaints",
        "people",
        "profile",
        "facts",
        "steps",
    )

    def shorter(self) -> Self | None:
        """The same with one row less in each of its longest lists; None where each has but one."""
        rows = {name: len(getattr(self, name)) for name in self.LISTS}
        most = min(max(rows.values()) - 1, MOST_OF_A_KIND)
        if most < 1:
            return None
        left: dict[str, Any] = {}
        for name, count in rows.items():
            if count > most:
                left[name] = getattr(self, name)[:most]
                left[f"more_{name}"] = getattr(self, f"more_{name}") + count - most
        return replace(self, **left)

    def _shown(self) -> Iterator[Action]:
        """What the reader may press."""
        yield Action.OPEN
        yield Action.WHY
        yield Action.NOTES
        yield Action.SCORE_CHART
        if self.may_log:
            yield Action.LOG_VISIT
        if self.may_unmask:
            yield Action.BRIEF_IN_FULL
        if self.wants_briefs is not None:
            yield Action.BRIEFS_OFF if self.wants_briefs else Action.BRIEFS_ON

    def targets(self) -> dict[Action, Pointer]:
        """Only what the reader may press, and what there is something behind."""
        shown = set(self._shown())
        if self.graded is None:
            shown -= {Action.WHY, Action.SCORE_CHART}
        found: dict[Action, Pointer] = super().targets()  # type: ignore[misc]
        return {action: target for action, target in found.items() if action in shown}


BUTTONS = (
    *(Action.LOG_VISIT, Action.OPEN, Action.WHY, Action.NOTES, Action.SCORE_CHART),
    *(Action.BRIEFS_ON, Action.BRIEFS_OFF, Action.BRIEF_IN_FULL),
)


@dataclass(frozen=True, kw_only=True)
class AccountBrief(BriefParts):
    """What the page of an account says besides."""

    trade: tuple[TradePart, ...] = ()
    through: date | None = None  # the last day of which any order of the firm is known
    invoices: tuple[OverdueInvoice, ...] = ()
    more_invoices: int = 0
    credit: tuple[CreditPart, ...] = ()

    LISTS: ClassVar[tuple[str, ...]] = (*BriefParts.LISTS, "invoices")


@dataclass(frozen=True, kw_only=True)
class VisitBrief(AccountBrief, Message):
    """Everything about an account on one page, before a visit."""

    buttons: ClassVar = BUTTONS


@dataclass(frozen=True, kw_only=True)
class VisitBriefInFull(AccountBrief, Message):
    """The same without masks, for who may see that; the audit has recorded it."""

    unmasked: ClassVar = True
    buttons: ClassVar = BUTTONS[:-1]


@dataclass(frozen=True, kw_only=True)
class ProspectCard(BriefParts, Message):
    """Everything about a prospect on one page."""

    buttons: ClassVar = BUTTONS


@dataclass(frozen=True, kw_only=True)
class ProspectCardInFull(BriefParts, Message):
    """The same without masks, for who may see that; the audit has recorded it."""

    unmasked: ClassVar = True
    buttons: ClassVar = BUTTONS[:-1]


@dataclass(frozen=True, kw_only=True)
class TierBoundary:
    """The lowest score of a tier."""

    tier: TierPart
    at: float


@dataclass(frozen=True, kw_only=True)
class ScoreHistory(CustomerPart, Message):
    """The scores of a customer in words; `sent` where the picture of them is in the reader's direct messages."""

    points: tuple[ScorePoint, ...]  # the oldest first
    more: int = 0  # older ones
    boundaries: tuple[TierBoundary, ...] = ()
    scheme: Name | None = None
    scheme_version: int | None = None
    sent: bool = False
    unsent: str | None = None  # no_extra | no_scope | refused: why there is no picture

    def shorter(self) -> Self | None:
        """The same with half of the scores, the newest; None with one."""
        kept = self.points[len(self.points) // 2 :] if len(self.points) > 1 else ()
        left = len(self.points) - len(kept)
        return replace(self, points=kept, more=self.more + left) if kept else None


@dataclass(frozen=True, kw_only=True)
class BriefsSwitched(Message):
    """Somebody wants a brief in the evening before each planned visit, or no more."""

    wanted: bool
    at: str  # the time of day
