"""The one grading function: facts of any number of customers in, scores, tiers and points out.

No row reads another, and sums run in the order of the scheme: a customer gets the same bits by itself, in a book, and
in any order. Results are arrays; pandas is imported only when frames are asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from grading.engine.fields import MONTHS_WITH_US, Bools, Columns, Facts, Floats, columns_of, frame_of
from grading.engine.sums import SLACK, Sums, add_up
from grading.scheme.model import BLOCKED, NEW, UNRATED, DimensionMissing, Scheme

if TYPE_CHECKING:
    import pandas as pd

Words = np.ndarray[tuple[int, ...], np.dtype[np.object_]]
Places = np.ndarray[tuple[int, ...], np.dtype[np.int16]]


@dataclass(frozen=True, kw_only=True)
class Grading:
    """Results of one grading, row by row in the order of the facts; all frames share their index.

    `outcome` (arrays) and `results` (the same as a frame) have exact_score (NaN when nothing is known), score (as
    shown), tier (a tier id, or blocked, new, unrated), computed_tier (by the score only; None without one), coverage,
    low, high, certain, capped_by (the gate that lowered the tier, or None), provisional (too little is known) and young
    (less than min_history_months with us). By row and indicator: `scores` (NaN when missing, unless the scheme puts 50
    or 0 in its place), `points` (effective weight x score, adding up to exact_score) and `missing`. `gated`: (hit,
    assessed), arrays of (gate, row). `sums`: arrays of (indicator, row), (dimension, row) and (row).
    """

    as_of: date
    columns: Columns
    index: Any  # labels of the rows: a pandas Index, or a sequence
    sums: Sums
    facts: Facts

    def __len__(self) -> int:
        return len(self.sums.exact)

    @property
    def identity(self) -> tuple[str, int, str]:
        """Of the scheme that graded."""
        return self.facts.scheme.identity

    @cached_property
    def gated(self) -> tuple[Bools, Bools]:
        return _find_gates(self.facts, self.sums)

    @cached_property
    def outcome(self) -> Mapping[str, Any]:
        """Computed on first use, as `gated` is: a card needs only the points."""
        return _decide(self.sums, self.gated[0], self.facts.number(MONTHS_WITH_US).values, self.facts.scheme)

    @cached_property
    def results(self) -> pd.DataFrame:
        return frame_of(self.outcome, self.index)

    @cached_property
    def scores(self) -> pd.DataFrame:
        return self._frame(self.sums.scores)

    @cached_property
    def points(self) -> pd.DataFrame:
        return self._frame(self.sums.points)

    @cached_property
    def missing(self) -> pd.DataFrame:
        return self._frame(self.sums.missing)

    def _frame(self, by_indicator: Floats | Bools) -> pd.DataFrame:
        import pandas as pd

        names = [indicator.id for indicator in self.facts.scheme.indicators]
        return pd.DataFrame(by_indicator.T, index=self.index, columns=names, copy=False)


def grade(facts: pd.DataFrame, scheme: Scheme, as_of: date) -> Grading:
    """Grade every row of `facts` as of a day (semantics 1-7 and 10): a first rating, without memory.

    What depends on earlier snapshots (movement, gates that outlast their condition, overrides) is `movement.move`.

    In: one row per customer under a unique index; a column per known field (numbers, words or booleans by
    `scheme.fields`), `<field>@date` for the day a value was measured, `months_with_us`. Other columns are ignored; a
    field without a column is missing for everybody. ValueError when a customer or a column is there twice.
    """
    return grade_columns(columns_of(facts), facts.index, scheme, as_of)


def grade_columns(columns: Columns, index: Any, scheme: Scheme, as_of: date) -> Grading:
    """`grade` for arrays by name (see `fields.Facts`), as long as `index`."""
    as_of = as_of.date() if isinstance(as_of, datetime) else as_of
    facts = Facts(columns, len(index), scheme, as_of)
    sums = add_up([facts.indicator(indicator) for indicator in scheme.indicators], scheme, len(index))
    return Grading(as_of=as_of, columns=columns, index=index, sums=sums, facts=facts)


def round_score(score: Floats, decimals: int) -> Floats:
    """Half up, floor(score x 10^d + 0.5 + 1e-9) / 10^d: the number people see, and which decides the tier."""
    factor = 10.0**decimals
    shown: Floats = np.floor(score * factor + 0.5 + 1e-9) / factor
    return shown


def place_of(shown: Floats, scheme: Scheme, margin: float = 0.0) -> Places:
    """Place of the best tier with shown score >= at + margin, 0 the best; the last tier takes all that is left."""
    place = np.zeros(np.shape(shown), dtype=np.int16)
    for tier in scheme.tiers[:-1]:
        place += shown < tier.at + margin - SLACK
    return place


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What active gates do to each row: blocked, or capped at the tier `ceiling` (0: by none) by the gate `capped_by`."""

    blocked: Bools
    ceiling: Places
    capped_by: Places  # place among the gates; -1 for none


