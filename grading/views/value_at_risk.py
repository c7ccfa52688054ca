"""What silent and falling customers are worth: the money of a year that the firm may lose with them.

docs/value-at-risk.md says the same in words. Amounts are of the *basis*: margin where costs are known, else revenue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from grading.engine.fields import Floats, floats_of, frame_of
from grading.views.rhythm import AT_RISK, WATCH

if TYPE_CHECKING:
    import pandas as pd

YEAR = 365.25  # days
FALLEN = 0.2  # of the revenue of the year before: a smaller loss is no fall
COSTED = 0.5  # of the revenue of two years: with fewer orders whose cost is known, revenue counts instead of margin
SLACK = 1e-9  # two ways to add up the same amounts differ by less
WINDOW = ("net", "net_with_cost", "cost", "returns_without_cost", "order_days")


def measure_value_at_risk(
    customers: pd.DataFrame, this_year: pd.DataFrame, year_before: pd.DataFrame
) -> pd.DataFrame:
    """What each customer is worth when it is silent, and what it has lost when it falls, on the index of `customers`.

    In: `usual_gap_days` (days, NaN when unknown) and `order_days` (ever); for each of the two years, on the same index,
    the columns of WINDOW: net revenue, the part of it with known costs and those costs (money; NaN without any), how many
    returns have no cost, and days with an order. Out, money: `revenue`, `revenue_before`, `margin`, `margin_before` (NaN
    when unknown), `is_margin` (whether the basis is margin), `order_value` (of an order day; NaN without one in the two
    years), `worth` (what is at risk when the customer is silent) and `fall` (what is at risk when it is not). Both are 0
    where there is nothing to lose, and for a customer that ordered on one day only. ValueError without a column.
    """
    gap, ever = (floats_of(customers[name]) for name in ("usual_gap_days", "order_days"))
    now, before = (_window(one) for one in (this_year, year_before))
    margin, margin_before = _margin(now), _margin(before)
    revenue, revenue_before = now["net"], before["net"]
    costed = np.nan_to_num(now["net_with_cost"]) + np.nan_to_num(before["net_with_cost"])
    has_costs = np.isfinite(now["net_with_cost"]) | np.isfinite(before["net_with_cost"])
    is_margin = (
        has_costs
        & np.isfinite(margin)
        & np.isfinite(margin_before)
        & (costed >= COSTED * (revenue + revenue_before) * (1 - SLACK))
    )
    value = np.where(is_margin, margin, revenue)
    value_before = np.where(is_margin, margin_before, revenue_before)
    days = now["order_days"] + before["order_days"]
    per_day = np.where(days > 0, days, np.nan)
    order_value = (value + value_before) / per_day
    yearly = YEAR / np.where(gap > 0, gap, np.nan) * order_value
    most = np.maximum(value, value_before)
    repeated = ever >= 2
    worth = np.where(repeated, np.nan_to_num(np.minimum(yearly, most)), 0.0)
    lost = revenue_before - revenue
    one_order = (revenue + revenue_before) / per_day
    fell = (
        repeated
        & (revenue_before > 0)
        & (lost >= FALLEN * revenue_before * (1 - SLACK))
        & (lost > one_order * (1 + SLACK))
    )
    columns = {
        "revenue": revenue,
        "revenue_before": revenue_before,
        "margin": margin,
        "margin_before": margin_before,
        "is_margin": is_margin,
        "order_value": order_value,
        "worth": np.maximum(worth, 0.0),
        "fall": np.where(fell, np.maximum(value_before - value, 0.0), 0.0),
    }
    return frame_of(columns, customers.index)


def silent_after(gap: Floats, k: float) -> Floats:
    """The first whole number of days since the last order that makes days / gap higher than k; NaN without a gap.

    By the same division as `measure_rhythm`, so that a day decides the same in both.
    """
    known = np.where(gap > 0, gap, np.nan)
    days = np.floor(k * known)
    days = np.where((days - 1) / known > k, days - 1, days)
    days = np.where(days / known > k, days, days + 1)
    return np.where(days / known > k, days, days + 1)


def watch_after(gap: Floats) -> Floats:
    """Days since the last order from which on a customer is silent."""
    return silent_after(gap, WATCH)


def at_risk_after(gap: Floats) -> Floats:
    """Days since the last order from which on a silent customer is at risk."""
    return silent_after(gap, AT_RISK)


def _window(sums: pd.DataFrame) -> dict[str, Floats]:
    found: dict[str, Any] = {name: floats_of(sums[name]) for name in WINDOW}
    for name in ("net", "returns_without_cost", "order_days"):
        found[name] = np.nan_to_num(found[name], nan=0.0)
    return found


def _margin(window: dict[str, Floats]) -> Floats:
    """Revenue less costs of what carries a cost; 0 where nothing was bought; NaN without costs, or with a return without."""
    margin = window["net_with_cost"] - window["cost"]
    idle = np.isnan(window["net_with_cost"]) & (window["net"] == 0) & (window["order_days"] == 0)
    return np.where(window["returns_without_cost"] > 0, np.nan, np.where(idle, 0.0, margin))
