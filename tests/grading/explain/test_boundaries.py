"""The scores at which a tier moves: with such a score it moves at the named snapshot and not before."""

from dataclasses import dataclass
from datetime import date
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from grading.engine.scoring import Grading, grade
from grading.explain.boundaries import Boundaries, MoveLine, find_boundaries, gradings_until, move_limit
from grading.explain.pending import find_pending
from grading.scheme.model import Scheme
from grading.scheme.reader import parse_scheme
from tests.factories import PLAIN_SCHEME
from tests.grading.frames import move, state_for

CUSTOMERS = 60
INDEX = pd.RangeIndex(CUSTOMERS)
LEAST = 0.1  # the smallest difference between two shown scores
RULES = [
    # margin_up, margin_down, confirm_up, confirm_down, min_dwell, max_step
    (2, 3, 1, 2, 0, 1),
    (2, 3, 2, 1, 3, 1),
    (0, 0, 1, 1, 0, 2),
    (5, 5, 3, 3, 0, 2),
    (1, 1, 1, 1, 4, 2),
    (2, 3, 2, 2, 4, 1),
]


def scheme(up: float, down: float, confirm_up: int, confirm_down: int, dwell: int, step: int) -> Scheme:
    movement = (
        f"movement: {{margin_up: {up}, margin_down: {down}, confirm_up: {confirm_up},"
        f" confirm_down: {confirm_down}, min_dwell: {dwell}, max_step: {step}}}\n"
    )
    return parse_scheme(PLAIN_SCHEME + movement, source="test")


@dataclass(frozen=True)
class Book:
    """Customers after some snapshots and, where `interim`, a re-grade after the last of them."""

    rules: Scheme
    state: pd.DataFrame
    tiers: list[str]
    scores: list[float]
    snapshot: int

    def graded(self, scores: Any) -> Grading:
        facts = pd.DataFrame({"quality": scores, "service": scores}, index=INDEX)
        return grade(facts, self.rules, date(2026, 1, 1))

    def snapshots(self, scores: Any, number: int) -> "Book":
        """The book after so many more snapshots with these scores."""
        book = self
        for _ in range(number):
            moved = move(book.graded(scores), self.rules, book.state, snapshot=book.snapshot + 1)
            book = Book(self.rules, moved.state, list(moved.results["tier"]), list(scores), book.snapshot + 1)
        return book

    def regraded(self, scores: Any) -> "Book":
        """The book after a re-grade before its next snapshot."""
        moved = move(self.graded(scores), self.rules, self.state, snapshot=self.snapshot + 1, interim=True)
        return Book(self.rules, self.state, list(moved.results["tier"]), list(scores), self.snapshot)

    def pending(self, row: int) -> Any:
        kept = self.state.iloc[row]
        return find_pending(
            self.rules,
            score=self.scores[row],
            standing=kept["standing"],
            since=int(kept["since"]),
            rising_since=int(kept["rising_since"]),
            falling_since=int(kept["falling_since"]),
            snapshot=self.snapshot,
        )

    def boundaries(self, row: int) -> Boundaries:
        kept, found = self.state.iloc[row], self.pending(row)
        waits = found is not None and found["target"] != self.tiers[row]
        return find_boundaries(
            self.rules,
            score=self.scores[row],
            tier=self.tiers[row],
            standing=kept["standing"],
            since=int(kept["since"]),
            rising_since=int(kept["rising_since"]),
            falling_since=int(kept["falling_since"]),
            snapshot=self.snapshot,
            rising=waits and found["up"],
            falling=waits and not found["up"],
        )


def book(rules: Scheme, *, interim: bool) -> Book:
    rng = np.random.default_rng(11)
    began = Book(rules, state_for(pd.DataFrame(index=INDEX), INDEX, rules), [], [], 0)
    walk = np.round(np.clip(60 + rng.normal(0, 9, (5, CUSTOMERS)).cumsum(axis=0), 1, 99), 1)
    for scores in walk[:4]:
        began = began.snapshots(scores, 1)
    return began.regraded(walk[4]) if interim else began


def tried(found: Book, lines: dict[int, MoveLine], scores: dict[int, float]) -> tuple[int, int]:
    """How many rows moved at their snapshot, and how many moved before it without being said to."""
    at_work = np.array([scores.get(row, found.scores[row]) for row in range(CUSTOMERS)])
    on_time = early = 0
    for row, line in lines.items():
        before = found.snapshots(at_work, line["gradings"] - 1)
        here = before.tiers[row] if line["gradings"] > 1 else found.tiers[row]
        assert here == found.tiers[row], f"row {row} moved before snapshot {line['gradings']}"
        on_time += found.snapshots(at_work, line["gradings"]).tiers[row] == line["tier"]
        early += (before.regraded(at_work).tiers[row] == line["tier"]) != line["sooner"]
    return on_time, early


