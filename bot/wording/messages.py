"""Everything the bot says.

A message is a frozen dataclass. Its fields and properties are what the template `templates/messages/<name>.jinja` reads.
The names of tiers and indicators are in both languages, so a message has no language until it is rendered.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Any, ClassVar

from pydantic import TypeAdapter

from bot.masking import mask_text
from bot.wording import (  # noqa: F401 - more messages
    notices,
    private,
    profiles,
)
from bot.wording.actions import Action, Pointer
from bot.wording.answers import listing, questions, risk  # noqa: F401 - more messages
from bot.wording.ask import (  # noqa: F401 - more messages
    briefs,
    facts,
    handovers,
    home,
    notes,
    proposals,
    prospects,
    records,
)
from bot.wording.ask.notes import MentionedContact
from bot.wording.care import (  # noqa: F401 - more messages
    complaints,
    digest,
    escalations,
    gifts,
    greetings,
    promises,
    surveys,
    weekly,
)
from bot.wording.care.complaints import OpenComplaints
from bot.wording.care.promises import AskedPromise, OpenPromises
from bot.wording.care.surveys import LastScores
from bot.wording.hits import Hit as Hit
from bot.wording.message_base import Message, ReaderRights
from bot.wording.parts import (
    MASKED,
    AssessmentPart,
    BoundaryState,
    CapState,
    CustomerPart,
    DimensionPart,
    LadderPart,
    NextStep,
    OwnerCounts,
    Reason,
    RuleChange,
    Since,
    TierMove,
    TierPart,
    Who,
    WithScore,
    WithTier,
)
from bot.wording.profiles import CardTrait
from bot.wording.service_parts import ServicePromise
from bot.wording.why_parts import NotComputed, RatingGap, RecordsFacts, ScoreChange, Wanted, WayPart
from grading.scheme.model import BLOCKED, UNRATED, WORDS_FOR_NO_TIER, Name

ON_CUSTOMER = (  # in the menu of its card
    *(Action.BRIEF, Action.NOTES),
    *(Action.COMPLAINT, Action.PROMISE, Action.SURVEY, Action.GIFT, Action.CONTACTS, Action.PROFILE),
    *(Action.PROPOSE_TIER, Action.PROPOSE_CREDIT),
    Action.HAND_OVER,
)


@dataclass(frozen=True, kw_only=True)
class TierCard(ReaderRights, Message, CustomerPart, AssessmentPart, BoundaryState, WithScore):
    """The private answer to /tier NAME."""

    buttons: ClassVar = (Action.WHY, Action.SHARE, Action.LOG_VISIT, Action.UNMASK)
    in_menu: ClassVar = ON_CUSTOMER
    provisional: bool
    certain: bool
    capped_by: Name | None
    tier_since: date
    up: tuple[Reason, ...]
    down: tuple[Reason, ...]
    before: Since | None
    orders_through: date | None
    next_step: NextStep | None
    owner: Who | None
    scheme: Name | None = None  # the one that graded it, where several are in force
    may_unmask: bool = True
    complaints: OpenComplaints | None = None
    service: ServicePromise | None = None
    scores: LastScores | None = None
    promises: OpenPromises | None = None
    profile: tuple[CardTrait, ...] = ()
    last_contact: MentionedContact | None = None

    def targets(self) -> dict[Action, Pointer]:
        """To masked fields only where one is masked, for who may see it."""
        texts = f"{self.code} {self.name}"
        is_open = mask_text(texts) == texts and all(r.value != MASKED for r in self.up + self.down)
        left_out = {Action.UNMASK} if is_open or not self.may_unmask else set()
        return {action: target for action, target in super().targets().items() if action not in left_out}

    @property
    def doubt(self) -> str | None:
        """What the tier lacks, the gravest only."""
        if self.held:
            return "held"
        if self.tier.id == UNRATED:
            return "unrated"
        return "provisional" if self.provisional else None


@dataclass(frozen=True, kw_only=True)
class Ungraded(ReaderRights, Message, CustomerPart):
    """The answer for a customer that no grading has covered yet."""

    buttons: ClassVar = (Action.LOG_VISIT,)
    in_menu: ClassVar = ON_CUSTOMER
    owner: Who | None
    complaints: OpenComplaints | None = None
    scores: LastScores | None = None
    promises: OpenPromises | None = None
    profile: tuple[CardTrait, ...] = ()
    last_contact: MentionedContact | None = None
    preset: str | None = None  # to begin with, where no scheme is in force for customers like this one
    no_scheme: bool = False  # those in force apply to other customers


@dataclass(frozen=True, kw_only=True)
class SharedCard(Message, WithTier):
    """What Share posts to a channel: no figures of the customer, only its strong and weak dimensions."""

    buttons: ClassVar = (Action.TAKE_BACK,)
    pointers: ClassVar = {"sharer": ("sharer_id", "customer_id")}
    customer_id: int
    sharer_id: int
    name: str
    code: str
    tier: TierPart
    before: Since | None
    fell: bool
    strong: tuple[Name, ...]
    weak: tuple[Name, ...]
    as_of: date
    shared_by: Who


@dataclass(frozen=True, kw_only=True)
class SharePreview(Message, CustomerPart):
    """The question under a card that is about to be shared: only the sharer sees both."""

    buttons: ClassVar = (Action.POST, Action.CANCEL)
    channel: str | None  # its name; None for a conversation without one


@dataclass(frozen=True, kw_only=True)
class Why(RecordsFacts, Message, CustomerPart, AssessmentPart, BoundaryState):
    """Why a tier is what it is: its sides and boundaries, what would lift it, the change, and the whole breakdown."""

    buttons: ClassVar = (Action.EXACT,)
    strong: tuple[Name, ...] = ()
    weak: tuple[Name, ...] = ()
    cap: CapState | None
    change: ScoreChange
    news: bool = False  # data have come since that no grading has counted
    news_count_on: date | None = None
    goal: TierPart | None
    needed: float | None
    by_itself: date | None = None  # the day graded that gives the goal although nothing is done
    or_by_import: bool = False  # or the next import about the customer
    ways: tuple[WayPart, ...] = ()
    no_way: str | None = None  # by_hand | gates | not_enough
    blockers: tuple[Name, ...] = ()
    wanted: tuple[Wanted, ...]
    rating_gap: RatingGap | None = None
    not_computed: tuple[NotComputed, ...] = ()
    scheme: Name
    scheme_version: int
    dimensions: tuple[DimensionPart, ...]
    gates: tuple[Name, ...]
    gates_not_assessed: tuple[Name, ...]

    def targets(self) -> dict[Action, Pointer]:
        """No figures lead above the highest tier, or anywhere without a tier."""
        ends = self.tier.rank == 0 or self.tier.id in WORDS_FOR_NO_TIER
        return {} if self.goal is None and ends else super().targets()

    @property
    def enough_already(self) -> bool:
        """Whether the score is as high as the goal needs."""
        return self.score is not None and self.needed is not None and self.score >= self.needed

    @property
    def weight_moves(self) -> bool:
        """Whether weights are not those of the scheme, because something is missing."""
        return any(
            part.left_out or any(reason.missing and reason.score is None for reason in part.reasons)
            for part in self.dimensions
        )


@dataclass(frozen=True, kw_only=True)
class Choice(Message):
    """Customers that the question may mean: it is a part of their names, or several have that name."""

    buttons_for: ClassVar = "hits"
    query: str
    hits: tuple[Hit, ...]
    more: int = 0


@dataclass(frozen=True, kw_only=True)
class NoMatch(Message):
    """The question is no part of a name; these have similar names or codes."""

    buttons_for: ClassVar = "hits"
    query: str
    hits: tuple[Hit, ...]


@dataclass(frozen=True, kw_only=True)
class MyCustomers(Message):
    """/tier without a name: one's own customers, those of a team or the whole book, worst news first."""

    menu_of: ClassVar = "hits"
    scope: str = "own"  # own | deputy | team | seen | book
    by_owner: tuple[OwnerCounts, ...] = ()
    hits: tuple[Hit, ...]
    total: int
    counts: tuple[tuple[TierPart, int], ...]
    as_of: date | None

    @property
    def more(self) -> bool:
        return self.total > len(self.hits)


