"""Why a score changed, in three parts that add up: corrected data, behaviour, rule (semantic 11)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import Any, TypedDict

import numpy as np
import pandas as pd

from grading.engine.fields import Floats, frame_of, require_unique
from grading.engine.scoring import Grading, grade, round_score
from grading.explain.breakdown import round_parts
from grading.scheme.model import Scheme

PARTS = ("data", "behaviour", "rule")

NO_OLD_SCORE = "no_old_score"
NO_NEW_SCORE = "no_new_score"
NO_CORRECTED_SCORE = "no_corrected_score"
NO_SCORE_BY_OLD_RULE = "no_score_by_old_rule"

CHUNK = 65_536  # customers whose four gradings are in memory at a time


@dataclass(frozen=True, kw_only=True)
class Attribution:
    """The split of a book's changes; all frames share their index, every number is in points.

    `parts` has old_score and new_score (exact, NaN without one), data, behaviour and rule (NaN without a split), total
    (new - old, NaN when one of them is missing) and reason (why there is no split, or None). `data`, `behaviour` and
    `rule` hold the same by indicator: a column for each of either scheme. The three parts add up to total within 1e-12,
    the indicators of a part to it within 1e-9.
    """

    parts: pd.DataFrame
    data: pd.DataFrame
    behaviour: pd.DataFrame
    rule: pd.DataFrame
    display_decimals: int


class IndicatorChange(TypedDict):
    """What one indicator changed in the score, in points."""

    indicator: str
    data: float
    behaviour: float
    rule: float
    total: float


class ExplainedChange(TypedDict):
    """The change of one customer's score, ready for JSON; see `explain_change`."""

    old_score: float | None
    new_score: float | None
    change: float | None
    shown: dict[str, float]
    exact: dict[str, float]
    indicators: list[IndicatorChange]
    reason: str | None


def attribute(
    old_facts: pd.DataFrame,
    corrected_facts: pd.DataFrame,
    new_facts: pd.DataFrame,
    *,
    old_scheme: Scheme,
    new_scheme: Scheme,
    old_day: date,
    new_day: date,
) -> Attribution:
    """Split the change of every customer's score between two days (semantic 11).

    In: three frames of facts as `grade` takes them: what was recorded on the old day; what is known now with a date up
    to the old day; what is known on the new day. Old rule on old data -> old rule on corrected data (both as of the old
    day) -> old rule on new data -> new rule on new data (both as of the new day); a part is the difference of two
    neighbours. A value that became too old is behaviour; the weight it leaves shows as points of the indicators that
    got it. An indicator that only one scheme has counts with all its points, in `rule`.

    Out: the customers of `new_facts`, then those only in `old_facts`. Without a score at one end, or at a step between
    (corrected data that leave nothing, an old rule that knows none of the new fields), there is no split but a reason.
    No customer's numbers depend on another. ValueError when a customer or a column is there twice.
    """
    frames = (old_facts, corrected_facts, new_facts)
    for frame in frames:
        require_unique("customer", frame.index)
    index = new_facts.index
    if not index.equals(old_facts.index):
        index = index.append(old_facts.index.difference(index, sort=False))
    indicators = list(dict.fromkeys(i.id for scheme in (old_scheme, new_scheme) for i in scheme.indicators))
    scores = np.empty((4, len(index)))
    changes = np.empty((3, len(indicators), len(index)))
    for start in range(0, len(index), CHUNK):
        rows = slice(start, min(start + CHUNK, len(index)))
        old, corrected, new = (_rows(frame, index, rows) for frame in frames)
        first = grade(old, old_scheme, old_day)
        second = first if corrected_facts is old_facts else grade(corrected, old_scheme, old_day)
        same_facts = new_facts is corrected_facts and new_day == old_day
        third = second if same_facts else grade(new, old_scheme, new_day)
        same_rule = new_scheme.identity == old_scheme.identity
        steps = (first, second, third, third if same_rule else grade(new, new_scheme, new_day))
        scores[:, rows] = [step.sums.exact for step in steps]
        points = [_points(step, indicators) for step in steps]
        for part in range(len(PARTS)):
            np.subtract(points[part + 1], points[part], out=changes[part, :, rows])
    split = ~np.isnan(scores).any(axis=0)
    changes[:, :, ~split] = np.nan
    by_part = [pd.DataFrame(part.T, index=index, columns=indicators, copy=False) for part in changes]
    return Attribution(
        parts=_parts(scores, split, index),
        data=by_part[0],
        behaviour=by_part[1],
        rule=by_part[2],
        display_decimals=new_scheme.display_decimals,
    )


def explain_change(attribution: Attribution, position: int) -> ExplainedChange:
    """One row of an attribution as JSON-ready values.

    old_score, new_score and change are shown ones (`display_decimals` of the new scheme); `exact` and `shown` have the
    keys data, behaviour and rule, and those shown add up to `change`. Indicators with a change come strongest first, in
    exact points. Without a split `reason` says why, and shown, exact and indicators are empty.
    """
    row = attribution.parts.iloc[position]
    decimals = attribution.display_decimals
    old, new = (_shown(row[name], decimals) for name in ("old_score", "new_score"))
    change = None if old is None or new is None else round(new - old, decimals) + 0.0
    reason = row["reason"]
    if reason is not None or change is None:
        return ExplainedChange(
            old_score=old, new_score=new, change=change, shown={}, exact={}, indicators=[], reason=reason
        )
    exact = {part: float(row[part]) for part in PARTS}
    by_part = [
        part.iloc[position].tolist() for part in (attribution.data, attribution.behaviour, attribution.rule)
    ]
    lines = [
        IndicatorChange(
            indicator=str(name), data=data, behaviour=behaviour, rule=rule, total=data + behaviour + rule
        )
        for name, data, behaviour, rule in zip(attribution.data.columns, *by_part, strict=True)
        if data or behaviour or rule
    ]
    return ExplainedChange(
        old_score=old,
        new_score=new,
        change=change,
        shown=round_parts(exact, change, decimals),
        exact=exact,
        indicators=sorted(lines, key=lambda line: -abs(line["total"])),
        reason=None,
    )


def _rows(frame: pd.DataFrame, index: pd.Index, rows: slice) -> pd.DataFrame:
    return frame.iloc[rows] if frame.index.equals(index) else frame.reindex(index[rows])


def _points(grading: Grading, indicators: list[str]) -> Floats:
    """(indicator, row): points, 0 for an indicator that the scheme does not have."""
    points = np.zeros((len(indicators), len(grading)))
    points[[indicators.index(i.id) for i in grading.facts.scheme.indicators]] = grading.sums.points
    return points


def _parts(scores: Floats, split: Any, index: pd.Index) -> pd.DataFrame:
    reason = np.full(len(index), None, dtype=object)
    words = {2: NO_SCORE_BY_OLD_RULE, 1: NO_CORRECTED_SCORE, 3: NO_NEW_SCORE, 0: NO_OLD_SCORE}
    for step, word in words.items():
        reason[np.isnan(scores[step])] = word  # the last of several reasons wins
    columns = {
        "old_score": scores[0],
        "new_score": scores[3],
        **dict(zip(PARTS, np.where(split, np.diff(scores, axis=0), np.nan), strict=True)),
        "total": scores[3] - scores[0],
        "reason": reason,
    }
    return frame_of(columns, index)


def _shown(score: float, decimals: int) -> float | None:
    return None if math.isnan(score) else float(round_score(np.array([score]), decimals)[0])
