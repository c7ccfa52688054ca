"""The smallest acts that lift a customer to the tier above, each found by grading it again with the act done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice

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
    where they are known; `bought`: its orders of 12 months. `present`: the recorded figures of today that a way may change.
    """

    goal: str
    ways: tuple[Way, ...] = ()
    by_itself: date | None = None
    or_by_import: bool = False  # whether the next import about the customer gives it, too
    overdue: tuple[float, date] | None = None
    usual: float | None = None
    margin: float | None = None
    bought: float = 0.0
    present: Mapping[str, Value]


def find_ways(future: Future, goal: str) -> WaysUp:
    """The ways to a tier above the present one; none when nothing that an account manager can do suffices."""
    by_itself, at_once = future.comes_by_itself(goal)
    if by_itself is not None:
        return WaysUp(goal=goal, by_itself=by_itself, or_by_import=at_once, present={})
    search = _Search(future, goal)
    ways = search.single() or search.several_orders() or search.together()
    acts = search.acts
    return WaysUp(
        goal=goal,
        ways=tuple(sorted(ways, key=lambda way: way.effort)),
        overdue=acts.overdue,
        usual=acts.usual,
        margin=acts.margin,
        bought=acts.bought,
        present=acts.present,
    )


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
        sizes = {place: act.sizes[-1] for place, act in enumerate(self.acts.others)}
        if not self._suffice([sizes])[0]:
            return []
        while sizes:
            fewer = [{one: sizes[one] for one in sizes if one != place} for place in reversed(sizes)]
            enough = self._suffice(fewer)
            if True not in enough:
                break
            sizes = fewer[enough.index(True)]
        return self._smaller(sizes)

    def _suffice(self, chosen: Sequence[Mapping[int, float]]) -> list[bool]:
        """Whether acts of these sizes suffice, alone or with the most and best orders."""
        orders = list(self.acts.orders())[-1:]
        besides = [self._plan(sizes) for sizes in chosen]
        tried = [
            [beside, *(plan for act in orders for plan in act.plans(beside)[::COARSE])] for beside in besides
        ]
        return [min(at) != NEVER for at in self._reach_each(tried)]

    def _smaller(self, sizes: dict[int, float]) -> list[Way]:
        """The way of these acts, each as small as it can be before the order beside them becomes much larger."""
        beside, orders = self._plan(sizes), list(self.acts.orders())
        found = zip(orders, self._first(orders, beside), strict=True)
        order, least = next(
            ((act, act.sizes[place]) for act, (place, _) in found if place is not None), (None, 0.0)
        )
        for place in sizes:
            act = self.acts.others[place]
            at = self._first_enough(act, place, sizes, order, CHEAP * least)
            if act.smooth:
                act = act.between(at)
                at = self._first_enough(act, place, sizes, order, CHEAP * least)
            sizes[place] = act.sizes[at]
        if order is not None:
            return self._smallest([order], self._plan(sizes))
        plan = self._plan(sizes)
        return self._ways([plan], self._reach([plan]))

    def _first_enough(
        self,
        act: PossibleAct,
        place: int,
        sizes: Mapping[int, float],
        order: PossibleAct | None,
        amount: float,
    ) -> int:
        """The place of the first size of one of the acts that suffices with the others and an order of this amount."""
        plans = [self._plan({**sizes, place: size}) for size in act.sizes]
        if order is not None:
            plans = [order.add(plan, amount) for plan in plans]
        enough = [when != NEVER for when in self._reach(plans)]
        return enough.index(True) if True in enough else len(enough) - 1

    def _plan(self, sizes: Mapping[int, float]) -> Plan:
        """The acts of these places, in these sizes."""
        plan = Plan()
        for place, size in sizes.items():
            plan = self.acts.others[place].add(plan, size)
        return plan

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
        found: list[tuple[int | None, int]] = []
        for number, at in enumerate(self._reach_each([act.plans(beside) for act in acts])):
            reached = min(at) if wanted is None else wanted[number]
            places = [place for place, when in enumerate(at) if when <= reached]
            found.append((places[0] if reached != NEVER and places else None, reached))
        return found

    def _reach_each(self, groups: Sequence[Sequence[Plan]]) -> list[list[int]]:
        """`_reach` for several groups of plans in one pass."""
        at = iter(self._reach([plan for plans in groups for plan in plans]))
        return [list(islice(at, len(plans))) for plans in groups]

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
        rounded = []
        for plan, theirs, at, latest in zip(plans, tried, self._reach_each(tried), wanted, strict=True):
            good = [
                one
                for one, place in zip(theirs, at, strict=True)
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
