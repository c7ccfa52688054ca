"""The ladder of tiers: its numbers are those at which tiers move, and its sentences follow from the rules."""

from functools import partial
from itertools import pairwise

import pytest

from bot.services.schemes.ladder import ladder
from bot.wording.messages import TierLadder
from bot.wording.rendering import Renderer
from grading.explain.boundaries import find_boundaries
from grading.scheme.presets import preset_names, preset_text
from grading.scheme.reader import parse_scheme
from tests import factories

RULES = "movement: {{margin_up: {}, margin_down: {}, confirm_up: {}, confirm_down: {}, min_dwell: {}, max_step: {}}}\n"


@pytest.mark.parametrize("preset", preset_names())
def test_the_scores_of_a_ladder_are_those_at_which_tiers_move(preset: str) -> None:
    scheme = parse_scheme(preset_text(preset), source=preset)
    rungs = ladder(scheme).rungs
    assert [rung.at for rung in rungs] == [tier.at for tier in scheme.tiers]
    for upper, lower in pairwise(rungs):
        resting = partial(
            find_boundaries,
            scheme,
            since=1,
            rising_since=0,
            falling_since=0,
            snapshot=99,
            rising=False,
            falling=False,
        )
        up = resting(score=lower.at, tier=lower.tier.id, standing=lower.tier.id)["up"]
        down = resting(score=upper.at, tier=upper.tier.id, standing=upper.tier.id)["down"]
        assert up is not None
        assert down is not None
        assert (up["tier"], up["limit"]) == (upper.tier.id, upper.rises_at)
        assert (down["tier"], down["limit"]) == (lower.tier.id, upper.falls_below)


@pytest.mark.parametrize(
    ("rules", "sentences"),
    [
        ((0, 0, 1, 1, 0, 2), ["A tier moves as soon as the score crosses a boundary."]),
        (
            (2, 3, 1, 2, 3, 1),
            [
                "A move up needs a score at least 2 above the boundary.",
                "A move down needs a score more than 3 below the boundary, in 2 gradings in a row.",
                "A new tier stays for at least 3 gradings.",
                "A move goes one tier at a time.",
            ],
        ),
        (
            (0, 0, 2, 3, 1, 2),
            [
                "A move up needs a score at the boundary or above in 2 gradings in a row.",
                "A move down needs a score below the boundary in 3 gradings in a row.",
            ],
        ),
        (
            (2.5, 1, 2, 1, 0, 2),
            [
                "A move up needs a score at least 2.5 above the boundary, in 2 gradings in a row.",
                "A move down needs a score more than 1 below the boundary.",
            ],
        ),
    ],
)
def test_the_movement_rules_are_said_in_words(rules: tuple[float, ...], sentences: list[str]) -> None:
    scheme = parse_scheme(factories.PLAIN_SCHEME + RULES.format(*rules), source="test")
    (said,) = Renderer().slots(TierLadder(ladder=ladder(scheme))).body
    assert said.splitlines() == sentences
