"""What grading needs of a scheme and computes once: weights as shares, score functions ready to be called."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, count

from grading.engine.curves import Curve, Line, make_curve, make_line
from grading.scheme.model import Scheme


@dataclass(frozen=True, kw_only=True, slots=True)
class CompiledScheme:
    """The weights of a scheme in the order of its file, and its score functions.

    `shares` are of dimensions, fractions of 1; `members`: each dimension's indicators as (place among all, fraction of
    the dimension). `full`: what a fully known dimension adds up to in this very order, so that full - known is exactly
    0. `fill`: the score of a missing indicator, unless its weight goes to the others (`redistribute`).
    """

    shares: tuple[float, ...]
    minimums: tuple[float, ...]
    members: tuple[tuple[tuple[int, float], ...], ...]
    full: tuple[float, ...]
    redistribute: bool
    fill: float
    curves: tuple[Curve, ...]
    lines: tuple[Line, ...]


@lru_cache(maxsize=64)
def compile_scheme(scheme: Scheme) -> CompiledScheme:
    """The compiled form of a scheme."""
    total = sum(dimension.weight for dimension in scheme.dimensions)
    place = count()
    members = []
    for dimension in scheme.dimensions:
        inner = sum(indicator.weight for indicator in dimension.indicators)
        members.append(tuple((next(place), i.weight / inner) for i in dimension.indicators))
    scores = [indicator.score for indicator in scheme.indicators]
    return CompiledScheme(
        shares=tuple(dimension.weight / total for dimension in scheme.dimensions),
        minimums=tuple(dimension.min_coverage for dimension in scheme.dimensions),
        members=tuple(members),
        # One after the other, as rows are summed: sum() is more exact than that from Python 3.12 on.
        full=tuple([*accumulate((nominal for _, nominal in inside), initial=0.0)][-1] for inside in members),
        redistribute=scheme.missing.policy == "redistribute",
        fill=50.0 if scheme.missing.policy == "neutral" else 0.0,
        curves=tuple(map(make_curve, scores)),
        lines=tuple(map(make_line, scores)),
    )
