"""What is at risk: a line about one customer, and the answer about all customers that somebody may see."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from typing import ClassVar

from bot.wording.message_base import Message
from bot.wording.parts import Listed, TierPart, Who


@dataclass(frozen=True, kw_only=True)
class RiskPart:
    """What a silent or falling customer puts at risk, and what the amount is made of. Money in `currency`.

    Of `basis` margin or revenue: `amount` of a year, `order_value` of an order day, `better_year` of the better of the
    last two years where that is the amount, because its rhythm would give more.
    """

    state: str  # watch | at_risk | falling
    amount: float
    currency: str | None
    basis: str  # margin | revenue
    silent_days: int
    usual_gap_days: float | None
    order_value: float | None
    revenue: float | None  # of 12 months
    revenue_before: float | None  # of the 12 months before
    as_of: date
    better_year: bool = False

    @property
    def silent(self) -> bool:
        return self.state != "falling"

    @property
    def months(self) -> float:
        """Months since the last order."""
        return round(self.silent_days / (365.25 / 12), 1)

    @property
    def lost_share(self) -> float | None:
        """The part of the revenue of the year before that is gone."""
        if not self.revenue_before or self.revenue is None:
            return None
        return (self.revenue_before - self.revenue) / self.revenue_before


@dataclass(frozen=True, kw_only=True)
class RiskRow(Listed):
    """A customer at risk in a list, with the acts that are offered about it."""

    tier: TierPart | None
    risk: RiskPart
    owner: Who | None = None  # where the list is not the asker's own
    may_log: bool = True


@dataclass(frozen=True, kw_only=True)
class RiskTotal:
    """The sum of what is at risk in one currency, of one basis."""

    currency: str | None
    basis: str  # margin | revenue
    silent: int
    silent_amount: float
    falling: int
    falling_amount: float

    @property
    def customers(self) -> int:
        return self.silent + self.falling

    @property
    def amount(self) -> float:
        return self.silent_amount + self.falling_amount


@dataclass(frozen=True, kw_only=True)
class GroupAtRisk:
    """What is at risk of the customers of a person, or of nobody."""

    who: Who | None
    totals: tuple[RiskTotal, ...]

    @property
    def customers(self) -> int:
        return sum(total.customers for total in self.totals)


@dataclass(frozen=True, kw_only=True)
class AtRisk(Message):
    """The answer to /tier value at risk."""

    rows_of: ClassVar = "rows"
    scope: str  # own | deputy | team | seen | book
    totals: tuple[RiskTotal, ...]
    by_owner: tuple[GroupAtRisk, ...]
    owners_more: int
    rows: tuple[RiskRow, ...]
    accounts: int  # of which there are figures
    one_time: int  # of these, those that ordered on one day only
    unknown: int  # of these, those whose rhythm is not known yet
    as_of: date | None  # None before the first figures

    @property
    def customers(self) -> int:
        return sum(total.customers for total in self.totals)

    @property
    def more(self) -> int:
        """Customers at risk that are not shown."""
        return self.customers - len(self.rows)

    @property
    def several(self) -> bool:
        """Whether amounts of different currencies or bases stand side by side, which nobody may add up."""
        return len(self.totals) > 1

    def without(self, customer_ids: Collection[int]) -> "AtRisk":
        """The same without some of the customers that it names."""
        return replace(self, rows=tuple(row for row in self.rows if row.customer_id not in customer_ids))
