"""The tier of a customer for its page: why it has it, what moved since the last contact, what to ask, what lifts it."""

from dataclasses import replace
from datetime import date
from typing import Any

from sqlmodel import Session

from bot.services.access import Actor
from bot.services.ask import ways
from bot.services.ask.boundaries import assessed, coming
from bot.services.ask.explanation import lift_of
from bot.services.ask.facts.rights import recording_of
from bot.services.ask.graded import Graded, as_read, graded_of, moved_by
from bot.services.ask.missing import find_missing, missing_parts
from bot.services.schemes.store import SchemeCache, tiers_of
from bot.wording.ask.briefs import GradedPart, RisePart, ScorePoint
from bot.wording.parts import MASKED, Reason
from db.book.customers import CustomerRow
from db.graded import assessments

MOST_REASONS = 2
MOST_MOVED = 3
MOST_POINTS = 6  # gradings


def graded_fields(
    session: Session,
    scheme_cache: SchemeCache,
    customer: CustomerRow,
    graded: Graded | None,
    last_contact: date | None,
    today: date,
    *,
    in_full: bool,
    actor: Actor | None = None,
) -> dict[str, Any]:
    """The fields of a page about its grading; of a customer that was not graded only that it was not.

    `actor`: who may record missing facts from the page.
    """
    if graded is None:
        return {"graded": None}
    row, run, scheme = graded.assessment, graded.run, graded.scheme
    book, days = tiers_of(scheme), coming(session, scheme_cache, graded, today)
    shown = assessed(session, graded, book, days)
    up, down = graded.breakdown.up_and_down
    then = _then(session, scheme_cache, customer, graded, last_contact)
    part = GradedPart(
        **{
            name: shown[name] for name in ("tier", "score", "coverage", "as_of", "held", "by_hand", "pending")
        },
        since=row.tier_since,
        scheme=scheme.name,
        scheme_version=scheme.version,
        capped_by=next((gate.name for gate in scheme.gates if gate.id == row.capped_by), None),
        up=_reasons(up, graded, in_full=in_full),
        down=_reasons(down, graded, in_full=in_full),
        before=then.since if then else None,
        moved=moved_by(then.breakdown, graded.breakdown)[:MOST_MOVED] if then else (),
        newer=last_contact is None or run.as_of > last_contact,
    )
    future = ways.future_of(session, scheme_cache, graded, today)
    lift = lift_of(graded)
    found = find_missing(session, graded, future)
    missing = (
        missing_parts(found, graded, book, recording_of(actor, customer, scheme))
        if actor is not None
        else missing_parts(found, graded, book)
    )
    rise = None
    if lift["goal"]:
        goal = book.tier(lift["goal"])
        rise = RisePart(goal=goal, needed=lift["needed"], **vars(ways.rise_of(graded, future, lift)))
    return {"graded": part, **missing, "rise": rise, "service": book.promise(row.tier)}


def _then(
    session: Session,
    scheme_cache: SchemeCache,
    customer: CustomerRow,
    graded: Graded,
    last_contact: date | None,
) -> Graded | None:
    """The grading in force on the day of the last contact; None where there was none, or no later one since."""
    if last_contact is None or graded.run.as_of <= last_contact:
        return None
    found = graded_of(session, scheme_cache, customer, last_contact)
    return found.previous if found else None


def _reasons(found: tuple[Reason, ...], graded: Graded, *, in_full: bool) -> tuple[Reason, ...]:
    """The first reasons; their values in full only where the whole is asked for."""
    first = found[:MOST_REASONS]
    if not in_full:
        return first
    names = {indicator.name: indicator for indicator in graded.scheme.indicators}
    values = {line["indicator"]: line["value"] for line in graded.breakdown.data["breakdown"]}

    def whole(one: Reason) -> Reason:
        indicator = names.get(one.names)
        if one.value != MASKED or indicator is None:
            return one
        return replace(one, value=as_read(indicator, values[indicator.id]))

    return tuple(map(whole, first))


def score_points(
    session: Session, scheme_cache: SchemeCache, customer: CustomerRow, most: int
) -> tuple[tuple[ScorePoint, ...], int]:
    """(the scores of the last gradings, the oldest first; how many older ones are left out)."""
    found = [
        (row, run)
        for row, run in assessments.history(session, customer.id, customer.record_type)
        if row.scheme_version_id is not None
    ]
    points = tuple(
        ScorePoint(
            as_of=run.as_of,
            tier=tiers_of(scheme_cache.scheme(session, row.scheme_version_id or 0)).tier(row.tier),
            score=row.score,
        )
        for row, run in found[-most:]
    )
    return points, len(found) - len(points)
