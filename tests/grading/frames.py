"""Movement and gates as frames by customer, for tests that name a customer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from grading.engine import movement
from grading.engine.compiled import compile_scheme
from grading.engine.fields import columns_of, floats_of, frame_of, read_days
from grading.engine.inputs import pack
from grading.engine.scoring import Grading
from grading.indicators import orders
from grading.scheme.model import Scheme


@dataclass(frozen=True, kw_only=True)
class MovedFrames:
    """What `movement.move` returns, by customer."""

    results: pd.DataFrame
    gates_active: pd.DataFrame
    state: pd.DataFrame


def empty_state(index: pd.Index, scheme: Scheme) -> pd.DataFrame:
    """The state of customers who have never been in a snapshot."""
    return frame_of(movement.carry_state({}, np.full(len(index), -1), scheme), index)


def state_for(
    state: pd.DataFrame, index: pd.Index, scheme: Scheme, *, restart: bool | pd.Series[Any] = False
) -> pd.DataFrame:
    """A state carried over to the customers of `index`; `restart` for all, or by customer."""
    if isinstance(restart, pd.Series):
        begins = restart.reindex(index, fill_value=False).to_numpy(dtype=bool)
    else:
        begins = np.full(len(index), restart)
    places = state.index.get_indexer(index)
    return frame_of(movement.carry_state(_arrays(state), places, scheme, restart=begins), index)


def move(
    grading: Grading,
    scheme: Scheme,
    state: pd.DataFrame,
    *,
    snapshot: int,
    interim: bool = False,
    overrides: pd.Series[Any] | None = None,
) -> MovedFrames:
    """`movement.move` with the previous state and the overrides by customer."""
    moved = movement.move(
        grading,
        scheme,
        _arrays(state),
        snapshot=snapshot,
        interim=interim,
        overrides=None if overrides is None else overrides.to_dict(),
    )
    return MovedFrames(
        results=frame_of(moved.outcome, grading.index),
        gates_active=_by_gate(moved.active, grading),
        state=frame_of(moved.following, grading.index),
    )


def gates_hit(grading: Grading) -> pd.DataFrame:
    """Whether a gate's condition holds, with a column for each gate."""
    return _by_gate(grading.gated[0], grading)


def gates_not_assessed(grading: Grading) -> pd.DataFrame:
    """Whether the field of a gate is missing, with a column for each gate."""
    return _by_gate(~grading.gated[1], grading)


def dimension_scores(grading: Grading) -> pd.DataFrame:
    return _by_dimension(grading.sums.dimension_scores, grading)


def dimension_points(grading: Grading) -> pd.DataFrame:
    return _by_dimension(grading.sums.dimension_points, grading)


def effective_weights(grading: Grading) -> pd.DataFrame:
    """The share of the score that each indicator decides (semantic 3), 0 when it does not count."""
    sums, compiled = grading.sums, compile_scheme(grading.facts.scheme)
    inner = sums.dimension_weights
    if compiled.redistribute:
        inner = inner / np.where(sums.dimension_coverage > 0.0, sums.dimension_coverage, 1.0)
    members = [(d, nominal) for d, inside in enumerate(compiled.members) for _, nominal in inside]
    weights = np.column_stack([inner[d] * nominal for d, nominal in members])
    if compiled.redistribute:
        weights *= ~sums.missing.T
    names = [indicator.id for indicator in grading.facts.scheme.indicators]
    return pd.DataFrame(weights, index=grading.index, columns=names)


def order_indicators(aggregates: pd.DataFrame, as_of: date, scheme: Scheme) -> pd.DataFrame:
    """`orders.order_indicators` on the index of aggregates."""
    columns = {
        name: read_days(aggregates[name]) if name in orders.ORDER_DAYS else floats_of(aggregates[name])
        for name in orders.ORDER_AGGREGATES
    }
    return pd.DataFrame(orders.order_indicators(columns, as_of, scheme), index=aggregates.index)


def pack_frame(facts: pd.DataFrame, scheme: Scheme) -> list[bytes]:
    """Each row of facts as the bytes that are stored."""
    return pack(columns_of(facts), len(facts), scheme)


def _by_gate(flags: np.ndarray[Any, Any], grading: Grading) -> pd.DataFrame:
    names = [gate.id for gate in grading.facts.scheme.gates]
    return pd.DataFrame(flags.T, index=grading.index, columns=names)


def _by_dimension(values: np.ndarray[Any, Any], grading: Grading) -> pd.DataFrame:
    names = [dimension.id for dimension in grading.facts.scheme.dimensions]
    return pd.DataFrame(values.T, index=grading.index, columns=names)


def _arrays(state: pd.DataFrame) -> dict[str, Any]:
    return {str(name): state[name].to_numpy() for name in state.columns}
