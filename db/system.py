"""What keeps several processes honest: deliveries already seen, and who is alive."""

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import Field, Session, SQLModel, col, delete, select

from db.types import UtcDateTime


class InboundRequest(SQLModel, table=True):
    """A delivery from Slack that was acted on; a second one does nothing."""

    __tablename__ = "inbox"
    team_id: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    received_at: datetime = Field(sa_type=UtcDateTime, index=True)


class Heartbeat(SQLModel, table=True):
    """The last sign of life of one role in one boot of a process."""

    __tablename__ = "heartbeat"
    role: str = Field(primary_key=True)
    boot_id: str = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)


class Cursor(SQLModel, table=True):
    """How far a recurring piece of work has come."""

    __tablename__ = "cursor"
    name: str = Field(primary_key=True)
    value: str


class Tally(SQLModel, table=True):
    """How often something has happened, all processes together."""

    __tablename__ = "tally"
    name: str = Field(primary_key=True)
    value: int


def count(session: Session, name: str, by: int = 1) -> None:
    """Add to a tally."""
    if by:
        statement = insert(session)(Tally).values(name=name, value=by)
        session.connection().execute(
            statement.on_conflict_do_update(index_elements=["name"], set_={"value": Tally.value + by})
        )


def tallies(session: Session) -> dict[str, int]:
    return {tally.name: tally.value for tally in session.exec(select(Tally).order_by(col(Tally.name)))}


def cursor(session: Session, name: str) -> str | None:
    found: str | None = session.connection().execute(_CURSOR, {"name": name}).scalar()
    return found


_CURSOR = select(Cursor.value).where(Cursor.name == bindparam("name"))  # once: every job asks every time


def set_cursor(session: Session, name: str, value: str) -> None:
    statement = insert(session)(Cursor).values(name=name, value=value)
    session.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": value}))


def first_request(session: Session, *, team_id: str, kind: str, key: str, now: datetime) -> bool:
    """Record a delivery; False when it was seen before."""
    statement = (
        insert(session)(InboundRequest)
        .values(team_id=team_id, kind=kind, key=key, received_at=now)
        .on_conflict_do_nothing()
        .returning(InboundRequest.key)
    )
    # RETURNING, because not every driver counts what an INSERT did.
    return session.execute(statement).first() is not None


def forget_deliveries(session: Session, before: datetime) -> None:
    session.exec(delete(InboundRequest).where(col(InboundRequest.received_at) < before))


def beat(session: Session, role: str, boot_id: str, now: datetime) -> None:
    statement = insert(session)(Heartbeat).values(role=role, boot_id=boot_id, at=now)
    session.execute(statement.on_conflict_do_update(index_elements=["role", "boot_id"], set_={"at": now}))


def forget_heartbeats(session: Session, before: datetime) -> None:
    session.exec(delete(Heartbeat).where(col(Heartbeat.at) < before))


def insert(session: Session) -> Any:
    """The dialect's INSERT, which knows ON CONFLICT."""
    return postgresql_insert if session.get_bind().dialect.name == "postgresql" else sqlite_insert


def newest_beats(session: Session) -> dict[str, datetime]:
    """Role -> its newest sign of life."""
    rows = session.exec(
        select(col(Heartbeat.role), func.max(col(Heartbeat.at))).group_by(col(Heartbeat.role))
    )
    return dict(rows.all())
