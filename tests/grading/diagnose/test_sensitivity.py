"""How much tiers hang on the weights, against the grading function itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import grading.diagnose.sensitivity
from grading.diagnose.sensitivity import weight_sensitivity
from grading.engine.scoring import grade
from grading.scheme.model import Scheme
from grading.scheme.presets import preset_names, preset_text
from grading.scheme.reader import parse_scheme
from tests.grading.engine.test_properties import random_book
from tests.grading.factories import AS_OF, dimension, indicator, make_scheme

TWO = make_scheme(dimension("d", indicator("x", weight=50), indicator("y", weight=50)))


def weighted(scheme: Scheme, dimensions: list[float], indicators: list[list[float]]) -> Scheme:
    """The same scheme with other weights."""
    return replace(
        scheme,
        dimensions=tuple(
            replace(
                d,
                weight=weight,
                min_coverage=0.0,
                indicators=tuple(replace(i, weight=w) for i, w in zip(d.indicators, inner, strict=True)),
            )
            for d, weight, inner in zip(scheme.dimensions, dimensions, indicators, strict=True)
        ),
    )


@pytest.mark.parametrize("name", preset_names())
def test_each_draw_is_a_grading_with_other_weights(name: str) -> None:
    base = parse_scheme(preset_text(name), source=name)
    base = weighted(
        base, [d.weight for d in base.dimensions], [[i.weight for i in d.indicators] for d in base.dimensions]
    )
    _, facts = random_book(base, 300, seed=4)
    own = grade(facts, base, AS_OF)
    found = weight_sensitivity(own.scores, base, seed=7, draws=12)
    drawn = grading.diagnose.sensitivity._draw(base, np.random.default_rng(7), 12, 0.2)
    scored = own.results["exact_score"].notna()
    assert found.customers.index.tolist() == own.results.index[scored].tolist()
    other = np.zeros(len(found.customers))
    shares = []
    for draw in range(1, 13):
        scheme = weighted(
            base, drawn.dimensions[:, draw].tolist(), [w[:, draw].tolist() for w in drawn.indicators]
        )
        moved = (grade(facts, scheme, AS_OF).results["computed_tier"] != own.results["computed_tier"])[scored]
        other += moved.to_numpy()
        shares.append(moved.mean())
    assert found.customers.tolist() == pytest.approx((other / 12).tolist())
    assert (found.mean, found.worst) == pytest.approx((np.mean(shares), max(shares)))


def test_weights_stay_within_a_fifth_before_they_are_renormalised() -> None:
    drawn = grading.diagnose.sensitivity._draw(TWO, np.random.default_rng(1), 5_000, 0.2).indicators[0]
    assert drawn.sum(axis=0) == pytest.approx(np.ones(5_001))
    assert drawn[0, 1:].min() > 0.8 / (0.8 + 1.2)
    assert drawn[0, 1:].max() < 1.2 / (0.8 + 1.2)
    assert drawn[0, 1:].min() < 0.42  # and they do reach out


def test_who_scores_the_same_on_everything_never_moves() -> None:
    found = weight_sensitivity(pd.DataFrame({"x": [60.0, 0, 100], "y": [60.0, 0, 100]}), TWO, seed=1)
    assert (found.mean, found.worst, found.customers.tolist()) == (0, 0, [0, 0, 0])


def test_a_customer_on_a_boundary_falls_in_about_half_of_the_draws() -> None:
    # 100 and 0 at equal weights score 50, the boundary of B; less than 49.95 shows as 49.9, which is C
    found = weight_sensitivity(pd.DataFrame({"x": [100.0], "y": [0.0]}), TWO, seed=1)
    assert found.customers.tolist() == [pytest.approx(0.5, abs=0.05)]
    assert found.worst == 1


def test_a_single_known_indicator_decides_and_a_customer_without_any_is_left_out() -> None:
    scores = pd.DataFrame({"x": [80.0, np.nan], "y": [np.nan, np.nan]}, index=["known", "unknown"])
    found = weight_sensitivity(scores, TWO, seed=1)
    assert found.customers.to_dict() == {"known": 0}


def test_a_dimension_known_too_little_stays_out_under_all_weights() -> None:
    scheme = make_scheme(
        dimension("thin", indicator("x", weight=50), indicator("y", weight=50), weight=50, min_coverage=0.5),
        dimension("full", indicator("z"), weight=50),
    )
    on_the_limit = pd.DataFrame({"x": [0.0], "y": [np.nan], "z": [100.0]})
    assert (
        weight_sensitivity(on_the_limit, scheme, seed=1).customers.iloc[0] > 0.2
    )  # x counts: the score is 50
    below = replace(
        scheme, dimensions=(replace(scheme.dimensions[0], min_coverage=0.6), scheme.dimensions[1])
    )
    assert weight_sensitivity(on_the_limit, below, seed=1).customers.iloc[0] == 0  # z alone: 100


def test_the_seed_decides_and_neither_order_nor_chunks_do(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    scores = pd.DataFrame({"x": rng.uniform(0, 100, 70), "y": rng.uniform(0, 100, 70)})
    whole = weight_sensitivity(scores, TWO, seed=9, draws=50)
    monkeypatch.setattr(grading.diagnose.sensitivity, "CHUNK", 16)
    pieces = weight_sensitivity(scores.sample(frac=1, random_state=1), TWO, seed=9, draws=50)
    pd.testing.assert_series_equal(pieces.customers.sort_index(), whole.customers)
    assert pieces.mean == pytest.approx(whole.mean)
    assert weight_sensitivity(scores, TWO, seed=10, draws=50).mean != whole.mean


def test_no_customers_and_wrong_arguments() -> None:
    nobody = weight_sensitivity(pd.DataFrame({"x": [], "y": []}, dtype=float), TWO, seed=1, draws=3)
    assert (nobody.mean, len(nobody.customers)) == (0, 0)
    with pytest.raises(ValueError, match="no column y"):
        weight_sensitivity(pd.DataFrame({"x": [1.0]}), TWO, seed=1)
    for wrong in ({"within": 0.0}, {"within": 20.0}, {"draws": 0}):
        with pytest.raises(ValueError, match="between 0 and 1"):
            weight_sensitivity(pd.DataFrame({"x": [1.0], "y": [1.0]}), TWO, seed=1, **wrong)
