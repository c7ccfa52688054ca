"""The acts that can matter to a customer's score under a scheme, each from small to large."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import cached_property
from typing import Any

import numpy as np

from bot.frames import computed_indicators
from bot.services.ways.acts import ACTIVITIES, Plan, Value
from bot.services.ways.future import Future
from grading.explain.targets import extremes, read_place
from grading.indicators.orders import ORDER_AGGREGATES
from grading.indicators.payments import INVOICE_AGGREGATES
from grading.indicators.sources import COMPUTED, CREDIT_GRADE
from grading.scheme.model import ZONE, Bands, Indicator, Map, Points, Scale

MOST_ACTIVITIES = {"visit": 24, "training": 6, "referral": 3}  # that may be suggested

MOST_ORDERS = 12
SEVERAL = (2, 4, 8, MOST_ORDERS)  # orders, where one is not enough
SIZES = 48  # amounts, or shares of the way to the best value, that are tried at once
FINER = 24  # between two of them
LEAST_AMOUNT, MOST_AMOUNT = 0.02, 200.0  # of the usual order
LEAST_SHARE = 0.001
MARGIN = "gross_margin_rate"

MOVED_BY_ORDERS = frozenset(name for name, how in COMPUTED.items() if how.source == "orders") - {
    "years_with_us"
}

Add = Callable[[Plan, float], Plan]


@dataclass(frozen=True, kw_only=True)
class PossibleAct:
    """One act: `add` puts it into a plan in one of its `sizes`, which grow; in a `smooth` one others lie between."""

    add: Add
    sizes: Sequence[float]
    smooth: bool = False

    def plans(self, beside: Plan) -> list[Plan]:
        """The plan with each size added."""
        return [self.add(beside, size) for size in self.sizes]

    def between(self, place: int) -> "PossibleAct":
        """The finer sizes from the one before a place up to it."""
        low = self.sizes[max(place - 1, 0)]
        return replace(self, sizes=np.geomspace(low, self.sizes[place], FINER).tolist())


class PossibleActs:
    """What can be done for one customer."""

    def __init__(self, future: Future) -> None:
        self.scheme = future.scheme
        self.influenced = {one.id: one for one in self.scheme.indicators if one.influence}
        self._records = future.records(future.today, future.today, self.scheme)
        ((_, *cells),) = self._records.rows.orders
        self._sums: dict[str, Any] = dict(zip(ORDER_AGGREGATES, cells, strict=True))
        self.present: dict[str, Value] = {
            name: value
            for name, value in sorted(future.figures().items())
            if name in self.influenced and name not in COMPUTED and name not in (ZONE, CREDIT_GRADE)
        }
        margin = computed_indicators(self._records.rows, self.scheme, future.today)[MARGIN].iloc[0]
        self.margin = float(margin) if math.isfinite(margin) else None

    @cached_property
    def usual(self) -> float | None:
        """The average order of 12 months, in round figures; None without one."""
        net, orders = self._sums["net_12m"] or 0.0, self._sums["orders_12m"] or 0
        return round_up(net / orders, 2) if orders and net > 0 else None

    @property
    def bought(self) -> float:
        """The net amount of the orders of 12 months."""
        return float(self._sums["net_12m"] or 0.0)

    @property
    def least_amount(self) -> float:
        """The smallest order that is tried: any order is larger."""
        return LEAST_AMOUNT * (self.usual or self._knot / 10)

    @property
    def month(self) -> float:
        """What the customer buys in a month, or might."""
        return self.bought / 12 or self.usual or self._knot / 12

    @cached_property
    def overdue(self) -> tuple[float, date] | None:
        """(amount past due, earliest due day), where the scheme reads payments."""
        if not self._records.rows.invoices:
            return None
        ((_, *cells),) = self._records.rows.invoices
        known = dict(zip(INVOICE_AGGREGATES, cells, strict=True))
        oldest = known["oldest_due"]
        if oldest is None or known["overdue_amount"] <= 0:
            return None
        return float(known["overdue_amount"]), date.fromisoformat(str(oldest)[:10])

    @cached_property
    def others(self) -> tuple[PossibleAct, ...]:
        """Every act but orders."""
        return tuple(self._others())

    def orders(self) -> Iterator[PossibleAct]:
        """One order, then several; at the usual margin, then at better ones. None where orders do not count."""
        if not MOVED_BY_ORDERS & self.influenced.keys():
            return
        most = max(MOST_AMOUNT * self.least_amount / LEAST_AMOUNT, 3 * self._knot)
        sizes = np.geomspace(self.least_amount, most, SIZES).tolist()
        for margin in self._margins():
            for count in (1, *SEVERAL):
                yield PossibleAct(add=_ordering(count, margin), sizes=sizes, smooth=True)

    def usual_orders(self) -> PossibleAct | None:
        """Several orders of the usual size."""
        usual = self.usual
        if usual is None or next(self.orders(), None) is None:
            return None
        margin = self.margin
        return PossibleAct(
            add=lambda plan, count: _ordering(int(count), margin)(plan, usual),
            sizes=range(2, MOST_ORDERS + 1),
        )

    def _margins(self) -> list[float | None]:
        """The usual margin, and better ones up to the best that the scheme knows."""
        indicator = self.influenced.get(MARGIN)
        if self.margin is None or indicator is None or not isinstance(indicator.score, Points):
            return [self.margin]
        best = float(extremes(indicator.score)[1][0])
        better = [round(self.margin + share * (best - self.margin), 2) for share in (0.5, 1.0)]
        return [self.margin, *(one for one in better if one > self.margin)]

    @property
    def _knot(self) -> float:
        """The largest amount that a curve over money from orders knows."""
        money = [
            indicator.score.knots[-1][0]
            for name, indicator in self.influenced.items()
            if name in COMPUTED and COMPUTED[name].unit == "money" and isinstance(indicator.score, Points)
        ]
        return max([knot for knot in money if knot > 0], default=10_000.0)

    def _others(self) -> Iterator[PossibleAct]:
        if self.overdue:
            yield PossibleAct(add=lambda plan, _: replace(plan, settles=True), sizes=(1,))
        for kind, most in MOST_ACTIVITIES.items():
            if ACTIVITIES[kind] & self.influenced.keys():
                yield PossibleAct(add=_acting(kind), sizes=range(1, most + 1))
        for name, present in self.present.items():
            found = _better_values(self.influenced[name], present)
            if found is not None:
                yield found


def _ordering(count: int, margin: float | None) -> Add:
    share = None if margin is None else 1.0 - margin
    return lambda plan, amount: replace(plan, orders=count, amount=amount, cost_share=share)


def _acting(kind: str) -> Add:
    return lambda plan, count: replace(plan, activities={**plan.activities, kind: int(count)})


def _better_values(indicator: Indicator, present: Value) -> PossibleAct | None:
    """Better values of a recorded figure: words and grades one by one, numbers by their share of the way to the best."""
    score = indicator.score
    if isinstance(score, Map):
        points_of: dict[Any, float] = dict(score.values)
        now = points_of.get(present, math.inf)
        return _steps(
            indicator, [word for _, word in sorted((p, w) for w, p in points_of.items() if p > now)]
        )
    worst, best = (float(value) for value, _ in extremes(score))
    start, end = float(present), best
    if start == end or (end > start) != (end > worst):
        return None
    if isinstance(score, Bands):
        ahead = [b for b, _ in score.bands if b != start and (b > start) == (end > start)]
        return _steps(indicator, sorted(ahead, reverse=end < start))
    if isinstance(score, Scale) and start.is_integer() and end.is_integer():
        step = 1 if end > start else -1
        return _steps(indicator, [float(one) for one in range(int(start) + step, int(end) + step, step)])

    def toward(plan: Plan, share: float) -> Plan:
        value = _toward(start, end, share, unit=indicator.unit)
        return replace(plan, facts={**plan.facts, indicator.id: value})

    return PossibleAct(add=toward, sizes=np.geomspace(LEAST_SHARE, 1.0, SIZES).tolist(), smooth=True)


def _steps(indicator: Indicator, values: Sequence[Value]) -> PossibleAct | None:
    if not values:
        return None
    return PossibleAct(
        add=lambda plan, place: replace(plan, facts={**plan.facts, indicator.id: values[int(place) - 1]}),
        sizes=range(1, len(values) + 1),
    )


def round_up(amount: float, digits: int) -> float:
    """An amount with so many significant digits, rounded up."""
    exact = Decimal(repr(amount))
    return float(exact.quantize(Decimal(1).scaleb(exact.adjusted() - digits + 1), rounding=ROUND_CEILING))


def _toward(start: float, end: float, share: float, *, unit: str | None) -> float:
    """A value on the way from one to another, in figures as people read them, rounded towards the end."""
    exact = Decimal(repr(start + share * (end - start)))
    way = Decimal(repr(abs(end - start)))
    place = 0 if unit == "count" else max(way.adjusted() - 3, read_place(unit, float(exact)))
    rounding = ROUND_CEILING if end > start else ROUND_FLOOR
    value = float(exact.quantize(Decimal(1).scaleb(place), rounding=rounding))
    return min(value, end) if end > start else max(value, end)
