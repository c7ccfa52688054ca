"""What grading needs of a scheme and works out once: weights as shares, score functions ready to be called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from grading.engine.curves import Curve, Line, make_curve, make_line
from grading.scheme.model import Map, Scheme


@dataclass(frozen=True, kw_only=True, slots=True)
class CompiledScheme:
    """The weights of a scheme in the order of its file, and its score functions.

    `shares` are of dimensions, fractions of 1; `members` are each dimension's indicators: (place among all, fraction
    of the dimension). `full` is what a fully known dimension adds up to in this very order, so that full - known is
    exactly 0. `fill` is the score that stands in for a missing one unless its weight is given to the others.
    """

    nominal: Mapping[str, Mapping[str, float]]
    shares: tuple[float, ...]
    minimums: tuple[float, ...]
    members: tuple[tuple[tuple[int, float], ...], ...]
    full: tuple[float, ...]
    redistribute: bool
    fill: float
    curves: tuple[Curve, ...]
    lines: tuple[Line, ...]
    max_age: Mapping[str, int | None]
    maps: Mapping[str, Map]


@lru_cache(maxsize=64)
def plan_of(scheme: Scheme) -> CompiledScheme:
    """The plan of a scheme."""
    total = sum(dimension.weight for dimension in scheme.dimensions)
    nominal = {}
    for dimension in scheme.dimensions:
        inner = sum(indicator.weight for indicator in dimension.indicators)
        nominal[dimension.id] = {i.id: i.weight / inner for i in dimension.indicators}
    members, place = [], 0
    for inside in nominal.values():
        members.append(tuple(enumerate(inside.values(), place)))
        place += len(inside)
    scores = [indicator.score for indicator in scheme.indicators]
    return CompiledScheme(
        nominal=nominal,
        shares=tuple(dimension.weight / total for dimension in scheme.dimensions),
        minimums=tuple(dimension.min_coverage for dimension in scheme.dimensions),
        members=tuple(members),
        full=tuple(_in_turn(inside) for inside in members),
        redistribute=scheme.missing.policy == "redistribute",
        fill=50.0 if scheme.missing.policy == "neutral" else 0.0,
        curves=tuple(make_curve(score) for score in scores),
        lines=tuple(make_line(score) for score in scores),
        max_age={indicator.id: indicator.max_age_days for indicator in scheme.indicators},
        maps={i.id: i.score for i in scheme.indicators if isinstance(i.score, Map)},
    )


def _in_turn(members: tuple[tuple[int, float], ...]) -> float:
    full = (
        0.0  # one after the other, as it is done for rows; sum() is more exact than that from Python 3.12 on
    )
    for _, nominal in members:
        full += nominal
    return full
