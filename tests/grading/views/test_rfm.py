"""RFM: cut points, scores, the eight classes, the grid, and the improved sum."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grading.views.rfm import (
    CLASSES,
    GRID,
    SEGMENTS,
    VALUES,
    CutPoints,
    Standard,
    cut_points,
    improved_rfm,
    rfm_scores,
    standardise,
    standards,
)


def frame(*rows: tuple[float, float, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(VALUES), dtype=float)


def cuts(
    days: tuple[float, ...] = (10, 20, 30, 40),
    frequency: tuple[float, ...] = (1, 2, 3, 4),
    money: tuple[float, ...] = (100, 200, 300, 400),
    means: tuple[float, float, float] = (25, 2.5, 250),
) -> CutPoints:
    return CutPoints(recency_days=days, frequency=frequency, monetary=money, means=means, customers=5)


def test_the_published_table_of_the_r_package_rfm_is_reproduced() -> None:
    # Source: the ten customers printed in the documentation of the R package rfm 0.2.2 (MIT licence; R, F, M scores
    # as printed there), with the cut points of its own test "custom thresholds": recency 115, 181, 297, 482,
    # frequency 4, 5, 6, 8, monetary 256, 382, 506, 666. Its bins include their lower bound; all values are whole
    # numbers, so the greatest value below a bin is the bound - 1. The 995 customers behind it are not in this repository.
    published = pd.DataFrame(
        [
            ("Abbey O'Reilly DVM", 205, 6, 472, "343"),
            ("Add Senger", 140, 3, 340, "412"),
            ("Aden Lesch Sr.", 194, 4, 405, "323"),
            ("Admiral Senger", 132, 5, 448, "433"),
            ("Agness O'Keefe", 90, 9, 843, "555"),
            ("Aileen Barton", 84, 9, 763, "555"),
            ("Ailene Hermann", 281, 8, 699, "355"),
            ("Aiyanna Bruen PhD", 246, 4, 157, "321"),
            ("Ala Schmidt DDS", 349, 3, 363, "212"),
            ("Alannah Borer", 619, 4, 196, "121"),
        ],
        columns=["customer", *VALUES, "published"],
    ).set_index("customer")
    bins = CutPoints(
        recency_days=(115 - 1, 181 - 1, 297 - 1, 482 - 1),
        frequency=(4 - 1, 5 - 1, 6 - 1, 8 - 1),
        monetary=(256 - 1, 382 - 1, 506 - 1, 666 - 1),
        means=(0, 0, 0),
        customers=995,
    )
    found = rfm_scores(published, bins)
    codes = found["r"].astype(str) + found["f"].astype(str) + found["m"].astype(str)
    assert codes.to_dict() == published["published"].to_dict()


def test_cut_points_are_type_7_quintiles() -> None:
    # h = (n - 1) p: of 6 values the 20 % quantile lies at place 1, the 40 % at 2, the 60 % at 3, the 80 % at 4.
    found = cut_points(frame(*[(d, d, 10 * d) for d in (6, 1, 5, 2, 4, 3)]))
    assert found.recency_days == pytest.approx((2, 3, 4, 5))
    assert found.monetary == pytest.approx((20, 30, 40, 50))
    assert found.means == pytest.approx((21 / 6, 21 / 6, 210 / 6))
    assert found.customers == 6
    # of 5 values the 20 % quantile lies at place 0.8
    found = cut_points(frame(*[(d, 1, 1) for d in (0, 10, 20, 30, 40)]))
    assert found.recency_days == pytest.approx((0.8 * 10, 1.6 * 10, 2.4 * 10, 3.2 * 10))


def test_a_value_on_a_cut_falls_low() -> None:
    found = rfm_scores(frame((10, 1, 100), (10.5, 1.5, 100.5), (40, 4, 400), (41, 5, 401)), cuts())
    assert found["r"].tolist() == [5, 4, 5 - 3, 5 - 4]
    assert found["f"].tolist() == [1, 2, 1 + 3, 1 + 4]
    assert found["m"].tolist() == [1, 2, 4, 5]


def test_ties_are_never_broken() -> None:
    # Half of all customers bought once: they all get F = 1, nobody gets 2, and that is shown rather than hidden.
    population = frame(*[(n, 1, n) for n in range(50)], *[(n, n, n) for n in range(2, 52)])
    found = rfm_scores(population, cut_points(population))
    assert cut_points(population).frequency[0] == cut_points(population).frequency[1] == 1
    assert set(found["f"].iloc[:50]) == {1}
    assert 2 not in set(found["f"])


def test_fm_is_the_mean_rounded_half_up() -> None:
    found = rfm_scores(frame((0, 0, 150), (0, 1.5, 250), (0, 9, 900)), cuts())
    assert found[["f", "m"]].values.tolist() == [[1, 2], [2, 3], [5, 5]]
    assert found["fm"].tolist() == [2, 3, 5]  # 1.5 and 2.5 go up


def test_every_cell_of_the_grid_has_one_known_name() -> None:
    assert {name for row in GRID.values() for name in row} == set(SEGMENTS)
    assert all(len(row) == 5 for row in GRID.values())
    assert set(GRID) == {1, 2, 3, 4, 5}
    best, worst = rfm_scores(frame((0, 9, 900), (99, 0, 0)), cuts())["segment"]
    assert (best, worst) == ("champion", "lost")
    assert GRID[2] == ("hibernating", "hibernating", "at_risk", "at_risk", "at_risk")
    assert GRID[1][3] == "cant_lose"


@pytest.mark.parametrize(
    ("code", "zh"),
    [
        ("111", "重要价值"),
        ("101", "重要发展"),
        ("011", "重要保持"),
        ("001", "重要挽留"),
        ("110", "一般价值"),
        ("100", "一般发展"),
        ("010", "一般保持"),
        ("000", "一般挽留"),
    ],
)
def test_the_eight_classes_go_by_the_mean(code: str, zh: str) -> None:
    # means are 25 days, 2.5 order days and 250; fewer days is the better side
    days, often, money = (
        24 if code[0] == "1" else 26,
        3 if code[1] == "1" else 2,
        251 if code[2] == "1" else 249,
    )
    assert rfm_scores(frame((days, often, money)), cuts())["class8"].tolist() == [code]
    assert CLASSES[code]["zh"].startswith(zh)


def test_exactly_the_mean_is_not_above_it() -> None:
    assert rfm_scores(frame((25, 2.5, 250)), cuts())["class8"].tolist() == ["000"]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_who_lacks_a_value_has_no_score_rather_than_a_low_one(bad: float) -> None:
    found = rfm_scores(frame((bad, 3, 300), (5, bad, 300), (5, 3, bad), (5, 3, 300)), cuts())
    assert found["r"].isna().tolist() == [True, True, True, False]
    assert found["class8"].tolist()[:3] == [None] * 3
    assert found["segment"].tolist()[:3] == [None] * 3


def test_negative_money_is_a_value_and_scores_low() -> None:
    assert rfm_scores(frame((5, 3, -50)), cuts())["m"].tolist() == [1]


def test_cut_points_leave_out_who_lacks_a_value_and_need_somebody() -> None:
    with_gaps = frame((1, 1, 1), (math.nan, 5, 5), (3, math.inf, 5))
    assert cut_points(with_gaps).customers == 1
    with pytest.raises(ValueError, match="nobody"):
        cut_points(with_gaps.iloc[1:])
    with pytest.raises(ValueError, match="monetary"):
        cut_points(with_gaps[["recency_days", "frequency"]])
    assert len(rfm_scores(with_gaps.iloc[:0], cuts())) == 0


numbers = st.lists(
    st.tuples(st.integers(0, 400), st.integers(0, 12), st.integers(-500, 5_000)), min_size=1, max_size=40
)


@given(numbers, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(rows: list[tuple[int, int, int]], rng: object) -> None:
    population = frame(*rows)
    order = list(range(len(rows)))
    rng.shuffle(order)  # type: ignore[attr-defined]
    shuffled = population.iloc[order]
    assert cut_points(shuffled).frequency == pytest.approx(cut_points(population).frequency)
    frozen = cut_points(population)
    pd.testing.assert_frame_equal(rfm_scores(shuffled, frozen).sort_index(), rfm_scores(population, frozen))


@given(numbers)
def test_equal_values_score_equal_and_more_never_scores_less(rows: list[tuple[int, int, int]]) -> None:
    population = frame(*rows)
    frozen = cut_points(population)
    found = rfm_scores(population, frozen)
    for value, score, sign in (("recency_days", "r", -1), ("frequency", "f", 1), ("monetary", "m", 1)):
        pairs = sorted(zip(sign * population[value], found[score], strict=True))
        assert all(a[1] <= b[1] for a, b in itertools.pairwise(pairs))
        assert len(set(pairs)) == population[value].nunique()


@given(numbers)
def test_scores_agree_with_counting_cuts(rows: list[tuple[int, int, int]]) -> None:
    population = frame(*rows)
    frozen = cut_points(population)
    found = rfm_scores(population, frozen)
    for place, (days, often, money) in enumerate(rows):
        r = 5 - sum(cut < days for cut in frozen.recency_days)
        f = 1 + sum(cut < often for cut in frozen.frequency)
        m = 1 + sum(cut < money for cut in frozen.monetary)
        fm = math.floor((f + m) / 2 + 0.5)
        assert found.iloc[place][["r", "f", "m", "fm"]].tolist() == [r, f, m, fm]
        assert found.iloc[place]["segment"] == GRID[r][fm - 1]


def test_another_customer_changes_no_score_once_the_cuts_are_frozen() -> None:
    population = frame((5, 1, 100), (50, 3, 900), (20, 2, 300))
    frozen = cut_points(population)
    more = pd.concat([population, frame((1, 99, 99_999))], ignore_index=True)
    pd.testing.assert_frame_equal(rfm_scores(more, frozen).iloc[:3], rfm_scores(population, frozen))


def test_standards_turn_recency_round() -> None:
    population = pd.DataFrame({"rhythm": [1.0, 3.0], "profit": [10.0, 30.0], "relationship": [4.0, 4.0]})
    frozen = standards(population)
    assert frozen["profit"] == Standard(
        mean=20.0, deviation=10.0
    )  # the population's: sqrt((10^2 + 10^2) / 2)
    z = standardise(
        pd.DataFrame({"rhythm": [1.0, 4.0], "profit": [40.0, math.nan], "relationship": 7.0}), frozen
    )
    assert z["rhythm"].tolist() == [-(1 - 2) / 1, -(4 - 2) / 1]
    assert z["profit"].iloc[0] == (40 - 20) / 10
    assert math.isnan(z["profit"].iloc[1])
    assert z["relationship"].tolist() == [0, 0]  # it never varied, so it tells nobody apart


def test_improved_rfm_is_the_weighted_sum_and_missing_is_not_zero() -> None:
    parts = pd.DataFrame({"rhythm": [1.0, math.nan, math.nan], "profit": [2.0, 2.0, math.nan]})
    found = improved_rfm(parts, {"rhythm": 1, "profit": 3})
    assert found["score"].tolist()[:2] == [0.25 * 1 + 0.75 * 2, 2.0]
    assert math.isnan(found["score"].iloc[2])
    assert found["coverage"].tolist() == [1.0, 0.75, 0.0]
    for weights in ({}, {"rhythm": 0}, {"rhythm": -1}, {"rhythm": math.nan}):
        with pytest.raises(ValueError, match="above 0"):
            improved_rfm(parts, weights)


def test_a_million_customers_are_scored_in_one_go() -> None:
    rng = np.random.default_rng(5)
    book = pd.DataFrame(
        {
            "recency_days": rng.integers(0, 700, 1_000_000),
            "frequency": rng.geometric(0.4, 1_000_000),
            "monetary": rng.lognormal(8, 2, 1_000_000),
        }
    )
    found = rfm_scores(book, cut_points(book))
    assert found["segment"].notna().all()
    assert found["m"].value_counts().tolist() == pytest.approx([200_000] * 5, abs=1)
