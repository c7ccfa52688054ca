"""Points as they are printed: rounded so that they add up to the number printed above them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from grading.engine.scoring import Grading, round_score
from grading.explain.breakdown import dimension_lines, lines_of
from grading.scheme.model import Scheme

MOST_DECIMALS = 1  # of points in messages
TOP = 100.0 - 1e-9  # a score from which on nothing is lost


@dataclass(frozen=True, kw_only=True, slots=True)
class Printed:
    """Points and the most that they could be: effective weight x 100."""

    points: float
    most: float


def print_points(
    grading: Grading, scheme: Scheme, position: int
) -> tuple[dict[str, Printed], dict[str, Printed]]:
    """(dimension -> its points, indicator -> its points) of one row.

    The dimensions add up to the shown score, the indicators of a dimension to its points, digit by digit. All are 0
    without a score. No points are more than their `most`; they are equal where nothing is lost.
    """
    decimals = min(scheme.display_decimals, MOST_DECIMALS)
    dimensions, lines = dimension_lines(grading, scheme, position), lines_of(grading, scheme, position)
    exact = float(grading.sums.exact[position])
    total = (
        0.0
        if math.isnan(exact)
        else _as_printed(float(round_score(exact, scheme.display_decimals)), decimals)
    )
    by_dimension = round_parts({part["id"]: part["points"] or 0.0 for part in dimensions}, total, decimals)
    by_indicator: dict[str, float] = {}
    for name, points in by_dimension.items():
        inner = {line["indicator"]: line["points"] or 0.0 for line in lines if line["dimension"] == name}
        by_indicator |= round_parts(inner, points, decimals)
    return (
        _with_most(by_dimension, dimensions, "id", decimals),
        _with_most(by_indicator, lines, "indicator", decimals),
    )


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


def _as_printed(number: float, decimals: int) -> float:
    """A number as a message writes it: ties by its shortest decimal form, to the even digit."""
    return float(format(Decimal(str(number)), f".{decimals}f"))


def _with_most(
    points: Mapping[str, float], lines: Sequence[Mapping[str, Any]], key: str, decimals: int
) -> dict[str, Printed]:
    found = {}
    for line in lines:
        printed, most = points[line[key]], 100.0 * (line["effective_weight"] or 0.0)
        full = line["score"] is not None and line["score"] >= TOP
        found[line[key]] = Printed(
            points=printed, most=printed if full else max(printed, _as_printed(most, decimals))
        )
    return found
