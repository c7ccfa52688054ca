"""Whether overrides are ones that the scheme allowed when they were set; their effect shows in the assessments."""

from datetime import timedelta

from sqlalchemy.exc import NoResultFound
from sqlmodel import Session

from bot.errors import N_, Phrase
from bot.services.grade.evidence.findings import Verified
from bot.services.schemes.store import SchemeCache
from db.book import customers
from db.graded import overrides, schemes
from db.graded.overrides import Override
from grading.scheme.model import Scheme
from grading.scheme.problems import SchemeError

ZONES_APART = timedelta(days=1)  # the day somebody sets an override is at most this far from UTC's


def check_overrides(
    session: Session, scheme_cache: SchemeCache, found: Verified, customer_id: int | None
) -> None:
    """Compare each override with its own days and with the schemes in force when it was set."""
    every = overrides.every_override(session, customer_id)
    codes = customers.get_many(session, sorted({one.customer_id for one in every}))
    for one in every:
        code = codes[one.customer_id].code if one.customer_id in codes else str(one.customer_id)
        for column, stored, right in _wrong(one, _schemes(session, scheme_cache, one)):
            found.add_other(
                f"tier_override.{column}",
                row=Phrase(N_("override %(number)s"), number=one.id),
                customer=code,
                stored=stored,
                computed=right,
            )


def _schemes(session: Session, scheme_cache: SchemeCache, one: Override) -> list[Scheme]:
    held = schemes.in_force(session, one.purpose, one.starts_on, known_at=one.set_at)
    try:
        return [scheme_cache.scheme(session, period.scheme_version_id) for period in held]
    except (SchemeError, NoResultFound):
        return []


def _wrong(one: Override, held: list[Scheme]) -> list[tuple[str, object, object]]:
    """(column, stored, what it should be)."""
    wrong: list[tuple[str, object, object]] = []
    if abs(one.starts_on - one.set_at.date()) > ZONES_APART:
        wrong.append(("starts_on", one.starts_on, one.set_at.date()))
    if one.ended_at is not None and one.ended_at < one.set_at:
        wrong.append(("ended_at", one.ended_at, f"not before {one.set_at}"))
    if not held:
        return wrong
    tiers = [tier.id for scheme in held for tier in scheme.tiers]
    if one.tier not in tiers:
        wrong.append(("tier", one.tier, ", ".join(tiers)))
    longest = [scheme.override.max_days if scheme.override else None for scheme in held]
    limits = [one.starts_on + timedelta(days=days) for days in longest if days is not None]
    if len(limits) == len(longest) and (one.expires_on is None or one.expires_on > max(limits)):
        wrong.append(("expires_on", one.expires_on, f"not after {max(limits)}"))
    return wrong
