"""From facts, and what customers were, to assessments; and whose tier is another one than before."""

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlmodel import Session

from bot.services.grade import causes, previous
from bot.services.grade.causes import is_other_scheme
from bot.services.grade.previous import Rows
from bot.services.schemes.store import SchemeCache
from db.graded.assessments import PREVIOUS_STATE
from grading.scheme.model import BLOCKED, NEW, UNRATED, Scheme

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bot.frames import PreviousState
    from grading.engine.fields import Columns

NO_TIER = (NEW, UNRATED)


@dataclass(frozen=True, kw_only=True)
class TierChange:
    """One customer's effective tier moved."""

    customer_id: int
    before: str
    after: str
    score_before: float | None
    score_after: float | None
    held: bool = False
    cause: str = causes.BEHAVIOUR
    # Scheme versions, for those who tell of it; the change is the same by whatever rules.
    rules_before: int | None = field(default=None, compare=False)
    rules_after: int | None = field(default=None, compare=False)


def unallotted(customer_ids: list[int], newest: Rows, as_of: date) -> dict[str, list[Any]]:
    """Assessments of customers that no scheme applies to: unrated, and nothing goes on."""
    wanted = set(customer_ids)
    version, day = PREVIOUS_STATE.index("scheme_version_id"), PREVIOUS_STATE.index("tier_since")
    since = {row[0]: row[day] for row in newest if row[0] in wanted and row[version] is None}
    nothing = {
        "scheme_version_id": None,
        "computed_tier": None,
        "exact_score": None,
        "score": None,
        "coverage": 0.0,
        "low": None,
        "high": None,
        "certain": False,
        "tier": UNRATED,
        "held": False,
        "capped_by": None,
        "overridden": False,
        "standing": None,
        "since": 0,
        "rising_since": 0,
        "falling_since": 0,
        "clean": None,
        "inputs": b"",
    }
    return {
        "customer_id": customer_ids,
        **{name: [value] * len(customer_ids) for name, value in nothing.items()},
        "tier_since": [since.get(customer, as_of) for customer in customer_ids],
    }


def joined(parts: list[dict[str, list[Any]]]) -> dict[str, list[Any]]:
    """The columns of all shares as one, in the order of the customers."""
    if len(parts) == 1:
        return parts[0]
    joined = {name: [value for part in parts for value in part[name]] for name in parts[0]}
    ids = joined["customer_id"]
    order = sorted(range(len(ids)), key=ids.__getitem__)
    return {name: [values[place] for place in order] for name, values in joined.items()}


def assess(
    facts: "Columns",
    customers: "NDArray[np.int64]",
    scheme: Scheme,
    as_of: date,
    before: "PreviousState",
    *,
    version_id: int,
    snapshot: int,
    interim: bool,
    chosen: dict[int, str],
) -> dict[str, list[Any]]:
    """The assessments, as columns, that facts of customers come to, after what they were (`previous.columns_of`)."""
    from bot.frames import assessment_columns, places_of
    from grading.engine.inputs import pack
    from grading.engine.scoring import grade_columns

    graded = grade_columns(facts, customers, scheme, as_of)
    places = places_of(customers, before["customer_id"])
    moved = previous.moved_on(
        graded, scheme, before, places, version_id, snapshot=snapshot, interim=interim, chosen=chosen
    )
    inputs = pack(facts, len(customers), scheme)
    columns = assessment_columns(graded, moved, before, places, inputs)
    return {**columns, "scheme_version_id": [version_id] * len(customers)}


def changes_of(
    session: Session,
    scheme_cache: SchemeCache,
    columns: dict[str, list[Any]],
    before: "PreviousState",
    scheme: Scheme,
) -> list[TierChange]:
    """Moves of effective tiers. A first rating is none, unless it blocks.

    Coming from another scheme with a tier that this one does not have is a first rating too: nobody can say whether
    its B is more or less than that one's gold.
    """
    own = {tier.id for tier in scheme.tiers} | {BLOCKED}
    known = ("customer_id", "tier", "score", "scheme_version_id")
    earlier = {who: was for who, *was in zip(*(before[name].tolist() for name in known), strict=True)}
    changes = []
    wanted = ("customer_id", "tier", "score", "held", "scheme_version_id")
    for customer, tier, score, held, version in zip(*(columns[name] for name in wanted), strict=True):
        was, score_before, old = earlier.get(customer, (None, None, None))
        if was is None or was == tier:
            continue
        if tier != BLOCKED and (was in NO_TIER or tier in NO_TIER):
            continue
        if tier != BLOCKED and was not in own and is_other_scheme(session, scheme_cache, old, scheme):
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
                rules_after=version,
            )
        )
    return changes
