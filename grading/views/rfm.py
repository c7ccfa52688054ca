"""RFM: how recently, how often and for how much customers bought (S4 RFM模型).

A customer's values are `recency_days` (days from the last order day to the day of the view), `frequency` (distinct
order days in the window: two invoices of one day are one purchase) and `monetary` (net amount in the window, in units
of one currency). Scores and classes come from cut points that were computed once over a reference population: no
customer's class moves because another one bought.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from grading.engine.fields import floats_of, frame_of, matrix_of

VALUES = ("recency_days", "frequency", "monetary")
QUINTILES = (0.2, 0.4, 0.6, 0.8)

Words = Mapping[str, str]

CLASSES: Mapping[str, Words] = {
    "111": {"en": "Important, keep close", "zh": "重要价值客户"},
    "101": {"en": "Important, grow", "zh": "重要发展客户"},
    "011": {"en": "Important, hold", "zh": "重要保持客户"},
    "001": {"en": "Important, win back", "zh": "重要挽留客户"},
    "110": {"en": "Ordinary, keep close", "zh": "一般价值客户"},
    "100": {"en": "Ordinary, grow", "zh": "一般发展客户"},
    "010": {"en": "Ordinary, hold", "zh": "一般保持客户"},
    "000": {"en": "Ordinary, let rest", "zh": "一般挽留客户"},
}
"""R, F, M above the mean of the reference population (1) or not (0) -> the usual eight names."""

SEGMENTS: Mapping[str, Words] = {
    "champion": {"en": "Champion", "zh": "冠军客户"},
    "loyal": {"en": "Loyal", "zh": "忠诚客户"},
    "potential_loyal": {"en": "Potential loyal", "zh": "潜在忠诚客户"},
    "new": {"en": "New", "zh": "新客户"},
    "promising": {"en": "Promising", "zh": "有望客户"},
    "need_attention": {"en": "Need attention", "zh": "需关注客户"},
    "about_to_sleep": {"en": "About to sleep", "zh": "即将沉睡客户"},
    "at_risk": {"en": "At risk", "zh": "有流失风险客户"},
    "cant_lose": {"en": "Can't lose", "zh": "不可流失客户"},
    "hibernating": {"en": "Hibernating", "zh": "沉睡客户"},
    "lost": {"en": "Lost", "zh": "已流失客户"},
}

GRID: Mapping[int, tuple[str, str, str, str, str]] = {
    5: ("new", "potential_loyal", "potential_loyal", "champion", "champion"),
    4: ("promising", "potential_loyal", "potential_loyal", "loyal", "champion"),
    3: ("about_to_sleep", "about_to_sleep", "need_attention", "loyal", "loyal"),
    2: ("hibernating", "hibernating", "at_risk", "at_risk", "at_risk"),
    1: ("lost", "lost", "at_risk", "cant_lose", "cant_lose"),
}
"""R -> the segments of FM 1 to 5."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CutPoints:
    """Cut points of a reference population of `customers` customers, to be stored and shown.

    Four rising cuts per value, and its mean for the eight classes: days, order days, money.
    """

    recency_days: tuple[float, ...]
    frequency: tuple[float, ...]
    monetary: tuple[float, ...]
    means: tuple[float, float, float]
    customers: int


def cut_points(population: pd.DataFrame) -> CutPoints:
    """Quintiles and means of a reference population.

    In: the columns of VALUES, one row per customer; rows with a missing or infinite value are left out. Quantiles of
    type 7 (Hyndman & Fan 1996: linear between order statistics, as in numpy, R and Excel). Cuts may coincide where many
    customers are equal; then nobody gets the score between them. ValueError without a complete row or a column.
    """
    values = matrix_of(population, VALUES, "RFM")
    values = values[np.isfinite(values).all(axis=1)]
    if not len(values):
        raise ValueError("nobody in the reference population has all three values; cut points need customers")
    cuts = np.quantile(values, QUINTILES, axis=0)
    means = values.mean(axis=0)
    return CutPoints(
        recency_days=tuple(cuts[:, 0].tolist()),
        frequency=tuple(cuts[:, 1].tolist()),
        monetary=tuple(cuts[:, 2].tolist()),
        means=(float(means[0]), float(means[1]), float(means[2])),
        customers=len(values),
    )


