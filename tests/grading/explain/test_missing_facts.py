"""What to ask for first: each answer tried at both of its ends, through the one grading function."""

from __future__ import annotations

import json
from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from grading.engine.scoring import grade
from grading.explain.missing_facts import MissingFact, find_missing_facts
from grading.scheme.model import Scheme
from tests.grading.engine.test_properties import PRESETS, random_book
from tests.grading.factories import AS_OF, NAME, dimension, grade_one, indicator, make_scheme
from tests.grading.reference import grade_slowly, shown


def missing_of(scheme: Scheme, **values: Any) -> list[MissingFact]:
    return find_missing_facts(grade_one(scheme, **values), scheme, 0)


XYZ = make_scheme(
    dimension("one", indicator("x", 80), indicator("y", 20, extra="manual: true"), weight=50),
    dimension("two", indicator("z"), weight=50),
)


def test_each_missing_fact_is_tried_at_both_ends() -> None:
    scheme = make_scheme(dimension("only", indicator("x", 60), indicator("y", 40)))
    (fact,) = missing_of(scheme, x=70)
    assert fact == {
        "indicator": "y",
        "dimension": "only",
        "reason": "absent",
        "value": None,
        "judgement": False,
        "narrows": pytest.approx(40),
        "coverage": 1.0,
        "counts": True,
        "decides": True,
        "score_range": (42.0, 82.0),  # 0.6 x 70 + 0.4 x 0 and + 0.4 x 100
        "tiers": ("C", "A"),
        # B now: an A from 74.95 = 42 + 0.4 s on, a C below 49.95 = 42 + 0.4 s
        "raises_from": pytest.approx((74.95 - 42) / 0.4),
        "lowers_below": pytest.approx((49.95 - 42) / 0.4),
    }
    assert json.loads(json.dumps(fact))["score_range"] == [42.0, 82.0]


def test_what_can_decide_comes_first_then_judgements_then_the_widest() -> None:
    scheme = make_scheme(
        dimension(
            "only",
            indicator("known", 60),
            indicator("wide", 18),
            indicator("judged", 12, extra="manual: true"),
            indicator("small", 7),
            indicator("tiny", 3, extra="manual: true"),
        )
    )
    facts = missing_of(scheme, known=55)
    # 55 on 60: with `small` at 0 it is 33/67 = 49.3, a C; with `tiny` at 0 33/63 = 52.4, still a B.
    assert [(f["indicator"], f["decides"], f["judgement"], round(f["narrows"], 9)) for f in facts] == [
        ("judged", True, True, 12),
        ("wide", True, False, 18),
        ("small", True, False, 7),
        ("tiny", False, True, 3),
    ]
    assert facts[-1]["tiers"] == ("B", "B")
    assert facts[-1]["raises_from"] is None
    assert facts[-1]["lowers_below"] is None


def test_a_fact_that_leaves_its_dimension_out_does_not_count_by_itself() -> None:
    scheme = make_scheme(
        dimension("one", indicator("x"), weight=50),
        dimension("two", indicator("u", 40), indicator("v", 60), weight=50, min_coverage=0.5),
    )
    facts = {fact["indicator"]: fact for fact in missing_of(scheme, x=60)}
    u, v = facts["u"], facts["v"]
    assert (u["counts"], u["score_range"]) == (False, (60.0, 60.0))
    assert u["coverage"] == pytest.approx(0.5 + 0.5 * 0.4)
    assert (v["counts"], v["score_range"]) == (True, (30.0, 80.0))
    assert v["coverage"] == pytest.approx(0.5 + 0.5 * 0.6)
    assert (u["decides"], u["raises_from"]) == (False, None)
    assert u["narrows"] == pytest.approx(20)


def test_the_fact_that_makes_an_unrated_customer_rated_decides() -> None:
    scheme = make_scheme(
        dimension("only", indicator("x", 40), indicator("y", 40), indicator("z", 20)), min_coverage=0.8
    )
    facts = missing_of(scheme, x=60)
    assert [(f["indicator"], f["tiers"], f["decides"]) for f in facts] == [
        ("y", ("C", "A"), True),  # 30 and 80
        ("z", ("unrated", "unrated"), False),
    ]
    nothing = missing_of(scheme)
    assert [f["raises_from"] for f in nothing] == [None, None, None]
    assert nothing[0]["score_range"] == (0.0, 100.0)


def test_gates_that_wait_for_the_answer_apply() -> None:
    gates = f"[{{id: low, {NAME}, when: {{field: y, le: 0}}, cap: C}}]"
    scheme = make_scheme(dimension("only", indicator("x", 90), indicator("y", 10)), gates=gates)
    (fact,) = missing_of(scheme, x=65)
    assert fact["score_range"] == (58.5, 68.5)  # a B by the score either way
    assert (fact["tiers"], fact["decides"]) == (("C", "B"), True)
    assert (fact["raises_from"], fact["lowers_below"]) == (None, None)


