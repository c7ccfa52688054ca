"""The smallest acts that lift a customer to the tier above, each found by grading it again with the act done."""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

from bot.services.ways.acts import Plan, Value
from bot.services.ways.future import AT_ONCE, NEVER, Future
from bot.services.ways.possible_acts import PossibleAct, PossibleActs, round_up

ROUGH = 1.04  # two digits are enough when they ask for at most 4 % more
CHEAP = 2.0  # acts beside an order are made smaller until the order would be so many times larger
COARSE = 4  # every so many of the amounts show whether any suffices


@dataclass(frozen=True, kw_only=True)
class Way:
    """Acts that together lift a customer, done on any day from today to `by`.

    `reached`: the day graded that gives the tier at the latest; None where the grading after the next import does. `any_amount`: whether orders of any size are enough.
    `effort`: in months of usual purchases, or what a person would compare with them.
    """

    plan: Plan
    any_amount: bool
    by: date
    reached: date | None
    effort: float


@dataclass(frozen=True, kw_only=True)
class WaysUp:
    """What lifts a customer to a goal: ways of which each suffices, smallest first, or the day it comes by itself.

    `overdue`: amount past due and its earliest due day. `usual`: the customer's usual order, and `margin` its own margin,
    where they are known. `present`: the recorded figures of today that a way may change.
    """

    goal: str
    ways: tuple[Way, ...] = ()
    by_itself: date | None = None
    overdue: tuple[float, date] | None = None
    usual: float | None = None
    margin: float | None = None
    present: Mapping[str, Value]


def find_ways(future: Future, goal: str) -> WaysUp:
    """The ways to a tier above the present one; none when nothing that an account manager can do suffices."""
    by_itself = future.comes_by_itself(goal)
    if by_itself is not None:
        return WaysUp(goal=goal, by_itself=by_itself, present={})
    search = _Search(future, goal)
    ways = search.single() or search.several_orders() or search.together()
    acts = search.acts
    return WaysUp(
        goal=goal,
        ways=tuple(sorted(ways, key=lambda way: way.effort)),
        overdue=acts.overdue,
        usual=acts.usual,
        margin=acts.margin,
        present=acts.present,
    )


def _first_enough(sizes: Sequence[float], enough: Callable[[float], bool]) -> int:
    """The place of the first size that is enough; the last one is."""
    return bisect_left(sizes, True, hi=len(sizes) - 1, key=enough)


