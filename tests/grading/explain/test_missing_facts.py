"""What to ask for first: each answer tried at both of its ends, through the one grading function."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from grading.engine.scoring import grade
from grading.explain.destination import Standing
from grading.explain.missing_facts import MissingFact, find_missing_facts, select_facts
from grading.scheme.model import Movement, Scheme
from tests.grading.engine.test_properties import PRESETS, random_book
from tests.grading.factories import AS_OF, LINE, NAME, dimension, grade_one, indicator, make_scheme
from tests.grading.reference import grade_slowly


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
        "origin": None,
        "judgement": False,
        "share": pytest.approx(0.4),
        "narrows": pytest.approx(40),
        "coverage": 1.0,
        "counts": True,
        "decides": True,
        "score_range": (42.0, 82.0),  # 0.6 x 70 + 0.4 x 0 and + 0.4 x 100
        "answers": (0, 100),
        "tiers": ("C", "A"),
        "without": "B",  # 70
        "snapshots": 1,
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
    assert not u["decides"]
    assert u["share"] == pytest.approx(0.2)
    # Without an answer 30 to 80; u at 0 gives 30 to 60, at 100 it gives 50 to 80, but the score of 60 is within both.
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
    assert nothing[0]["score_range"] == (0.0, 100.0)


def test_gates_that_wait_for_the_answer_apply() -> None:
    gates = f"[{{id: low, {NAME}, when: {{field: y, le: 0}}, cap: C}}]"
    scheme = make_scheme(dimension("only", indicator("x", 90), indicator("y", 10)), gates=gates)
    (fact,) = missing_of(scheme, x=65)
    assert fact["score_range"] == (58.5, 68.5)  # a B by the score either way
    assert (fact["tiers"], fact["decides"]) == (("C", "B"), True)


MOVING = replace(
    make_scheme(dimension("only", indicator("x", 50), indicator("y", 50))),
    movement=Movement(margin_up=5, margin_down=5, confirm_up=1, confirm_down=2, min_dwell=3, max_step=1),
)


@pytest.mark.parametrize(
    ("known", "standing", "said"),
    [
        # (47 + s) / 2 is 23.5 to 73.5: below 45 at the second snapshot, never 75 + 5
        (47, {"standing": "B", "since": 1}, (True, ("C", "B"), "B", 2)),
        # (93 + s) / 2 is 46.5 to 96.5: not below 45, so only upwards, where 93 moves it without the answer too
        (93, {"standing": "B", "since": 1}, (True, ("B", "A"), "A", 1)),
        # In B since the last snapshot: not before it has spent three there
        (93, {"standing": "B", "since": 9}, (True, ("B", "A"), "A", 3)),
        # The second confirmation comes at once
        (47, {"standing": "B", "since": 1, "falling_since": 9}, (True, ("C", "B"), "B", 1)),
        # One tier at a time: from C to A it takes two moves, the second after three snapshots in B
        (93, {"standing": "C", "since": 1}, (True, ("C", "A"), "A", 4)),
        # By the boundaries 74 to 76 it would be B or A; the margins keep an A at both ends
        (97, {"standing": "A", "since": 1}, (True, ("B", "A"), "A", 2)),
    ],
)
def test_margins_confirmations_and_dwell_say_where_an_answer_leads_and_when(
    known: float, standing: dict[str, Any], said: tuple[bool, tuple[str, str], str, int]
) -> None:
    state = {name: np.array([value], dtype=object) for name, value in standing.items()}
    (fact,) = find_missing_facts(grade_one(MOVING, x=known), MOVING, 0, Standing(state=state, snapshot=10))
    assert (fact["decides"], fact["tiers"], fact["without"], fact["snapshots"]) == said


def test_margins_that_no_answer_passes_and_a_tier_set_by_hand_leave_nothing_to_decide() -> None:
    narrow = replace(
        make_scheme(dimension("only", indicator("x", 90), indicator("y", 10))), movement=MOVING.movement
    )
    # 0.9 x 78 + 0.1 s is 70.2 to 80.2 exactly: an A at both boundaries' sides, but 80 is needed, 70 is enough to stay
    for tier, said in {"A": ("A", "A"), "B": ("B", "A")}.items():
        state = {"standing": np.array([tier], dtype=object), "since": np.array([1])}
        for by_hand in (None, "B"):
            standing = Standing(state=state, snapshot=10, override=by_hand)
            (fact,) = find_missing_facts(grade_one(narrow, x=78), narrow, 0, standing)
            assert fact["tiers"] == (said if by_hand is None else ("B", "B"))
            assert fact["decides"] == (by_hand is None and tier == "B")


def test_a_value_that_a_gate_waits_for_is_tried_even_where_the_curve_does_not_go() -> None:
    gates = f"[{{id: loss, {NAME}, when: {{field: y, lt: 0}}, cap: C}}]"
    scheme = make_scheme(dimension("only", indicator("x", 90), indicator("y", 10)), gates=gates)
    (fact,) = missing_of(scheme, x=65)
    assert (fact["decides"], fact["tiers"]) == (True, ("C", "B"))
    assert fact["answers"][0] < 0  # type: ignore[operator]


@pytest.mark.parametrize(
    ("field", "constants", "origin"),
    [
        ("satisfaction", {}, None),
        ("net_revenue_12m", {}, "orders"),
        ("gross_margin_rate", {}, "order costs"),
        ("training_sessions_12m", {}, "activities"),
        ("overdue_share", {}, "invoices"),
        ("product_types_12m", {}, "order lines"),
        ("z_zone", {}, "financial statements"),
        ("cross_sell_headroom", {}, "scheme constants"),
        ("cross_sell_headroom", {"product_types_sold": 8.0}, "order lines"),
        ("silence_ratio", {}, "orders"),  # its constant serves customers with few orders only
    ],
)
def test_what_is_computed_is_nothing_to_collect_and_its_origin_is_named(
    field: str, constants: dict[str, float], origin: str | None
) -> None:
    score = "{fn: map, values: {low: 0, high: 100}}" if field == "z_zone" else LINE
    scheme = make_scheme(dimension("only", indicator("x", 60), indicator(field, 40, score)))
    scheme = replace(scheme, constants=constants)
    graded = grade_one(scheme, x=70)
    (fact,) = find_missing_facts(graded, scheme, 0)
    assert fact["origin"] == origin
    chosen = select_facts([fact], graded, scheme, 0, most=3)["facts"]
    assert chosen == ([fact] if origin is None else [])


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
    assert (fact["without"], fact["tiers"]) == (
        {"neutral": "B", "worst": "C"}[policy],
        ("C", "A"),
    )  # 62 and 42


def test_a_grading_of_another_scheme_is_refused() -> None:
    with pytest.raises(ValueError, match="but analysed by"):
        find_missing_facts(grade_one(XYZ, x=1), make_scheme(), 0)


@pytest.mark.parametrize("name", PRESETS)
def test_every_answer_has_the_effect_that_was_computed(name: str) -> None:
    scheme = PRESETS[name]
    people, frame = random_book(scheme, 40, seed=21)
    graded = grade(frame, scheme, AS_OF)
    tried = 0
    for row, person in enumerate(people):
        facts = find_missing_facts(graded, scheme, row)
        assert {fact["indicator"] for fact in facts} == set(
            graded.missing.columns[graded.missing.iloc[row].to_numpy()]
        )
        now = graded.results.iloc[row]
        assert sum(fact["share"] for fact in facts) == pytest.approx(1 - now["coverage"], abs=1e-6)
        width = grade_slowly(person, scheme)
        for fact in facts[:4]:
            tried += check(fact, person, scheme, width["high"] - width["low"])
    assert tried > 50


def check(fact: MissingFact, person: dict[str, Any], scheme: Scheme, width: float) -> int:
    """All answers to one question, graded slowly; how many there were. `width`: of the range before it."""
    known = next(i for i in scheme.indicators if i.id == fact["indicator"])
    answers: dict[Any, float] = dict(getattr(known.score, "values", ()) or getattr(known.score, "knots", ()))
    if not answers:
        low, high = known.score.minimum, known.score.maximum  # type: ignore[union-attr]
        answers = {low: 0, (low + high) / 2: 50, high: 100}
    for value in answers:
        slow = grade_slowly(person | {known.id: value}, scheme)
        assert slow["coverage"] == pytest.approx(fact["coverage"])
        if fact["narrows"]:  # the score itself is within the range, and may widen it
            assert width - (slow["high"] - slow["low"]) >= fact["narrows"] - 1e-6
        least, most = fact["score_range"]
        if slow["exact_score"] is None:
            assert (least, most) == (None, None)
            continue
        assert least is not None
        assert most is not None
        half = 0.5 * 10**-scheme.display_decimals + 1e-6
        assert least - half <= slow["exact_score"] <= most + half
    return len(answers)
