"""Drift, migration, mobility and reversals against slow references."""

from __future__ import annotations

import math
import random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grading.diagnose.stability import drift, migration, mobility, reversals

TIERS = ["A", "B", "C"]


def scores(*values: float) -> pd.Series[float]:
    return pd.Series(values, dtype=float)


def test_psi_by_hand() -> None:
    # one edge at 50: 3 of 4 below before, 1 of 4 after
    found = drift(scores(10, 20, 30, 90), scores(10, 60, 70, 90), edges=[50])
    assert found.psi == pytest.approx((1 / 4 - 3 / 4) * math.log((1 / 4) / (3 / 4)) * 2)
    assert found.by_chance == (2 - 1) * (1 / 4 + 1 / 4)
    assert found.bands["before"].tolist() == [3, 1]
    assert found.verdict == "shifted"


def test_an_empty_band_gets_half_a_case_and_one_empty_twice_is_left_out() -> None:
    found = drift(scores(10, 15, 50), scores(10, 15, 15), edges=[20, 40, 60])
    e, a = [2 / 3, 1 / 3], [3 / 3.5, 0.5 / 3.5]
    assert found.psi == pytest.approx(sum((y - x) * math.log(y / x) for x, y in zip(e, a, strict=True)))
    assert found.bands["part"].tolist()[1] == found.bands["part"].tolist()[3] == 0
    assert found.by_chance == pytest.approx((2 - 1) * (1 / 3 + 1 / 3))


def test_five_bands_of_forty_customers_reach_a_fifth_by_chance() -> None:
    spread = scores(*[10, 30, 50, 70, 90] * 8)
    assert drift(spread, spread).by_chance == pytest.approx((5 - 1) * (1 / 40 + 1 / 40))
    chance = np.random.default_rng(1)
    draws = [
        drift(scores(*chance.uniform(0, 100, 40)), scores(*chance.uniform(0, 100, 40))).psi
        for _ in range(400)
    ]
    assert np.mean(draws) == pytest.approx(0.20, abs=0.05)


@pytest.mark.parametrize(
    ("moved", "customers", "verdict"),
    [
        (0, 1_000, "stable"),
        (15, 100, "stable"),
        (20, 100, "moderate"),
        (26, 100, "shifted"),
        (2, 10, "by_chance"),
    ],
)
def test_verdicts_know_how_many_there_are(moved: int, customers: int, verdict: str) -> None:
    half = customers // 2
    before = scores(*[10] * half, *[90] * half)
    after = scores(*[10] * (half - moved), *[90] * (half + moved))
    assert drift(before, after, edges=[50]).verdict == verdict


def test_a_score_on_an_edge_belongs_to_the_band_above() -> None:
    assert drift(scores(50), scores(49.99), edges=[50]).bands["before"].tolist() == [0, 1]


def test_drift_needs_scores_and_rising_edges() -> None:
    with pytest.raises(ValueError, match="no score on one side"):
        drift(scores(1), scores(math.nan))
    for edges in ([], [2, 1], [1, 1]):
        with pytest.raises(ValueError, match="rise"):
            drift(scores(1), scores(1), edges=edges)


@given(
    st.lists(st.integers(0, 100), min_size=1, max_size=30),
    st.lists(st.integers(0, 100), min_size=1, max_size=30),
)
def test_psi_is_never_negative_zero_against_itself_and_the_same_both_ways(
    one: list[int], two: list[int]
) -> None:
    first, second = scores(*one), scores(*two)
    assert drift(first, first).psi == 0
    assert drift(first, second).psi >= 0
    assert drift(first, second).psi == pytest.approx(drift(second, first).psi)


