"""Indicators from order lines, invoices and activities: formulas, and what is missing instead of zero."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from grading.indicators.events import (
    FADING,
    WINDOWS,
    activity_indicators,
    fading_weights,
    find_incomplete,
    is_complete,
)
from grading.indicators.orders import (
    ORDER_AGGREGATES,
    RATE_PSEUDO_COUNT,
    product_indicators,
    shrink_rate,
    with_line_costs,
)
from grading.indicators.payments import INVOICE_AGGREGATES, payment_indicators
from grading.scheme.model import Scheme
from grading.scheme.presets import preset_text
from grading.scheme.reader import parse_scheme
from tests.grading.frames import order_indicators

AS_OF = date(2026, 10, 31)
TEXT = preset_text("orders_only")
PAYS = {
    "open_amount": 1000.0,
    "overdue_amount": 250.0,
    "overdue_90d_amount": 100.0,
    "oldest_due": date(2026, 7, 1),
    "due_invoices": 5.0,
    "due_amount": 4000.0,
    "on_time_amount": 3000.0,
    "late_amount_days": 500.0 * 10 + 500.0 * 30,
}


def scheme(**constants: float) -> Scheme:
    pairs = ", ".join(f"{name}: {value}" for name, value in constants.items())
    return parse_scheme(
        TEXT.replace("window_months: 12", f"constants: {{{pairs}}}\nwindow_months: 12"), source="s"
    )


def pays(**changes: Any) -> dict[str, float]:
    frame = pd.DataFrame([PAYS | changes])
    return dict(payment_indicators(frame, AS_OF, scheme(on_time_rate=0.9)).iloc[0])


def test_payment_indicators_follow_their_formulas() -> None:
    found = pays()
    assert found["on_time_payment_rate"] == pytest.approx((5 * 3000 / 4000 + 20 * 0.9) / (5 + 20))
    assert found["avg_days_late"] == (500 * 10 + 500 * 30) / 4000
    assert found["overdue_share"] == 250 / 1000
    assert found["overdue_90d_share"] == 100 / 1000
    assert found["max_days_overdue"] == (AS_OF - date(2026, 7, 1)).days == 122


def test_a_customer_that_owes_nothing_is_at_zero_and_one_without_due_invoices_is_unknown() -> None:
    nothing = {"due_invoices": 0.0, "due_amount": 0.0, "on_time_amount": 0.0, "late_amount_days": 0.0}
    found = pays(open_amount=0.0, overdue_amount=0.0, overdue_90d_amount=0.0, oldest_due=None, **nothing)
    assert (found["overdue_share"], found["overdue_90d_share"], found["max_days_overdue"]) == (0, 0, 0)
    assert np.isnan(found["on_time_payment_rate"])
    assert np.isnan(found["avg_days_late"])


def test_credit_notes_never_push_a_share_out_of_its_range() -> None:
    assert pays(overdue_amount=1500.0)["overdue_share"] == 1
    assert pays(overdue_amount=-20.0)["overdue_share"] == 0
    assert pays(open_amount=-5.0)["overdue_share"] == 0  # we owe the customer


def test_payment_behaviour_without_a_frozen_mean_is_missing() -> None:
    found = payment_indicators(pd.DataFrame([PAYS]), AS_OF, scheme(usual_gap_days=30)).iloc[0]
    assert np.isnan(found["on_time_payment_rate"])
    assert found["overdue_share"] == 0.25


def test_small_numbers_lean_towards_the_mean() -> None:
    hits, cases = np.array([1.0, 1.0, 20.0, 0.0, np.nan]), np.array([1.0, 100.0, 1000.0, 0.0, 5.0])
    found = shrink_rate(hits, cases, 0.02, scheme(usual_gap_days=1))
    m = RATE_PSEUDO_COUNT
    assert found[:3] == pytest.approx(
        [(1 + m * 0.02) / (1 + m), (1 + m * 0.02) / (100 + m), (20 + m * 0.02) / (1000 + m)]
    )
    assert np.isnan(found[3:]).all()
    lighter = shrink_rate(hits[:1], cases[:1], 0.02, scheme(rate_pseudo_count=4))
    assert lighter[0] == pytest.approx((1 + 4 * 0.02) / (1 + 4))


def test_what_is_bought_is_counted_in_product_types() -> None:
    frame = pd.DataFrame({"product_types": [3.0, 9.0], "line_net_with_cost": None, "line_cost": None})
    found = product_indicators(frame, scheme(product_types_sold=8))
    assert found["product_types_12m"].tolist() == [3, 9]
    assert found["cross_sell_headroom"].tolist() == [1 - 3 / 8, 0]
    assert product_indicators(frame, scheme(usual_gap_days=1))["cross_sell_headroom"].isna().all()


def test_costs_of_lines_count_where_orders_have_none() -> None:
    bare = dict.fromkeys(ORDER_AGGREGATES, np.nan) | {
        "net_12m": 900.0,
        "orders_12m": 3.0,
        "first_order": date(2025, 1, 1),
        "last_order": date(2026, 9, 1),
        "since": None,
        "returns_without_cost": 0.0,
    }
    costed = bare | {"net_with_cost_12m": 600.0, "cost_12m": 450.0}
    orders = pd.DataFrame(
        [
            bare,
            costed,
            bare,
            costed | {"returns_without_cost": 1.0},
            costed | {"returns_without_cost": 1.0},
            costed,
        ],
        index=["lines", "both", "none", "returned", "found", "rebate"],
    )
    # Of the return that was found, the lines say the cost; of the rebate they do not.
    lines = pd.DataFrame(
        {
            "product_types": 1,
            "line_net_with_cost": [800.0, 300.0, -60.0, None],
            "line_cost": [500.0, 150.0, -45.0, None],
            "costed_returns": [0, 0, 1, 0],
            "line_returns_without_cost": [0, 0, 0, 1],
        },
        index=["lines", "both", "found", "rebate"],
    )
    rate = order_indicators(with_line_costs(orders, lines), AS_OF, scheme(usual_gap_days=1))[
        "gross_margin_rate"
    ]
    assert rate["lines"] == (800 - 500) / 800
    assert rate["both"] == (600 + 300 - 450 - 150) / (600 + 300)
    assert rate["found"] == (600 - 60 - 450 + 45) / (600 - 60)
    assert rate[["none", "returned", "rebate"]].isna().all()


def activities(periods: list[tuple[str, date, date]], **constants: float) -> pd.DataFrame:
    """Two customers, of whom only the first has activities on record."""
    counts = pd.DataFrame(
        [dict.fromkeys(WINDOWS, 0.0) | {"training": 2, "complaint": 1, "referral": 1, "visit": 3, "call": 4}],
        index=["active"],
    )
    faded = pd.DataFrame({"contact_points": [1.5], "complaint_points": [0.25]}, index=["active"])
    orders = pd.Series([10.0, 40.0], index=["active", "silent"])
    return activity_indicators(
        counts, faded, orders, periods, AS_OF, scheme(complaint_rate=0.02, **constants)
    )


def test_no_activity_is_unknown_until_an_import_declares_the_period() -> None:
    found = activities([])
    assert found.loc["active", "training_sessions_12m"] == 2
    assert found.loc["active", "contacts_12m"] == 3 + 4
    assert found.loc["active", "complaints_per_100_orders"] == pytest.approx(
        100 * (1 + 20 * 0.02) / (10 + 20)
    )
    assert found.loc["silent"].isna().all()
    year = [
        (kind, date(2025, 11, 1), AS_OF) for kind in ("training", "complaint", "visit", "call", "meeting")
    ]
    declared = activities(year, event_half_life_days=180).loc["silent"]
    assert declared["training_sessions_12m"] == 0
    assert declared["contacts_12m"] == 0
    assert declared["complaints_per_100_orders"] == pytest.approx(100 * (0 + 20 * 0.02) / (40 + 20))
    # These look back 24 months, of which only 12 are declared.
    assert declared[["referrals_24m", *FADING]].isna().all()


def test_contacts_are_zero_only_where_every_kind_of_contact_is_on_record() -> None:
    some = activities([(kind, date(2025, 11, 1), AS_OF) for kind in ("visit", "call")])
    assert np.isnan(some["contacts_12m"].loc["silent"])


@pytest.mark.parametrize(
    ("periods", "covered"),
    [
        ([(date(2025, 11, 1), date(2026, 10, 31))], True),
        ([(date(2025, 11, 2), date(2026, 10, 31))], False),  # the first day of the window is not in it
        ([(date(2025, 11, 1), date(2026, 10, 30))], False),
        ([(date(2026, 5, 1), date(2026, 12, 31)), (date(2025, 1, 1), date(2026, 4, 30))], True),
        ([(date(2025, 1, 1), date(2026, 4, 29)), (date(2026, 5, 1), date(2026, 10, 31))], False),
        ([(date(2025, 1, 1), date(2026, 12, 31)), (date(2026, 1, 1), date(2026, 2, 1))], True),
        ([], False),
    ],
)
def test_periods_add_up_to_the_window_or_leave_a_gap(periods: list[tuple[date, date]], covered: bool) -> None:
    declared = [("complaint", first, last) for first, last in periods]
    assert is_complete(declared, "complaint", AS_OF, 12) is covered
    assert is_complete(declared, "training", AS_OF, 12) is False


def test_events_fade_by_half_each_half_life() -> None:
    weights = dict(fading_weights(AS_OF, scheme(event_half_life_days=90)))
    assert weights[AS_OF] == 1
    assert weights[AS_OF - timedelta(days=90)] == 0.5
    assert weights[AS_OF - timedelta(days=45)] == pytest.approx(0.5**0.5)
    assert min(weights) == date(2024, 11, 1)  # 24 months
    assert fading_weights(AS_OF, scheme(usual_gap_days=1)) == []


def test_an_empty_book_has_no_rows_and_all_columns() -> None:
    empty = pd.DataFrame(columns=list(INVOICE_AGGREGATES))
    assert payment_indicators(empty, AS_OF, scheme(on_time_rate=0.9)).shape == (0, 5)


def test_a_count_is_a_lower_bound_until_the_window_is_declared() -> None:
    year = [(kind, date(2025, 11, 1), AS_OF) for kind in ("training", "complaint", "visit", "call")]
    assert find_incomplete(year, AS_OF).keys() == {
        "contacts_12m",
        "referrals_24m",
        "contact_points",
        "complaint_points",
    }
    assert "training_sessions_12m" in find_incomplete([], AS_OF)
