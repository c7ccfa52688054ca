"""Gifts: what was given to a customer or to one of its contact people, and what it was worth.

A gift is a contact too: it has exactly one activity of the kind `gift`, with the same source and external id, by which
the clocks of the care steps restart.
"""

from collections.abc import Collection
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import ColumnElement, Index, UniqueConstraint, exists, func, or_, true
from sqlalchemy import select as sa_select
from sqlmodel import Field, Session, col, select

from db.book.contact_people import ContactPerson
from db.book.customers import Customer, Ownership, present_owner
from db.book.people import Person
from db.types import ImportedRow, Money, UtcDateTime, partial_index, units

LOCK = "gifts"  # of those who record some: two at the same moment would not see each other's


class GiftState(StrEnum):
    """Why a gift could be recorded."""

    WITHIN = "within"  # it was within every limit
    ALLOWED = "allowed"  # it was over one, and somebody who may allow that gave a reason


class Gift(ImportedRow, table=True):
    """A gift to a customer. `owner_id` is the account manager whose budget it counts in. `version` counts its changes."""

    __tablename__ = "gift"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        Index("uq_gift_activity_id", "activity_id", unique=True),
        Index("ix_gift_customer_day", "customer_id", "given_on"),
        Index("ix_gift_owner_day", "owner_id", "given_on"),
        partial_index("ix_gift_contact_person", "contact_person_id", where="contact_person_id IS NOT NULL"),
        {"sqlite_autoincrement": True},  # a button of one that was taken back never means another
    )
    customer_id: int = Field(foreign_key="customer.id")
    contact_person_id: int | None = None  # whom it was given to; an erasure empties it
    activity_id: int = Field(foreign_key="activity.id")
    source: str
    external_id: str
    given_on: date
    what: str | None = None
    value: Decimal = Field(sa_type=Money)
    currency: str
    occasion: str | None = None
    giver_id: int | None = Field(default=None, foreign_key="person.id")
    owner_id: int | None = Field(default=None, foreign_key="person.id")
    recorded_by: int | None = Field(default=None, foreign_key="person.id")
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    state: str = GiftState.WITHIN
    reason: str | None = None  # why it was allowed
    version: int = 1


class StoredGift(NamedTuple):
    """A gift with its customer and people, as lists and rights need them."""

    id: int
    version: int
    customer_id: int
    code: str
    name: str
    contact_person_id: int | None
    contact_person: str | None
    given_on: date
    what: str | None
    value: Decimal
    currency: str
    occasion: str | None
    giver_id: int | None
    owner_id: int | None
    recorded_by: int | None
    recorded_at: datetime
    state: str
    reason: str | None
    batch_id: int | None
    source: str
    external_id: str


class Spent(NamedTuple):
    """What was given on a day to a customer and contact person in a currency, and in whose budgets it counts."""

    customer_id: int
    contact_person_id: int | None
    owner_id: int | None
    team_id: int | None
    currency: str
    given_on: date
    units: int


_NAMES = {"code": Customer.code, "name": Customer.name, "contact_person": ContactPerson.name}
_ROWS = (
    sa_select(*(col(_NAMES.get(name, getattr(Gift, name, None))) for name in StoredGift._fields))
    .select_from(Gift)
    .join(Customer, col(Customer.id) == col(Gift.customer_id))
    .outerjoin(ContactPerson, col(ContactPerson.id) == col(Gift.contact_person_id))
)
_NEWEST = (col(Gift.given_on).desc(), col(Gift.id).desc())


def row(session: Session, gift_id: int) -> StoredGift | None:
    found = session.execute(_ROWS.where(col(Gift.id) == gift_id)).first()
    return None if found is None else StoredGift._make(found)


def by_external_id(session: Session, source: str, external_id: str) -> Gift | None:
    statement = select(Gift).where(col(Gift.source) == source, col(Gift.external_id) == external_id)
    return session.exec(statement).first()


def of_customers(
    session: Session, customer_ids: Collection[int], *, since: date | None = None
) -> list[StoredGift]:
    """The gifts to some customers, the newest first."""
    theirs = _ROWS.where(col(Gift.customer_id).in_(customer_ids))
    if since is not None:
        theirs = theirs.where(col(Gift.given_on) >= since)
    return [StoredGift._make(found) for found in session.execute(theirs.order_by(*_NEWEST))]


def listed(
    session: Session,
    *,
    owners: Collection[int] | None,
    customer_id: int | None,
    year: int | None,
    most: int,
) -> tuple[list[StoredGift], int]:
    """The newest gifts to the customers of these owners, and how many there are."""
    wanted: list[ColumnElement[bool]] = []
    if owners is not None:
        theirs = sa_select(col(Ownership.id)).where(
            present_owner(Gift.customer_id), col(Ownership.person_id).in_(owners)
        )
        wanted.append(theirs.exists())
    if customer_id is not None:
        wanted.append(col(Gift.customer_id) == customer_id)
    if year is not None:
        wanted.append(col(Gift.given_on).between(date(year, 1, 1), date(year, 12, 31)))
    total = session.execute(sa_select(func.count()).select_from(Gift).where(*wanted)).scalar_one()
    found = session.execute(_ROWS.where(*wanted).order_by(*_NEWEST).limit(most))
    return [StoredGift._make(one) for one in found], total


def spent(
    session: Session,
    year: int,
    *,
    customer_ids: Collection[int] | None,
    owner_ids: Collection[int] = (),
    team_ids: Collection[int] = (),
    without: Collection[int] = (),
) -> list[Spent]:
    """What was given in a year to some customers, or counts in some budgets, but for the gifts `without`.

    To all customers where none are named.
    """
    theirs: list[ColumnElement[bool]] = (
        [true()] if customer_ids is None else [col(Gift.customer_id).in_(customer_ids)]
    )
    theirs += [col(Gift.owner_id).in_(owner_ids)] if owner_ids else []
    theirs += [col(Person.team_id).in_(team_ids)] if team_ids else []
    by = (Gift.customer_id, Gift.contact_person_id, Gift.owner_id, Person.team_id, Gift.currency)
    columns = [*map(col, by), col(Gift.given_on)]
    statement = (
        sa_select(*columns, func.sum(units(Gift.value)))
        .select_from(Gift)
        .outerjoin(Person, col(Person.id) == col(Gift.owner_id))
        .where(
            col(Gift.given_on).between(date(year, 1, 1), date(year, 12, 31)),
            or_(*theirs),
            col(Gift.id).not_in(without),
        )
        .group_by(*columns)
    )
    return [Spent._make((*found[:-1], int(found[-1]))) for found in session.execute(statement)]


def any_given(session: Session) -> bool:
    """Whether a gift was ever recorded."""
    return bool(session.execute(sa_select(exists(sa_select(col(Gift.id))))).scalar())
