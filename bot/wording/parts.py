"""The pieces of a message. Their properties choose what a template words."""

from dataclasses import dataclass
from datetime import date
from zlib import crc32

from bot.masking import MASK
from bot.wording.actions import Pointer
from grading.scheme.model import BLOCKED, Name

MASKED = Name(en=MASK, zh=MASK)  # in the place of a value


@dataclass(frozen=True, kw_only=True)
class CustomerPart:
    """A customer, and the version of its row."""

    customer_id: int
    version: int
    name: str
    code: str

    @property
    def label(self) -> str:
        """What its button says."""
        return self.name


@dataclass(frozen=True, kw_only=True)
class Listed(CustomerPart):
    """A customer in a list, from which its card can be opened."""

    @property
    def target(self) -> Pointer:
        """What its button, or its place in a menu, points at."""
        return Pointer(
            id=self.customer_id, version=self.version, mark=crc32(self.code.encode(errors="replace"))
        )


@dataclass(frozen=True, kw_only=True)
class TierPart:
    """A tier of a scheme; or new, unrated, blocked, which have no names."""

    id: str
    names: Name | None = None
    rank: int = 99  # 0 is the best


@dataclass(frozen=True, kw_only=True)
class Who:
    """A person, mentioned by Slack user where there is one, else named."""

    name: str
    slack_user_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class OwnerCounts:
    """How many customers of each tier a person looks after."""

    who: Who | None
    counts: tuple[tuple[TierPart, int], ...]

    @property
    def total(self) -> int:
        return sum(count for _, count in self.counts)


@dataclass(frozen=True, kw_only=True)
class Reason:
    """What one indicator adds to a score: `points` of at most `most`."""

    names: Name
    unit: str | None
    value: float | str | bool | Name | None
    score: float | None
    points: float
    weight: float
    most: float | None = None
    missing: bool = False


@dataclass(frozen=True, kw_only=True)
class DimensionPart:
    """What one dimension adds to a score, or to its change.

    Of a score: `points` of at most `most`; or it is left out, because `known` of its weight is below what is `needed`.
    """

    names: Name
    points: float
    most: float | None = None
    score: float | None = None
    weight: float = 0.0
    left_out: bool = False
    known: float = 0.0
    needed: float = 0.0
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, kw_only=True)
class MovedFigure:
    """An indicator behind a move: its values before and after, or only its direction where others read along."""

    names: Name
    unit: str | None
    better: bool
    shown: bool
    before: float | str | bool | Name | None = None
    after: float | str | bool | Name | None = None


@dataclass(frozen=True, kw_only=True)
class GateMove:
    """A gate that moved a tier by its begin or its end; the cap `weaker` than it limits the tier from then on."""

    gate: Name
    block: bool
    ended: bool
    weaker: Name | None = None


@dataclass(frozen=True, kw_only=True)
class Since:
    """An earlier tier and score of a customer."""

    tier: TierPart
    score: float | None
    as_of: date


class WithTier:
    """Something with a tier that may have had another one `before`."""

    tier: TierPart | None
    before: Since | None

    @property
    def other_before(self) -> Since | None:
        """`before`, if the tier was another one."""
        same = self.before and self.tier and self.before.tier.id == self.tier.id
        return None if same else self.before


class WithScore(WithTier):
    """The same with a score."""

    score: float | None

    @property
    def score_change(self) -> float | None:
        """Points since `before`, if the tier is the same and both scores are known."""
        if self.before is None or self.other_before or self.score is None or self.before.score is None:
            return None
        return self.score - self.before.score


@dataclass(frozen=True, kw_only=True)
class NextStep:
    """The next care step of a customer."""

    names: Name
    due_on: date
    overdue: bool = False
    since: date | None = None  # since when it is due, or overdue


@dataclass(frozen=True, kw_only=True)
class PendingPart:
    """A move that the score asks for and the movement rules do not allow yet.

    They allow it on the day `on`, if the score stays on this side of `limit`; with `sooner`, new data may move it before.
    `outdated`: the next grading uses other rules.
    """

    tier: TierPart
    up: bool
    confirmed: int
    needed: int
    dwell_left: int
    limit: float | None = None
    on: date | None = None
    sooner: bool = False
    outdated: bool = False

    @property
    def unconfirmed(self) -> bool:
        return self.confirmed < self.needed


@dataclass(frozen=True, kw_only=True)
class BoundaryPart:
    """A move to the next tier: from the score `limit` on (up) or below it (down), `points` away, on a day at the earliest."""

    tier: TierPart
    limit: float
    points: float
    earliest: date | None = None


@dataclass(frozen=True, kw_only=True)
class KeptPart:
    """A score on the other side of a tier's boundary that moves nothing before `limit`, because of the margin."""

    tier: TierPart
    boundary: float
    limit: float
    above: bool


@dataclass(frozen=True, kw_only=True)
class BoundaryState:
    """What moves a tier next, and when the next grading is."""

    higher: BoundaryPart | None = None
    lower: BoundaryPart | None = None
    kept: KeptPart | None = None
    next_grading: date | None = None


@dataclass(frozen=True, kw_only=True)
class Rung:
    """A tier in a ladder: its boundary, and with the margins the scores of a move up to it and down from it."""

    tier: TierPart
    at: float
    rises_at: float | None = None  # None for the last tier
    falls_below: float | None = None


