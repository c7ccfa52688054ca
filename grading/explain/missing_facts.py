"""Which missing facts to collect: what each could change in the score and the tier, the cheapest first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Literal, TypedDict

import numpy as np

from grading.engine.compiled import compile_scheme
from grading.engine.fields import DATE_SUFFIX, MONTHS_WITH_US, Columns, read_days
from grading.engine.scoring import Grading, grade_columns
from grading.explain.breakdown import json_number, read_value
from grading.explain.headroom import needed_score
from grading.explain.targets import Value, extremes
from grading.scheme.model import Indicator, Scheme

Reason = Literal["absent", "not_understood", "too_old", "not_yet"]


class MissingFact(TypedDict):
    """One missing indicator, and what collecting only that would change; see `find_missing_facts`."""

    indicator: str
    dimension: str
    reason: Reason
    value: Value | None
    judgement: bool
    narrows: float
    coverage: float
    counts: bool
    decides: bool
    score_range: tuple[float | None, float | None]
    tiers: tuple[str, str]
    raises_from: float | None
    lowers_below: float | None


def find_missing_facts(grading: Grading, scheme: Scheme, position: int) -> list[MissingFact]:
    """The missing indicators of one row, those to collect first on top, as JSON-ready values.

    Each is tried with the value that scores lowest and the one that scores highest, everything else as it is, through
    the grading function itself; so `tiers` are those of a first rating, gates included. Per indicator:

    - `reason`: absent, not_understood (a word the scheme does not know, no number), too_old, or not_yet (measured after
      the day of the grading); `value`: the value that does not count, if any.
    - `judgement`: a person can answer it (`manual: true`), which costs less than a document does.
    - `narrows`: points by which the interval from all missing at 0 to all missing at 100 shrinks, whatever the answer
      is: weight in the whole scheme x 100 (semantic 5).
    - `coverage` afterwards (a fraction); `counts`: whether the score would use it. It does not where its dimension
      stays below min_coverage: then only together with others of that dimension.
    - `score_range`: shown scores from the lowest to the highest answer (None without a score), and `tiers`: the words
      in force at these two ends. `decides`: one of them is not the present one.
    - `raises_from`, `lowers_below`: indicator scores from which on the score reaches a better tier than the present
      one, and below which it falls into a worse one, by the boundaries only; None if never, at or beyond the end of the
      curve whatever the answer is.

    Order: those that could decide the tier, then judgements, then the widest; ties in the scheme's order.
    ValueError when the grading is of another scheme.
    """
    if grading.identity != scheme.identity:
        raise ValueError(f"graded by {grading.identity}, but analysed by {scheme.identity}")
    missing = grading.sums.missing[:, position].tolist()
    compiled = compile_scheme(scheme)
    wanted = [
        (dimension, d, indicator, 100.0 * share * nominal)
        for d, (dimension, share, members) in enumerate(
            zip(scheme.dimensions, compiled.shares, compiled.members, strict=True)
        )
        for indicator, (place, nominal) in zip(dimension.indicators, members, strict=True)
        if missing[place]
    ]
    if not wanted:
        return []
    tries = _tries(grading.columns, scheme, position, [indicator for _, _, indicator, _ in wanted])
    tried = grade_columns(tries, range(2 * len(wanted)), scheme, grading.as_of)
    now = {name: column[position] for name, column in grading.outcome.items()}
    found: list[MissingFact] = []
    for row, (dimension, d, indicator, narrows) in enumerate(wanted):
        worst, best = (
            {name: column[2 * row + end] for name, column in tried.outcome.items()} for end in (0, 1)
        )
        raises_from, lowers_below = _thresholds(now, worst, best, indicator, scheme)
        found.append(
            MissingFact(
                indicator=indicator.id,
                dimension=dimension.id,
                reason=_reason(grading.columns, grading.as_of, indicator, position),
                value=read_value(grading.columns, indicator.id, position),
                judgement=indicator.manual,
                narrows=narrows,
                coverage=float(best["coverage"]),
                counts=bool(tried.sums.dimension_weights[d, 2 * row] > 0.0),
                decides={worst["tier"], best["tier"]} != {now["tier"]},
                score_range=(json_number(worst["score"]), json_number(best["score"])),
                tiers=(worst["tier"], best["tier"]),
                raises_from=raises_from,
                lowers_below=lowers_below,
            )
        )
    return sorted(found, key=lambda fact: (not fact["decides"], not fact["judgement"], -fact["narrows"]))


def _tries(columns: Columns, scheme: Scheme, position: int, wanted: Sequence[Indicator]) -> dict[str, Any]:
    """Columns with two rows per wanted indicator, first with its worst answer and then with its best.

    In the other rows a wanted indicator is empty, as good as the value it has; its old date goes, the answer is of
    today.
    """
    ids = {indicator.id for indicator in wanted}
    kept = [id for id in scheme.fields if id not in ids]
    rows = 2 * len(wanted)
    tries = {
        name: np.repeat(_cell(columns[name], position), rows)
        for name in (*kept, *(id + DATE_SUFFIX for id in kept), MONTHS_WITH_US)
        if name in columns
    }
    for row, indicator in enumerate(wanted):
        tries[indicator.id] = np.full(
            rows, np.nan, dtype=float if scheme.fields[indicator.id].kind == "number" else object
        )
        tries[indicator.id][2 * row : 2 * row + 2] = [value for value, _ in extremes(indicator.score)]
    return tries


def _cell(column: Any, position: int) -> Any:
    """One row of a column, as an array."""
    return column[[position]] if isinstance(column, np.ndarray) else column.iloc[[position]].to_numpy()


def _reason(columns: Columns, as_of: date, indicator: Indicator, position: int) -> Reason:
    if read_value(columns, indicator.id, position) is None:
        return "absent"
    dates = indicator.id + DATE_SUFFIX
    if dates in columns:
        measured, today = read_days(_cell(columns[dates], position))[0], np.datetime64(as_of, "D")
        if measured > today:  # NaT is neither later nor older
            return "not_yet"
        if indicator.max_age_days is not None and measured < today - indicator.max_age_days:
            return "too_old"
    return "not_understood"


def _thresholds(
    now: Any, worst: Any, best: Any, indicator: Indicator, scheme: Scheme
) -> tuple[float | None, float | None]:
    """Where the score, a straight line in the indicator's score, crosses the boundaries of the present tier."""
    (_, low), (_, high) = extremes(indicator.score)
    rise = best["exact_score"] - worst["exact_score"]
    if now["computed_tier"] is None or not rise > 0.0:
        return None, None
    place = next(k for k, tier in enumerate(scheme.tiers) if tier.id == now["computed_tier"])
    up, down = (
        float(
            low
            + (needed_score(scheme.tiers[boundary].at, scheme)[1] - worst["exact_score"])
            / rise
            * (high - low)
        )
        if boundary >= 0
        else None
        for boundary in (place - 1, place)
    )
    return (
        max(up, low) if up is not None and up <= high else None,
        down if down is not None and down > low else None,
    )
