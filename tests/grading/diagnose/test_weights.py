"""AHP against Saaty's published examples; entropy, CRITIC and double counting against slow references."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grading.diagnose.weights import (
    RANDOM_INDEX,
    InconsistentJudgements,
    ahp,
    critic_weights,
    double_counting,
    entropy_weights,
    group_judgements,
    upper_triangle,
)


def test_saatys_drinks() -> None:
    # Source: Saaty, Decision making with the analytic hierarchy process, IJSS 1(1) 2008, table 2: which drink is
    # consumed more in the U.S.; derived scale .177 .019 .042 .116 .190 .129 .327, CR .022.
    drinks = ["coffee", "wine", "tea", "beer", "sodas", "milk", "water"]
    judged = upper_triangle(
        drinks,
        [
            9,
            5,
            2,
            1,
            1,
            1 / 2,
            1 / 3,
            1 / 9,
            1 / 9,
            1 / 9,
            1 / 9,
            1 / 3,
            1 / 4,
            1 / 3,
            1 / 9,
            1 / 2,
            1,
            1 / 3,
            2,
            1 / 2,
            1 / 3,
        ],
    )
    found = ahp(judged)
    assert found.weights.round(3).tolist() == pytest.approx(
        [0.177, 0.019, 0.042, 0.116, 0.190, 0.129, 0.327], abs=0.0006
    )
    assert found.consistency_ratio == pytest.approx(0.022, abs=0.0005)


HOUSE = upper_triangle(
    ["size", "transport", "neighbourhood", "age", "yard", "modern", "condition", "financing"],
    [
        5,
        3,
        7,
        6,
        6,
        1 / 3,
        1 / 4,
        1 / 3,
        5,
        3,
        3,
        1 / 5,
        1 / 7,
        6,
        3,
        4,
        6,
        1 / 5,
        1 / 3,
        1 / 4,
        1 / 7,
        1 / 8,
        1 / 2,
        1 / 5,
        1 / 6,
        1 / 5,
        1 / 6,
        1 / 2,
    ],
)


def test_saatys_house_is_refused_and_the_judgement_to_think_about_is_named() -> None:
    # Source: Saaty, How to make a decision, EJOR 48 (1990) 9-26: buying a house, lambda 9.669, CR .169; he finds
    # neighbourhood against condition (6) the one to revise.
    with pytest.raises(InconsistentJudgements, match="neighbourhood against condition: judged 6") as caught:
        ahp(HOUSE)
    assert caught.value.ratio == pytest.approx((9.669 - 8) / 7 / 1.41, abs=0.0005)
    assert round(caught.value.ratio, 3) == 0.169


def test_the_default_weights_of_the_b2b_preset() -> None:
    found = ahp(
        upper_triangle(
            ["value", "depth", "growth", "loyalty", "financial", "scale", "history"],
            [2, 2, 3, 3, 3, 4, 1, 1, 2, 1, 2, 1, 1, 2, 2, 1, 1, 2, 1, 1, 1],
        )
    )
    assert found.weights.round(3).tolist() == [0.306, 0.144, 0.144, 0.123, 0.102, 0.102, 0.079]
    assert round(found.lambda_max, 3) == 7.123
    assert round(found.consistency_ratio, 3) == round((7.123 - 7) / 6 / RANDOM_INDEX[6], 3) == 0.016


def test_one_and_two_items_are_always_consistent() -> None:
    assert ahp(upper_triangle(["a"], [])).weights.tolist() == [1]
    two = ahp(upper_triangle(["a", "b"], [4]))
    assert two.weights.tolist() == pytest.approx([4 / 5, 1 / 5])
    assert two.consistency_ratio == 0


@given(st.lists(st.floats(1, 2.9), min_size=3, max_size=10))
def test_consistent_judgements_give_back_the_weights_behind_them(raw: list[float]) -> None:
    names = [f"i{n}" for n in range(len(raw))]
    judged = pd.DataFrame([[a / b for b in raw] for a in raw], index=names, columns=names)
    found = ahp(judged)
    assert found.weights.tolist() == pytest.approx([value / sum(raw) for value in raw])
    assert found.consistency_ratio == pytest.approx(0, abs=1e-9)


def test_a_contradiction_in_a_circle_is_refused() -> None:
    # a is 9 times b, b 9 times c, and c 9 times a
    with pytest.raises(InconsistentJudgements, match="CR is"):
        ahp(upper_triangle(["a", "b", "c"], [9, 1 / 9, 9]))


def test_what_is_no_matrix_of_judgements_is_refused_with_the_cell() -> None:
    good = upper_triangle(["a", "b", "c"], [2, 4, 2])
    with pytest.raises(ValueError, match="square"):
        ahp(good.iloc[:2])
    with pytest.raises(ValueError, match="same order"):
        ahp(good[["b", "a", "c"]])
    for value in (10, 0, -2, math.nan):
        wrong = good.copy()
        wrong.loc["a", "b"] = value
        with pytest.raises(ValueError, match="a against b must lie between"):
            ahp(wrong)
    wrong = good.copy()
    wrong.loc["c", "b"] = 1 / 3
    with pytest.raises(ValueError, match="b against c must be the reciprocal"):
        ahp(wrong)
    with pytest.raises(ValueError, match="at most 10"):
        ahp(pd.DataFrame(np.ones((11, 11))))
    with pytest.raises(ValueError, match="3 items need 3 judgements, not 2"):
        upper_triangle(["a", "b", "c"], [1, 2])


def test_a_group_is_the_geometric_mean_cell_by_cell() -> None:
    one, two = upper_triangle(["a", "b"], [8]), upper_triangle(["a", "b"], [1 / 2])
    group = group_judgements([one, two])
    assert group.loc["a", "b"] == pytest.approx(math.sqrt(8 * 1 / 2))
    assert group.loc["b", "a"] == pytest.approx(1 / 2)
    assert ahp(group).weights.tolist() == pytest.approx([2 / 3, 1 / 3])
    with pytest.raises(ValueError, match="same items"):
        group_judgements([one, upper_triangle(["b", "a"], [2])])
    with pytest.raises(ValueError, match="nobody"):
        group_judgements([])


def test_entropy_weights_by_hand() -> None:
    # shares of a: 1/4, 3/4; of b: equal, so its entropy is 1 and its weight 0; of c: all in one, entropy 0
    found = entropy_weights(pd.DataFrame({"a": [1.0, 3], "b": [5.0, 5], "c": [0.0, 9]}))
    e = -(0.25 * math.log(0.25) + 0.75 * math.log(0.75)) / math.log(2)
    assert found.tolist() == pytest.approx([(1 - e) / ((1 - e) + 1), 0, 1 / ((1 - e) + 1)])


def test_one_outlier_moves_entropy_weights_which_is_why_they_are_only_shown() -> None:
    calm = pd.DataFrame({"a": [1.0, 2, 3, 4], "b": [1.0, 2, 3, 4]})
    wild = calm.assign(b=[1.0, 2, 3, 400])
    assert entropy_weights(calm)["b"] == pytest.approx(0.5)
    assert entropy_weights(wild)["b"] > 0.8


def test_entropy_and_critic_refuse_what_they_cannot_weigh() -> None:
    with pytest.raises(ValueError, match="b has negative"):
        entropy_weights(pd.DataFrame({"a": [1.0, 2], "b": [1.0, -2]}))
    for weigh in (entropy_weights, critic_weights):
        with pytest.raises(ValueError, match="1 customers have every value"):
            weigh(pd.DataFrame({"a": [1.0, math.nan, math.inf]}))
        with pytest.raises(ValueError, match="no column varies"):
            weigh(pd.DataFrame({"a": [2.0, 2, 2]}))
        assert weigh(pd.DataFrame({"a": [2.0, 2, 2], "b": [1.0, 2, 3]})).tolist() == [0, 1]


tables = st.integers(2, 4).flatmap(
    lambda width: st.lists(
        st.lists(st.integers(0, 50), min_size=width, max_size=width), min_size=3, max_size=12
    )
)


@given(tables)
def test_entropy_and_critic_agree_with_slow_references(rows: list[list[int]]) -> None:
    frame = pd.DataFrame(rows, dtype=float)
    columns = list(zip(*rows, strict=True))
    if not any(len(set(column)) > 1 for column in columns):
        return
    raw = []
    for column in columns:
        shares = [x / sum(column) for x in column] if sum(column) else []
        entropy = -sum(p * math.log(p) for p in shares if p) / math.log(len(rows))
        raw.append(1 - entropy if len(set(column)) > 1 else 0)
    assert entropy_weights(frame).tolist() == pytest.approx([w / sum(raw) for w in raw], abs=1e-9)
    varied = [column for column in columns if len(set(column)) > 1]
    content = []
    for column in columns:
        if len(set(column)) == 1:
            content.append(0.0)
            continue
        width = max(column) - min(column)
        conflict = sum(1 - statistics.correlation(column, other) for other in varied if other is not column)
        content.append(statistics.pstdev(column) / width * (conflict if len(varied) > 1 else 1))
    if sum(content) > 1e-6:
        assert critic_weights(frame).tolist() == pytest.approx([c / sum(content) for c in content], abs=1e-6)


def test_pairs_of_nearly_equal_scores_are_named() -> None:
    scores = pd.DataFrame(
        {
            "revenue": [10.0, 20, 30, 40, math.nan],
            "orders": [12.0, 19, 33, 41, 7],
            "size": [40.0, 10, 30, 20, 5],
            "flat": [50.0] * 5,
            "rare": [1.0, math.nan, math.nan, math.nan, 2],
        }
    )
    found = double_counting(scores)
    assert found[["first", "second"]].values.tolist() == [["revenue", "orders"]]
    r = statistics.correlation([10, 20, 30, 40], [12, 19, 33, 41])
    assert found["r"].tolist() == pytest.approx([r])
    assert double_counting(scores, limit=r + 1e-6).empty
    assert double_counting(scores[["size"]]).empty
