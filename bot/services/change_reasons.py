"""What moved a customer from one tier to another: a gate, values that became too old, and what dimensions and figures did."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from bot.services.ask.graded import (
    LEAST_MOVE,
    Breakdown,
    clean_counts,
    figures_behind,
    moved_by,
    standing_now,
)
from bot.wording.parts import DimensionPart, GateMove, MovedFigure
from db.graded.runs import Assessment
from grading.engine.scoring import grade_columns
from grading.explain.missing_facts import why_missing
from grading.scheme.model import Gate, Indicator, Name


@dataclass(frozen=True, kw_only=True)
class AssessedState:
    """A stored assessment with its breakdown and its day."""

    row: Assessment
    breakdown: Breakdown
    as_of: date

    @property
    def gates(self) -> list[Gate]:
        """The gates that act on the tier: hit, or not yet cleared."""
        data, counts = self.breakdown.data, clean_counts(self.row)
        # An interim run keeps the counts of the last snapshot, also of a gate that it has cleared.
        return [
            gate
            for gate in self.breakdown.scheme.gates
            if gate.id in data["gates"]
            or (gate.id in counts and (gate.clear_after or gate.id in data["gates_not_assessed"]))
        ]


@dataclass(frozen=True, kw_only=True)
class Reasons:
    """Why a tier moved `up` or down, from the assessments before and after, and the one before the move `began`."""

    before: AssessedState
    after: AssessedState
    up: bool
    began: AssessedState | None = None  # unless that is `before`

    @property
    def base(self) -> AssessedState:
        """The assessment that score and figures are compared with: the last one before the move began."""
        return self.began if self.began and not self.by_gate_alone else self.before

    @cached_property
    def gate(self) -> GateMove | None:
        """The gate that began or ended, where the tier would be another one without that."""
        old, old_gate = self._limit(self.before)
        new, new_gate = self._limit(self.after)
        if old == new or (old > new) != self.up:
            return None
        score = self._rank_by_score(self.after)
        if score is not None and max(score, old) == max(score, new):
            return None
        gate = old_gate if self.up else new_gate
        assert gate is not None  # the stricter of two limits is set by a gate
        weaker = new_gate if self.up and self.after.row.capped_by else None
        return GateMove(
            gate=gate.name, block=gate.block, ended=self.up, weaker=weaker.name if weaker else None
        )

    @cached_property
    def by_gate_alone(self) -> bool:
        """Whether the tier that the score gives would have led to the same tier as before under the gates of now."""
        if self.gate is None:
            return False
        limit, _ = self._limit(self.after)
        before, after = self._rank_by_score(self.before), self._rank_by_score(self.after)
        return before is None or after is None or max(before, limit) == max(after, limit)

    @cached_property
    def aged(self) -> tuple[Name, ...]:
        """The indicators that counted before, have become too old since, and pushed the score where the tier moved."""
        pushed = self._sign * self._points_by_age
        if self.by_gate_alone or not pushed >= LEAST_MOVE:
            return ()
        return tuple(indicator.name for indicator in self._too_old)

    @property
    def by_age(self) -> bool:
        """Whether values that became too old made at least half of the change of the score."""
        return bool(self.aged) and 2 * self._sign * self._points_by_age >= self._sign * self._points

    @property
    def parts(self) -> tuple[DimensionPart, ...]:
        """What dimensions added or took; none where a gate alone moved the tier, or the rules changed before the move."""
        if self.by_gate_alone or (self.base is self.began and not self._same_rules):
            return ()
        return moved_by(self._without_aged, self.after.breakdown)

    def figures(self, *, all_values: bool) -> tuple[MovedFigure, ...]:
        """The changed values behind the move."""
        if self.by_gate_alone:
            return ()
        return figures_behind(self._without_aged, self.after.breakdown, up=self.up, all_values=all_values)

    @property
    def _sign(self) -> int:
        return 1 if self.up else -1

    @property
    def _same_rules(self) -> bool:
        return self.base.row.scheme_version_id == self.after.row.scheme_version_id

    @cached_property
    def _ranks(self) -> Mapping[str | None, int]:
        return {tier.id: place for place, tier in enumerate(self.after.breakdown.scheme.tiers)}

    def _limit(self, state: AssessedState) -> tuple[int, Gate | None]:
        """(the best rank that the gates allow, the gate that sets it); a block allows none."""
        found: tuple[int, Gate | None] = (0, None)
        for gate in state.gates:
            rank = len(self._ranks) if gate.block else self._ranks.get(gate.cap, 0)
            if rank > found[0] or (rank == found[0] > 0 and gate.id == state.row.capped_by):
                found = rank, gate
        return found

    def _rank_by_score(self, state: AssessedState) -> int | None:
        """The rank before gates; None if it is not known."""
        row = state.row
        if row.overridden:
            return None if row.capped_by else self._ranks.get(row.tier)
        return self._ranks.get(standing_now(row))

    @cached_property
    def _too_old(self) -> list[Indicator]:
        if not self._same_rules:
            return []
        counted = {line["indicator"] for line in self.base.breakdown.data["breakdown"] if not line["missing"]}
        missing = {line["indicator"] for line in self.after.breakdown.data["breakdown"] if line["missing"]}
        after = self.after.breakdown
        return [
            indicator
            for indicator in after.scheme.indicators
            if indicator.id in counted & missing
            and why_missing(after.graded.columns, self.after.as_of, indicator, after.position) == "too_old"
        ]

    @cached_property
    def _without_aged(self) -> Breakdown:
        """The breakdown before, with the values left out that have become too old since."""
        base = self.base.breakdown
        if not self._too_old:
            return base
        gone = {indicator.id for indicator in self._too_old}
        columns = {name: values for name, values in base.graded.columns.items() if name not in gone}
        graded = grade_columns(columns, base.graded.index, base.scheme, self.base.as_of)
        return Breakdown(graded=graded, position=base.position, scheme=base.scheme)

    @property
    def _points(self) -> float:
        """By how much the score changed."""
        return _difference(self.base.breakdown, self.after.breakdown)

    @property
    def _points_by_age(self) -> float:
        return _difference(self.base.breakdown, self._without_aged) if self._too_old else 0.0


def _difference(before: Breakdown, after: Breakdown) -> float:
    """The change of an exact score; 0 where there is none."""
    old, new = before.data["exact_score"], after.data["exact_score"]
    return 0.0 if old is None or new is None else float(new - old)


def move_began(before: Assessment, after: Assessment, *, up: bool) -> int | None:
    """The number of the snapshot from which a move has waited for its confirmations; None for any other move."""
    if before.scheme_version_id != after.scheme_version_id or standing_now(before) == standing_now(after):
        return None
    return (before.rising_since if up else before.falling_since) or None
