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


class Lane(SQLModel, table=True):
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


class Standing(NamedTuple):
    """All that says whether messages may go, at one moment of the database's clock."""

    now: datetime
    reason: str | None  # why the circuit is open
    failures: int | None
    apart_seconds: float | None
    paused_until: datetime | None
    restored: str | None


def standing(session: Session, restored: str) -> Standing:
    """Everything in one statement, because a worker asks before and after every batch; `restored` names a cursor."""
    return Standing._make(session.connection().execute(_STANDING, {"restored": restored}).one())


def _standing() -> Any:
    circuit = col(Circuit.workspace) == WORKSPACE
    return select(
        db_clock(),
        *(
            select(field).where(condition).scalar_subquery()
            for field, condition in (
                (Circuit.reason, circuit),
                (Circuit.failures, circuit),
                (Circuit.apart_seconds, circuit),
                (Lane.paused_until, col(Lane.name) == WORKSPACE),
                (Cursor.value, col(Cursor.name) == bindparam("restored")),
            )
        ),
    )


_STANDING = _standing()


def lanes(session: Session, names: Collection[str]) -> dict[str, Lane]:
    """The lanes there are of these, locked in the order of their names."""
    found = session.exec(
        select(Lane).where(col(Lane.name).in_(names)).order_by(col(Lane.name)).with_for_update()
    )
    return {lane.name: lane for lane in found}


def put(session: Session, lanes: Collection[Lane]) -> None:
    """Write lanes as they are now, new ones too."""
    if not lanes:
        return
    statement = insert(session)(Lane)
    changed = {name: statement.excluded[name] for name in Lane.model_fields if name != "name"}
    session.connection().execute(
        statement.on_conflict_do_update(index_elements=["name"], set_=changed),
        [lane.model_dump() for lane in lanes],
    )


def paused_until(session: Session, name: str = WORKSPACE) -> datetime | None:
    """Until when Slack asked us to wait."""
    return session.exec(select(Lane.paused_until).where(Lane.name == name)).first()


def forget_idle(session: Session, now: datetime, idle: timedelta) -> None:
    """A lane nobody used for a while is full again, as one without a row is."""
    session.exec(delete(Lane).where(col(Lane.counted_at) < now - idle, col(Lane.paused_until).is_(None)))


def circuit(session: Session) -> Circuit | None:
    return session.get(Circuit, WORKSPACE)


def put_circuit(session: Session, **values: object) -> None:
    """Change the circuit's row, or make it."""
    statement = insert(session)(Circuit).values(
        **{"workspace": WORKSPACE, "reason": "", "sentence": "", "failures": 0, **values}
    )
    session.connection().execute(statement.on_conflict_do_update(index_elements=["workspace"], set_=values))
