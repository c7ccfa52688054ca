"""What a manager is told of a week of care: the figures, and the list behind them; see `bot.wording.messages`."""

from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import ClassVar

from bot.wording.actions import Action
from bot.wording.message_base import Message
from bot.wording.parts import CustomerPart, TierPart, Who
from grading.scheme.model import Name

MOST_PEOPLE, MOST_TIERS, MOST_REASONS = 8, 8, 3  # of the message
MOST_OF_A_KIND = 8  # rows of the list; a view takes 30,000 characters
NOT_MANAGED = ("kept", "service_owed")  # figures that leave nothing to do


@dataclass(frozen=True, kw_only=True)
class WeekFigures:
    """How much of what a week had. `overdue` and complaints are those of the end of the week."""

    kept: int = 0  # steps done by their limits, greetings included
    late: int = 0  # done after them
    skipped: int = 0
    escalated: int = 0  # reported to a manager or to the emergency group
    missed: int = 0  # greetings
    overdue: int = 0  # open past their limits
    complaints: int = 0  # open
    complaints_late: int = 0  # of them, past their deadlines
    broken: int = 0  # promises that were not kept by their day
    service_owed: int = 0  # by the service promises of tiers, on a day of the week
    service_missed: int = 0  # of that
    no_owner: int = 0  # customers without an account manager; this and the following are those of now
    owner_left: int = 0
    owner_away: int = 0
    not_visited: int = 0

    @property
    def unattended(self) -> int:
        """Customers nobody attends to, each counted once."""
        return self.no_owner + self.owner_left + self.owner_away + self.not_visited

    @property
    def to_manage(self) -> int:
        """How much there is to manage."""
        return sum(getattr(self, one.name) for one in fields(self) if one.name not in NOT_MANAGED)

    @property
    def is_empty(self) -> bool:
        return not self.to_manage and not self.kept and not self.service_owed


@dataclass(frozen=True, kw_only=True)
class SkipReason:
    """A reason for which steps were skipped, and how often it was given."""

    text: str
    count: int


@dataclass(frozen=True, kw_only=True)
class PersonWeek:
    """The week of a person; of nobody, or of the holders of a role, without `who`."""

    who: Who | None
    figures: WeekFigures


@dataclass(frozen=True, kw_only=True)
class TierWeek:
    """The week of the customers of a tier."""

    tier: TierPart
    figures: WeekFigures


@dataclass(frozen=True, kw_only=True)
class CareWeekly(Message):
    """The week of some teams: to their manager or channel, once."""

    buttons: ClassVar = (Action.WEEKLY,)
    pointers: ClassVar = {"week": ("week", "scope")}
    teams: tuple[str, ...]
    first_day: date
    last_day: date
    figures: WeekFigures
    before: WeekFigures  # of the week before
    unattended_before: int | None = None  # as the week before was told; None where it was not
    reasons: tuple[SkipReason, ...] = ()  # the most given
    people: tuple[PersonWeek, ...] = ()  # those with most to manage
    people_more: int = 0
    tiers: tuple[TierWeek, ...] = ()  # the best first
    absent: Who | None = None  # the manager, where the reader is their deputy
    rest: bool = False  # about the customers that no team has
    week: int = 0  # the first day, for the button
    scope: int = 0  # whose customers the button lists: 0 all that the reader may see, else 1 + the team


@dataclass(frozen=True, kw_only=True)
class WeekRow(CustomerPart):
    """One customer, step or complaint of a week, and what is to be said of it.

    `section`: no_owner | owner_left | owner_away | not_visited | complaint | promise | overdue | late | skipped |
    escalated | missed.
    """

    section: str
    tier: TierPart
    who: Who | None = None
    step: Name | None = None
    day: date | None = None  # the limit, the deadline, or when it was closed
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class CareWeeklyList(Message):
    """The customers, steps and complaints behind the figures of a week."""

    first_day: date
    last_day: date
    rows: tuple[WeekRow, ...]
    more: int = 0

    def without(self, customer_ids: Collection[int]) -> "CareWeeklyList":
        """The same without some of the customers that it names."""
        return replace(self, rows=tuple(row for row in self.rows if row.customer_id not in customer_ids))
