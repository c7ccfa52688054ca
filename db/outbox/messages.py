"""Everything the bot says unprompted, written in the transaction of its cause and sent afterwards."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Index, case, exists, func, literal_column, text
from sqlmodel import Field, Session, SQLModel, col, or_, select, update

from db.types import UtcDateTime

STATES = ("pending", "sending", "sent", "unknown", "dead")
UNSETTLED = ("pending", "sending", "unknown")
RESTORED = "restored"  # attempt id of what another life of this database may have sent
# Word for word what is asked: SQLite takes a partial index only for a question that says the same.
_WAITING = "state = 'pending' OR state = 'unknown'"


class OutboxMessage(SQLModel, table=True):
    """One message to one place. `sending` is written before the call: an answer that never came is `unknown`."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index(
            "ix_outbox_due",
            "state",
            "next_at",
            sqlite_where=text(_WAITING),
            postgresql_where=text(_WAITING),
        ),
        Index("ix_outbox_address", "address", "state", "id"),
        # One message at a time to a place.
        Index(
            "uq_outbox_sending",
            "address",
            unique=True,
            sqlite_where=text("state = 'sending'"),
            postgresql_where=text("state = 'sending'"),
        ),
    )
    id: int | None = Field(default=None, primary_key=True)
    dedupe_key: str = Field(unique=True)
    kind: str
    address: str  # person:ID or channel:NAME-OR-ID; what `recipient` and `channel` are claimed by
    recipient: int | None = Field(default=None, foreign_key="person.id")
    channel: str | None = None
    body_json: str
    body_hash: str
    once_only: bool = False  # rather missing than twice: stays unknown when nobody can tell
    state: str = "pending"
    attempt: int = 0
    attempt_id: str | None = None
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    next_at: datetime = Field(sa_type=UtcDateTime)
    first_try_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    unknown_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    possible_repeat: bool = False  # the next sending says that it may be the second
    slack_ts: str | None = None
    slack_channel: str | None = None
    error_class: str | None = None
    error: str | None = None
    not_after: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)


def is_(state: str, message: Any = OutboxMessage) -> Any:
    """The condition, with the state as a word of the statement: by a parameter no partial index is found."""
    return col(message.state) == literal_column(f"'{state}'")


def get(session: Session, outbox_id: int) -> OutboxMessage | None:
    return session.get(OutboxMessage, outbox_id)


def listed(session: Session, states: Collection[str], most: int) -> list[OutboxMessage]:
    """The newest messages in these states."""
    found = (
        select(OutboxMessage)
        .where(col(OutboxMessage.state).in_(states))
        .order_by(col(OutboxMessage.id).desc())
        .limit(most)
    )
    return list(session.exec(found))


def has_work(session: Session) -> bool:
    """Whether anything is waiting, on its way or to be settled."""
    return bool(session.connection().execute(_HAS_WORK).scalar_one())


_HAS_WORK = select(or_(*(exists().where(is_(state)) for state in UNSETTLED)))


def requeue(session: Session, outbox_id: int, *, now: datetime, note: str) -> bool:
    """A dead or unknown message starts anew; one that may have arrived says so. False when it is neither."""
    result = session.exec(
        update(OutboxMessage)
        .where(col(OutboxMessage.id) == outbox_id, col(OutboxMessage.state).in_(("dead", "unknown")))
        .values(
            state="pending",
            attempt=0,
            next_at=now,
            not_after=None,
            possible_repeat=case(
                (col(OutboxMessage.state) == "unknown", True), else_=OutboxMessage.possible_repeat
            ),
            error_class="retry",
            error=note,
        )
    )
    return bool(result.rowcount)


def drop(session: Session, outbox_id: int, note: str) -> bool:
    """A message nobody wants any more; False when it is being sent, was sent, or is dead already."""
    result = session.exec(
        update(OutboxMessage)
        .where(col(OutboxMessage.id) == outbox_id, col(OutboxMessage.state).in_(("pending", "unknown")))
        .values(state="dead", error_class="dropped", error=note)
    )
    return bool(result.rowcount)


def counts(session: Session) -> dict[str, int]:
    rows = session.exec(select(col(OutboxMessage.state), func.count()).group_by(col(OutboxMessage.state)))
    return dict(rows.all())


def oldest(session: Session) -> dict[str, datetime]:
    """State -> when its oldest message that is not settled was written."""
    rows = session.exec(
        select(col(OutboxMessage.state), func.min(col(OutboxMessage.created_at)))
        .where(col(OutboxMessage.state).in_(UNSETTLED))
        .group_by(col(OutboxMessage.state))
    )
    return dict(rows.all())
