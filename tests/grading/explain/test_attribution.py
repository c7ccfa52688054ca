"""Semantic 11: the parts of a change, and the chain of replays they come from."""

from __future__ import annotations

import json
import math
from datetime import date
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import grading.explain.attribution
from grading.engine.scoring import round_score
from grading.explain.attribution import (
    NO_CORRECTED_SCORE,
    NO_NEW_SCORE,
    NO_OLD_SCORE,
    NO_SCORE_BY_OLD_RULE,
    Attribution,
    attribute,
    explain_change,
)
from grading.explain.breakdown import round_parts
from grading.scheme.model import Scheme
from tests.grading.engine.test_properties import PRESETS, random_book
from tests.grading.factories import dimension, indicator, make_scheme
from tests.grading.reference import grade_slowly

OLD_DAY, NEW_DAY = date(2026, 9, 30), date(2026, 10, 31)
OLD_RULE = make_scheme(dimension("only", indicator("x", 60), indicator("y", 40)))
NEW_RULE = make_scheme(dimension("only", indicator("x", 50), indicator("z", 50)))


def split(
    old: dict[str, Any],
    corrected: dict[str, Any],
    new: dict[str, Any],
    old_scheme: Scheme = OLD_RULE,
    new_scheme: Scheme = OLD_RULE,
) -> Attribution:
    frames = (pd.DataFrame([values], index=["c"]) for values in (old, corrected, new))
    return attribute(*frames, old_scheme=old_scheme, new_scheme=new_scheme, old_day=OLD_DAY, new_day=NEW_DAY)


def numbers(attribution: Attribution) -> dict[str, float]:
    return {name: float(attribution.parts[name].loc["c"]) for name in ("data", "behaviour", "rule", "total")}


def test_a_change_is_split_along_the_chain_of_replays() -> None:
    found = split(
        {"x": 40, "y": 50, "z": 0},
        {"x": 50, "y": 50, "z": 10},
        {"x": 70, "y": 30, "z": 90},
        new_scheme=NEW_RULE,
    )
    data = 0.6 * (50 - 40)
    behaviour = 0.6 * (70 - 50) + 0.4 * (30 - 50)
    rule = (0.5 * 70 + 0.5 * 90) - (0.6 * 70 + 0.4 * 30)
    total = (0.5 * 70 + 0.5 * 90) - (0.6 * 40 + 0.4 * 50)
    assert numbers(found) == pytest.approx(
        {"data": data, "behaviour": behaviour, "rule": rule, "total": total}, abs=1e-12
    )
    assert list(found.data.columns) == ["x", "y", "z"]
    assert list(found.data.loc["c"]) == pytest.approx([0.6 * 10, 0, 0])
    assert list(found.behaviour.loc["c"]) == pytest.approx([0.6 * 20, 0.4 * -20, 0])
    # An indicator only one scheme has counts with all its points.
    assert list(found.rule.loc["c"]) == pytest.approx([(0.5 - 0.6) * 70, -0.4 * 30, 0.5 * 90])
    assert found.parts.loc["c", "reason"] is None


def test_the_old_data_are_graded_on_the_old_day_and_the_new_on_the_new() -> None:
    scheme = make_scheme(
        dimension("only", indicator("x", 50, extra="max_age_days: 30"), indicator("y", 50)),
    )
    facts = {"x": 80.0, "x@date": date(2026, 9, 15), "y": 20.0}
    found = split(facts, facts, facts, scheme, scheme)
    # 15 days old in September, 46 in October: then y alone stands for the whole, and that is behaviour.
    assert numbers(found) == pytest.approx(
        {"data": 0, "behaviour": 20 - (0.5 * 80 + 0.5 * 20), "rule": 0, "total": 20 - 50}
    )
    assert list(found.behaviour.loc["c"]) == pytest.approx([-0.5 * 80, (1 - 0.5) * 20])
    frame = pd.DataFrame([facts], index=["c"])  # the very same frame grows older all the same
    again = attribute(
        frame, frame, frame, old_scheme=scheme, new_scheme=scheme, old_day=OLD_DAY, new_day=NEW_DAY
    )
    assert numbers(again) == numbers(found)


def test_a_correction_is_what_we_know_now_about_then() -> None:
    found = split({"x": 40, "y": 50}, {"x": 90, "y": 50}, {"x": 90, "y": 50})
    assert numbers(found) == pytest.approx({"data": 0.6 * 50, "behaviour": 0, "rule": 0, "total": 0.6 * 50})
    assert list(found.behaviour.loc["c"]) == [0, 0]


def test_identical_data_and_rules_give_exact_zeros() -> None:
    scheme = PRESETS["orders_only"]
    _, facts = random_book(scheme, 200, seed=7)
    found = attribute(
        facts,
        facts.copy(),
        facts.copy(),
        old_scheme=scheme,
        new_scheme=scheme,
        old_day=OLD_DAY,
        new_day=NEW_DAY,
    )
    scored = found.parts["reason"].isna()
    assert 50 < scored.sum() < 200
    assert (found.parts.loc[scored, ["data", "behaviour", "rule", "total"]] == 0.0).all(axis=None)
    for part in (found.data, found.behaviour, found.rule):
        assert (part[scored] == 0.0).all(axis=None)


