"""Score functions (semantic 1) over chunks of a column, written into buffers that are used again."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable

import numpy as np

from grading.engine.fields import Floats
from grading.scheme.model import Bands, Map, Points, Scale, Score

Curve = Callable[[Floats, Floats, Floats], None]
"""(values, scores, scratch): writes the scores; where the value is NaN or infinite they mean nothing."""

Line = Callable[[float], float]
"""(value) -> score: a curve for one number, to the same bits. A call of an array function costs as much as a hundred."""


def make_curve(score: Score) -> Curve:
    """The function of chunks that a score function of the scheme stands for."""
    match score:
        case Points():
            return _points(score)
        case Bands():
            return _bands(score)
        case Scale():
            return _scale(score)
        case Map():  # the words were replaced by their scores when the column was read
            return lambda values, scores, scratch: np.copyto(scores, values)


def _points(score: Points) -> Curve:
    """Straight lines as a sum of ramps: first score + sum over segments of rise x clip((x - from)/width, 0, 1).

    A ramp is exactly 0 before and 1 after its segment, so knots and flats are met; rising curves never
    fall, not even by rounding; and ramps take the processor's wide registers, where the search of
    np.interp takes a branch a value (4 to 6 times slower here).
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


def _ramps(score: Points) -> tuple[float, list[tuple[float, float, float]], bool, float, float]:
    """First score, (from, width, rise) of each ramp, whether they add up exactly, least and most score."""
    (_, first), *_ = score.knots
    ramps = [
        (low, high - low, after - before)
        for (low, before), (high, after) in zip(score.knots, score.knots[1:], strict=False)
        if after != before
    ]
    # Whole-numbered scores add up without rounding; others may end a hair beyond the last knot.
    exact = all(s == int(s) for _, s in score.knots)
    return first, ramps, exact, min(s for _, s in score.knots), max(s for _, s in score.knots)


def make_line(score: Score) -> Line:
    """The same function for a single number that is finite."""
    match score:
        case Points():
            return _line(score)
        case Bands():
            lower = [bound for bound, _ in score.bands[1:]]
            by_band = [float(s) for _, s in score.bands]
            return lambda value: by_band[bisect_right(lower, value)]
        case Scale():
            low, width = score.minimum, score.maximum - score.minimum
            return lambda value: min(max((value - low) / width * 100.0, 0.0), 100.0)
        case Map():
            return lambda value: value


def _line(score: Points) -> Line:
    first, ramps, exact, least, most = _ramps(score)

    def line(value: float) -> float:
        found = float(first)
        for place, (start, width, rise) in enumerate(ramps):
            ramp = min(max((value - start) / width, 0.0), 1.0) * rise
            found = found + ramp if place or first else ramp
        return found if exact else min(max(found, least), most)

    return line


def _bands(score: Bands) -> Curve:
    lower = np.array([bound for bound, _ in score.bands[1:]])
    scores_by_band = np.array([s for _, s in score.bands])

    def curve(values: Floats, scores: Floats, scratch: Floats) -> None:
        # The first bound is left out of the search: what lies below it belongs to the first band too.
        scores_by_band.take(np.searchsorted(lower, values, side="right"), out=scores)

    return curve


def _scale(score: Scale) -> Curve:
    low, width = score.minimum, score.maximum - score.minimum

    def curve(values: Floats, scores: Floats, scratch: Floats) -> None:
        np.subtract(values, low, out=scores)
        np.divide(scores, width, out=scores)
        np.multiply(scores, 100.0, out=scores)
        np.clip(scores, 0.0, 100.0, out=scores)

    return curve
