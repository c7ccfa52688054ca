"""Reads the gates of a scheme, and tells every field's type from the indicator or gate that uses it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from grading.scheme.model import (
    Compare,
    Dimension,
    DimensionMissing,
    Field,
    Gate,
    Indicator,
    Kind,
    Map,
    OneOf,
    Tier,
)
from grading.scheme.problems import suggest
from grading.scheme.scores import TABLE_COLUMNS
from grading.scheme.section import Section, describe
from grading.scheme.text import Document, Node

COMPARISONS = ("ge", "gt", "le", "lt")
ACTIONS = ("cap", "block", "flag")
_KEYS = ("id", "name", "when", *ACTIONS, "clear_after", "sensitive")

ReadGate = tuple[Gate, Section]


def read_gates(top: Section, dimensions: Sequence[Dimension], tiers: Sequence[Tier]) -> list[ReadGate]:
    """All gates, each with the section it was read from (`read_fields` needs its place)."""
    gates: list[ReadGate] = []
    seen: dict[str, int] = {}
    for entry in top.items("gates", required=False):
        section = Section(top.document, entry, _KEYS)
        if not section.usable:
            continue
        when = _read_when(section, [dimension.id for dimension in dimensions])
        gate_id = section.identifier() or ""
        if gate_id and gate_id in seen:
            message = f'the gate id "{gate_id}" is used twice, first in line {seen[gate_id]}'
            top.document.add(section.keys["id"], message, "give each its own id")
        seen.setdefault(gate_id, entry.line)
        name = section.name()
        section.truth("sensitive", True)
        cap, block, flag = _read_action(section, [tier.id for tier in tiers])
        clear_after = section.whole("clear_after", 0, low=0)
        if when is not None:
            gate = Gate(
                id=gate_id, name=name, when=when, cap=cap, block=block, flag=flag, clear_after=clear_after
            )
            gates.append((gate, section))
    return gates


def _read_action(section: Section, tiers: list[str]) -> tuple[str | None, bool, str | None]:
    document = section.document
    given = [key for key in ACTIONS if key in section]
    if len(given) != 1:
        message = "a gate does exactly one thing, found " + (" and ".join(given) or "none")
        document.add(section.entry, message, "give one of cap: TIER, block: true, flag: word")
    cap = section.word("cap", None)
    if cap is not None and tiers and cap not in tiers:
        document.add(section.keys["cap"], f'there is no tier "{cap}"', suggest(cap, tiers))
    block = section.truth("block", None)
    if block is False:
        document.add(
            section.keys["block"], "block: false does nothing", "write block: true or remove the gate"
        )
    return cap, bool(block), section.word("flag", None)


def _read_when(gate: Section, dimensions: list[str]) -> Compare | OneOf | DimensionMissing | None:
    entry = gate.get("when")
    if entry is None:
        return None
    document = gate.document
    section = Section(document, entry, ("field", "in", *COMPARISONS, "dimension", "missing"))
    if not section.usable:
        return None
    if "dimension" in section or "missing" in section:
        return _read_dimension_missing(section, dimensions)
    field = section.identifier("field")
    if field in TABLE_COLUMNS:
        document.add(
            section.keys["field"], f'"{field}" is a column of every table, not a field', "choose another id"
        )
    given = [key for key in ("in", *COMPARISONS) if key in section]
    if len(given) != 1:
        message = "a gate has exactly one condition, found " + (" and ".join(given) or "none")
        document.add(
            entry, message, "give one of in: [words], ge, gt, le, lt; write a second gate for another"
        )
        return None
    if given[0] == "in":
        values = _read_values(section)
        return OneOf(field=field or "", values=values) if values else None
    limit = section.number(given[0])
    comparison: Any = given[0]
    return None if limit is None else Compare(field=field or "", comparison=comparison, limit=limit)


def _read_dimension_missing(section: Section, dimensions: list[str]) -> DimensionMissing | None:
    others = [key for key in section.keys if key not in ("dimension", "missing")]
    if others:
        message = f"a condition on a dimension has no {' and no '.join(others)}"
        section.document.add(section.entry, message, "write when: {dimension: ID, missing: true}")
    dimension = section.word("dimension")
    if dimension is not None and dimensions and dimension not in dimensions:
        message = f'there is no dimension "{dimension}"'
        section.document.add(section.keys["dimension"], message, suggest(dimension, dimensions))
    if section.truth("missing") is False:
        message = "only missing: true can be asked for"
        section.document.add(section.keys["missing"], message, "write missing: true")
    return DimensionMissing(dimension=dimension) if dimension is not None else None


def _read_values(section: Section) -> tuple[Any, ...]:
    document = section.document
    read: list[Any] = []
    for item in section.items("in"):
        value = item.value.strip() if isinstance(item.value, str) else item.value
        if not isinstance(value, bool) and (not isinstance(value, str) or not value):
            remedy = "use words or true/false; compare numbers with ge, gt, le or lt"
            document.add(item, f"expected a word or true/false, found {describe(item)}", remedy)
        elif value in read:
            document.add(item, f"{describe(item)} stands twice", "keep it once")
        else:
            read.append(value)
    if len({type(value) for value in read}) > 1:
        remedy = 'use only one kind; put "true" in quotes when it is a word'
        document.add(section.keys["in"], "words and true/false are mixed", remedy)
    return tuple(read)


def read_fields(
    document: Document, dimensions: Sequence[Dimension], gates: Sequence[ReadGate]
) -> dict[str, Field]:
    """Every field with its type; a problem where an indicator and a gate disagree about it."""
    indicators = {i.id: i for dimension in dimensions for i in dimension.indicators if i.id}
    fields = {
        i.id: Field(id=i.id, kind=i.kind, sensitive=i.sensitive, indicator=True, gate=False)
        for i in indicators.values()
    }
    said: dict[str, bool] = {}
    for gate, section in gates:
        if not gate.field:
            continue
        place = section.keys["when"]
        kind = _kind(gate)
        known = fields.get(gate.field)
        if known is not None and known.kind != kind:
            user = "its indicator" if known.indicator else "another gate"
            message = f'this gate reads "{gate.field}" as a {kind}, {user} as a {known.kind}'
            document.add(
                place, message, "use one type for a field (in: words or booleans; ge, gt, le, lt: numbers)"
            )
        elif gate.field in indicators:
            _check_words(document, place, gate, indicators[gate.field])
        sensitive = known.sensitive if known is not None else True
        if "sensitive" in section:
            sensitive = bool(section.keys["sensitive"].value)
            if (known is not None and known.indicator and known.sensitive != sensitive) or (
                said.get(gate.field, sensitive) != sensitive
            ):
                message = f'"{gate.field}" is called sensitive in one place and not in another'
                document.add(section.keys["sensitive"], message, "say it once")
            said[gate.field] = sensitive
        fields[gate.field] = Field(
            id=gate.field,
            kind=known.kind if known else kind,
            sensitive=sensitive,
            indicator=gate.field in indicators,
            gate=True,
        )
    return fields


def _kind(gate: Gate) -> Kind:
    if isinstance(gate.when, OneOf):
        return "bool" if gate.when.values and isinstance(gate.when.values[0], bool) else "word"
    return "number"


def _check_words(document: Document, place: Node, gate: Gate, indicator: Indicator) -> None:
    """A word that the indicator does not know is missing, so a gate waiting for it would never be hit."""
    if not isinstance(indicator.score, Map) or not isinstance(gate.when, OneOf):
        return
    known = [str(word) for word in indicator.score.values]
    for word in gate.when.values:
        if word not in indicator.score.values:
            message = f'"{word}" is not among the words of the indicator {indicator.id}'
            document.add(place, message, suggest(str(word), known))
