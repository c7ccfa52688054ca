"""From one snapshot to the next: movement, caps that outlast their condition, overrides (semantics 7-9).

`grade` gives what the facts of a day are worth. The tier also depends on the customer's previous state: `move` takes
that state and returns the next one. Nothing else is remembered, and no row reads another. With an empty state `move`
gives the tiers of `grade`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grading.engine.fields import Bools, Floats
from grading.engine.scoring import Grading, Places, find_limits, place_of, vocabularies
from grading.scheme.model import Movement, Scheme

Numbers = NDArray[np.int32]
State = dict[str, NDArray[Any]]
"""Previous states as columns (see `carry_state`)."""

CLEAN = "clean:"


@dataclass(frozen=True, kw_only=True)
class Moved:
    """Results of a snapshot or an interim re-grade, row by row in the order of the grading.

    `outcome`: tier (effective: a tier id, or blocked, new, unrated), standing (the tier by movement rules before caps
    and override; None before the first rating), held (unrated, so the last standing goes on), capped_by (the gate that
    lowers the tier, or None), overridden, pending (snapshots that have confirmed a move: + up, - down, 0 none), target
    (the tier of that move, or None), dwell_left (snapshots to wait before a move may happen). `active`: by gate and
    row, hit now or not yet cleared. `following`: the state the next snapshot starts from.
    """

    outcome: Mapping[str, NDArray[Any]]
    active: Bools
    following: State


def carry_state(
    state: State, places: NDArray[np.intp], scheme: Scheme, *, restart: bool | Bools = False
) -> State:
    """A state with the columns of `scheme`, a row for each of `places`: that of `state` there, an empty one for -1.

    Columns: standing (tier id or None); since, rising_since, falling_since (numbers of snapshots; 0 is none);
    `clean:GATE` (clean snapshots in a row of an active gate; -1 when it is not active). A column that `state` lacks is
    empty. `restart` (for all, or by row) is for the first snapshot under another version or scheme: confirmations
    begin again, the time in a tier goes on, a standing that the new scheme does not have becomes a first rating, gates
    are matched by id.
    """
    known = places >= 0

    def kept(name: str, dtype: Any, empty: Any) -> NDArray[Any]:
        values = np.full(len(places), empty, dtype=dtype)
        if name in state:
            found = state[name][places[known]]
            if found.dtype.kind == "O":
                cells = [empty if cell is None or cell != cell else cell for cell in found.tolist()]
                found = np.array(cells, dtype=dtype)
            values[known] = found
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
    state: State,
    *,
    snapshot: int,
    interim: bool = False,
    overrides: Mapping[Any, Any] | None = None,
) -> Moved:
    """Take graded customers one snapshot further (semantics 7-9).

    In: `state` as `carry_state` gives it, with the rows of the grading; `snapshot` counts the snapshots of this purpose
    from 1. An interim re-grade passes the number the next snapshot will have: it may move a customer when the rules
    need no further confirmation, never counts as one, and leaves the state as it was. `overrides`: customer -> tier id;
    anything else is no override. ValueError when the scheme is another one, or the state has other rows or comes from
    a later snapshot.
    """
    if grading.identity != scheme.identity:
        raise ValueError(f"graded by {grading.identity}, but to be moved by {scheme.identity}")
    since = state["since"]
    if len(since) != len(grading):
        raise ValueError("the state has other rows than the grading; use carry_state")
    if len(since) and int(since.max()) >= snapshot:
        raise ValueError(f"the state is of snapshot {int(since.max())}, this one is {snapshot}")
    ranks: dict[Any, int] = {tier.id: place for place, tier in enumerate(scheme.tiers)}
    shown = grading.outcome["score"]
    clean, active = _find_active(grading, scheme, state, interim)
    limits = find_limits(active, scheme)
    young = grading.outcome["young"] & ~limits.blocked
    unrated = grading.outcome["provisional"] & ~limits.blocked & ~young
    rated = ~(limits.blocked | young | unrated)

    before = np.array([ranks.get(tier, -1) for tier in state["standing"].tolist()], dtype=np.int16)
    steps = find_steps(
        shown,
        np.where(rated, before, -1),
        state,
        scheme,
        snapshot=snapshot,
        interim=interim,
    )
    first = rated & (before < 0)
    standing = np.where(first, place_of(shown, scheme), np.where(steps.taken, steps.target, before))
    base = np.where(rated | unrated, standing, -1)
    chosen = np.full(len(grading), -1, dtype=np.int16)
    if overrides:
        chosen[:] = [ranks.get(overrides.get(customer), -1) for customer in grading.index]
    overridden = (chosen >= 0) & ~limits.blocked
    base = np.where(overridden, chosen, base)
    capped = (base >= 0) & (limits.ceiling > base)

    words, names, gates = vocabularies(scheme)
    word = len(ranks) + np.select([limits.blocked, young], [0, 1], 2)
    pending = np.where(steps.taken, 0, np.where(steps.falling, -steps.confirmed, steps.confirmed))
    outcome = {
        "tier": words[np.where(base >= 0, np.maximum(base, limits.ceiling), word)],
        "standing": names[standing],
        "held": unrated & (standing >= 0) & ~overridden,
        "capped_by": gates[np.where(capped, limits.capped_by, -1)],
        "overridden": overridden,
        "pending": pending,
        "target": names[np.where(pending != 0, steps.target, -1)],
        "dwell_left": np.where(steps.taken, 0, np.maximum(steps.dwell_left, 0)),
    }
    following = state
    if not interim:
        following = {
            **state,
            "standing": outcome["standing"],
            "since": np.where(first | steps.taken, snapshot, since).astype(np.int32),
            "rising_since": _since(steps.rising & ~steps.taken, state["rising_since"], snapshot),
            "falling_since": _since(steps.falling & ~steps.taken, state["falling_since"], snapshot),
            **{CLEAN + gate.id: clean[row] for row, gate in enumerate(scheme.gates)},
        }
    return Moved(outcome=outcome, active=active, following=following)


@dataclass(frozen=True, kw_only=True, slots=True)
class Steps:
    """The move that each row's score asks for, and how far the movement rules have come with it.

    `target`: place of the tier, at most `max_step` from the standing; `confirmed` snapshots in a row out of `needed`;
    `dwell_left`: snapshots until `min_dwell` allows it, below 0 when longer allowed; `taken`: it happens now.
    """

    rising: Bools
    falling: Bools
    target: Places
    confirmed: Numbers
    needed: Numbers
    dwell_left: Numbers
    taken: Bools


def find_steps(
    shown: Floats, before: Places, state: Mapping[str, Any], scheme: Scheme, *, snapshot: int, interim: bool
) -> Steps:
    """The movement rules (semantic 7) for rows of shown scores, or for a single one.

    `before`: place of the standing, -1 for one that cannot move. An interim re-grade confirms nothing: it moves when
    one confirmation is enough, or when there are enough already and only the dwell was in the way.
    """
    rules = scheme.movement or Movement(max_step=len(scheme.tiers))
    best = place_of(shown, scheme, rules.margin_up)
    least = place_of(shown, scheme, -rules.margin_down)
    rising, falling = (before >= 0) & (best < before), (before >= 0) & (least > before)
    candidate = rising | falling
    began = np.where(rising, state["rising_since"], state["falling_since"])
    confirmed = np.where(candidate, np.where(began > 0, snapshot - began, 0) + (not interim), 0)
    needed = np.where(rising, rules.confirm_up, rules.confirm_down)
    dwell_left = np.where(candidate, rules.min_dwell - (snapshot - state["since"]), 0)
    seen = np.maximum(confirmed, 1) if interim else confirmed
    return Steps(
        rising=rising,
        falling=falling,
        target=np.where(
            rising, np.maximum(best, before - rules.max_step), np.minimum(least, before + rules.max_step)
        ),
        confirmed=confirmed,
        needed=needed,
        dwell_left=dwell_left,
        taken=candidate & (seen >= needed) & (dwell_left <= 0),
    )


def _since(candidate: Bools, since: Numbers, snapshot: int) -> Numbers:
    return np.where(candidate, np.where(since > 0, since, snapshot), 0).astype(np.int32)


def _find_active(
    grading: Grading, scheme: Scheme, state: State, interim: bool
) -> tuple[NDArray[np.int16], Bools]:
    """(clean snapshots in a row, active) by gate and row: hit at once, cleared after `clear_after` clean snapshots.

    An empty field pauses the count. An interim re-grade clears only a gate that needs no clean snapshot.
    """
    hit, assessed = grading.gated
    clean = np.full(hit.shape, -1, dtype=np.int16)
    for row, gate in enumerate(scheme.gates):
        passed = ~hit[row] & assessed[row]
        before = state[CLEAN + gate.id]
        count = np.where(hit[row], 0, np.where(passed & (before >= 0), before + (not interim), before))
        clean[row] = np.where(passed & (count >= gate.clear_after), -1, count)
    return clean, clean >= 0