@dataclass(frozen=True, kw_only=True)
class Help(Message):
    """/tier help."""

    role: str
    sees_teams: bool = False  # the reader's team sees customers of others
    is_deputy: bool = False
    ladders: tuple[LadderPart, ...] = ()  # of the schemes in force


@dataclass(frozen=True, kw_only=True)
class TierLadder(Message):
    """The movement rules of one scheme in words."""

    ladder: LadderPart


@dataclass(frozen=True, kw_only=True)
class Problem(Message):
    """The sentence of a BotError, or the reference of a bug that is also in the log."""

    text: str
    reference: str | None = None


@dataclass(frozen=True, kw_only=True)
class TierChanged(Message, TierMove):
    """One customer changed tier: posted once, to the managers' channel."""

    buttons: ClassVar = (Action.OPEN,)
    owner: Who | None


@dataclass(frozen=True, kw_only=True)
class OwnTierChanged(Message, TierMove):
    """One customer changed tier: sent once, as a direct message, to its owner, their deputy or the lead of their team."""

    buttons: ClassVar = (Action.WHY, Action.LOG_VISIT)
    for_lead: bool = False
    absent: str | None = None  # the owner whose deputy reads it

    def targets(self) -> dict[Action, Pointer]:
        """*Why* explains no credit grade, and nobody visits a blocked customer."""
        left_out = {Action.WHY} if self.purpose == "credit" else set()
        if self.after.id == BLOCKED:
            left_out.add(Action.LOG_VISIT)
        return {action: target for action, target in super().targets().items() if action not in left_out}


