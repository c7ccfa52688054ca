"""What moves a customer's tier next: a pending move, the scores at which it moves, and the days of the gradings."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlmodel import Session

from bot.services.ask.graded import Graded, by_hand, is_provisional, standing_now
from bot.services.schemes.cadence import next_gradings
from bot.services.schemes.store import SchemeCache, TierNames
from bot.wording.parts import BoundaryPart, KeptPart, PendingPart
from db.graded.runs import RunKind
from grading.explain.boundaries import MoveLine, find_boundaries, gradings_until, move_limit
from grading.explain.pending import PendingMove, find_pending
from grading.scheme.model import WORDS_FOR_NO_TIER

MOST_AHEAD = 12  # gradings to look ahead; a move that takes longer is said without its day


def assessed(session: Session, graded: Graded, book: TierNames, days: Sequence[date]) -> dict[str, Any]:
    """The fields of a message about an assessment (`AssessmentPart`); `days` are those that `coming` gives."""
    row = graded.assessment
    return {
        "tier": book.tier(row.tier),
        **{name: getattr(row, name) for name in ("score", "coverage", "low", "high", "held")},
        "by_hand": by_hand(session, graded, book),
        "pending": pending(graded, book, days),
        "as_of": graded.run.as_of,
    }


def coming(session: Session, scheme_cache: SchemeCache, graded: Graded, today: date) -> tuple[date, ...]:
    """The next gradings that use the scheme version of this one; none where another version comes first."""
    return next_gradings(
        session,
        scheme_cache,
        graded.run.purpose,
        today,
        MOST_AHEAD,
        version_id=graded.assessment.scheme_version_id,
    )


def pending(graded: Graded, book: TierNames, days: Sequence[date]) -> PendingPart | None:
    """The move the score asks for and the movement rules do not allow yet, with the day on which they do."""
    row, found = graded.assessment, _pending(graded)
    if found is None or row.standing is None:
        return None
    gradings, sooner = gradings_until(
        confirmed=found["confirmed"], needed=found["needed"], dwell_left=found["dwell_left"]
    )
    return PendingPart(
        tier=book.tier(found["target"]),
        up=found["up"],
        confirmed=found["confirmed"],
        needed=found["needed"],
        dwell_left=found["dwell_left"],
        limit=move_limit(graded.scheme, row.standing, found["target"]),
        on=days[gradings - 1] if gradings <= len(days) else None,
        sooner=sooner,
        outdated=not days,
    )


def boundaries(graded: Graded, book: TierNames, days: Sequence[date]) -> dict[str, Any]:
    """The fields of a message about what moves a tier next (`BoundaryState`).

    None of them where no score moves the tier: without one, set by hand, capped, or when another version grades next.
    """
    row, tier = graded.assessment, standing_now(graded.assessment)
    if not days or row.capped_by or row.overridden or row.held or is_provisional(graded):
        return {}
    if row.score is None or row.standing is None or tier is None or tier in WORDS_FOR_NO_TIER:
        return {}
    waits, score = _pending(graded), row.score
    found = find_boundaries(
        graded.scheme,
        score=score,
        tier=tier,
        standing=row.standing,
        since=row.since,
        rising_since=row.rising_since,
        falling_since=row.falling_since,
        snapshot=_snapshot(graded),
        rising=waits is not None and waits["up"],
        falling=waits is not None and not waits["up"],
    )
    kept = found["kept"]

    def part(line: MoveLine | None) -> BoundaryPart | None:
        if line is None:
            return None
        # With `sooner`, a re-grade after the grading before the last: its night is over on the day after it. Without
        # a grading before it, any day.
        first = line["gradings"] - line["sooner"]
        wait = timedelta(days=int(line["sooner"]))
        return BoundaryPart(
            tier=book.tier(line["tier"]),
            limit=line["limit"],
            points=round(abs(line["limit"] - score), graded.scheme.display_decimals),
            earliest=days[first - 1] + wait if 0 < first <= len(days) else None,
        )

    return {
        "higher": part(found["up"]),
        "lower": part(found["down"]),
        "kept": kept
        and KeptPart(
            tier=book.tier(kept["tier"]), boundary=kept["boundary"], limit=kept["limit"], above=kept["above"]
        ),
    }


def _pending(graded: Graded) -> PendingMove | None:
    row = graded.assessment
    if (
        row.held
        or row.tier in WORDS_FOR_NO_TIER
        or is_provisional(graded)
        or row.computed_tier == row.standing
    ):
        return None
    found = find_pending(
        graded.scheme,
        score=row.score,
        standing=row.standing,
        since=row.since,
        rising_since=row.rising_since,
        falling_since=row.falling_since,
        snapshot=_snapshot(graded),
    )
    return None if found is None or found["target"] == standing_now(row) else found


def _snapshot(graded: Graded) -> int:
    """The number of the last snapshot, whose state an interim run keeps: it has the number of the snapshot to come."""
    return graded.run.snapshot - (graded.run.kind == RunKind.INTERIM)