def test_two_schemes_on_the_same_data_and_day_differ_by_the_rule_only() -> None:
    facts = pd.DataFrame({"x": [40.0, 90.0], "y": [50.0, 10.0], "z": [0.0, 80.0]}, index=["c", "d"])
    found = attribute(
        facts, facts, facts, old_scheme=OLD_RULE, new_scheme=NEW_RULE, old_day=NEW_DAY, new_day=NEW_DAY
    )
    assert found.parts["rule"].tolist() == pytest.approx([0.5 * 40 - (24 + 20), (45 + 40) - (54 + 4)])
    assert (found.parts[["data", "behaviour"]] == 0.0).all(axis=None)
    assert (found.parts["rule"] == found.parts["total"]).all()


@pytest.mark.parametrize(
    ("old", "corrected", "new", "reason"),
    [
        ({}, {"x": 1}, {"x": 1}, NO_OLD_SCORE),
        ({"x": 1}, {"x": 1}, {}, NO_NEW_SCORE),
        ({"x": 1}, {}, {"x": 1}, NO_CORRECTED_SCORE),
        ({"x": 1}, {"x": 1}, {"z": 1}, NO_SCORE_BY_OLD_RULE),
        ({}, {}, {}, NO_OLD_SCORE),
    ],
)
def test_without_a_score_at_every_step_there_is_no_split_but_a_reason(
    old: dict[str, float], corrected: dict[str, float], new: dict[str, float], reason: str
) -> None:
    found = split(old, corrected, new, new_scheme=NEW_RULE)
    row = found.parts.loc["c"]
    assert row["reason"] == reason
    assert np.isnan([row["data"], row["behaviour"], row["rule"]]).all()
    assert found.data.isna().all(axis=None)
    assert found.behaviour.isna().all(axis=None)
    assert found.rule.isna().all(axis=None)
    both = reason in (NO_CORRECTED_SCORE, NO_SCORE_BY_OLD_RULE)
    assert np.isnan(row["total"]) != both
    told = explain_change(found, 0)
    assert (told["reason"], told["shown"], told["indicators"]) == (reason, {}, [])
    assert (told["change"] is not None) == both


def test_customers_who_came_or_left_are_listed_with_the_reason() -> None:
    old = pd.DataFrame({"x": [10.0, 20.0]}, index=["left", "stayed"])
    new = pd.DataFrame({"x": [30.0, 40.0]}, index=["came", "stayed"])
    found = attribute(
        old, old, new, old_scheme=OLD_RULE, new_scheme=OLD_RULE, old_day=OLD_DAY, new_day=NEW_DAY
    )
    assert found.parts.index.tolist() == ["came", "stayed", "left"]
    assert found.parts["reason"].tolist() == [NO_OLD_SCORE, None, NO_NEW_SCORE]
    assert found.parts.loc["stayed", "behaviour"] == 40 - 20


def test_a_customer_that_occurs_twice_is_refused() -> None:
    once, twice = pd.DataFrame({"x": [1.0]}, index=["c"]), pd.DataFrame({"x": [1.0, 2.0]}, index=["c", "c"])
    with pytest.raises(ValueError, match="the customer 'c' occurs twice in the facts"):
        attribute(
            once, twice, once, old_scheme=OLD_RULE, new_scheme=OLD_RULE, old_day=OLD_DAY, new_day=NEW_DAY
        )


@pytest.mark.parametrize("names", [("b2b_accounts", "orders_only"), ("prospects", "prospects")])
def test_the_split_of_a_book_agrees_with_exact_fractions_and_adds_up(names: tuple[str, str]) -> None:
    old_scheme, new_scheme = (PRESETS[name] for name in names)
    (old_people, old), (fixed_people, fixed), (new_people, new) = (
        random_book(old_scheme, 150, seed=seed) for seed in (1, 2, 3)
    )
    found = attribute(
        old, fixed, new, old_scheme=old_scheme, new_scheme=new_scheme, old_day=OLD_DAY, new_day=NEW_DAY
    )
    kept = 0
    for row in range(150):
        steps = [
            grade_slowly(person[row], scheme)
            for person, scheme in (
                (old_people, old_scheme),
                (fixed_people, old_scheme),
                (new_people, old_scheme),
                (new_people, new_scheme),
            )
        ]
        scores = [step["exact_score"] for step in steps]
        parts = found.parts.iloc[row]
        assert (parts["reason"] is None) == (None not in scores)
        if None in scores:
            continue
        kept += 1
        for place, part in enumerate(("data", "behaviour", "rule")):
            assert parts[part] == pytest.approx(scores[place + 1] - scores[place], abs=1e-9)
            by_indicator = getattr(found, part).iloc[row]
            for name in by_indicator.index:
                after, before = (steps[k]["points"].get(name, 0.0) for k in (place + 1, place))
                assert by_indicator[name] == pytest.approx(after - before, abs=1e-9)
            assert abs(math.fsum(by_indicator) - parts[part]) < 1e-9
        assert abs(parts["data"] + parts["behaviour"] + parts["rule"] - parts["total"]) < 1e-12
        assert parts["total"] == parts["new_score"] - parts["old_score"]
    assert kept > 50


