"""One customer's result in points: exact, because a score is nothing but the sum of its points."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from grading.engine.compiled import plan_of
from grading.engine.fields import Bools, Columns
from grading.engine.scoring import Grading
from grading.engine.sums import SLACK
from grading.scheme.model import Scheme

if TYPE_CHECKING:
    import pandas as pd

MIDDLE = 50.0


def explain(grading: Grading, scheme: Scheme, position: int) -> dict[str, Any]:
    """The result of one row as JSON-ready values; numbers that do not exist are None.

    Weights are fractions of 1 over the whole scheme: `weight` as written in it, `effective_weight`
    after what is missing left (or was filled in), so points = effective_weight x score and all points
    add up to exact_score. A dimension is `missing` when less of it is known than its min_coverage.
    """
    if grading.identity != scheme.identity:
        raise ValueError(f"graded by {grading.identity}, but explained by {scheme.identity}")
    row = {name: values[position] for name, values in grading.outcome.items()}
    return {
        "tier": row["tier"],
        "computed_tier": row["computed_tier"],
        "score": _number(row["score"]),
        "exact_score": _number(row["exact_score"]),
        "coverage": _number(row["coverage"]),
        "interval": [_number(row["low"]), _number(row["high"])],
        "certain": bool(row["certain"]),
        "provisional": bool(row["provisional"]),
        "capped_by": row["capped_by"],
        "gates": _marked(grading.gates, grading.hit[:, position]),
        "gates_not_assessed": _marked(grading.gates, ~grading.assessed[:, position]),
        "dimensions": _dimensions(grading, scheme, position),
        "breakdown": lines_of(grading, scheme, position),
    }


def reasons(
    breakdown: list[dict[str, Any]], up: int = 3, down: int = 3
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The indicators that lift an explained score most, and those that leave most points lying; strongest first.

    Lines are those of the breakdown plus `most`, the points a score of 100 would give: effective weight x
    100. Lifting are those that score above 50, by weight x (score - 50), the points beyond what an
    all-round middling customer has. Holding back are the others, by the points that are missing to
    `most`. One that is missing counts for neither, unless the scheme counts it as worst, nor does one whose dimension
    is known too little to count.
    """
    lines = [
        {**line, "most": line["effective_weight"] * 100.0}
        for line in breakdown
        if line["score"] is not None and line["effective_weight"]
    ]
    above = [line for line in lines if line["score"] > MIDDLE]
    lifting = sorted(above, key=lambda line: -line["effective_weight"] * (line["score"] - MIDDLE))[:up]
    short = [line for line in lines if line["points"] < line["most"] and line not in lifting]
    return lifting, sorted(short, key=lambda line: line["points"] - line["most"])[:down]


def change_by_dimension(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, float]]:
    """(dimension, points gained or lost) between two explanations; they add up to the change of the score.

    A dimension that only one of them has counts with all its points. Empty when one has no score:
    then there is no change to split.
    """
    if before["exact_score"] is None or after["exact_score"] is None:
        return []
    earlier = {part["id"]: part["points"] for part in before["dimensions"]}
    later = {part["id"]: part["points"] for part in after["dimensions"]}
    return [(name, later.get(name, 0.0) - earlier.get(name, 0.0)) for name in {**later, **earlier}]


def _dimensions(grading: Grading, scheme: Scheme, position: int) -> list[dict[str, Any]]:
    sums = grading.sums
    parts = (sums.dimension_scores, sums.dimension_weights, sums.dimension_points, sums.dimension_coverage)
    rows = zip(
        scheme.dimensions,
        plan_of(scheme).shares,
        *(part[:, position].tolist() for part in parts),
        strict=True,
    )
    return [
        {
            "id": dimension.id,
            "score": _number(score),
            "weight": share,
            "effective_weight": _number(weight),
            "points": _number(points),
            "coverage": _number(coverage),
            "missing": coverage < dimension.min_coverage - SLACK or coverage <= 0.0,
        }
        for dimension, share, score, weight, points, coverage in rows
    ]


def lines_of(grading: Grading, scheme: Scheme, position: int) -> list[dict[str, Any]]:
    """`explain`'s breakdown by itself: a line for each indicator, in the order of the scheme."""
    sums, plan = grading.sums, plan_of(scheme)
    scores, points, missing = (
        part[:, position].tolist() for part in (sums.scores, sums.points, sums.missing)
    )
    inner = sums.dimension_weights[:, position].tolist()
    if plan.redistribute:
        known = sums.dimension_coverage[:, position].tolist()
        inner = [weight / (part if part > 0.0 else 1.0) for weight, part in zip(inner, known, strict=True)]
    lines: list[dict[str, Any]] = []
    for dimension, share, weight, members in zip(
        scheme.dimensions, plan.shares, inner, plan.members, strict=True
    ):
        for indicator, (place, nominal) in zip(dimension.indicators, members, strict=True):
            counts = not (plan.redistribute and missing[place])
            lines.append(
                {
                    "indicator": indicator.id,
                    "dimension": dimension.id,
                    "value": read_value(grading.columns, indicator.id, position),
                    "score": _number(scores[place]),
                    "weight": share * nominal,
                    "effective_weight": _number(weight * nominal) if counts else 0.0,
                    "points": _number(points[place]),
                    "missing": missing[place],
                }
            )
    return lines


def _marked(gates: Sequence[str], flags: Bools) -> list[str]:
    return [gate for gate, flag in zip(gates, flags.tolist(), strict=True) if flag]


def _number(value: Any) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None


def read_value(columns: Columns | pd.DataFrame, field: str, position: int) -> float | str | bool | None:
    """One fact as a JSON-ready value: the value as it came, also one that does not count (too old, unknown word); None when there is none."""
    if field not in columns:
        return None
    column = columns[field]
    value = column[position] if isinstance(column, np.ndarray) else column.iloc[position]
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, str):
        return value or None
    try:
        return _number(value)
    except (TypeError, ValueError, OverflowError):
        return None
