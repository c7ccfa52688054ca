"""Two schemes over the same book: who would be in another tier, and which rule does it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from grading.diagnose.stability import Drift, drift, migration
from grading.engine.scoring import Grading
from grading.scheme.model import BLOCKED, UNRATED, Indicator, Scheme

LEAST = 0.05
"""Points below which an indicator is not named as a cause: they are shown as 0."""

How = Literal["new", "gone", "weight", "curve", "value", "missing"]


@dataclass(frozen=True, kw_only=True)
class RuleDifference:
    """One rule that differs for a customer.

    `kind`: points (of the indicator `name`; `how` it differs), boundary (of the tier `name`), cap (gate `name`, None
    for none), block, coverage (below what a scheme requires). `before` and `after` are percent of the whole for a
    weight, scores for a boundary, shares for coverage.
    """

    kind: Literal["points", "boundary", "cap", "block", "coverage"]
    name: str | None = None
    points: float | None = None
    how: How | None = None
    before: float | None = None
    after: float | None = None


@dataclass(frozen=True, kw_only=True)
class BookDiff:
    """A book under an old and a new scheme, by boundaries and gates only, without movement.

    `results`: row by customer; before, after (tiers or words in their place), old_score, new_score (shown; NaN
    without one), change (exact, in points). `points`: the same change by indicator of either scheme, a column each,
    NaN without two scores; a row adds up to its change within 1e-9. `matrix`: as `stability.migration`. `drift`: of
    the scores, None when one side has none.
    """

    old: Scheme
    new: Scheme
    results: pd.DataFrame
    points: pd.DataFrame
    matrix: pd.DataFrame
    drift: Drift | None
    by_old: Grading
    by_new: Grading

    @property
    def movers(self) -> pd.DataFrame:
        """The rows of `results` whose tier differs, those whose score changes most first."""
        moved = self.results[self.results["before"] != self.results["after"]]
        return moved.loc[moved["change"].abs().sort_values(ascending=False, kind="stable").index]


def compare(by_old: Grading, old: Scheme, by_new: Grading, new: Scheme) -> BookDiff:
    """Compare two gradings of one book.

    In: the same customers as of the same day, each graded by its scheme (`scoring.grade`). ValueError when the customers
    or the days differ, or a grading is by another scheme.
    """
    if (by_old.identity, by_new.identity) != (old.identity, new.identity):
        raise ValueError("a grading is by another scheme than the one it is compared as")
    before, after = by_old.results, by_new.results
    if by_old.as_of != by_new.as_of or not before.index.equals(after.index):
        raise ValueError("the gradings are of other customers or days; grade one book under both schemes")
    change = after["exact_score"] - before["exact_score"]
    names = list(dict.fromkeys([*by_new.points.columns, *by_old.points.columns]))
    new_points, old_points = (by.points.reindex(columns=names, fill_value=0.0) for by in (by_new, by_old))
    points = new_points - old_points
    tiers = list(dict.fromkeys(tier.id for scheme in (new, old) for tier in scheme.tiers))
    scored = before["score"].notna().any() and after["score"].notna().any()
    results = pd.DataFrame({"before": before["tier"], "after": after["tier"]})
    return BookDiff(
        old=old,
        new=new,
        results=results.assign(old_score=before["score"], new_score=after["score"], change=change),
        points=points.where(change.notna(), axis=0),
        matrix=migration(before["tier"], after["tier"], tiers),
        drift=drift(before["score"], after["score"]) if scored else None,
        by_old=by_old,
        by_new=by_new,
    )


def find_differences(compared: BookDiff, position: int) -> list[RuleDifference]:
    """Why one row's tier differs: gates, coverage and boundaries first, then indicators, strongest first."""
    changes = zip(compared.points.columns, compared.points.to_numpy()[position].tolist(), strict=True)
    # A change of NaN, without two scores, is not named either.
    named = [(str(name), points) for name, points in changes if abs(points) >= LEAST]
    named.sort(key=lambda change: -abs(change[1]))
    return [
        *_find_gates_and_boundaries(compared, position),
        *(_explain_points(compared, name, points, position) for name, points in named),
    ]


def _find_gates_and_boundaries(compared: BookDiff, position: int) -> Iterator[RuleDifference]:
    old_row, new_row = (side.results.iloc[position] for side in (compared.by_old, compared.by_new))
    if (old_row["tier"] == BLOCKED) != (new_row["tier"] == BLOCKED):
        yield RuleDifference(kind="block")
    if new_row["tier"] == UNRATED or old_row["tier"] == UNRATED:
        yield RuleDifference(
            kind="coverage", before=float(old_row["coverage"]), after=float(new_row["coverage"])
        )
        return
    caps = [
        {gate.id: gate.cap for gate in scheme.gates}.get(row["capped_by"])
        for scheme, row in ((compared.old, old_row), (compared.new, new_row))
    ]
    if old_row["capped_by"] != new_row["capped_by"] or caps[0] != caps[1]:
        yield RuleDifference(kind="cap", name=new_row["capped_by"])
    boundaries, score = {tier.id: tier.at for tier in compared.old.tiers}, new_row["score"]
    for tier in compared.new.tiers:
        # The boundary is on the other side of the score than it was; one without a score (NaN) is on neither.
        if tier.id in boundaries and (score >= tier.at) != (score >= boundaries[tier.id]):
            yield RuleDifference(kind="boundary", name=tier.id, before=boundaries[tier.id], after=tier.at)


def _explain_points(compared: BookDiff, name: str, points: float, position: int) -> RuleDifference:
    old, new = _weights(compared.old), _weights(compared.new)
    before, after = old.get(name), new.get(name)
    if before is None or after is None:
        how: How = "new" if before is None else "gone"
    elif abs(before[0] - after[0]) > 1e-9:
        how = "weight"
    elif before[1].score != after[1].score:
        how = "curve"
    else:
        scores = [side.scores[name].iloc[position] for side in (compared.by_old, compared.by_new)]
        # Equal scores of equal weight: missing indicators pass on more of their weight, or less.
        how = "missing" if scores[0] == scores[1] else "value"
    return RuleDifference(
        kind="points",
        name=name,
        points=points,
        how=how,
        before=before[0] if before else None,
        after=after[0] if after else None,
    )


def _weights(scheme: Scheme) -> dict[str, tuple[float, Indicator]]:
    """Indicator -> (its percent of the whole scheme, itself)."""
    total = sum(dimension.weight for dimension in scheme.dimensions)
    return {
        indicator.id: (
            100.0 * dimension.weight / total * indicator.weight / sum(i.weight for i in dimension.indicators),
            indicator,
        )
        for dimension in scheme.dimensions
        for indicator in dimension.indicators
    }
