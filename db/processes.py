"""State that all processes share: requests already handled, heartbeats, cursors and counters."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import bindparam, func
from sqlmodel import Field, Session, SQLModel, col, delete, select

from db.engine import insert, upsert
from db.types import UtcDateTime


class HeartbeatRole(StrEnum):
    """What a process does; only workers have a heartbeat so far."""

    WORKER = "worker"


class InboundRequest(SQLModel, table=True):
    """A request from Slack that was handled; the same request again does nothing."""

    __tablename__ = "inbox"
    team_id: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    received_at: datetime = Field(sa_type=UtcDateTime, index=True)


class InboundKey(NamedTuple):
    """Identifies a request, which Slack may deliver more than once: two with the same key are one."""

    team_id: str
    kind: str
    key: str


class Repeated(Exception):
    """This request was handled before, perhaps by another process; do nothing."""


class Heartbeat(SQLModel, table=True):
    """When a process last reported that it is alive; `boot_id` is new at each start."""

    __tablename__ = "heartbeat"
    role: str = Field(primary_key=True)
    boot_id: str = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)


class Cursor(SQLModel, table=True):
    """How far a recurring job has come."""

    __tablename__ = "cursor"
    name: str = Field(primary_key=True)
    value: str


class Tally(SQLModel, table=True):
    """How often something has happened, in all processes together."""

    __tablename__ = "tally"
    name: str = Field(primary_key=True)
    value: int


def count(session: Session, name: str, by: int = 1) -> None:
    """Add to a tally."""
    if by:
        statement = insert(session.connection(), Tally).values(name=name, value=by)
        session.connection().execute(
            statement.on_conflict_do_update(index_elements=["name"], set_={"value": Tally.value + by})
        )


def tallies(session: Session) -> dict[str, int]:
    return {tally.name: tally.value for tally in session.exec(select(Tally).order_by(col(Tally.name)))}


_CURSOR = select(Cursor.value).where(Cursor.name == bindparam("name"))  # built once: every job runs it


def cursor(session: Session, name: str) -> str | None:
    found: str | None = session.connection().execute(_CURSOR, {"name": name}).scalar()
    return found


def set_cursor(session: Session, name: str, value: str) -> None:
    upsert(session, Cursor, [{"name": name, "value": value}])


def forget_cursor(session: Session, name: str) -> None:
    session.exec(delete(Cursor).where(col(Cursor.name) == name))


def cursors(session: Session, prefix: str) -> dict[str, str]:
    """Name -> value of the cursors whose names begin so."""
    found = session.exec(select(Cursor).where(col(Cursor.name).startswith(prefix)).order_by(col(Cursor.name)))
    return {cursor.name: cursor.value for cursor in found}


def take_request(session: Session, request: InboundKey, now: datetime) -> None:
    """Record a request in the transaction of its effect. Raises Repeated when it was handled before."""
    statement = (
        insert(session.connection(), InboundRequest)
        .values(**request._asdict(), received_at=now)
        .on_conflict_do_nothing()
        .returning(InboundRequest.key)  # because not every driver counts the rows of an INSERT
    )
    if session.execute(statement).first() is None:
        raise Repeated


def forget_request(session: Session, request: InboundKey) -> None:
    """Make a request new again, because it had no effect."""
    session.exec(
        delete(InboundRequest).where(
            col(InboundRequest.team_id) == request.team_id,
            col(InboundRequest.kind) == request.kind,
            col(InboundRequest.key) == request.key,
        )
    )


def forget_requests(session: Session, before: datetime) -> None:
    session.exec(delete(InboundRequest).where(col(InboundRequest.received_at) < before))


def beat(session: Session, role: HeartbeatRole, boot_id: str, now: datetime) -> None:
    """Report that a process is alive."""
    upsert(session, Heartbeat, [{"role": role, "boot_id": boot_id, "at": now}])


def forget_heartbeats(session: Session, before: datetime) -> None:
    session.exec(delete(Heartbeat).where(col(Heartbeat.at) < before))


def newest_beats(session: Session) -> dict[str, datetime]:
    """Role -> its newest heartbeat."""
    newest = select(col(Heartbeat.role), func.max(col(Heartbeat.at))).group_by(col(Heartbeat.role))
    return dict(session.exec(newest).all())