def test_no_fact_is_missing_where_everything_is_known() -> None:
    assert missing_of(XYZ, x=1, y=2, z=3) == []


def test_the_reason_why_a_fact_is_missing_is_named() -> None:
    word = "{fn: map, values: {low: 0, high: 100}}"
    scheme = make_scheme(
        dimension(
            "only",
            indicator("absent", 20),
            indicator("odd", 20, word),
            indicator("old", 20, extra="max_age_days: 30"),
            indicator("early", 20),
            indicator("text", 20),
        )
    )
    facts = missing_of(
        scheme,
        absent=None,
        odd="medium",
        old=50.0,
        old_date=date(2026, 9, 30),  # 31 days before
        early=50.0,
        early_date=date(2026, 11, 1),
        text="n/a",
    )
    assert {f["indicator"]: (f["reason"], f["value"]) for f in facts} == {
        "absent": ("absent", None),
        "odd": ("not_understood", "medium"),
        "old": ("too_old", 50.0),
        "early": ("not_yet", 50.0),
        "text": ("not_understood", "n/a"),
    }
    # Asked again today, the answer counts, whatever the day of the old one.
    assert all(f["counts"] and f["score_range"] == (0.0, 100.0) for f in facts)


@pytest.mark.parametrize("policy", ["neutral", "worst"])
def test_an_answer_replaces_the_substitute_of_a_missing_fact(policy: str) -> None:
    scheme = make_scheme(dimension("only", indicator("x", 60), indicator("y", 40)), policy=policy)
    (fact,) = missing_of(scheme, x=70)
    assert fact["score_range"] == (42.0, 82.0)
    stand_in = {"neutral": 62, "worst": 42}[policy]
    # From B (62) both ways; from C (42) only up, to a B from 49.95 on.
    assert fact["raises_from"] == pytest.approx(((74.95 if stand_in == 62 else 49.95) - 42) / 0.4)
    assert (fact["lowers_below"] is None) == (policy == "worst")


def test_a_grading_of_another_scheme_is_refused() -> None:
    with pytest.raises(ValueError, match="but analysed by"):
        find_missing_facts(grade_one(XYZ, x=1), make_scheme(), 0)


@pytest.mark.parametrize("name", PRESETS)
def test_every_answer_has_the_effect_that_was_computed(name: str) -> None:
    scheme = PRESETS[name]
    people, frame = random_book(scheme, 40, seed=21)
    graded = grade(frame, scheme, AS_OF)
    order = [tier.id for tier in scheme.tiers]
    tried = 0
    for row, person in enumerate(people):
        facts = find_missing_facts(graded, scheme, row)
        assert {fact["indicator"] for fact in facts} == set(
            graded.missing.columns[graded.missing.iloc[row].to_numpy()]
        )
        now = graded.results.iloc[row]
        wide = sum(fact["narrows"] for fact in facts)
        assert wide == pytest.approx(100 * (1 - now["coverage"]), abs=1e-6)
        for fact in facts[:4]:
            tried += check(fact, person, scheme, now["computed_tier"], order)
    assert tried > 50


def check(
    fact: MissingFact, person: dict[str, Any], scheme: Scheme, now: str | None, order: list[str]
) -> int:
    """Three answers to one question, graded slowly; how many there were."""
    known = next(i for i in scheme.indicators if i.id == fact["indicator"])
    answers: dict[Any, float] = dict(getattr(known.score, "values", ()) or getattr(known.score, "knots", ()))
    if not answers:
        low, high = known.score.minimum, known.score.maximum  # type: ignore[union-attr]
        answers = {low: 0, (low + high) / 2: 50, high: 100}
    for value, score in answers.items():
        slow = grade_slowly(person | {known.id: value}, scheme)
        assert slow["coverage"] == pytest.approx(fact["coverage"])
        least, most = fact["score_range"]
        if slow["exact_score"] is None:
            assert (least, most) == (None, None)
            continue
        assert least is not None
        assert most is not None
        half = 0.5 * 10**-scheme.display_decimals + 1e-6
        assert least - half <= slow["exact_score"] <= most + half
        if score in (0, 100):
            assert fact["tiers"][score == 100] == slow["tier"]
        if now is None or abs(slow["exact_score"] * 10**scheme.display_decimals % 1 - 0.5) < 1e-6:
            continue
        seen = shown(Fraction(slow["exact_score"]), scheme.display_decimals)
        place = next(k for k, tier in enumerate(scheme.tiers) if seen >= Fraction(tier.at))
        better, worse = place < order.index(now), place > order.index(now)
        if fact["counts"]:
            raises, lowers = fact["raises_from"], fact["lowers_below"]
            assert better == (raises is not None and score >= raises)
            assert worse == (lowers is not None and score < lowers)
    return len(answers)