@pytest.mark.parametrize("interim", [False, True])
@pytest.mark.parametrize("values", RULES)
def test_a_score_at_a_limit_moves_the_tier_at_the_named_snapshot_and_not_before(
    values: tuple[float, float, int, int, int, int], interim: bool
) -> None:
    found = book(scheme(*values), interim=interim)
    rows = {row: found.boundaries(row) for row in range(CUSTOMERS)}
    for side, step in (("up", 0.0), ("down", -LEAST)):
        lines = {row: line for row, each in rows.items() if (line := cast(Any, each)[side]) is not None}
        assert lines, side
        scores = {row: round(line["limit"] + step, 1) for row, line in lines.items()}
        assert tried(found, lines, scores) == (len(lines), 0)


@pytest.mark.parametrize("values", RULES)
def test_a_score_just_short_of_a_limit_moves_no_tier(
    values: tuple[float, float, int, int, int, int],
) -> None:
    found = book(scheme(*values), interim=False)
    rows = {row: found.boundaries(row) for row in range(CUSTOMERS)}
    for side, step in (("up", -LEAST), ("down", 0.0)):
        lines = {row: line for row, each in rows.items() if (line := cast(Any, each)[side]) is not None}
        scores = np.array(
            [
                round(lines[row]["limit"] + step, 1) if row in lines else found.scores[row]
                for row in range(CUSTOMERS)
            ]
        )
        later = found.snapshots(scores, 8)
        assert [later.tiers[row] for row in lines] == [found.tiers[row] for row in lines]


@pytest.mark.parametrize("interim", [False, True])
@pytest.mark.parametrize("values", RULES)
def test_a_pending_move_happens_at_the_named_snapshot_if_the_score_stays_at_its_limit(
    values: tuple[float, float, int, int, int, int], interim: bool
) -> None:
    found = book(scheme(*values), interim=interim)
    lines, scores, short = {}, {}, {}
    for row in range(CUSTOMERS):
        waits = found.pending(row)
        if waits is None or waits["target"] == found.tiers[row]:
            continue
        gradings, sooner = gradings_until(
            confirmed=waits["confirmed"], needed=waits["needed"], dwell_left=waits["dwell_left"]
        )
        limit = move_limit(found.rules, found.state.iloc[row]["standing"], waits["target"])
        lines[row] = MoveLine(tier=waits["target"], limit=limit, gradings=gradings, sooner=sooner)
        scores[row] = round(limit - (0 if waits["up"] else LEAST), 1)
        short[row] = round(limit - (LEAST if waits["up"] else 0), 1)
    assert lines or values[2:4] == (1, 1)
    assert tried(found, lines, scores) == (len(lines), 0)
    kept = np.array([short.get(row, found.scores[row]) for row in range(CUSTOMERS)])
    for row, line in lines.items():
        assert found.snapshots(kept, line["gradings"]).tiers[row] != line["tier"]


def at_rest(score: float, tier: str) -> Boundaries:
    """The boundaries of a customer for whom no move is pending; margins of 2 and 3."""
    return find_boundaries(
        scheme(2, 3, 1, 1, 0, 1),
        score=score,
        tier=tier,
        standing=tier,
        since=1,
        rising_since=0,
        falling_since=0,
        snapshot=5,
        rising=False,
        falling=False,
    )


@pytest.mark.parametrize(
    ("score", "tier", "kept"),
    [
        (71.0, "B", {"tier": "A", "boundary": 70.0, "limit": 72.0, "above": True}),
        (68.0, "A", {"tier": "A", "boundary": 70.0, "limit": 67.0, "above": False}),
        (70.0, "A", None),
        (69.9, "B", None),
    ],
)
def test_a_score_on_the_other_side_of_a_boundary_is_kept_by_the_margin(
    score: float, tier: str, kept: dict[str, Any] | None
) -> None:
    assert at_rest(score, tier)["kept"] == kept


def test_the_best_tier_has_no_higher_and_the_last_no_lower_limit() -> None:
    best, last = at_rest(90.0, "A"), at_rest(10.0, "C")
    assert (best["up"], last["down"]) == (None, None)
    assert best["down"] is not None
    assert last["up"] is not None
    assert (best["down"]["limit"], last["up"]["limit"]) == (70 - 3, 45 + 2)
