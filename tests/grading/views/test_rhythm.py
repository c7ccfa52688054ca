"""Silence by a customer's own rhythm."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grading.indicators.orders import book_gap
from grading.views.rhythm import STATES, measure_rhythm


def one(days: float, median: float, order_days: float, book: float | None) -> dict[str, object]:
    values = {"days_since_last": [days], "median_gap_days": [median], "order_days": [order_days]}
    return dict(measure_rhythm(pd.DataFrame(values, dtype=float), book).iloc[0])


def test_the_gap_is_shrunk_towards_the_books_by_three_gaps() -> None:
    found = one(60, median=10, order_days=6, book=30)
    gap = (5 * 10 + 3 * 30) / (5 + 3)
    assert found["usual_gap_days"] == gap
    assert found["k"] == 60 / gap
    assert found["state"] == "at_risk"  # 60 / 17.5 = 3.4


@pytest.mark.parametrize(
    ("days", "state"), [(0, "regular"), (60, "regular"), (61, "watch"), (90, "watch"), (91, "at_risk")]
)
def test_watch_is_above_two_and_at_risk_above_three(days: float, state: str) -> None:
    assert one(days, median=30, order_days=20, book=30)["state"] == state


def test_a_yearly_buyer_is_not_silent_after_90_days() -> None:
    assert one(90, median=365, order_days=5, book=30)["state"] == "regular"


def test_who_bought_once_has_no_rhythm_and_is_never_called_regular() -> None:
    found = one(1, median=math.nan, order_days=1, book=30)
    assert (found["state"], found["own_gaps"], found["k"]) == ("one_time", 0, 1 / 30)
    vanished = one(3_000, median=math.nan, order_days=1, book=30)
    assert (vanished["state"], vanished["k"]) == ("one_time", 100)
    assert math.isnan(one(5, median=math.nan, order_days=1, book=None)["k"])  # type: ignore[arg-type]


def test_without_the_books_gap_one_own_gap_is_not_enough() -> None:
    assert one(50, median=10, order_days=2, book=None)["state"] == "unknown"
    assert one(50, median=10, order_days=3, book=None)["state"] == "at_risk"


def test_who_never_bought_is_unknown_and_not_silent() -> None:
    for order_days in (0, math.nan):
        assert one(math.nan, math.nan, order_days, book=30)["state"] == "unknown"


def test_the_books_gap_is_the_median_of_customers_with_two_gaps() -> None:
    book = pd.DataFrame({"median_gap_days": [500.0, 10, 30, 50, math.nan], "order_days": [2.0, 3, 9, 4, 1]})
    assert book_gap(book) == 30
    assert book_gap(book.iloc[[0, 4]]) is None


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ValueError, match="order_days"):
        measure_rhythm(pd.DataFrame({"days_since_last": [1.0], "median_gap_days": [1.0]}), 30)


@given(
    st.integers(0, 2_000), st.integers(1, 400), st.integers(2, 40), st.integers(1, 400), st.integers(0, 100)
)
def test_more_silence_is_never_better(days: int, median: int, order_days: int, book: int, more: int) -> None:
    rank = {state: place for place, state in enumerate(STATES)}
    now, later = one(days, median, order_days, book), one(days + more, median, order_days, book)
    assert rank[str(now["state"])] <= rank[str(later["state"])] <= rank["at_risk"]
