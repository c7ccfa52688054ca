"""Semantics 7 and 9: gates act at once, all hits are recorded, the strictest cap wins."""

import pytest

from tests.grading.factories import NAME, dimension, grade_one, indicator, make_scheme, result
from tests.grading.frames import gates_hit, gates_not_assessed


def gate(id: str, when: str, action: str) -> str:
    return f"{{id: {id}, {NAME}, when: {{{when}}}, {action}}}"


CREDIT = (
    gate("stop", "field: grade, in: [D]", "cap: C"),
    gate("weak", "field: grade, in: [C, D]", "cap: B"),
    gate("overdue", "field: overdue, ge: 0.2", "cap: B"),
    gate("watch", "field: risk, in: [high]", "flag: watch"),
    gate("forbidden", "field: banned, in: [true]", "block: true"),
)
SCHEME = make_scheme(gates=f"[{', '.join(CREDIT)}]")


def test_the_strictest_cap_wins_and_every_hit_is_recorded() -> None:
    graded = grade_one(SCHEME, x=90.0, grade="D", overdue=0.5, risk="low", banned=False)
    found = result(graded)
    assert (found["tier"], found["computed_tier"], found["capped_by"]) == ("C", "A", "stop")
    assert gates_hit(graded).iloc[0].to_dict() == {
        "stop": True,
        "weak": True,
        "overdue": True,
        "watch": False,
        "forbidden": False,
    }
    assert not gates_not_assessed(graded).iloc[0].any()


def test_a_cap_never_lifts() -> None:
    found = result(grade_one(SCHEME, x=10.0, grade="C"))
    assert (found["tier"], found["capped_by"]) == ("C", None)


def test_of_equal_caps_the_first_in_the_file_is_named() -> None:
    assert result(grade_one(SCHEME, x=90.0, grade="C", overdue=0.2))["capped_by"] == "weak"


def test_a_flag_changes_no_tier() -> None:
    graded = grade_one(SCHEME, x=90.0, risk="high")
    assert result(graded)["tier"] == "A"
    assert gates_hit(graded)["watch"].iloc[0]


def test_a_block_wins_over_everything() -> None:
    scheme = make_scheme(gates=f"[{', '.join(CREDIT)}]", min_history_months=3, min_coverage=0.5)
    found = result(grade_one(scheme, grade="D", banned=True, months_with_us=1.0))
    assert (found["tier"], found["capped_by"]) == ("blocked", None)


def test_what_has_no_tier_is_not_capped() -> None:
    scheme = make_scheme(gates=f"[{', '.join(CREDIT)}]", min_history_months=3)
    found = result(grade_one(scheme, x=90.0, grade="D", months_with_us=1.0))
    assert (found["tier"], found["capped_by"]) == ("new", None)


def test_an_empty_field_is_not_assessed_never_passed() -> None:
    graded = grade_one(SCHEME, x=90.0, grade=None, overdue=float("nan"), risk="", banned=None)
    assert gates_not_assessed(graded).iloc[0].all()
    assert not gates_hit(graded).iloc[0].any()
    assert gates_not_assessed(grade_one(SCHEME, x=90.0)).iloc[0].all()


@pytest.mark.parametrize(
    ("comparison", "below", "equal", "above"),
    [
        ("ge", False, True, True),
        ("gt", False, False, True),
        ("le", True, True, False),
        ("lt", True, False, False),
    ],
)
def test_comparisons_at_their_limit(comparison: str, below: bool, equal: bool, above: bool) -> None:
    scheme = make_scheme(gates=f"[{gate('g', f'field: y, {comparison}: 0', 'flag: f')}]")
    hits = [gates_hit(grade_one(scheme, y=value))["g"].iloc[0] for value in (-0.001, 0.0, 0.001)]
    assert hits == [below, equal, above]


def test_a_gate_reads_the_value_of_an_indicator_under_the_same_rules() -> None:
    scheme = make_scheme(
        dimension("only", indicator("x", extra="max_age_days: 30"), weight=100),
        gates=f"[{gate('low', 'field: x, lt: 10', 'cap: C')}]",
    )
    fresh, old = grade_one(scheme, x=5.0, x_date="2026-10-20"), grade_one(scheme, x=5.0, x_date="2026-01-01")
    assert gates_hit(fresh)["low"].iloc[0]
    assert gates_not_assessed(old)["low"].iloc[0]


def test_an_unknown_word_of_an_indicator_is_not_assessed_by_its_gate() -> None:
    scheme = make_scheme(
        dimension("only", indicator("x", score="{fn: map, values: {low: 10, high: 90}}")),
        gates=f"[{gate('g', 'field: x, in: [low]', 'flag: f')}]",
    )
    assert gates_not_assessed(grade_one(scheme, x="odd"))["g"].iloc[0]
    assert not gates_not_assessed(grade_one(scheme, x="high"))["g"].iloc[0]
    assert gates_hit(grade_one(scheme, x="low"))["g"].iloc[0]


def test_an_unlisted_word_passes_a_gate_without_vocabulary() -> None:
    graded = grade_one(SCHEME, x=90.0, grade="AAA")
    assert not gates_hit(graded)["stop"].iloc[0]
    assert not gates_not_assessed(graded)["stop"].iloc[0]


@pytest.mark.parametrize("policy", ["redistribute", "neutral", "worst"])
def test_a_gate_on_a_missing_dimension_is_always_assessed(policy: str) -> None:
    scheme = make_scheme(
        dimension("first", indicator("x"), weight=60),
        dimension("money", indicator("y", 30), indicator("z", 70), weight=40, min_coverage=0.5),
        gates=f"[{gate('blind', 'dimension: money, missing: true', 'cap: B')}]",
        policy=policy,
    )
    some, most = grade_one(scheme, x=100.0, y=100.0), grade_one(scheme, x=100.0, z=100.0)
    assert gates_hit(some)["blind"].iloc[0]
    assert not gates_hit(most)["blind"].iloc[0]
    assert not gates_not_assessed(some)["blind"].iloc[0]
