"""What silent and falling customers are worth, worked by hand, and the day from which on a customer is silent."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grading.views.rhythm import measure_rhythm
from grading.views.value_at_risk import (
    COSTED,
    FALLEN,
    at_risk_after,
    measure_value_at_risk,
    watch_after,
)

DOCS = Path(__file__).parents[3] / "docs"
NAN = float("nan")


def year(
    net: float = 0.0, days: float = 0.0, costed: float = NAN, cost: float = NAN, returns: float = 0.0
) -> dict[str, float]:
    return {
        "net": net,
        "net_with_cost": costed,
        "cost": cost,
        "returns_without_cost": returns,
        "order_days": days,
    }


def measured(gap: float, ever: int, now: dict[str, float], before: dict[str, float]) -> dict[str, Any]:
    customers = pd.DataFrame({"usual_gap_days": [gap], "order_days": [ever]}, index=[7])
    found = measure_value_at_risk(
        customers, pd.DataFrame([now], index=[7]), pd.DataFrame([before], index=[7])
    )
    return dict(found.loc[7])


def test_the_example_of_the_page() -> None:
    found = measured(30, 10, year(1_000, 10, costed=1_000, cost=600), year())
    assert (found["is_margin"], found["order_value"], found["worth"]) == (True, 40, 400)
    for page in ("value-at-risk.md", "value-at-risk.zh.md"):
        text = (DOCS / page).read_text(encoding="utf-8")
        assert f"365.25 ÷ 30 × 40 = {365.25 / 30 * 40:.0f}" in text
        assert re.search(rf"{FALLEN:.0%}".replace("%", " %"), text)
    assert COSTED == 0.5  # "at least half", 至少一半


def test_a_year_by_the_own_rhythm_and_never_more_than_the_better_year() -> None:
    steady = measured(30, 24, year(1_200, 12), year(1_250, 12))
    assert steady["worth"] == pytest.approx(365.25 / 30 * 2_450 / 24)
    bursts = measured(2, 24, year(1_200, 12), year(1_250, 12))
    assert bursts["worth"] == 1_250


@pytest.mark.parametrize(
    ("gap", "ever"),
    [(NAN, 1), (45, 1), (45, 0), (NAN, 2)],
    ids=["one order day", "with the book's gap", "never", "rhythm unknown"],
)
def test_without_a_rhythm_nothing_is_at_risk_by_silence(gap: float, ever: int) -> None:
    assert measured(gap, ever, year(), year(500, ever))["worth"] == 0


def test_two_years_without_an_order_are_worth_nothing() -> None:
    found = measured(30, 10, year(), year())
    assert (found["worth"], found["fall"]) == (0, 0)
    assert np.isnan(found["order_value"])


@pytest.mark.parametrize(
    ("now", "before", "fall"),
    [
        ((800, 12), (1_000, 12), 200),  # a fifth less, and more than an order day of 75
        ((801, 12), (1_000, 12), 0),  # less than a fifth
        ((300, 3), (400, 4), 0),  # a fourth less, but by one order day: 100
        ((200, 2), (400, 4), 200),
        ((0, 0), (100, 1), 0),  # a yearly buyer whose order fell into the year before
        ((1_000, 12), (0, 0), 0),
        ((500, 12), (-100, 1), 0),
    ],
)
def test_a_fall_is_a_fifth_and_more_than_one_order_day(
    now: tuple[float, int], before: tuple[float, int], fall: float
) -> None:
    assert measured(30, 20, year(*now), year(*before))["fall"] == fall


def test_a_fall_is_found_by_revenue_and_counted_in_margin() -> None:
    found = measured(30, 20, year(600, 6, costed=600, cost=500), year(1_200, 12, costed=1_200, cost=600))
    assert found["fall"] == 600 - 100
    better = measured(30, 20, year(600, 6, costed=600, cost=100), year(1_200, 12, costed=1_200, cost=900))
    assert better["fall"] == 0  # it buys less and leaves more


@pytest.mark.parametrize(
    ("now", "before", "is_margin"),
    [
        (year(100, 1, costed=50, cost=10), year(), True),
        (year(100, 1, costed=49, cost=10), year(), False),
        (year(100, 1), year(), False),
        (year(100, 1, costed=100, cost=10), year(80, 1), False),  # nothing is known of the year before
        (year(100, 1, costed=100, cost=10, returns=1), year(), False),
        (year(), year(), False),
    ],
)
def test_margin_counts_where_half_of_the_revenue_has_costs(
    now: dict[str, float], before: dict[str, float], is_margin: bool
) -> None:
    assert measured(30, 5, now, before)["is_margin"] == is_margin


def test_who_costs_money_puts_none_at_risk() -> None:
    found = measured(30, 10, year(100, 5, costed=100, cost=300), year(500, 5, costed=500, cost=900))
    assert (found["worth"], found["fall"]) == (0, 0)


@given(st.floats(0.5, 4_000), st.integers(1, 20))
def test_the_day_of_silence_is_that_of_the_rhythm(gap: float, around: int) -> None:
    watch, at_risk = (int(after(np.array([gap]))[0]) for after in (watch_after, at_risk_after))
    days = sorted({max(0, day + shift) for day in (watch, at_risk) for shift in (-around, -1, 0, 1, around)})
    customers = pd.DataFrame({"days_since_last": days, "median_gap_days": gap, "order_days": 5.0})
    # With five days of order the own median counts when the book has none.
    states = measure_rhythm(customers, None)["state"].tolist()
    expected = ["at_risk" if day >= at_risk else "watch" if day >= watch else "regular" for day in days]
    assert states == expected
