"""Silence by a customer's own rhythm: a yearly buyer is not lost after 90 days.

k = days since the last order / the customer's usual gap between order days, the usual gap being the own median gap
shrunken towards the book's (`grading.indicators.orders.usual_gap`: 3 gaps of the book are mixed in, so that one or two own
gaps do not decide alone). It says *silent*; whether a customer is lost, a person finds out.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from grading.indicators.orders import usual_gap

WATCH, AT_RISK = 2.0, 3.0

STATES = ("regular", "watch", "at_risk", "one_time", "unknown")


def rhythm(customers: pd.DataFrame, book_gap: float | None) -> pd.DataFrame:
    """How silent every customer is, on the index of `customers`.

    In: `days_since_last` (days), `median_gap_days` (days between successive order days, NaN with fewer than two),
    `order_days` (how many, ever); `book_gap`: the book's usual gap in days, frozen, or None. Out: `usual_gap_days`,
    `k` (NaN when unknown), `own_gaps` (how many the rhythm rests on) and `state`: `watch` for k > 2, `at_risk` for k > 3, else `regular`;
    `one_time` for a customer with a single order day, whose k is by the book's gap and no rhythm of its own - such a
    customer is never called regular; `unknown` without an order or a gap to go by. ValueError without a column.
    """
    absent = [n for n in ("days_since_last", "median_gap_days", "order_days") if n not in customers.columns]
    if absent:
        raise ValueError(f"no column {', '.join(absent)} to tell the rhythm from")
    days, median, ordered = (
        customers[name].to_numpy(dtype=np.float64, na_value=np.nan)
        for name in ("days_since_last", "median_gap_days", "order_days")
    )
    gap = usual_gap(median, ordered, book_gap)
    k = days / np.where(gap > 0, gap, np.nan)
    buys = np.nan_to_num(ordered, nan=0.0)
    state = np.select(
        [(buys < 1) | ~np.isfinite(days), buys == 1, ~np.isfinite(k), k > AT_RISK, k > WATCH],
        ["unknown", "one_time", "unknown", "at_risk", "watch"],
        default="regular",
    )
    return pd.DataFrame(
        {
            "usual_gap_days": gap,
            "k": k,
            "own_gaps": np.maximum(buys - 1, 0).astype(np.int64),
            "state": pd.Series(state, index=customers.index, dtype=object),
        },
        index=customers.index,
    )


def book_gap(customers: pd.DataFrame) -> float | None:
    """The book's usual gap in days: the median of the median gaps of customers with at least two gaps; None without.

    In: `median_gap_days` and `order_days` as in `rhythm`. To be frozen, like every number taken over customers.
    """
    gaps = customers["median_gap_days"].to_numpy(dtype=np.float64, na_value=np.nan)
    ordered = customers["order_days"].to_numpy(dtype=np.float64, na_value=np.nan)
    gaps = gaps[np.isfinite(gaps) & (ordered >= 3)]
    return float(np.median(gaps)) if len(gaps) else None
