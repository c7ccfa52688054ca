"""A scheme as frozen values: what `parse_scheme` returns and everything else reads.

The annotations also say what a scheme file may hold: the reader has pydantic validate the file as a `Content`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, Literal, TypeAlias

import pydantic

from grading.phrases import N_
from grading.scheme import types

Kind = Literal["number", "word", "bool"]
Policy = Literal["redistribute", "neutral", "worst"]
Comparison = Literal["ge", "gt", "le", "lt"]
COMPARISONS: tuple[Comparison, ...] = ("ge", "gt", "le", "lt")

_STRICT = pydantic.ConfigDict(
    extra="forbid", strict=True, allow_inf_nan=False, str_strip_whitespace=True, str_min_length=1
)

BLOCKED, NEW, UNRATED = "blocked", "new", "unrated"
WORDS_FOR_NO_TIER = (BLOCKED, NEW, UNRATED)

MULTIPLES = ("silence_ratio", "current_ratio")  # ratios that are no shares: 2.3 is not read as 230 %
WINDOW_MONTHS = 12  # of the computed indicators whose names end in 12m; no other is applied
LIMIT_FIELDS = ("avg_monthly_purchases", "net_worth")  # what the credit limit is computed from
ZONE = "z_zone"
ZONE_RATIOS = (
    "working_capital_to_assets",
    "retained_earnings_to_assets",
    "ebit_to_assets",
    "equity_to_liabilities",
)
ZONE_STATEMENTS = (
    "working_capital",
    "retained_earnings",
    "ebit",
    "equity",
    "total_assets",
    "total_liabilities",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Name:
    """One name in both languages of the product."""

    en: str
    zh: str

    def text(self, language: str) -> str:
        """The name for a language code: Chinese when it begins with `zh`, else English."""
        return self.zh if language.lower().startswith("zh") else self.en


@dataclass(frozen=True, kw_only=True, slots=True)
class Points:
    """Straight lines between knots (value, score), flat outside."""

    fn: Literal["points"] = "points"
    knots: Annotated[tuple[types.Knot, ...], types.NOT_EMPTY]


@dataclass(frozen=True, kw_only=True, slots=True)
class Bands:
    """Score of the last band whose lower bound is at or below the value; the first also covers what lies below it."""

    fn: Literal["bands"] = "bands"
    bands: Annotated[tuple[types.Band, ...], types.NOT_EMPTY]


@dataclass(frozen=True, kw_only=True, slots=True)
class Map:
    """Word (or boolean) to score; a word that is not listed is missing, not 0. `names`: what people read for a word."""

    fn: Literal["map"] = "map"
    values: Annotated[Mapping[str, float] | Mapping[bool, float], types.read_as(types.Outcomes)]
    names: Annotated[Mapping[str, Name], types.STRIPPED_KEYS] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scale:
    """(value - minimum) / (maximum - minimum) x 100, held within 0..100; reversed when minimum > maximum."""

    fn: Literal["scale"] = "scale"
    minimum: Annotated[float, pydantic.Field(alias="min")]
    maximum: Annotated[float, pydantic.Field(alias="max")]


Score: TypeAlias = Annotated[Points | Bands | Map | Scale, pydantic.Field(discriminator="fn")]


@dataclass(frozen=True, kw_only=True, slots=True)
class Indicator:
    """One measured thing: its share (percent) of its dimension and how a value becomes a score.

    `influence` is false for what an account manager cannot change, such as the years since the first order.
    """

    id: types.IndicatorId
    name: Name
    weight: types.AboveZero
    unit: Annotated[str | None, types.GIVEN] = None
    max_age_days: Annotated[types.OneOrMore | None, types.GIVEN] = None
    manual: bool = False
    sensitive: bool = True
    influence: bool = True
    score: Score


@dataclass(frozen=True, kw_only=True, slots=True)
class Dimension:
    """A group of indicators with its share (percent) of the total."""

    id: types.Id
    name: Name
    weight: types.AboveZero
    min_coverage: types.Share = 0.0
    indicators: Annotated[tuple[Indicator, ...], types.NOT_EMPTY]


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """What a tier is promised: so many a year, within so many days, and what is written in words."""

    __pydantic_config__ = _STRICT

    response_days: Annotated[types.Count | None, types.GIVEN] = None  # from a complaint to its first step
    visits_a_year: Annotated[types.Yearly | None, types.GIVEN] = None
    calls_a_year: Annotated[types.Yearly | None, types.GIVEN] = None
    trainings_a_year: Annotated[types.Yearly | None, types.GIVEN] = None
    training_days_a_year: Annotated[types.AboveZero | None, types.GIVEN] = None
    reviews_a_year: Annotated[types.Yearly | None, types.GIVEN] = None
    surveys_a_year: Annotated[types.Yearly | None, types.GIVEN] = None
    delivery: Annotated[Literal["priority", "standard"] | None, types.GIVEN] = None
    payment_days: Annotated[types.Count | None, types.GIVEN] = None
    discount_percent: Annotated[types.Percent | None, types.GIVEN] = None
    dedicated: tuple[Name, ...] = ()  # people who are there for the customer
    extras: tuple[Name, ...] = ()


_SERVICE = Annotated[
    Annotated[Any, pydantic.Tag(types.NOTE)] | Annotated[Service, pydantic.Tag(types.SERVICE)],
    pydantic.Discriminator(types.kind_of_service),
]


class TierPolicy(types.TierTerms, total=False):
    """What follows from a tier; every key that is not listed may hold any number, word or boolean."""

    __pydantic_config__ = pydantic.ConfigDict(extra="allow", strict=True, allow_inf_nan=False)  # type: ignore[misc]

    service: _SERVICE


@dataclass(frozen=True, kw_only=True, slots=True)
class Tier:
    """A tier and its boundary: the lowest shown score that belongs to it."""

    id: types.Id
    at: Annotated[float, types.limits(low=0, high=100)]
    name: Name
    policy: Annotated[Mapping[str, Any], types.read_as(TierPolicy)] = field(default_factory=dict)

    @property
    def service(self) -> Service | None:
        """What the tier is promised; a text that schemes of earlier versions have stands as an extra in both languages."""
        found = self.policy.get("service")
        if found is None or isinstance(found, Service):
            return found
        return Service(extras=(Name(en=str(found), zh=str(found)),))


@dataclass(frozen=True, kw_only=True, slots=True)
class Missing:
    """What takes the place of a missing indicator."""

    policy: Policy = "redistribute"
    show_interval: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Movement:
    """How far and how often a score must cross a boundary before the tier moves."""

    margin_up: types.ZeroOrMore = 0.0
    margin_down: types.ZeroOrMore = 0.0
    confirm_up: types.OneOrMore = 1
    confirm_down: types.OneOrMore = 1
    min_dwell: types.Count = 0
    max_step: types.OneOrMore = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Compare:
    """Condition: a number field compared with a limit."""

    field: str
    comparison: Comparison
    limit: float


@dataclass(frozen=True, kw_only=True, slots=True)
class OneOf:
    """Condition: a word or boolean field is among the values, which are all of its type."""

    field: str
    values: tuple[str | bool, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class DimensionMissing:
    """Condition: a dimension is known to less than its `min_coverage`."""

    dimension: str


def _read_when(when: types.When) -> Compare | OneOf | DimensionMissing:
    if "dimension" in when:
        return DimensionMissing(dimension=when["dimension"])
    field = when.get("field", "")
    if "in" in when:
        return OneOf(field=field, values=when["in"])
    # Without a comparison the condition is of no use: `rules` refuses the file.
    comparison = next((key for key in COMPARISONS if key in when), COMPARISONS[0])
    return Compare(field=field, comparison=comparison, limit=when.get(comparison, 0.0))


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """A rule outside the sum: exactly one of `cap` (a tier id), `block` and `flag` (a word) is set.

    `sensitive` is what the file says of its field here; `Scheme.fields` has the answer for every field.
    """

    id: types.Id
    name: Name
    when: Annotated[
        Compare | OneOf | DimensionMissing,
        types.read_as(Annotated[types.When, pydantic.AfterValidator(_read_when)]),
    ]
    cap: Annotated[str | None, types.GIVEN] = None
    block: Annotated[
        bool,
        types.require(bool, N_("block: false does nothing"), N_("write block: true or remove the gate")),
    ] = False
    flag: Annotated[str | None, types.GIVEN] = None
    clear_after: types.Count = 0
    sensitive: Annotated[bool | None, types.GIVEN] = None

    @property
    def field(self) -> str | None:
        """The field it reads, None for a condition on a dimension."""
        return None if isinstance(self.when, DimensionMissing) else self.when.field


@dataclass(frozen=True, kw_only=True, slots=True)
class OverridePolicy:
    """Whether people may set a tier by hand, what they must give and for how long it holds."""

    allowed: bool
    needs: tuple[types.Need, ...] = ()
    max_days: Annotated[types.OneOrMore | None, types.GIVEN] = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CreditLimit:
    """The proposed credit limit; the formula names the one this package knows, it is never evaluated."""

    formula: types.Formula
    needs_net_worth: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class FirstOrder:
    """Where a prospect goes with its first order."""

    move_to: types.Id
    as_word: Annotated[Literal["new"], pydantic.Field(alias="as")] = "new"


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One value of a customer that the scheme reads: as indicator, as gate field, as both, or to compute another."""

    id: str
    kind: Kind
    sensitive: bool
    indicator: bool
    gate: bool


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a scheme file says; keys that are not listed here are refused.

    `applies_to`: column of the customers -> the words it may hold; a customer must fit each. Empty for everybody.
    """

    __pydantic_config__ = _STRICT

    scheme: types.Id
    version: types.OneOrMore
    name: Name
    record_type: Literal["account", "prospect"]
    applies_to: Annotated[Mapping[str, tuple[str, ...]], types.read_as(types.AppliesTo)] = field(
        default_factory=dict
    )
    currency: Annotated[types.Currency | None, types.GIVEN] = None
    constants: Annotated[Mapping[str, float | None], types.read_as(types.Constants)] = field(
        default_factory=dict
    )
    as_of: Literal["daily", "week_end", "month_end", "quarter_end", "year_end"] = "month_end"
    window_months: Annotated[int, types.limits(low=1, high=120)] = WINDOW_MONTHS
    display_decimals: Annotated[int, types.limits(low=0, high=6)] = 1
    min_coverage: types.Share = 0.0
    min_history_months: types.ZeroOrMore = 0.0
    dimensions: Annotated[tuple[Dimension, ...], types.NOT_EMPTY]
    missing: Missing = Missing()
    tiers: Annotated[tuple[Tier, ...], types.NOT_EMPTY]
    movement: Annotated[Movement | None, types.GIVEN] = None
    gates: tuple[Gate, ...] = ()
    override: Annotated[OverridePolicy | None, types.GIVEN] = None
    credit_limit: Annotated[CreditLimit | None, types.GIVEN] = None
    on_first_order: Annotated[FirstOrder | None, types.GIVEN] = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Scheme(Content):
    """A whole grading scheme; its identity is (`scheme`, `version`, `sha256` of the canonical content).

    Two are equal only if they are the same object, so that functions of a scheme can be cached (`lru_cache`).
    """

    sha256: str
    fields: Mapping[str, Field]
    __eq__ = object.__eq__
    __hash__ = object.__hash__

    @cached_property
    def identity(self) -> tuple[str, int, str]:
        """(scheme, version, sha256): what an assessment stores to say which rules made it."""
        return (self.scheme, self.version, self.sha256)

    @cached_property
    def indicators(self) -> tuple[Indicator, ...]:
        """All indicators, in the order of the file."""
        return tuple(indicator for dimension in self.dimensions for indicator in dimension.indicators)

    def covers(self, other: Scheme) -> bool:
        """Whether everybody that another scheme applies to is one that this applies to."""
        return all(
            column in other.applies_to and set(other.applies_to[column]) <= set(words)
            for column, words in self.applies_to.items()
        )

    def tier(self, tier_id: str) -> Tier:
        """The tier of that id; KeyError when there is none."""
        return {tier.id: tier for tier in self.tiers}[tier_id]