@dataclass(frozen=True, kw_only=True)
class TierDigest(Message):
    """Many customers changed tier in one run: counts and the largest changes."""

    menu_of: ClassVar = "largest"
    total: int
    purpose: str = "account"
    own: bool = False  # all of them belong to the reader
    by_data: int = 0
    by_rule: int = 0
    by_hand: int = 0
    by_join: int = 0
    rules: RuleChange | None = None
    moves: tuple[tuple[TierPart, TierPart, int], ...]
    largest: tuple[Hit, ...]
    as_of: date

    def only(self, customer_ids: Collection[int]) -> "TierDigest":
        """A digest of some of the customers that this one names."""
        named = tuple(hit for hit in self.largest if hit.customer_id in customer_ids)
        nothing = replace(self, total=0, by_data=0, by_rule=0, by_hand=0, by_join=0, moves=(), largest=named)
        return nothing._counting(named, 1)

    def without(self, customer_ids: Collection[int]) -> "TierDigest":
        """The same without some of the customers that it names."""
        gone = [hit for hit in self.largest if hit.customer_id in customer_ids]
        rest = tuple(hit for hit in self.largest if hit.customer_id not in customer_ids)
        return replace(self, largest=rest)._counting(gone, -1)

    def _counting(self, hits: Collection[Hit], step: int) -> "TierDigest":
        """With these customers counted once more, or once less."""
        moves = Counter({(before, after): count for before, after, count in self.moves})
        causes = Counter(data=self.by_data, rule=self.by_rule, override=self.by_hand, join=self.by_join)
        for hit in hits:
            if hit.before is not None and hit.tier is not None:
                moves[hit.before.tier, hit.tier] += step
            causes[hit.cause] += step
        return replace(
            self,
            total=self.total + step * len(hits),
            moves=tuple((before, after, count) for (before, after), count in moves.items() if count > 0),
            by_data=causes["data"],
            by_rule=causes["rule"],
            by_hand=causes["override"],
            by_join=causes["join"],
        )


@dataclass(frozen=True, kw_only=True)
class Reminder(Message):
    """A due step of a care plan, sent in its owner's morning."""

    buttons: ClassVar = (Action.DONE, Action.SNOOZE, Action.LOG_VISIT)
    pointers: ClassVar = {
        "touch": ("touch_id", "version"),
        "customer": ("customer_id", "customer_version"),
    }
    touch_id: int
    version: int
    customer_id: int
    customer_version: int
    name: str
    code: str
    tier: TierPart
    score: float | None
    kind: str
    step: Name
    hint: Name | None
    due_on: date
    at_latest: date | None
    last_contact: date | None
    occasion: Name | None = None
    owner: Who | None = None
    overdue: bool = False  # its day was before the one on which it is sent


@dataclass(frozen=True, kw_only=True)
class ReminderClosed(Message):
    """What a step becomes once it is answered, or over for another reason."""

    buttons: ClassVar = (Action.UNDO,)
    pointers: ClassVar = {"touch": ("touch_id", "version")}
    touch_id: int
    version: int
    customer_id: int
    name: str
    code: str
    step: Name
    outcome: str  # done | snoozed | skipped | reassigned | undone | contact | over
    by: Who | None = None
    kind: str | None = None  # of the contact that Done recorded
    until: date | None = None
    past_limit: date | None = None  # the last day of a step that is snoozed beyond it
    reason: str | None = None  # of a skipped one
    to: Who | None = None  # of a reassigned one
    next_due: date | None = None
    is_open: bool = True  # what was taken back: otherwise something else has closed it
    may_undo: bool = False

    def targets(self) -> dict[Action, Pointer]:
        """Taken back only what was done a moment ago."""
        return super().targets() if self.may_undo else {}


@dataclass(frozen=True, kw_only=True)
class VisitLogged(Message):
    """A contact was recorded, and what was promised in it."""

    buttons: ClassVar = (Action.UNDO_PROMISE,)
    pointers: ClassVar = {"promise": ("promise_id", "promise_version")}
    name: str
    code: str
    kind: str
    happened_on: date
    next_step: NextStep | None
    repeated: bool = False  # it was recorded a moment before
    promise: AskedPromise | None = None
    promise_id: int = 0
    promise_version: int = 0

    def targets(self) -> dict[Action, Pointer]:
        """To the promise, where there is one."""
        return super().targets() if self.promise else {}


MESSAGES: dict[str, type[Message]] = {cls.__name__: cls for cls in Message.__subclasses__()}


@cache
def _adapter(name: str) -> Any:
    """Pydantic's adapter of a message class, made once: making it takes milliseconds."""
    return TypeAdapter(MESSAGES[name])


def dump(message: Message) -> dict[str, Any]:
    """A message as JSON-ready data, to be stored until it is sent."""
    return {
        "message": type(message).__name__,
        "fields": _adapter(type(message).__name__).dump_python(message, mode="json"),
    }


def load(data: dict[str, Any]) -> Message:
    """A stored message. Fields that a newer version dropped are ignored, missing ones raise ValueError."""
    message: Message = _adapter(data["message"]).validate_python(data["fields"])
    return message
