"""Weights from people's judgements (AHP), and weights that the data suggests (diagnosis only).

Entropy and CRITIC weights reward spread, not importance: one outlier can move them by a third. They are shown next to
the weights people chose and never replace them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from grading.engine.fields import Floats

RANDOM_INDEX = (0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49)
"""Saaty's RI for 1 to 10 items (1980). Other tables exist and give another CR for the same judgements."""

CONSISTENT = 0.10
DOUBLE_COUNTING = 0.8


@dataclass(frozen=True, kw_only=True)
class Priorities:
    """Weights out of judgements: fractions of 1 by item, lambda_max, CI and CR."""

    weights: pd.Series[float]
    lambda_max: float
    consistency_index: float
    consistency_ratio: float


class InconsistentJudgements(ValueError):
    """CR is 0.10 or more; `row`, `column`: the judgement to reconsider first."""

    def __init__(self, ratio: float, row: str, column: str, judged: float, implied: float) -> None:
        self.ratio, self.row, self.column = ratio, row, column
        super().__init__(
            f"the judgements contradict each other: CR is {ratio:.3f}, it must be below {CONSISTENT:.2f}. "
            f"Think again about {row} against {column}: judged {judged:.3g}, the others imply about {implied:.2g}"
        )


def ahp(judgements: pd.DataFrame) -> Priorities:
    """Weights of items by pairwise comparison: the principal right eigenvector, its sum 1.

    In: a square frame, the items as index and columns in the same order; cell = how many times more the row's item
    matters than the column's, 1 to 9 or a fraction; cells across the diagonal are reciprocal. CI = (lambda_max -
    n)/(n - 1), CR = CI/RI. Raises InconsistentJudgements for CR >= 0.10, naming the cell with the largest
    a_ij w_j / w_i; ValueError for anything that is no such frame. Source: Saaty, The Analytic Hierarchy Process
    (1980); EJOR 48 (1990) 9-26.
    """
    a = _judged(judgements)
    n = len(a)
    roots, vectors = np.linalg.eig(a)
    principal = int(np.argmax(roots.real))
    weights = np.abs(vectors[:, principal].real)
    weights = weights / weights.sum()
    largest = float(roots[principal].real)
    index = max(0.0, (largest - n) / (n - 1)) if n > 2 else 0.0
    ratio = index / RANDOM_INDEX[n - 1] if n > 2 else 0.0
    if ratio >= CONSISTENT:
        strain = a * weights[None, :] / weights[:, None]
        row, column = divmod(int(np.argmax(strain)), n)
        implied = float(weights[row] / weights[column])
        names = [str(item) for item in judgements.index]
        raise InconsistentJudgements(ratio, names[row], names[column], float(a[row, column]), implied)
    return Priorities(
        weights=pd.Series(weights, index=judgements.index, name="weight"),
        lambda_max=largest,
        consistency_index=index,
        consistency_ratio=ratio,
    )


