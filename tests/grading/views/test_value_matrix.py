"""Current value x potential value, with the negative cell."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grading.views.value_matrix import CELLS, Cuts, annuity, median_cuts, net_present_value, value_matrix


def cell(current: float, potential: float, cuts: Cuts | None = None, *, silent: bool = False) -> object:
    values = pd.DataFrame({"current": [current], "potential": [potential]}, dtype=float).assign(silent=silent)
    return value_matrix(values, cuts or Cuts(current=100.0, potential=50.0))["cell"].iloc[0]


@pytest.mark.parametrize(
    ("current", "potential", "expected"),
    [
        (100, 50, "platinum"),  # on a cut is high
        (100, 49, "gold"),
        (99, 50, "iron"),
        (99, 49, "lead"),
        (0, 0, "lead"),
        (-1, -1, "negative"),
        (-1, 0, "lead"),
        (0, -1, "lead"),
        (-1, 50, "iron"),  # costs money now, is worth the effort
        (100, -1, "gold"),
    ],
)
def test_cells(current: float, potential: float, expected: str) -> None:
    assert cell(current, potential) == expected


@pytest.mark.parametrize(
    ("current", "potential", "expected"),
    [
        (100, 50, "silent"),
        (99, 50, "silent"),
        (-1, 50, "silent"),
        (100, 49, "gold"),
        (99, 49, "lead"),
        (-1, -1, "negative"),
    ],
)
def test_a_silent_customer_has_no_high_potential(current: float, potential: float, expected: str) -> None:
    assert cell(current, potential, silent=True) == expected


def test_who_lacks_a_value_is_in_no_cell() -> None:
    for bad in (math.nan, math.inf, -math.inf):
        assert cell(bad, 50) is None
        assert cell(100, bad) is None


def test_cuts_are_the_medians_of_the_positive_values() -> None:
    values = pd.DataFrame({"current": [-9.0, 0, 10, 30], "potential": [1.0, 2, 4, math.nan]})
    assert median_cuts(values) == Cuts(current=(10 + 30) / 2, potential=2.0)


def test_without_a_positive_value_no_customer_is_high() -> None:
    values = pd.DataFrame({"current": [-1.0, 0, 0], "potential": [-1.0, 0, -1]})
    cuts = median_cuts(values)
    assert cuts == Cuts(current=None, potential=None)
    assert value_matrix(values.assign(silent=False), cuts)["cell"].tolist() == ["negative", "lead", "lead"]


def test_zero_is_never_high_however_low_the_cut() -> None:
    assert cell(0, 0, Cuts(current=-5.0, potential=0.0)) == "lead"


money = st.floats(-1e6, 1e6)


@given(money, money)
def test_every_pair_of_values_is_in_one_known_cell(current: float, potential: float) -> None:
    found = cell(current, potential)
    assert found in CELLS
    assert found != "silent"
    assert (found == "negative") == (current < 0 and potential < 0)


@given(money, money, st.floats(0, 1e6))
def test_more_current_value_never_leaves_the_high_side(current: float, potential: float, more: float) -> None:
    if cell(current, potential) in ("platinum", "gold"):
        assert cell(current + more, potential) in ("platinum", "gold")


def test_past_years_are_compounded_and_years_to_come_discounted() -> None:
    flows = pd.DataFrame({-1: [100.0], 0: [50.0], 1: [110.0], 2: [121.0]})
    assert net_present_value(flows, 0.1).tolist() == pytest.approx(
        [100 * 1.1 + 50 + 110 / 1.1 + 121 / 1.1**2]
    )
    assert net_present_value(flows, 0).tolist() == [100 + 50 + 110 + 121]


def test_an_unknown_year_is_not_a_year_without_margin() -> None:
    assert math.isnan(net_present_value(pd.DataFrame({1: [100.0], 2: [math.nan]}), 0.1).iloc[0])


def test_impossible_rates_and_years_are_refused() -> None:
    with pytest.raises(ValueError, match=r"10 % as 0\.1"):
        net_present_value(pd.DataFrame({1: [1.0]}), -1)
    with pytest.raises(ValueError, match="years from now"):
        net_present_value(pd.DataFrame({"next": [1.0]}), 0.1)


def test_an_annuity_is_the_sum_of_its_years() -> None:
    assert annuity(0.1, 3) == pytest.approx(1 / 1.1 + 1 / 1.1**2 + 1 / 1.1**3)
    assert annuity(0, 3) == 3
