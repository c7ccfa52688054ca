"""The Socket Mode connections of this installation's processes, one row for each process."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Field, Session, SQLModel, col, delete, select

from db.engine import db_clock, upsert
from db.types import UtcDateTime


class SlackConnection(SQLModel, table=True):
    """What a process last reported of its Socket Mode connection; `boot_id` is new at each start."""

    __tablename__ = "slack_connection"
    boot_id: str = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    connected: bool
    counted: int | None = None  # connections of the app, by Slack's count when this one was opened
    others: int = 0  # of these, the ones that no process of this installation holds
    problem: str = ""
    since: datetime = Field(sa_type=UtcDateTime)
    last_request_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


def clock(session: Session) -> datetime:
    """The database's time: the clocks of the processes may differ."""
    return session.connection().execute(select(db_clock())).scalar_one()


def put(session: Session, row: SlackConnection) -> None:
    upsert(session, SlackConnection, [row.model_dump()])


def reported(session: Session, since: datetime) -> Sequence[SlackConnection]:
    """The rows that were written since a time, the newest connection last."""
    query = select(SlackConnection).where(col(SlackConnection.at) >= since)
    return session.exec(query.order_by(col(SlackConnection.since), col(SlackConnection.boot_id))).all()


def remove(session: Session, boot_id: str) -> None:
    """Remove the row of a process that ends."""
    session.exec(delete(SlackConnection).where(col(SlackConnection.boot_id) == boot_id))


def forget(session: Session, before: datetime) -> None:
    session.exec(delete(SlackConnection).where(col(SlackConnection.at) < before))