@dataclass(frozen=True, kw_only=True)
class LadderPart:
    """The tiers of a scheme, best first, and what a move between them needs."""

    scheme: Name
    rungs: tuple[Rung, ...]
    margin_up: float
    margin_down: float
    confirm_up: int
    confirm_down: int
    min_dwell: int
    max_step: int

    @property
    def margins(self) -> bool:
        return bool(self.margin_up or self.margin_down)

    @property
    def at_once(self) -> bool:
        """Whether a score on the other side of a boundary moves the tier with the next grading."""
        return not self.margins and self.confirm_up == self.confirm_down == 1

    @property
    def step_by_step(self) -> bool:
        """Whether a move goes no further than one tier, where it could."""
        return self.max_step == 1 and len(self.rungs) > 2


@dataclass(frozen=True, kw_only=True)
class CapState:
    """The gate that lowers a tier, and how many clean snapshots it waits for once its condition has ended."""

    gate: Name
    hit: bool
    assessed: bool
    clean_left: int


@dataclass(frozen=True, kw_only=True)
class ByHand:
    """A tier set by a person, and the computed one that it replaces."""

    until: date | None
    by: str
    reason: str
    computed: TierPart | None


@dataclass(frozen=True, kw_only=True)
class RuleChange:
    """A scheme that replaced another one, or an earlier version of itself."""

    before: Name
    version_before: int
    after: Name
    version_after: int


@dataclass(frozen=True, kw_only=True)
class TierMove(CustomerPart):
    """One customer changed tier."""

    purpose: str = "account"
    before: TierPart
    after: TierPart
    up: bool
    score_before: float | None
    score_after: float | None
    capped_by: Name | None
    held: bool
    cause: str = "behaviour"  # behaviour | data | rule | override | join
    rules: RuleChange | None = None
    decided_by: str | None = None  # for an override; None when it has ended
    decided_until: date | None = None
    since: date | None = None  # the day of `score_before`, if that is not the grading before
    gate: GateMove | None = None
    aged: tuple[Name, ...] = ()  # indicators that became too old
    by_age: bool = False  # and made most of the move
    parts: tuple[DimensionPart, ...]
    figures: tuple[MovedFigure, ...] = ()
    as_of: date

    @property
    def decision(self) -> str | None:
        """Who or what caused the change, unless the customer did."""
        if self.cause == "override" and self.decided_by:
            return "by_hand_until" if self.decided_until else "by_hand"
        if self.cause == "override":
            return "override_ended"
        if self.cause in ("join", "data"):
            return {"join": "joined", "data": "data"}[self.cause]
        return "rules" if self.cause == "rule" and self.rules else None

    @property
    def moved_by(self) -> tuple[DimensionPart, ...]:
        """The dimensions to name: none where a person or the rules decided."""
        return () if self.cause in ("override", "rule") else self.parts

    @property
    def advice(self) -> str:
        """What to do next."""
        if self.after.id == BLOCKED:
            return "blocked"
        if self.capped_by:
            return "weaker_cap" if self.gate and self.gate.weaker else "capped"
        if self.by_age and self.cause == "behaviour":
            return "record_again"
        if self.purpose == "credit":
            return "credit_up" if self.up else "credit_down"
        if self.cause == "data":
            return "check_data"
        if self.cause != "behaviour":
            return "not_the_customer"
        if self.before.id == BLOCKED:
            return "unblocked"
        if self.gate and self.gate.ended:
            return "cap_ended"
        return "up" if self.up else "down"


@dataclass(frozen=True, kw_only=True)
class AssessmentPart:
    """A customer's newest assessment; its score may be anything from `low` to `high` when all facts are known."""

    tier: TierPart
    score: float | None
    coverage: float
    low: float | None
    high: float | None
    held: bool
    by_hand: ByHand | None = None
    pending: PendingPart | None = None
    as_of: date

    @property
    def with_all_data(self) -> tuple[float, float] | None:
        """`low` and `high`, where they differ as they are read."""
        if self.low is None or self.high is None or f"{self.low:.1f}" == f"{self.high:.1f}":
            return None
        return self.low, self.high


@dataclass(frozen=True, kw_only=True)
class GreetingText:
    """Which text customers are greeted with: of an occasion, in a language, for the highest tiers or for the others.

    With a name it begins with a salutation.
    """

    occasion_id: str
    language: str
    top: bool
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class GiftHint:
    """What is said of a gift to a contact person: what is left, what fits, and what was given last.

    `forbidden`: none may be given, by `rule` where one says so.
    """

    left: str | None = None
    suggested: Name | None = None
    value: str | None = None  # of what is suggested
    last: str | None = None
    last_on: date | None = None
    forbidden: bool = False
    rule: Name | None = None


@dataclass(frozen=True, kw_only=True)
class PersonPart:
    """A contact person of a customer: their part there, and their birthday where that is lunar."""

    contact_person_id: int
    name: str
    role: str | None = None
    lunar: Name | None = None
    gift: GiftHint | None = None


@dataclass(frozen=True, kw_only=True)
class PersonHours:
    """When a contact person in another time zone can be called: by the clock there, and by that of the reader."""

    contact_person_id: int
    name: str
    there: str
    here: str
