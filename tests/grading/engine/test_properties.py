"""What holds for every scheme and every book, on random books and against a slow reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import grading.engine.sums
from grading.engine.scoring import Grading, grade
from grading.scheme.model import Map, Points, Scale, Scheme
from grading.scheme.presets import preset_names, preset_text
from grading.scheme.reader import parse_scheme
from tests.grading.factories import AS_OF, dimension, indicator, make_scheme
from tests.grading.frames import dimension_points, dimension_scores, effective_weights
from tests.grading.reference import grade_slowly

PRESETS = {name: parse_scheme(preset_text(name), source=name) for name in preset_names()}
POLICIES = {
    policy: parse_scheme(
        preset_text("b2b_accounts").replace("policy: redistribute", f"policy: {policy}"), source=policy
    )
    for policy in ("neutral", "worst")
}
SCHEMES = PRESETS | POLICIES


def random_value(field: str, scheme: Scheme, rng: np.random.Generator) -> Any:
    """A value within or beyond what a field's curve and gates know, now and then none or nonsense."""
    found = next((i for i in scheme.indicators if i.id == field), None)
    words = [w for g in scheme.gates if g.field == field for w in getattr(g.when, "values", ())]
    if found is not None and isinstance(found.score, Map):
        return rng.choice([*found.score.values, None, "odd"])
    if words and isinstance(words[0], bool):
        return [True, False, None][rng.integers(3)]
    if words:
        return rng.choice(np.array([*words, "other", None], dtype=object))
    if rng.random() < 0.2:
        return [None, float("nan"), float("inf"), 0.0][rng.integers(4)]
    if found is not None and isinstance(found.score, Points) and rng.random() < 0.3:
        return found.score.knots[rng.integers(len(found.score.knots))][0]  # exactly on a knot
    low, high = -0.2, 1.2
    if found is not None and isinstance(found.score, Points):
        low, high = found.score.knots[0][0], found.score.knots[-1][0]
    elif found is not None and isinstance(found.score, Scale):
        low, high = 0.0, 6.0
    return float(rng.uniform(low - 0.2 * (high - low), high + 0.2 * (high - low)))


def random_book(scheme: Scheme, rows: int, seed: int) -> tuple[list[dict[str, Any]], pd.DataFrame]:
    rng = np.random.default_rng(seed)
    gaps = rng.random((rows, len(scheme.fields))) < rng.choice([0.0, 0.1, 0.5, 0.95], size=(rows, 1))
    people = [
        {
            field: None if gaps[row, place] else random_value(field, scheme, rng)
            for place, field in enumerate(scheme.fields)
        }
        | {"months_with_us": [None, 1.0, 3.0, 40.0][rng.integers(4)]}
        for row in range(rows)
    ]
    kinds = {field.id: field.kind for field in scheme.fields.values()} | {"months_with_us": "number"}
    frame = pd.DataFrame(
        {
            field: pd.Series([p[field] for p in people], dtype="float64" if kind == "number" else object)
            for field, kind in kinds.items()
        }
    )
    return people, frame


@pytest.mark.parametrize("name", SCHEMES)
def test_grade_agrees_with_the_slow_reference(name: str) -> None:
    scheme = SCHEMES[name]
    people, frame = random_book(scheme, 400, seed=len(name))
    graded = grade(frame, scheme, AS_OF)
    for row, person in enumerate(people):
        expected = grade_slowly(person, scheme)
        found = graded.results.iloc[row]
        assert found["tier"] == expected["tier"], (row, person)
        for key in ("coverage", "low", "high"):
            assert found[key] == pytest.approx(expected[key], abs=1e-9), (row, key)
        if expected["exact_score"] is None:
            assert np.isnan(found["exact_score"])
        else:
            assert found["exact_score"] == pytest.approx(expected["exact_score"], abs=1e-9)
        points = {id: p for id, p in graded.points.iloc[row].items() if p}
        assert points == pytest.approx({id: p for id, p in expected["points"].items() if p}, abs=1e-9)


