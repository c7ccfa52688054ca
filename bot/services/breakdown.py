"""The breakdown of stored assessments: derived from their inputs by the one grading function, never stored itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bot.parts import DimensionPart, Names, Reason
from bot.services.schemes import names
from db.grading import Assessment, GradingRun
from grading.scheme import Scheme
from grading.scheme_model import Indicator


@dataclass(frozen=True, kw_only=True)
class Breakdown:
    """One assessment explained, in the words of its scheme.

    Points of `dimensions` add up to the score; `up` and `down` are the indicators worth naming first.
    """

    dimensions: tuple[DimensionPart, ...]
    up: tuple[Reason, ...]
    down: tuple[Reason, ...]
    gates: tuple[Names, ...]
    gates_not_assessed: tuple[Names, ...]
    data: dict[str, Any]


def break_down(assessments: Iterable[Assessment], run: GradingRun, scheme: Scheme) -> dict[int, Breakdown]:
    """Customer -> breakdown, for assessments of one run."""
    from grading.explanation import explain, reasons  # numpy: only when something is explained
    from grading.inputs import unpack
    from grading.scoring import grade_columns

    inputs = {row.customer_id: row.inputs for row in assessments}
    graded = grade_columns(unpack(list(inputs.values()), scheme), list(inputs), scheme, run.as_of)
    indicators = {indicator.id: indicator for indicator in scheme.indicators}
    found = {}
    for position, customer in enumerate(inputs):
        data = explain(graded, scheme, position)
        up, down = reasons(data)
        found[customer] = Breakdown(
            dimensions=_dimensions(data, scheme, indicators),
            up=tuple(_reason(item, indicators) for item in up),
            down=tuple(_reason(item, indicators) for item in down),
            gates=_gates(scheme, data["gates"]),
            gates_not_assessed=_gates(scheme, data["gates_not_assessed"]),
            data=data,
        )
    return found


def moved_by(before: Breakdown, after: Breakdown, scheme: Scheme) -> tuple[DimensionPart, ...]:
    """What each dimension added or took between two assessments, largest first; zeros left out."""
    from grading.explanation import change_by_dimension

    dimension_names = {dimension.id: names(dimension.name) for dimension in scheme.dimensions}
    parts = [
        DimensionPart(names=dimension_names.get(name, Names(en=name, zh=name)), points=points)
        for name, points in change_by_dimension(before.data, after.data)
        if abs(points) >= 0.05
    ]
    return tuple(sorted(parts, key=lambda part: -abs(part.points)))


def _dimensions(
    data: dict[str, Any], scheme: Scheme, indicators: dict[str, Indicator]
) -> tuple[DimensionPart, ...]:
    parts = []
    for dimension, item in zip(scheme.dimensions, data["dimensions"], strict=True):
        lines = [line for line in data["breakdown"] if line["dimension"] == dimension.id]
        parts.append(
            DimensionPart(
                names=names(dimension.name),
                points=item["points"] or 0.0,
                score=item["score"],
                weight=item["weight"],
                reasons=tuple(_reason(line, indicators) for line in lines),
            )
        )
    return tuple(parts)


def _reason(line: dict[str, Any], indicators: dict[str, Indicator]) -> Reason:
    indicator = indicators[line["indicator"]]
    return Reason(
        names=names(indicator.name),
        unit=indicator.unit,
        value=line["value"],
        score=line["score"],
        points=line["points"] or 0.0,
        most=line.get("most"),
        weight=line["weight"],
        missing=line["missing"],
    )


def _gates(scheme: Scheme, ids: list[str]) -> tuple[Names, ...]:
    return tuple(names(gate.name) for gate in scheme.gates if gate.id in ids)
