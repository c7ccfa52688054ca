"""A customer's tiers and scores, grading by grading."""

from dataclasses import dataclass
from datetime import date

from bot.services import access
from bot.services.access import Act, Actor
from bot.services.schemes.store import SchemeCache
from db.book import customers
from db.book.customers import RecordType
from db.engine import Database
from db.graded import assessments


@dataclass(frozen=True, kw_only=True)
class HistoryEntry:
    """One grading of a customer: the effective tier, and why it was not simply the computed one."""

    as_of: date
    joined: str | None  # the code of a customer that was joined into it since
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
    """All gradings of a customer, oldest first, also those as a prospect and those of customers joined into it.

    Raises NotFound unless it is the actor's.
    """
    with database.read() as session:
        customer = access.customer_for(session, actor, Act.SEE, customer_id)
        members: dict[int, str | None] = {customer.id: None, **dict(customers.joined(session, customer.id))}
        found = [
            (row, run)
            for member in members
            for purpose in RecordType
            for row, run in assessments.history(session, member, purpose)
        ]
        entries: list[HistoryEntry] = []
        last: dict[int, tuple[str, float | None]] = {}  # customer -> purpose and score of its entry before
        for row, run in sorted(found, key=lambda graded: (graded[1].id or 0, graded[0].customer_id)):
            purpose, before = last.get(row.customer_id, (run.purpose, None))
            if run.purpose != purpose:  # scores of two purposes cannot be compared
                before = None
            version = row.scheme_version_id
            scheme = None if version is None else scheme_cache.scheme(session, version)
            entries.append(
                HistoryEntry(
                    as_of=run.as_of,
                    joined=members[row.customer_id],
                    kind=run.kind,
                    tier=row.tier,
                    computed_tier=row.computed_tier,
                    score=row.score,
                    change=None if row.score is None or before is None else row.score - before,
                    held=row.held,
                    capped_by=row.capped_by,
                    overridden=row.overridden,
                    scheme=scheme.scheme if scheme else None,
                    version=scheme.version if scheme else None,
                )
            )
            last[row.customer_id] = (run.purpose, row.score if row.score is not None else before)
        return entries
