"""How fast and whether messages may go, in rows that all workers share."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import bindparam
from sqlmodel import Field, Session, SQLModel, col, delete, select

from db.engine import db_clock
from db.system import Cursor, insert
from db.types import UtcDateTime

WORKSPACE = "workspace"


class TokenBucket(SQLModel, table=True):
    """A token bucket: of the workspace, or of one place in it."""

    __tablename__ = "lane"
    name: str = Field(primary_key=True)
    tokens: float
    per_minute: float
    counted_at: datetime = Field(sa_type=UtcDateTime)
    paused_until: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Circuit(SQLModel, table=True):
    """Whether the workspace takes messages: `reason` is empty while it does. `apart` is the last look at Slack's clock."""

    __tablename__ = "circuit"
    workspace: str = Field(primary_key=True)
    reason: str = ""
    sentence: str = ""
    failures: int = 0  # in a row
    opened_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    probe_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    apart_seconds: float | None = None


class SendState(NamedTuple):
    """All that says whether messages may go, at one moment of the database's clock."""

    now: datetime
    reason: str | None  # why the circuit is open
    failures: int | None
    apart_seconds: float | None
    paused_until: datetime | None
    restored: str | None


def send_state(session: Session, restored: str) -> SendState:
    """Everything in one statement, because a worker asks before and after every batch; `restored` names a cursor."""
    return SendState._make(session.connection().execute(_SEND_STATE, {"restored": restored}).one())


def _send_state() -> Any:
    circuit = col(Circuit.workspace) == WORKSPACE
    return select(
        db_clock(),
        *(
            select(field).where(condition).scalar_subquery()
            for field, condition in (
                (Circuit.reason, circuit),
                (Circuit.failures, circuit),
                (Circuit.apart_seconds, circuit),
                (TokenBucket.paused_until, col(TokenBucket.name) == WORKSPACE),
                (Cursor.value, col(Cursor.name) == bindparam("restored")),
            )
        ),
    )


_SEND_STATE = _send_state()


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
    if not changed:
        return
    statement = insert(session)(TokenBucket)
    columns = {name: statement.excluded[name] for name in TokenBucket.model_fields if name != "name"}
    session.connection().execute(
        statement.on_conflict_do_update(index_elements=["name"], set_=columns),
        [bucket.model_dump() for bucket in changed],
    )


def paused_until(session: Session, name: str = WORKSPACE) -> datetime | None:
    """Until when Slack asked us to wait."""
    return session.exec(select(TokenBucket.paused_until).where(TokenBucket.name == name)).first()


def forget_idle(session: Session, now: datetime, idle: timedelta) -> None:
    """A bucket nobody used for a while is full again, as one without a row is."""
    session.exec(
        delete(TokenBucket).where(
            col(TokenBucket.counted_at) < now - idle, col(TokenBucket.paused_until).is_(None)
        )
    )


def circuit(session: Session) -> Circuit | None:
    return session.get(Circuit, WORKSPACE)


def put_circuit(session: Session, **values: object) -> None:
    """Change the circuit's row, or make it."""
    statement = insert(session)(Circuit).values(
        **{"workspace": WORKSPACE, "reason": "", "sentence": "", "failures": 0, **values}
    )
    session.connection().execute(statement.on_conflict_do_update(index_elements=["workspace"], set_=values))
