"""The pieces that messages are put together from."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, kw_only=True)
class Names:
    """One thing's name in both languages."""

    en: str
    zh: str


@dataclass(frozen=True, kw_only=True)
class TierPart:
    """A tier of a scheme, or one of the words new, unrated, blocked (then without names)."""

    id: str
    names: Names | None = None
    rank: int = 99  # 0 is the best


@dataclass(frozen=True, kw_only=True)
class Who:
    """A person as mentioned; without a Slack user, by name."""

    name: str
    slack_user_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One indicator's part in a score: `points` of at most `most`."""

    names: Names
    unit: str | None
    value: float | str | bool | None
    score: float | None
    points: float
    weight: float
    most: float | None = None
    missing: bool = False


@dataclass(frozen=True, kw_only=True)
class DimensionPart:
    """One dimension's part in a score, or in its change."""

    names: Names
    points: float
    score: float | None = None
    weight: float = 0.0
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Since:
    """Where a customer stood before."""

    tier: TierPart
    score: float | None
    as_of: date


@dataclass(frozen=True, kw_only=True)
class NextStep:
    """The next care step of a customer."""

    names: Names
    due_on: date
    overdue: bool = False


@dataclass(frozen=True, kw_only=True)
class PendingPart:
    """A move that the score asks for and the movement rules do not allow yet."""

    tier: TierPart
    up: bool
    confirmed: int
    needed: int
    dwell_left: int


@dataclass(frozen=True, kw_only=True)
class CapState:
    """The gate that lowers a tier, and what it waits for: clean snapshots once its condition has ended."""

    gate: Names
    hit: bool
    assessed: bool
    clean_left: int


@dataclass(frozen=True, kw_only=True)
class ByHand:
    """A tier set by a person, and the one that is computed beside it."""

    until: date | None
    by: str
    reason: str
    computed: TierPart | None


@dataclass(frozen=True, kw_only=True)
class ChangePart:
    """One of the three parts of a change, with the indicators that made it; their points add up to its."""

    kind: str  # data | behaviour | rule
    points: float
    indicators: tuple[tuple[Names, float], ...]


@dataclass(frozen=True, kw_only=True)
class RuleChange:
    """A scheme that took another one's place."""

    before: Names
    version_before: int
    after: Names
    version_after: int


@dataclass(frozen=True, kw_only=True)
class ScoreChange:
    """The change of a score since a day; its parts add up to it. `reason` says why there are none."""

    since: Since | None
    points: float | None
    parts: tuple[ChangePart, ...]
    reason: str | None
    rules: RuleChange | None


@dataclass(frozen=True, kw_only=True)
class LeverPart:
    """What an account manager can do for a score; without a relation it cannot suffice, however far it goes."""

    names: Names
    unit: str | None
    value: float | str | bool | None
    relation: str | None  # at_least | at_most | below | is
    target: float | str | bool | None
    points: float


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A missing fact worth collecting: by how many points it narrows the truth, and the tiers it could lead to."""

    names: Names
    reason: str  # absent | not_understood | too_old | not_yet
    judgement: bool
    narrows: float
    decides: bool
    worst: TierPart
    best: TierPart
