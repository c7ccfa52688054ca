"""A customer's tiers and scores, grading by grading."""

from dataclasses import dataclass
from datetime import date

from bot.services import access
from bot.services.access import Act, Actor
from bot.services.schemes.store import SchemeCache
from db.book.customers import RecordType
from db.engine import Database
from db.graded import assessments


@dataclass(frozen=True, kw_only=True)
class HistoryEntry:
    """One grading of a customer: the effective tier, and why it was not simply the computed one."""

    as_of: date
    kind: str
    tier: str
    computed_tier: str | None
    score: float | None
    change: float | None  # of the score since the entry before
    held: bool
    capped_by: str | None
    overridden: bool
    scheme: str | None  # None where no scheme applied
    version: int | None


def history(
    database: Database, scheme_cache: SchemeCache, actor: Actor, customer_id: int
) -> list[HistoryEntry]:
    """All gradings of a customer, oldest first, also those as a prospect. Raises NotFound unless it is the actor's."""
    with database.read() as session:
        customer = access.customer_for(session, actor, Act.SEE, customer_id)
        found = [
            graded for purpose in RecordType for graded in assessments.history(session, customer.id, purpose)
        ]
        entries: list[HistoryEntry] = []
        last: float | None = None
        previous = ""
        for row, run in sorted(found, key=lambda graded: graded[1].id or 0):
            if run.purpose != previous:  # scores of two purposes cannot be compared
                last, previous = None, run.purpose
            version = row.scheme_version_id
            scheme = None if version is None else scheme_cache.scheme(session, version)
            entries.append(
                HistoryEntry(
                    as_of=run.as_of,
                    kind=run.kind,
                    tier=row.tier,
                    computed_tier=row.computed_tier,
                    score=row.score,
                    change=None if row.score is None or last is None else row.score - last,
                    held=row.held,
                    capped_by=row.capped_by,
                    overridden=row.overridden,
                    scheme=scheme.scheme if scheme else None,
                    version=scheme.version if scheme else None,
                )
            )
            last = row.score if row.score is not None else last
        return entries
