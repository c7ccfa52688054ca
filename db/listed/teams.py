"""The customers of the people of a team: by tier, what is overdue, and what moved."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date

from sqlalchemy import func
from sqlmodel import Session, col

from db.book.customers import Customer, Ownership
from db.care.touches import StepKind, Touch
from db.care.weekly.counts import is_past_limit, of_steps
from db.graded.runs import Assessment
from db.listed.conditions import ChangedTier, WantedCustomers, conditions
from db.listed.rows import PresentRuns, _listed


def tiers_by_owner(
    session: Session, runs: PresentRuns, wanted: WantedCustomers
) -> dict[tuple[int, str | None], int]:
    """(Owner, tier) -> how many customers; without a tier those that were never graded."""
    of = col(Ownership.person_id), col(Assessment.tier)
    statement = _listed(runs, *of, func.count()).where(*conditions(wanted)).group_by(*of)
    return {(row[0], row[1]): row[2] for row in session.connection().execute(statement)}


def moved_by_owner(
    session: Session, runs: PresentRuns, wanted: WantedCustomers, since: date, *, up: bool
) -> dict[int, int]:
    """Owner -> how many of their customers have a better, or a worse, tier than before a day."""
    changed = replace(wanted, changed=ChangedTier(up=up, since=since))
    owner = col(Ownership.person_id)
    statement = _listed(runs, owner, func.count()).where(*conditions(changed)).group_by(owner)
    return {row[0]: row[1] for row in session.connection().execute(statement)}


def overdue_by_owner(session: Session, owners: Collection[int], today: date) -> dict[int, int]:
    """Owner -> how many care steps of their customers are past their limits."""
    owner = col(Ownership.person_id)
    statement = of_steps(owner, func.count()).where(is_past_limit(today), owner.in_(owners)).group_by(owner)
    return {row[0]: row[1] for row in session.connection().execute(statement)}


def not_visited_by_owner(session: Session, owners: Collection[int], today: date) -> dict[int, int]:
    """Owner -> how many of their customers have a revisit past its limit."""
    owner = col(Ownership.person_id)
    statement = (
        of_steps(owner, func.count(col(Customer.id).distinct()))
        .where(is_past_limit(today), col(Touch.kind) == StepKind.REVISIT, owner.in_(owners))
        .group_by(owner)
    )
    return {row[0]: row[1] for row in session.connection().execute(statement)}
