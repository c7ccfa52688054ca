"""What an account manager can do to lift a customer, as parts of *Why*."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sqlmodel import Session

from bot.services.ask.graded import Graded, as_read, shown, unit_as_read
from bot.services.schemes.store import SchemeCache
from bot.wording.why_parts import ActPart, WayPart
from grading.scheme.model import Name

if TYPE_CHECKING:
    from bot.services.ways.future import Future
    from bot.services.ways.search import Way, WaysUp
    from grading.explain.headroom import Lift

MOST_WAYS = 3
MOST_BLOCKERS = 3
FAR = 3  # times what a customer bought in 12 months: orders of more are said to be beyond that


@dataclass(frozen=True, kw_only=True)
class Rise:
    """How a customer gets to its goal: by itself on a day, in one of some ways, or not, for a reason.

    `blockers`: what keeps it where it is: gates, or the indicators that nobody in sales can move.
    """

    by_itself: date | None = None
    or_by_import: bool = False
    ways: tuple[WayPart, ...] = ()
    no_way: str | None = None  # by_hand | gates | not_enough
    blockers: tuple[Name, ...] = ()


def future_of(session: Session, scheme_cache: SchemeCache, graded: Graded, today: date) -> "Future":
    """The gradings to come of a customer."""
    from bot.services.ways.future import Future  # numpy: only when something is explained

    return Future(session, scheme_cache, graded.assessment, graded.run, graded.scheme, today)


def rise_of(graded: Graded, future: "Future", lift: "Lift") -> Rise:
    """How a customer gets to the goal of its lift."""
    from bot.services.ways.search import find_ways  # numpy: only when something is explained

    assert lift["goal"] is not None
    ways_up = find_ways(future, lift["goal"])
    if ways_up.by_itself:
        return Rise(by_itself=ways_up.by_itself, or_by_import=ways_up.or_by_import)
    if ways_up.ways:
        ways = tuple(_way_part(way, ways_up, graded) for way in ways_up.ways[:MOST_WAYS])
        return Rise(ways=ways)
    gates = {gate.id: gate.name for gate in graded.scheme.gates}
    in_the_way = tuple(gates[gate["gate"]] for gate in lift["gates"])
    if future.is_set_by_hand:
        return Rise(no_way="by_hand")
    if in_the_way:
        return Rise(no_way="gates", blockers=in_the_way)
    return Rise(no_way="not_enough", blockers=_beyond_reach(graded))


def _beyond_reach(graded: Graded) -> tuple[Name, ...]:
    """The indicators that lack most points and that no account manager can influence."""
    indicators = {one.id: one for one in graded.scheme.indicators if not one.influence}
    short = {
        line["indicator"]: 100.0 * line["effective_weight"] - (line["points"] or 0.0)
        for line in graded.breakdown.data["breakdown"]
        if line["indicator"] in indicators and line["effective_weight"]
    }
    most = sorted((name for name in short if short[name] > 1.0), key=lambda name: -short[name])
    return tuple(indicators[name].name for name in most[:MOST_BLOCKERS])


def _way_part(way: "Way", ways_up: "WaysUp", graded: Graded) -> WayPart:
    return WayPart(acts=tuple(_acts(way, ways_up, graded)), by=way.by, reached=way.reached)


def _acts(way: "Way", ways_up: "WaysUp", graded: Graded) -> Iterator[ActPart]:
    plan, currency = way.plan, graded.scheme.currency
    if plan.settles and ways_up.overdue:
        amount, since = ways_up.overdue
        yield ActPart(kind="settle", amount=amount, currency=currency, since=since)
    if plan.orders:
        margins = {"gross_margin_rate", "margin_contribution"} & set(graded.scheme.fields)
        margin = None if plan.cost_share is None or not margins else 1.0 - plan.cost_share
        usual = margin is not None and ways_up.margin is not None and abs(margin - ways_up.margin) < 1e-9
        yield ActPart(
            kind="order",
            count=plan.orders,
            amount=None if way.any_amount else plan.amount,
            currency=currency,
            bought=ways_up.bought if FAR * ways_up.bought < plan.orders * plan.amount else None,
            usual_margin=usual,
            margin=None if usual else margin,
        )
    for kind, count in plan.activities.items():
        yield ActPart(kind=kind, count=count)
    indicators = {indicator.id: indicator for indicator in graded.scheme.indicators}
    for name, value in plan.facts.items():
        indicator = indicators[name]
        yield ActPart(
            kind="fact",
            names=indicator.name,
            unit=unit_as_read(indicator),
            value=shown(graded.scheme, indicator, ways_up.present[name]),
            target=as_read(indicator, value),
        )
