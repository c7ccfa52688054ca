"""The scores at which a customer's tier moves, by the boundaries, margins and confirmations of its scheme."""

from __future__ import annotations

import math
from typing import TypedDict

import numpy as np

from grading.engine.scoring import place_of
from grading.scheme.model import Movement, Scheme

BEYOND = 1e-9  # points by which targets exceed the boundary, so that rounding cannot miss it


class MoveLine(TypedDict):
    """The shown score at which a tier becomes another one: `limit` or more for a move up, less for one down.

    `gradings`: the snapshots with such a score until the move, the one that makes it included. `sooner`: a re-grade
    between two snapshots may make it before the last of them, because no confirmation is lacking then.
    """

    tier: str
    limit: float
    gradings: int
    sooner: bool


class Kept(TypedDict):
    """A score on the other side of a boundary than its tier: only the margin keeps the tier."""

    tier: str  # whose boundary it is
    boundary: float
    limit: float  # the score of the move
    above: bool


class Boundaries(TypedDict):
    """The moves to the next higher and the next lower tier; None where there is none, or where it is pending."""

    up: MoveLine | None
    down: MoveLine | None
    kept: Kept | None


def needed_score(bound: float, scheme: Scheme) -> tuple[float, float]:
    """(shown, exact): the lowest shown score at or above a bound, and the lowest exact one shown so (semantic 6)."""
    factor = 10**scheme.display_decimals
    units = math.ceil(bound * factor - BEYOND)
    return units / factor, (units - 0.5) / factor


def move_limit(scheme: Scheme, standing: str, target: str) -> float:
    """The shown score from which on (up), or below which (down), the movement rules ask for a move to `target`."""
    places = _places(scheme)
    rules = movement_of(scheme)
    if places[target] < places[standing]:
        return needed_score(scheme.tiers[places[target]].at + rules.margin_up, scheme)[0]
    return needed_score(scheme.tiers[places[target] - 1].at - rules.margin_down, scheme)[0]


def gradings_until(*, confirmed: int, needed: int, dwell_left: int) -> tuple[int, bool]:
    """The snapshots until a move (`MoveLine.gradings`), and whether a re-grade before the last may make it."""
    gradings = max(needed - confirmed, dwell_left, 1)
    return gradings, needed == 1 or gradings > needed - confirmed


def find_boundaries(
    scheme: Scheme,
    *,
    score: float,
    tier: str,
    standing: str,
    since: int,
    rising_since: int,
    falling_since: int,
    snapshot: int,
    rising: bool,
    falling: bool,
) -> Boundaries:
    """The scores at which the tier of one rated customer moves.

    In: the shown score; the tier by movement, which an interim re-grade may have moved away from the standing; the
    state as snapshot number `snapshot` left it; whether a move up or down is pending. Out: the limits that the next
    snapshot uses, which moves from the standing, at most `max_step`.
    """
    rules, places = movement_of(scheme), _places(scheme)
    here, before = places[tier], places[standing]
    dwell_left = 0 if here != before else max(rules.min_dwell - (snapshot - since), 0)

    def line(place: int, limit: float, needed: int, began: int) -> MoveLine:
        # A confirmation of the last snapshot still counts where a re-grade found another score.
        confirmed = snapshot - began + 1 if began else 0
        gradings, sooner = gradings_until(
            confirmed=confirmed, needed=1 if here != before else needed, dwell_left=dwell_left
        )
        return MoveLine(tier=scheme.tiers[place].id, limit=limit, gradings=gradings, sooner=sooner)

    up = down = None
    rise = None if rising else _rise(scheme, here, before)
    if rise is not None:
        up = line(here - 1, rise, rules.confirm_up, rising_since)
    fall = None if falling else _fall(scheme, here, before)
    if fall is not None:
        down = line(here + 1, fall, rules.confirm_down, falling_since)
    return Boundaries(up=up, down=down, kept=_kept(scheme, score, here, up, down))


def limits_of(scheme: Scheme) -> dict[tuple[str, str], tuple[float | None, float | None]]:
    """(Tier, standing) -> the shown scores from which on it moves up, and below which it moves down.

    None where it does not: at the ends of the ladder, and where no score that can be reached moves it.
    """
    return {
        (tier.id, standing.id): (_rise(scheme, here, before), _fall(scheme, here, before))
        for here, tier in enumerate(scheme.tiers)
        for before, standing in enumerate(scheme.tiers)
    }


def _rise(scheme: Scheme, here: int, before: int) -> float | None:
    """The shown score from which on a tier moves up from place `here`, with its standing at place `before`."""
    rules = movement_of(scheme)
    if here == 0 or before - (here - 1) > rules.max_step:
        return None
    boundary = scheme.tiers[here - 1].at
    limit, _ = needed_score(
        boundary + rules.margin_up if here <= before else boundary - rules.margin_down, scheme
    )
    return limit if limit <= 100 else None


def _fall(scheme: Scheme, here: int, before: int) -> float | None:
    """The same for a move down: the shown score below which it happens."""
    rules = movement_of(scheme)
    if here == len(scheme.tiers) - 1 or here + 1 - before > rules.max_step:
        return None
    boundary = scheme.tiers[here].at
    limit, _ = needed_score(
        boundary - rules.margin_down if here >= before else boundary + rules.margin_up, scheme
    )
    return limit if limit > 0 else None


def movement_of(scheme: Scheme) -> Movement:
    """The movement rules of a scheme; one without any moves at each boundary at once."""
    return scheme.movement or Movement(max_step=len(scheme.tiers))


def _kept(scheme: Scheme, score: float, here: int, up: MoveLine | None, down: MoveLine | None) -> Kept | None:
    plain = int(place_of(np.array(score), scheme))
    if plain < here and up is not None:
        return Kept(tier=up["tier"], boundary=scheme.tiers[here - 1].at, limit=up["limit"], above=True)
    if plain > here and down is not None:
        own = scheme.tiers[here]
        return Kept(tier=own.id, boundary=own.at, limit=down["limit"], above=False)
    return None


def _places(scheme: Scheme) -> dict[str, int]:
    return {tier.id: place for place, tier in enumerate(scheme.tiers)}
