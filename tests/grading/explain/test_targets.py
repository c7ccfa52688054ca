"""Curves turned round: the value proposed suffices, and none nearer does."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from grading.engine.curves import make_line
from grading.explain.targets import extremes, find_target
from grading.scheme.model import Bands, Indicator, Map, Name, Points, Scale, Score
from tests.grading.reference import score_of


def make_indicator(score: Score, unit: str | None = None) -> Indicator:
    return Indicator(id="x", name=Name(en="x", zh="x"), weight=100, score=score, unit=unit)


pairs = st.lists(
    st.tuples(st.floats(-1e6, 1e6).map(lambda x: round(x, 3)), st.integers(0, 1000).map(lambda s: s / 10)),
    min_size=2,
    max_size=6,
    unique_by=lambda pair: pair[0],
).map(lambda found: tuple(sorted(found)))
scores: st.SearchStrategy[Any] = st.one_of(
    pairs.map(lambda knots: Points(knots=knots)),
    pairs.map(lambda bands: Bands(bands=bands)),
    st.tuples(st.integers(-50, 50), st.integers(-50, 50))
    .filter(lambda ends: ends[0] != ends[1])
    .map(lambda ends: Scale(minimum=ends[0], maximum=ends[1])),
)


def rounded(low: float, high: float) -> st.SearchStrategy[float]:
    """Numbers as they come in data; those near the smallest of all are another subject."""
    return st.floats(low, high).map(lambda x: round(x, 3))


@settings(max_examples=100, deadline=None)
@given(scores, rounded(-1.1e6, 1.1e6), rounded(0, 100), st.sampled_from([None, "count"]))
def test_the_nearest_value_that_suffices_is_found(
    score: Any, present: float, needed: float, unit: str | None
) -> None:
    assume(make_line(score)(float(present)) < needed)
    target = find_target(make_indicator(score, unit), present, needed)
    highest = extremes(score)[1][1]
    if highest < needed:
        assert target is None
        return
    assert target is not None
    value, given_value = float(target["value"]), float(target["shown"])
    if target["relation"] == "below":
        value = given_value = math.nextafter(value, -math.inf)
    else:
        assert make_line(score)(float(given_value)) >= min(needed, make_line(score)(float(value)))
        assert target["relation"] == ("at_least" if value > present else "at_most")
        # Round figures lie beyond the value, by 1 % or by less than a whole.
        assert abs(given_value - present) >= abs(value - present)
        assert abs(given_value - value) <= max(0.01 * abs(value), 1.0)
    assert make_line(score)(float(value)) >= needed - 1e-9
    reach = 0.999 * abs(value - present)
    ends = [end for end, _ in (score.knots if isinstance(score, Points) else getattr(score, "bands", ()))]
    between = [present + (value - present) * share / 20 for share in range(20)]
    for near in [*between, *ends, *(2 * present - x for x in between)]:
        if abs(near - present) < reach:
            assert float(score_of(score, near) or 0) < needed + 1e-9


def test_values_at_the_ends_of_each_function() -> None:
    assert extremes(Points(knots=((0, 100), (5, 20), (9, 60)))) == ((5, 20), (0, 100))
    assert extremes(Bands(bands=((0, 10), (5, 80)))) == ((0, 10), (5, 80))
    assert extremes(Scale(minimum=5, maximum=1)) == ((5, 0), (1, 100))
    assert extremes(Map(values={"a": 30, "b": 10})) == (("b", 10), ("a", 30))
    assert extremes(Map(values={True: 0, False: 100})) == ((True, 0), (False, 100))


@pytest.mark.parametrize(
    ("knots", "present", "needed", "shown"),
    [
        (((0, 0), (1_000_000, 100)), 0, 43.72831, 438_000),  # 437,283.1
        (((0, 0), (1, 100)), 0, 99.96, 1.0),
        (((0, 100), (1, 0)), 1, 56.21, 0.43),  # 0.4379, down: people read hundredths
        (((0, 0), (1e-7, 100)), 0, 33.333, 3.34e-8),
        (((-100, 0), (0, 100)), -100, 50.01, -49.9),  # -49.99, up
        # Beyond the narrow top the curve falls again: 12.346 would be too far, so it takes more digits.
        (((0, 0), (12.3456, 100), (12.3457, 0)), 0, 100, 12.3456),
    ],
)
def test_three_digits_or_those_that_people_read_are_shown_unless_they_lose_what_they_promise(
    knots: tuple[tuple[float, float], ...], present: float, needed: float, shown: float
) -> None:
    target = find_target(make_indicator(Points(knots=knots)), present, needed)
    assert target is not None
    assert target["shown"] == shown


def test_a_scale_that_is_not_in_whole_numbers_is_not_rounded_to_them() -> None:
    whole, halves = (
        find_target(make_indicator(Scale(minimum=0, maximum=top)), 0.1, 40.0) for top in (5, 0.5)
    )
    assert whole is not None
    assert halves is not None
    assert (whole["shown"], halves["shown"]) == (2.0, 0.2)


def test_every_band_can_be_reached_from_every_other() -> None:
    score = Bands(bands=((0.0, 10.0), (10.0, 60.0), (20.0, 30.0), (30.0, 90.0)))
    for present, needed in itertools.product((-5, 0, 15, 25, 35), (20, 50, 80)):
        if make_line(score)(float(present)) < needed:
            target = find_target(make_indicator(score), present, needed)
            assert target is not None
            edge = float(target["value"])
            reached = math.nextafter(edge, -math.inf) if target["relation"] == "below" else edge
            assert make_line(score)(float(reached)) >= needed
