"""Reads an indicator of a scheme and its score function."""

from __future__ import annotations

import re
from collections.abc import Callable

from grading.scheme.model import Bands, Indicator, Kind, Map, Points, Scale, Score
from grading.scheme.problems import suggest
from grading.scheme.section import Section, describe, read_number
from grading.scheme.text import Document, Node

# Columns of a flat table that are not fields; an indicator of that id could not be told from them.
TABLE_COLUMNS = ("code", "name", "months_with_us")

_CURRENCY = re.compile(r"[A-Z]{3}")
_KEYS = ("id", "name", "weight", "unit", "max_age_days", "manual", "sensitive", "influence", "score")


def read_indicator(
    document: Document, entry: Node, seen: dict[str, int], currency: str | None
) -> Indicator | None:
    """One indicator; `seen` holds the ids of the whole scheme, which are its fields, with their lines."""
    section = Section(document, entry, _KEYS)
    if not section.usable:
        return None
    score, kind = _read_score(section)
    indicator = Indicator(
        id=section.identifier() or "",
        name=section.name(),
        weight=section.number("weight", above=0),
        score=score,
        kind=kind,
        unit=section.word("unit", None),
        max_age_days=section.whole("max_age_days", None, low=1),
        manual=section.truth("manual", False),
        sensitive=section.truth("sensitive", True),
        influence=section.truth("influence", True),
    )
    unit = indicator.unit
    if unit is not None and currency not in (None, unit) and _CURRENCY.fullmatch(unit):
        message = f"the unit is {unit}, but the scheme's currency is {currency}"
        document.add(section.keys["unit"], message, "give the knots in the scheme's currency")
    place = section.keys.get("id")
    if place is None or not indicator.id:
        return indicator
    if indicator.id in seen:
        message = f'the indicator id "{indicator.id}" is used twice, first in line {seen[indicator.id]}'
        document.add(place, message, "give each its own id, in all dimensions")
    if indicator.id in TABLE_COLUMNS:
        document.add(
            place, f'"{indicator.id}" is a column of every table, not an indicator', "choose another id"
        )
    seen.setdefault(indicator.id, place.line)
    return indicator


def _read_score(indicator: Section) -> tuple[Score, Kind]:
    nothing: tuple[Score, Kind] = (Points(knots=()), "number")
    entry = indicator.get("score")
    if entry is None:
        return nothing
    document = indicator.document
    function = entry.value.get("fn") if isinstance(entry.value, dict) else None
    if function is None or not isinstance(function.value, str) or function.value not in _FUNCTIONS:
        if not isinstance(entry.value, dict):
            remedy = "write score: {fn: points, knots: [[0, 0], [100, 100]]}"
            document.add(entry, f"expected a score function, found {describe(entry)}", remedy)
        elif function is None:
            remedy = "add fn: " + " or fn: ".join(_FUNCTIONS)
            document.add(entry, '"fn" is missing', remedy, key=f"{entry.path}.fn")
        else:
            document.add(
                function,
                f"{describe(function)} is not a score function",
                suggest(str(function.value), _FUNCTIONS),
            )
        return nothing
    keys, read = _FUNCTIONS[function.value]
    return read(Section(document, entry, ("fn", *keys)))


def _read_points(section: Section) -> tuple[Score, Kind]:
    return Points(knots=_read_pairs(section, "knots", "knot", "value")), "number"


def _read_bands(section: Section) -> tuple[Score, Kind]:
    return Bands(bands=_read_pairs(section, "bands", "band", "lower bound")), "number"


def _read_pairs(section: Section, key: str, what: str, first: str) -> tuple[tuple[float, float], ...]:
    document = section.document
    entries = section.items(key)
    pairs: list[tuple[float, float]] = []
    for entry in entries:
        if not isinstance(entry.value, list) or len(entry.value) != 2:
            remedy = f"write [{first}, score], such as [100, 50]"
            document.add(entry, f"a {what} is a pair of numbers, found {describe(entry)}", remedy)
            continue
        x, score = (read_number(document, number) for number in entry.value)
        if score is not None and not 0 <= score <= 100:
            document.add(entry.value[1], f"the score {score:g} is not between 0 and 100", "use 0 to 100")
        if x is None or score is None:
            continue
        if pairs and x <= pairs[-1][0]:
            message = f"{x:g} is not greater than the {first} before it ({pairs[-1][0]:g})"
            document.add(entry.value[0], message, f"put the {key} in rising order, each {first} once")
        pairs.append((x, score))
    if len(entries) == 1:
        document.add(section.keys[key], f"one {what} is not enough", "give at least two")
    return tuple(pairs)


def _read_map(section: Section) -> tuple[Score, Kind]:
    entry = section.get("values")
    if entry is None:
        return Map(values={}), "word"
    document = section.document
    if not isinstance(entry.value, dict) or not entry.value:
        remedy = "write values: {word: score, other: score}"
        document.add(entry, f"expected words with their scores, found {describe(entry)}", remedy)
        return Map(values={}), "word"
    truths = [isinstance(entry.raw_keys[key], bool) for key in entry.value]
    words: dict[str, float] = {}
    switches: dict[bool, float] = {}
    for key, child in entry.value.items():
        raw = entry.raw_keys[key]
        number = read_number(document, child)
        if number is not None and not 0 <= number <= 100:
            document.add(child, f"the score {number:g} is not between 0 and 100", "use 0 to 100")
        if isinstance(raw, bool):
            switches[raw] = number or 0.0
        elif not isinstance(raw, str) or not key.strip():
            document.add(
                child, f'"{key}" is not a word', f'put it in quotes ("{key}"), or use points or bands'
            )
        else:
            words[key.strip()] = number or 0.0
    if any(truths) and not all(truths):
        document.add(entry, "true/false stand beside words", "use only true and false, or put them in quotes")
    return (Map(values=switches), "bool") if all(truths) else (Map(values=words), "word")


def _read_scale(section: Section) -> tuple[Score, Kind]:
    low, high = section.number("min"), section.number("max")
    if low is not None and low == high:
        section.document.add(section.keys["max"], f"min and max are both {low:g}", "make them differ")
    return Scale(minimum=low, maximum=high), "number"


_FUNCTIONS: dict[str, tuple[tuple[str, ...], Callable[[Section], tuple[Score, Kind]]]] = {
    "points": (("knots",), _read_points),
    "bands": (("bands",), _read_bands),
    "map": (("values",), _read_map),
    "scale": (("min", "max"), _read_scale),
}
