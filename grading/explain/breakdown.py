"""One customer's result in points: exact, because a score is the sum of its points."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from grading.engine.compiled import compile_scheme
from grading.engine.fields import Columns
from grading.engine.scoring import Grading, round_score
from grading.scheme.model import Scheme

TOP = 100.0 - 1e-9  # a score from which on nothing is lost
MIDDLE = 50.0
LEAST_LOST = 1.0  # points that an indicator must lack to be named as what holds a score back …
LEAST_LOST_SHARE = 0.1  # … and the share of those it could bring


@dataclass(frozen=True, kw_only=True, slots=True)
class Printed:
    """Points and the most that they could be: effective weight x 100."""

    points: float
    most: float


def explain(grading: Grading, scheme: Scheme, position: int) -> dict[str, Any]:
    """The result of one row as JSON-ready values; numbers that do not exist are None.

    Weights are fractions of 1 over the whole scheme: `weight` as written in it, `effective_weight` after missing
    indicators have left (or were filled in). Points = effective_weight x score, and all points add up to exact_score. A
    dimension is `missing` when less of it is known than its min_coverage. ValueError when the grading is of another
    scheme.
    """
    if grading.identity != scheme.identity:
        raise ValueError(f"graded by {grading.identity}, but explained by {scheme.identity}")
    row = {name: values[position] for name, values in grading.outcome.items()}
    hit, assessed = (flags[:, position].tolist() for flags in grading.gated)
    ids = [gate.id for gate in scheme.gates]
    return {
        "tier": row["tier"],
        "computed_tier": row["computed_tier"],
        "score": json_number(row["score"]),
        "exact_score": json_number(row["exact_score"]),
        "coverage": json_number(row["coverage"]),
        "interval": [json_number(row["low"]), json_number(row["high"])],
        "certain": bool(row["certain"]),
        "provisional": bool(row["provisional"]),
        "capped_by": row["capped_by"],
        "gates": list(itertools.compress(ids, hit)),
        "gates_not_assessed": [gate for gate, known in zip(ids, assessed, strict=True) if not known],
        "dimensions": dimension_lines(grading, scheme, position),
        "breakdown": lines_of(grading, scheme, position),
    }


def reasons(
    breakdown: list[dict[str, Any]], up: int = 3, down: int = 3
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """(indicators that lift an explained score most, those that hold it back most), strongest first.

    Lines are those of the breakdown plus `most`, the points a score of 100 would give: effective weight x 100. Lifting
    are those that score above 50, by weight x (score - 50); holding back are the others that lack at least a point and a
    tenth of `most`, by what they lack. A missing indicator is in neither, unless the scheme counts it as worst, nor is
    one whose dimension does not count.
    """
    lines = [
        {**line, "most": line["effective_weight"] * 100.0}
        for line in breakdown
        if line["score"] is not None and line["effective_weight"]
    ]
    above = [line for line in lines if line["score"] > MIDDLE]
    lifting = sorted(above, key=lambda line: -line["effective_weight"] * (line["score"] - MIDDLE))[:up]
    short = [
        line
        for line in lines
        if line["most"] - line["points"] >= max(LEAST_LOST, LEAST_LOST_SHARE * line["most"])
        and line not in lifting
    ]
    return lifting, sorted(short, key=lambda line: line["points"] - line["most"])[:down]


def print_points(
    grading: Grading, scheme: Scheme, position: int
) -> tuple[dict[str, Printed], dict[str, Printed]]:
    """(dimension -> its points, indicator -> its points) of one row.

    The dimensions add up to the shown score, the indicators of a dimension to its points, digit by digit; and so does
    the `most` of each, to 100 and to that of its dimension. All points are 0 without a score. No points are more than their `most`; they are equal where nothing is lost.
    """
    decimals = scheme.display_decimals
    dimensions, lines = dimension_lines(grading, scheme, position), lines_of(grading, scheme, position)
    exact = float(grading.sums.exact[position])
    total = 0.0 if math.isnan(exact) else float(round_score(grading.sums.exact[[position]], decimals)[0])
    total = _as_printed(total, decimals)
    weight = sum(part["effective_weight"] or 0.0 for part in dimensions)
    points = round_parts({part["id"]: part["points"] or 0.0 for part in dimensions}, total, decimals)
    by_dimension = _with_most(points, dimensions, "id", _as_printed(100.0 * weight, decimals), decimals)
    by_indicator: dict[str, Printed] = {}
    for name, printed in by_dimension.items():
        inner = [line for line in lines if line["dimension"] == name]
        parts = {line["indicator"]: line["points"] or 0.0 for line in inner}
        points = round_parts(parts, printed.points, decimals)
        by_indicator |= _with_most(points, inner, "indicator", printed.most, decimals)
    return by_dimension, by_indicator


def round_parts(parts: Mapping[str, float], change: float, decimals: int) -> dict[str, float]:
    """Parts rounded to `decimals` so that they add up to the change that is shown (largest remainder).

    Every part is rounded down, and what then lacks to `change` goes, a unit each, to those that lost most; among equals
    to the first. So each is less than a unit off, and 0 stays 0: nobody reads of a correction that was not made.
    `change` is the difference of two shown scores, or any number less than a unit from the sum. ValueError when it is
    further off.
    """
    factor = 10**decimals
    # Ten digits are far below a unit and far above rounding errors: 0.3 - 0.1 is 2 units, not 1.99…
    exact = {name: round(part * factor, 10) for name, part in parts.items()}
    units = {name: math.floor(part) for name, part in exact.items()}
    lacking = round(change * factor) - sum(units.values())
    open_parts = sorted((name for name in exact if exact[name]), key=lambda name: units[name] - exact[name])
    if abs(change * factor - sum(exact.values())) > 1 + 1e-6 or not 0 <= lacking <= len(open_parts):
        raise ValueError(
            f"parts that add up to {sum(parts.values()):g} cannot be shown as a change of {change:g} "
            f"with {decimals} decimals; give the difference of the two shown scores"
        )
    for name in open_parts[:lacking]:
        units[name] += 1
    return {name: unit / factor for name, unit in units.items()}


def change_by_dimension(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, float]]:
    """(dimension, points gained or lost) between two explanations; they add up to the change of the score.

    A dimension that only one of them has counts with all its points. Empty when one of them has no score.
    """
    if before["exact_score"] is None or after["exact_score"] is None:
        return []
    earlier = {part["id"]: part["points"] for part in before["dimensions"]}
    later = {part["id"]: part["points"] for part in after["dimensions"]}
    return [(name, later.get(name, 0.0) - earlier.get(name, 0.0)) for name in {**later, **earlier}]


def dimension_lines(grading: Grading, scheme: Scheme, position: int) -> list[dict[str, Any]]:
    """The dimensions of `explain`: one for each, in the order of the scheme."""
    sums = grading.sums
    parts = (
        sums.dimension_scores,
        sums.dimension_weights,
        sums.dimension_points,
        sums.dimension_coverage,
        sums.dimension_known,
    )
    rows = zip(
        scheme.dimensions,
        compile_scheme(scheme).shares,
        *(part[:, position].tolist() for part in parts),
        strict=True,
    )
    return [
        {
            "id": dimension.id,
            "score": json_number(score),
            "weight": share,
            "effective_weight": json_number(weight),
            "points": json_number(points),
            "coverage": json_number(coverage),
            "missing": not known,
        }
        for dimension, share, score, weight, points, coverage, known in rows
    ]


def lines_of(grading: Grading, scheme: Scheme, position: int) -> list[dict[str, Any]]:
    """The breakdown of `explain`: a line for each indicator, in the order of the scheme."""
    sums, compiled = grading.sums, compile_scheme(scheme)
    scores, points, missing = (
        part[:, position].tolist() for part in (sums.scores, sums.points, sums.missing)
    )
    inner = sums.dimension_weights[:, position].tolist()
    if compiled.redistribute:
        known = sums.dimension_coverage[:, position].tolist()
        inner = [weight / (part if part > 0.0 else 1.0) for weight, part in zip(inner, known, strict=True)]
    lines: list[dict[str, Any]] = []
    for dimension, share, weight, members in zip(
        scheme.dimensions, compiled.shares, inner, compiled.members, strict=True
    ):
        for indicator, (place, nominal) in zip(dimension.indicators, members, strict=True):
            counts = not (compiled.redistribute and missing[place])
            lines.append(
                {
                    "indicator": indicator.id,
                    "dimension": dimension.id,
                    "value": read_value(grading.columns, indicator.id, position),
                    "score": json_number(scores[place]),
                    "weight": share * nominal,
                    "effective_weight": json_number(weight * nominal) if counts else 0.0,
                    "points": json_number(points[place]),
                    "missing": missing[place],
                }
            )
    return lines


def json_number(value: Any) -> float | None:
    """A number as JSON has it: None for NaN and infinity."""
    number = float(value)
    return number if math.isfinite(number) else None


def read_value(columns: Columns, field: str, position: int) -> float | str | bool | None:
    """One fact as a JSON-ready value, also one that does not count (too old, unknown word); None when there is none."""
    if field not in columns:
        return None
    column = columns[field]
    value = column[position] if isinstance(column, np.ndarray) else column.iloc[position]
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, str):
        return value or None
    try:
        return json_number(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _as_printed(number: float, decimals: int) -> float:
    """A number as a message writes it: ties by its shortest decimal form, to the even digit."""
    return float(format(Decimal(str(number)), f".{decimals}f"))


def _with_most(
    points: Mapping[str, float],
    lines: Sequence[Mapping[str, Any]],
    key: str,
    total: float,
    decimals: int,
) -> dict[str, Printed]:
    """Printed points, each with its `most`, which add up to `total` (largest remainder)."""
    factor = 10**decimals
    exact = {line[key]: round(100.0 * (line["effective_weight"] or 0.0) * factor, 10) for line in lines}
    least = {name: round(value * factor) for name, value in points.items()}
    short = [line[key] for line in lines if exact[line[key]] and (line["score"] or 0.0) < TOP]
    units = dict(least)
    units.update({name: max(math.floor(exact[name]), least[name]) for name in short})
    lacking = round(total * factor) - sum(units.values())
    while lacking > 0 and short:
        units[max(short, key=lambda name: exact[name] - units[name])] += 1
        lacking -= 1
    while lacking < 0 and (above := [name for name in short if units[name] > least[name]]):
        units[min(above, key=lambda name: exact[name] - units[name])] -= 1
        lacking += 1
    return {name: Printed(points=value, most=units[name] / factor) for name, value in points.items()}