def test_migration_counts_every_customer_once() -> None:
    before = pd.Series({"a": "A", "b": "A", "c": "B", "gone": "C", "u": "unrated"})
    after = pd.Series({"c": "A", "b": "B", "a": "A", "fresh": "C", "u": "B", "never": None})
    found = migration(before, after, TIERS)
    assert found.index.tolist() == ["A", "B", "C", "unrated", "joined"]
    assert found.columns.tolist() == ["A", "B", "C", "unrated", "left"]
    counted = {
        (row, column): n for row in found.index for column in found.columns if (n := found.loc[row, column])
    }
    assert counted == {
        ("A", "A"): 1,
        ("A", "B"): 1,
        ("B", "A"): 1,
        ("C", "left"): 1,
        ("unrated", "B"): 1,
        ("joined", "C"): 1,
    }


def test_migration_refuses_names_it_could_not_distinguish() -> None:
    twice = pd.Series(["A", "B"], index=["a", "a"])
    with pytest.raises(ValueError, match="occurs twice"):
        migration(twice, pd.Series({"a": "A"}), TIERS)
    with pytest.raises(ValueError, match="not graded"):
        migration(pd.Series({"a": "joined"}), pd.Series({"a": "A"}), TIERS)


def test_mobility_by_hand() -> None:
    before = pd.Series([*list("AAAABBCC"), "unrated"])
    after = pd.Series([*list("AAABABCB"), "A"])
    found = mobility(migration(before, after, TIERS), TIERS)
    assert (found.customers, found.up, found.down, found.stay) == (8, 2 / 8, 1 / 8, 5 / 8)
    assert found.shorrocks == pytest.approx((3 - (3 / 4 + 1 / 2 + 1 / 2)) / (3 - 1))


def test_mobility_of_no_customers_and_of_one_tier() -> None:
    nobody = mobility(migration(pd.Series([], dtype=object), pd.Series([], dtype=object), TIERS), TIERS)
    assert (nobody.customers, nobody.up, nobody.shorrocks) == (0, None, None)
    one = mobility(migration(pd.Series(["A"]), pd.Series(["B"]), TIERS), TIERS)
    assert (one.down, one.shorrocks) == (1, None)


def test_a_move_that_the_next_snapshot_undoes_is_a_reversal() -> None:
    history = pd.DataFrame(
        [list("ABAB"), list("ABBA"), list("ABCA"), ["A", None, "A", "B"], list("AAAA")],
        columns=["q1", "q2", "q3", "q4"],
    )
    found = reversals(history)
    assert found["moves"].to_dict() == {"q2": 3, "q3": 2, "q4": 4}
    assert found["undone"].to_dict() == {"q2": 1, "q3": 1, "q4": 0}


@given(
    st.lists(
        st.lists(st.sampled_from(["A", "B", "C", None]), min_size=4, max_size=4), min_size=1, max_size=15
    )
)
def test_reversals_agree_with_walking_through_each_history(rows: list[list[str | None]]) -> None:
    found = reversals(pd.DataFrame(rows, dtype=object))
    moves = [sum(None not in (r[t], r[t + 1]) and r[t] != r[t + 1] for r in rows) for t in range(3)]
    undone = [
        sum(None not in r[t : t + 3] and r[t] != r[t + 1] and r[t + 2] == r[t] for r in rows)
        for t in range(2)
    ]
    assert found["moves"].tolist() == moves
    assert found["undone"].tolist() == [*undone, 0]


def test_migration_agrees_with_counting_pairs() -> None:
    chance = random.Random(8)
    people = range(200)
    one = {p: chance.choice([*TIERS, "unrated"]) for p in people if chance.random() < 0.8}
    two = {p: chance.choice([*TIERS, "unrated"]) for p in people if chance.random() < 0.8}
    found = migration(pd.Series(one), pd.Series(two), TIERS)
    for row in [*TIERS, "unrated"]:
        for column in [*TIERS, "unrated"]:
            assert found.loc[row, column] == sum(one.get(p) == row and two.get(p) == column for p in people)
    assert found.to_numpy().sum() == len(one.keys() | two.keys())
    # A is best: from a later letter to an earlier one is up
    better = sum(a > b for p in one.keys() & two.keys() if "unrated" not in (a := one[p], b := two[p]))
    rated = sum("unrated" not in (one[p], two[p]) for p in one.keys() & two.keys())
    assert mobility(found, TIERS).up == pytest.approx(better / rated)
