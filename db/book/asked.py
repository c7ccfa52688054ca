"""The customers whose cards a person has looked at last, for their Home tab; kept for a few weeks."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete
from sqlalchemy import select as sa_select
from sqlmodel import Field, Session, SQLModel, col

from db.book.customers import Customer
from db.engine import insert
from db.types import UtcDateTime

MOST_KEPT = 20  # of a person


class AskedCustomer(SQLModel, table=True):
    """When a person last looked at the card of a customer."""

    __tablename__ = "asked_customer"
    # No foreign key: an import of people can be undone while the row is still there.
    person_id: int = Field(primary_key=True)
    customer_id: int = Field(primary_key=True, foreign_key="customer.id", ondelete="CASCADE", index=True)
    asked_at: datetime = Field(sa_type=UtcDateTime)


_NEWEST = (
    sa_select(col(AskedCustomer.customer_id))
    .where(col(AskedCustomer.person_id) == bindparam("person_id"))
    .order_by(col(AskedCustomer.asked_at).desc(), col(AskedCustomer.customer_id))
)


def newest(session: Session, person_id: int) -> list[int]:
    """The customers whose cards a person has looked at last, the newest first; by the primary key, a few rows."""
    return list(session.connection().execute(_NEWEST, {"person_id": person_id}).scalars())


def note(session: Session, person_id: int, asked: Mapping[int, datetime]) -> None:
    """Store customer -> when its card was looked at, of those that still exist; only the newest of a person are kept."""
    there = set(session.scalars(sa_select(col(Customer.id)).where(col(Customer.id).in_(asked))))
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
    _forget(session, person_id, newest(session, person_id)[MOST_KEPT:])


def forget_before(session: Session, before: datetime) -> None:
    """Delete what was asked earlier."""
    session.execute(delete(AskedCustomer).where(col(AskedCustomer.asked_at) < before))


def _forget(session: Session, person_id: int, customer_ids: Sequence[int]) -> None:
    if customer_ids:
        session.execute(
            delete(AskedCustomer).where(
                col(AskedCustomer.person_id) == person_id, col(AskedCustomer.customer_id).in_(customer_ids)
            )
        )
