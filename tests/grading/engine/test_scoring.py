"""Semantics 1-7 and 10 with numbers that can be followed by hand."""

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from grading.engine.scoring import grade
from tests.grading.factories import AS_OF, dimension, grade_one, indicator, make_scheme, one_score, result
from tests.grading.frames import dimension_scores, effective_weights

KNOTS = "{fn: points, knots: [[0, 0], [50000, 20], [200000, 40]]}"
FALLING = "{fn: points, knots: [[0, 100], [2, 70], [10, 0]]}"
PEAK = "{fn: points, knots: [[0, 0], [10, 80], [20, 30.5]]}"
BANDS = "{fn: bands, bands: [[10, 5], [20, 60], [50, 100]]}"


@pytest.mark.parametrize(
    ("score", "value", "expected"),
    [
        (KNOTS, -1, 0),
        (KNOTS, 0, 0),
        (KNOTS, 25_000, 20 * 25_000 / 50_000),
        (KNOTS, 50_000, 20),
        (KNOTS, 125_000, 20 + 20 * 75_000 / 150_000),
        (KNOTS, 200_000, 40),
        (KNOTS, 1e300, 40),
        (FALLING, -3, 100),
        (FALLING, 1, 100 - 30 * 1 / 2),
        (FALLING, 2, 70),
        (FALLING, 6, 70 - 70 * 4 / 8),
        (FALLING, 11, 0),
        (PEAK, 5, 80 * 5 / 10),
        (PEAK, 10, 80),
        (PEAK, 15, 80 - 49.5 / 2),
        (PEAK, 99, 30.5),
        (BANDS, 9.99, 5),
        (BANDS, 10, 5),
        (BANDS, 19.999, 5),
        (BANDS, 20, 60),
        (BANDS, 49.999, 60),
        (BANDS, 50, 100),
        (BANDS, 1e9, 100),
        ("{fn: scale, min: 1, max: 5}", 1, 0),
        ("{fn: scale, min: 1, max: 5}", 4, (4 - 1) / (5 - 1) * 100),
        ("{fn: scale, min: 1, max: 5}", 5, 100),
        ("{fn: scale, min: 1, max: 5}", 6, 100),
        ("{fn: scale, min: 1, max: 5}", 0, 0),
        ("{fn: scale, min: 5, max: 1}", 2, (2 - 5) / (1 - 5) * 100),
        ("{fn: scale, min: 5, max: 1}", 5, 0),
        ("{fn: map, values: {low: 10, high: 90}}", "high", 90),
        ("{fn: map, values: {low: 10, high: 90}}", " low ", 10),
        ("{fn: map, values: {no: 10, yes: 90}}", "no", 10),
        ("{fn: map, values: {true: 80, false: 20}}", True, 80),
        ("{fn: map, values: {true: 80, false: 20}}", False, 20),
    ],
)
def test_a_value_has_the_score_of_its_function(score: str, value: object, expected: float) -> None:
    assert one_score(score, value) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("value", [50_000, 200_000, 0])
def test_a_knot_has_its_score_to_the_last_bit(value: int) -> None:
    assert one_score(KNOTS, value) == {0: 0.0, 50_000: 20.0, 200_000: 40.0}[value]


@pytest.mark.parametrize(
    ("score", "value"),
    [
        (KNOTS, None),
        (KNOTS, float("nan")),
        (KNOTS, float("inf")),
        (KNOTS, float("-inf")),
        (KNOTS, "many"),
        (BANDS, float("inf")),
        ("{fn: scale, min: 1, max: 5}", float("nan")),
        ("{fn: map, values: {low: 10, high: 90}}", "middle"),
        ("{fn: map, values: {low: 10, high: 90}}", ""),
        ("{fn: map, values: {low: 10, high: 90}}", None),
        ("{fn: map, values: {low: 10, high: 90}}", 10),
        ("{fn: map, values: {true: 80, false: 20}}", "true"),
    ],
)
def test_what_is_no_value_has_no_score(score: str, value: object) -> None:
    assert np.isnan(one_score(score, value))


def test_zero_is_a_value_and_empty_is_missing() -> None:
    scheme = make_scheme(dimension("only", indicator("x", 60), indicator("y", 40)))
    zero, empty = grade_one(scheme, x=0.0, y=80.0), grade_one(scheme, x=None, y=80.0)
    assert result(zero)["exact_score"] == pytest.approx(0.6 * 0 + 0.4 * 80)
    assert result(empty)["exact_score"] == pytest.approx(80)
    assert (result(zero)["coverage"], result(empty)["coverage"]) == (1.0, pytest.approx(0.4))


TWO = (
    dimension("first", indicator("x", 60), indicator("y", 40), weight=70, min_coverage=0.5),
    dimension("second", indicator("z"), weight=30),
)


