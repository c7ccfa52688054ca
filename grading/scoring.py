"""The one grading function: facts of any number of customers in, scores, tiers and points out.

Nothing here looks at more than one row, and sums run in the order of the scheme: a customer gets the
same bits alone, in a book, and in any order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import pandas as pd

from grading.curves import make_curve
from grading.fields import Bools, Facts, Floats
from grading.scheme_model import BLOCKED, NEW, UNRATED, Dimension, DimensionMissing, Scheme
from grading.sums import SLACK, Sums, add_up

MONTHS_WITH_US = "months_with_us"


@dataclass(frozen=True, kw_only=True)
class Grading:
    """Results of one grading, row by row in the order of the facts; all frames share their index.

    `results` has exact_score (NaN when nothing is known), score (as shown), tier (a tier id, or
    blocked, new, unrated), computed_tier (by the score alone; None without one), coverage, low, high,
    certain, capped_by (the gate that lowered the tier, or None), provisional (known too little) and
    young (less than min_history_months with us).
    The frames by indicator: `scores` (NaN when missing, unless the scheme puts 50 or 0 in its place),
    `effective_weights` (fractions of 1), `points` (weight x score, adding up to exact_score) and
    `missing`; those by dimension likewise, with the share of its weight that is known as
    `dimension_coverage`.
    """

    as_of: date
    identity: tuple[str, int, str]
    facts: pd.DataFrame
    results: pd.DataFrame
    nominal_weights: Mapping[str, Mapping[str, float]]
    redistributed: bool
    scores: pd.DataFrame
    points: pd.DataFrame
    missing: pd.DataFrame
    dimension_scores: pd.DataFrame
    dimension_weights: pd.DataFrame
    dimension_points: pd.DataFrame
    dimension_coverage: pd.DataFrame
    gates_hit: pd.DataFrame
    gates_not_assessed: pd.DataFrame

    @property
    def effective_weights(self) -> pd.DataFrame:
        """Row by indicator: the share of the score it decides (semantic 3), 0 when it does not count.

        Made when asked for: it follows from the dimension's weight and coverage and from what is
        missing, and to keep it would cost a third more memory.
        """
        return self.weights_of(slice(None))

    def weights_of(self, rows: slice) -> pd.DataFrame:
        """`effective_weights` of some rows."""
        inner = self.dimension_weights.iloc[rows].to_numpy()
        if self.redistributed:
            coverage = self.dimension_coverage.iloc[rows].to_numpy()
            inner = inner / np.where(coverage > 0.0, coverage, 1.0)
        members = [(d, w) for d, inside in enumerate(self.nominal_weights.values()) for w in inside.values()]
        weights = np.column_stack([inner[:, d] * nominal for d, nominal in members])
        if self.redistributed:
            weights *= ~self.missing.iloc[rows].to_numpy()
        return pd.DataFrame(weights, index=self.results.index[rows], columns=self.missing.columns)


def grade(facts: pd.DataFrame, scheme: Scheme, as_of: date) -> Grading:
    """Grade every row of `facts` as of a day (semantics 1-7 and 10): a first rating, without memory.

    What depends on earlier snapshots (movement, gates that outlast their condition, overrides) is `movement.move`.

    In: one row per customer under a unique index; a column per field that is there (numbers, words or
    booleans by `scheme.fields`), `<field>@date` for the day a value was measured, `months_with_us`.
    Other columns are ignored; a field without a column is missing for everybody. ValueError when a
    customer or a column stands twice.
    """
    as_of = as_of.date() if isinstance(as_of, datetime) else as_of
    read = Facts(facts, scheme, as_of)
    columns = [read.indicator(indicator) for indicator in scheme.indicators]
    sums = add_up(columns, [make_curve(i.score) for i in scheme.indicators], scheme, len(facts))
    hit, assessed = _gates(read, sums, scheme, len(facts))
    index = facts.index
    indicators = [indicator.id for indicator in scheme.indicators]
    dimensions = [dimension.id for dimension in scheme.dimensions]
    gates = [gate.id for gate in scheme.gates]

    def frame(rows: Floats | Bools, names: list[str]) -> pd.DataFrame:
        return pd.DataFrame(rows.T, index=index, columns=names, copy=False)

    return Grading(
        as_of=as_of,
        identity=scheme.identity,
        facts=facts,
        results=_results(sums, hit, read.number(MONTHS_WITH_US).values, scheme, index),
        nominal_weights={d.id: _inner_weights(d) for d in scheme.dimensions},
        redistributed=scheme.missing.policy == "redistribute",
        scores=frame(sums.scores, indicators),
        points=frame(sums.points, indicators),
        missing=frame(sums.missing, indicators),
        dimension_scores=frame(sums.dimension_scores, dimensions),
        dimension_weights=frame(sums.dimension_weights, dimensions),
        dimension_points=frame(sums.dimension_points, dimensions),
        dimension_coverage=frame(sums.dimension_coverage, dimensions),
        gates_hit=frame(hit, gates),
        gates_not_assessed=frame(~assessed, gates),
    )


def round_score(score: Floats, decimals: int) -> Floats:
    """Half up, floor(score x 10^d + 0.5 + 1e-9) / 10^d: the number people see, and which decides the tier."""
    factor = 10.0**decimals
    shown: Floats = np.floor(score * factor + 0.5 + 1e-9) / factor
    return shown


def _inner_weights(dimension: Dimension) -> dict[str, float]:
    total = sum(indicator.weight for indicator in dimension.indicators)
    return {indicator.id: indicator.weight / total for indicator in dimension.indicators}


def _gates(read: Facts, sums: Sums, scheme: Scheme, rows: int) -> tuple[Bools, Bools]:
    hit = np.zeros((len(scheme.gates), rows), dtype=bool)
    assessed = np.ones((len(scheme.gates), rows), dtype=bool)
    places = {dimension.id: place for place, dimension in enumerate(scheme.dimensions)}
    for row, gate in enumerate(scheme.gates):
        if isinstance(gate.when, DimensionMissing):
            hit[row] = ~sums.dimension_known[places[gate.when.dimension]]
        else:
            hit[row], assessed[row] = read.gate(gate)
    return hit, assessed


def place_of(shown: Floats, scheme: Scheme) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    """Place of the tier, 0 the best: the number of boundaries above the score that is shown."""
    place = np.zeros(len(shown), dtype=np.int16)
    for tier in scheme.tiers[:-1]:
        place += shown < tier.at
    return place


def _results(sums: Sums, hit: Bools, months: Floats, scheme: Scheme, index: pd.Index) -> pd.DataFrame:
    scored = ~np.isnan(sums.exact)
    shown, low, high = (
        round_score(score, scheme.display_decimals) for score in (sums.exact, sums.low, sums.high)
    )
    computed = place_of(shown, scheme)
    certain = scored & (place_of(low, scheme) == computed) & (place_of(high, scheme) == computed)
    provisional = ~scored | (sums.coverage < scheme.min_coverage - SLACK)

    rank = {tier.id: place for place, tier in enumerate(scheme.tiers)}
    ceiling = np.zeros(len(computed), dtype=np.int16)
    capped_by = np.full(len(computed), -1, dtype=np.int16)
    blocked = np.zeros(len(computed), dtype=bool)
    for row, gate in enumerate(scheme.gates):
        if gate.block:
            blocked |= hit[row]
        elif gate.cap is not None:
            stricter = hit[row] & (rank[gate.cap] > np.maximum(ceiling, computed))
            ceiling[stricter] = rank[gate.cap]
            capped_by[stricter] = row
    # A missing age is not a young age: the comparison with NaN is false.
    young = months < scheme.min_history_months - SLACK
    tier = np.maximum(computed, ceiling)
    rated = len(scheme.tiers)
    tier = np.select([blocked, young, provisional], [rated, rated + 1, rated + 2], tier)
    capped_by[tier >= rated] = -1

    words = _words([*rank, BLOCKED, NEW, UNRATED])
    names = _words([*rank, None])
    gates = _words([*(gate.id for gate in scheme.gates), None])
    return pd.DataFrame(
        {
            "exact_score": sums.exact,
            "score": shown,
            "tier": pd.Series(words[tier], index=index, dtype=object),
            "computed_tier": pd.Series(names[np.where(scored, computed, -1)], index=index, dtype=object),
            "coverage": sums.coverage,
            "low": sums.low,
            "high": sums.high,
            "certain": certain,
            "capped_by": pd.Series(gates[capped_by], index=index, dtype=object),
            "provisional": provisional,
            "young": young,
        },
        index=index,
    )


def _words(words: list[str | None]) -> np.ndarray[tuple[int, ...], np.dtype[np.object_]]:
    return np.array(words, dtype=object)
