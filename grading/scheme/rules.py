"""Checks the values of a scheme file against each other.

A value that has a fault of its own counts as unknown here, so that one mistake is reported once.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence
from dataclasses import replace

from grading.phrases import N_, Phrase
from grading.scheme import model
from grading.scheme.model import COMPARISONS, WINDOW_MONTHS, WORDS_FOR_NO_TIER, Field, Kind, TierPolicy
from grading.scheme.problems import MISSING, listed, suggest
from grading.scheme.text import NOT_A_WORD, SWITCHES, Document, Node

WEIGHT_SLACK = 1e-6  # what 33.3 + 33.3 + 33.4 may be off by as floating-point numbers
_AND = N_("%(words)s and %(word)s")
_REMOVE = Phrase(N_("remove it"))
_KINDS = {"number": N_("a number"), "word": N_("a word"), "bool": N_("a bool")}
_PAIRS = {  # key -> only one of them, one that is not greater than the one before, and the remedy
    "knots": (
        N_("one knot is not enough"),
        N_("%(value)s is not greater than the value before it (%(before)s)"),
        N_("put the knots in rising order, each value once"),
    ),
    "bands": (
        N_("one band is not enough"),
        N_("%(value)s is not greater than the lower bound before it (%(before)s)"),
        N_("put the bands in rising order, each lower bound once"),
    ),
}


def check(document: Document, *, published: bool) -> dict[str, Field]:
    """Add a problem for every value that does not agree with another one; return the fields of the scheme.

    A key that is not applied is a problem too, except in a version that was published with it.
    """
    root = document.root
    dimensions, tiers, gates = (root[key].items for key in ("dimensions", "tiers", "gates"))
    indicators = [indicator for dimension in dimensions for indicator in dimension["indicators"].items]
    own_id = N_("give each its own id")
    _check_ids(
        document, dimensions, N_('the dimension id "%(id)s" is used twice, first in line %(line)s'), own_id
    )
    _check_ids(
        document,
        indicators,
        N_('the indicator id "%(id)s" is used twice, first in line %(line)s'),
        N_("give each its own id, in all dimensions"),
    )
    _check_ids(document, tiers, N_('the tier id "%(id)s" is used twice, first in line %(line)s'), own_id)
    _check_ids(document, gates, N_('the gate id "%(id)s" is used twice, first in line %(line)s'), own_id)
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
        message = Phrase(N_("only prospects have a first order to wait for"))
        document.add(root, message, _REMOVE, "on_first_order")
    return _read_fields(document, indicators, gates)


def _check_ids(document: Document, entries: Sequence[Node], message: str, remedy: str) -> None:
    lines: dict[str, int] = {}
    for entry in entries:
        word = document.word(entry["id"])
        if word in lines:
            document.add(entry, Phrase(message, id=word, line=lines[word]), Phrase(remedy), "id")
        elif word:
            lines[word] = entry["id"].line


def _check_weights(document: Document, parent: Node, key: str) -> None:
    weights = [document.number(entry["weight"]) for entry in parent[key].items]
    known = [weight for weight in weights if weight is not None]
    if known and len(known) == len(weights) and abs(sum(known) - 100) > WEIGHT_SLACK:
        message = Phrase(N_("the weights add up to %(sum)s, not to 100"), sum=f"{sum(known):g}")
        document.add(parent, message, Phrase(N_("change the weights so that they add up to 100")), key)


def _check_repeats(document: Document, words: Node) -> None:
    seen = []
    for item in words.items:
        value = document.word(item) or document.known(item)
        if value is not None and value in seen:
            message = Phrase(N_("%(word)s stands twice"), word=item.shown)
            document.add(item, message, Phrase(N_("keep one of them")))
        seen.append(value)


def _check_known(document: Document, node: Node, key: str, message: str, entries: Sequence[Node]) -> None:
    word, known = document.word(node[key]), [entry["id"].value for entry in entries]
    if word and known and None not in known and word not in known:
        document.add(node, Phrase(message, id=word), suggest(word, map(str, known)), key)


def _check_indicator(document: Document, indicator: Node) -> None:
    unit, currency = document.word(indicator["unit"]), document.word(document.root["currency"])
    if currency not in ("", unit) and re.fullmatch("[A-Z]{3}", unit):
        message = Phrase(
            N_("the unit is %(unit)s, but the scheme's currency is %(currency)s"),
            unit=unit,
            currency=currency,
        )
        document.add(indicator, message, Phrase(N_("give the knots in the scheme's currency")), "unit")


def _check_curve(document: Document, score: Node) -> None:
    for key, (one, not_rising, rise) in _PAIRS.items():
        pairs = score[key].items
        if len(pairs) == 1:
            document.add(score, Phrase(one), Phrase(N_("give at least two")), key)
        nodes = [pair.items[0] for pair in pairs if len(pair.items) == 2]
        known = [(node, x) for node in nodes if (x := document.number(node)) is not None]
        for (_, before), (node, x) in itertools.pairwise(known):
            if x <= before:
                message = Phrase(not_rising, value=f"{x:g}", before=f"{before:g}")
                document.add(node, message, Phrase(rise))
    low = document.number(score["min"])
    if low is not None and low == document.number(score["max"]):
        message = Phrase(N_("min and max are both %(value)s"), value=f"{low:g}")
        document.add(score, message, Phrase(N_("make them differ")), "max")


def _check_words(document: Document, values: Node) -> None:
    if values.value == {}:
        remedy = Phrase(N_("write values: {word: score, other: score}"))
        document.add(values, Phrase(N_("there is no word here")), remedy)
    for key, score in values.entries.items():
        if key not in SWITCHES and (key.startswith(NOT_A_WORD) or not key.strip()):
            word = key.removeprefix(NOT_A_WORD)
            remedy = Phrase(N_('put it in quotes ("%(word)s"), or use points or bands'), word=word)
            document.add(score, Phrase(N_('"%(word)s" is not a word'), word=word), remedy)
    if 0 < len(values.entries.keys() & SWITCHES) < len(values.entries):
        remedy = Phrase(N_("use only true and false, or put them in quotes"))
        document.add(values, Phrase(N_("true/false stand beside words")), remedy)


def _check_names(document: Document, score: Node) -> None:
    words = [key.strip() for key in score["values"].entries if not key.startswith(NOT_A_WORD)]
    for key, name in score["names"].entries.items():
        if key in SWITCHES:
            message = Phrase(N_("true and false are shown as yes and no"))
            document.add(name, message, Phrase(N_("remove this name")))
        elif key.strip() not in words:
            word = key.removeprefix(NOT_A_WORD)
            message = Phrase(N_('"%(word)s" is not among the words that are scored'), word=word)
            document.add(name, message, suggest(key, words))


def _check_applied(document: Document) -> None:
    """Add a problem for every key whose value would not change anything."""
    root = document.root
    months = document.number(root["window_months"])
    if months not in (None, WINDOW_MONTHS):
        message = Phrase(
            N_(
                "window_months: %(months)s is not applied: a computed indicator looks back as far as its name says"
            ),
            months=f"{months:g}",
        )
        remedy = Phrase(N_("remove it, and raise version: if the scheme was used"))
        document.add(root, message, remedy, "window_months")
    if document.known(root["missing"]["show_interval"]) is False:
        message = Phrase(
            N_("show_interval: false is not applied: the card always shows how far missing values reach")
        )
        document.add(root["missing"], message, _REMOVE, "show_interval")


def _check_tiers(document: Document, tiers: Sequence[Node]) -> None:
    above: float | None = None
    for tier in tiers:
        word, at = document.word(tier["id"]), document.number(tier["at"])
        if word.lower() in WORDS_FOR_NO_TIER:
            message = Phrase(N_('"%(word)s" is what the product says when there is no tier'), word=word)
            document.add(tier, message, Phrase(N_("choose another tier id")), "id")
        if at is not None and above is not None and at >= above:
            message = Phrase(
                N_("tiers go from best to worst, but %(at)s is not below %(above)s"),
                at=f"{at:g}",
                above=f"{above:g}",
            )
            document.add(tier, message, Phrase(N_("lower it or change the order")), "at")
        above = at
        for key, child in tier["policy"].entries.items():
            if key not in TierPolicy.__annotations__ and not isinstance(child.value, str | int | float):
                message = Phrase(N_("expected one value, found %(found)s"), found=child.found)
                document.add(child, message, Phrase(N_("write a number or a word")))
    if above:
        # At the line of the list: what is missing is a tier below this one.
        place = replace(document.root["tiers"], path=f"tiers[{len(tiers) - 1}].at")
        message = Phrase(N_("the last tier begins at %(at)s, so lower scores have no tier"), at=f"{above:g}")
        document.add(place, message, Phrase(N_("set the last `at` to 0")))


def _check_movement(document: Document, movement: Node, tiers: Sequence[Node]) -> None:
    bounds = [at for tier in tiers if (at := document.number(tier["at"])) is not None]
    gap = min((high - low for high, low in itertools.pairwise(bounds) if high > low), default=math.inf)
    for key in ("margin_up", "margin_down"):
        margin = document.number(movement[key]) or 0
        if margin >= gap / 2:
            message = Phrase(
                N_("%(margin)s is not smaller than half the gap between two boundaries (%(gap)s)"),
                margin=f"{margin:g}",
                gap=f"{gap:g}",
            )
            remedy = Phrase(N_("use less than %(limit)s"), limit=f"{gap / 2:g}")
            document.add(movement, message, remedy, key)
    margin = document.number(movement["margin_up"]) or 0
    if bounds and margin and bounds[0] + margin > 100:
        message = Phrase(
            N_("nobody can reach %(at)s + %(margin)s, the score ends at 100"),
            at=f"{bounds[0]:g}",
            margin=f"{margin:g}",
        )
        remedy = Phrase(N_("use %(limit)s or less"), limit=f"{100 - bounds[0]:g}")
        document.add(movement, message, remedy, "margin_up")


def _check_action(document: Document, gate: Node, tiers: Sequence[Node]) -> None:
    given = [key for key in ("cap", "block", "flag") if key in gate]
    if gate.entries and len(given) != 1:
        message = Phrase(N_("a gate does exactly one thing, found %(keys)s"), keys=listed(given, _AND))
        document.add(gate, message, Phrase(N_("give one of cap: TIER, block: true, flag: word")))
    _check_known(document, gate, "cap", N_('there is no tier "%(id)s"'), tiers)


def _check_condition(document: Document, when: Node, dimensions: Sequence[Node]) -> None:
    if not isinstance(when.value, dict):
        return
    on_dimension = "dimension" in when or "missing" in when
    for key in ("dimension", "missing") if on_dimension else ("field",):
        if key not in when:
            message, remedy = (Phrase(text, key=key) for text in MISSING)
            document.add(when, message, remedy, key)
    given = [key for key in ("in", *COMPARISONS) if key in when]
    if on_dimension and (others := [key for key in ("field", *given) if key in when]):
        keys = listed(others, N_("%(words)s and no %(word)s"))
        message = Phrase(N_("a condition on a dimension has no %(keys)s"), keys=keys)
        document.add(when, message, Phrase(N_("write when: {dimension: ID, missing: true}")))
    elif not on_dimension and len(given) != 1:
        message = Phrase(N_("a gate has exactly one condition, found %(keys)s"), keys=listed(given, _AND))
        remedy = Phrase(N_("give one of in: [words], ge, gt, le, lt; write a second gate for another"))
        document.add(when, message, remedy)
    _check_known(document, when, "dimension", N_('there is no dimension "%(id)s"'), dimensions)
    _check_repeats(document, when["in"])
    if len({type(item.value) for item in when["in"].items if document.known(item) is not None}) > 1:
        remedy = Phrase(N_('use only one kind; put "true" in quotes when it is a word'))
        document.add(when, Phrase(N_("words and true/false are mixed")), remedy, "in")


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
            other = (
                N_('this gate reads "%(field)s" as %(kind)s, its indicator as %(other)s')
                if known.indicator
                else N_('this gate reads "%(field)s" as %(kind)s, another gate as %(other)s')
            )
            message = Phrase(other, field=name, kind=Phrase(_KINDS[kind]), other=Phrase(_KINDS[known.kind]))
            remedy = Phrase(N_("use one type for a field (in: words or booleans; ge, gt, le, lt: numbers)"))
            document.add(when, message, remedy)
        for word in values:
            # A word that the indicator does not know is missing, so a gate waiting for it would never be hit.
            if isinstance(word, str) and name in words and word.strip() not in words[name]:
                message = Phrase(
                    N_('"%(word)s" is not among the words of the indicator %(indicator)s'),
                    word=word,
                    indicator=name,
                )
                document.add(when, message, suggest(word, words[name]))
        sensitive = document.known(gate["sensitive"])
        if not isinstance(sensitive, bool):
            sensitive = known.sensitive
        elif said.setdefault(name, sensitive) != sensitive:
            message = Phrase(
                N_('"%(field)s" is called sensitive in one place and not in another'), field=name
            )
            document.add(gate, message, Phrase(N_("say it once")), "sensitive")
        fields[name] = replace(known, sensitive=sensitive, gate=True)
    parts: tuple[str, ...] = model.LIMIT_FIELDS if "credit_limit" in document.root else ()
    if model.ZONE in fields:
        parts += (*model.ZONE_RATIOS, *model.ZONE_STATEMENTS)
    for name in parts:
        fields.setdefault(name, Field(id=name, kind="number", sensitive=True, indicator=False, gate=False))
    return fields