def test_a_missing_indicator_leaves_numerator_and_denominator() -> None:
    graded = grade_one(make_scheme(*TWO), x=50.0, z=90.0)
    assert dimension_scores(graded)["first"].iloc[0] == pytest.approx(0.6 * 50 / 0.6)
    assert result(graded)["exact_score"] == pytest.approx(0.7 * 50 + 0.3 * 90)
    assert effective_weights(graded).iloc[0].tolist() == pytest.approx([0.7, 0, 0.3])
    assert graded.points.iloc[0].tolist() == pytest.approx([0.7 * 50, 0, 0.3 * 90])
    assert graded.missing.iloc[0].tolist() == [False, True, False]


def test_a_dimension_below_its_coverage_leaves_the_total_but_its_known_part_counts_as_coverage() -> None:
    graded = grade_one(make_scheme(*TWO), y=80.0, z=90.0)  # 0.4 of the first is known, 0.5 is asked for
    assert np.isnan(dimension_scores(graded)["first"].iloc[0])
    assert result(graded)["exact_score"] == pytest.approx(90)
    assert effective_weights(graded).iloc[0].tolist() == pytest.approx([0, 0, 1])
    assert result(graded)["coverage"] == pytest.approx(0.7 * 0.4 + 0.3 * 1)
    assert graded.scores["y"].iloc[0] == 80


def test_a_coverage_that_is_just_reached_is_enough() -> None:
    # 0.7 + 0.1 is 0.7999999999999999 as a floating-point number
    parts = indicator("x", 70), indicator("y", 10), indicator("z", 20)
    for inner, outer in ((0.8, 0), (0, 0.8)):
        scheme = make_scheme(dimension("only", *parts, min_coverage=inner), min_coverage=outer)
        assert result(grade_one(scheme, x=60.0, y=60.0))["tier"] == "B"


def test_everything_known_is_a_coverage_of_exactly_one() -> None:
    # 0.1 + 0.25 + 0.3 + 0.35 is 0.9999999999999999 as a floating-point number
    weights = {"a": 10, "b": 25, "c": 30, "d": 35}
    flat = make_scheme(dimension("only", *(indicator(id, weight) for id, weight in weights.items())))
    nested = make_scheme(*(dimension(f"of_{id}", indicator(id), weight=w) for id, w in weights.items()))
    for scheme in (flat, nested):
        found = result(grade_one(scheme, a=100.0, b=100.0, c=100.0, d=100.0))
        assert (found["coverage"], found["low"], found["high"]) == (
            1.0,
            pytest.approx(100),
            pytest.approx(100),
        )


def test_no_score_ends_a_hair_beyond_one_hundred() -> None:
    # 5.9 + 24.0 + 66.9 + 3.2 is 100.00000000000001 as a floating-point number, and so is the sum below
    assert one_score("{fn: points, knots: [[0, 5.9], [1, 29.9], [2, 96.8], [3, 100]]}", 3.0) == 100
    first = (indicator("a", 71), indicator("b", 8), indicator("c", 21))
    scheme = make_scheme(
        dimension("first", *first, weight=73), dimension("second", indicator("d"), weight=27)
    )
    assert result(grade_one(scheme, a=100.0, b=100.0, c=100.0, d=100.0))["exact_score"] == 100


def test_the_interval_is_the_least_and_the_greatest_of_three_numbers() -> None:
    found = result(grade_one(make_scheme(*TWO), x=50.0, z=90.0))
    assert found["low"] == pytest.approx(0.7 * (0.6 * 50 + 0.4 * 0) + 0.3 * 90)
    assert found["high"] == pytest.approx(0.7 * (0.6 * 50 + 0.4 * 100) + 0.3 * 90)
    dropped = result(grade_one(make_scheme(*TWO), y=80.0, z=90.0))
    assert dropped["low"] == pytest.approx(0.7 * 0.4 * 80 + 0.3 * 90)  # all weights in: y counts
    assert dropped["high"] == pytest.approx(0.7 * (0.6 * 100 + 0.4 * 80) + 0.3 * 90)


def test_the_score_itself_can_be_an_end_of_the_interval() -> None:
    # y alone is too little of its dimension, so it does not pull the score down, but it does the interval
    found = result(grade_one(make_scheme(*TWO), y=0.0, z=100.0))
    all_at_best = 0.7 * (0.6 * 100 + 0.4 * 0) + 0.3 * 100
    assert found["exact_score"] == pytest.approx(100)
    assert (found["low"], found["high"]) == (pytest.approx(0.3 * 100), pytest.approx(max(all_at_best, 100)))