def group_judgements(people: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """One matrix for several people: the geometric mean cell by cell, the only mean that keeps cells reciprocal.

    In: frames as for `ahp`, all of the same items in the same order. ValueError otherwise, or without any. Source:
    Aczel & Saaty, Journal of Mathematical Psychology 27 (1983).
    """
    if not people:
        raise ValueError("nobody judged; give at least one matrix")
    first = people[0]
    if any(list(frame.index) != list(first.index) for frame in people):
        raise ValueError("everybody must judge the same items in the same order")
    logs = np.mean([np.log(_judged(frame)) for frame in people], axis=0)
    return pd.DataFrame(np.exp(logs), index=first.index, columns=first.columns)


def upper_triangle(items: Sequence[str], judgements: Sequence[float]) -> pd.DataFrame:
    """A reciprocal frame from the cells above the diagonal, row by row: n(n - 1)/2 of them, else ValueError."""
    n = len(items)
    if len(judgements) != n * (n - 1) // 2:
        raise ValueError(f"{n} items need {n * (n - 1) // 2} judgements, not {len(judgements)}")
    a = np.ones((n, n))
    rows, columns = np.triu_indices(n, 1)
    a[rows, columns] = judgements
    a[columns, rows] = 1.0 / np.asarray(judgements, dtype=np.float64)
    return pd.DataFrame(a, index=list(items), columns=list(items))


def entropy_weights(values: pd.DataFrame) -> pd.Series[float]:
    """Diagnosis: weights by how unevenly a column is spread over customers; fractions of 1.

    In: non-negative numbers, one row per customer; rows with a missing value are left out. p_ij = x_ij / sum_i x_ij,
    e_j = -1/ln n sum p ln p with 0 ln 0 = 0, w_j = (1 - e_j)/sum(1 - e). A constant column weighs 0. ValueError for
    a negative value, fewer than two complete rows, or when no column varies. Source: Shannon's entropy as in Hwang &
    Yoon, Multiple Attribute Decision Making (1981), ch. 3.
    """
    x = _complete(values)
    if (x < 0).any():
        name = values.columns[int(np.argmax((x < 0).any(axis=0)))]
        raise ValueError(f"{name} has negative values; entropy weights need shares of a sum")
    sums = x.sum(axis=0)
    p = x / np.where(sums > 0, sums, 1.0)
    entropy = -np.where(p > 0, p * np.log(np.where(p > 0, p, 1.0)), 0.0).sum(axis=0) / np.log(len(x))
    varied = x.max(axis=0) > x.min(axis=0)
    return _shares(np.where(varied, np.maximum(1.0 - entropy, 0.0), 0.0), values)


def critic_weights(values: pd.DataFrame) -> pd.Series[float]:
    """Diagnosis: weights by spread and by how little a column correlates with the others; fractions of 1.

    In: numbers, one row per customer, more is better; rows with a missing value are left out. Columns scaled to 0..1;
    C_j = sd_j sum_k (1 - r_jk), w = C/sum C. A constant column weighs 0. ValueError with fewer than two complete
    rows or when no column varies. Source: Diakoulaki, Mavrotas, Papayannakis, Computers & OR 22(7) 1995.
    """
    x = _complete(values)
    low, width = x.min(axis=0), np.ptp(x, axis=0)
    varied = width > 0
    scaled = (x[:, varied] - low[varied]) / width[varied]
    content = np.zeros(x.shape[1])
    if varied.any():
        r = np.atleast_2d(np.corrcoef(scaled, rowvar=False))
        conflict = (1.0 - r).sum(axis=1) if varied.sum() > 1 else np.ones(1)
        content[varied] = scaled.std(axis=0) * conflict
    return _shares(content, values)


def double_counting(scores: pd.DataFrame, *, limit: float = DOUBLE_COUNTING) -> pd.DataFrame:
    """Pairs of indicators with nearly the same scores, the closest first: `first`, `second`, `r` > limit.

    In: scores by indicator, one row per customer, missing ones left out pair by pair. r is Pearson's; a pair that
    has fewer than 3 customers in common, or a constant, has none. Spend, order count and order size all carry the
    same sales: weights on all of them count it several times.
    """
    r = scores.corr(min_periods=3).to_numpy()
    names = list(scores.columns)
    rows, columns = np.triu_indices(len(names), 1)
    close = [
        (names[i], names[j], float(r[i, j])) for i, j in zip(rows, columns, strict=True) if r[i, j] > limit
    ]
    close.sort(key=lambda pair: -pair[2])
    return pd.DataFrame(close, columns=["first", "second", "r"])


def _judged(frame: pd.DataFrame) -> Floats:
    """The judgements as an array, or a ValueError with the reason."""
    a = frame.to_numpy(dtype=np.float64, na_value=np.nan)
    n = len(a)
    if n == 0 or a.shape != (n, n) or list(frame.index) != list(frame.columns):
        raise ValueError("judgements are a square with the same items as rows and columns, in the same order")
    if n > len(RANDOM_INDEX):
        raise ValueError(
            f"{n} items are too many to compare in pairs; group them, at most {len(RANDOM_INDEX)}"
        )
    wrong = ~(np.isfinite(a) & (a >= 1 / 9 - 1e-9) & (a <= 9 + 1e-9))
    if wrong.any():
        row, column = divmod(int(np.argmax(wrong)), n)
        raise ValueError(
            f"{frame.index[row]} against {frame.columns[column]} must lie between 1/9 and 9, not {a[row, column]}"
        )
    off = np.abs(a * a.T - 1.0) > 1e-6
    if off.any():
        row, column = divmod(int(np.argmax(off)), n)
        raise ValueError(
            f"{frame.index[row]} against {frame.columns[column]} must be the reciprocal of the opposite cell"
        )
    return a


def _complete(values: pd.DataFrame) -> Floats:
    x = values.to_numpy(dtype=np.float64, na_value=np.nan)
    x = np.asarray(x[np.isfinite(x).all(axis=1)])
    if len(x) < 2:
        raise ValueError(f"{len(x)} customers have every value; at least 2 are needed")
    return x


def _shares(raw: Floats, values: pd.DataFrame) -> pd.Series[float]:
    total = float(raw.sum())
    if not total > 0:
        raise ValueError("no column varies from customer to customer; there is nothing to weigh")
    return pd.Series(raw / total, index=values.columns, name="weight")
