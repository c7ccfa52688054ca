"""Touches whose reminder is due, and the owners to remind."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, case, func, or_
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select, update

from db.book.customers import Customer, Ownership, present_owner
from db.book.people import Person
from db.care.touches import WAITING, StepKind, Touch, TouchState
from db.outbox.messages import MessageState, OutboxMessage


def owners(session: Session, now: datetime) -> list[Person | None]:
    """Who has a due touch; None stands for customers without an owner."""
    found = (
        select(Ownership.person_id)
        .select_from(Touch)
        .join(Customer, col(Customer.id) == Touch.customer_id)
        .outerjoin(Ownership, present_owner(Touch.customer_id))
        .where(_is_due(now), col(Customer.archived).is_(False))
        .distinct()
    )
    ids = set(session.exec(found))
    people = session.exec(select(Person).where(col(Person.id).in_(ids - {None})).order_by(col(Person.id)))
    return [*people, *([None] if None in ids else [])]


def count(session: Session, now: datetime) -> int:
    """How many touches of customers that are not archived are due."""
    found = (
        select(func.count())
        .select_from(Touch)
        .join(Customer, col(Customer.id) == Touch.customer_id)
        .where(_is_due(now), col(Customer.archived).is_(False))
    )
    return session.exec(found).one()


def counts_by_owner(session: Session, now: datetime) -> dict[int | None, int]:
    """Owner -> how many touches of their customers are due; None stands for customers without one."""
    found = (
        sa_select(col(Ownership.person_id), func.count())
        .select_from(Touch)
        .join(Customer, col(Customer.id) == col(Touch.customer_id))
        .outerjoin(Ownership, present_owner(Touch.customer_id))
        .where(_is_due(now), col(Customer.archived).is_(False))
        .group_by(col(Ownership.person_id))
    )
    return {row[0]: row[1] for row in session.execute(found)}


class DueStep(NamedTuple):
    """A care step that is due, for a person to read."""

    customer: str
    step: str
    tier: str
    due: datetime


def steps(session: Session, now: datetime) -> list[DueStep]:
    """All due steps, oldest first."""
    found = session.exec(
        select(Customer.name, Touch.step, Touch.tier, Touch.remind_at)
        .join(Touch, col(Touch.customer_id) == Customer.id)
        .where(_is_due(now))
        .order_by(col(Touch.remind_at), col(Touch.id))
    )
    return [DueStep._make(row) for row in found]


def skip(session: Session, now: datetime) -> int:
    """Leave what is due open without a reminder; how many."""
    result = session.exec(
        update(Touch)
        .where(_is_due(now))
        .values(
            state=TouchState.REMINDED,
            reason="skipped when the database was restored",
            version=col(Touch.version) + 1,
        )
        .execution_options(synchronize_session=False)
    )
    return int(result.rowcount)


def best_first(
    session: Session, now: datetime, owners: Collection[int | None], tiers: Sequence[str], limit: int
) -> list[Touch]:
    """The due touches of these owners' customers: best tiers first, then the oldest."""
    rank = case({tier: place for place, tier in enumerate(tiers)}, value=col(Touch.tier), else_=len(tiers))
    return list(
        session.exec(
            select(Touch)
            .where(_is_due(now), _owned_by(owners))
            .order_by(rank, col(Touch.due_on), col(Touch.id))
            .limit(limit)
        )
    )


def postpone(
    session: Session, now: datetime, owners: Collection[int | None], until: datetime, *, greetings: bool
) -> int:
    """Move the due touches of these owners' customers to another time: the greetings, or all others."""
    kind = col(Touch.kind) == StepKind.GREETING if greetings else col(Touch.kind) != StepKind.GREETING
    result = session.exec(
        update(Touch)
        .where(_is_due(now), _owned_by(owners), kind)
        .values(remind_at=until, version=col(Touch.version) + 1)
        .execution_options(synchronize_session=False)
    )
    return int(result.rowcount)


def reminded_since(session: Session, address: str, since: datetime) -> int:
    """How many reminders were written to an address since a time, or still wait to be sent."""
    return session.exec(
        select(func.count()).where(
            OutboxMessage.kind == "reminder",
            OutboxMessage.address == address,
            or_(
                col(OutboxMessage.created_at) >= since,
                col(OutboxMessage.state).in_((MessageState.PENDING, MessageState.SENDING)),
            ),
        )
    ).one()


def _is_due(now: datetime) -> ColumnElement[bool]:
    return and_(col(Touch.state).in_(WAITING), col(Touch.remind_at) <= now)


def _owned_by(owners: Collection[int | None]) -> ColumnElement[bool]:
    """Condition: touches of the unarchived customers of these people; None means those without an owner."""
    theirs = (
        sa_select(col(Customer.id))
        .outerjoin(Ownership, present_owner(Customer.id))
        .where(
            col(Customer.archived).is_(False),
            or_(
                col(Ownership.person_id).in_([owner for owner in owners if owner is not None]),
                *([col(Ownership.id).is_(None)] if None in owners else []),
            ),
        )
    )
    return col(Touch.customer_id).in_(theirs)
