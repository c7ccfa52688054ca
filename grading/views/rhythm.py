"""Silence by a customer's own rhythm: a yearly buyer is not lost after 90 days.

k = days since the last order / the customer's usual gap between order days: its own median gap, pulled towards the
book's (`grading.indicators.orders.usual_gap`). It says *silent*; a person finds out whether the customer is lost.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from grading.engine.fields import frame_of, matrix_of
from grading.indicators.orders import usual_gap

WATCH, AT_RISK = 2.0, 3.0
SILENT = ("watch", "at_risk")  # beyond the customer's own rhythm
STATES = ("regular", "watch", "at_risk", "one_time", "unknown")


def measure_rhythm(customers: pd.DataFrame, book_gap: float | None) -> pd.DataFrame:
    """How silent every customer is, on the index of `customers`.

    In: `days_since_last` (days), `median_gap_days` (days between successive order days, NaN with fewer than two),
    `order_days` (how many, ever); `book_gap`: the book's usual gap in days, frozen, or None. Out: `usual_gap_days`,
    `k` (NaN when unknown), `own_gaps` (how many the rhythm is based on) and `state`: `watch` for k > 2, `at_risk` for
    k > 3, else `regular`; `one_time` for a customer with a single order day, whose k is by the book's gap only;
    `unknown` without an order or a gap to go by. ValueError without a column.
    """
    days, median, ordered = matrix_of(
        customers, ("days_since_last", "median_gap_days", "order_days"), "a rhythm"
    ).T
    gap = usual_gap(median, ordered, book_gap)
    k = days / np.where(gap > 0, gap, np.nan)
    buys = np.nan_to_num(ordered, nan=0.0)
    state = np.select(
        [(buys < 1) | ~np.isfinite(days), buys == 1, ~np.isfinite(k), k > AT_RISK, k > WATCH],
        ["unknown", "one_time", "unknown", "at_risk", "watch"],
        default="regular",
    )
    own_gaps = np.maximum(buys - 1, 0).astype(np.int64)
    columns = {"usual_gap_days": gap, "k": k, "own_gaps": own_gaps, "state": state.astype(object)}
    return frame_of(columns, customers.index)
