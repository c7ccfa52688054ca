"""Which missing facts to collect: what each could do to the score and the tier, the cheapest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypedDict

import numpy as np
import pandas as pd

from grading.engine.fields import DATE_SUFFIX, read_days
from grading.engine.scoring import MONTHS_WITH_US, Grading, grade
from grading.explain.breakdown import read_value
from grading.explain.headroom import needed_score
from grading.explain.targets import Value, extremes
from grading.scheme.model import Indicator, Scheme

Reason = Literal["absent", "not_understood", "too_old", "not_yet"]


class MissingFact(TypedDict):
    """One missing indicator, and what collecting it alone would do; see `find_missing_facts`."""

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

    Each is tried with the value that scores lowest and the one that scores highest, everything else as
    it is, through `grade` itself; so `tiers` are those of a first rating, gates included. Per indicator:

    - `reason`: absent, not_understood (a word the scheme does not know, no number), too_old, or not_yet
      (measured after the day of the grading); `value` is what stands there all the same.
    - `judgement`: a person can answer it (`manual: true`), which costs less than a document does.
    - `narrows`: points by which the interval from all missing at 0 to all missing at 100 shrinks,
      whatever the answer is: weight in the whole scheme x 100 (semantic 5).
    - `coverage` afterwards (a fraction); `counts`: whether the score would use it. It does not where its
      dimension stays below min_coverage: then only together with others of that dimension.
    - `score_range`: shown scores from the lowest to the highest answer (None without a score), and
      `tiers`: the words in force at these two ends. `decides`: one of them is not the present one.
    - `raises_from`, `lowers_below`: indicator scores from which on the score reaches a better tier than
      the present one, and below which it falls into a worse one, by the boundaries alone; None if never,
      at or beyond the end of the curve whatever the answer is.

    Order: those that could decide the tier, then judgements, then the widest; ties in the scheme's order.
    ValueError when the grading is of another scheme.
    """
    if grading.identity != scheme.identity:
        raise ValueError(f"graded by {grading.identity}, but asked about {scheme.identity}")
    missing = grading.missing.iloc[position].to_numpy()
    wanted = [i for i, gone in zip(scheme.indicators, missing, strict=True) if gone]
    if not wanted:
        return []
    tried = grade(_tries(grading, scheme, position, wanted), scheme, grading.as_of)
    weights = tried.effective_weights
    rows = tried.results
    now = grading.results.iloc[position]
    dimensions = {i.id: d.id for d in scheme.dimensions for i in d.indicators}
    total = sum(dimension.weight for dimension in scheme.dimensions)
    shares = {d.id: d.weight / total for d in scheme.dimensions}
    found: list[MissingFact] = []
    for place, indicator in enumerate(wanted):
        worst, best = rows.iloc[2 * place], rows.iloc[2 * place + 1]
        dimension = dimensions[indicator.id]
        raises_from, lowers_below = _thresholds(now, worst, best, indicator, scheme)
        found.append(
            MissingFact(
                indicator=indicator.id,
                dimension=dimension,
                reason=_reason(grading, indicator, position),
                value=read_value(grading.facts, indicator.id, position),
                judgement=indicator.manual,
                narrows=100.0 * shares[dimension] * grading.nominal_weights[dimension][indicator.id],
                coverage=float(best["coverage"]),
                counts=bool(weights[indicator.id].iloc[2 * place] > 0.0),
                decides={worst["tier"], best["tier"]} != {now["tier"]},
                score_range=(_number(worst["score"]), _number(best["score"])),
                tiers=(str(worst["tier"]), str(best["tier"])),
                raises_from=raises_from,
                lowers_below=lowers_below,
            )
        )
    return sorted(found, key=lambda fact: (not fact["decides"], not fact["judgement"], -fact["narrows"]))


def _tries(grading: Grading, scheme: Scheme, position: int, wanted: Sequence[Indicator]) -> pd.DataFrame:
    """Two rows per wanted indicator, first with its worst answer and then with its best.

    Elsewhere a wanted indicator is empty, as good as what stands there; its old date goes, the answer is of today.
    """
    ids = {indicator.id for indicator in wanted}
    kept = [id for id in scheme.fields if id not in ids]
    read = [*kept, *(id + DATE_SUFFIX for id in kept), MONTHS_WITH_US]
    there = [name for name in read if name in grading.facts.columns]
    place = range(len(grading.facts))[position]
    tries = grading.facts[there].iloc[[place] * (2 * len(wanted))].reset_index(drop=True)
    for row, indicator in enumerate(wanted):
        number = scheme.fields[indicator.id].kind == "number"
        answers = np.full(len(tries), np.nan, dtype=float if number else object)
        answers[2 * row], answers[2 * row + 1] = (value for value, _ in extremes(indicator.score))
        tries[indicator.id] = answers
    return tries


def _reason(grading: Grading, indicator: Indicator, position: int) -> Reason:
    facts = grading.facts
    if read_value(facts, indicator.id, position) is None:
        return "absent"
    dates = indicator.id + DATE_SUFFIX
    if dates in facts.columns:
        measured = read_days(facts[dates].iloc[[position]])[0]
        if measured > np.datetime64(grading.as_of, "D"):  # NaT is neither later nor older
            return "not_yet"
        oldest = indicator.max_age_days
        if oldest is not None and measured < np.datetime64(grading.as_of, "D") - oldest:
            return "too_old"
    return "not_understood"


def _thresholds(
    now: Any, worst: Any, best: Any, indicator: Indicator, scheme: Scheme
) -> tuple[float | None, float | None]:
    """Where the score, a straight line in the indicator's score, crosses the boundaries beside the present tier."""
    (_, low), (_, high) = extremes(indicator.score)
    rise = best["exact_score"] - worst["exact_score"]
    if now["computed_tier"] is None or not rise > 0.0:
        return None, None
    place = next(k for k, tier in enumerate(scheme.tiers) if tier.id == now["computed_tier"])
    crossings: list[float | None] = []
    for boundary in (place - 1, place):
        if boundary < 0:
            crossings.append(None)
            continue
        _, exact = needed_score(scheme.tiers[boundary].at, scheme)
        crossings.append(low + (exact - worst["exact_score"]) / rise * (high - low))
    up, down = crossings
    return (
        max(up, low) if up is not None and up <= high else None,
        down if down is not None and down > low else None,
    )


def _number(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None
