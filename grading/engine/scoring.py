"""The one grading function: facts of any number of customers in, scores, tiers and points out.

Nothing here looks at more than one row, and sums run in the order of the scheme: a customer gets the
same bits alone, in a book, and in any order. What is computed are arrays; pandas is only needed, and only
imported, by those who ask for frames.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from grading.engine.compiled import plan_of
from grading.engine.fields import Bools, Columns, Facts, Floats, columns_of, frame_of
from grading.engine.sums import SLACK, Sums, add_up
from grading.scheme.model import BLOCKED, NEW, UNRATED, DimensionMissing, Scheme

if TYPE_CHECKING:
    import pandas as pd

MONTHS_WITH_US = "months_with_us"
Words = np.ndarray[tuple[int, ...], np.dtype[np.object_]]
Places = np.ndarray[tuple[int, ...], np.dtype[np.int16]]


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
    `dimension_coverage`. `sums`, `hit` and `assessed` are the same as arrays of (what, row).
    """

    as_of: date
    identity: tuple[str, int, str]
    columns: Columns
    index: Any  # labels of the rows: a pandas Index, or a sequence
    nominal_weights: Mapping[str, Mapping[str, float]]
    redistributed: bool
    sums: Sums
    read: Facts
    gates: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.sums.exact)

    @property
    def hit(self) -> Bools:
        return self._gated[0]

    @property
    def assessed(self) -> Bools:
        return self._gated[1]

    @cached_property
    def _gated(self) -> tuple[Bools, Bools]:
        return _gates(self.read, self.sums, self.read.scheme, len(self))

    @cached_property
    def outcome(self) -> Mapping[str, Any]:
        """Arrays by the column names of `results`. Made when asked for, as gates are: a card only shows points."""
        return _outcome(self.sums, self.hit, self.read.number(MONTHS_WITH_US).values, self.read.scheme)

    @property
    def indicators(self) -> list[str]:
        """Ids in the order of the scheme."""
        return [indicator for inside in self.nominal_weights.values() for indicator in inside]

    @cached_property
    def facts(self) -> pd.DataFrame:
        """The facts that were graded."""
        import pandas as pd

        frame = getattr(self.columns, "frame", None)
        return frame if frame is not None else pd.DataFrame(dict(self.columns), index=self.index)

    @cached_property
    def results(self) -> pd.DataFrame:
        """One row per customer; columns as above."""
        return frame_of(self.outcome, self.index)

    @cached_property
    def scores(self) -> pd.DataFrame:
        return self._frame(self.sums.scores, self.indicators)

    @cached_property
    def points(self) -> pd.DataFrame:
        return self._frame(self.sums.points, self.indicators)

    @cached_property
    def missing(self) -> pd.DataFrame:
        return self._frame(self.sums.missing, self.indicators)

    @cached_property
    def dimension_scores(self) -> pd.DataFrame:
        return self._frame(self.sums.dimension_scores, list(self.nominal_weights))

    @cached_property
    def dimension_weights(self) -> pd.DataFrame:
        return self._frame(self.sums.dimension_weights, list(self.nominal_weights))

    @cached_property
    def dimension_points(self) -> pd.DataFrame:
        return self._frame(self.sums.dimension_points, list(self.nominal_weights))

    @cached_property
    def dimension_coverage(self) -> pd.DataFrame:
        return self._frame(self.sums.dimension_coverage, list(self.nominal_weights))

    @cached_property
    def gates_hit(self) -> pd.DataFrame:
        return self._frame(self.hit, list(self.gates))

    @cached_property
    def gates_not_assessed(self) -> pd.DataFrame:
        return self._frame(~self.assessed, list(self.gates))

    @property
    def effective_weights(self) -> pd.DataFrame:
        """Row by indicator: the share of the score it decides (semantic 3), 0 when it does not count.

        Made when asked for: it follows from the dimension's weight and coverage and from what is
        missing, and to keep it would cost a third more memory.
        """
        return self._frame(self.weights_of(slice(None)).T, self.indicators)

    def weights_of(self, rows: slice) -> Floats:
        """`effective_weights` of some rows, as an array of (row, indicator)."""
        inner = self.sums.dimension_weights[:, rows]
        if self.redistributed:
            coverage = self.sums.dimension_coverage[:, rows]
            inner = inner / np.where(coverage > 0.0, coverage, 1.0)
        members = [(d, w) for d, inside in enumerate(self.nominal_weights.values()) for w in inside.values()]
        weights = np.column_stack([inner[d] * nominal for d, nominal in members])
        if self.redistributed:
            weights *= ~self.sums.missing[:, rows].T
        return weights

    def _frame(self, rows: Floats | Bools, names: list[str]) -> pd.DataFrame:
        import pandas as pd

        return pd.DataFrame(rows.T, index=self.index, columns=names, copy=False)


