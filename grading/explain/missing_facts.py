"""Which missing facts to collect: what each could change in the score and the tier, the cheapest first."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Literal, TypedDict

import numpy as np

from grading.engine.compiled import compile_scheme
from grading.engine.fields import DATE_SUFFIX, MONTHS_WITH_US, Columns, read_days
from grading.engine.scoring import Grading, grade_columns
from grading.engine.sums import SLACK
from grading.explain.breakdown import json_number, read_value
from grading.explain.destination import Standing, settle
from grading.explain.targets import Value, extremes
from grading.indicators.sources import Origin, origin_of
from grading.scheme.model import (
    BLOCKED,
    NEW,
    UNRATED,
    Bands,
    Compare,
    Indicator,
    Map,
    Points,
    Scale,
    Scheme,
    Score,
)

BESIDE = 1e-6  # how far from the limit of a gate a value is tried, as a share of it

Reason = Literal["absent", "not_understood", "too_old", "not_yet"]


class MissingFact(TypedDict):
    """One missing indicator, and what collecting only that would change; see `find_missing_facts`."""

    indicator: str
    dimension: str
    reason: Reason
    value: Value | None
    origin: Origin | None
    judgement: bool
    share: float
    narrows: float
    coverage: float
    counts: bool
    decides: bool
    score_range: tuple[float | None, float | None]
    answers: tuple[Value, Value]
    tiers: tuple[str, str]
    without: str
    snapshots: int


class ChosenFacts(TypedDict):
    """The facts to name; see `select_facts`."""

    facts: list[MissingFact]
    unrated: bool
    more: int | None


def find_missing_facts(
    grading: Grading, scheme: Scheme, position: int, standing: Standing | None = None
) -> list[MissingFact]:
    """The missing indicators of one row, those to collect first on top, as JSON-ready values.

    Each is tried with its worst and its best answer, everything else as it is, through the grading function itself and
    then through as many snapshots from `standing` (default: a first rating) as the tier needs to settle. Per indicator:

    - `reason`: absent, not_understood (a word the scheme does not know, no number), too_old, or not_yet (measured after
      the day of the grading); `value`: the value that does not count, if any.
    - `origin`: what the value is computed from; None for a fact that somebody can collect.
    - `judgement`: a person can answer it (`manual: true`), which costs less than a document does.
    - `share`: its weight in the whole scheme, which any answer adds to the coverage; `coverage` then (both fractions).
    - `narrows`: points by which the range of the score with all data shrinks, whatever the answer is (semantic 5).
    - `counts`: whether the score would use it. It does not where its dimension stays below min_coverage: then only
      together with others of that dimension.
    - `score_range`: shown scores from the lowest to the highest answer; None without a score.
    - `tiers`: effective ones that the worst and the best answer (`answers`) lead to, `without`: the one reached without
      an answer, `snapshots`: after how many all three are reached. `decides`: one of `tiers` is not `without`.

    Order: facts before what is computed; those that decide the tier, those that count, judgements, the widest; ties in
    the scheme's order. ValueError when the grading is of another scheme.
    """
    if grading.identity != scheme.identity:
        raise ValueError(f"graded by {grading.identity}, but analysed by {scheme.identity}")
    missing = grading.sums.missing[:, position].tolist()
    compiled = compile_scheme(scheme)
    wanted = [
        (dimension.id, d, indicator, share * nominal)
        for d, (dimension, share, members) in enumerate(
            zip(scheme.dimensions, compiled.shares, compiled.members, strict=True)
        )
        for indicator, (place, nominal) in zip(dimension.indicators, members, strict=True)
        if missing[place]
    ]
    if not wanted:
        return []
    answers = [_answers(indicator, scheme) for _, _, indicator, _ in wanted]
    tries = _tries(grading.columns, scheme, position, [indicator for _, _, indicator, _ in wanted], answers)
    tried = grade_columns(tries, range(1 + sum(map(len, answers))), scheme, grading.as_of)
    destination = settle(tried, scheme, standing or Standing())
    tiers, snapshots = destination.tiers.tolist(), destination.snapshots.tolist()
    widths = (tried.sums.high - tried.sums.low).tolist()
    scores = tried.outcome["score"].tolist()
    ranks = {tier: rank for rank, tier in enumerate([*(t.id for t in scheme.tiers), NEW, UNRATED, BLOCKED])}
    found: list[MissingFact] = []
    first = 1  # row 0 is tried without an answer
    for (dimension, d, indicator, share), values in zip(wanted, answers, strict=True):
        low, high = first, first + 1  # the extremes of the curve come first
        rows = range(first, first + len(values))
        first += len(values)
        best = min(rows, key=lambda row: (ranks[tiers[row]], row != high))
        worst = max(rows, key=lambda row: (ranks[tiers[row]], row == low))
        found.append(
            MissingFact(
                indicator=indicator.id,
                dimension=dimension,
                reason=_reason(grading.columns, grading.as_of, indicator, position),
                value=read_value(grading.columns, indicator.id, position),
                origin=origin_of(indicator.id, scheme),
                judgement=indicator.manual,
                share=share,
                narrows=max(widths[0] - max(widths[low], widths[high]), 0.0),
                coverage=float(tried.sums.coverage[low]),
                counts=bool(tried.sums.dimension_weights[d, low] > 0.0),
                decides={tiers[worst], tiers[best]} != {tiers[0]},
                score_range=(json_number(scores[low]), json_number(scores[high])),
                answers=(values[worst - rows.start], values[best - rows.start]),
                tiers=(tiers[worst], tiers[best]),
                without=tiers[0],
                snapshots=max(snapshots[worst], snapshots[best], snapshots[0]),
            )
        )
    return sorted(found, key=urgency)


def urgency(fact: MissingFact) -> tuple[bool, bool, bool, bool, float]:
    """What orders missing facts: those to collect first come first."""
    return (
        fact["origin"] is not None,
        not fact["decides"],
        not fact["counts"],
        not fact["judgement"],
        -fact["narrows"],
    )


def select_facts(
    facts: Sequence[MissingFact], grading: Grading, scheme: Scheme, position: int, most: int
) -> ChosenFacts:
    """At most so many of the missing facts to name, in their order; only those that somebody can collect.

    A row that is `unrated` gets those that make it rated together, where so many can. `more`: how many facts it needs
    besides them (0 where they are enough), the widest ones; None where all facts together are not enough.
    """
    facts = [fact for fact in facts if fact["origin"] is None]
    outcome = grading.outcome
    blocked = outcome["tier"][position] == BLOCKED
    if blocked or outcome["young"][position] or not outcome["provisional"][position]:
        return ChosenFacts(facts=facts[:most], unrated=False, more=None)
    for few in itertools.combinations(facts, min(most, len(facts))):
        if _rates(few, grading, scheme, position):
            return ChosenFacts(facts=list(few), unrated=True, more=0)
    widest = sorted(facts, key=lambda fact: -fact["share"])
    enough = next(
        (
            count
            for count in range(most, len(widest) + 1)
            if _rates(widest[:count], grading, scheme, position)
        ),
        None,
    )
    shown = facts[:most] if enough is None else [fact for fact in facts if fact in widest[:most]]
    return ChosenFacts(facts=shown, unrated=True, more=None if enough is None else enough - most)


def _rates(facts: Sequence[MissingFact], grading: Grading, scheme: Scheme, position: int) -> bool:
    """Whether a row with answers to all of these has a score and coverage enough for a tier (semantics 3 and 4)."""
    compiled, added = compile_scheme(scheme), dict.fromkeys((part.id for part in scheme.dimensions), 0.0)
    for fact in facts:
        added[fact["dimension"]] += fact["share"]
    before = grading.sums.dimension_coverage[:, position].tolist()
    known = [
        part + more / share for part, more, share in zip(before, added.values(), compiled.shares, strict=True)
    ]
    scored = not compiled.redistribute or any(
        part >= least - SLACK and part > 0.0 for part, least in zip(known, compiled.minimums, strict=True)
    )
    coverage = sum(part * share for part, share in zip(known, compiled.shares, strict=True))
    return scored and coverage >= scheme.min_coverage - SLACK


def _answers(indicator: Indicator, scheme: Scheme) -> list[Value]:
    """The value that scores lowest, the one that scores highest; where a gate reads it, all that may turn the tier.

    Between two knots, on one side of a gate's limit, the score is a straight line: nothing there is worse or better
    than its ends.
    """
    ends = [value for value, _ in extremes(indicator.score)]
    limits = [gate.when for gate in scheme.gates if gate.field == indicator.id]
    turns: list[Value] = list(_turns(indicator.score)) if limits else []
    for when in limits:
        if isinstance(when, Compare):
            near = BESIDE * max(abs(when.limit), 1.0)
            turns += [when.limit - near, when.limit, when.limit + near]
    return ends + [value for value in dict.fromkeys(turns) if value not in ends]


def _turns(score: Score) -> Iterable[Value]:
    match score:
        case Points():
            return [x for x, _ in score.knots]
        case Bands():
            return [bound for bound, _ in score.bands]
        case Scale():
            return []
        case Map():
            return score.values


def _tries(
    columns: Columns,
    scheme: Scheme,
    position: int,
    wanted: Sequence[Indicator],
    answers: Sequence[Sequence[Value]],
) -> dict[str, Any]:
    """Columns with a row without any answer, then one for each answer to each wanted indicator.

    In the other rows a wanted indicator is empty, as good as the value it has; its old date goes, the answer is of
    today.
    """
    ids = {indicator.id for indicator in wanted}
    kept = [id for id in scheme.fields if id not in ids]
    rows = 1 + sum(map(len, answers))
    tries = {
        name: np.repeat(_cell(columns[name], position), rows)
        for name in (*kept, *(id + DATE_SUFFIX for id in kept), MONTHS_WITH_US)
        if name in columns
    }
    first = 1
    for indicator, values in zip(wanted, answers, strict=True):
        kind = float if scheme.fields[indicator.id].kind == "number" else object
        tries[indicator.id] = np.full(rows, np.nan, dtype=kind)
        tries[indicator.id][first : first + len(values)] = values
        first += len(values)
    return tries


def _cell(column: Any, position: int) -> Any:
    """One row of a column, as an array."""
    return column[[position]] if isinstance(column, np.ndarray) else column.iloc[[position]].to_numpy()


def _reason(columns: Columns, as_of: date, indicator: Indicator, position: int) -> Reason:
    if read_value(columns, indicator.id, position) is None:
        return "absent"
    dates = indicator.id + DATE_SUFFIX
    if dates in columns:
        measured, today = read_days(_cell(columns[dates], position))[0], np.datetime64(as_of, "D")
        if measured > today:  # NaT is neither later nor older
            return "not_yet"
        if indicator.max_age_days is not None and measured < today - indicator.max_age_days:
            return "too_old"
    return "not_understood"
