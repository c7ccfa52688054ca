"""Open care steps that are planned for a day: where somebody snoozed one until a day, that day; else its due day."""

from collections.abc import Collection
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import and_, or_
from sqlalchemy import select as sa_select
from sqlmodel import Session, col

from db.book.customers import Customer, Ownership, present_owner
from db.care.touches import IS_OPEN, Touch, TouchState


class PlannedTouch(NamedTuple):
    """An open step, as far as it decides for which day it is planned, and who does it."""

    id: int
    customer_id: int
    plan: str | None
    tier: str
    step: str
    who: str
    assignee_id: int | None
    owner_id: int | None
    due_on: date
    latest_on: date | None
    state: str
    remind_at: datetime


def between(
    session: Session,
    owners: Collection[int],
    assignees: Collection[int],
    *,
    first: date,
    last: date,
    begin: datetime,
    end: datetime,
) -> list[PlannedTouch]:
    """Steps due on the days first to last, or snoozed until an instant from begin to end.

    Of the customers of these owners (`ix_ownership_person_open`, `ix_touch_customer`), and those that were given to the
    assignees (`ix_touch_assignee`).
    """
    columns = [col(getattr(Touch, name)) for name in PlannedTouch._fields if name != "owner_id"]
    columns.insert(7, col(Ownership.person_id))
    due = and_(col(Touch.state) != TouchState.SNOOZED, col(Touch.due_on) >= first, col(Touch.due_on) <= last)
    snoozed = and_(
        col(Touch.state) == TouchState.SNOOZED, col(Touch.remind_at) >= begin, col(Touch.remind_at) < end
    )
    found: dict[int, PlannedTouch] = {}
    for whose in (col(Ownership.person_id).in_(owners), col(Touch.assignee_id).in_(assignees)):
        rows = session.connection().execute(
            sa_select(*columns)
            .select_from(Touch)
            .join(Customer, col(Customer.id) == col(Touch.customer_id))
            .outerjoin(Ownership, present_owner(Touch.customer_id))
            .where(whose, col(Customer.archived).is_(False), IS_OPEN, or_(due, snoozed))
        )
        found |= {row[0]: PlannedTouch._make(row) for row in rows}
    return [found[number] for number in sorted(found)]
