"""What the movement rules are waiting for: in words for people, from the state that `movement` keeps."""

from __future__ import annotations

from typing import TypedDict

from grading.engine.sums import SLACK
from grading.scheme.model import Movement, Scheme


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

    In: the shown score, and the state as snapshot number `snapshot` left it (`movement.empty_state` says what its
    numbers are). An interim re-grade gives its own score with the last snapshot's number and state. Out: the
    target (at most `max_step` from the standing), the confirmations so far, and how many snapshots must pass
    before `min_dwell` allows a move.
    """
    places = {tier.id: place for place, tier in enumerate(scheme.tiers)}
    if score is None or standing is None or standing not in places:
        return None
    rules = scheme.movement or Movement(max_step=len(scheme.tiers))
    before = places[standing]
    best, least = _beyond(score, scheme, rules.margin_up), _beyond(score, scheme, -rules.margin_down)
    up = best < before
    if not up and least <= before:
        return None
    target = max(best, before - rules.max_step) if up else min(least, before + rules.max_step)
    began = rising_since if up else falling_since
    return PendingMove(
        target=scheme.tiers[target].id,
        up=up,
        confirmed=snapshot - began + 1 if began else 0,
        needed=rules.confirm_up if up else rules.confirm_down,
        dwell_left=max(rules.min_dwell - (snapshot - since), 0),
    )


def _beyond(score: float, scheme: Scheme, margin: float) -> int:
    """Place of the best tier with score >= at + margin; the last one takes all that is left."""
    return sum(score < tier.at + margin - SLACK for tier in scheme.tiers[:-1])
