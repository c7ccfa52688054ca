"""Present and previous tiers of many customers as plain rows, without their names."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import and_, bindparam, func, literal, union_all
from sqlalchemy import select as sa_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from db.book.customers import Customer, Ownership, present_owner
from db.graded.runs import (
    Assessment,
    GradingRun,
    Purpose,
    RunStatus,
    latest_run_ids,
    newest_in,
    runs_behind,
)


class TierRow(NamedTuple):
    """A customer's newest tier and its owner."""

    customer_id: int
    owner_id: int | None
    purpose: str
    tier: str
    score: float | None
    capped_by: str | None
    scheme_version_id: int | None
    falling_since: int
    as_of: date


class PastTier(NamedTuple):
    """A customer's tier before the newest run over the whole book, and the day of that earlier run."""

    tier: str
    score: float | None
    as_of: date


def tier_rows(
    session: Session,
    run_ids: Sequence[int],
    *,
    owners: Collection[int] | None = None,
    customer_ids: Collection[int] | None = None,
) -> list[TierRow]:
    """The unarchived customers of some owners, or these customers, with their newest tiers in these runs."""
    if not run_ids:
        return []
    statement = _narrowed(
        _present(run_ids).with_only_columns(
            col(Assessment.customer_id),
            col(Ownership.person_id),
            col(GradingRun.purpose),
            col(Assessment.tier),
            col(Assessment.score),
            col(Assessment.capped_by),
            col(Assessment.scheme_version_id),
            col(Assessment.falling_since),
            col(GradingRun.as_of),
        ),
        owners,
        customer_ids,
    )
    return [TierRow._make(row) for row in session.connection().execute(statement)]


def tier_counts(
    session: Session, run_ids: Sequence[int], owners: Collection[int] | None
) -> dict[tuple[int | None, str], int]:
    """(Owner, tier) -> how many unarchived customers; for the whole book (None) without their owners."""
    if not run_ids:
        return {}
    person = literal(None) if owners is None else col(Ownership.person_id)
    statement = (
        sa_select(person, col(Assessment.tier), func.count())
        .select_from(Assessment)
        .join(Customer, col(Customer.id) == col(Assessment.customer_id))
        .join(GradingRun, _of_its_purpose())
        .where(newest_in(run_ids), col(Customer.archived).is_(False))
        .group_by(col(Assessment.tier))
    )
    if owners is not None:
        statement = statement.join(Ownership, present_owner(Customer.id)).group_by(person)
    rows = session.connection().execute(_narrowed(statement, owners, None))
    return {(owner, tier): count for owner, tier, count in rows}


def ungraded_counts(
    session: Session, counts: Mapping[tuple[int | None, str], int], owners: Collection[int] | None
) -> dict[int | None, int]:
    """Owner -> how many unarchived customers were never graded; `counts` are those of `tier_counts`."""
    graded: Counter[int | None] = Counter()
    for (owner, _), count in counts.items():
        graded[owner] += count
    person = literal(None) if owners is None else col(Ownership.person_id)
    statement = sa_select(person, func.count()).select_from(Customer).where(col(Customer.archived).is_(False))
    if owners is not None:
        statement = statement.join(Ownership, present_owner(Customer.id)).group_by(person)
    rows = session.connection().execute(_narrowed(statement, owners, None))
    return {owner: count - graded[owner] for owner, count in rows if count > graded[owner]}


def present_tiers(session: Session, customer_ids: Collection[int]) -> dict[int, str]:
    """Customer -> its newest tier, of those of these that have one."""
    statement = _narrowed(
        _present(latest_run_ids(session)).with_only_columns(
            col(Assessment.customer_id), col(Assessment.tier)
        ),
        None,
        customer_ids,
    )
    return {row[0]: row[1] for row in session.connection().execute(statement)}


def past_tiers(
    session: Session,
    *,
    owners: Collection[int] | None = None,
    customer_ids: Collection[int] | None = None,
) -> dict[int, PastTier]:
    """Customer -> its tier in the run of an earlier day before the newest run over the whole book."""
    found = {}
    for purpose in (Purpose.ACCOUNT, Purpose.PROSPECT):
        before = run_before(session, purpose)
        if before is None:
            continue
        statement = _narrowed(
            _present(runs_behind(session, purpose, before.id)).with_only_columns(
                col(Assessment.customer_id), col(Assessment.tier), col(Assessment.score)
            ),
            owners,
            customer_ids,
        )
        for customer_id, tier, score in session.connection().execute(statement):
            found[customer_id] = PastTier(tier=tier, score=score, as_of=before.as_of)
    return found


_NEWEST: Any = aliased(GradingRun)
_BEFORE = (
    select(GradingRun)
    .where(
        GradingRun.purpose == bindparam("purpose"),
        GradingRun.status == RunStatus.PUBLISHED,
        col(GradingRun.as_of)
        < sa_select(_NEWEST.as_of).where(_NEWEST.id == bindparam("newest")).scalar_subquery(),
        col(GradingRun.id) < bindparam("newest"),
    )
    .order_by(col(GradingRun.id).desc())
    .limit(1)
)


def run_before(session: Session, purpose: str) -> GradingRun | None:
    """The newest run of an earlier day than the newest run over the whole book."""
    behind = runs_behind(session, purpose)
    if not behind:
        return None
    return session.scalars(_BEFORE, {"purpose": purpose, "newest": behind[0]}).first()


def with_news(
    session: Session, run_ids: Sequence[int], owners: Collection[int] | None, most: int
) -> list[int]:
    """Customers of some owners, or all, with a new tier since the run before, blocked, or about to fall: some of each.

    Of those with a new tier the ones with the lowest scores.
    """
    if not run_ids:
        return []
    row = sa_select(col(Assessment.customer_id)).where(col(Assessment.run_id).in_(run_ids))
    if owners is not None:
        row = row.join(Ownership, present_owner(Assessment.customer_id))
        row = row.where(col(Ownership.person_id).in_(owners))
    days = {
        purpose: before.as_of
        for purpose in (Purpose.ACCOUNT, Purpose.PROSPECT)
        if (before := run_before(session, purpose))
    }
    changed = [
        row.join(GradingRun, col(GradingRun.id) == col(Assessment.run_id))
        .where(col(GradingRun.purpose) == purpose, col(Assessment.tier_since) > day)
        .order_by(col(Assessment.score))
        for purpose, day in days.items()
    ]
    parts = [
        *changed,
        row.where(col(Assessment.tier) == "blocked"),
        row.where(col(Assessment.falling_since) > 0),
    ]
    limited = [sa_select(part.limit(most).subquery().c.customer_id) for part in parts]
    return list(dict.fromkeys(session.scalars(union_all(*limited))))


def _of_its_purpose() -> Any:
    # A prospect that became an account is still in the last run of prospects.
    return and_(
        col(GradingRun.id) == col(Assessment.run_id), col(GradingRun.purpose) == col(Customer.record_type)
    )


def _present(run_ids: Sequence[int]) -> Any:
    return (
        sa_select(literal(1))
        .select_from(Customer)
        .join(Assessment, col(Assessment.customer_id) == col(Customer.id))
        .join(GradingRun, _of_its_purpose())
        .outerjoin(Ownership, present_owner(Customer.id))
        .where(newest_in(run_ids), col(Customer.archived).is_(False))
    )


def _narrowed(statement: Any, owners: Collection[int] | None, customer_ids: Collection[int] | None) -> Any:
    if owners is not None:
        statement = statement.where(col(Ownership.person_id).in_(owners))
    if customer_ids is not None:
        statement = statement.where(col(Customer.id).in_(customer_ids))
    return statement
