"""From a customer's totals of orders and order lines to the indicators that follow from them.

The totals are computed in the database: one row per customer. Windows are (as_of - n calendar months, as_of], see
`window_start`; amounts are net of returns, in units of one currency.

| indicator | formula | missing when |
|---|---|---|
| net_revenue_12m (money) | net_12m | no order ever, and no return in the window |
| order_frequency_12m (count) | orders_12m | no order ever |
| avg_monthly_purchases (money) | net_12m / 12 | the same |
| avg_order_amount (money) | net_12m / orders_12m | no order in the window |
| gross_margin_rate (ratio) | (net_with_cost_12m - cost_12m) / net_with_cost_12m | no cost, a return without a cost, or revenue with cost <= 0 |
| margin_contribution (ratio) | (net_with_cost_12m - cost_12m) / constants.our_gross_margin_12m | no cost, a return without a cost, no constant |
| revenue_growth_yoy (ratio) | (net_12m - net_prev_12m) / net_prev_12m | base <= 0 or below constants.revenue_growth_floor, first order less than 12 months ago |
| active_quarter_rate (ratio) | active_quarters / three-month windows since the first order, 1 to 4 | no order ever |
| silence_ratio (ratio) | days since the last order / usual gap (`usual_gap`) | usual gap unknown |
| years_with_us (years) | calendar years since `since`, else the first order | neither |
| product_types_12m (count) | product types with a positive net in the window | no order line in the window |
| cross_sell_headroom (ratio) | 1 - product_types_12m / constants.product_types_sold, at least 0 | the same, no constant |

A customer without any order has no order indicators at all: no rows means unknown, not zero. One that ordered before
the window has zeros in it. A return without a cost leaves the margin unknown: without it, the margin would be too high.
Growth and rates are missing on a base too small for them, instead of infinite or wild.
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from grading.engine.fields import Bools, Floats, floats_of, frame_of
from grading.indicators.sources import EDITION
from grading.scheme.model import Scheme

if TYPE_CHECKING:
    import pandas as pd

ORDER_AGGREGATES = (
    "net_12m",  # sum of amounts
    "net_prev_12m",  # the same in (as_of - 24 months, as_of - 12 months]
    "orders_12m",  # orders with an amount > 0
    "net_with_cost_12m",  # sum of amounts over rows that carry a cost; NULL without any
    "cost_12m",  # sum of those costs
    "active_quarters",  # how many of the four three-month windows up to as_of have an order > 0
    "first_order",  # day of the first order > 0, ever
    "last_order",  # day of the last order > 0, up to as_of
    "order_days",  # distinct days with an order > 0, ever
    "median_gap_days",  # median days between successive order days
    "since",  # day the relation began, where known
    "returns_without_cost",  # how many rows with an amount < 0 carry no cost
)
ORDER_DAYS = ("first_order", "last_order", "since")
_MARGIN = ("net_with_cost_12m", "cost_12m", "returns_without_cost")
LINE_AGGREGATES = (
    "product_types",  # types with a net above 0: a type that was all returned was not bought
    "line_net_with_cost",  # sum of lines that carry a cost while their order carries none; NULL without any
    "line_cost",  # sum of those costs
    "costed_returns",  # returns without a cost whose lines all carry one
    "line_returns_without_cost",  # returned lines without a cost, in orders of which other lines carry one
)

GAP_PSEUDO_COUNT = 3.0
"""How many gaps of the average customer are mixed into a customer's own (see `usual_gap`)."""

RATE_PSEUDO_COUNT = 20.0
"""How many cases of the average customer are mixed in where the scheme has no `rate_pseudo_count` (`shrink_rate`)."""


