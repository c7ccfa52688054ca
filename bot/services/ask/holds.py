"""What a customer's tier waits for, as people read it: a move under way, a cap, a person's decision."""

import json

from sqlmodel import Session

from bot.services.ask.breakdown import Breakdown
from bot.services.schemes.store import TierNames, names
from bot.wording.parts import ByHand, CapState, PendingPart
from db.graded import overrides
from db.graded.results import AssessmentRow, RunRow
from grading.explain.pending import find_pending
from grading.scheme.model import WORDS_FOR_NO_TIER, Scheme


def pending(row: AssessmentRow, run: RunRow, scheme: Scheme, book: TierNames) -> PendingPart | None:
    """The move the score asks for and the movement rules do not allow yet."""
    if row.held or row.tier in WORDS_FOR_NO_TIER or row.coverage < scheme.min_coverage - 1e-9:
        return None
    found = find_pending(
        scheme,
        score=row.score,
        standing=row.standing,
        since=row.since,
        rising_since=row.rising_since,
        falling_since=row.falling_since,
        # An interim run has the number of the snapshot to come, and the state of the one before.
        snapshot=run.snapshot - (run.kind == "interim"),
    )
    if found is None or found["target"] == standing_now(row):
        return None
    return PendingPart(
        tier=book.tier(found["target"]),
        up=found["up"],
        confirmed=found["confirmed"],
        needed=found["needed"],
        dwell_left=found["dwell_left"],
    )


def standing_now(row: AssessmentRow) -> str | None:
    """The tier by movement, before caps and override: an interim run may have moved it already, its state has not."""
    plain = row.tier not in WORDS_FOR_NO_TIER and not (row.capped_by or row.overridden or row.held)
    return row.tier if plain else row.standing


def cap(row: AssessmentRow, scheme: Scheme, parts: Breakdown) -> CapState | None:
    """The gate that lowers the tier, and how many clean snapshots it still waits for."""
    gate = next((gate for gate in scheme.gates if gate.id == row.capped_by), None)
    if gate is None:
        return None
    return CapState(
        gate=names(gate.name),
        hit=gate.id in parts.data["gates"],
        assessed=gate.id not in parts.data["gates_not_assessed"],
        clean_left=max(gate.clear_after - clean_counts(row).get(gate.id, 0), 0),
    )


def clean_counts(row: AssessmentRow) -> dict[str, int]:
    """Gates in force -> the clean snapshots in a row they have seen."""
    counts: dict[str, int] = json.loads(row.clean) if row.clean else {}
    return counts


def by_hand(session: Session, row: AssessmentRow, purpose: str, book: TierNames) -> ByHand | None:
    """Who set the tier, until when, and what it would be."""
    if not row.overridden:
        return None
    decision = overrides.open_override(session, row.customer_id, purpose)
    if decision is None:
        return None
    return ByHand(
        until=decision.expires_on,
        by=decision.set_by,
        reason=decision.reason,
        computed=book.tier(row.standing) if row.standing else None,
    )