class _Search:
    """Tries plans for one customer and one goal."""

    def __init__(self, future: Future, goal: str) -> None:
        self.future = future
        self.goal = goal
        self.acts = PossibleActs(future)

    def single(self) -> list[Way]:
        """Ways of one act each."""
        one_order = next(self.acts.orders(), None)
        acts = [*self.acts.others, one_order, self.acts.usual_orders()]
        ways = self._smallest([act for act in acts if act], Plan())
        usual = self.acts.usual or 0.0
        if any(way.plan.orders == 1 and way.plan.amount <= usual for way in ways):
            return [way for way in ways if way.plan.orders <= 1]
        return ways

    def several_orders(self) -> list[Way]:
        """The way of orders alone that asks for the least: few, then at the usual margin."""
        return next((ways for one in self.acts.orders() if (ways := self._smallest([one], Plan()))), [])

    def together(self) -> list[Way]:
        """As few acts beside orders as suffice together, each as small as it can be."""
        others = self.acts.others
        sizes = [act.sizes[-1] for act in others]
        chosen = list(range(len(others)))
        if not self._suffices(self._plan(sizes, chosen)):
            return []
        for place in reversed(range(len(others))):
            fewer = [one for one in chosen if one != place]
            if self._suffices(self._plan(sizes, fewer)):
                chosen = fewer
        return self._smaller(sizes, chosen)

    def _smaller(self, sizes: list[float], chosen: list[int]) -> list[Way]:
        """The way of the chosen acts, each as small as it can be before the order beside them becomes much larger."""
        beside = self._plan(sizes, chosen)
        orders = next((one for one in self.acts.orders() if self._least(one, beside) is not None), None)
        most = None if orders is None else CHEAP * (self._least(orders, beside) or 0.0)

        def enough(place: int, size: float) -> bool:
            plan = self._plan([size if one == place else known for one, known in enumerate(sizes)], chosen)
            if orders is None or most is None:
                return self._reach([plan]) != [NEVER]
            least = self._least(orders, plan)
            return least is not None and least <= most

        for place in chosen:
            act = self.acts.others[place]
            at = _first_enough(act.sizes, partial(enough, place))
            if act.smooth:
                act = act.between(at)
                at = _first_enough(act.sizes, partial(enough, place))
            sizes[place] = act.sizes[at]
        plan = self._plan(sizes, chosen)
        if orders is not None:
            return self._smallest([orders], plan)
        return self._ways([plan], self._reach([plan]))

    def _plan(self, sizes: Sequence[float], chosen: Sequence[int]) -> Plan:
        plan = Plan()
        for place in chosen:
            plan = self.acts.others[place].add(plan, sizes[place])
        return plan

    def _suffices(self, beside: Plan) -> bool:
        """Whether acts suffice, alone or with any orders."""
        orders = [plan for act in self.acts.orders() for plan in act.plans(beside)[::COARSE]]
        return any(at != NEVER for at in self._reach([beside, *orders]))

    def _least(self, orders: PossibleAct, beside: Plan) -> float | None:
        """The least of the amounts tried that suffices beside these acts; None when none does."""
        ((place, _),) = self._first([orders], beside)
        return None if place is None else orders.sizes[place]

    def _smallest(self, acts: Sequence[PossibleAct], beside: Plan) -> list[Way]:
        """The smallest size of each act that reaches the goal at the earliest grading at which any does."""
        found = zip(acts, self._first(acts, beside), strict=True)
        known = [(act, place, reached) for act, (place, reached) in found if place is not None]
        if not known:
            return []
        finer = [act.between(place) if act.smooth else act for act, place, _ in known]
        wanted = [reached for _, _, reached in known]
        plans = [
            one.add(beside, one.sizes[place if place is not None else -1])
            for one, (place, _) in zip(finer, self._first(finer, beside, wanted), strict=True)
        ]
        plans = self._rounded(plans, wanted)
        return self._ways(plans, wanted)

    def _first(
        self, acts: Sequence[PossibleAct], beside: Plan, wanted: Sequence[int] | None = None
    ) -> list[tuple[int | None, int]]:
        """For each act: the place of its first size that reaches the goal by the wanted grading, and that grading.

        Wanted is, unless given, the earliest at which any of its sizes does.
        """
        plans = [act.plans(beside) for act in acts]
        at = self._reach([plan for theirs in plans for plan in theirs])
        found: list[tuple[int | None, int]] = []
        for number, theirs in enumerate(plans):
            part, at = at[: len(theirs)], at[len(theirs) :]
            reached = min(part) if wanted is None else wanted[number]
            places = [place for place, when in enumerate(part) if when <= reached]
            found.append((places[0] if reached != NEVER and places else None, reached))
        return found

    def _reach(self, plans: Sequence[Plan]) -> list[int]:
        return self.future.reach(plans, self.goal)

    def _rounded(self, plans: Sequence[Plan], wanted: Sequence[int]) -> list[Plan]:
        """The plans with orders of round amounts, where those suffice too."""
        tried = [
            [replace(plan, amount=round_up(plan.amount, digits)) for digits in (2, 3)]
            if plan.amount > self.acts.least_amount
            else []
            for plan in plans
        ]
        at = self._reach([plan for theirs in tried for plan in theirs])
        rounded = []
        for plan, theirs, latest in zip(plans, tried, wanted, strict=True):
            when, at = at[: len(theirs)], at[len(theirs) :]
            good = [
                one
                for one, place in zip(theirs, when, strict=True)
                if place <= latest and one.amount <= ROUGH * plan.amount
            ]
            rounded.append(good[0] if good else plan)
        return rounded

    def _ways(self, plans: Sequence[Plan], reached: Sequence[int]) -> list[Way]:
        return [
            Way(
                plan=plan,
                by=self.future.by,
                reached=None if at == AT_ONCE else self.future.days[at - 1],
                any_amount=bool(plan.orders) and plan.amount <= self.acts.least_amount,
                effort=self._effort(plan),
            )
            for plan, at in zip(plans, reached, strict=True)
        ]

    def _effort(self, plan: Plan) -> float:
        return (
            plan.orders * plan.amount / self.acts.month
            + 0.5 * sum(plan.activities.values())
            + 0.1 * plan.settles
            + 2.0 * len(plan.facts)
        )
