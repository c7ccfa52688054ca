"""The pieces of *Why*: what changed, what would lift the customer, what is missing."""

from dataclasses import dataclass, replace
from datetime import date
from typing import ClassVar
from zlib import crc32

from bot.wording.actions import Pointer, is_query
from bot.wording.parts import RuleChange, Since, TierPart
from grading.scheme.model import Name

SHOWN_INDICATORS = 8  # of one part of a change
MOST_FIELD = 60  # characters of a field in an option, whose value holds 150
LEAST_SURER = 0.05  # points; less is shown as 0.0


@dataclass(frozen=True, kw_only=True)
class ChangePart:
    """One of the three parts of a change; the points of its indicators add up to its own."""

    kind: str  # data | behaviour | rule
    points: float
    indicators: tuple[tuple[Name, float], ...]

    @property
    def shown(self) -> tuple[tuple[Name, float], ...]:
        return self.indicators[:SHOWN_INDICATORS]

    @property
    def more(self) -> bool:
        return len(self.indicators) > SHOWN_INDICATORS


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
    """What an account manager can do for a score; without a relation no value of it suffices."""

    names: Name
    unit: str | None
    value: float | str | bool | Name | None
    relation: str | None  # at_least | at_most | below | is
    target: float | str | bool | Name | None
    points: float


@dataclass(frozen=True, kw_only=True)
class ActPart:
    """One thing to do for a customer: order | settle | visit | training | referral | fact.

    Orders are `count` of `amount` each (None: of any size) in `currency`, at the usual margin or at another `margin` (a
    fraction), and `bought` is what it bought in 12 months, where that is far less; overdue invoices have been due `since`; a fact, called `names`, goes from `value` to `target`.
    """

    kind: str
    count: int = 1
    amount: float | None = None
    currency: str | None = None
    bought: float | None = None
    usual_margin: bool = False
    margin: float | None = None
    since: date | None = None
    names: Name | None = None
    unit: str | None = None
    value: Name | float | str | bool | None = None
    target: Name | float | str | bool | None = None


@dataclass(frozen=True, kw_only=True)
class WayPart:
    """Acts that are enough together, done up to a day; without `reached` the tier comes with the next import."""

    acts: tuple[ActPart, ...]
    by: date
    reached: date | None


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A missing fact worth collecting, and the tiers that its worst and its best answer lead to.

    `narrows`: points by which the range of the score shrinks; `gradings`: after how many the tier is reached;
    `counts_with`: the dimension that counts only when more of it is known; `field`: of the fact, where the reader may
    record it.
    """

    names: Name
    field: str = ""
    reason: str  # absent | not_understood | too_old | not_yet
    judgement: bool
    narrows: float
    decides: bool
    worst: TierPart
    best: TierPart
    gradings: int = 1
    counts_with: Name | None = None

    @property
    def effect(self) -> str | None:
        """What knowing it is good for, the gravest only."""
        if self.decides:
            return "leads" if self.worst.id == self.best.id else "decides"
        if self.counts_with:
            return "with_others"
        return "surer" if self.narrows >= LEAST_SURER else None


class RecordsFacts:
    """A message that names missing facts, to stand before `Message`: who may record one chooses it below."""

    names_facts: ClassVar = True
    customer_id: int
    version: int
    code: str
    wanted: tuple[Wanted, ...]

    def recordable(self, language: str) -> list[tuple[str, Pointer]]:
        mark = crc32(self.code.encode(errors="replace")) or None
        about = Pointer(id=self.customer_id, version=self.version, mark=mark)
        fields = {fact.field: fact.names for fact in self.wanted if can_be_pointed_at(fact.field)}
        return [(names.text(language), replace(about, query=field)) for field, names in fields.items()]


def can_be_pointed_at(field: str) -> bool:
    """Whether the value of an option can hold a field."""
    return 0 < len(field) <= MOST_FIELD and is_query(field)


@dataclass(frozen=True, kw_only=True)
class RatingGap:
    """How many facts besides those named an unrated customer needs for a tier; None: all of them are not enough."""

    more: int | None


@dataclass(frozen=True, kw_only=True)
class NotComputed:
    """Missing indicators that nobody collects one by one, and what they are computed from."""

    origin: str  # orders | order costs | order lines | invoices | activities | financial statements | scheme constants
    names: tuple[Name, ...]
