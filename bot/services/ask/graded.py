"""A customer's newest assessment: its breakdown, the one before it, and what caps its tier or sets it by hand."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from typing import Any

from sqlmodel import Session

from bot.errors import N_, NotFound
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.ask.masks import masked_fields
from bot.services.schemes.store import SchemeCache, TierNames, tiers_of
from bot.wording.actions import Pointer
from bot.wording.parts import MASKED, ByHand, CapState, DimensionPart, MovedFigure, Reason, Since
from db.book.customers import CustomerRow
from db.graded import assessments, overrides
from db.graded.runs import Assessment, GradingRun
from grading.engine.inputs import unpack
from grading.engine.scoring import grade_columns
from grading.explain.breakdown import Printed, change_by_dimension, explain, lines_of, print_points, reasons
from grading.scheme.model import MULTIPLES, WORDS_FOR_NO_TIER, Indicator, Map, Name, Scheme

LEAST_MOVE = 0.05  # points; less is shown as 0.0
MOST_FIGURES = 3  # that an alert names
Value = float | str | bool | None


@dataclass(frozen=True, kw_only=True)
class Breakdown:
    """An assessment in points: derived from its stored inputs by the one grading function, never stored itself.

    Points of `dimensions` add up to the shown score; `up_and_down` are the indicators to name first.
    """

    graded: Any  # a grading.engine.scoring.Grading, and the row of it
    position: int
    scheme: Scheme

    @cached_property
    def data(self) -> dict[str, Any]:
        """What `grading.explain.breakdown.explain` says of it."""
        return explain(self.graded, self.scheme, self.position)

    @property
    def dimensions(self) -> tuple[DimensionPart, ...]:
        dimensions, points = self.printed
        return tuple(
            DimensionPart(
                names=dimension.name,
                points=dimensions[dimension.id].points,
                most=dimensions[dimension.id].most,
                score=item["score"],
                weight=item["weight"],
                left_out=not item["effective_weight"],
                known=item["coverage"],
                needed=dimension.min_coverage,
                reasons=tuple(
                    _reason(line, self.scheme, points)
                    for line in self.data["breakdown"]
                    if line["dimension"] == dimension.id
                ),
            )
            for dimension, item in zip(self.scheme.dimensions, self.data["dimensions"], strict=True)
        )

    @cached_property
    def up_and_down(self) -> tuple[tuple[Reason, ...], ...]:
        """The indicators that lift the score most, and those that hold it back most."""
        _, points = self.printed
        both = reasons(lines_of(self.graded, self.scheme, self.position))
        return tuple(tuple(_reason(line, self.scheme, points) for line in lines) for lines in both)

    @cached_property
    def printed(self) -> tuple[dict[str, Printed], dict[str, Printed]]:
        """Points by dimension and by indicator, rounded so that they add up as they are read."""
        return print_points(self.graded, self.scheme, self.position)

    def gates(self, which: str) -> tuple[Name, ...]:
        """The names of `gates` (hit) or `gates_not_assessed`."""
        return tuple(gate.name for gate in self.scheme.gates if gate.id in self.data[which])


@dataclass(frozen=True, kw_only=True)
class Graded:
    """One assessment of a customer with its run and scheme, and the one of an earlier day before it."""

    assessment: Assessment
    run: GradingRun
    scheme: Scheme
    previous: "Graded | None" = None

    @cached_property
    def breakdown(self) -> Breakdown:
        row = self.assessment
        return break_down({row.customer_id: row.inputs}, self.run.as_of, self.scheme)[row.customer_id]

    @property
    def since(self) -> Since:
        """This tier and score as an earlier one of the customer."""
        return Since(
            tier=tiers_of(self.scheme).tier(self.assessment.tier),
            score=self.assessment.score,
            as_of=self.run.as_of,
        )


def graded_for(
    session: Session,
    scheme_cache: SchemeCache,
    actor: Actor,
    act: Act,
    meant: int | Pointer,
    since: date | None = None,
) -> tuple[CustomerRow, Graded]:
    """A graded customer, if the actor may do that to it. Raises NotFound if not, and before its first assessment."""
    customer = access.customer_for(session, actor, act, meant)
    graded = graded_of(session, scheme_cache, customer, since)
    if graded is None:
        raise NotFound(N_("This customer has not been graded yet."))
    return customer, graded


def graded_of(
    session: Session, scheme_cache: SchemeCache, customer: CustomerRow, since: date | None = None
) -> Graded | None:
    """The newest assessment with the one before it: of an earlier day, or with `since` the one in force on that day.

    None before the first, and where no scheme applies to the customer.
    """
    newest = assessments.newest(session, customer.id, customer.record_type)
    earlier = newest[1:]
    if since is not None and newest:
        day, past = newest[0][1].as_of, assessments.history(session, customer.id, customer.record_type)
        earlier = [(row, run) for row, run in past if run.as_of <= since and run.as_of < day][-1:]
    graded: Graded | None = None
    for row, run in (*earlier, *newest[:1]):
        if row.scheme_version_id is None:
            graded = None
            continue
        scheme = scheme_cache.scheme(session, row.scheme_version_id)
        graded = Graded(assessment=row, run=run, scheme=scheme, previous=graded)
    return graded


def break_down(inputs: Mapping[int, bytes], as_of: date, scheme: Scheme) -> dict[int, Breakdown]:
    """Customer -> breakdown, for stored inputs that were graded as of one day."""
    graded = grade_columns(unpack(list(inputs.values()), scheme), list(inputs), scheme, as_of)
    return {
        customer: Breakdown(graded=graded, position=position, scheme=scheme)
        for position, customer in enumerate(inputs)
    }


def moved_by(before: Breakdown, after: Breakdown) -> tuple[DimensionPart, ...]:
    """What each dimension added or took between two assessments, largest first; zeros left out."""
    names = {dimension.id: dimension.name for dimension in after.scheme.dimensions}
    parts = [
        DimensionPart(names=names.get(dimension, Name(en=dimension, zh=dimension)), points=points)
        for dimension, points in change_by_dimension(before.data, after.data)
        if abs(points) >= LEAST_MOVE
    ]
    return tuple(sorted(parts, key=lambda part: -abs(part.points)))


def figures_behind(
    before: Breakdown, after: Breakdown, *, up: bool, all_values: bool
) -> tuple[MovedFigure, ...]:
    """The changed values that moved a score most in the tier's direction; of sensitive fields only with `all_values`.

    Values that are masked are in no message.

    What an indicator moves is counted from the score before: one that was missing weighed on nothing.
    """
    middle = before.data["exact_score"]
    if middle is None:
        return ()
    earlier = {line["indicator"]: line for line in before.data["breakdown"]}
    indicators, fields = _indicators(after.scheme), after.scheme.fields
    masked, moved = masked_fields(after.scheme), []
    for line in after.data["breakdown"]:
        was = earlier.get(line["indicator"])
        if was is None or was["value"] == line["value"]:
            continue
        points = _lift(line, middle) - _lift(was, middle)
        if abs(points) >= LEAST_MOVE and (points > 0) == up:
            moved.append((abs(points), line, was))
    moved.sort(key=lambda item: -item[0])
    figures = []
    for _, line, was in moved[:MOST_FIGURES]:
        indicator = indicators[line["indicator"]]
        visible = indicator.id not in masked and (all_values or not fields[indicator.id].sensitive)
        figures.append(
            MovedFigure(
                names=indicator.name,
                unit=unit_as_read(indicator),
                better=up,
                shown=visible,
                before=as_read(indicator, was["value"]) if visible else None,
                after=as_read(indicator, line["value"]) if visible else None,
            )
        )
    return tuple(figures)


def _lift(line: dict[str, Any], middle: float) -> float:
    """By how many points an indicator lifts a score above another one."""
    return 0.0 if line["score"] is None else line["effective_weight"] * (line["score"] - middle)


def is_provisional(graded: Graded) -> bool:
    """Whether less is known than the scheme asks for."""
    return graded.assessment.coverage < graded.scheme.min_coverage - 1e-9


def standing_now(row: Assessment) -> str | None:
    """The tier by movement, before caps and override. An interim run may have moved it without changing the state."""
    plain = row.tier not in WORDS_FOR_NO_TIER and not (row.capped_by or row.overridden or row.held)
    return row.tier if plain else row.standing


def cap(graded: Graded) -> CapState | None:
    """The gate that lowers the tier, and how many clean snapshots it still waits for."""
    row = graded.assessment
    gate = next((gate for gate in graded.scheme.gates if gate.id == row.capped_by), None)
    if gate is None:
        return None
    return CapState(
        gate=gate.name,
        hit=gate.id in graded.breakdown.data["gates"],
        assessed=gate.id not in graded.breakdown.data["gates_not_assessed"],
        clean_left=max(gate.clear_after - clean_counts(row).get(gate.id, 0), 0),
    )


def clean_counts(row: Assessment) -> dict[str, int]:
    """Gates in force -> the clean snapshots in a row they have seen."""
    counts: dict[str, int] = json.loads(row.clean) if row.clean else {}
    return counts


def by_hand(session: Session, graded: Graded, book: TierNames) -> ByHand | None:
    """Who set the tier, until when, and what it would be."""
    row = graded.assessment
    if not row.overridden:
        return None
    decision = overrides.open_override(session, row.customer_id, graded.run.purpose)
    if decision is None:
        return None
    return ByHand(
        until=decision.expires_on,
        by=decision.set_by,
        reason=decision.reason,
        computed=book.tier(row.standing) if row.standing else None,
    )


def unit_as_read(indicator: Indicator) -> str | None:
    """The unit in which people read the values of an indicator: `times` for a ratio that is a multiple."""
    return "times" if indicator.unit == "ratio" and indicator.id in MULTIPLES else indicator.unit


@lru_cache(maxsize=64)
def _indicators(scheme: Scheme) -> dict[str, Indicator]:
    return {indicator.id: indicator for indicator in scheme.indicators}


def shown(scheme: Scheme, indicator: Indicator, value: Value) -> Value | Name:
    """A customer's value as people read it, or the mask in its place."""
    masks = value is not None and indicator.id in masked_fields(scheme)
    return MASKED if masks else as_read(indicator, value)


def as_read(indicator: Indicator, value: Value) -> Value | Name:
    """A value as people read it: the name of a word that has one."""
    if isinstance(value, str) and isinstance(indicator.score, Map):
        return indicator.score.names.get(value, value)
    return value


def _reason(line: dict[str, Any], scheme: Scheme, printed: dict[str, Printed]) -> Reason:
    indicator = _indicators(scheme)[line["indicator"]]
    return Reason(
        names=indicator.name,
        unit=unit_as_read(indicator),
        value=shown(scheme, indicator, line["value"]),
        score=line["score"],
        points=printed[indicator.id].points,
        most=printed[indicator.id].most,
        weight=line["weight"],
        missing=line["missing"],
    )
