"""Customers that one account manager hands over to another: who, from which day, with which note, and what became of it."""

from collections.abc import Collection
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import UniqueConstraint, and_, or_
from sqlmodel import Field, Session, col, delete, select

from db.book.customers import Ownership, OwnershipRole, present_owner
from db.types import NumberedRow, UtcDateTime, partial_index

_PLANNED = "state = 'planned'"


class HandoverState(StrEnum):
    """What has become of a handover."""

    PLANNED = "planned"  # for a day to come
    DONE = "done"
    TAKEN_BACK = "taken_back"
    LAPSED = "lapsed"  # on its day it could not be done any more


class Handover(NumberedRow, table=True):
    """One customer goes from one person to another."""

    __tablename__ = "handover"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        partial_index("uq_handover_planned", "customer_id", where=_PLANNED, unique=True),
        {"sqlite_autoincrement": True},  # a button of one that is gone never means another
    )
    source: str
    external_id: str
    customer_id: int = Field(foreign_key="customer.id", index=True)
    from_id: int | None = Field(default=None, foreign_key="person.id")  # None: it was nobody's
    to_id: int = Field(foreign_key="person.id")
    starts_on: date
    note: str | None = None
    state: str = HandoverState.PLANNED
    recorded_by: int | None = Field(default=None, foreign_key="person.id")  # None: the operator
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


def by_external_id(session: Session, source: str, external_id: str) -> Handover | None:
    mine = col(Handover.source) == source, col(Handover.external_id) == external_id
    return session.exec(select(Handover).where(*mine)).first()


def planned(session: Session, customer_id: int) -> Handover | None:
    """The handover of a customer that is planned for a day to come."""
    theirs = col(Handover.customer_id) == customer_id, col(Handover.state) == HandoverState.PLANNED
    return session.exec(select(Handover).where(*theirs)).first()


def due(session: Session, today: date) -> Collection[int]:
    """The ids of planned handovers whose day has come, the earliest first."""
    those = col(Handover.state) == HandoverState.PLANNED, col(Handover.starts_on) <= today
    found = session.scalars(
        select(Handover.id).where(*those).order_by(col(Handover.starts_on), col(Handover.id))
    )
    return [one for one in found if one is not None]


def give(session: Session, customer_id: int, person_id: int, day: date) -> None:
    """Let a person look after a customer from a day on; the time of the present owner ends with it."""
    present = session.exec(select(Ownership).where(present_owner(customer_id))).first()
    if present is not None:
        present.ends_on = day
        session.add(present)
        session.flush()  # a customer has one present owner
    session.add(Ownership(customer_id=customer_id, person_id=person_id, starts_on=day))
    session.flush()


def is_present(session: Session, row: Handover) -> bool:
    """Whether the customer is looked after as this handover has left it: no other owner has been in between."""
    present = session.exec(select(Ownership).where(present_owner(row.customer_id))).first()
    later = select(Handover.id).where(
        col(Handover.customer_id) == row.customer_id,
        col(Handover.state) == HandoverState.DONE,
        or_(
            col(Handover.done_at) > row.done_at,
            and_(col(Handover.done_at) == row.done_at, col(Handover.id) > row.id),
        ),
    )
    return (
        present is not None
        and (present.person_id, present.starts_on) == (row.to_id, row.starts_on)
        and session.exec(later).first() is None
    )


def give_back(session: Session, customer_id: int, from_id: int | None, day: date) -> None:
    """Let the customer be of whom it was before that day, as if it had not been given away."""
    session.exec(delete(Ownership).where(present_owner(customer_id)))
    ended = (
        col(Ownership.customer_id) == customer_id,
        col(Ownership.person_id) == from_id,
        col(Ownership.role) == OwnershipRole.PRIMARY,
        col(Ownership.ends_on) == day,
    )
    former = session.exec(select(Ownership).where(*ended).order_by(col(Ownership.id).desc())).first()
    if former is not None:
        former.ends_on = None
        session.add(former)
    session.flush()
