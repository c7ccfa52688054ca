"""What the values of a field can be: its unit, limits and words, from the schemes that read it.

A scheme's own unit and score function come first; a field of the presets has the unit of the product's table otherwise.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from grading.indicators.sources import COMPUTED, RECORDED
from grading.scheme.model import Bands, Field, Indicator, Kind, Map, OneOf, Points, Scale, Scheme

RATIO, MONEY, COUNT, YEARS = "ratio", "money", "count", "years"
_UNITS = {name: computed.unit for name, computed in COMPUTED.items()} | RECORDED
_AT_MOST_ONE = frozenset(
    [
        "active_quarter_rate",
        "cross_sell_headroom",
        "gross_margin_rate",
        "margin_contribution",
        "market_share",
        "on_time_payment_rate",
        "overdue_90d_share",
        "overdue_share",
    ]
)
_NEVER_NEGATIVE = frozenset([COUNT, YEARS, "points", "per 100 orders"])
_RATING = 10.0  # a scale without a unit that ends above this may measure anything
_is_currency = re.compile("[A-Z]{3}").fullmatch
_scale_of = re.compile(r"(\d+) ?[-–] ?(\d+)").fullmatch

Reader = tuple[Scheme, Field, Indicator | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Extent:
    """What the values of one field can be: as much as the widest of the schemes that read it takes.

    `low`: no value is below it. `high`: nor above; infinite where it depends. `scale`: the ends of the scale that people
    judge it on. `knots`: the least and the greatest distance of its curve's knots from zero, zero left out. `words`:
    those that a scheme scores; empty when any word will do. `names`: in both languages.
    """

    kinds: frozenset[Kind]
    unit: str | None
    currency: str | None
    low: float
    high: float
    scale: tuple[float, float] | None
    knots: tuple[float, float] | None
    words: tuple[str, ...]
    names: frozenset[str]


def extents(schemes: Iterable[Scheme]) -> dict[str, Extent]:
    """Field -> the extent of its values, for every field that one of the schemes reads."""
    readers: dict[str, list[Reader]] = {}
    for scheme in schemes:
        indicators = {one.id: one for one in scheme.indicators}
        for name, field in scheme.fields.items():
            readers.setdefault(name, []).append((scheme, field, indicators.get(name)))
    return {name: _extent(name, found) for name, found in readers.items()}


def _extent(name: str, readers: Sequence[Reader]) -> Extent:
    indicators = [indicator for _, _, indicator in readers if indicator is not None]
    places = [place for one in indicators for place in _places(one)]
    distances = [abs(place) for place in places if place]
    stated = next((one.unit for one in indicators if one.unit), None)
    unit = stated or _UNITS.get(name)
    currency = next((scheme.currency for scheme, _, _ in readers if scheme.currency), None)
    if unit and _is_currency(unit):
        unit = MONEY
    if stated is None and unit == RATIO and max(distances, default=0.0) >= _RATING:
        unit = None  # a curve in percent
    is_share = unit == RATIO and name in _AT_MOST_ONE and max(places, default=0.0) <= 1
    is_margin = is_share and name.startswith(("gross_margin", "margin"))
    return Extent(
        kinds=frozenset(field.kind for _, field, _ in readers),
        unit=unit,
        currency=currency,
        low=0.0 if unit in _NEVER_NEGATIVE or (is_share and not is_margin) else -math.inf,
        high=1.0 if is_share else math.inf,
        scale=_scale(unit, indicators, places),
        knots=(min(distances), max(distances)) if distances else None,
        words=_words(readers),
        names=frozenset(text for one in indicators for text in (one.name.en, one.name.zh)),
    )


def _places(indicator: Indicator) -> list[float]:
    """The values at which its score function changes."""
    match indicator.score:
        case Points(knots=knots):
            return [value for value, _ in knots]
        case Bands(bands=bands):
            return [bound for bound, _ in bands]
        case Scale(minimum=minimum, maximum=maximum):
            return [minimum, maximum]
        case Map():
            return []


def _scale(
    unit: str | None, indicators: Sequence[Indicator], places: Sequence[float]
) -> tuple[float, float] | None:
    """The ends of the scale of a judgement, such as 1 to 5; None for what is measured."""
    ends = [float(end) for end in found.groups()] if unit and (found := _scale_of(unit)) else []
    if unit is None and places and all(isinstance(one.score, Scale | Map) for one in indicators):
        ends = [*places] if max(map(abs, places)) <= _RATING else []
    return (min(*ends, *places), max(*ends, *places)) if ends else None


def _words(readers: Sequence[Reader]) -> tuple[str, ...]:
    """The words that are scored, in order; none when a scheme reads the field without scoring it."""
    found: dict[str, None] = {}
    for _, field, indicator in readers:
        if field.kind != "word":
            continue
        if indicator is None or not isinstance(indicator.score, Map):
            return ()
        found |= dict.fromkeys(map(str, indicator.score.values))
    return tuple(found)


def grades_of(schemes: Iterable[Scheme], field: str) -> tuple[str, ...]:
    """The words that a credit grade can be: the tiers of the credit schemes, and what gates ask for."""
    tiers = [tier.id for scheme in schemes if scheme.credit_limit is not None for tier in scheme.tiers]
    asked = [
        str(word)
        for scheme in schemes
        for gate in scheme.gates
        if isinstance(gate.when, OneOf) and gate.when.field == field
        for word in gate.when.values
    ]
    return tuple(dict.fromkeys(tiers + asked)) if tiers else ()
