"""Why a score changed, in three parts that add up: corrected data, behaviour, rule (semantic 11)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypedDict

import numpy as np
import pandas as pd

from grading.engine.fields import Floats
from grading.engine.scoring import Grading, grade, round_score
from grading.scheme.model import Scheme

PARTS = ("data", "behaviour", "rule")

NO_OLD_SCORE = "no_old_score"
NO_NEW_SCORE = "no_new_score"
NO_CORRECTED_SCORE = "no_corrected_score"
NO_SCORE_BY_OLD_RULE = "no_score_by_old_rule"

CHUNK = 65_536  # customers whose four gradings are held at a time


@dataclass(frozen=True, kw_only=True)
class Attribution:
    """The split of a book's changes; all frames share their index, every number is in points.

    `parts` has old_score and new_score (exact, NaN without one), data, behaviour and rule (NaN without
    a split), total (new - old, NaN when one of them is missing) and reason (why there is no split, or
    None). `data`, `behaviour` and `rule` hold the same by indicator: a column for each of either scheme.
    The three parts add up to total within 1e-12, the indicators of a part to it within 1e-9.
    """

    parts: pd.DataFrame
    data: pd.DataFrame
    behaviour: pd.DataFrame
    rule: pd.DataFrame
    display_decimals: int


class IndicatorChange(TypedDict):
    """What one indicator did to the score, in points."""

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

    In: three frames of facts as `grade` takes them: what was recorded on the old day; what is known now
    with a date up to the old day; what is known on the new day. Old rule on old data -> old rule on
    corrected data (both as of the old day) -> old rule on new data -> new rule on new data (both as of
    the new day); a part is the difference of two neighbours. A value that grew too old is behaviour; the
    weight it leaves behind shows as points of the indicators that took it over. An indicator that only
    one scheme has counts with all its points, in `rule`.

    Out: the customers of `new_facts`, then those only in `old_facts`. Without a score at one end, or at
    a step between (corrected data that leave nothing, an old rule that knows none of the new fields),
    there is no split but a reason. Each customer's numbers are the same alone and in any book.
    ValueError when a customer or a column stands twice.
    """
    frames = (old_facts, corrected_facts, new_facts)
    for frame in frames:
        if not frame.index.is_unique:
            twice = frame.index[frame.index.duplicated()][0]
            raise ValueError(f"the customer {twice!r} stands twice in the facts; give each customer once")
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
        before = _points(first, indicators)
        for place, step in enumerate(steps):
            scores[place, rows] = step.results["exact_score"]
            if place:
                after = _points(step, indicators)
                np.subtract(after, before, out=changes[place - 1, :, rows])
                before = after
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

    old_score, new_score and change are shown ones (`display_decimals` of the new scheme); `exact` and
    `shown` have the keys data, behaviour and rule, and those shown add up to `change`. Indicators that
    did something come with the strongest first, in exact points. Without a split `reason` says why, and
    shown, exact and indicators are empty.
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
    by_part = [part.iloc[position] for part in (attribution.data, attribution.behaviour, attribution.rule)]
    lines = [
        IndicatorChange(
            indicator=str(name), data=data, behaviour=behaviour, rule=rule, total=data + behaviour + rule
        )
        for name, data, behaviour, rule in zip(
            attribution.data.columns, *(part.tolist() for part in by_part), strict=True
        )
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


def round_parts(parts: Mapping[str, float], change: float, decimals: int) -> dict[str, float]:
    """Parts rounded to `decimals` so that they add up to the change that is shown (largest remainder).

    Every part is rounded down, and what is then lacking to `change` goes, a unit each, to those that
    lost most; among equals to the first. So each is less than a unit off, and one that is 0 stays 0:
    nobody reads of a correction that was not made. `change` is the difference of two shown scores, or
    any number less than a unit from the sum. ValueError when it is further off.
    """
    factor = 10**decimals
    # Ten digits are far below a unit, and far above what the sums are off by: 0.3 - 0.1 is 2 units, not 1.99…
    exact = {name: round(part * factor, 10) for name, part in parts.items()}
    units = {name: math.floor(part) for name, part in exact.items()}
    lacking = round(change * factor) - sum(units.values())
    open_parts = sorted((name for name in exact if exact[name]), key=lambda name: units[name] - exact[name])
    if abs(change * factor - sum(exact.values())) > 1 + 1e-6 or not 0 <= lacking <= len(open_parts):
        raise ValueError(
            f"parts that add up to {sum(parts.values()):g} cannot be shown as a change of {change:g} "
            f"with {decimals} decimals; give the difference of the two shown scores"
        )
    for name in open_parts[:lacking]:
        units[name] += 1
    return {name: unit / factor for name, unit in units.items()}


def _rows(frame: pd.DataFrame, index: pd.Index, rows: slice) -> pd.DataFrame:
    return frame.iloc[rows] if frame.index.equals(index) else frame.reindex(index[rows])


def _points(grading: Grading, indicators: list[str]) -> Floats:
    """(indicator, row): points, 0 for an indicator that the scheme does not have."""
    points = np.zeros((len(indicators), len(grading.results)))
    places = [indicators.index(name) for name in grading.points.columns]
    points[places] = grading.points.to_numpy().T
    return points


def _parts(scores: Floats, split: Any, index: pd.Index) -> pd.DataFrame:
    old, corrected, by_old_rule, new = scores
    none = np.isnan(scores)
    reason = np.full(len(index), None, dtype=object)
    for missing, word in zip(
        none[[2, 1, 3, 0]],
        (NO_SCORE_BY_OLD_RULE, NO_CORRECTED_SCORE, NO_NEW_SCORE, NO_OLD_SCORE),
        strict=True,
    ):
        reason[missing] = word  # what stands later is said rather than what stands before it
    return pd.DataFrame(
        {
            "old_score": old,
            "new_score": new,
            "data": np.where(split, corrected - old, np.nan),
            "behaviour": np.where(split, by_old_rule - corrected, np.nan),
            "rule": np.where(split, new - by_old_rule, np.nan),
            "total": new - old,
            "reason": pd.Series(reason, index=index, dtype=object),
        },
        index=index,
    )


def _shown(score: float, decimals: int) -> float | None:
    return None if math.isnan(score) else float(round_score(np.array([score]), decimals)[0])
