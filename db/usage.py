"""How much people look at: counted by person and day in all processes together, and kept for a few days."""

from datetime import date

from sqlalchemy import bindparam, delete
from sqlalchemy import select as sa_select
from sqlmodel import Field, Session, SQLModel, col

from db.engine import insert


class DailyUse(SQLModel, table=True):
    """How many different customers a person has looked at in Slack on a day."""

    __tablename__ = "daily_use"
    # No foreign key: an import of people can be undone while the rows of the last days are still there.
    person_id: int = Field(primary_key=True)
    day: date = Field(primary_key=True)
    customers: int


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
