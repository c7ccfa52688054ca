"""Score functions (semantic 1) over chunks of a column, written into buffers that are used again."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from grading.engine.fields import Floats
from grading.scheme.model import Bands, Map, Points, Scale, Score

Curve = Callable[[Floats, Floats, Floats], None]
"""(values, scores, scratch): writes the scores; where the value is NaN or infinite they mean nothing."""

Line = Callable[[float], float]
"""(value) -> score: a curve for one finite number, to the same bits (see `sums.add_up_one`)."""


def make_curve(score: Score) -> Curve:
    """A score function of the scheme as a function of chunks."""
    match score:
        case Points():
            return _make_ramps(score)
        case Bands():
            return _make_bands(score)
        case Scale():
            return _make_scale(score)
        case Map():  # the words became their scores when the column was read
            return lambda values, scores, scratch: np.copyto(scores, values)


def make_line(score: Score) -> Line:
    """The same function for a single number."""
    match score:
        case Points():
            return _make_ramp_line(score)
        case Bands():
            lower = [bound for bound, _ in score.bands[1:]]
            by_band = [float(s) for _, s in score.bands]
            return lambda value: by_band[bisect_right(lower, value)]
        case Scale():
            low, width = score.minimum, score.maximum - score.minimum
            return lambda value: min(max((value - low) / width * 100.0, 0.0), 100.0)
        case Map():
            return lambda value: value


def _make_ramps(score: Points) -> Curve:
    """Straight lines as a sum of ramps: first score + sum over segments of rise x clip((x - from)/width, 0, 1).

    A ramp is exactly 0 before and 1 after its segment, so knots and flats are met, and rising curves never fall, not
    even by rounding. Ramps use the processor's wide registers; np.interp takes 4 to 6 times as long.
    """
    first, ramps, exact, least, most = _ramps(score)

    def curve(values: Floats, scores: Floats, scratch: Floats) -> None:
        if not ramps:
            scores.fill(first)
        for place, (start, width, rise) in enumerate(ramps):
            ramp = scratch if place else scores
            np.subtract(values, start, out=ramp)
            np.divide(ramp, width, out=ramp)
            np.clip(ramp, 0.0, 1.0, out=ramp)  # np.maximum with a number takes three times as long
            np.multiply(ramp, rise, out=ramp)
            if place:
                np.add(scores, ramp, out=scores)
            elif first:
                np.add(scores, first, out=scores)
        if not exact:
            np.clip(scores, least, most, out=scores)

    return curve


def _make_ramp_line(score: Points) -> Line:
    first, ramps, exact, least, most = _ramps(score)

    def line(value: float) -> float:
        found = float(first)
        for place, (start, width, rise) in enumerate(ramps):
            ramp = min(max((value - start) / width, 0.0), 1.0) * rise
            found = found + ramp if place or first else ramp
        return found if exact else min(max(found, least), most)

    return line


def _ramps(score: Points) -> tuple[float, list[tuple[float, float, float]], bool, float, float]:
    """First score, (from, width, rise) of each ramp, whether they add up exactly, least and most score."""
    scores = [s for _, s in score.knots]
    ramps = [
        (low, high - low, after - before)
        for (low, before), (high, after) in pairwise(score.knots)
        if after != before
    ]
    # Whole-numbered scores add up without rounding; others may end a hair beyond the last knot.
    return scores[0], ramps, all(s == int(s) for s in scores), min(scores), max(scores)


def _make_bands(score: Bands) -> Curve:
    lower = np.array([bound for bound, _ in score.bands[1:]])  # below the first bound is the first band too
    by_band = np.array([s for _, s in score.bands])

    def curve(values: Floats, scores: Floats, scratch: Floats) -> None:
        by_band.take(np.searchsorted(lower, values, side="right"), out=scores)

    return curve


def _make_scale(score: Scale) -> Curve:
    low, width = score.minimum, score.maximum - score.minimum

    def curve(values: Floats, scores: Floats, scratch: Floats) -> None:
        np.subtract(values, low, out=scores)
        np.divide(scores, width, out=scores)
        np.multiply(scores, 100.0, out=scores)
        np.clip(scores, 0.0, 100.0, out=scores)

    return curve
