"""From a score back to a value: what an indicator must reach, exactly and in round figures (semantic 1, inverted)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Literal, TypedDict

from grading.engine.curves import make_line
from grading.scheme.model import Bands, Indicator, Map, Points, Scale, Score

DIGITS = 3  # significant ones of a target that is shown, where people read as many

Value = float | str | bool
Relation = Literal["at_least", "at_most", "below", "is"]


class Target(TypedDict):
    """A value to reach; `shown` is the same in round figures and never less.

    at_least and at_most include the value, below does not; `is` names a word or a boolean.
    """

    relation: Relation
    value: Value
    shown: Value


def extremes(score: Score) -> tuple[tuple[Value, float], tuple[Value, float]]:
    """The value that scores lowest and the one that scores highest, each with its score."""
    pairs: list[tuple[Value, float]]
    match score:
        case Points():
            pairs = list(score.knots)
        case Bands():
            pairs = list(score.bands)
        case Scale():
            pairs = [(score.minimum, 0.0), (score.maximum, 100.0)]
        case Map():
            pairs = list(score.values.items())
    return min(pairs, key=lambda pair: pair[1]), max(pairs, key=lambda pair: pair[1])


def find_target(indicator: Indicator, present: Value, needed: float) -> Target | None:
    """The value nearest to `present` that scores at least `needed`; None when no value does.

    `present` scores less than `needed`. Straight lines and scales are solved for the value, a band gives its bound, a
    word is the lowest-scored one that suffices. Shown are whole numbers for counts and for scales between whole
    numbers, three significant digits for everything else, and no digits that people do not read (`read_place`).
    """
    score = indicator.score
    match score:
        case Map():
            enough = [(points, word) for word, points in score.values.items() if points >= needed]
            if not enough:
                return None
            word = min(enough, key=lambda pair: pair[0])[1]
            return Target(relation="is", value=word, shown=word)
        case Points():
            found = [(x, False) for x in _crossings(score, score.knots, needed)]
        case Scale():
            ends = ((score.minimum, 0.0), (score.maximum, 100.0))
            found = [(x, False) for x in _crossings(score, ends, needed)]
        case Bands():
            found = list(_bounds(score, float(present), needed))
    if not found:
        return None
    value, excluded = min(found, key=lambda pair: abs(pair[0] - float(present)))
    if excluded:
        return Target(relation="below", value=value, shown=value)
    up = value > float(present)
    shown = _round_outward(indicator, value, needed, up)
    return Target(relation="at_least" if up else "at_most", value=value, shown=shown)


def read_place(unit: str | None, value: float) -> int:
    """The power of ten of the last digit that people read: tenths of a percent, hundredths, wholes from 100 on."""
    if unit == "ratio":
        return -3
    return 0 if abs(value) >= 100 else -2


def _crossings(score: Score, knots: tuple[tuple[float, float], ...], needed: float) -> Iterator[float]:
    """Where a straight line crosses `needed`, on the side that has reached it."""
    line = make_line(score)
    for (x, before), (other, after) in itertools.pairwise(knots):
        if (before < needed) == (after < needed):
            continue
        bad, good = (x, other) if before < needed else (other, x)
        value = x + (needed - before) / (after - before) * (other - x)
        step = math.copysign(math.ulp(max(abs(bad), abs(good))), good - bad)
        while min(bad, good) < value < max(bad, good) and line(value) < needed:
            value += step  # against rounding: a few steps, or more where the line is nearly flat
            step *= 2.0
        yield value if min(bad, good) < value < max(bad, good) else good


def _bounds(score: Bands, present: float, needed: float) -> Iterator[tuple[float, bool]]:
    """(bound, whether the bound itself is out) of every band that suffices."""
    following = [bound for bound, _ in score.bands[1:]]
    for place, (bound, points) in enumerate(score.bands):
        if points < needed:
            continue
        if bound > present and place > 0:
            yield bound, False
        elif place < len(following) and following[place] <= present:
            yield following[place], True


def _round_outward(indicator: Indicator, value: float, needed: float, up: bool) -> float:
    """The roundest number beyond `value` that still scores enough; `value` itself when there is none."""
    score, line = indicator.score, make_line(indicator.score)
    rounding = ROUND_CEILING if up else ROUND_FLOOR
    exact = Decimal(repr(value))  # as it is written: the binary 0.2 is a little more
    places = [exact.adjusted() - digits + 1 for digits in range(DIGITS, 17)]
    places.insert(0, max(places[0], read_place(indicator.unit, value)))
    whole = indicator.unit == "count" or (
        isinstance(score, Scale)
        and score.minimum == int(score.minimum)
        and score.maximum == int(score.maximum)
    )
    if whole and abs(value) < 1e15:
        places.insert(0, 0)
    lowest, highest = _ends(score)
    for place in places:
        rounded = float(exact.quantize(Decimal(1).scaleb(place), rounding=rounding))
        if lowest <= rounded <= highest and line(rounded) >= needed:
            return rounded
    return value


def _ends(score: Score) -> tuple[float, float]:
    """The values between which a score changes; bands go on beyond their last bound."""
    match score:
        case Points():
            return score.knots[0][0], score.knots[-1][0]
        case Scale():
            return min(score.minimum, score.maximum), max(score.minimum, score.maximum)
    return -math.inf, math.inf
