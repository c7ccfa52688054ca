"""The parts of a scheme as values: what `parse_scheme` returns and everything else reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, wraps
from typing import Any, Literal, TypeVar

Kind = Literal["number", "word", "bool"]
Policy = Literal["redistribute", "neutral", "worst"]
Comparison = Literal["ge", "gt", "le", "lt"]

BLOCKED, NEW, UNRATED = "blocked", "new", "unrated"
WORDS_FOR_NO_TIER = (BLOCKED, NEW, UNRATED)

Made = TypeVar("Made")


@dataclass(frozen=True, kw_only=True, slots=True)
class Name:
    """One name in both languages of the product."""

    en: str
    zh: str

    def text(self, language: str) -> str:
        """The name for a language code; everything that does not begin with `zh` reads English."""
        return self.zh if language.lower().startswith("zh") else self.en


@dataclass(frozen=True, kw_only=True, slots=True)
class Points:
    """Straight lines between knots (value, score), flat outside."""

    knots: tuple[tuple[float, float], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Bands:
    """Score of the last band whose lower bound is at or below the value; the first also covers what lies below it."""

    bands: tuple[tuple[float, float], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Map:
    """Word (or boolean) to score; a word that is not listed is missing, not 0."""

    values: Mapping[str, float] | Mapping[bool, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Scale:
    """(value - minimum) / (maximum - minimum) x 100, held within 0..100; reversed when minimum > maximum."""

    minimum: float
    maximum: float


Score = Points | Bands | Map | Scale


@dataclass(frozen=True, kw_only=True, slots=True)
class Indicator:
    """One measured thing: its share (percent) of its dimension and how a value becomes a score.

    `influence` is false for what an account manager cannot change, such as the years since the first order.
    """

    id: str
    name: Name
    weight: float
    score: Score
    kind: Kind
    unit: str | None = None
    max_age_days: int | None = None
    manual: bool = False
    sensitive: bool = True
    influence: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Dimension:
    """A group of indicators with its share (percent) of the total."""

    id: str
    name: Name
    weight: float
    min_coverage: float
    indicators: tuple[Indicator, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Tier:
    """A tier and its boundary: the lowest shown score that belongs to it."""

    id: str
    at: float
    name: Name
    policy: Mapping[str, str | float | bool]


@dataclass(frozen=True, kw_only=True, slots=True)
class Missing:
    """What takes the place of a missing indicator."""

    policy: Policy = "redistribute"
    show_interval: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Movement:
    """How far and how often a score must cross a boundary before the tier moves."""

    margin_up: float = 0.0
    margin_down: float = 0.0
    confirm_up: int = 1
    confirm_down: int = 1
    min_dwell: int = 0
    max_step: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Compare:
    """Condition: a number field compared with a limit."""

    field: str
    comparison: Comparison
    limit: float


@dataclass(frozen=True, kw_only=True, slots=True)
class OneOf:
    """Condition: a word or boolean field is among the values."""

    field: str
    values: tuple[str, ...] | tuple[bool, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class DimensionMissing:
    """Condition: a dimension is known to less than its `min_coverage`."""

    dimension: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """A rule outside the sum: exactly one of `cap` (a tier id), `block` and `flag` (a word) is set."""

    id: str
    name: Name
    when: Compare | OneOf | DimensionMissing
    cap: str | None = None
    block: bool = False
    flag: str | None = None
    clear_after: int = 0

    @property
    def field(self) -> str | None:
        """The field it reads, None for a condition on a dimension."""
        return None if isinstance(self.when, DimensionMissing) else self.when.field


@dataclass(frozen=True, kw_only=True, slots=True)
class OverridePolicy:
    """Whether people may set a tier by hand, what they must give and for how long it holds."""

    allowed: bool
    needs: tuple[str, ...]
    max_days: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CreditLimit:
    """The proposed credit limit; the formula names the one this package knows, it is never evaluated."""

    formula: str
    needs_net_worth: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class FirstOrder:
    """Where a prospect goes with its first order."""

    move_to: str
    as_word: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One value of a customer that the scheme reads: as indicator, as gate field, as both, or to compute another."""

    id: str
    kind: Kind
    sensitive: bool
    indicator: bool
    gate: bool


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """A whole grading scheme; its identity is (`scheme`, `version`, `sha256` of the canonical content).

    `applies_to`: column of the customers -> the words it may hold; a customer must fit each. Empty for everybody.
    """

    scheme: str
    version: int
    sha256: str
    name: Name
    record_type: Literal["account", "prospect"]
    as_of: str
    window_months: int
    display_decimals: int
    min_coverage: float
    min_history_months: float
    dimensions: tuple[Dimension, ...]
    tiers: tuple[Tier, ...]
    gates: tuple[Gate, ...]
    missing: Missing
    constants: Mapping[str, float | None]
    fields: Mapping[str, Field]
    currency: str | None = None
    movement: Movement | None = None
    override: OverridePolicy | None = None
    credit_limit: CreditLimit | None = None
    on_first_order: FirstOrder | None = None
    applies_to: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def identity(self) -> tuple[str, int, str]:
        """(scheme, version, sha256): what an assessment stores to say which rules made it."""
        return (self.scheme, self.version, self.sha256)

    @cached_property
    def indicators(self) -> tuple[Indicator, ...]:
        """All indicators, in the order of the file."""
        return tuple(indicator for dimension in self.dimensions for indicator in dimension.indicators)

    @cached_property
    def made(self) -> dict[Any, Any]:
        """What was made of this very object, by what made it (`once`); a copy with other weights begins anew."""
        return {}

    def covers(self, other: Scheme) -> bool:
        """Whether everybody that another scheme applies to is one that this applies to."""
        return all(
            column in other.applies_to and set(other.applies_to[column]) <= set(words)
            for column, words in self.applies_to.items()
        )

    def tier(self, tier_id: str) -> Tier:
        """The tier of that id; KeyError when there is none."""
        for tier in self.tiers:
            if tier.id == tier_id:
                return tier
        raise KeyError(tier_id)

    def tier_name(self, tier_id: str, language: str) -> str:
        """The tier's name; blocked, new and unrated have none in a scheme and come back as they are."""
        return tier_id if tier_id in WORDS_FOR_NO_TIER else self.tier(tier_id).name.text(language)


def once(make: Callable[[Scheme], Made]) -> Callable[[Scheme], Made]:
    """`make`, done once for each scheme: for what takes longer than what it is made for."""

    @wraps(make)
    def get(scheme: Scheme) -> Made:
        if make not in scheme.made:
            scheme.made[make] = make(scheme)
        found: Made = scheme.made[make]
        return found

    return get