def test_without_a_score_the_interval_has_two_ends_left() -> None:
    scheme = make_scheme(dimension("only", indicator("x", 60), indicator("y", 40), min_coverage=0.9))
    found = result(grade_one(scheme, x=50.0))
    assert np.isnan(found["exact_score"])
    assert (found["low"], found["high"]) == (pytest.approx(0.6 * 50), pytest.approx(0.6 * 50 + 40))
    assert (found["tier"], found["computed_tier"], found["certain"]) == ("unrated", None, False)


def test_a_tier_is_certain_when_both_ends_lie_in_it() -> None:
    scheme = make_scheme(dimension("only", indicator("x", 90), indicator("y", 10)))
    certain = result(grade_one(scheme, x=60.0))  # 54 to 64: B throughout
    assert (certain["tier"], certain["certain"]) == ("B", True)
    open_end = result(grade_one(scheme, x=80.0))  # 72 to 82: B or A
    assert (open_end["tier"], open_end["certain"]) == ("A", False)


def test_nothing_known_is_no_score() -> None:
    for policy in ("redistribute", "neutral", "worst"):
        found = result(grade_one(make_scheme(*TWO, policy=policy)))
        assert np.isnan(found["exact_score"])
        assert np.isnan(found["score"])
        assert (found["tier"], found["coverage"], found["low"], found["high"]) == ("unrated", 0, 0, 100)


@pytest.mark.parametrize(("policy", "stand_in"), [("neutral", 50), ("worst", 0)])
def test_the_other_policies_put_a_score_in_the_place_of_what_is_missing(policy: str, stand_in: float) -> None:
    graded = grade_one(make_scheme(*TWO, policy=policy), y=80.0, z=90.0)
    expected = 0.7 * (0.6 * stand_in + 0.4 * 80) + 0.3 * 90
    assert result(graded)["exact_score"] == pytest.approx(expected)
    assert result(graded)["coverage"] == pytest.approx(0.7 * 0.4 + 0.3)
    assert graded.points.iloc[0].tolist() == pytest.approx([0.42 * stand_in, 0.28 * 80, 0.3 * 90])
    assert graded.missing["x"].iloc[0]
    assert result(graded)["low"] == pytest.approx(0.7 * 0.4 * 80 + 0.3 * 90)


@pytest.mark.parametrize(
    ("score", "decimals", "shown", "tier"),
    [
        (74.95, 1, 75.0, "A"),
        (74.949, 1, 74.9, "B"),
        (75, 1, 75, "A"),
        (74.5, 0, 75, "A"),
        (74.49, 0, 74, "B"),
        (74.995, 2, 75.0, "A"),
        (49.95, 1, 50.0, "B"),
        (0.05, 1, 0.1, "C"),
        (2.675, 2, 2.68, "C"),
        (1.005, 2, 1.01, "C"),
    ],
)
def test_the_tier_follows_the_number_people_see(score: float, decimals: int, shown: float, tier: str) -> None:
    found = result(grade_one(make_scheme(display_decimals=decimals), x=score))
    assert (found["score"], found["tier"]) == (shown, tier)
    assert found["exact_score"] == pytest.approx(score, abs=1e-12)


def test_rounding_does_not_fall_short_by_a_bit() -> None:
    # 0.35 x 73 + 0.65 x 76 is 74.95, but 74.94999999999999 as a floating-point number
    scheme = make_scheme(dimension("only", indicator("x", 35), indicator("y", 65)))
    found = result(grade_one(scheme, x=73.0, y=76.0))
    assert (found["score"], found["tier"]) == (75.0, "A")


def test_a_book_known_too_little_is_unrated_with_a_provisional_score() -> None:
    scheme = make_scheme(*TWO, min_coverage=0.6)
    found = result(grade_one(scheme, z=90.0))
    assert (found["tier"], found["computed_tier"]) == ("unrated", "A")
    assert (found["provisional"], found["score"]) == (True, 90.0)
    assert result(grade_one(scheme, x=50.0, z=90.0))["provisional"] == False  # noqa: E712 (numpy's)


@pytest.mark.parametrize(("months", "tier"), [(2.99, "new"), (3.0, "A"), (0.0, "new"), (None, "A")])
def test_a_young_customer_is_new_and_one_of_unknown_age_is_not(months: float | None, tier: str) -> None:
    found = result(grade_one(make_scheme(min_history_months=3), x=90.0, months_with_us=months))
    assert (found["tier"], found["computed_tier"]) == (tier, "A")


def test_new_comes_before_unrated() -> None:
    assert result(grade_one(make_scheme(min_history_months=3), months_with_us=1.0))["tier"] == "new"


