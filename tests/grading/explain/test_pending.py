"""What a move waits for is what `move` itself counts."""

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from grading.engine.scoring import grade
from grading.explain.pending import find_pending
from grading.scheme.model import Scheme
from grading.scheme.reader import parse_scheme
from tests.factories import PLAIN_SCHEME
from tests.grading.frames import move, state_for

MOVEMENT = (
    "movement: {{margin_up: 2, margin_down: 1, confirm_up: {up}, confirm_down: {down},"
    " min_dwell: {dwell}, max_step: {step}}}\n"
)


def scheme(up: int = 2, down: int = 2, dwell: int = 0, step: int = 1) -> Scheme:
    text = PLAIN_SCHEME + MOVEMENT.format(up=up, down=down, dwell=dwell, step=step)
    return parse_scheme(text, source="test")


def pending(rules: Scheme, score: float | None, standing: str | None, **state: int) -> Any:
    values = {"since": 1, "rising_since": 0, "falling_since": 0, "snapshot": 5} | state
    return find_pending(rules, score=score, standing=standing, **values)


def test_a_move_up_needs_its_margin_and_counts_its_confirmations() -> None:
    assert pending(scheme(), 71.9, "B") is None  # 70 + 2 are needed
    found = pending(scheme(), 72.0, "B", rising_since=5)
    assert found == {"target": "A", "up": True, "confirmed": 5 - 5 + 1, "needed": 2, "dwell_left": 0}


def test_a_fall_goes_at_most_as_far_as_the_rules_allow() -> None:
    assert pending(scheme(), 69.0, "A") is None  # 70 - 1 is still A
    assert pending(scheme(step=1), 10.0, "A", falling_since=5)["target"] == "B"
    assert pending(scheme(step=2), 10.0, "A", falling_since=5)["target"] == "C"


def test_a_young_tier_waits_for_the_dwell() -> None:
    found = pending(scheme(up=1, dwell=3), 80.0, "B", since=4, rising_since=5)
    assert (found["confirmed"], found["needed"], found["dwell_left"]) == (1, 1, 3 - (5 - 4))


@pytest.mark.parametrize(("score", "standing"), [(None, "B"), (80.0, None), (80.0, "gone")])
def test_nothing_waits_without_a_score_or_a_tier(score: float | None, standing: str | None) -> None:
    assert pending(scheme(), score, standing) is None


@pytest.mark.parametrize("dwell", [0, 2, 4])
@pytest.mark.parametrize("confirm", [1, 2, 3])
def test_a_pending_move_has_the_counts_of_movement_after_every_snapshot(confirm: int, dwell: int) -> None:
    rules = scheme(up=confirm, down=confirm, dwell=dwell)
    rng = np.random.default_rng(7)
    scores = np.round(rng.uniform(0, 100, (8, 50)), 1)
    index = pd.RangeIndex(50)
    state, waiting = state_for(pd.DataFrame(index=index), index, rules), 0
    for snapshot, values in enumerate(scores, 1):
        graded = grade(
            pd.DataFrame({"quality": values, "service": values}, index=index), rules, date(2026, 1, 1)
        )
        moved = move(graded, rules, state, snapshot=snapshot)
        state = moved.state
        for row in range(50):
            counted, kept = moved.results.iloc[row], state.iloc[row]
            found = find_pending(
                rules,
                score=float(graded.results["score"].iloc[row]),
                standing=kept["standing"],
                since=int(kept["since"]),
                rising_since=int(kept["rising_since"]),
                falling_since=int(kept["falling_since"]),
                snapshot=snapshot,
            )
            if counted["pending"] == 0:
                assert not (
                    found and found["confirmed"]
                )  # a move just made may have a further step before it
                continue
            waiting += 1
            assert found is not None
            sign = 1 if found["up"] else -1
            assert (sign * found["confirmed"], found["target"]) == (counted["pending"], counted["target"])
            assert found["dwell_left"] == counted["dwell_left"]
    assert waiting > 0 or (confirm, dwell) == (1, 0)
