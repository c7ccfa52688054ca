"""From facts and previous states to assessments, tier changes and their causes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlmodel import Session

from bot.services.schemes.store import SchemeCache
from db.graded import runs
from db.graded.assessments import PREVIOUS_STATE, previous_rows_at
from db.graded.runs import Assessment, GradingRun
from grading.scheme.model import BLOCKED, NEW, UNRATED, Scheme

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bot.frames import PreviousState
    from grading.engine.fields import Columns
    from grading.engine.movement import Moved
    from grading.engine.scoring import Grading

NO_TIER = (NEW, UNRATED)
Rows = Sequence[tuple[Any, ...]]


class Cause(StrEnum):
    """What changed a tier: the customer, corrected or late data, another scheme, a person, or a customer joined into it."""

    BEHAVIOUR = "behaviour"
    DATA = "data"
    RULE = "rule"
    OVERRIDE = "override"
    JOIN = "join"


@dataclass(frozen=True, kw_only=True)
class TierChange:
    """A change of one customer's effective tier."""

    customer_id: int
    before: str
    after: str
    score_before: float | None
    score_after: float | None
    held: bool = False
    cause: str = Cause.BEHAVIOUR
    # Scheme versions, for messages; the change is the same by whatever rules.
    rules_before: int | None = field(default=None, compare=False)
    rules_after: int | None = field(default=None, compare=False)


@dataclass(frozen=True, kw_only=True)
class PreviousRows:
    """Rows of `previous_rows_at`: by every run so far, and by the last snapshot (`left`) where runs have followed it.

    Interim runs change a tier only until the next snapshot. Movement starts from the last snapshot: an interim run
    under another scheme would have cut or restarted its state.
    """

    newest: Rows = ()
    left: Rows | None = None


def load_previous(
    session: Session, last: GradingRun | None, snapshot: GradingRun | None, customer_ids: Sequence[int] | None
) -> PreviousRows:
    """The states of customers (all, or these) after the run `last`, the newest snapshot being `snapshot`."""
    if last is None:
        return PreviousRows()
    newest = previous_rows_at(session, runs.runs_behind(session, last.purpose, last.id), customer_ids)
    if snapshot is None or snapshot.id == last.id:
        return PreviousRows(newest=newest)
    behind = runs.runs_behind(session, last.purpose, snapshot.id)
    return PreviousRows(newest=newest, left=previous_rows_at(session, behind, customer_ids))


@dataclass(frozen=True, kw_only=True)
class RunStep:
    """What all customers of a run have in common: its day and number, the previous states, the overrides."""

    as_of: date
    snapshot: int
    interim: bool
    past: PreviousRows
    overrides: Mapping[int, str]  # customer -> tier

    def previous(self, scheme: Scheme, customer_ids: Sequence[int] | None) -> "PreviousState":
        """The previous states of some customers, as columns for a scheme."""
        from bot.frames import previous_state_columns  # pandas: only when something is graded

        newest, left = self.past.newest, self.past.left
        if customer_ids is not None and len(customer_ids) < len(newest):
            wanted = set(customer_ids)
            newest = [row for row in newest if row[0] in wanted]
            left = None if left is None else [row for row in left if row[0] in wanted]
        return previous_state_columns(newest, scheme, left)

    def move(
        self, graded: "Grading", scheme: Scheme, before: "PreviousState", version_id: int | None
    ) -> tuple["Moved", "NDArray[np.intp]"]:
        """(graded customers after their previous states, the row of each in `before` or -1).

        Confirmations start again for a customer whose last state came from another scheme or version.
        """
        from bot.frames import places_of
        from grading.engine.movement import carry_state, move

        places = places_of(graded.index, before["customer_id"])
        others = before["moved_by"] != version_id
        restart = (places >= 0) & others[places] if len(others) else False
        state = carry_state(before, places, scheme, restart=restart)
        moved = move(
            graded, scheme, state, snapshot=self.snapshot, interim=self.interim, overrides=self.overrides
        )
        return moved, places


def assess(
    facts: "Columns",
    customers: "NDArray[np.int64]",
    scheme: Scheme,
    before: "PreviousState",
    version_id: int,
    step: RunStep,
) -> dict[str, list[Any]]:
    """Assessments, as columns, of facts of customers with previous states (`RunStep.previous`)."""
    from bot.frames import assessment_columns
    from grading.engine.inputs import pack
    from grading.engine.scoring import grade_columns

    graded = grade_columns(facts, customers, scheme, step.as_of)
    moved, places = step.move(graded, scheme, before, version_id)
    inputs = pack(facts, len(customers), scheme)
    columns = assessment_columns(graded, moved, before, places, inputs)
    return {**columns, "scheme_version_id": [version_id] * len(customers)}


def assess_without_scheme(customer_ids: list[int], step: RunStep) -> dict[str, list[Any]]:
    """Assessments of customers that no scheme applies to: unrated, and their movement state is dropped."""
    wanted = set(customer_ids)
    version, day = PREVIOUS_STATE.index("scheme_version_id"), PREVIOUS_STATE.index("tier_since")
    since = {row[0]: row[day] for row in step.past.newest if row[0] in wanted and row[version] is None}
    nothing = {name: None for name in Assessment.model_fields if name not in ("id", "run_id")} | {
        "tier": UNRATED,
        "coverage": 0.0,
        **dict.fromkeys(("certain", "held", "overridden"), False),
        **dict.fromkeys(("since", "rising_since", "falling_since"), 0),
        "inputs": b"",
    }
    return {
        **{name: [value] * len(customer_ids) for name, value in nothing.items()},
        "customer_id": customer_ids,
        "tier_since": [since.get(customer, step.as_of) for customer in customer_ids],
    }


def join_columns(parts: list[dict[str, list[Any]]]) -> dict[str, list[Any]]:
    """The columns of several assessments as one, in the order of the customers."""
    if len(parts) == 1:
        return parts[0]
    joined = {name: [value for part in parts for value in part[name]] for name in parts[0]}
    ids = joined["customer_id"]
    order = sorted(range(len(ids)), key=ids.__getitem__)
    return {name: [values[place] for place in order] for name, values in joined.items()}


def compare_tiers(
    session: Session,
    scheme_cache: SchemeCache,
    columns: Mapping[str, Sequence[Any]],
    before: "PreviousState",
    scheme: Scheme,
    version_id: int,
) -> list[TierChange]:
    """The changes of effective tiers, without causes.

    A first rating is none, unless it blocks. Coming from another scheme with a tier that this one does not have is a
    first rating too: its B cannot be compared with that one's gold.
    """
    own = {tier.id for tier in scheme.tiers} | {BLOCKED}
    known = ("customer_id", "tier", "score", "scheme_version_id")
    earlier = {who: was for who, *was in zip(*(before[name].tolist() for name in known), strict=True)}
    changes = []
    wanted = ("customer_id", "tier", "score", "held")
    for customer, tier, score, held in zip(*(columns[name] for name in wanted), strict=True):
        was, score_before, old = earlier.get(customer, (None, None, None))
        if was is None or was == tier:
            continue
        if tier != BLOCKED and (was in NO_TIER or tier in NO_TIER):
            continue
        foreign = None if tier == BLOCKED or was in own else old
        if foreign is not None and scheme_cache.scheme(session, foreign).scheme != scheme.scheme:
            continue
        changes.append(
            TierChange(
                customer_id=customer,
                before=was,
                after=tier,
                score_before=score_before,
                score_after=score,
                held=held,
                rules_before=old,
                rules_after=version_id,
            )
        )
    return changes
