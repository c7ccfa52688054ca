"""What would lift a customer to the next tier: which indicators, how far, and which gates must end first."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypedDict

from grading.engine.scoring import Grading
from grading.explain.boundaries import BEYOND, needed_score
from grading.explain.breakdown import explain, read_value
from grading.explain.targets import Target, Value, extremes, find_target
from grading.scheme.model import BLOCKED, WORDS_FOR_NO_TIER, Compare, DimensionMissing, Gate, OneOf, Scheme


class Lever(TypedDict):
    """One indicator that can lift the customer.

    headroom = (the most its curve gives, 100 as a rule, - score) x effective weight, in points of the whole score.
    `alone`: whether it suffices by itself; then `target` is the value it takes.
    """

    indicator: str
    value: Value | None
    score: float
    effective_weight: float
    headroom: float
    alone: bool
    target: Target | None


class LiftStep(TypedDict):
    """What one indicator contributes to the combination: the value to reach, and the points it gives at least."""

    indicator: str
    points: float
    target: Target


class GateInTheWay(TypedDict):
    """A gate that keeps the customer below the goal, and its condition (those keys that it has).

    `hit` is false when the condition has ended and only its clean snapshots (`clear_after`) are awaited.
    """

    gate: str
    cap: str | None
    block: bool
    hit: bool
    clear_after: int
    field: str | None
    value: Value | None
    comparison: str | None
    limit: float | None
    words: list[str | bool] | None
    dimension: str | None


class Lift(TypedDict):
    """What would lift one customer; see `find_lift`."""

    tier: str
    goal: str | None
    score: float | None
    needed: float | None
    lacking: float | None
    levers: list[Lever]
    enough: bool
    combination: list[LiftStep]
    gates: list[GateInTheWay]


def find_lift(
    grading: Grading, scheme: Scheme, position: int, *, tier: str | None = None, active: Collection[str] = ()
) -> Lift:
    """What would lift the customer of one row to the tier above, as JSON-ready values; all else equal.

    In: `tier`, the standing by movement, before caps (default: the tier of the score), and `active`, ids of gates in
    force, also those whose condition has ended but whose `clear_after` has not. Out:

    - `tier` as it counts, with caps; `goal`, the next better one. No goal: the best tier has none above it, and
      blocked, new and unrated are not lifted by points (nor is a tier held while unrated).
    - `needed`: the shown score that gives the goal, at + margin_up; `lacking`: exact points until it is shown, 0 when
      only gates, confirmations or the dwell delay it. Both None where the tier before caps is as good as the goal.
    - `levers`: known indicators that an account manager can influence, the largest headroom first.
    - `combination`: the fewest of them that suffice together, in that order, each closing the same share of its
      headroom; empty when nothing is lacking, or when not even all together are `enough`.
    - `gates`: every gate that caps below the goal, strictest first; they must end too.

    A row graded again with a target, or with all of the combination, has the goal, unless a gate waits for that very
    value. ValueError when the grading is of another scheme, or for an unknown tier or gate.
    """
    row = explain(grading, scheme, position)
    places = {known.id: place for place, known in enumerate(scheme.tiers)}
    by_id = {gate.id: gate for gate in scheme.gates}
    for what, ids, known in (("tier", [] if tier is None else [tier], places), ("gate", active, by_id)):
        for unknown in [id for id in ids if id not in known]:
            raise ValueError(
                f'the scheme {scheme.scheme} has no {what} "{unknown}"; it has {", ".join(known)}'
            )
    in_force = [by_id[id] for id in dict.fromkeys([*row["gates"], *active])]

    def gates_below(goal: int) -> list[GateInTheWay]:
        held = [g for g in in_force if g.block or (g.cap is not None and places[g.cap] > goal)]
        held.sort(key=lambda g: (not g.block, -places.get(g.cap or "", 0)))
        return [_describe(g, grading, position, g.id in row["gates"]) for g in held]

    before_caps = tier if tier is not None else row["computed_tier"]
    word = BLOCKED if any(gate.block for gate in in_force) else row["tier"]
    if word in WORDS_FOR_NO_TIER or before_caps is None:
        return _lift(word, row["score"], gates=gates_below(len(places)))
    present = max([places[before_caps], *(places[g.cap] for g in in_force if g.cap is not None)])
    if present == 0:
        return _lift(scheme.tiers[0].id, row["score"])
    goal = scheme.tiers[present - 1]
    gates = gates_below(present - 1)
    if places[before_caps] < present:
        return _lift(scheme.tiers[present].id, row["score"], goal=goal.id, gates=gates)
    margin = scheme.movement.margin_up if scheme.movement is not None else 0.0
    needed, exact = needed_score(goal.at + margin, scheme)
    lacking = max(exact - row["exact_score"], 0.0)
    levers = _levers(row["breakdown"], scheme, lacking)
    enough, combination = _combine(levers, scheme, lacking)
    return {
        **_lift(scheme.tiers[present].id, row["score"], goal=goal.id, gates=gates),
        "needed": needed,
        "lacking": lacking,
        "levers": levers,
        "enough": enough,
        "combination": combination,
    }


def _levers(lines: Sequence[Mapping[str, Any]], scheme: Scheme, lacking: float) -> list[Lever]:
    levers: list[Lever] = []
    for line, indicator in zip(lines, scheme.indicators, strict=True):
        weight, score = line["effective_weight"], line["score"]
        if line["missing"] or not indicator.influence or not weight:
            continue
        most = extremes(indicator.score)[1][1]
        headroom = weight * (most - score)
        if headroom <= BEYOND:
            continue
        alone = headroom >= lacking
        target = None
        if alone and lacking > 0.0:
            target = find_target(indicator, line["value"], min(score + (lacking + BEYOND) / weight, most))
        levers.append(
            Lever(
                indicator=indicator.id,
                value=line["value"],
                score=score,
                effective_weight=weight,
                headroom=headroom,
                alone=alone,
                target=target,
            )
        )
    return sorted(levers, key=lambda lever: -lever["headroom"])


def _combine(levers: Sequence[Lever], scheme: Scheme, lacking: float) -> tuple[bool, list[LiftStep]]:
    """(whether all of them suffice, the fewest that do): with the largest first no smaller set does."""
    sums = list(itertools.accumulate(lever["headroom"] for lever in levers))
    if lacking <= 0.0 or not sums or sums[-1] < lacking:
        return lacking <= 0.0, []
    count = next(place for place, total in enumerate(sums, 1) if total >= lacking)
    share = min((lacking + BEYOND) / sums[count - 1], 1.0)
    by_id = {indicator.id: indicator for indicator in scheme.indicators}
    steps: list[LiftStep] = []
    for lever in levers[:count]:
        indicator, gain = by_id[lever["indicator"]], share * lever["headroom"]
        most = extremes(indicator.score)[1][1]
        # A share of 1 is the top of the curve itself, not a division's approximation of it.
        reach = most if share == 1.0 else min(lever["score"] + gain / lever["effective_weight"], most)
        assert lever["value"] is not None
        target = find_target(indicator, lever["value"], reach)
        assert target is not None, "the top of its curve is always within reach"
        steps.append(LiftStep(indicator=indicator.id, points=gain, target=target))
    return True, steps


def _lift(
    tier: str, score: float | None, *, goal: str | None = None, gates: Sequence[GateInTheWay] = ()
) -> Lift:
    """A customer whom points do not lift: only gates prevent it, or no tier is better."""
    return Lift(
        tier=tier,
        goal=goal,
        score=score,
        needed=None,
        lacking=None,
        levers=[],
        enough=goal is not None,
        combination=[],
        gates=list(gates),
    )


def _describe(gate: Gate, grading: Grading, position: int, hit: bool) -> GateInTheWay:
    when = gate.when
    return GateInTheWay(
        gate=gate.id,
        cap=gate.cap,
        block=gate.block,
        hit=hit,
        clear_after=gate.clear_after,
        field=gate.field,
        value=read_value(grading.columns, gate.field, position) if gate.field else None,
        comparison=when.comparison if isinstance(when, Compare) else None,
        limit=when.limit if isinstance(when, Compare) else None,
        words=[*when.values] if isinstance(when, OneOf) else None,
        dimension=when.dimension if isinstance(when, DimensionMissing) else None,
    )
