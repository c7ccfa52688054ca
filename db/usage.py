"""What people look at: how many customers a day, in all processes together, and whose cards last."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import bindparam, column, delete, table
from sqlalchemy import select as sa_select
from sqlmodel import Field, Session, SQLModel, col

from db.engine import insert
from db.types import UtcDateTime

MOST_KEPT = 20  # customers of a person whose cards were looked at last


class DailyUse(SQLModel, table=True):
    """How many different customers a person has looked at in Slack on a day."""

    __tablename__ = "daily_use"
    # No foreign key: an import of people can be undone while the rows of the last days are still there.
    person_id: int = Field(primary_key=True)
    day: date = Field(primary_key=True)
    customers: int


class AskedCustomer(SQLModel, table=True):
    """When a person last looked at the card of a customer."""

    __tablename__ = "asked_customer"
    # No foreign key: an import of people can be undone while the row is still there.
    person_id: int = Field(primary_key=True)
    customer_id: int = Field(primary_key=True, foreign_key="customer.id", ondelete="CASCADE", index=True)
    asked_at: datetime = Field(sa_type=UtcDateTime)


_CUSTOMERS = sa_select(col(DailyUse.customers)).where(
    col(DailyUse.person_id) == bindparam("person_id"), col(DailyUse.day) == bindparam("day")
)


def customers_seen(session: Session, person_id: int, day: date) -> int:
    """How many different customers a person has looked at on a day."""
    found = session.connection().execute(_CUSTOMERS, {"person_id": person_id, "day": day}).scalar()
    return found or 0


def add_customers(session: Session, person_id: int, day: date, count: int) -> int:
    """Count more customers of a person's day; how many there are then."""
    statement = insert(session.connection(), DailyUse).values(person_id=person_id, day=day, customers=count)
    session.connection().execute(
        statement.on_conflict_do_update(
            index_elements=["person_id", "day"], set_={"customers": DailyUse.customers + count}
        )
    )
    return customers_seen(session, person_id, day)


def forget_before(session: Session, day: date) -> None:
    """Delete what is of earlier days."""
    session.execute(delete(DailyUse).where(col(DailyUse.day) < day))


_CUSTOMER = table("customer", column("id"))  # by name, because the book is above
_NEWEST = (
    sa_select(col(AskedCustomer.customer_id))
    .where(col(AskedCustomer.person_id) == bindparam("person_id"))
    .order_by(col(AskedCustomer.asked_at).desc(), col(AskedCustomer.customer_id))
)


def asked_last(session: Session, person_id: int) -> list[int]:
    """The customers whose cards a person has looked at last, the newest first; by the primary key, a few rows."""
    return list(session.connection().execute(_NEWEST, {"person_id": person_id}).scalars())


def note_asked(session: Session, person_id: int, asked: Mapping[int, datetime]) -> None:
    """Store customer -> when its card was looked at, of those that still exist; only the newest of a person are kept."""
    there = set(session.scalars(sa_select(_CUSTOMER.c.id).where(_CUSTOMER.c.id.in_(asked))))
    for customer_id, at in asked.items():
        if customer_id not in there:
            continue
        statement = insert(session.connection(), AskedCustomer).values(
            person_id=person_id, customer_id=customer_id, asked_at=at
        )
        session.connection().execute(
            statement.on_conflict_do_update(
                index_elements=["person_id", "customer_id"], set_={"asked_at": at}
            )
        )
    _forget_asked(session, person_id, asked_last(session, person_id)[MOST_KEPT:])


def forget_asked_before(session: Session, before: datetime) -> None:
    """Delete whose cards were looked at earlier."""
    session.execute(delete(AskedCustomer).where(col(AskedCustomer.asked_at) < before))


def _forget_asked(session: Session, person_id: int, customer_ids: Sequence[int]) -> None:
    if customer_ids:
        session.execute(
            delete(AskedCustomer).where(
                col(AskedCustomer.person_id) == person_id, col(AskedCustomer.customer_id).in_(customer_ids)
            )
        )
