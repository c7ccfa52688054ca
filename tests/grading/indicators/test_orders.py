"""Indicators from order totals: windows, formulas, and what is missing instead of zero."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grading.indicators.orders import (
    GAP_PSEUDO_COUNT,
    ORDER_AGGREGATES,
    book_constants,
    months_between,
    usual_gap,
    window_start,
)
from grading.scheme.presets import preset_text
from grading.scheme.reader import parse_scheme
from tests.grading.frames import order_indicators

AS_OF = date(2026, 10, 31)
EIGHT_YEARS = [date(2019, 1, 1) + timedelta(days=number) for number in range(8 * 365 + 2)]
TEXT = preset_text("orders_only")
PLAIN = parse_scheme(TEXT, source="s")


def scheme_with(**constants: float) -> Any:
    pairs = ", ".join(f"{name}: {value}" for name, value in constants.items())
    return parse_scheme(
        TEXT.replace("window_months: 12", f"constants: {{{pairs}}}\nwindow_months: 12"), source="s"
    )


ACTIVE = {
    "net_12m": 90_000.0,
    "net_prev_12m": 60_000.0,
    "orders_12m": 12.0,
    "net_with_cost_12m": 80_000.0,
    "cost_12m": 60_000.0,
    "active_quarters": 3.0,
    "first_order": date(2020, 1, 15),
    "last_order": date(2026, 10, 1),
    "order_days": 41.0,
    "median_gap_days": 20.0,
    "since": None,
    "returns_without_cost": 0.0,
}
NO_ORDER = dict.fromkeys(ORDER_AGGREGATES, np.nan) | {
    "first_order": None,
    "last_order": None,
    "since": None,
}
GONE = NO_ORDER | {
    "first_order": date(2022, 5, 1),
    "last_order": date(2024, 10, 31),
    "order_days": 2.0,
    "median_gap_days": 40.0,
}


def of(scheme: Any = PLAIN, as_of: date = AS_OF, **changes: Any) -> dict[str, float]:
    frame = pd.DataFrame([ACTIVE | changes])
    return dict(order_indicators(frame, as_of, scheme).iloc[0])


@pytest.mark.parametrize(
    ("as_of", "months", "expected"),
    [
        (date(2026, 10, 31), 12, date(2025, 10, 31)),
        (date(2026, 10, 31), 1, date(2026, 9, 30)),
        (date(2026, 6, 30), 3, date(2026, 3, 31)),
        (date(2026, 6, 29), 3, date(2026, 3, 29)),
        (date(2025, 2, 28), 12, date(2024, 2, 29)),
        (date(2024, 2, 28), 12, date(2023, 2, 28)),
        (date(2025, 3, 30), 1, date(2025, 2, 28)),
        (date(2025, 3, 31), 12, date(2024, 3, 31)),
        (date(2025, 12, 31), 24, date(2023, 12, 31)),
        (date(2024, 2, 29), -6, date(2024, 8, 31)),
        (date(2026, 3, 31), 1, date(2026, 2, 28)),
        (date(2024, 3, 31), 1, date(2024, 2, 29)),
        (date(2024, 2, 29), 12, date(2023, 2, 28)),
        (date(2026, 1, 15), 3, date(2025, 10, 15)),
        (date(2026, 5, 31), 24, date(2024, 5, 31)),
    ],
)
def test_a_window_begins_calendar_months_earlier(as_of: date, months: int, expected: date) -> None:
    assert window_start(as_of, months) == expected


def is_month_end(day: date) -> bool:
    return (day + timedelta(days=1)).day == 1


@pytest.mark.parametrize("months", [1, 3, 12])
def test_the_windows_of_successive_ends_hold_each_day_of_eight_years_once(months: int) -> None:
    """Month ends, quarter ends (also of a year that begins in February or March), ends of any month a year apart."""
    for first in range(months):
        ends = [day for day in EIGHT_YEARS if is_month_end(day) and (day.month - first) % months == 0]
        held = [
            window_start(end, months) + timedelta(days=number)
            for end in ends
            for number in range(1, (end - window_start(end, months)).days + 1)
        ]
        assert len(ends) == 8 * 12 // months
        assert held == [held[0] + timedelta(days=number) for number in range(len(held))]
        assert held[-1] == ends[-1]


@given(day=st.sampled_from(EIGHT_YEARS), months=st.sampled_from([3, 6, 9, 12, 24]))
def test_a_window_has_its_months_whatever_its_last_day(day: date, months: int) -> None:
    start = window_start(day, months)
    assert (day.year - start.year) * 12 + day.month - start.month == months
    assert is_month_end(start) or start.day == day.day
    assert start <= window_start(
        day + timedelta(days=1), months
    )  # an older day is never in a newer window alone
    year_ago = window_start(day, 12)
    assert window_start(year_ago, 12) == window_start(day, 24)  # growth compares the windows of two gradings


def test_every_indicator_follows_its_formula() -> None:
    found = of()
    assert found["net_revenue_12m"] == 90_000
    assert found["order_frequency_12m"] == 12
    assert found["avg_order_amount"] == 90_000 / 12
    assert found["gross_margin_rate"] == (80_000 - 60_000) / 80_000
    assert found["revenue_growth_yoy"] == (90_000 - 60_000) / 60_000
    assert found["active_quarter_rate"] == 3 / 4
    assert found["silence_ratio"] == 30 / 20  # 1 to 31 October; usual gap 20 days
    assert found["years_with_us"] == pytest.approx((6 * 12 + 9 + 16 / 31) / 12)
    assert found["months_with_us"] == pytest.approx(6 * 12 + 9 + 16 / 31)
    assert np.isnan(found["margin_contribution"])


def test_a_customer_without_orders_is_unknown_not_zero() -> None:
    frame = pd.DataFrame([NO_ORDER, NO_ORDER | {"net_12m": 0.0, "orders_12m": 0.0, "active_quarters": 0.0}])
    assert order_indicators(frame, AS_OF, PLAIN).isna().all().all()


def test_a_customer_with_nothing_but_returns_counts_in_net_revenue() -> None:
    frame = pd.DataFrame([NO_ORDER | {"net_12m": -1200.0, "orders_12m": 0.0, "active_quarters": 0.0}])
    found = order_indicators(frame, AS_OF, PLAIN).iloc[0]
    assert (found["net_revenue_12m"], found["avg_monthly_purchases"]) == (-1200, -1200 / 12)
    assert found.drop(["net_revenue_12m", "avg_monthly_purchases"]).isna().all()


def test_a_customer_that_stopped_ordering_has_zeros_in_the_window() -> None:
    found = order_indicators(pd.DataFrame([GONE]), AS_OF, PLAIN).iloc[0]
    assert (found["net_revenue_12m"], found["order_frequency_12m"], found["active_quarter_rate"]) == (0, 0, 0)
    assert np.isnan(found["avg_order_amount"])
    assert np.isnan(found["gross_margin_rate"])


def test_a_relation_older_than_its_orders_counts_from_its_beginning() -> None:
    assert of(since=date(2016, 10, 31))["years_with_us"] == 10
    assert of(since=date(2027, 1, 1))["years_with_us"] == of()["years_with_us"]  # not begun yet: unknown
    frame = pd.DataFrame([NO_ORDER | {"since": date(2025, 10, 31)}])
    assert order_indicators(frame, AS_OF, PLAIN)["months_with_us"].iloc[0] == 12


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"net_with_cost_12m": 100.0, "cost_12m": 130.0}, -30 / 100),  # a loss is a rate
        ({"net_with_cost_12m": 0.0, "cost_12m": 10.0}, None),
        ({"net_with_cost_12m": -5.0, "cost_12m": 1.0}, None),
        ({"cost_12m": np.nan}, None),
        ({"net_with_cost_12m": np.nan, "cost_12m": np.nan}, None),
        # Sold for 80,000 at a cost of 60,000: 25 %. With a credit note of 18,461.54 it is 2.5 %, and its cost is not known.
        ({"returns_without_cost": 1.0}, None),
    ],
)
def test_margin_rate_needs_revenue_with_a_cost(changes: dict[str, float], expected: float | None) -> None:
    assert of(PLAIN, AS_OF, **changes)["gross_margin_rate"] == pytest.approx(
        np.nan if expected is None else expected, nan_ok=True
    )


def test_margin_contribution_is_a_share_of_a_frozen_total() -> None:
    scheme = scheme_with(our_gross_margin_12m=1_000_000)
    assert of(scheme)["margin_contribution"] == (80_000 - 60_000) / 1_000_000
    assert np.isnan(of(scheme, cost_12m=np.nan)["margin_contribution"])
    assert np.isnan(of(scheme, returns_without_cost=2.0)["margin_contribution"])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"net_prev_12m": 0.0}, None),
        ({"net_prev_12m": -5.0}, None),
        ({"net_prev_12m": np.nan}, None),
        ({"first_order": date(2025, 11, 1)}, None),  # eleven months and a day short of nothing: too young
        ({"first_order": date(2025, 10, 31)}, (90_000 - 60_000) / 60_000),
        ({"net_12m": 0.0}, -1.0),
    ],
)
def test_growth_has_no_value_without_a_year_before(changes: dict[str, Any], expected: float | None) -> None:
    assert of(**changes)["revenue_growth_yoy"] == pytest.approx(
        np.nan if expected is None else expected, nan_ok=True
    )


def test_growth_on_a_base_below_the_floor_is_missing() -> None:
    scheme = scheme_with(revenue_growth_floor=1000)
    assert np.isnan(of(scheme, net_prev_12m=999.99)["revenue_growth_yoy"])
    assert of(scheme, net_prev_12m=1000.0, net_12m=1500.0)["revenue_growth_yoy"] == 0.5


@pytest.mark.parametrize(
    ("first_order", "windows"),
    [
        (date(2026, 10, 31), 1),
        (date(2026, 8, 1), 1),
        (date(2026, 7, 31), 2),
        (date(2026, 5, 1), 2),
        (date(2026, 4, 30), 3),
        (date(2026, 1, 31), 4),
        (date(2019, 1, 1), 4),
    ],
)
def test_active_quarters_are_a_share_of_those_the_customer_had(first_order: date, windows: int) -> None:
    assert of(first_order=first_order, active_quarters=1.0)["active_quarter_rate"] == 1 / windows


def test_silence_without_a_constant_needs_two_gaps_of_its_own() -> None:
    assert np.isnan(of(order_days=2.0)["silence_ratio"])
    assert of(order_days=3.0)["silence_ratio"] == 30 / 20


def test_silence_with_a_constant_leans_on_the_book_until_own_gaps_count() -> None:
    scheme = scheme_with(usual_gap_days=60)
    m = GAP_PSEUDO_COUNT
    assert of(scheme, order_days=3.0)["silence_ratio"] == pytest.approx(30 / ((2 * 20 + m * 60) / (2 + m)))
    assert of(scheme, order_days=1.0, median_gap_days=np.nan)["silence_ratio"] == pytest.approx(30 / 60)
    many = usual_gap(np.array([20.0]), np.array([10_001.0]), 60.0)[0]
    assert many == pytest.approx(20, abs=0.05)


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        (date(2026, 8, 31), date(2026, 11, 30), 3),  # the last day of a month to the last day of another
        (date(2026, 7, 31), date(2026, 10, 31), 3),
        (date(2026, 10, 31), date(2026, 10, 31), 0),
        (date(2024, 2, 29), date(2026, 2, 28), 24),
        (date(2026, 10, 1), date(2026, 10, 31), 30 / 31),
        (date(2026, 9, 30), date(2026, 10, 15), 15 / 30),
    ],
)
def test_months_are_counted_on_the_calendar(start: date, end: date, months: float) -> None:
    assert months_between(np.array([start], dtype="datetime64[D]"), end)[0] == pytest.approx(months)


def test_what_happens_after_the_day_is_not_known_on_it() -> None:
    found = of(first_order=date(2026, 12, 1), last_order=date(2026, 12, 1))
    assert np.isnan(found["net_revenue_12m"])
    assert np.isnan(found["silence_ratio"])


def test_an_empty_book_has_no_rows_and_all_columns() -> None:
    empty = pd.DataFrame([ACTIVE]).iloc[:0]
    assert order_indicators(empty, AS_OF, PLAIN).shape == (0, 11)
    assert book_constants(empty) == {}


def test_the_constants_of_a_book() -> None:
    book = pd.DataFrame(
        [ACTIVE, ACTIVE | {"median_gap_days": 30.0, "net_prev_12m": 20_000.0}, GONE, NO_ORDER]
    )
    assert book_constants(book) == pytest.approx(
        {
            "our_gross_margin_12m": 2 * (80_000 - 60_000),
            "usual_gap_days": (20 + 30) / 2,  # the one with a single gap does not count
            "revenue_growth_floor": 0.1 * (60_000 + 20_000) / 2,
        }
    )
