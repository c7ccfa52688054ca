"""Touches for people to read: in a list of what is due, and all of one customer with the messages about them."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import case, func, text
from sqlalchemy import select as sa_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from db.book import traits
from db.book.contact_people import ContactPerson
from db.book.customers import Customer, Ownership, present_owner
from db.book.facts import Activity
from db.book.people import Person
from db.book.traits import WantedTrait
from db.care.touches import _OPEN, Touch, TouchMessage
from db.outbox.messages import OutboxMessage


class ListedTouch(NamedTuple):
    """An open touch with its customer and the people who are concerned."""

    customer_id: int
    code: str
    customer: str
    plan: str | None
    tier: str
    step: str
    occasion: str
    due_on: date
    latest_on: date
    state: str
    remind_at: datetime
    escalated: int
    who: str
    owner: str | None
    assignee: str | None
    person: str | None  # the contact person whose birthday it is


_LATEST = func.coalesce(col(Touch.latest_on), col(Touch.due_on))
_ASSIGNEE = aliased(Person)


def due_until(
    session: Session,
    last: date,
    *,
    today: date,
    overdue: bool,
    owners: Collection[int] | None,
    wanted_trait: WantedTrait | None = None,
    most: int,
) -> tuple[int, list[ListedTouch]]:
    """Open touches that are due until a day: how many, and the first of them, those the longest over their limit first.

    With `overdue` only those that are over their limit; with `owners` only of their customers, and with
    `wanted_trait` only of those whose profile has that.
    """
    columns = (
        *map(col, (Customer.id, Customer.code, Customer.name, Touch.plan, Touch.tier, Touch.step)),
        *map(col, (Touch.occasion, Touch.due_on)),
        _LATEST,
        *map(col, (Touch.state, Touch.remind_at, Touch.escalated, Touch.who, Person.name)),
        col(_ASSIGNEE.name),
        col(ContactPerson.name),
    )
    wanted: list[Any] = [text(f"touch.{_OPEN}"), col(Customer.archived).is_(False), col(Touch.due_on) <= last]
    if overdue:
        wanted.append(today > _LATEST)
    if owners is not None:
        wanted.append(col(Ownership.person_id).in_(owners))
    if wanted_trait is not None:
        wanted.append(col(Customer.id).in_(traits.with_value(wanted_trait)))
    found: Any = (
        sa_select(*columns)
        .join(Customer, col(Customer.id) == col(Touch.customer_id))
        .outerjoin(Ownership, present_owner(Customer.id))
        .outerjoin(Person, col(Person.id) == col(Ownership.person_id))
        .outerjoin(_ASSIGNEE, col(_ASSIGNEE.id) == col(Touch.assignee_id))
        .outerjoin(ContactPerson, col(ContactPerson.id) == col(Touch.contact_person_id))
        .where(*wanted)
    )
    urgency = case((today > _LATEST, 0), (col(Touch.due_on) <= today, 1), else_=2)
    rows = session.execute(found.order_by(urgency, _LATEST, col(Touch.due_on), col(Touch.id)).limit(most))
    total = session.execute(found.with_only_columns(func.count())).scalar_one()
    return total, [ListedTouch._make(row) for row in rows]


def of_customer(session: Session, customer_id: int) -> list[Touch]:
    """Every touch of a customer, oldest first."""
    return list(session.exec(select(Touch).where(Touch.customer_id == customer_id).order_by(col(Touch.id))))


class SentAbout(NamedTuple):
    """A message that names a touch, and how far it has come."""

    touch_id: int
    role: str
    recipient: str | None
    channel: str | None
    state: str
    slack_ts: str | None
    error: str | None
    next_at: datetime
    created_at: datetime


def messages_about(session: Session, customer_id: int) -> list[SentAbout]:
    """The messages about a customer's touches, oldest first."""
    linked = (
        sa_select(
            col(TouchMessage.touch_id),
            col(TouchMessage.role),
            col(Person.name),
            *map(col, (OutboxMessage.channel, OutboxMessage.state, OutboxMessage.slack_ts)),
            *map(col, (OutboxMessage.error, OutboxMessage.next_at, OutboxMessage.created_at)),
        )
        .join(Touch, col(Touch.id) == col(TouchMessage.touch_id))
        .join(OutboxMessage, col(OutboxMessage.id) == col(TouchMessage.outbox_id))
        .outerjoin(Person, col(Person.id) == col(OutboxMessage.recipient))
        .where(col(Touch.customer_id) == customer_id)
        .order_by(col(OutboxMessage.id))
    )
    return [SentAbout._make(row) for row in session.execute(linked)]


class LastContact(NamedTuple):
    """A contact of a customer: its kind and day, and who made it."""

    id: int
    kind: str
    day: date
    by: str | None
    source: str


def newest_contacts(session: Session, customer_id: int, most: int = 500) -> list[LastContact]:
    """The contacts of a customer, the newest first."""
    found = (
        sa_select(*map(col, (Activity.id, Activity.kind, Activity.happened_on, Person.name, Activity.source)))
        .outerjoin(Person, col(Person.id) == col(Activity.person_id))
        .where(col(Activity.customer_id) == customer_id)
        .order_by(col(Activity.happened_on).desc(), col(Activity.id).desc())
        .limit(most)
    )
    return [LastContact._make(row) for row in session.execute(found)]


def customers_given(session: Session, person_ids: Collection[int]) -> set[int]:
    """The customers of open touches that were given to these people."""
    given = sa_select(col(Touch.customer_id)).where(text(_OPEN), col(Touch.assignee_id).in_(person_ids))
    return set(session.scalars(given))


def assigned(session: Session, customer_ids: Collection[int]) -> dict[int, int]:
    """Open touch of these customers -> the person to whom it was given."""
    found = sa_select(col(Touch.id), col(Touch.assignee_id)).where(
        text(f"touch.{_OPEN}"),
        col(Touch.assignee_id).is_not(None),
        col(Touch.customer_id).in_(customer_ids),
    )
    return {row[0]: row[1] for row in session.execute(found)}


def overdue_by_owner(session: Session, owners: Collection[int], today: date) -> dict[int, int]:
    """Owner -> how many open touches of their unarchived customers are over their limit.

    By the indexes of what is late and due: it reads what is over its limit, and not the customers.
    """
    late = case(
        (col(Touch.latest_on).is_not(None), col(Touch.latest_on) < today), else_=col(Touch.due_on) < today
    )
    found = (
        sa_select(col(Ownership.person_id), func.count())
        .select_from(Touch)
        .join(Customer, col(Customer.id) == col(Touch.customer_id))
        .join(Ownership, present_owner(Touch.customer_id))
        .where(text(f"touch.{_OPEN}"), late, col(Customer.archived).is_(False))
        .where(col(Ownership.person_id).in_(owners))
        .group_by(col(Ownership.person_id))
    )
    return {row[0]: row[1] for row in session.execute(found)} if owners else {}
