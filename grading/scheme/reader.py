"""Turns the text of a scheme into a Scheme, or into a SchemeError with every problem of the file."""

from __future__ import annotations

from collections.abc import Sequence

from grading.scheme.gates import read_fields, read_gates
from grading.scheme.model import WORDS_FOR_NO_TIER, Dimension, Scheme, Tier
from grading.scheme.problems import SchemeError
from grading.scheme.rules import (
    read_applies_to,
    read_constants,
    read_credit_limit,
    read_currency,
    read_first_order,
    read_missing,
    read_movement,
    read_override,
    with_parts,
)
from grading.scheme.scores import read_indicator
from grading.scheme.section import Section, describe, read_number
from grading.scheme.text import Document, canonical_hash

CADENCES = ("daily", "week_end", "month_end", "quarter_end", "year_end")
WEIGHT_SLACK = 1e-6  # what 33.3 + 33.3 + 33.4 may be off by as floating-point numbers

_KEYS = (
    "scheme",
    "version",
    "name",
    "record_type",
    "applies_to",
    "currency",
    "constants",
    "as_of",
    "window_months",
    "display_decimals",
    "min_coverage",
    "min_history_months",
    "dimensions",
    "missing",
    "tiers",
    "movement",
    "gates",
    "override",
    "credit_limit",
    "on_first_order",
)


def parse_scheme(text: str, *, source: str) -> Scheme:
    """Read and validate a scheme; `source` is the file name that problems give.

    Raises SchemeError with every problem found, in the order of the file.
    """
    document = Document(text, source)
    top = Section(document, document.root, _KEYS)
    currency = read_currency(top)
    dimensions = _read_dimensions(top, currency)
    tiers = _read_tiers(top)
    gates = read_gates(top, dimensions, tiers)
    record_type = top.choice("record_type", ("account", "prospect"))
    credit_limit = read_credit_limit(top)
    scheme = Scheme(
        scheme=top.identifier("scheme"),
        version=top.whole("version", low=1),
        sha256="" if document.problems else canonical_hash(document.root),
        name=top.name(),
        record_type=record_type,
        applies_to=read_applies_to(top),
        currency=currency,
        constants=read_constants(top),
        as_of=top.choice("as_of", CADENCES, "month_end"),
        window_months=top.whole("window_months", 12, low=1, high=120),
        display_decimals=top.whole("display_decimals", 1, low=0, high=6),
        min_coverage=top.number("min_coverage", 0.0, low=0, high=1),
        min_history_months=top.number("min_history_months", 0.0, low=0),
        dimensions=dimensions,
        missing=read_missing(top),
        tiers=tiers,
        movement=read_movement(top, tiers),
        gates=tuple(gate for gate, _ in gates),
        override=read_override(top),
        credit_limit=credit_limit,
        on_first_order=read_first_order(top, record_type),
        fields=with_parts(read_fields(document, dimensions, gates), credit_limit),
    )
    if document.problems:
        raise SchemeError(document.problems)
    return scheme


def _read_dimensions(top: Section, currency: str | None) -> tuple[Dimension, ...]:
    dimensions: list[Dimension] = []
    seen: dict[str, int] = {}
    seen_indicators: dict[str, int] = {}
    entries = top.items("dimensions")
    for entry in entries:
        section = Section(top.document, entry, ("id", "name", "weight", "min_coverage", "indicators"))
        if not section.usable:
            continue
        items = section.items("indicators")
        read = [read_indicator(top.document, item, seen_indicators, currency) for item in items]
        indicators = tuple(indicator for indicator in read if indicator is not None)
        _check_sum(section, "indicators", [i.weight for i in indicators], len(items))
        dimension = Dimension(
            id=section.identifier() or "",
            name=section.name(),
            weight=section.number("weight", above=0),
            min_coverage=section.number("min_coverage", 0.0, low=0, high=1),
            indicators=indicators,
        )
        _note_twice(section, dimension.id, seen, "dimension")
        dimensions.append(dimension)
    _check_sum(top, "dimensions", [d.weight for d in dimensions], len(entries))
    return tuple(dimensions)


def _check_sum(section: Section, key: str, weights: Sequence[float | None], expected: int) -> None:
    known = [weight for weight in weights if weight is not None]
    if not known or len(known) != expected or abs(sum(known) - 100) <= WEIGHT_SLACK:
        return  # a weight that could not be read has its own problem
    entry = section.keys[key]
    section.document.add(
        entry,
        f"the weights add up to {sum(known):g}, not to 100",
        "change the weights so that they add up to 100",
    )


def _note_twice(section: Section, word: str, seen: dict[str, int], what: str) -> None:
    """A problem when the id was used before."""
    entry = section.keys.get("id")
    if entry is None or not word:
        return
    if word in seen:
        message = f'the {what} id "{word}" is used twice, first in line {seen[word]}'
        section.document.add(entry, message, "give each its own id")
    seen.setdefault(word, entry.line)


def _read_tiers(top: Section) -> tuple[Tier, ...]:
    tiers: list[Tier] = []
    seen: dict[str, int] = {}
    for entry in top.items("tiers"):
        section = Section(top.document, entry, ("id", "at", "name", "policy"))
        if not section.usable:
            continue
        tier = Tier(
            id=section.identifier() or "",
            at=section.number("at", low=0, high=100),
            name=section.name(),
            policy=_read_policy(section),
        )
        _note_twice(section, tier.id, seen, "tier")
        if tier.id.lower() in WORDS_FOR_NO_TIER:
            message = f'"{tier.id}" is what the product says when there is no tier'
            top.document.add(section.keys["id"], message, "choose another tier id")
        above = tiers[-1].at if tiers else None
        if tier.at is not None and above is not None and tier.at >= above:
            message = f"tiers go from best to worst, but {tier.at:g} is not below {above:g}"
            top.document.add(section.keys["at"], message, "lower it or change the order")
        tiers.append(tier)
    if tiers and tiers[-1].at:
        entry = top.keys["tiers"]
        message = f"the last tier begins at {tiers[-1].at:g}, so lower scores have no tier"
        top.document.add(entry, message, "set the last `at` to 0", key=f"tiers[{len(tiers) - 1}].at")
    return tuple(tiers)


def _read_policy(tier: Section) -> dict[str, str | float | bool]:
    entry = tier.get("policy", required=False)
    if entry is None:
        return {}
    if not isinstance(entry.value, dict):
        tier.document.add(
            entry, f"expected keys and values, found {describe(entry)}", "write policy: {key: value}"
        )
        return {}
    policy: dict[str, str | float | bool] = {}
    for key, child in entry.value.items():
        if key in ("terms_days", "limit_factor"):
            number = read_number(tier.document, child)
            if number is not None and number < 0:
                tier.document.add(child, f"{number:g} is below 0", "use 0 or more")
            policy[key] = number or 0.0
        elif isinstance(child.value, str | int | float):
            policy[key] = child.value
        else:
            tier.document.add(
                child, f"expected one value, found {describe(child)}", "write a number or a word"
            )
    return policy
