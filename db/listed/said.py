"""What a list says of the customers on its page: a fixed number of queries, whatever their number."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import func, text
from sqlalchemy import select as sa_select
from sqlmodel import Session, col

from db.book.customers import Customer
from db.book.facts import Activity
from db.book.traits import IS_PRESENT, Trait
from db.care.records.complaints import IS_OPEN, Complaint
from db.care.touches import _OPEN, GREETINGS, Touch
from db.graded.changes import StoredTierChange
from db.listed.conditions import first_changes
from db.listed.rows import last_order


class Named(NamedTuple):
    """What names a customer."""

    id: int
    code: str
    name: str
    version: int
    record_type: str
    region: str | None
    industry: str | None
    country: str | None


def named(session: Session, customer_ids: Sequence[int]) -> dict[int, Named]:
    """Customer -> what names it."""
    columns = (getattr(Customer, name) for name in Named._fields)
    rows = session.connection().execute(sa_select(*columns).where(col(Customer.id).in_(customer_ids)))
    return {row[0]: Named._make(row) for row in rows}


def last_contacts(
    session: Session, kinds: Sequence[str], today: date, customer_ids: Sequence[int]
) -> dict[int, date]:
    """Customer -> the day of its last contact of these kinds."""
    statement = (
        sa_select(col(Activity.customer_id), func.max(col(Activity.happened_on)))
        .where(
            col(Activity.customer_id).in_(customer_ids),
            col(Activity.kind).in_(kinds),
            col(Activity.happened_on) <= today,
        )
        .group_by(col(Activity.customer_id))
    )
    return {row[0]: row[1] for row in session.connection().execute(statement)}


def last_orders(session: Session, today: date, customer_ids: Sequence[int]) -> dict[int, date]:
    """Customer -> the day of its last order."""
    last = last_order(today)
    rows = session.connection().execute(
        sa_select(col(Customer.id), last).where(col(Customer.id).in_(customer_ids))
    )
    return {row[0]: row[1] for row in rows if row[1] is not None}


def tiers_before(
    session: Session, since: date, customer_ids: Sequence[int], until: date | None = None
) -> dict[tuple[int, str], tuple[str, date]]:
    """(Customer, purpose) -> the tier before its first change in a period, and the day of the last change in it."""
    first = first_changes(since, customer_ids, until=until)
    before = sa_select(
        col(StoredTierChange.customer_id), col(StoredTierChange.purpose), col(StoredTierChange.from_tier)
    ).join(first, first.c.id == col(StoredTierChange.id))
    of = col(StoredTierChange.customer_id), col(StoredTierChange.purpose)
    last = (
        sa_select(*of, func.max(col(StoredTierChange.as_of)))
        .where(col(StoredTierChange.customer_id).in_(customer_ids), col(StoredTierChange.as_of) >= since)
        .group_by(*of)
    )
    if until is not None:
        last = last.where(col(StoredTierChange.as_of) <= until)
    connection = session.connection()
    days: dict[Any, date] = {(row[0], row[1]): row[2] for row in connection.execute(last)}
    return {(row[0], row[1]): (row[2], days[row[0], row[1]]) for row in connection.execute(before)}


def overdue_since(session: Session, today: date, customer_ids: Sequence[int]) -> dict[int, date]:
    """Customer -> the limit of the care step that is past it for longest."""
    last = func.coalesce(col(Touch.latest_on), col(Touch.due_on))
    statement = (
        sa_select(col(Touch.customer_id), func.min(last))
        .where(
            col(Touch.customer_id).in_(customer_ids),
            text(f"touch.{_OPEN}"),
            last < today,
            col(Touch.kind).not_in(GREETINGS),
        )
        .group_by(col(Touch.customer_id))
    )
    return {row[0]: row[1] for row in session.connection().execute(statement)}


def open_complaints(session: Session, customer_ids: Sequence[int]) -> dict[int, int]:
    """Customer -> how many complaints of it are open."""
    statement = (
        sa_select(col(Complaint.customer_id), func.count())
        .where(col(Complaint.customer_id).in_(customer_ids), IS_OPEN)
        .group_by(col(Complaint.customer_id))
    )
    return {row[0]: row[1] for row in session.connection().execute(statement)}


def trait_values(session: Session, field: str, customer_ids: Sequence[int]) -> dict[int, list[str]]:
    """Customer -> its values of a field of the profile."""
    statement = sa_select(col(Trait.customer_id), col(Trait.value)).where(
        IS_PRESENT, col(Trait.customer_id).in_(customer_ids), col(Trait.field) == field
    )
    found: dict[int, list[str]] = {}
    for customer_id, value in session.connection().execute(statement.order_by(col(Trait.id))):
        found.setdefault(customer_id, []).append(value)
    return found