def rfm_scores(customers: pd.DataFrame, cuts: CutPoints) -> pd.DataFrame:
    """Scores, class and segment of every customer, on the index of `customers`.

    In: the columns of VALUES (days, order days, money). Out: `r`, `f`, `m` and `fm` from 1 to 5 (Int8), `class8` (a key
    of CLASSES), `segment` (a key of SEGMENTS). F and M: 1 + the number of cuts strictly below the value; R: 5 - the
    number of cuts strictly below the days. So equal values have equal scores and ties fall low. FM is the mean of F and
    M, rounded half up. A class's digit is 1 for fewer days, more order days, more money than the mean. A customer with a
    missing or infinite value has no score at all (NA, None). ValueError without a column.
    """
    values = matrix_of(customers, VALUES, "RFM")
    known = np.asarray(np.isfinite(values).all(axis=1))
    values = np.where(known[:, None], values, 0.0)
    below = [
        np.searchsorted(np.asarray(edges), values[:, place], side="left")
        for place, edges in enumerate((cuts.recency_days, cuts.frequency, cuts.monetary))
    ]
    r, f, m = 5 - below[0], 1 + below[1], 1 + below[2]
    fm = (f + m + 1) // 2
    more = values > cuts.means
    more[:, 0] = values[:, 0] < cuts.means[0]  # fewer days are better
    codes = more @ np.array([4, 2, 1])
    classes = np.array([f"{code:03b}" for code in range(8)], dtype=object)
    cells = np.array([GRID[row] for row in range(1, 6)], dtype=object)
    scores = {
        name: pd.arrays.IntegerArray(column.astype(np.int8), ~known)
        for name, column in (("r", r), ("f", f), ("m", m), ("fm", fm))
    }
    names = {"class8": classes[codes], "segment": cells[r - 1, fm - 1]}
    for column in names.values():
        column[~known] = None
    return frame_of(scores | names, customers.index)


FALLING = frozenset({"recency_days", "rhythm"})
"""Columns of which less is better."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Standard:
    """Mean and standard deviation of a column in the reference population; a deviation of 0 is a constant column."""

    mean: float
    deviation: float


def standards(population: pd.DataFrame) -> dict[str, Standard]:
    """Column -> its mean and population standard deviation over the finite values, to be frozen.

    In: any number columns. A column without a finite value is left out.
    """
    found = {}
    for name in population.columns:
        column = floats_of(population[name])
        column = column[np.isfinite(column)]
        if len(column):
            found[str(name)] = Standard(mean=float(column.mean()), deviation=float(column.std()))
    return found


def standardise(customers: pd.DataFrame, frozen: Mapping[str, Standard]) -> pd.DataFrame:
    """z = (value - mean) / deviation against frozen standards; negated for FALLING, so that more is better.

    In: the columns of `frozen` (others are ignored). Out: the same columns; NaN where the value is missing or
    infinite, 0 where the population never varied. KeyError for a column that is not there.
    """
    out = pd.DataFrame(index=customers.index)
    for name, standard in frozen.items():
        column = floats_of(customers[name])
        column = np.where(np.isfinite(column), column, np.nan)
        z = (column - standard.mean) / (standard.deviation or np.inf)
        out[name] = -z if name in FALLING else z
    return out


def improved_rfm(parts: pd.DataFrame, weights: Mapping[str, float]) -> pd.DataFrame:
    """Improved RFM (S4 改进的RFM模型): the weighted sum of standardised parts.

    In: a column per weight, such as `standardise` gives for `rhythm` (k of `grading.views.rhythm`), `frequency`,
    `monetary`, `relationship` (L, its length) and `profit` (P) - LRFM and RFMP are choices of columns - or scores of
    1 to 5; weights above 0, as of `grading.diagnose.weights.ahp`. Out: `score` = sum of w x part over the known parts /
    sum of their weights, NaN when none is known, and `coverage`, the share of the weight that is known.
    ValueError for a weight that is not above 0, KeyError for a column that is not there.
    """
    if not weights or not all(np.isfinite(weight) and weight > 0 for weight in weights.values()):
        raise ValueError("weights must be numbers above 0, one for each part")
    values = np.column_stack([floats_of(parts[name]) for name in weights])
    shares = np.array(list(weights.values())) / sum(weights.values())
    known = np.isfinite(values)
    coverage = known @ shares
    total = np.where(known, values, 0.0) @ shares
    score = total / np.where(coverage > 0, coverage, np.nan)
    return pd.DataFrame({"score": score, "coverage": coverage}, index=parts.index)
