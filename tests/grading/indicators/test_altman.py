"""Altman's Z, Z' and Z'' against published figures."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grading.indicators.altman import MODELS, RATIOS, altman, altman_ratios


def z(model: str, *x: float) -> tuple[float, object]:
    found = altman(pd.DataFrame([x], columns=list(RATIOS[: len(x)]), dtype=float), model).iloc[0]
    return float(found["z"]), found["zone"]


def test_the_textbook_borrower() -> None:
    # Source: Saunders & Cornett, Financial Institutions Management, the chapter on credit risk: X1 = .2, X2 = 0,
    # X3 = -.20, X4 = .10, X5 = 2.0 give Z = 1.64, a high default risk (below 1.81).
    score, zone = z("z", 0.2, 0.0, -0.20, 0.10, 2.0)
    assert score == pytest.approx(1.2 * 0.2 + 1.4 * 0 + 3.3 * -0.20 + 0.6 * 0.10 + 1.0 * 2.0)
    assert (round(score, 2), zone) == (1.64, "distress")


def test_a_published_statement_from_its_money() -> None:
    # Source: "The Z Score", exinfm.com: assets 1,000, retained earnings 400, EBIT 50, sales 1,500, market value of
    # stock 600, debt 700, working capital 100 give 2.86, "not sure". It takes .999 for X5; Altman's rounded 1.0 adds 0.0015.
    statement = {
        "total_assets": 1000,
        "retained_earnings": 400,
        "ebit": 50,
        "sales": 1500,
        "equity": 600,
        "total_liabilities": 700,
        "working_capital": 100,
    }
    found = altman(altman_ratios(pd.DataFrame([statement], dtype=float)), "z").iloc[0]
    assert found["z"] == pytest.approx(0.120 + 0.560 + 0.165 + 0.6 * 600 / 700 + 1.5)
    assert (round(found["z"] - 0.001 * 1.5, 2), found["zone"]) == (2.86, "grey")


def test_private_and_services() -> None:
    x = (0.1, 0.2, 0.1, 0.8, 1.5)
    assert z("z_private", *x)[0] == pytest.approx(
        0.717 * 0.1 + 0.847 * 0.2 + 3.107 * 0.1 + 0.42 * 0.8 + 0.998 * 1.5
    )
    score, zone = z("z_services", *x[:4])
    assert score == pytest.approx(6.56 * 0.1 + 3.26 * 0.2 + 6.72 * 0.1 + 1.05 * 0.8)
    assert zone == "safe"


@pytest.mark.parametrize("model", MODELS)
def test_the_cuts_themselves_are_grey(model: str) -> None:
    chosen = MODELS[model]
    for cut, beyond in ((chosen.distress, "distress"), (chosen.safe, "safe")):
        x3 = cut / chosen.coefficients[2]
        rest = [0.0] * (len(chosen.coefficients) - 3)
        assert z(model, 0, 0, x3, *rest)[1] == "grey"
        assert z(model, 0, 0, x3 + (-0.001 if beyond == "distress" else 0.001), *rest)[1] == beyond


def test_a_sum_of_fractions_that_is_exactly_a_cut_is_grey() -> None:
    # 1.2 x 0.05 + 1.4 x 0.05 + 3.3 x 0.3 + 0.6 x 0.35 + 0.48 = 0.06 + 0.07 + 0.99 + 0.21 + 0.48 = 1.81; the
    # processor's sum is 1.8099999999999998
    score, zone = z("z", 0.05, 0.05, 0.3, 0.35, 0.48)
    assert score < 1.81
    assert zone == "grey"


@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_any_ratio_missing_is_no_z(place: int, bad: float) -> None:
    x = [0.2, 0.2, 0.2, 0.2, 1.0]
    x[place] = bad
    score, zone = z("z", *x)
    assert math.isnan(score)
    assert zone is None


def test_ratios_are_missing_without_assets_or_liabilities() -> None:
    rows = [[1, 1, 1, 1, 1, 0, 5], [1, 1, 1, 1, 1, 10, 0], [1, math.nan, 1, 1, 1, 10, 5]]
    names = [
        "working_capital",
        "retained_earnings",
        "ebit",
        "equity",
        "sales",
        "total_assets",
        "total_liabilities",
    ]
    found = altman_ratios(pd.DataFrame(rows, columns=names, dtype=float))
    assert found.iloc[0].isna().tolist() == [True, True, True, False, True]
    assert found.iloc[1].isna().tolist() == [False, False, False, True, False]
    assert found.iloc[2].isna().tolist() == [False, True, False, False, False]
    assert altman(found)["zone"].tolist() == [None, None, None]


def test_what_is_lacking_is_named() -> None:
    with pytest.raises(ValueError, match="sales_to_assets"):
        altman(pd.DataFrame({name: [1.0] for name in RATIOS[:4]}), "z")
    with pytest.raises(KeyError):
        altman(pd.DataFrame(), "zeta")


@given(st.lists(st.floats(-2, 3), min_size=4, max_size=4), st.floats(0, 1))
def test_a_better_ratio_never_lowers_the_zone(x: list[float], more: float) -> None:
    rank = {"distress": 0, "grey": 1, "safe": 2}
    better = [x[0], x[1], x[2] + more, x[3]]
    assert rank[str(z("z_services", *better)[1])] >= rank[str(z("z_services", *x)[1])]
