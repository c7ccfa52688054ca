"""Movement, caps with a memory, overrides: by hand, and every path against a slow reference."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grading.engine.scoring import grade
from grading.scheme.model import Movement, Scheme
from grading.scheme.reader import parse_scheme
from tests.grading.engine.movement_reference import Memory, one_day, step
from tests.grading.factories import AS_OF, NAME, scheme_text
from tests.grading.frames import MovedFrames, empty_state, move, state_for

GATES = (
    f"[{{id: stop, {NAME}, when: {{field: credit, in: [D]}}, cap: C, clear_after: 2}},"
    f" {{id: weak, {NAME}, when: {{field: overdue, ge: 0.2}}, cap: B}},"
    f" {{id: silent, {NAME}, when: {{field: consent, in: [false]}}, block: true, clear_after: 1}}]"
)
RULES = Movement(margin_up=2, margin_down=3, confirm_up=1, confirm_down=2, min_dwell=3, max_step=1)
GOOD = {"credit": "A", "overdue": 0.0, "consent": True}


def scheme_with(rules: Movement | None = RULES, **top: Any) -> Scheme:
    return replace(parse_scheme(scheme_text(gates=GATES, **top), source="small.yaml"), movement=rules)


def history(
    scheme: Scheme, *days: float | dict[str, Any] | None, overrides: dict[int, str] | None = None
) -> list[MovedFrames]:
    """One customer over consecutive snapshots; a number is its score, None a day without data."""
    state = empty_state(pd.Index(["c"]), scheme)
    seen = []
    for number, day in enumerate(days, start=1):
        values = {"x": None} | GOOD | (day if isinstance(day, dict) else {"x": day})
        chosen = pd.Series({"c": overrides[number]}) if overrides and number in overrides else None
        facts = pd.DataFrame([values], index=["c"]).astype({"x": float})
        moved = move(grade(facts, scheme, AS_OF), scheme, state, snapshot=number, overrides=chosen)
        seen.append(moved)
        state = moved.state
    return seen


def tiers(
    scheme: Scheme, *days: float | dict[str, Any] | None, overrides: dict[int, str] | None = None
) -> str:
    return " ".join(
        str(moved.results["tier"].iloc[0]) for moved in history(scheme, *days, overrides=overrides)
    )


def test_the_first_rating_uses_the_boundaries_without_margins() -> None:
    assert [tiers(scheme_with(), score) for score in (75, 74.9, 50, 49.9)] == ["A", "B", "B", "C"]


def test_a_promotion_needs_the_boundary_plus_the_margin() -> None:
    scheme = scheme_with(replace(RULES, min_dwell=0))
    assert tiers(scheme, 60, 75 + 1.9) == "B B"
    assert tiers(scheme, 60, 75 + 2) == "B A"


def test_a_demotion_needs_two_snapshots_in_a_row_below_the_boundary_less_the_margin() -> None:
    scheme = scheme_with(replace(RULES, min_dwell=0))
    assert tiers(scheme, 60, 50 - 3, 50 - 3) == "B B B"
    assert tiers(scheme, 60, 50 - 3.1, 50 - 3.1) == "B B C"
    assert tiers(scheme, 60, 46, 60, 46, 46) == "B B B B C"  # the row was broken once


def test_confirmations_run_on_while_the_dwell_blocks_and_the_move_follows_as_soon_as_it_may() -> None:
    # Snapshots 1-3 are the dwell; 2, 3 and 4 confirm; 4 is the first with three snapshots spent in the tier.
    assert tiers(scheme_with(), 60, 40, 40, 40) == "B B B C"
    pending = [(int(m.results["pending"].iloc[0]), int(m.results["dwell_left"].iloc[0]))
               for m in history(scheme_with(), 60, 40, 40, 40)]  # fmt: skip
    assert pending == [(0, 0), (-1, 3 - 1), (-2, 3 - 2), (0, 0)]


def test_after_a_move_the_dwell_and_both_counts_start_again() -> None:
    # C from snapshot 4; up again needs three snapshots in C (4, 5, 6), so snapshot 7.
    assert tiers(scheme_with(), 60, 40, 40, 40, 60, 60, 60) == "B B B C C C B"


def test_at_most_max_step_tiers_at_a_time() -> None:
    one, two = (scheme_with(replace(RULES, min_dwell=0, max_step=n)) for n in (1, 2))
    assert tiers(one, 10, 90, 90) == "C B A"
    assert tiers(two, 10, 90, 90) == "C A A"
    assert tiers(replace(one, movement=None), 10, 90, 10) == "C A C"


def test_a_move_goes_where_the_score_of_its_own_snapshot_points() -> None:
    scheme = scheme_with(replace(RULES, min_dwell=0, max_step=2))
    assert tiers(scheme, 90, 60, 40) == "A A C"  # 60 < 75 - 3 confirms a fall to B, 40 a fall to C
    assert tiers(scheme, 90, 40, 60) == "A A B"


def test_an_unrated_snapshot_holds_the_tier_counts_for_the_dwell_and_breaks_the_row() -> None:
    scheme = scheme_with(min_coverage=0.5)
    assert tiers(scheme, 60, 40, None, 40, 40) == "B B B B C"
    held = history(scheme, 60, None)[1].results.iloc[0]
    assert (held["tier"], held["held"]) == ("B", True)
    assert tiers(scheme, None, 60) == "unrated B"
    up = scheme_with(min_coverage=0.5)
    assert tiers(up, 60, None, None, 80) == "B B B A"  # the two unrated snapshots are dwell as well


def test_a_cap_acts_at_once_and_ends_after_clean_snapshots_in_a_row_without_new_confirmations() -> None:
    scheme = scheme_with()
    bad = {"x": 90.0, "credit": "D"}
    assert tiers(scheme, 90, bad, 90, 90, 90) == "A C C A A"  # clear_after: 2
    capped = history(scheme, 90, bad)[1].results.iloc[0]
    assert (capped["standing"], capped["capped_by"]) == ("A", "stop")
    assert tiers(scheme, 90, bad, 90, bad, 90, 90) == "A C C C C A"


def test_what_is_not_assessed_pauses_the_clean_row_and_keeps_the_cap() -> None:
    scheme = scheme_with()
    bad, unknown = {"x": 90.0, "credit": "D"}, {"x": 90.0, "credit": None}
    assert tiers(scheme, 90, bad, 90, unknown, unknown, 90) == "A C C C C A"
    assert tiers(scheme, 90, {"x": 90.0, "overdue": 0.2}, {"x": 90.0, "overdue": None}, 90) == "A B B A"
    assert tiers(scheme, unknown) == "A"  # never hit: nothing to keep


def test_the_strictest_cap_wins_and_is_the_one_named() -> None:
    both = {"x": 90.0, "credit": "D", "overdue": 0.5}
    assert history(scheme_with(), both)[0].results["capped_by"].iloc[0] == "stop"
    assert list(history(scheme_with(), both)[0].gates_active.iloc[0]) == [True, True, False]


def test_a_block_wins_over_everything_and_keeps_the_standing() -> None:
    silent = {"x": 90.0, "consent": False}
    assert tiers(scheme_with(), 90, silent, 90) == "A blocked A"
    assert tiers(scheme_with(), 90, silent, 90, overrides={2: "A"}) == "A blocked A"


def test_an_override_decides_but_never_above_an_active_cap_and_the_standing_still_moves() -> None:
    scheme = scheme_with()
    bad = {"x": 30.0, "credit": "D"}
    assert tiers(scheme, 30, 30, 30, overrides={2: "A"}) == "C A C"
    assert tiers(scheme, bad, overrides={1: "A"}) == "C"
    assert tiers(scheme, 90, overrides={1: "C"}) == "C"
    row = history(scheme, 90, overrides={1: "C"})[0].results.iloc[0]
    assert (row["standing"], row["overridden"]) == ("A", True)
    assert tiers(scheme_with(min_coverage=0.5), None, overrides={1: "B"}) == "B"
    assert tiers(scheme, 90, overrides={1: "gone"}) == "A"


def test_an_interim_grading_moves_only_without_further_confirmation_and_counts_as_none() -> None:
    scheme = scheme_with(replace(RULES, min_dwell=1))
    start = history(scheme, 60)[0].state

    def interim(score: float, state: pd.DataFrame, number: int) -> MovedFrames:
        facts = pd.DataFrame([GOOD | {"x": score}], index=["c"])
        return move(grade(facts, scheme, AS_OF), scheme, state, snapshot=number, interim=True)

    assert interim(80, start, 2).results["tier"].iloc[0] == "A"  # confirm_up: 1
    assert interim(40, start, 2).results["tier"].iloc[0] == "B"  # confirm_down: 2
    once = history(scheme, 60, 40)[1].state
    assert interim(40, once, 3).results["tier"].iloc[0] == "B"  # one of two is still one of two
    assert interim(80, start, 2).state.equals(start)
    waiting = scheme_with()
    confirmed = history(waiting, 60, 40, 40)[2].state  # two of two, only the dwell was in the way
    facts = pd.DataFrame([GOOD | {"x": 40.0}], index=["c"])
    found = move(grade(facts, waiting, AS_OF), waiting, confirmed, snapshot=4, interim=True)
    assert found.results["tier"].iloc[0] == "C"


def test_a_new_version_restarts_the_confirmations_and_drops_a_tier_it_does_not_have() -> None:
    scheme = scheme_with()
    state = history(scheme, 60, 40)[1].state
    again = state_for(state, state.index, scheme, restart=True)
    assert again["falling_since"].iloc[0] == 0
    assert (again["standing"].iloc[0], again["since"].iloc[0]) == ("B", 1)
    other = replace(scheme, tiers=tuple(replace(t, id=f"new_{t.id}") for t in scheme.tiers), gates=())
    carried = state_for(state, state.index, other, restart=True)
    assert (carried["standing"].iloc[0], carried["since"].iloc[0]) == (None, 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda scheme, state: (replace(scheme, version=2), state), "graded by"),
        (lambda scheme, state: (scheme, state.iloc[:0]), "other rows"),
        (lambda scheme, state: (scheme, state.assign(since=7)), "snapshot 7"),
    ],
)
def test_what_does_not_belong_together_is_refused(change: Any, message: str) -> None:
    scheme = scheme_with()
    facts = pd.DataFrame([GOOD | {"x": 60.0}], index=["c"])
    other, state = change(scheme, empty_state(facts.index, scheme))
    with pytest.raises(ValueError, match=message):
        move(grade(facts, scheme, AS_OF), other, state, snapshot=1)


DAY = st.fixed_dictionaries(
    {
        "x": st.sampled_from([None, 0.0, 20.0, 37.9, 40.0, 47.0, 46.9, 50.0, 52.0, 60.0, 71.9, 72.0, 75.0, 77.0, 92.0]),
        "credit": st.sampled_from(["A", "A", "A", "D", None]),
        "overdue": st.sampled_from([0.0, 0.0, 0.3, None]),
        "consent": st.sampled_from([True, True, True, False, None]),
        "months_with_us": st.sampled_from([50.0, 50.0, 50.0, 1.0]),
    }
)  # fmt: skip
RULE_SETS = st.builds(
    Movement,
    margin_up=st.sampled_from([0.0, 2.0]),
    margin_down=st.sampled_from([0.0, 3.0]),
    confirm_up=st.integers(1, 3),
    confirm_down=st.integers(1, 3),
    min_dwell=st.integers(0, 4),
    max_step=st.integers(1, 3),
)


@settings(max_examples=40, deadline=None)
@given(
    rules=st.none() | RULE_SETS,
    books=st.lists(st.lists(DAY, min_size=3, max_size=3), min_size=1, max_size=9),
    kinds=st.lists(st.booleans(), min_size=9, max_size=9),
    chosen=st.lists(st.sampled_from([None, None, None, "A", "B", "C"]), min_size=9, max_size=9),
)
def test_every_path_of_movement_agrees_with_the_slow_reference(
    rules: Movement | None, books: list[list[dict[str, Any]]], kinds: list[bool], chosen: list[str | None]
) -> None:
    scheme = scheme_with(rules, min_coverage=0.5, min_history_months=3)
    index = pd.Index(["one", "two", "three"])
    state = empty_state(index, scheme)
    memories = [Memory(), Memory(), Memory()]
    number = 0
    for day, interim, override in zip(books, kinds, chosen, strict=False):
        facts = pd.DataFrame(day, index=index).astype({"x": float, "overdue": float})
        graded = grade(facts, scheme, AS_OF)
        overrides = pd.Series({"two": override})
        moved = move(graded, scheme, state, snapshot=number + 1, interim=interim, overrides=overrides)
        for row, name in enumerate(index):
            expected, memories[row] = step(
                memories[row],
                one_day(graded, row),
                scheme,
                interim=interim,
                override=override if name == "two" else None,
            )
            assert moved.results["tier"].iloc[row] == expected, (number, name)
        state = moved.state
        number += not interim
        for row, memory in enumerate(memories):
            kept = state.iloc[row]
            assert kept["standing"] == memory.tier
            assert (number - kept["rising_since"] + 1 if kept["rising_since"] else 0) == memory.up
            assert (number - kept["falling_since"] + 1 if kept["falling_since"] else 0) == memory.down


@settings(max_examples=40, deadline=None)
@given(books=st.lists(st.lists(DAY, min_size=4, max_size=4), min_size=2, max_size=5), seed=st.integers(0, 99))
def test_row_order_and_other_customers_change_nothing_and_interims_leave_no_trace(
    books: list[list[dict[str, Any]]], seed: int
) -> None:
    scheme = scheme_with(min_coverage=0.5)
    names = np.array(["a", "b", "c", "d"])
    shuffled = np.random.default_rng(seed).permutation(names)
    whole = empty_state(pd.Index(names), scheme)
    mixed = empty_state(pd.Index(shuffled), scheme)
    alone = empty_state(pd.Index(["a"]), scheme)
    for number, day in enumerate(books, start=1):
        facts = pd.DataFrame(day, index=pd.Index(names)).astype({"x": float, "overdue": float})
        first = move(grade(facts, scheme, AS_OF), scheme, whole, snapshot=number)
        order = facts.loc[shuffled]
        move(grade(order, scheme, AS_OF), scheme, mixed, snapshot=number, interim=True)
        second = move(grade(order, scheme, AS_OF), scheme, mixed, snapshot=number)
        third = move(grade(facts.loc[["a"]], scheme, AS_OF), scheme, alone, snapshot=number)
        pd.testing.assert_frame_equal(first.results, second.results.loc[names])
        pd.testing.assert_frame_equal(first.results.loc[["a"]], third.results)
        whole, mixed, alone = first.state, second.state, third.state


@settings(max_examples=40, deadline=None)
@given(day=st.lists(DAY, min_size=1, max_size=5))
def test_with_an_empty_state_the_tiers_are_those_of_grade(day: list[dict[str, Any]]) -> None:
    scheme = scheme_with(min_coverage=0.5, min_history_months=3)
    facts = pd.DataFrame(day).astype({"x": float, "overdue": float})
    graded = grade(facts, scheme, AS_OF)
    moved = move(graded, scheme, empty_state(facts.index, scheme), snapshot=1)
    assert list(moved.results["tier"]) == list(graded.results["tier"])
    assert list(moved.results["capped_by"]) == list(graded.results["capped_by"])
