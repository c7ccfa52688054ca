"""What customers were before a grading: their tiers by the newest runs, their movement by the last snapshot."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlmodel import Session

from db.graded import runs
from db.graded.assessments import previous_rows_at
from db.graded.runs import GradingRun
from grading.scheme.model import Scheme

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bot.frames import PreviousState
    from grading.engine.movement import Moved
    from grading.engine.scoring import Grading

Rows = Sequence[tuple[Any, ...]]


@dataclass(frozen=True, kw_only=True)
class PreviousRows:
    """Rows of `db.graded.assessments.previous_rows_at`: by every run so far, and by the last snapshot where runs have followed it.

    Interim runs say what a customer is until the next snapshot, and take no part in how it moves there: one under
    another scheme would have cut or restarted what the snapshot left.
    """

    newest: Rows = ()
    left: Rows | None = None


def previous_rows(
    session: Session, last: GradingRun | None, snapshot: GradingRun | None, customer_ids: Sequence[int] | None
) -> PreviousRows:
    """What customers (all, or these) were after the run `last` of a purpose, the newest snapshot being `snapshot`."""
    if last is None:
        return PreviousRows()
    newest = previous_rows_at(session, runs.runs_behind(session, last.purpose, last.id), customer_ids)
    if snapshot is None or snapshot.id == last.id:
        return PreviousRows(newest=newest)
    behind = runs.runs_behind(session, last.purpose, snapshot.id)
    return PreviousRows(newest=newest, left=previous_rows_at(session, behind, customer_ids))


def columns_of(past: PreviousRows, scheme: Scheme, customer_ids: Sequence[int] | None) -> "PreviousState":
    """What the customers of a share were, as columns."""
    from bot.frames import previous_state_columns

    newest, left = past.newest, past.left
    if customer_ids is not None and len(customer_ids) < len(newest):
        wanted = set(customer_ids)
        newest = [row for row in newest if row[0] in wanted]
        left = None if left is None else [row for row in left if row[0] in wanted]
    return previous_state_columns(newest, scheme, left)


def moved_on(
    graded: "Grading",
    scheme: Scheme,
    before: "PreviousState",
    places: "NDArray[np.intp]",
    version_id: int | None,
    *,
    snapshot: int,
    interim: bool = False,
    chosen: dict[int, str],
) -> "Moved":
    """Graded customers after what they were: `places` says in which row of `before`, -1 for nowhere.

    Whoever was moved by another version or scheme than this one confirms its moves anew.
    """
    from grading.engine.movement import carry_state, move

    others = before["moved_by"] != version_id
    restart = (places >= 0) & others[places] if len(others) else False
    state = carry_state(before, places, scheme, restart=restart)
    return move(graded, scheme, state, snapshot=snapshot, interim=interim, overrides=chosen)
