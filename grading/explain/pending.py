"""The move that the movement rules delay, as JSON-ready values."""

from __future__ import annotations

from typing import TypedDict

import numpy as np

from grading.engine.movement import find_steps
from grading.scheme.model import Scheme


class PendingMove(TypedDict):
    """A move the score asks for: `confirmed` of `needed` snapshots in a row, and `dwell_left` more to wait."""

    target: str
    up: bool
    confirmed: int
    needed: int
    dwell_left: int


def find_pending(
    scheme: Scheme,
    *,
    score: float | None,
    standing: str | None,
    since: int,
    rising_since: int,
    falling_since: int,
    snapshot: int,
) -> PendingMove | None:
    """The move that waits after a snapshot, for one rated customer; None when its score asks for none.

    In: the shown score, and the state (`movement.carry_state`) as snapshot number `snapshot` left it. An interim
    re-grade gives its own score with the last snapshot's number and state. Out: the target (at most `max_step` from
    the standing), the confirmations so far, and how many snapshots must pass before `min_dwell` allows a move.
    """
    places = {tier.id: place for place, tier in enumerate(scheme.tiers)}
    if score is None or standing is None or standing not in places:
        return None
    state = {"since": since, "rising_since": rising_since, "falling_since": falling_since}
    # What the snapshot has counted is what an interim re-grade before the next one starts from.
    step = find_steps(
        np.array(score), np.array(places[standing]), state, scheme, snapshot=snapshot + 1, interim=True
    )
    if not step.rising and not step.falling:
        return None
    return PendingMove(
        target=scheme.tiers[int(step.target)].id,
        up=bool(step.rising),
        confirmed=int(step.confirmed),
        needed=int(step.needed),
        dwell_left=max(int(step.dwell_left) + 1, 0),
    )