@pytest.mark.parametrize("name", SCHEMES)
def test_points_add_up_to_the_score_and_weights_to_one(name: str) -> None:
    _, frame = random_book(SCHEMES[name], 500, seed=1)
    graded = grade(frame, SCHEMES[name], AS_OF)
    scored = graded.results["exact_score"].notna()
    assert scored.any()
    exact = graded.results["exact_score"][scored]
    assert np.abs(graded.points[scored].sum(axis=1) - exact).max() < 1e-9
    assert np.abs(dimension_points(graded)[scored].sum(axis=1) - exact).max() < 1e-9
    assert np.abs(effective_weights(graded)[scored].sum(axis=1) - 1).max() < 1e-9
    again = effective_weights(graded) * graded.scores.fillna(0)
    assert (again[scored] - graded.points[scored]).abs().to_numpy().max() < 1e-9
    assert (graded.results["low"] <= graded.results["high"]).all()
    assert (graded.results["low"][scored] <= exact).all()
    assert (exact <= graded.results["high"][scored]).all()
    assert graded.results[["low", "high", "coverage"]].min().min() >= 0
    assert graded.results["high"].max() <= 100


def bits(graded: Grading) -> list[bytes]:
    """Every number of a grading, row by row, as bytes."""
    frames = (
        graded.results[["exact_score", "score", "coverage", "low", "high"]],
        graded.scores,
        effective_weights(graded),
        graded.points,
        dimension_scores(graded),
        dimension_points(graded),
    )
    numbers = np.hstack([frame.to_numpy(dtype=np.float64) for frame in frames])
    numbers[np.isnan(numbers)] = np.nan  # of whichever sign
    tiers = graded.results["tier"].tolist()
    return [row.tobytes() + tier.encode() for row, tier in zip(numbers, tiers, strict=True)]


@pytest.mark.parametrize("name", SCHEMES)
def test_a_customer_has_the_same_bits_by_itself_in_any_order_and_in_any_batch(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheme = SCHEMES[name]
    _, frame = random_book(scheme, 97, seed=2)
    whole = bits(grade(frame, scheme, AS_OF))
    order = np.random.default_rng(3).permutation(len(frame))
    shuffled = bits(grade(frame.iloc[order], scheme, AS_OF))
    assert [shuffled[place] for place in np.argsort(order)] == whole
    assert [bits(grade(frame.iloc[[row]], scheme, AS_OF))[0] for row in range(len(frame))] == whole
    for chunk in (1, 7, 64):
        monkeypatch.setattr(grading.engine.sums, "CHUNK", chunk)
        assert bits(grade(frame, scheme, AS_OF)) == whole


def test_grading_twice_changes_nothing() -> None:
    _, frame = random_book(PRESETS["b2b_accounts"], 50, seed=4)
    once, twice = (bits(grade(frame, PRESETS["b2b_accounts"], AS_OF)) for _ in range(2))
    assert once == twice


number = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e9, max_value=1e9)


@st.composite
def rising_knots(draw: st.DrawFn) -> str:
    xs = sorted(
        draw(st.lists(st.floats(-1e6, 1e6).map(lambda x: round(x, 3)), min_size=2, max_size=6, unique=True))
    )
    scores = sorted(
        draw(st.lists(st.floats(0, 100).map(lambda s: round(s, 2)), min_size=len(xs), max_size=len(xs)))
    )
    pairs = ", ".join(f"[{x:.3f}, {score:.2f}]" for x, score in zip(xs, scores, strict=True))
    return f"{{fn: points, knots: [{pairs}]}}"


@settings(max_examples=60, deadline=None)
@given(rising_knots(), number, number, st.sampled_from([None, 0.0, 40.0, 100.0]))
def test_better_data_never_lowers_a_score_where_the_curve_rises(
    knots: str, one: float, other: float, beside: float | None
) -> None:
    scheme = make_scheme(dimension("only", indicator("x", 70, knots), indicator("y", 30)))
    worse, better = sorted([one, other])
    graded = grade(pd.DataFrame({"x": [worse, better], "y": [beside, beside]}, dtype=float), scheme, AS_OF)
    for column in ("exact_score", "score", "low", "high"):
        assert graded.results[column].iloc[0] <= graded.results[column].iloc[1]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.none(), st.floats(), st.text(max_size=3), st.booleans()), max_size=6))
def test_whatever_a_column_holds_every_row_is_graded(cells: list[Any]) -> None:
    scheme = PRESETS["prospects"]
    frame = pd.DataFrame({field: pd.Series(cells, dtype=object) for field in scheme.fields})
    graded = grade(frame, scheme, AS_OF)
    words = {tier.id for tier in scheme.tiers} | {"blocked", "unrated"}
    assert len(graded.results) == len(cells)
    assert set(graded.results["tier"]) <= words
    known = ~graded.missing.to_numpy()
    assert np.isfinite(graded.scores.to_numpy()[known]).all()
