"""What the values of a field can be follows from the schemes that read it."""

import math

import pytest

from grading.indicators.units import Extent, extents, grades_of
from grading.scheme.model import Scheme
from grading.scheme.presets import preset_names, preset_text
from grading.scheme.reader import parse_scheme
from tests import factories

PRESETS = [parse_scheme(preset_text(name), source=name) for name in preset_names()]


def scheme(indicators: dict[str, str], *gates: str) -> Scheme:
    return parse_scheme(factories.scheme_text(indicators, gates), source="s.yaml")


def extent(field: str, *how: str) -> Extent:
    return extents([scheme({field: one}) for one in how])[field]


@pytest.mark.parametrize(
    ("field", "how", "unit"),
    [
        ("anything", "unit: ratio, score: {fn: points, knots: [[0, 0], [1, 100]]}", "ratio"),
        ("anything", "unit: EUR, score: {fn: points, knots: [[0, 0], [1, 100]]}", "money"),
        ("anything", "score: {fn: points, knots: [[0, 0], [1, 100]]}", None),
        ("debt_ratio", "score: {fn: points, knots: [[0.3, 100], [0.9, 0]]}", "ratio"),
        ("debt_ratio", "score: {fn: points, knots: [[30, 100], [90, 0]]}", None),
        ("debt_ratio", "unit: percent, score: {fn: points, knots: [[30, 100], [90, 0]]}", "percent"),
        ("net_revenue_12m", "score: {fn: points, knots: [[0, 0], [1, 100]]}", "money"),
    ],
)
def test_the_unit_of_the_scheme_comes_before_that_of_the_table(
    field: str, how: str, unit: str | None
) -> None:
    assert extent(field, how).unit == unit


def test_an_extent_is_as_wide_as_the_widest_of_the_schemes() -> None:
    points = "unit: EUR, score: {{fn: points, knots: [[0, 0], [{first}, 50], [{last}, 100]]}}"
    both = extent(
        "size", points.format(first=-50, last=900).replace("[0, 0], ", ""), points.format(first=10, last=200)
    )
    assert (both.knots, both.currency, both.low, both.high) == ((10, 900), "EUR", -math.inf, math.inf)


@pytest.mark.parametrize(
    ("how", "scale"),
    [
        ("score: {fn: scale, min: 1, max: 5}", (1, 5)),
        ("score: {fn: scale, min: 5, max: 1}", (1, 5)),
        ("score: {fn: scale, min: 0, max: 10}", (0, 10)),
        ("unit: 1-7, score: {fn: points, knots: [[2, 0], [6, 100]]}", (1, 7)),
        ("score: {fn: scale, min: 0, max: 500}", None),
        ("unit: count, score: {fn: scale, min: 0, max: 10}", None),
        ("score: {fn: points, knots: [[1, 0], [5, 100]]}", None),
    ],
)
def test_a_judgement_has_a_scale_and_a_measurement_has_none(
    how: str, scale: tuple[float, float] | None
) -> None:
    assert extent("rating", how).scale == scale


def test_a_share_lies_between_nothing_and_everything_unless_the_scheme_scores_percent() -> None:
    share = extent("on_time_payment_rate", "score: {fn: points, knots: [[0.5, 0], [1, 100]]}")
    percent = extent("on_time_payment_rate", "score: {fn: points, knots: [[50, 0], [100, 100]]}")
    margin = extent("gross_margin_rate", "score: {fn: points, knots: [[0, 0], [0.4, 100]]}")
    assert [(one.low, one.high) for one in (share, percent, margin)] == [
        (0, 1), (-math.inf, math.inf), (-math.inf, 1)
    ]  # fmt: skip


def test_words_are_those_that_are_scored_unless_a_scheme_reads_others() -> None:
    how = {"security": "score: {fn: map, values: {full: 100, none: 0}}"}
    gate = "when: {field: security, in: [seized]}, cap: C"
    other = {"quality": "score: {fn: scale, min: 1, max: 5}"}
    assert extents([scheme(how)])["security"].words == ("full", "none")
    assert extents([scheme(how), scheme(other, gate)])["security"].words == ()


def test_grades_are_the_tiers_of_a_credit_scheme_and_what_gates_wait_for() -> None:
    assert grades_of(PRESETS, "credit_grade") == ("AAA", "AA", "A", "B", "C", "D")
    only_gates = [one for one in PRESETS if one.credit_limit is None]
    assert grades_of(only_gates, "credit_grade") == ()


def test_the_worst_and_the_best_knot_of_every_preset_are_within_its_extents() -> None:
    known = extents(PRESETS)
    for one in PRESETS:
        for indicator in one.indicators:
            for value, _ in getattr(indicator.score, "knots", ()):
                assert known[indicator.id].low <= value <= known[indicator.id].high, indicator.id