def find_limits(active: Bools, scheme: Scheme) -> Limits:
    """The strictest limits of gates that are active by (gate, row); of equal caps the first gate's counts."""
    rank = {tier.id: place for place, tier in enumerate(scheme.tiers)}
    rows = active.shape[1]
    limits = Limits(
        blocked=np.zeros(rows, dtype=bool),
        ceiling=np.zeros(rows, dtype=np.int16),
        capped_by=np.full(rows, -1, dtype=np.int16),
    )
    for row, gate in enumerate(scheme.gates):
        if gate.block:
            np.logical_or(limits.blocked, active[row], out=limits.blocked)
        elif gate.cap is not None:
            stricter = active[row] & (rank[gate.cap] > limits.ceiling)
            limits.ceiling[stricter] = rank[gate.cap]
            limits.capped_by[stricter] = row
    return limits


def _find_gates(facts: Facts, sums: Sums) -> tuple[Bools, Bools]:
    scheme = facts.scheme
    hit = np.zeros((len(scheme.gates), len(sums.exact)), dtype=bool)
    assessed = np.ones(hit.shape, dtype=bool)
    places = {dimension.id: place for place, dimension in enumerate(scheme.dimensions)}
    for row, gate in enumerate(scheme.gates):
        if isinstance(gate.when, DimensionMissing):
            hit[row] = ~sums.dimension_known[places[gate.when.dimension]]
        else:
            hit[row], assessed[row] = facts.gate(gate)
    return hit, assessed


def _decide(sums: Sums, hit: Bools, months: Floats, scheme: Scheme) -> dict[str, Any]:
    scored = ~np.isnan(sums.exact)
    shown, low, high = (
        round_score(score, scheme.display_decimals) for score in (sums.exact, sums.low, sums.high)
    )
    computed = place_of(shown, scheme)
    certain = scored & (place_of(low, scheme) == computed) & (place_of(high, scheme) == computed)
    provisional = ~scored | (sums.coverage < scheme.min_coverage - SLACK)
    limits = find_limits(hit, scheme)
    # An unknown age is not a young age: the comparison with NaN is false.
    young = months < scheme.min_history_months - SLACK
    rated = len(scheme.tiers)
    tier = np.select(
        [limits.blocked, young, provisional],
        [rated, rated + 1, rated + 2],
        np.maximum(computed, limits.ceiling),
    )
    capped = (limits.ceiling > computed) & (tier < rated)
    words, names, gates = vocabularies(scheme)
    return {
        "exact_score": sums.exact,
        "score": shown,
        "tier": words[tier],
        "computed_tier": names[np.where(scored, computed, -1)],
        "coverage": sums.coverage,
        "low": sums.low,
        "high": sums.high,
        "certain": certain,
        "capped_by": gates[np.where(capped, limits.capped_by, -1)],
        "provisional": provisional,
        "young": young,
    }


@lru_cache(maxsize=64)
def vocabularies(scheme: Scheme) -> tuple[Words, Words, Words]:
    """Arrays to index by place: tiers, then the words for no tier; tiers, then None; gates, then None."""
    tiers, gates = [tier.id for tier in scheme.tiers], [gate.id for gate in scheme.gates]
    return (
        np.array([*tiers, BLOCKED, NEW, UNRATED], dtype=object),
        np.array([*tiers, None], dtype=object),
        np.array([*gates, None], dtype=object),
    )
