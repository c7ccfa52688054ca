"""How much tiers depend on the exact weights: 1,000 other sets of weights within +-20 %, and who would change tier.

Customers are multiplied in chunks with all weights at once: memory holds one chunk times the draws.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from grading.engine.fields import Bools, Floats, matrix_of
from grading.engine.sums import SLACK
from grading.scheme.model import Scheme

DRAWS, WITHIN = 1_000, 0.2
CHUNK = 256  # customers at a time: with 1,000 draws 2 MB an array


@dataclass(frozen=True, kw_only=True)
class Sensitivity:
    """Shares of customers in another tier than with the scheme's own weights.

    `mean`, `p95` (the share that 95 % of the draws do not exceed) and `worst` are over the draws; `customers`: for each
    customer with a score the share of draws in which its tier differs.
    """

    draws: int
    within: float
    mean: float
    p95: float
    worst: float
    customers: pd.Series[float]


def weight_sensitivity(
    scores: pd.DataFrame, scheme: Scheme, *, seed: int, draws: int = DRAWS, within: float = WITHIN
) -> Sensitivity:
    """Draw weights within +-`within` of the scheme's, on both levels, and compare tiers by score only.

    In: indicator scores 0..100, a column per indicator of the scheme, NaN where missing (a Grading's `scores`). Every
    weight is multiplied by its own uniform number from 1 - within to 1 + within and its level renormalised; which
    dimension is known well enough stays as the scheme says, as do missing values, boundaries and rounding. Gates,
    movement, and customers without any score are left out. ValueError for `within` outside 0..1, no draws, or an
    indicator without a column. The same seed gives the same draws, whatever the order of the customers.
    """
    if not 0 < within < 1 or draws < 1:
        raise ValueError("weights vary within a share between 0 and 1, in at least one draw")
    values = matrix_of(scores, [indicator.id for indicator in scheme.indicators], "the sensitivity of scores")
    weights = _draw(scheme, np.random.default_rng(seed), draws, within)
    limits = _limits(scheme)
    other = np.zeros(draws)
    shares = np.full(len(values), np.nan)
    for start in range(0, len(values), CHUNK):
        chunk = values[start : start + CHUNK]
        totals = _totals(chunk, weights, scheme)  # column 0: the scheme's own weights
        rated = np.isfinite(totals[:, 0])
        totals = totals[rated]
        tier = np.searchsorted(limits, totals[:, 0], side="right")
        low = np.concatenate([[-np.inf], limits])[tier][:, None]
        high = np.concatenate([limits, [np.inf]])[tier][:, None]
        moved = (totals[:, 1:] < low) | (totals[:, 1:] >= high)
        other += moved.sum(axis=0)
        place = np.flatnonzero(rated) + start
        shares[place] = moved.mean(axis=1)
    customers = pd.Series(shares, index=scores.index, name="other_tier").dropna()
    per_draw = other / max(len(customers), 1)
    return Sensitivity(
        draws=draws,
        within=within,
        mean=float(per_draw.mean()),
        p95=float(np.quantile(per_draw, 0.95)),
        worst=float(per_draw.max()),
        customers=customers,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Weights:
    """A column per draw, the first being the scheme's own: a row per dimension, and per indicator of each."""

    dimensions: Floats
    indicators: list[Floats]


def _draw(scheme: Scheme, rng: np.random.Generator, draws: int, within: float) -> _Weights:
    def varied(own: list[float]) -> Floats:
        base = np.array(own) / sum(own)
        factors = rng.uniform(1 - within, 1 + within, size=(len(own), draws))
        columns = np.concatenate([np.ones((len(own), 1)), factors], axis=1) * base[:, None]
        return np.asarray(columns / columns.sum(axis=0))

    return _Weights(
        dimensions=varied([dimension.weight for dimension in scheme.dimensions]),
        indicators=[varied([i.weight for i in dimension.indicators]) for dimension in scheme.dimensions],
    )


def _totals(values: Floats, weights: _Weights, scheme: Scheme) -> Floats:
    """Scores of a chunk (rows) under all weights (columns), by semantics 3 and 4; NaN where nothing is known.

    One product for all rows, as if nothing were missing; then the rows with gaps are corrected.
    """
    known: Bools = np.isfinite(values)
    filled = np.where(known, values, 0.0)
    sizes = [len(inner) for inner in weights.indicators]
    joint = np.concatenate(weights.indicators) * np.repeat(weights.dimensions, sizes, axis=0)
    total = filled @ joint
    dropped = np.zeros((len(values), len(sizes)), dtype=bool)
    place = 0
    for d, (dimension, inner) in enumerate(zip(scheme.dimensions, weights.indicators, strict=True)):
        columns = slice(place, place + len(inner))
        place += len(inner)
        rows = np.flatnonzero(~known[:, columns].all(axis=1))
        part = known[rows, columns].astype(np.float64)
        own_share = part @ inner[:, 0]
        out = (own_share < dimension.min_coverage - SLACK) | (own_share <= 0)
        dropped[rows[out], d] = True
        total[rows[out]] -= filled[rows[out], columns] @ joint[columns]
        # A missing indicator passes its weight on: the sum over the known ones is divided by their share.
        kept = rows[~out]
        short = filled[kept, columns] @ joint[columns]
        total[kept] += short / (part[~out] @ inner) - short
    rows = np.flatnonzero(dropped.any(axis=1))
    used = 1.0 - dropped[rows] @ weights.dimensions
    nothing = np.asarray(dropped[rows].all(axis=1))
    total[rows] /= np.where(nothing[:, None], np.nan, used)
    return np.asarray(total)


def _limits(scheme: Scheme) -> Floats:
    """The exact score at which the shown score (rounded half up, semantic 6) reaches each boundary, rising."""
    scale = 10.0**scheme.display_decimals
    shown = np.array(sorted(tier.at for tier in scheme.tiers)[1:])
    return np.asarray((np.ceil(shown * scale - 1e-9) - 0.5 - 1e-9) / scale)
