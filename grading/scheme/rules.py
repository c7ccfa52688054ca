"""Checks the values of a scheme file against each other.

A value that has a fault of its own counts as unknown here, so that one mistake is reported once.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence
from dataclasses import replace

from grading.scheme import model
from grading.scheme.model import COMPARISONS, WINDOW_MONTHS, WORDS_FOR_NO_TIER, Field, Kind
from grading.scheme.problems import suggest
from grading.scheme.text import NOT_A_WORD, SWITCHES, Document, Node
from grading.scheme.types import TierPolicy

WEIGHT_SLACK = 1e-6  # what 33.3 + 33.3 + 33.4 may be off by as floating-point numbers


def check(document: Document, *, published: bool) -> dict[str, Field]:
    """Add a problem for every value that does not agree with another one; return the fields of the scheme.

    A key that is not applied is a problem too, except in a version that was published with it.
    """
    root = document.root
    dimensions, tiers, gates = (root[key].items for key in ("dimensions", "tiers", "gates"))
    indicators = [indicator for dimension in dimensions for indicator in dimension["indicators"].items]
    _check_ids(document, "dimension", dimensions)
    _check_ids(document, "indicator", indicators, ", in all dimensions")
    _check_ids(document, "tier", tiers)
    _check_ids(document, "gate", gates)
    _check_weights(document, root, "dimensions")
    for dimension in dimensions:
        _check_weights(document, dimension, "indicators")
    for indicator in indicators:
        _check_indicator(document, indicator)
        _check_curve(document, indicator["score"])
        _check_words(document, indicator["score"]["values"])
        _check_names(document, indicator["score"])
    _check_tiers(document, tiers)
    _check_movement(document, root["movement"], tiers)
    for gate in gates:
        _check_action(document, gate, tiers)
        _check_condition(document, gate["when"], dimensions)
    for words in (*root["applies_to"].entries.values(), root["override"]["needs"]):
        _check_repeats(document, words)
    if not published:
        _check_applied(document)
    if "on_first_order" in root and document.word(root["record_type"]) == "account":
        document.add(root, "only prospects have a first order to wait for", "remove it", "on_first_order")
    return _read_fields(document, indicators, gates)


def _check_ids(document: Document, what: str, entries: Sequence[Node], where: str = "") -> None:
    lines: dict[str, int] = {}
    for entry in entries:
        word = document.word(entry["id"])
        if word in lines:
            message = f'the {what} id "{word}" is used twice, first in line {lines[word]}'
            document.add(entry, message, f"give each its own id{where}", "id")
        elif word:
            lines[word] = entry["id"].line


def _check_weights(document: Document, parent: Node, key: str) -> None:
    weights = [document.number(entry["weight"]) for entry in parent[key].items]
    known = [weight for weight in weights if weight is not None]
    if known and len(known) == len(weights) and abs(sum(known) - 100) > WEIGHT_SLACK:
        message = f"the weights add up to {sum(known):g}, not to 100"
        document.add(parent, message, "change the weights so that they add up to 100", key)


def _check_repeats(document: Document, words: Node) -> None:
    seen = []
    for item in words.items:
        value = document.word(item) or document.known(item)
        if value is not None and value in seen:
            document.add(item, f"{item.shown} stands twice", "keep one of them")
        seen.append(value)


def _check_known(document: Document, node: Node, key: str, what: str, entries: Sequence[Node]) -> None:
    word, known = document.word(node[key]), [entry["id"].value for entry in entries]
    if word and known and None not in known and word not in known:
        document.add(node, f'there is no {what} "{word}"', suggest(word, map(str, known)), key)


def _check_indicator(document: Document, indicator: Node) -> None:
    unit, currency = document.word(indicator["unit"]), document.word(document.root["currency"])
    if currency not in ("", unit) and re.fullmatch("[A-Z]{3}", unit):
        message = f"the unit is {unit}, but the scheme's currency is {currency}"
        document.add(indicator, message, "give the knots in the scheme's currency", "unit")


def _check_curve(document: Document, score: Node) -> None:
    for key, what, first in (("knots", "knot", "value"), ("bands", "band", "lower bound")):
        pairs = score[key].items
        if len(pairs) == 1:
            document.add(score, f"one {what} is not enough", "give at least two", key)
        nodes = [pair.items[0] for pair in pairs if len(pair.items) == 2]
        known = [(node, x) for node in nodes if (x := document.number(node)) is not None]
        for (_, before), (node, x) in itertools.pairwise(known):
            if x <= before:
                message = f"{x:g} is not greater than the {first} before it ({before:g})"
                document.add(node, message, f"put the {key} in rising order, each {first} once")
    low = document.number(score["min"])
    if low is not None and low == document.number(score["max"]):
        document.add(score, f"min and max are both {low:g}", "make them differ", "max")


def _check_words(document: Document, values: Node) -> None:
    if values.value == {}:
        document.add(values, "there is no word here", "write values: {word: score, other: score}")
    for key, score in values.entries.items():
        if key not in SWITCHES and (key.startswith(NOT_A_WORD) or not key.strip()):
            word = key.removeprefix(NOT_A_WORD)
            remedy = f'put it in quotes ("{word}"), or use points or bands'
            document.add(score, f'"{word}" is not a word', remedy)
    if 0 < len(values.entries.keys() & SWITCHES) < len(values.entries):
        remedy = "use only true and false, or put them in quotes"
        document.add(values, "true/false stand beside words", remedy)


def _check_names(document: Document, score: Node) -> None:
    words = [key.strip() for key in score["values"].entries if not key.startswith(NOT_A_WORD)]
    for key, name in score["names"].entries.items():
        if key in SWITCHES:
            document.add(name, "true and false are shown as yes and no", "remove this name")
        elif key.strip() not in words:
            message = f'"{key.removeprefix(NOT_A_WORD)}" is not among the words that are scored'
            document.add(name, message, suggest(key, words))


def _check_applied(document: Document) -> None:
    """Add a problem for every key whose value would not change anything."""
    root = document.root
    months = document.number(root["window_months"])
    if months not in (None, WINDOW_MONTHS):
        message = f"window_months: {months:g} is not applied: a computed indicator looks back as far as its name says"
        document.add(root, message, "remove it, and raise version: if the scheme was used", "window_months")
    if document.known(root["missing"]["show_interval"]) is False:
        message = "show_interval: false is not applied: the card always shows how far missing values reach"
        document.add(root["missing"], message, "remove it", "show_interval")


def _check_tiers(document: Document, tiers: Sequence[Node]) -> None:
    above: float | None = None
    for tier in tiers:
        word, at = document.word(tier["id"]), document.number(tier["at"])
        if word.lower() in WORDS_FOR_NO_TIER:
            message = f'"{word}" is what the product says when there is no tier'
            document.add(tier, message, "choose another tier id", "id")
        if at is not None and above is not None and at >= above:
            message = f"tiers go from best to worst, but {at:g} is not below {above:g}"
            document.add(tier, message, "lower it or change the order", "at")
        above = at
        for key, child in tier["policy"].entries.items():
            if key not in TierPolicy.__annotations__ and not isinstance(child.value, str | int | float):
                document.add(child, f"expected one value, found {child}", "write a number or a word")
    if above:
        # At the line of the list: what is missing is a tier below this one.
        place = replace(document.root["tiers"], path=f"tiers[{len(tiers) - 1}].at")
        message = f"the last tier begins at {above:g}, so lower scores have no tier"
        document.add(place, message, "set the last `at` to 0")


def _check_movement(document: Document, movement: Node, tiers: Sequence[Node]) -> None:
    bounds = [at for tier in tiers if (at := document.number(tier["at"])) is not None]
    gap = min((high - low for high, low in itertools.pairwise(bounds) if high > low), default=math.inf)
    for key in ("margin_up", "margin_down"):
        margin = document.number(movement[key]) or 0
        if margin >= gap / 2:
            message = f"{margin:g} is not smaller than half the gap between two boundaries ({gap:g})"
            document.add(movement, message, f"use less than {gap / 2:g}", key)
    margin = document.number(movement["margin_up"]) or 0
    if bounds and margin and bounds[0] + margin > 100:
        message = f"nobody can reach {bounds[0]:g} + {margin:g}, the score ends at 100"
        document.add(movement, message, f"use {100 - bounds[0]:g} or less", "margin_up")


def _check_action(document: Document, gate: Node, tiers: Sequence[Node]) -> None:
    given = [key for key in ("cap", "block", "flag") if key in gate]
    if gate.entries and len(given) != 1:
        message = "a gate does exactly one thing, found " + (" and ".join(given) or "none")
        document.add(gate, message, "give one of cap: TIER, block: true, flag: word")
    _check_known(document, gate, "cap", "tier", tiers)


def _check_condition(document: Document, when: Node, dimensions: Sequence[Node]) -> None:
    if not isinstance(when.value, dict):
        return
    on_dimension = "dimension" in when or "missing" in when
    for key in ("dimension", "missing") if on_dimension else ("field",):
        if key not in when:
            document.add(when, f'"{key}" is missing', f'add "{key}:"', key)
    given = [key for key in ("in", *COMPARISONS) if key in when]
    if on_dimension and (others := [key for key in ("field", *given) if key in when]):
        message = f"a condition on a dimension has no {' and no '.join(others)}"
        document.add(when, message, "write when: {dimension: ID, missing: true}")
    elif not on_dimension and len(given) != 1:
        message = "a gate has exactly one condition, found " + (" and ".join(given) or "none")
        remedy = "give one of in: [words], ge, gt, le, lt; write a second gate for another"
        document.add(when, message, remedy)
    _check_known(document, when, "dimension", "dimension", dimensions)
    _check_repeats(document, when["in"])
    if len({type(item.value) for item in when["in"].items if document.known(item) is not None}) > 1:
        remedy = 'use only one kind; put "true" in quotes when it is a word'
        document.add(when, "words and true/false are mixed", remedy, "in")


def _read_fields(document: Document, indicators: Sequence[Node], gates: Sequence[Node]) -> dict[str, Field]:
    """Every field with its type; a problem where an indicator and a gate do not agree about it."""
    fields: dict[str, Field] = {}
    words: dict[str, list[str]] = {}
    said: dict[str, bool] = {}
    for indicator in indicators:
        name = document.word(indicator["id"])
        scores = indicator["score"]["values"].entries
        kind: Kind = "number" if not scores else "bool" if scores.keys() <= SWITCHES.keys() else "word"
        if kind == "word":
            words[name] = [word.strip() for word in scores]
        said[name] = document.known(indicator["sensitive"]) is not False
        fields[name] = Field(id=name, kind=kind, sensitive=said[name], indicator=True, gate=False)
    for gate in gates:
        when = gate["when"]
        name = document.word(when["field"])
        if not name or not document.known(when):
            continue
        values = [document.known(item) for item in when["in"].items]
        kind = "number" if "in" not in when else "bool" if True in values or False in values else "word"
        known = fields.get(name) or Field(id=name, kind=kind, sensitive=True, indicator=False, gate=True)
        if kind != known.kind:
            reader = "its indicator" if known.indicator else "another gate"
            message = f'this gate reads "{name}" as a {kind}, {reader} as a {known.kind}'
            remedy = "use one type for a field (in: words or booleans; ge, gt, le, lt: numbers)"
            document.add(when, message, remedy)
        for word in values:
            # A word that the indicator does not know is missing, so a gate waiting for it would never be hit.
            if isinstance(word, str) and name in words and word.strip() not in words[name]:
                message = f'"{word}" is not among the words of the indicator {name}'
                document.add(when, message, suggest(word, words[name]))
        sensitive = document.known(gate["sensitive"])
        if not isinstance(sensitive, bool):
            sensitive = known.sensitive
        elif said.setdefault(name, sensitive) != sensitive:
            message = f'"{name}" is called sensitive in one place and not in another'
            document.add(gate, message, "say it once", "sensitive")
        fields[name] = replace(known, sensitive=sensitive, gate=True)
    parts: tuple[str, ...] = model.LIMIT_FIELDS if "credit_limit" in document.root else ()
    if model.ZONE in fields:
        parts += (*model.ZONE_RATIOS, *model.ZONE_STATEMENTS)
    for name in parts:
        fields.setdefault(name, Field(id=name, kind="number", sensitive=True, indicator=False, gate=False))
    return fields