@pytest.mark.parametrize(
    ("measured", "missing"),
    [
        (date(2026, 10, 31), False),
        (date(2026, 7, 23), False),  # 100 days before 31 October
        (date(2026, 7, 22), True),
        (date(2026, 11, 1), True),  # not yet known on that day
        (None, False),
    ],
)
def test_a_value_older_than_its_age_or_not_yet_measured_is_missing(
    measured: date | None, missing: bool
) -> None:
    scheme = make_scheme(dimension("only", indicator("x", extra="max_age_days: 100")))
    for day in (
        measured,
        pd.Timestamp(measured) if measured else pd.NaT,
        measured.isoformat() if measured else "",
    ):
        assert grade_one(scheme, x=80.0, x_date=day).missing["x"].iloc[0] == missing


def test_without_a_greatest_age_an_old_value_counts_and_a_future_one_does_not() -> None:
    assert not grade_one(make_scheme(), x=80.0, x_date=date(1999, 1, 1)).missing["x"].iloc[0]
    assert grade_one(make_scheme(), x=80.0, x_date=date(2027, 1, 1)).missing["x"].iloc[0]


def test_an_empty_book_gives_empty_results() -> None:
    graded = grade(pd.DataFrame({"x": pd.Series(dtype=float)}), make_scheme(), AS_OF)
    assert graded.results.shape == (0, 11)
    assert graded.points.shape == (0, 1)
    assert grade(pd.DataFrame(index=pd.Index([])), make_scheme(), AS_OF).results.empty


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([80, None, "x"], dtype=object),
        pd.Series([80, None, None], dtype="Int64"),
        pd.Series([80.0, np.nan, np.inf], dtype="float32"),
        pd.Series(["80", "", "abc"]),
        pd.Series([80, [1], {}], dtype=object),
        pd.Series([80, True, 10**400], dtype=object),
        pd.Series([80, 1j, pd.Timestamp("2020")], dtype=object),
    ],
)
def test_a_column_of_an_unexpected_type_is_read_or_missing_but_never_zero(
    column: "pd.Series[Any]",
) -> None:
    graded = grade(pd.DataFrame({"x": column}), make_scheme(), AS_OF)
    assert graded.scores["x"].iloc[0] == 80
    assert graded.missing["x"].tolist() == [False, True, True]


@pytest.mark.parametrize(
    "column",
    [pd.Series([True, False]), pd.to_datetime(pd.Series(["2020-01-01", "2021-01-01"])), pd.Series([1j, 2])],
)
def test_truths_and_times_are_no_numbers(column: "pd.Series[Any]") -> None:
    assert grade(pd.DataFrame({"x": column}), make_scheme(), AS_OF).missing["x"].all()


def test_words_come_in_any_column_type() -> None:
    scheme = make_scheme(dimension("only", indicator("x", score="{fn: map, values: {low: 10, high: 90}}")))
    for column in (
        pd.Series(["high", None, "odd"], dtype=object),
        pd.Series(["high", None, "odd"], dtype="str"),
        pd.Series(["high", None, "odd"], dtype="category"),
        pd.Series(["high", [1], 3.5], dtype=object),
    ):
        graded = grade(pd.DataFrame({"x": column}), scheme, AS_OF)
        assert graded.scores["x"].iloc[0] == 90
        assert graded.missing["x"].tolist() == [False, True, True]


def test_booleans_come_as_booleans_or_as_what_pandas_makes_of_them() -> None:
    scheme = make_scheme(dimension("only", indicator("x", score="{fn: map, values: {true: 80, false: 20}}")))
    for column in (
        pd.Series([True, False, None], dtype=object),
        pd.Series([True, False, None], dtype="boolean"),
        pd.Series([1.0, 0.0, np.nan]),
    ):
        graded = grade(pd.DataFrame({"x": column}), scheme, AS_OF)
        assert graded.scores["x"].tolist()[:2] == [80, 20]
        assert graded.missing["x"].tolist() == [False, False, True]


def test_a_customer_or_a_column_given_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="customer 'c' occurs twice"):
        grade(pd.DataFrame({"x": [1.0, 2.0]}, index=["c", "c"]), make_scheme(), AS_OF)
    with pytest.raises(ValueError, match="column 'x' occurs twice"):
        grade(pd.DataFrame([[1.0, 2.0]], columns=["x", "x"]), make_scheme(), AS_OF)


def test_columns_the_scheme_does_not_know_change_nothing() -> None:
    scheme = make_scheme()
    assert result(grade_one(scheme, x=60.0, other=1.0)) == pytest.approx(result(grade_one(scheme, x=60.0)))


def test_the_facts_are_left_as_they_were() -> None:
    facts = pd.DataFrame({"x": [1.0, np.nan, 50.0]})
    before = facts.copy()
    grade(facts, make_scheme(), AS_OF)
    pd.testing.assert_frame_equal(facts, before)
