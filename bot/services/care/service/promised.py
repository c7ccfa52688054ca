"""What the present tier of a customer is promised."""

from sqlmodel import Session

from bot.services.schemes.store import SchemeCache
from bot.wording.service_parts import ServicePromise
from db.graded import runs, tier_rows


def promise_to(session: Session, scheme_cache: SchemeCache, customer_id: int) -> ServicePromise | None:
    """What a customer is promised by its tier; None without a tier, or without a promise."""
    rows = tier_rows.tier_rows(session, runs.latest_run_ids(session), customer_ids=[customer_id])
    book = scheme_cache.tier_names(session)
    return next((book.promise(row.tier, row.scheme_version_id) for row in rows), None)
