"""The breakdown of stored assessments: derived from their inputs by the one grading function, never stored itself."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from bot.services.schemes.store import names
from bot.wording.parts import DimensionPart, Names, Reason
from db.graded.results import AssessmentRow, RunRow
from db.graded.runs import Assessment, GradingRun
from grading.scheme.model import Scheme, once


@dataclass(frozen=True, kw_only=True)
class Breakdown:
    """One assessment explained, in the words of its scheme; the words are put together for whoever asks.

    Points of `dimensions` add up to the score; `up` and `down` are the indicators worth naming first.
    """

    graded: Any  # a grading.engine.scoring.Grading, and the row of it
    position: int
    scheme: Scheme

    @cached_property
    def data(self) -> dict[str, Any]:
        """Everything about it, as `explain` says it."""
        from grading.explain.breakdown import explain

        return explain(self.graded, self.scheme, self.position)

    @property
    def dimensions(self) -> tuple[DimensionPart, ...]:
        indicators = _indicators(self.scheme)
        parts = []
        for dimension, item in zip(self.scheme.dimensions, self.data["dimensions"], strict=True):
            lines = [line for line in self.data["breakdown"] if line["dimension"] == dimension.id]
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

    @property
    def up(self) -> tuple[Reason, ...]:
        return self._reasons[0]

    @property
    def down(self) -> tuple[Reason, ...]:
        return self._reasons[1]

    @property
    def gates(self) -> tuple[Names, ...]:
        return self._gates(self.data["gates"])

    @property
    def gates_not_assessed(self) -> tuple[Names, ...]:
        return self._gates(self.data["gates_not_assessed"])

    @cached_property
    def _reasons(self) -> tuple[tuple[Reason, ...], tuple[Reason, ...]]:
        from grading.explain.breakdown import lines_of, reasons

        indicators = _indicators(self.scheme)
        up, down = reasons(lines_of(self.graded, self.scheme, self.position))
        return tuple(_reason(item, indicators) for item in up), tuple(
            _reason(item, indicators) for item in down
        )

    def _gates(self, ids: list[str]) -> tuple[Names, ...]:
        return tuple(names(gate.name) for gate in self.scheme.gates if gate.id in ids)


def break_down(
    assessments: Iterable[Assessment | AssessmentRow], run: GradingRun | RunRow, scheme: Scheme
) -> dict[int, Breakdown]:
    """Customer -> breakdown, for assessments of one run."""
    return unpacked({row.customer_id: row.inputs for row in assessments}, run.as_of, scheme)


def unpacked(inputs: Mapping[int, bytes], as_of: date, scheme: Scheme) -> dict[int, Breakdown]:
    """Customer -> breakdown, for stored inputs that were graded as of one day."""
    from grading.engine.inputs import unpack  # numpy: only when something is explained
    from grading.engine.scoring import grade_columns

    graded = grade_columns(unpack(list(inputs.values()), scheme), list(inputs), scheme, as_of)
    return {
        customer: Breakdown(graded=graded, position=position, scheme=scheme)
        for position, customer in enumerate(inputs)
    }


def moved_by(before: Breakdown, after: Breakdown, scheme: Scheme) -> tuple[DimensionPart, ...]:
    """What each dimension added or took between two assessments, largest first; zeros left out."""
    from grading.explain.breakdown import change_by_dimension

    dimension_names = {dimension.id: names(dimension.name) for dimension in scheme.dimensions}
    parts = [
        DimensionPart(names=dimension_names.get(name, Names(en=name, zh=name)), points=points)
        for name, points in change_by_dimension(before.data, after.data)
        if abs(points) >= 0.05
    ]
    return tuple(sorted(parts, key=lambda part: -abs(part.points)))


@once
def _indicators(scheme: Scheme) -> dict[str, tuple[Names, str | None]]:
    """Indicator -> its names and unit."""
    return {indicator.id: (names(indicator.name), indicator.unit) for indicator in scheme.indicators}


def _reason(line: dict[str, Any], indicators: dict[str, tuple[Names, str | None]]) -> Reason:
    known_as, unit = indicators[line["indicator"]]
    return Reason(
        names=known_as,
        unit=unit,
        value=line["value"],
        score=line["score"],
        points=line["points"] or 0.0,
        most=line.get("most"),
        weight=line["weight"],
        missing=line["missing"],
    )
