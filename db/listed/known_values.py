"""The words that questions name: regions, industries, countries, people and teams."""

from typing import Any

from sqlalchemy import Integer, bindparam, func, select
from sqlmodel import Session, col

from db.book.customers import Customer
from db.book.imports import ImportBatch
from db.book.people import Person, Team
from db.book.tombstones import Tombstone
from db.graded.schemes import SchemeStep

MOST = 2_000  # values of a column; more are no longer words that people ask by


def distinct(session: Session, column: Any) -> list[str]:
    """The first values of an indexed column of customers, each once, in order.

    One step down the index for each value: of a million customers a DISTINCT reads every row of the index.
    """
    value = col(column)
    first = select(func.min(value).label("value"), bindparam("one", 1, Integer()).label("place"))
    found = first.where(value > "").cte("found", recursive=True)
    following = select(func.min(value)).where(value > found.c.value).correlate(found).scalar_subquery()
    step = select(following, found.c.place + 1).where(
        found.c.value.is_not(None), found.c.place < bindparam("most", MOST, Integer())
    )
    found = found.union_all(step)
    return [row[0] for row in session.execute(select(found.c.value).where(found.c.value.is_not(None)))]


def stamp(session: Session) -> tuple[int | None, ...]:
    """Changes when an import, an erasure, a decision about schemes or a new row may have changed the words."""
    newest = (ImportBatch, Tombstone, SchemeStep, Customer, Person, Team)
    columns = [select(func.max(col(table.id))).scalar_subquery() for table in newest]
    return tuple(session.execute(select(*columns)).one())


def active_people(session: Session) -> list[tuple[int, str]]:
    """(id, name) of the people who are not switched off."""
    rows = session.execute(
        select(col(Person.id), col(Person.name)).where(col(Person.active).is_(True)).order_by(col(Person.id))
    )
    return [(row[0], row[1]) for row in rows]


def teams(session: Session) -> list[tuple[int, str]]:
    """(id, name) of all teams."""
    rows = session.execute(select(col(Team.id), col(Team.name)).order_by(col(Team.id)))
    return [(row[0], row[1]) for row in rows]


def team_leads(session: Session) -> list[tuple[int, int]]:
    """(lead, team) of the teams that have one who is not switched off."""
    rows = session.execute(
        select(col(Team.lead_id), col(Team.id))
        .join(Person, col(Person.id) == col(Team.lead_id))
        .where(col(Person.active).is_(True))
        .order_by(col(Team.id))
    )
    return [(row[0], row[1]) for row in rows]


COLUMNS = {"regions": Customer.region, "industries": Customer.industry, "countries": Customer.country}