def grade(facts: pd.DataFrame, scheme: Scheme, as_of: date) -> Grading:
    """Grade every row of `facts` as of a day (semantics 1-7 and 10): a first rating, without memory.

    What depends on earlier snapshots (movement, gates that outlast their condition, overrides) is `movement.move`.

    In: one row per customer under a unique index; a column per field that is there (numbers, words or
    booleans by `scheme.fields`), `<field>@date` for the day a value was measured, `months_with_us`.
    Other columns are ignored; a field without a column is missing for everybody. ValueError when a
    customer or a column stands twice.
    """
    return grade_columns(columns_of(facts), facts.index, scheme, as_of)


def grade_columns(columns: Columns, index: Any, scheme: Scheme, as_of: date) -> Grading:
    """`grade` for columns that are in no frame: arrays by name (see `fields.Facts`), as long as `index`."""
    as_of = as_of.date() if isinstance(as_of, datetime) else as_of
    rows = len(index)
    read = Facts(columns, rows, scheme, as_of)
    sums = add_up([read.indicator(indicator) for indicator in scheme.indicators], scheme, rows)
    return Grading(
        as_of=as_of,
        identity=scheme.identity,
        columns=columns,
        index=index,
        nominal_weights=plan_of(scheme).nominal,
        redistributed=scheme.missing.policy == "redistribute",
        sums=sums,
        read=read,
        gates=tuple(gate.id for gate in scheme.gates),
    )


def round_score(score: Floats, decimals: int) -> Floats:
    """Half up, floor(score x 10^d + 0.5 + 1e-9) / 10^d: the number people see, and which decides the tier."""
    factor = 10.0**decimals
    shown: Floats = np.floor(score * factor + 0.5 + 1e-9) / factor
    return shown


def place_of(shown: Floats, scheme: Scheme) -> Places:
    """Place of the tier, 0 the best: the number of boundaries above the score that is shown."""
    place = np.zeros(len(shown), dtype=np.int16)
    for tier in scheme.tiers[:-1]:
        place += shown < tier.at
    return place


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


def _outcome(sums: Sums, hit: Bools, months: Floats, scheme: Scheme) -> dict[str, Any]:
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

    words, names, gates = _vocabularies(scheme)
    return {
        "exact_score": sums.exact,
        "score": shown,
        "tier": words[tier],
        "computed_tier": names[np.where(scored, computed, -1)],
        "coverage": sums.coverage,
        "low": sums.low,
        "high": sums.high,
        "certain": certain,
        "capped_by": gates[capped_by],
        "provisional": provisional,
        "young": young,
    }


@lru_cache(maxsize=64)
def _vocabularies(scheme: Scheme) -> tuple[Words, Words, Words]:
    """Tiers with the words for none; tiers and None; gates and None."""
    tiers, gates = [tier.id for tier in scheme.tiers], [gate.id for gate in scheme.gates]
    return (
        np.array([*tiers, BLOCKED, NEW, UNRATED], dtype=object),
        np.array([*tiers, None], dtype=object),
        np.array([*gates, None], dtype=object),
    )
