"""A slow, obvious grader of one customer, written from the semantics only, to compare grade() with."""

from __future__ import annotations

import itertools
import math
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction
from typing import Any

from grading.scheme.model import Bands, Compare, DimensionMissing, Map, OneOf, Points, Scale, Scheme

SLACK = Fraction(1, 10**9)


def score_of(function: Any, value: Any) -> Fraction | None:
    """The score of a value, None when it is missing; exact in fractions."""
    if isinstance(function, Map):
        found = function.values.get(value)
        return None if found is None else Fraction(found)
    if value is None or not math.isfinite(value):
        return None
    x = Fraction(value)
    if isinstance(function, Points):
        knots = [(Fraction(a), Fraction(b)) for a, b in function.knots]
        if x <= knots[0][0]:
            return knots[0][1]
        for (low, before), (high, after) in itertools.pairwise(knots):
            if x <= high:
                return before + (after - before) * (x - low) / (high - low)
        return knots[-1][1]
    if isinstance(function, Bands):
        found = function.bands[0][1]
        for bound, score in function.bands:
            if value >= bound:
                found = score
        return Fraction(found)
    assert isinstance(function, Scale)
    low, high = Fraction(function.minimum), Fraction(function.maximum)
    return min(max((x - low) / (high - low) * 100, Fraction(0)), Fraction(100))


def grade_slowly(values: dict[str, Any], scheme: Scheme) -> dict[str, Any]:
    """tier, exact_score, coverage, low, high and points of one customer."""
    policy = scheme.missing.policy
    stand_in = {"redistribute": None, "neutral": Fraction(50), "worst": Fraction(0)}[policy]
    coverage = low = high = bottom = Fraction(0)
    shares: dict[str, tuple[Fraction, Fraction]] = {}
    missing_dimensions = set()
    anything = False
    for dimension in scheme.dimensions:
        weight = Fraction(dimension.weight) / 100
        scores = {i.id: score_of(i.score, values.get(i.id)) for i in dimension.indicators}
        inner = {i.id: Fraction(i.weight) / 100 for i in dimension.indicators}
        known = sum((inner[id] for id in scores if scores[id] is not None), Fraction(0))
        anything |= known > 0
        coverage += weight * known
        low += weight * sum((inner[id] * (scores[id] or 0) for id in scores), Fraction(0))
        high += weight * sum((inner[id] * (100 if s is None else s) for id, s in scores.items()), Fraction(0))
        enough = known > 0 and known >= Fraction(dimension.min_coverage) - SLACK
        if not enough:
            missing_dimensions.add(dimension.id)
        if policy != "redistribute":
            for id, score in scores.items():
                shares[id] = (weight * inner[id], stand_in if score is None else score)  # type: ignore[assignment]
            bottom += weight
        elif enough:
            for id, score in scores.items():
                if score is not None:
                    shares[id] = (weight * inner[id] / known, score)
            bottom += weight
    points = {id: w / bottom * s for id, (w, s) in shares.items()} if anything and bottom else {}
    exact = sum(points.values(), Fraction(0)) if points else None
    ends = [low, high] if exact is None else [low, high, exact]
    return {
        "points": {id: float(p) for id, p in points.items()},
        "exact_score": None if exact is None else float(exact),
        "coverage": float(coverage),
        "low": float(min(ends)),
        "high": float(max(ends)),
        "tier": _tier(values, exact, coverage, missing_dimensions, scheme),
    }


def shown(score: Fraction, decimals: int) -> Fraction:
    raised = score * 10**decimals + Fraction(1, 2) + SLACK
    return Fraction(
        int((Decimal(raised.numerator) / raised.denominator).to_integral_value(ROUND_FLOOR)), 10**decimals
    )


def _tier(
    values: dict[str, Any], exact: Fraction | None, coverage: Fraction, missing: set[str], scheme: Scheme
) -> str:
    hits = []
    for gate in scheme.gates:
        when = gate.when
        if isinstance(when, DimensionMissing):
            hit = when.dimension in missing
        elif isinstance(when, OneOf):
            hit = values.get(when.field) in when.values
        else:
            assert isinstance(when, Compare)
            x = values.get(when.field)
            hit = (
                x is not None
                and math.isfinite(x)
                and {
                    "ge": x >= when.limit,
                    "gt": x > when.limit,
                    "le": x <= when.limit,
                    "lt": x < when.limit,
                }[when.comparison]
            )
        if hit:
            hits.append(gate)
    if any(gate.block for gate in hits):
        return "blocked"
    months = values.get("months_with_us")
    if months is not None and months < scheme.min_history_months:
        return "new"
    if exact is None or coverage < Fraction(scheme.min_coverage) - SLACK:
        return "unrated"
    order = [tier.id for tier in scheme.tiers]
    places = [
        next(
            k
            for k, tier in enumerate(scheme.tiers)
            if shown(exact, scheme.display_decimals) >= Fraction(tier.at)
        )
    ]
    places += [order.index(gate.cap) for gate in hits if gate.cap is not None]
    return order[max(places)]
