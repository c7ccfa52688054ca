"""Concentration: Gini, the top fifth, who makes four fifths; also where customers cost money."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grading.views.concentration import lorenz, measure_concentration


def series(*values: float) -> pd.Series[float]:
    return pd.Series(values, dtype=float)


def test_five_customers_by_hand() -> None:
    found = measure_concentration(series(10, 20, 30, 40, 100))
    total = 10 + 20 + 30 + 40 + 100
    # Gini = (2 sum i x_i)/(n sum x) - (n + 1)/n
    ranked = 1 * 10 + 2 * 20 + 3 * 30 + 4 * 40 + 5 * 100
    assert found.gini == pytest.approx(2 * ranked / (5 * total) - 6 / 5)
    assert found.top_share == pytest.approx(100 / total)  # a fifth of five is one
    assert found.customers_for == 3  # 100 + 40 = 70 %, with 30 more 85 %
    assert found.share_for == 3 / 5
    assert (found.customers, found.net, found.losing) == (5, total, 0)


def test_a_fifth_of_seven_customers_is_one_and_two_fifths_of_them() -> None:
    found = measure_concentration(series(1, 1, 1, 1, 1, 5, 10))
    assert found.top_share == pytest.approx((10 + 0.4 * 5) / 20)


def test_equal_customers_are_not_concentrated() -> None:
    found = measure_concentration(series(*[7.0] * 10))
    assert found.gini == pytest.approx(0)
    assert found.top_share == pytest.approx(0.2)
    assert (found.customers_for, found.share_for) == (8, 0.8)


def test_one_customer_who_makes_everything() -> None:
    found = measure_concentration(series(0, 0, 0, 0, 50))
    assert found.gini == pytest.approx((5 - 1) / 5)
    assert found.top_share == pytest.approx(1)
    assert found.customers_for == 1


def test_losses_are_reported_apart_from_the_shares() -> None:
    found = measure_concentration(series(100, 300, -150, math.nan, math.inf))
    assert (found.customers, found.missing, found.losing) == (3, 2, 1)
    assert (found.gains, found.losses, found.net) == (400, -150, 250)
    assert found.gini == pytest.approx((2 * (1 * 100 + 2 * 300)) / (2 * 400) - 3 / 2)
    assert found.top_share == pytest.approx(
        0.4 * 300 / 400
    )  # a fifth of two customers: 0.4 of the better one
    curve = lorenz(series(100, 300, -150), points=3)
    assert curve["value"].tolist() == pytest.approx([0, -150 / 250, -50 / 250, 1])  # it dips below zero


def test_where_nothing_is_made_there_is_no_share() -> None:
    for values in (series(), series(0, 0), series(-5, -1), series(math.nan)):
        found = measure_concentration(values)
        assert (found.gini, found.top_share, found.customers_for, found.share_for) == (None,) * 4
        assert lorenz(values).empty
    assert measure_concentration(series(-5, -1)).losses == -6


def test_shares_must_be_fractions() -> None:
    for wrong in ({"top": 20}, {"part": 0}, {"top": math.nan}):
        with pytest.raises(ValueError, match="between 0 and 1"):
            measure_concentration(series(1), **wrong)


amounts = st.lists(st.integers(0, 10_000), min_size=1, max_size=30).filter(any)


@given(amounts)
def test_gini_is_the_mean_difference_of_all_pairs(values: list[int]) -> None:
    n, total = len(values), sum(values)
    slow = Fraction(sum(abs(a - b) for a in values for b in values), 2 * n * total)
    assert measure_concentration(series(*values)).gini == pytest.approx(float(slow), abs=1e-12)


@given(amounts)
def test_shares_agree_with_handing_out_one_by_one(values: list[int]) -> None:
    best, total = sorted(values, reverse=True), sum(values)
    found = measure_concentration(series(*values))
    fifth = Fraction(len(values), 5)
    whole = int(fifth)
    top = sum(best[:whole]) + (fifth - whole) * best[whole]
    assert found.top_share == pytest.approx(float(Fraction(top) / total), abs=1e-9)
    needed = next(k for k in range(1, len(best) + 1) if 5 * sum(best[:k]) >= 4 * total)
    assert found.customers_for == needed


@given(amounts, st.randoms(use_true_random=False), st.integers(1, 1_000))
def test_neither_the_order_nor_the_currency_matters(values: list[int], rng: object, rate: int) -> None:
    other = [value * rate for value in values]
    rng.shuffle(other)  # type: ignore[attr-defined]
    one, two = measure_concentration(series(*values)), measure_concentration(series(*other))
    assert (two.gini, two.top_share) == pytest.approx((one.gini, one.top_share), abs=1e-9)
    assert two.customers_for == one.customers_for


@given(amounts)
def test_the_lorenz_curve_rises_ever_faster_from_nothing_to_all(values: list[int]) -> None:
    curve = lorenz(series(*values))["value"].tolist()
    assert (curve[0], curve[-1]) == (0, pytest.approx(1))
    steps = [b - a for a, b in itertools.pairwise(curve)]
    assert all(a <= b + 1e-12 for a, b in itertools.pairwise(steps))
