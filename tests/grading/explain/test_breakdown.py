"""A result in points: everything adds up."""

import json

import pandas as pd
import pytest

from grading.engine.scoring import grade
from grading.explain.breakdown import change_by_dimension, explain, lines_of, reasons
from grading.scheme.presets import preset_text
from grading.scheme.reader import parse_scheme
from tests.grading.engine.test_properties import SCHEMES, random_book
from tests.grading.factories import AS_OF, dimension, grade_one, indicator, make_scheme

SCHEME = make_scheme(
    dimension("first", indicator("x", 60), indicator("y", 40), weight=70, min_coverage=0.5),
    dimension("second", indicator("z"), weight=30),
    gates="[{id: low, name: {en: a, zh: 名}, when: {field: z, lt: 20}, cap: C},"
    " {id: odd, name: {en: a, zh: 名}, when: {field: w, lt: 20}, flag: f}]",
)


def test_an_explanation_contains_everything() -> None:
    found = explain(grade_one(SCHEME, x=50.0, z=10.0), SCHEME, 0)
    score = 0.7 * 50 + 0.3 * 10
    assert found == {
        "tier": "C",
        "computed_tier": "C",
        "score": 38.0,
        "exact_score": pytest.approx(score),
        "coverage": pytest.approx(0.7 * 0.6 + 0.3),
        "interval": [pytest.approx(0.42 * 50 + 3), pytest.approx(0.42 * 50 + 28 + 3)],
        "certain": False,
        "provisional": False,
        "capped_by": None,
        "gates": ["low"],
        "gates_not_assessed": ["odd"],
        "dimensions": [
            {
                "id": "first",
                "score": pytest.approx(50),
                "weight": pytest.approx(0.7),
                "effective_weight": pytest.approx(0.7),
                "points": pytest.approx(0.7 * 50),
                "coverage": pytest.approx(0.6),
                "missing": False,
            },
            {
                "id": "second",
                "score": pytest.approx(10),
                "weight": pytest.approx(0.3),
                "effective_weight": pytest.approx(0.3),
                "points": pytest.approx(0.3 * 10),
                "coverage": 1.0,
                "missing": False,
            },
        ],
        "breakdown": [
            {
                "indicator": "x",
                "dimension": "first",
                "value": 50.0,
                "score": 50.0,
                "weight": pytest.approx(0.7 * 0.6),
                "effective_weight": pytest.approx(0.7),
                "points": pytest.approx(35),
                "missing": False,
            },
            {
                "indicator": "y",
                "dimension": "first",
                "value": None,
                "score": None,
                "weight": pytest.approx(0.7 * 0.4),
                "effective_weight": 0.0,
                "points": 0.0,
                "missing": True,
            },
            {
                "indicator": "z",
                "dimension": "second",
                "value": 10.0,
                "score": 10.0,
                "weight": pytest.approx(0.3),
                "effective_weight": pytest.approx(0.3),
                "points": pytest.approx(3),
                "missing": False,
            },
        ],
    }


@pytest.mark.parametrize("name", SCHEMES)
def test_every_explanation_is_json_and_adds_up(name: str) -> None:
    scheme = SCHEMES[name]
    _, frame = random_book(scheme, 60, seed=5)
    graded = grade(frame, scheme, AS_OF)
    for row in range(len(frame)):
        found = json.loads(json.dumps(explain(graded, scheme, row), allow_nan=False))
        assert sum(line["weight"] for line in found["breakdown"]) == pytest.approx(1)
        assert sum(part["weight"] for part in found["dimensions"]) == pytest.approx(1)
        if found["exact_score"] is None:
            continue
        assert sum(line["points"] for line in found["breakdown"]) == pytest.approx(
            found["exact_score"], abs=1e-9
        )
        assert sum(part["points"] for part in found["dimensions"]) == pytest.approx(
            found["exact_score"], abs=1e-9
        )
        up, down = reasons(lines_of(graded, scheme, row), up=99, down=99)
        counted = [
            line["indicator"]
            for line in found["breakdown"]
            if line["effective_weight"] > 0 and not line["missing"]
        ]
        named = [line["indicator"] for line in up + down]
        assert len(named) == len(set(named))
        assert set(named) <= {line["indicator"] for line in found["breakdown"] if line["effective_weight"]}
        full = {line["indicator"] for line in found["breakdown"] if line["score"] == 100}
        assert set(counted) - set(named) == (full & set(counted)) - set(named)


