"""What the next snapshots make of a result: the tier once no rule of movement and no cap delays it any more."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grading.engine.movement import State, carry_state, move
from grading.engine.scoring import Grading
from grading.scheme.model import Scheme


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where movement has brought one customer.

    `state`: one row, as the last snapshot left it (`movement.carry_state`; empty before the first). `snapshot`: the
    number of the next one. `override`: the tier set by hand, which is taken to go on.
    """

    state: State = field(default_factory=dict)
    snapshot: int = 1
    override: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Destination:
    """By row: the effective tier that no further snapshot changes, and how many snapshots until it is reached."""

    tiers: NDArray[Any]
    snapshots: NDArray[np.intp]


def settle(grading: Grading, scheme: Scheme, standing: Standing) -> Destination:
    """Grade the same facts at one snapshot after the other; each row of the grading begins at the same standing.

    It ends, because the score stays: a move only ever leads towards the tier that the score asks for.
    """
    rows = len(grading)
    known = len(standing.state.get("standing", ())) > 0
    state = carry_state(standing.state, np.full(rows, 0 if known else -1), scheme)
    overrides = None if standing.override is None else dict.fromkeys(grading.index, standing.override)
    tiers: NDArray[Any] = np.full(rows, None, dtype=object)
    reached = np.zeros(rows, dtype=np.intp)
    for count in itertools.count(1):
        moved = move(grading, scheme, state, snapshot=standing.snapshot + count - 1, overrides=overrides)
        found = moved.outcome["tier"]
        reached[found != tiers] = count
        tiers = found
        same = all(
            np.array_equal(values, moved.following[name])
            for name, values in state.items()
            if name not in ("since", "rising_since", "falling_since")
        )
        if same and not moved.outcome["pending"].any():
            return Destination(tiers=tiers, snapshots=reached)
        state = moved.following
    raise AssertionError("unreachable")
