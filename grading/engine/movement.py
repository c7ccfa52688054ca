"""From one snapshot to the next: movement, caps that outlast their condition, overrides (semantics 7-9).

`grade` says what the facts of a day are worth. What a customer *is* also depends on what it was: `move` takes
that as the state, and gives back the next one. Nothing is remembered anywhere else, and no row looks
at another. With an empty state `move` gives the tiers of `grade`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from grading.engine.fields import Bools, Floats, frame_of
from grading.engine.scoring import Grading, place_of
from grading.scheme.model import BLOCKED, NEW, UNRATED, Movement, Scheme

Places = NDArray[np.int16]
Numbers = NDArray[np.int32]
State = dict[str, NDArray[Any]]
"""What customers were, as columns (see `empty_state`)."""

# Boundaries and margins are sums of decimals such as 70.1 + 0.2; scores are shown with far fewer digits.
_SLACK = 1e-9
CLEAN = "clean:"
_NOBODY: Mapping[Any, Any] = {}


@dataclass(frozen=True, kw_only=True)
class Moved:
    """Results of a snapshot or an interim re-grade, row by row in the order of the grading.

    `results`: tier (effective: a tier id, or blocked, new, unrated), standing (the tier by movement alone, before
    caps and override; None before the first rating), held (unrated, so the last standing goes on), capped_by (the
    gate that lowers the tier, or None), overridden, pending (snapshots that have confirmed a move: + up, - down,
    0 none), target (where that move would lead, or None), dwell_left (snapshots to wait before a move may happen).
    `gates_active`: row by gate, hit now or not yet cleared. `state`: what the next snapshot starts from.
    `outcome`, `active` and `following` are the same as arrays.
    """

    index: Any  # labels of the rows, as of the grading
    outcome: Mapping[str, NDArray[Any]]
    active: Bools
    following: State
    gates: tuple[str, ...]

    @cached_property
    def results(self) -> pd.DataFrame:
        return frame_of(self.outcome, self.index)

    @cached_property
    def gates_active(self) -> pd.DataFrame:
        return pd.DataFrame(self.active.T, index=self.index, columns=list(self.gates), copy=False)

    @cached_property
    def state(self) -> pd.DataFrame:
        return frame_of(self.following, self.index)


def empty_state(index: pd.Index, scheme: Scheme) -> pd.DataFrame:
    """The state of customers who have never been in a snapshot.

    Columns: standing (tier id or None); since, rising_since, falling_since (numbers of snapshots; 0 is none);
    `clean:GATE` (clean snapshots in a row of an active gate; -1 when it is not active).
    """
    return frame_of(carry({}, np.full(len(index), -1), scheme), index)


def state_for(
    state: pd.DataFrame, index: pd.Index, scheme: Scheme, *, restart: bool | pd.Series[Any] = False
) -> pd.DataFrame:
    """`carry` for frames: a state in the order of `index`; `restart` for all, or by customer."""
    same = len(state) == len(index) and state.index.equals(index)
    if isinstance(restart, pd.Series):
        begins = restart.reindex(index, fill_value=False).to_numpy(dtype=bool)
    else:
        begins = np.full(len(index), restart)
    places = np.arange(len(index)) if same else state.index.get_indexer(index)
    return frame_of(carry(_columns(state), places, scheme, restart=begins), index)


def carry(state: State, places: NDArray[np.intp], scheme: Scheme, *, restart: bool | Bools = False) -> State:
    """A state with the columns of `scheme`, a row for each of `places`: that of `state` there, an empty one for -1.

    `restart` (for all, or row by row) is for the first snapshot under another version or scheme: confirmations begin
    anew, the time in a tier goes on, a standing that the new one does not have becomes a first rating, gates are matched
    by their id.
    """
    known = places >= 0

    def kept(name: str, dtype: Any, empty: Any) -> NDArray[Any]:
        """A column in the new order; `empty` where there is none."""
        values = np.full(len(places), empty, dtype=dtype)
        if name in state:
            found = state[name][places[known]]
            values[known] = found if found.dtype.kind == "i" else np.where(pd.isna(found), empty, found)
        return values

    tiers = {tier.id for tier in scheme.tiers}
    standing = [tier if tier in tiers else None for tier in kept("standing", object, None).tolist()]
    columns: State = {"standing": np.array(standing, dtype=object)}
    for name in ("since", "rising_since", "falling_since"):
        columns[name] = kept(name, np.int32, 0)
    for name in ("rising_since", "falling_since"):
        columns[name][restart] = 0
    columns["since"][[tier is None for tier in standing]] = 0
    for gate in scheme.gates:
        columns[CLEAN + gate.id] = kept(CLEAN + gate.id, np.int16, -1)
    return columns


def move(
    grading: Grading,
    scheme: Scheme,
    state: pd.DataFrame,
    *,
    snapshot: int,
    interim: bool = False,
    overrides: pd.Series[Any] | None = None,
) -> Moved:
    """`move_columns` for frames: `state` as `state_for` gives it, `overrides` by customer.

    ValueError also when the rows of the state are not those of the grading.
    """
    if not state.index.equals(pd.Index(grading.index)):
        raise ValueError("the state has other rows than the grading; use state_for")
    chosen = {} if overrides is None else dict(zip(overrides.index.tolist(), overrides.tolist(), strict=True))
    return move_columns(
        grading, scheme, _columns(state), snapshot=snapshot, interim=interim, overrides=chosen
    )


def move_columns(
    grading: Grading,
    scheme: Scheme,
    state: State,
    *,
    snapshot: int,
    interim: bool = False,
    overrides: Mapping[Any, Any] = _NOBODY,
) -> Moved:
    """Take graded customers one snapshot further (semantics 7-9).

    `state` as `carry` gives it, with the rows of the grading. `snapshot` counts the snapshots of this purpose
    from 1. An interim re-grade passes the number the next snapshot will have: it may move a customer when the
    rules need no further confirmation, it never counts as one, and its state is the one it was given.
    `overrides` holds tier ids by customer; anything else is no override. ValueError when the
    scheme is another one, or a state comes from a later snapshot.
    """
    if grading.identity != scheme.identity:
        raise ValueError(f"graded by {grading.identity}, but to be moved by {scheme.identity}")
    since = state["since"]
    if len(since) and int(since.max()) >= snapshot:
        raise ValueError(f"the state is of snapshot {int(since.max())}, this one is {snapshot}")
    rows = len(grading)
    tiers = [tier.id for tier in scheme.tiers]
    ranks: dict[Any, int] = {tier: place for place, tier in enumerate(tiers)}
    shown = grading.outcome["score"]
    clean, active = _gates(grading, scheme, state, interim)
    blocked = np.zeros(rows, dtype=bool)
    for row, gate in enumerate(scheme.gates):
        if gate.block:
            blocked |= active[row]
    young = grading.outcome["young"] & ~blocked
    unrated = grading.outcome["provisional"] & ~blocked & ~young
    rated = ~(blocked | young | unrated)

    before = np.array([ranks.get(tier, -1) for tier in state["standing"].tolist()], dtype=np.int16)
    rising_since, falling_since = state["rising_since"], state["falling_since"]
    steps = _steps(shown, before, rated, scheme)
    rises, up = _confirm(steps.rising, rising_since, snapshot, steps.rules.confirm_up, interim)
    falls, down = _confirm(steps.falling, falling_since, snapshot, steps.rules.confirm_down, interim)
    dwell_left = np.where(steps.rising | steps.falling, steps.rules.min_dwell - (snapshot - since), 0)
    moves = (up | down) & (dwell_left <= 0)
    first = rated & (before < 0)
    standing = np.where(first, place_of(shown, scheme), np.where(moves, steps.target, before))

    worst = _ceilings(active, scheme)
    base = np.where(rated | unrated, standing, -1)
    chosen = np.full(rows, -1, dtype=np.int16)
    if overrides:
        chosen[:] = [ranks.get(overrides.get(customer), -1) for customer in grading.index]
    overridden = (chosen >= 0) & ~blocked
    base = np.where(overridden, chosen, base)
    tier = np.where(base >= 0, np.maximum(base, worst.place), -1)
    capped = (base >= 0) & (worst.place > base)

    names = np.array([*tiers, None], dtype=object)
    gates = np.array([*(gate.id for gate in scheme.gates), None], dtype=object)
    words = np.array([*tiers, BLOCKED, NEW, UNRATED], dtype=object)
    word = np.select([blocked, young], [len(tiers), len(tiers) + 1], len(tiers) + 2)
    pending = np.where(moves, 0, rises - falls)
    outcome = {
        "tier": words[np.where(tier >= 0, tier, word)],
        "standing": names[standing],
        "held": unrated & (standing >= 0) & ~overridden,
        "capped_by": gates[np.where(capped, worst.gate, -1)],
        "overridden": overridden,
        "pending": pending,
        "target": names[np.where(pending != 0, steps.target, -1)],
        "dwell_left": np.where(moves, 0, np.maximum(dwell_left, 0)),
    }
    following = state
    if not interim:
        stays = ~moves
        following = {
            **state,
            "standing": outcome["standing"],
            "since": np.where(first | moves, snapshot, since).astype(np.int32),
            "rising_since": _since(steps.rising & stays, rising_since, snapshot),
            "falling_since": _since(steps.falling & stays, falling_since, snapshot),
            **{CLEAN + gate.id: clean[row] for row, gate in enumerate(scheme.gates)},
        }
    return Moved(
        index=grading.index,
        outcome=outcome,
        active=active,
        following=following,
        gates=tuple(gate.id for gate in scheme.gates),
    )


def _columns(state: pd.DataFrame) -> State:
    return {str(name): state[name].to_numpy() for name in state.columns}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Steps:
    rules: Movement
    rising: Bools
    falling: Bools
    target: Places


def _steps(shown: Floats, before: Places, rated: Bools, scheme: Scheme) -> _Steps:
    """Who is a candidate for a move, and where to: at most `max_step` tiers from where it stands."""
    rules = scheme.movement or Movement(max_step=len(scheme.tiers))
    best = _beyond(shown, scheme, rules.margin_up)
    least = _beyond(shown, scheme, -rules.margin_down)
    settled = rated & (before >= 0)
    rising, falling = settled & (best < before), settled & (least > before)
    target = np.where(
        rising, np.maximum(best, before - rules.max_step), np.minimum(least, before + rules.max_step)
    )
    return _Steps(rules=rules, rising=rising, falling=falling, target=target.astype(np.int16))


def _beyond(shown: Floats, scheme: Scheme, margin: float) -> Places:
    """Place of the best tier with score >= at + margin; the last tier takes all that is left."""
    place = np.zeros(len(shown), dtype=np.int16)
    for tier in scheme.tiers[:-1]:
        place += shown < tier.at + margin - _SLACK
    return place


def _confirm(
    candidate: Bools, since: Numbers, snapshot: int, confirm: int, interim: bool
) -> tuple[Numbers, Bools]:
    """(snapshots in a row that confirm the move, whether they suffice).

    An interim re-grade adds none. It moves when one confirmation is all it takes, or when there are enough
    already and only the dwell was in the way.
    """
    earlier = np.where(since > 0, snapshot - since, 0)
    count = np.where(candidate, earlier if interim else earlier + 1, 0).astype(np.int32)
    seen = np.maximum(count, 1) if interim else count
    return count, candidate & (seen >= confirm)


def _since(candidate: Bools, since: Numbers, snapshot: int) -> Numbers:
    return np.where(candidate, np.where(since > 0, since, snapshot), 0).astype(np.int32)


def _gates(grading: Grading, scheme: Scheme, state: State, interim: bool) -> tuple[NDArray[np.int16], Bools]:
    """(clean snapshots in a row, active) by gate and row: hit at once, cleared after `clear_after` clean snapshots.

    A field that is empty pauses the count. An interim re-grade clears only what needs no clean snapshot.
    """
    rows = len(grading)
    clean = np.full((len(scheme.gates), rows), -1, dtype=np.int16)
    active = np.zeros((len(scheme.gates), rows), dtype=bool)
    for row, gate in enumerate(scheme.gates):
        hit = grading.hit[row]
        passed = ~hit & grading.assessed[row]
        before = state[CLEAN + gate.id]
        count = np.where(hit, 0, np.where(passed & (before >= 0), before + (not interim), before))
        cleared = passed & (count >= gate.clear_after)
        clean[row] = np.where(cleared, -1, count)
        active[row] = clean[row] >= 0
    return clean, active


@dataclass(frozen=True, kw_only=True, slots=True)
class _Ceilings:
    place: Places  # the best tier the caps leave; 0 when nothing caps
    gate: Places  # which gate that is; -1 for none


def _ceilings(active: Bools, scheme: Scheme) -> _Ceilings:
    ranks = {tier.id: place for place, tier in enumerate(scheme.tiers)}
    place = np.zeros(active.shape[1], dtype=np.int16)
    cause = np.full(active.shape[1], -1, dtype=np.int16)
    for row, gate in enumerate(scheme.gates):
        if gate.cap is not None:
            stricter = active[row] & (ranks[gate.cap] > place)
            place[stricter] = ranks[gate.cap]
            cause[stricter] = row
    return _Ceilings(place=place, gate=cause)
