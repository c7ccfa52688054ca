"""The calendar of each person's care steps: the link by which it is read, and what it showed last."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete
from sqlalchemy import select as sa_select
from sqlmodel import Field, Session, SQLModel, col

from db.engine import upsert
from db.types import UtcDateTime


class CalendarFeed(SQLModel, table=True):
    """The link to a person's calendar. Its token is not kept, only the token's hash."""

    __tablename__ = "calendar_feed"
    person_id: int = Field(primary_key=True)
    token_hash: str = Field(unique=True)  # SHA-256, as hexadecimal digits
    created_at: datetime = Field(sa_type=UtcDateTime)


class CalendarEntry(SQLModel, table=True):
    """A step as a person's calendar showed it last."""

    __tablename__ = "calendar_entry"
    person_id: int = Field(primary_key=True)
    touch_id: int = Field(primary_key=True, foreign_key="touch.id", index=True, ondelete="CASCADE")
    uid: str  # of the event, the same as long as the step is open
    shown: str  # a hash of the day and the title
    sequence: int  # how often they have changed
    changed_at: datetime = Field(sa_type=UtcDateTime)


class EntryRow(NamedTuple):
    """The columns of an entry."""

    touch_id: int
    uid: str
    shown: str
    sequence: int
    changed_at: datetime


class FeedRow(NamedTuple):
    """A link that is in force."""

    person_id: int
    token_hash: str
    created_at: datetime


_COLUMNS = [col(getattr(CalendarFeed, name)) for name in FeedRow._fields]
_BY_HASH = sa_select(*_COLUMNS).where(col(CalendarFeed.token_hash) == bindparam("token_hash"))


def by_hash(session: Session, token_hash: str) -> FeedRow | None:
    """The link whose token has this hash."""
    row: Any = session.connection().execute(_BY_HASH, {"token_hash": token_hash}).first()
    return None if row is None else FeedRow._make(row)


def of_person(session: Session, person_id: int) -> FeedRow | None:
    """A person's link."""
    found = session.execute(sa_select(*_COLUMNS).where(col(CalendarFeed.person_id) == person_id)).first()
    return None if found is None else FeedRow._make(found)


def put(session: Session, person_id: int, token_hash: str, now: datetime) -> None:
    """Store a person's link instead of the one before."""
    row = {"person_id": person_id, "token_hash": token_hash, "created_at": now}
    upsert(session, CalendarFeed, [row])


def remove(session: Session, person_id: int) -> bool:
    """Delete a person's link and what their calendar showed; whether there was one."""
    session.execute(delete(CalendarEntry).where(col(CalendarEntry.person_id) == person_id))
    found: Any = session.execute(delete(CalendarFeed).where(col(CalendarFeed.person_id) == person_id))
    return bool(found.rowcount)


def entries(session: Session, person_id: int, touch_ids: Sequence[int]) -> dict[int, EntryRow]:
    """Touch -> what a person's calendar showed of it last."""
    columns = [col(getattr(CalendarEntry, name)) for name in EntryRow._fields]
    of_person = col(CalendarEntry.person_id) == person_id
    rows = session.execute(sa_select(*columns).where(of_person, col(CalendarEntry.touch_id).in_(touch_ids)))
    return {row[0]: EntryRow._make(row) for row in rows}


def keep(session: Session, person_id: int, changed: Sequence[EntryRow]) -> None:
    """Store what a person's calendar shows from now on."""
    upsert(session, CalendarEntry, [{"person_id": person_id, **row._asdict()} for row in changed])
