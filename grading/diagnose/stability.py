"""How stable a grading is: drift of scores (PSI), moves between tiers, and moves that were undone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from grading.engine.fields import Floats, floats_of

BANDS = (20.0, 40.0, 60.0, 80.0)
"""Default edges of score bands; a score on an edge belongs to the band above."""

JOINED, LEFT = "joined", "left"
"""States of a customer before its first and after its last grading; `new` is a word in a tier's place."""


@dataclass(frozen=True, kw_only=True)
class Drift:
    """PSI of two sets of scores; `by_chance` is the average PSI of two samples of the same customers.

    `verdict`: stable (< 0.10), moderate, shifted (> 0.25), or by_chance when it is no more than that: the usual limits
    ignore how many customers there are. `bands`: lower edge, counts before and after, and each band's part.
    """

    psi: float
    by_chance: float
    verdict: str
    bands: pd.DataFrame


def drift(before: pd.Series[float], after: pd.Series[float], edges: Sequence[float] = BANDS) -> Drift:
    """Population stability index of scores over bands: sum (a - e) ln(a/e).

    In: scores of two gradings (any customers, missing ones are left out) and rising edges. An empty band gets half a
    case, and shares are of the sums after that; a band that is empty twice is left out. By chance: about (bands -
    1)(1/n1 + 1/n2). ValueError without a score on either side, or for edges that do not rise. Source: Yurdakul &
    Naranjo, Statistical properties of the population stability index (2020); du Pisanie et al. 2023.
    """
    cuts = np.asarray(edges, dtype=np.float64)
    if not len(cuts) or not (np.diff(cuts) > 0).all():
        raise ValueError("edges of score bands rise, and there is at least one")
    counts = [
        np.bincount(np.searchsorted(cuts, _known(side), side="right"), minlength=len(cuts) + 1)
        for side in (before, after)
    ]
    sizes = [int(count.sum()) for count in counts]
    if not all(sizes):
        raise ValueError("there is no score on one side; drift compares two gradings")
    used = counts[0] + counts[1] > 0
    expected, actual = (_shares(count[used]) for count in counts)
    parts = np.zeros(len(cuts) + 1)
    parts[used] = (actual - expected) * np.log(actual / expected)
    psi = float(parts.sum())
    by_chance = float((used.sum() - 1) * (1 / sizes[0] + 1 / sizes[1]))
    if psi < 0.10:
        verdict = "stable"
    elif psi <= by_chance:
        verdict = "by_chance"
    else:
        verdict = "moderate" if psi <= 0.25 else "shifted"
    lower = np.concatenate([[-np.inf], cuts])
    bands = pd.DataFrame({"from": lower, "before": counts[0], "after": counts[1], "part": parts})
    return Drift(psi=psi, by_chance=by_chance, verdict=verdict, bands=bands)


def migration(before: pd.Series[str], after: pd.Series[str], tiers: Sequence[str]) -> pd.DataFrame:
    """Counts of customers from each tier (rows) to each tier (columns).

    In: the tiers of two gradings under unique customers, best tier first in `tiers`; other words, such as unrated, come
    after them. Rows end with `joined` (not graded before), columns with `left` (no longer graded); an empty value
    counts as not graded. ValueError when a customer is there twice, or a tier has one of those names.
    """
    for side in (before, after):
        if not side.index.is_unique:
            raise ValueError("a customer occurs twice in a grading; give each customer one tier")
    both = pd.concat([before.rename("before"), after.rename("after")], axis=1)
    both = both[both.notna().any(axis=1)]
    seen = pd.concat([both["before"], both["after"]]).dropna().unique()
    others = sorted({str(tier) for tier in seen} - set(tiers))
    states = [*tiers, *others]
    if JOINED in states or LEFT in states:
        raise ValueError(f"a tier cannot be called {JOINED} or {LEFT}: these words mean not graded")
    table = pd.crosstab(both["before"].fillna(JOINED), both["after"].fillna(LEFT))
    table = table.reindex(index=[*states, JOINED], columns=[*states, LEFT], fill_value=0).astype(np.int64)
    return table.rename_axis(index="before", columns="after")


@dataclass(frozen=True, kw_only=True, slots=True)
class Mobility:
    """Of the customers that had a tier in both gradings: shares that rose, fell and stayed, and Shorrocks's index.

    `shorrocks` = (k - tr P)/(k - 1): 0 nobody moves, 1 the old tier does not predict the new one; over the tiers that
    had customers, None with fewer than two of them. Shares are None without customers.
    """

    customers: int
    up: float | None
    down: float | None
    stay: float | None
    shorrocks: float | None


def mobility(matrix: pd.DataFrame, tiers: Sequence[str]) -> Mobility:
    """How much moves in a migration matrix, over `tiers` only, best first. Source: Shorrocks, Econometrica 46 (1978).

    Words in a tier's place, `joined` and `left` are no moves up or down and are left out.
    """
    counts = matrix.loc[list(tiers), list(tiers)].to_numpy(dtype=np.float64)
    total = counts.sum()
    if not total:
        return Mobility(customers=0, up=None, down=None, stay=None, shorrocks=None)
    rows = counts.sum(axis=1)
    held = rows > 0
    stays = np.diag(counts)[held] / rows[held]
    k = int(held.sum())
    return Mobility(
        customers=int(total),
        up=float(np.tril(counts, -1).sum() / total),
        down=float(np.triu(counts, 1).sum() / total),
        stay=float(np.trace(counts) / total),
        shorrocks=float((k - stays.sum()) / (k - 1)) if k > 1 else None,
    )


def reversals(history: pd.DataFrame) -> pd.DataFrame:
    """Moves from each snapshot to the next, and how many of them the snapshot after undid (X-Y-X).

    In: one row per customer, one column per snapshot in order of time, cells are tiers; no move is counted over an
    empty cell. Out, a row per snapshot from the second on: `moves`, and `undone`, of those moves, by the next snapshot
    (0 in the last row: it is not known yet).
    """
    codes = np.full(history.shape, -1, dtype=np.int64)
    known: dict[str, int] = {}
    for place in range(history.shape[1]):
        values, words = pd.factorize(history.iloc[:, place])
        table = np.array([known.setdefault(str(word), len(known)) for word in words] + [-1], dtype=np.int64)
        codes[:, place] = table[values]
    graded = (codes[:, 1:] >= 0) & (codes[:, :-1] >= 0)
    moved = graded & (codes[:, 1:] != codes[:, :-1])
    undone = np.zeros_like(moved)
    undone[:, :-1] = moved[:, :-1] & moved[:, 1:] & (codes[:, 2:] == codes[:, :-2])
    return pd.DataFrame({"moves": moved.sum(axis=0), "undone": undone.sum(axis=0)}, index=history.columns[1:])


def _known(scores: pd.Series[float]) -> Floats:
    values = floats_of(scores)
    return np.asarray(values[np.isfinite(values)])


def _shares(counts: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> Floats:
    cases = np.where(counts > 0, counts.astype(np.float64), 0.5)
    return np.asarray(cases / cases.sum())
