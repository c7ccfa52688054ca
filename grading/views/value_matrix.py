"""Current value x potential value (S4 当前价值和潜在价值), both as net present value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from grading.engine.fields import Bools, Floats, floats_of, frame_of

CELLS: Mapping[str, Mapping[str, str]] = {
    "platinum": {"en": "Platinum", "zh": "白金客户"},
    "gold": {"en": "Gold", "zh": "黄金客户"},
    "iron": {"en": "Iron", "zh": "铁质客户"},
    "silent": {"en": "Silent", "zh": "沉默客户"},
    "lead": {"en": "Lead", "zh": "铅质客户"},
    "negative": {"en": "Negative", "zh": "负价值客户"},
}
"""High now and later, high now, high later, high later if it bought again, low in both, below 0 in both."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cuts:
    """From where on a value is high, in money: absolute, or the median of the positives; None without a positive one."""

    current: float | None
    potential: float | None


def median_cuts(values: pd.DataFrame) -> Cuts:
    """The median of the values above 0 of each column, to be frozen.

    In: `current` and `potential` (money of one currency). None for a column without a value above 0.
    """
    cuts = {}
    for name in ("current", "potential"):
        column = floats_of(values[name])
        positive = column[np.isfinite(column) & (column > 0)]
        cuts[name] = float(np.median(positive)) if len(positive) else None
    return Cuts(**cuts)


def value_matrix(values: pd.DataFrame, cuts: Cuts) -> pd.DataFrame:
    """The cell of every customer (a key of CELLS), on the index of `values`.

    In: `current` and `potential` in money; `silent`, whether the customer has been silent beyond its own rhythm. Out:
    `cell`; None when either value is missing or infinite. High is at or above the cut, and never at or below 0. Both
    below 0 is a cell of its own: such a customer costs money, which a small one does not. One of them below 0 counts as
    low (S4 负价值). A high potential of a silent customer is a cell of its own: it assumes the rhythm that has stopped.
    """
    current, potential = floats_of(values["current"]), floats_of(values["potential"])
    known = np.isfinite(current) & np.isfinite(potential)
    now, later = _high(current, cuts.current), _high(potential, cuts.potential)
    silent = later & values["silent"].to_numpy(dtype=bool)
    names = np.array([None, "negative", "silent", "platinum", "gold", "iron", "lead"], dtype=object)
    cases = [~known, (current < 0) & (potential < 0), silent, now & later, now, later]
    place = np.select(cases, range(len(cases)), len(cases))
    return frame_of({"cell": names[place]}, values.index)


def net_present_value(flows: pd.DataFrame, rate: float) -> pd.Series[float]:
    """sum of flow / (1 + rate)^t per customer: past years compounded, years to come discounted.

    In: money, a column per year named by its t in years from now: -1 lies a year back, 0 is now, 1 in a year; `rate`
    a year, as 0.1. Out: money of today; NaN for a customer with a missing flow, since an unknown year is not a year
    without margin. ValueError for a rate of -1 or less, or a column that is no number. Source: S4 净现值测量方法;
    Jain & Singh, Journal of Interactive Marketing 16(2) 2002, model 1.
    """
    if not rate > -1:
        raise ValueError(f"a rate of {rate} a year is impossible; write 10 % as 0.1")
    try:
        years = np.array([float(name) for name in flows.columns])
    except (TypeError, ValueError):
        raise ValueError("columns of flows are years from now, such as -1, 0, 1") from None
    money = flows.to_numpy(dtype=np.float64, na_value=np.nan)
    return pd.Series(money @ (1.0 + rate) ** -years, index=flows.index, name="value")


def annuity(rate: float, years: int) -> float:
    """Present value of 1 at the end of each of `years` years: sum of (1 + rate)^-t over t = 1..years."""
    return float(sum((1.0 + rate) ** -year for year in range(1, years + 1)))


def _high(values: Floats, cut: float | None) -> Bools:
    return (values > 0) & (values >= (np.inf if cut is None else cut))
