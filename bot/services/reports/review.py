"""The review queue: what a person should review, with most at stake first, and the answers."""

from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlmodel import Session

from bot.errors import N_, BadInput, NotFound
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.schemes.store import SchemeCache
from db.audit import AuditAction, ObjectKind
from db.engine import Database
from db.graded import reviews, runs, schemes
from db.graded.reviews import Item, Query, ReviewAnswer, ReviewReason
from db.graded.runs import Purpose
from grading.indicators.orders import window_start
from grading.scheme.model import Scheme

ENDING = timedelta(days=30)
HIDDEN = timedelta(days=90)
STALE = 3 / 4  # of max_age_days: time to renew a judgement before it is missing
MOST_OF_ONE = 100
NOT_YOUR_REVIEW = N_("There is no such customer whose review you may answer.")


def list_items(
    database: Database,
    scheme_cache: SchemeCache,
    actor: Actor,
    *,
    today: date,
    limit: int,
    reason: str | None = None,
) -> list[Item]:
    """The open items of the customers an actor may see: `limit` of them, by the net revenue of the last 12 months."""
    with database.read() as session:
        query = _query(access.visible_owners(session, actor), today, limit)
        return _items(session, scheme_cache, query, _reasons(reason))


def answer(
    database: Database,
    scheme_cache: SchemeCache,
    actor: Actor,
    customer_id: int,
    reason: str,
    *,
    note: str,
    today: date,
    now: datetime,
) -> list[Item]:
    """Store that somebody has reviewed a customer, and what was found; the items that this hides.

    They come back when they change, and after 90 days. Raises NotFound for a customer that is not the actor's, and for
    one with nothing open of that reason; BadInput without a note.
    """
    (wanted,) = _reasons(reason)
    if not note.strip():
        raise BadInput(N_("Say in the note what was found or decided."))
    with database.write(lock="review") as session:
        customer = access.customer_for(session, actor, Act.REVIEW, customer_id, NOT_YOUR_REVIEW)
        query = replace(_query(None, today, MOST_OF_ONE), customer_id=customer.id)
        found = _items(session, scheme_cache, query, (wanted,))
        if not found:
            raise NotFound(
                N_("%(name)s has nothing open to review as %(reason)s."), name=customer.name, reason=wanted
            )
        session.add_all(
            ReviewAnswer(
                customer_id=customer.id,
                reason=wanted,
                item=one.item,
                note=note.strip(),
                answered_by=actor.name,
                answered_at=now,
                hidden_until=today + HIDDEN,
            )
            for one in found
        )
        actor.record(
            session,
            AuditAction.REVIEW_ANSWERED,
            ObjectKind.CUSTOMER,
            customer.id,
            after={
                "reason": wanted,
                "items": [one.item for one in found],
                "hidden_until": today + HIDDEN,
            },
        )
    return found


def _query(owners: frozenset[int] | None, today: date, limit: int) -> Query:
    return Query(owners=owners, today=today, year_ago=window_start(today, 12), limit=limit)


def _reasons(reason: str | None) -> tuple[ReviewReason, ...]:
    if reason is None:
        return tuple(ReviewReason)
    try:
        return (ReviewReason(reason),)
    except ValueError:
        raise BadInput(
            N_("There is no review reason %(reason)s; there are %(reasons)s."),
            reason=reason,
            reasons=", ".join(ReviewReason),
        ) from None


def _items(
    session: Session, scheme_cache: SchemeCache, query: Query, wanted: tuple[ReviewReason, ...]
) -> list[Item]:
    found: list[Item] = []
    for purpose in (Purpose.ACCOUNT, Purpose.PROSPECT):
        run_ids = runs.runs_behind(session, purpose)
        for reason in reviews.OF_ASSESSMENTS:
            if reason in wanted:
                found += reviews.of_assessments(session, query, reason, purpose, run_ids)
        if ReviewReason.STALE in wanted:
            held = schemes.in_force(session, purpose, query.today)
            for version in (period.scheme_version_id for period in held):
                oldest = _oldest(scheme_cache.scheme(session, version), query.today)
                graded_by = (run_ids, version) if len(held) > 1 else None
                found += reviews.of_judgements(session, query, purpose, oldest, graded_by)
        snapshot = runs.last_snapshot(session, purpose) if ReviewReason.SHADOW in wanted else None
        tried = schemes.shadows(session, purpose) if snapshot is not None else []
        if snapshot is not None and snapshot.id is not None and tried:
            found += reviews.of_shadow_moves(session, query, snapshot.id, tried)
    if ReviewReason.OVERRIDE in wanted:
        found += reviews.of_overrides(session, query, query.today + ENDING)
    order = list(ReviewReason)
    found.sort(key=lambda one: (-one.stake, one.code, order.index(one.reason), one.item))
    return found[: query.limit]


def _oldest(scheme: Scheme, today: date) -> dict[str, date]:
    """Judged indicator -> the day before which its value is older than three quarters of its `max_age_days`."""
    return {
        indicator.id: today - timedelta(days=int(indicator.max_age_days * STALE))
        for indicator in scheme.indicators
        if indicator.manual and indicator.max_age_days is not None
    }