def test_a_customer_has_the_same_split_by_itself_and_in_any_book(monkeypatch: pytest.MonkeyPatch) -> None:
    scheme, other = PRESETS["b2b_accounts"], PRESETS["orders_only"]
    old, fixed, new = (random_book(scheme, 61, seed=seed)[1] for seed in (4, 5, 6))

    def bits(rows: slice, chunk: int) -> list[bytes]:
        monkeypatch.setattr(grading.explain.attribution, "CHUNK", chunk)
        frames = (frame.iloc[rows] for frame in (old, fixed, new))
        found = attribute(*frames, old_scheme=scheme, new_scheme=other, old_day=OLD_DAY, new_day=NEW_DAY)
        columns = [found.parts.drop(columns="reason"), found.data, found.behaviour, found.rule]
        return [row.tobytes() for row in np.hstack([frame.to_numpy(float) for frame in columns])]

    whole = bits(slice(None), 1_000)
    assert bits(slice(None), 7) == whole
    assert [bits(slice(row, row + 1), 7)[0] for row in range(61)] == whole


def test_one_change_is_explained_in_shown_points_that_add_up_strongest_indicator_first() -> None:
    found = split(
        {"x": 40.06, "y": 50}, {"x": 40.17, "y": 50}, {"x": 47.33, "y": 21, "z": 3}, new_scheme=NEW_RULE
    )
    told = json.loads(json.dumps(explain_change(found, 0)))
    old, new = 0.6 * 40.06 + 0.4 * 50, 0.5 * 47.33 + 0.5 * 3
    assert (told["old_score"], told["new_score"]) == (44.0, 25.2)  # 44.036 and 25.165
    assert (round(old, 3), round(new, 3)) == (44.036, 25.165)
    assert told["change"] == -18.8
    # -18.871 in all: 0.066, -7.304 and -11.633; down to 0.0, -7.4 and -11.7, and 3 tenths to give back.
    assert told["shown"] == {"data": 0.1, "behaviour": -7.3, "rule": -11.6}
    assert told["exact"]["data"] == pytest.approx(0.6 * 0.11)
    assert told["exact"]["behaviour"] == pytest.approx(0.6 * 7.16 - 0.4 * 29)
    assert [line["indicator"] for line in told["indicators"]] == ["y", "z", "x"]
    y = told["indicators"][0]
    assert (y["data"], y["behaviour"], y["rule"]) == pytest.approx((0, -0.4 * 29, -0.4 * 21))
    assert y["total"] == pytest.approx(-0.4 * 50)


@pytest.mark.parametrize(
    ("parts", "change", "shown"),
    [
        ((0.25, 0.25, 0.25), 0.8, (0.3, 0.3, 0.2)),  # equal remainders: the first ones
        ((0.25, 0.25, 0.25), 0.7, (0.3, 0.2, 0.2)),
        ((0.0, 2.71, 0.0), 2.8, (0.0, 2.8, 0.0)),  # two roundings of scores; what is 0 stays 0
        ((0.0, 2.7, 0.0), 2.8, (0.0, 2.8, 0.0)),
        ((-0.04, 0.04, 0.0), 0.0, (0.0, 0.0, 0.0)),
        ((0.3 - 0.1, 1.1, -0.7), 0.6, (0.2, 1.1, -0.7)),  # 0.19999… is two tenths
        ((-1.26, -2.26, 5.52), 2.0, (-1.2, -2.3, 5.5)),
    ],
)
def test_shown_parts_add_up_to_the_shown_change(
    parts: tuple[float, ...], change: float, shown: tuple[float, ...]
) -> None:
    names = ("data", "behaviour", "rule")
    assert round_parts(dict(zip(names, parts, strict=True)), change, 1) == dict(
        zip(names, shown, strict=True)
    )


@pytest.mark.parametrize("change", [0.9, 2.4, -0.7])
def test_a_change_that_the_parts_are_not_of_is_refused(change: float) -> None:
    with pytest.raises(ValueError, match="give the difference of the two shown scores"):
        round_parts({"data": 0.25, "behaviour": 0.25, "rule": 0.25}, change, 1)


score = st.floats(0, 100).map(lambda s: round(s, 4))


@settings(max_examples=300, deadline=None)
@given(score, score, score, score, st.integers(0, 3))
def test_largest_remainder_is_never_a_unit_off(
    old: float, corrected: float, by_old_rule: float, new: float, decimals: int
) -> None:
    parts = {"data": corrected - old, "behaviour": by_old_rule - corrected, "rule": new - by_old_rule}
    ends = round_score(np.array([old, new]), decimals)
    change = round(float(ends[1] - ends[0]), decimals)
    shown = round_parts(parts, change, decimals)
    assert sum(Fraction(str(s)) for s in shown.values()) == Fraction(str(change))
    for name, part in parts.items():
        assert abs(shown[name] - part) < 10**-decimals + 1e-9
        assert shown[name] == 0 or abs(part) > 1e-12
