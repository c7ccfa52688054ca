"""Marks of erased customers and people: keyed hashes of what a file would call them, and nothing else of them."""

from collections.abc import Collection, Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select, update
from sqlmodel import Field, Session, col

from db.engine import insert
from db.types import NumberedRow, UtcDateTime


class Subject(StrEnum):
    """Who can be erased."""

    CUSTOMER = "customer"
    PERSON = "person"
    CONTACT_PERSON = "contact_person"


class Tombstone(NumberedRow, table=True):
    """One name of somebody who was erased, as a hash. Imports leave out rows about them until they are taken back."""

    __tablename__ = "tombstone"
    hash: str = Field(unique=True)
    salt: str  # the key of the hash
    subject: str  # a Subject
    erasure: str = Field(index=True)  # by which the marks of one erasure belong together
    what: str  # what is hashed: the key in a system, the code, a name, an address
    erased_at: datetime = Field(sa_type=UtcDateTime)
    taken_back_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Mark(NamedTuple):
    """A tombstone without its number, which differs between a database and its backup."""

    hash: str
    salt: str
    subject: str
    erasure: str
    what: str
    erased_at: datetime
    taken_back_at: datetime | None


_ALL = select(*(col(getattr(Tombstone, name)) for name in Mark._fields)).order_by(col(Tombstone.id))


def every(connection: Connection) -> list[Mark]:
    """All marks, also of those that were taken back."""
    return [Mark._make(row) for row in connection.execute(_ALL)]


def in_force(connection: Connection) -> list[Mark]:
    """The marks by which imports leave rows out."""
    return [Mark._make(row) for row in connection.execute(_ALL.where(col(Tombstone.taken_back_at).is_(None)))]


def put(connection: Connection, marks: Iterable[Mark]) -> None:
    """Store marks; of one that is there, the later event counts."""
    rows = [mark._asdict() for mark in marks]
    if not rows:
        return
    statement = insert(connection, Tombstone)
    new: Any = statement.excluded
    event = func.coalesce(new.taken_back_at, new.erased_at)
    known = func.coalesce(col(Tombstone.taken_back_at), col(Tombstone.erased_at))
    values = {name: new[name] for name in ("erasure", "erased_at", "taken_back_at")}
    connection.execute(
        statement.on_conflict_do_update(index_elements=["hash"], set_=values, where=event > known), rows
    )


def take_back(connection: Connection, erasures: Collection[str], now: datetime) -> None:
    """Let files bring in again who was erased by these erasures."""
    of_them = col(Tombstone.erasure).in_(list(erasures)), col(Tombstone.taken_back_at).is_(None)
    connection.execute(update(Tombstone).where(*of_them).values(taken_back_at=now))


def erased_since(session: Session, moment: datetime) -> bool:
    """Whether anybody was erased from a moment on."""
    found = select(col(Tombstone.id)).where(col(Tombstone.erased_at) >= moment).limit(1)
    return session.connection().execute(found).first() is not None