def window_start(as_of: date, months: int, edition: int = EDITION) -> date:
    """The day so many calendar months earlier: the window begins after it, so it is the last day of the window before.

    Of a month's last day it is a month's last day, else the same day of the month, or the last where the month is shorter.
    Thus the windows of successive month, quarter and year ends hold each day exactly once.
    """
    year, month = divmod(as_of.year * 12 + as_of.month - 1 - months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    is_month_end = as_of.day == calendar.monthrange(as_of.year, as_of.month)[1]
    return date(year, month + 1, last if is_month_end and edition > 1 else min(as_of.day, last))


def order_indicators(
    number: Mapping[str, Any], as_of: date, scheme: Scheme, edition: int = EDITION
) -> dict[str, Floats]:
    """Indicators that follow from orders, and `months_with_us`, by name.

    In: ORDER_AGGREGATES by name, arrays of float64 (NaN for NULL), of datetime64 for ORDER_DAYS. Out: arrays of the
    same rows.
    """
    day = {name: _until(number[name], as_of) for name in ORDER_DAYS}
    ordered = ~np.isnat(day["first_order"])

    def of_ordered(values: Floats) -> Floats:
        return np.where(ordered, np.nan_to_num(values, nan=0.0), np.nan)

    net, orders = of_ordered(number["net_12m"]), of_ordered(number["orders_12m"])
    only_returned = np.isnat(number["first_order"]) & (number["net_12m"] < 0)
    revenue = np.where(only_returned, number["net_12m"], net)
    margin = np.where(ordered, _margin(number), np.nan)
    since = np.where(np.isnat(day["since"]), day["first_order"], day["since"])
    months = months_between(since, as_of)
    ours = scheme.constants.get("our_gross_margin_12m")
    return {
        "net_revenue_12m": revenue,
        "order_frequency_12m": orders,
        "avg_monthly_purchases": revenue / 12.0,
        "avg_order_amount": _ratio(net, orders),
        "gross_margin_rate": _ratio(margin, number["net_with_cost_12m"]),
        "margin_contribution": margin / (ours or np.nan),
        "revenue_growth_yoy": _growth(
            net,
            of_ordered(number["net_prev_12m"]),
            is_whole_year=day["first_order"] <= np.datetime64(window_start(as_of, 12, edition), "D"),
            floor=scheme.constants.get("revenue_growth_floor") or 0.0,
        ),
        "active_quarter_rate": of_ordered(number["active_quarters"])
        / _quarters(day["first_order"], [window_start(as_of, months, edition) for months in (3, 6, 9)]),
        "silence_ratio": _age(day["last_order"], as_of)
        / usual_gap(number["median_gap_days"], number["order_days"], scheme.constants.get("usual_gap_days")),
        "years_with_us": months / 12.0,
        "months_with_us": months,
    }


def product_indicators(lines: pd.DataFrame, scheme: Scheme) -> pd.DataFrame:
    """What customers buy, on the index of `lines`: LINE_AGGREGATES of customers with an order line in the window."""
    types = floats_of(lines["product_types"])
    sold = scheme.constants.get("product_types_sold") or np.nan
    headroom = np.maximum(0.0, 1.0 - types / sold)
    return frame_of({"product_types_12m": types, "cross_sell_headroom": headroom}, lines.index)


def with_line_costs(orders: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """Order aggregates whose margin also counts lines with a cost where the order has none, returns included.

    In: columns of ORDER_AGGREGATES, and LINE_AGGREGATES on the same kind of index. Out: the columns of `orders`.
    """
    found = orders.copy()
    for total, part in (("net_with_cost_12m", "line_net_with_cost"), ("cost_12m", "line_cost")):
        own, added = floats_of(orders[total]), floats_of(lines[part].reindex(orders.index))
        both = np.nan_to_num(own, nan=0.0) + np.nan_to_num(added, nan=0.0)
        found[total] = np.where(np.isnan(own) & np.isnan(added), np.nan, both)
    known, unknown = (
        np.nan_to_num(floats_of(lines[name].reindex(orders.index)), nan=0.0)
        for name in ("costed_returns", "line_returns_without_cost")
    )
    found["returns_without_cost"] = floats_of(orders["returns_without_cost"]) - known + unknown
    return found


def margins_of(aggregates: pd.DataFrame) -> Floats:
    """Amounts less costs over rows that carry a cost; NaN without any, or when a return has none."""
    return _margin({name: floats_of(aggregates[name]) for name in _MARGIN})


def book_constants(aggregates: pd.DataFrame) -> dict[str, float]:
    """The constants of a scheme from a whole book; one that the book cannot give is left out.

    our_gross_margin_12m: sum of all known margins, when positive. usual_gap_days: `book_gap`. revenue_growth_floor: a tenth
    of the median positive revenue of the window before, under which growth is noise.
    """
    margins = margins_of(aggregates)
    before = floats_of(aggregates["net_prev_12m"])
    margin, gap, before = float(np.nansum(margins)), book_gap(aggregates), before[before > 0]
    found = {
        "our_gross_margin_12m": margin if margin > 0 else None,
        "usual_gap_days": gap,
        "revenue_growth_floor": 0.1 * float(np.median(before)) if len(before) else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def book_gap(customers: pd.DataFrame) -> float | None:
    """The book's usual gap in days: the median of the median gaps of customers with at least two gaps; None without.

    In: `median_gap_days` and `order_days` as in ORDER_AGGREGATES. To be frozen, like every number of a whole book.
    """
    gaps, ordered = (floats_of(customers[name]) for name in ("median_gap_days", "order_days"))
    gaps = gaps[np.isfinite(gaps) & (ordered >= 3)]
    return float(np.median(gaps)) if len(gaps) else None


def shrink_rate(hits: Floats, cases: Floats, mean: float | None, scheme: Scheme) -> Floats:
    """Rates of few cases, pulled towards the mean: (hits + m x mean) / (cases + m).

    m is the constant rate_pseudo_count of the scheme; like `mean` it is frozen there, so that no customer's rate
    changes because another's did. NaN where hits or cases are unknown, without any case, or when `mean` is None.
    """
    if mean is None:
        return np.full(len(cases), np.nan)
    weight = scheme.constants.get("rate_pseudo_count") or RATE_PSEUDO_COUNT
    return np.where(cases > 0, (hits + weight * mean) / (cases + weight), np.nan)


def usual_gap(median_gap: Floats, order_days: Floats, book_gap: float | None) -> Floats:
    """Days between orders that are usual for each customer; NaN where unknown.

    With the book's usual gap: (n x own median + m x book) / (n + m), n own gaps and m = GAP_PSEUDO_COUNT, so that one
    or two gaps do not decide. Without it: the own median from two gaps on.
    """
    gaps = np.nan_to_num(order_days - 1.0, nan=0.0)
    gaps = np.where(np.isfinite(median_gap), np.maximum(gaps, 0.0), 0.0)
    own = np.nan_to_num(median_gap, nan=0.0)
    if book_gap is None:
        return np.where((gaps >= 2) & (own > 0), own, np.nan)
    return (gaps * own + GAP_PSEUDO_COUNT * book_gap) / (gaps + GAP_PSEUDO_COUNT)


def months_between(start: np.ndarray[Any, np.dtype[np.datetime64]], end: date) -> Floats:
    """Calendar months from days to a later day: 31 August to 30 November is 3; NaN for NaT.

    Whole months first, then days as a share of the month they fall in.
    """
    known = ~np.isnat(start)
    last = np.datetime64(end, "D")
    begin = np.where(known, start, last)
    whole = (last.astype("datetime64[M]") - begin.astype("datetime64[M]")).astype(np.int64)
    whole -= _add_months(begin, whole) > last
    lower, upper = _add_months(begin, whole), _add_months(begin, whole + 1)
    share = (last - lower).astype(np.float64) / (upper - lower).astype(np.float64)
    return np.where(known, whole + share, np.nan)


def _add_months(start: Any, months: Any) -> Any:
    first = start.astype("datetime64[M]")
    target = first + months.astype("timedelta64[M]")
    length = (target + 1).astype("datetime64[D]") - target.astype("datetime64[D]")
    day = start - first.astype("datetime64[D]")
    return target.astype("datetime64[D]") + np.minimum(day, length - np.timedelta64(1, "D"))


def _margin(number: Mapping[str, Floats]) -> Floats:
    net, cost, unknown = (number[name] for name in _MARGIN)
    return np.where(unknown > 0, np.nan, net - cost)


def _growth(net: Floats, before: Floats, *, is_whole_year: Bools, floor: float) -> Floats:
    base = np.where(is_whole_year & (before >= floor), before, np.nan)
    return _ratio(net - before, base)


def _quarters(first_order: Any, starts: Sequence[date]) -> Floats:
    """Three-month windows since the first order: 1, and one more for each of the starts that it lies before."""
    quarters = np.ones(len(first_order))
    for start in starts:
        quarters += first_order <= np.datetime64(start, "D")
    return quarters


def _ratio(numerator: Floats, base: Floats) -> Floats:
    """numerator / base where base > 0, else NaN."""
    return numerator / np.where(base > 0, base, np.nan)


def days_since(days: NDArray[np.datetime64], as_of: date) -> Floats:
    """Whole days from each day to `as_of`; NaN for NaT and for a later day."""
    return _age(_until(days, as_of), as_of)


def _age(day: Any, as_of: date) -> Floats:
    days = (np.datetime64(as_of, "D") - day).astype(np.float64)
    return np.where(np.isnat(day), np.nan, days)


def _until(times: NDArray[np.datetime64], as_of: date) -> Any:
    """Days as datetime64[D]; one after as_of has not happened yet and is unknown."""
    days = times.astype("datetime64[D]")
    days[days > np.datetime64(as_of, "D")] = np.datetime64("NaT")
    return days