def test_a_value_that_does_not_count_is_shown_as_it_came() -> None:
    scheme = make_scheme(
        dimension(
            "only",
            indicator("x", 60, extra="max_age_days: 10"),
            indicator("y", 40, "{fn: map, values: {a: 1, b: 2}}"),
        )
    )
    graded = grade_one(scheme, x=70.0, x_date="2020-01-01", y="odd")
    lines = explain(graded, scheme, 0)["breakdown"]
    assert [(line["value"], line["missing"]) for line in lines] == [(70.0, True), ("odd", True)]


def test_a_dimension_below_its_coverage_is_missing_and_shows_its_coverage() -> None:
    first = explain(grade_one(SCHEME, y=80.0, z=90.0), SCHEME, 0)["dimensions"][0]
    assert (first["missing"], first["score"], first["effective_weight"], first["points"]) == (
        True,
        None,
        0,
        0,
    )
    assert first["coverage"] == pytest.approx(0.4)


def test_reasons_are_what_scores_above_fifty_and_what_leaves_most_points_lying() -> None:
    graded = grade_one(SCHEME, x=90.0, y=70.0, z=20.0)
    up, down = reasons(lines_of(graded, SCHEME, 0))
    assert [(line["indicator"], line["points"], line["most"]) for line in up] == [
        ("x", pytest.approx(0.42 * 90), pytest.approx(42)),
        ("y", pytest.approx(0.28 * 70), pytest.approx(28)),
    ]
    assert [(line["indicator"], line["points"], line["most"]) for line in down] == [
        ("z", pytest.approx(0.3 * 20), pytest.approx(30))
    ]
    up, down = reasons(lines_of(graded, SCHEME, 0), up=1)
    assert [line["indicator"] for line in up] == ["x"]
    # z leaves 0.3 x 80 = 24 points lying, y leaves 0.28 x 30 = 8.4
    assert [line["indicator"] for line in down] == ["z", "y"]


def test_what_scores_a_hundred_holds_nothing_back() -> None:
    assert reasons(lines_of(grade_one(SCHEME, x=100.0, y=100.0, z=100.0), SCHEME, 0), up=0)[1] == []


def test_a_change_is_split_by_dimension_to_the_last_point() -> None:
    before = explain(grade_one(SCHEME, x=50.0, z=10.0), SCHEME, 0)
    after = explain(grade_one(SCHEME, x=80.0, y=20.0, z=90.0), SCHEME, 0)
    change = dict(change_by_dimension(before, after))
    assert change == {
        "first": pytest.approx(0.7 * (0.6 * 80 + 0.4 * 20) - 0.7 * 50),
        "second": pytest.approx(0.3 * (90 - 10)),
    }
    assert sum(change.values()) == pytest.approx(after["exact_score"] - before["exact_score"], abs=1e-9)


def test_a_change_between_schemes_counts_dimensions_of_either() -> None:
    other = make_scheme(dimension("first", indicator("x"), weight=100))
    before = explain(grade_one(SCHEME, x=50.0, z=10.0), SCHEME, 0)
    after = explain(grade_one(other, x=50.0), other, 0)
    assert dict(change_by_dimension(before, after)) == {
        "first": pytest.approx(50 - 35),
        "second": pytest.approx(-3),
    }


def test_without_a_score_there_is_no_change_to_split() -> None:
    nothing, something = (explain(grade_one(SCHEME, **v), SCHEME, 0) for v in ({}, {"z": 50.0}))
    assert nothing["score"] is None
    assert change_by_dimension(nothing, something) == []


def test_a_grading_is_explained_by_its_own_scheme_only() -> None:
    other = parse_scheme(preset_text("orders_only"), source="o")
    with pytest.raises(ValueError, match="but explained by"):
        explain(grade(pd.DataFrame({"x": [1.0]}), SCHEME, AS_OF), other, 0)


def test_no_reason_is_named_out_of_a_dimension_that_is_known_too_little() -> None:
    """only y is 40 % of the first dimension, which counts from 50 % on."""
    up, down = reasons(lines_of(grade_one(SCHEME, y=100.0, z=80.0), SCHEME, 0))
    assert ([line["indicator"] for line in up], down) == (["z"], [])
