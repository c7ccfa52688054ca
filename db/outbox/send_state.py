"""Whether and how fast messages may be sent: circuit and token buckets, in rows that all workers share."""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import bindparam
from sqlmodel import Field, Session, SQLModel, col, delete, select

from db.engine import db_clock, upsert
from db.processes import Cursor
from db.types import UtcDateTime

WORKSPACE = "workspace"


class CircuitReason(StrEnum):
    """Why the circuit is open, unless for an error that Slack named."""

    NETWORK = "network"
    CLOCK = "clock"
    ACCOUNT = "account"


class TokenBucket(SQLModel, table=True):
    """A token bucket: of the workspace, or of one address."""

    __tablename__ = "lane"
    name: str = Field(primary_key=True)
    tokens: float
    per_minute: float
    counted_at: datetime = Field(sa_type=UtcDateTime)
    paused_until: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Circuit(SQLModel, table=True):
    """Whether the workspace takes messages; `apart_seconds` is how far Slack's clock was from ours when last compared."""

    __tablename__ = "circuit"
    workspace: str = Field(primary_key=True)
    reason: str = ""  # a CircuitReason or Slack's error; empty while closed
    sentence: str = ""
    failures: int = 0  # in a row
    opened_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    probe_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    apart_seconds: float | None = None


class SendState(NamedTuple):
    """Whether messages may be sent, at one time of the database's clock."""

    now: datetime
    reason: str | None  # why the circuit is open
    failures: int | None
    apart_seconds: float | None
    paused_until: datetime | None
    restored: str | None


def read(session: Session, restored: str) -> SendState:
    """All of it in one statement, because a worker reads it before and after every batch; `restored` names a cursor."""
    return SendState._make(session.connection().execute(_SEND_STATE, {"restored": restored}).one())


_OF_WORKSPACE = col(Circuit.workspace) == WORKSPACE
_SEND_STATE: Any = select(
    db_clock(),
    *(
        select(field).where(condition).scalar_subquery()
        for field, condition in (
            (Circuit.reason, _OF_WORKSPACE),
            (Circuit.failures, _OF_WORKSPACE),
            (Circuit.apart_seconds, _OF_WORKSPACE),
            (TokenBucket.paused_until, col(TokenBucket.name) == WORKSPACE),
            (Cursor.value, col(Cursor.name) == bindparam("restored")),
        )
    ),
)


def buckets(session: Session, names: Collection[str]) -> dict[str, TokenBucket]:
    """The existing buckets with these names, locked in the order of their names."""
    found = session.exec(
        select(TokenBucket)
        .where(col(TokenBucket.name).in_(names))
        .order_by(col(TokenBucket.name))
        .with_for_update()
    )
    return {bucket.name: bucket for bucket in found}


def put(session: Session, changed: Collection[TokenBucket]) -> None:
    """Insert or update buckets."""
    upsert(session, TokenBucket, [bucket.model_dump() for bucket in changed])


def paused_until(session: Session, name: str = WORKSPACE) -> datetime | None:
    """Until when Slack asked us to wait; None when it did not."""
    return session.exec(select(TokenBucket.paused_until).where(TokenBucket.name == name)).first()


def forget_idle(session: Session, now: datetime, idle: timedelta) -> None:
    """Delete buckets that are full again, as a bucket without a row is."""
    session.exec(
        delete(TokenBucket).where(
            col(TokenBucket.counted_at) < now - idle, col(TokenBucket.paused_until).is_(None)
        )
    )


def circuit(session: Session) -> Circuit | None:
    return session.get(Circuit, WORKSPACE)


def put_circuit(session: Session, **values: object) -> None:
    """Change these columns of the circuit's row, or insert it."""
    new = {"workspace": WORKSPACE, "reason": "", "sentence": "", "failures": 0, **values}
    upsert(session, Circuit, [new], changed=values)
