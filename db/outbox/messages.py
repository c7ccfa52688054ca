"""Messages the bot sends unprompted, written in the transaction of their cause and sent afterwards."""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, and_, exists, func, literal_column
from sqlmodel import Field, Session, col, or_, select, update

from db.types import NumberedRow, UtcDateTime, partial_index

DROPPED = "dropped"  # error class of messages that a person gave up
# Error classes of dead messages that leave nothing to do: they were for nobody any more.
ERASED = "erased"
FOR_NOBODY = (DROPPED, "left", "not_theirs", ERASED)
EMPTY_BODY = "{}"  # of a message whose text was deleted
RESTORED = "restored"  # attempt id of messages that may have been sent after the backup that was restored


class MessageState(StrEnum):
    """How far the delivery of a message is."""

    PENDING = "pending"
    SENDING = "sending"  # stored before the call, so that a lost answer is noticed
    SENT = "sent"
    UNKNOWN = "unknown"  # the answer was lost: it may have arrived
    DEAD = "dead"


UNFINISHED = (MessageState.PENDING, MessageState.SENDING, MessageState.UNKNOWN)


class OutboxMessage(NumberedRow, table=True):
    """One message to one person or channel."""

    __tablename__ = "outbox"
    __table_args__ = (
        # In the words of the queries: SQLite uses a partial index only for a query with the same condition.
        partial_index("ix_outbox_due", "state", "next_at", where="state = 'pending' OR state = 'unknown'"),
        Index("ix_outbox_address", "address", "state", "id"),
        # One message at a time to an address.
        partial_index("uq_outbox_sending", "address", where="state = 'sending'", unique=True),
    )
    dedupe_key: str = Field(unique=True)
    kind: str
    address: str  # person:ID or channel:NAME-OR-ID, of `recipient` or `channel`
    recipient: int | None = Field(default=None, foreign_key="person.id")
    channel: str | None = None
    body_json: str
    body_hash: str
    once_only: bool = False  # better missing than sent twice: stays unknown when the history is not readable
    state: str = MessageState.PENDING
    attempt: int = 0
    attempt_id: str | None = None
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    next_at: datetime = Field(sa_type=UtcDateTime)
    first_try_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    unknown_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    possible_repeat: bool = False  # the next copy says that it may be a repeat
    slack_ts: str | None = None
    slack_channel: str | None = None
    error_class: str | None = None
    error: str | None = None
    not_after: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)


def in_state(state: MessageState, message: Any = OutboxMessage) -> Any:
    """Condition: messages in a state, as a literal, because a parameter matches no partial index."""
    return col(message.state) == literal_column(f"'{state}'")


def listed(session: Session, states: Collection[str], most: int) -> list[OutboxMessage]:
    """The newest messages in these states."""
    found = (
        select(OutboxMessage)
        .where(col(OutboxMessage.state).in_(states))
        .order_by(col(OutboxMessage.id).desc())
        .limit(most)
    )
    return list(session.exec(found))


def existing_keys(session: Session, keys: Sequence[str]) -> set[str]:
    """Which of these keys a message has."""
    found: set[str] = set()
    for start in range(0, len(keys), 5_000):  # databases limit a statement's parameters
        some = col(OutboxMessage.dedupe_key).in_(keys[start : start + 5_000])
        found |= set(session.exec(select(OutboxMessage.dedupe_key).where(some)))
    return found


def newest_of(session: Session, address: str, kind: str) -> datetime | None:
    """When the newest message of a kind to an address was written."""
    theirs = col(OutboxMessage.address) == address, col(OutboxMessage.kind) == kind
    return session.exec(select(func.max(OutboxMessage.created_at)).where(*theirs)).one()


def keys_of_kind(session: Session, kind: str) -> dict[int, str]:
    """Id -> key of every message of a kind, except those about customers that were erased."""
    statement = select(col(OutboxMessage.id), col(OutboxMessage.dedupe_key)).where(
        OutboxMessage.kind == kind, col(OutboxMessage.dedupe_key).not_like(f"{ERASED}:%")
    )
    return {row[0]: row[1] for row in session.exec(statement) if row[0] is not None}


def count_of_kinds(session: Session, kinds: Sequence[str]) -> int:
    """How many messages of some kinds there are."""
    return session.exec(select(func.count()).where(col(OutboxMessage.kind).in_(kinds))).one()


def has_work(session: Session) -> bool:
    """Whether any message is pending, sending or unknown."""
    return bool(session.connection().execute(_HAS_WORK).scalar_one())


_HAS_WORK = select(or_(*(exists().where(in_state(state)) for state in UNFINISHED)))


def requeue(session: Session, outbox_id: int, *, now: datetime, note: str) -> bool:
    """Make a dead or unknown message pending again; one that may have arrived says so. False in other states."""
    unknown = col(OutboxMessage.state) == MessageState.UNKNOWN
    return _change(
        session,
        outbox_id,
        (MessageState.DEAD, MessageState.UNKNOWN),
        state=MessageState.PENDING,
        attempt=0,
        next_at=now,
        not_after=None,
        possible_repeat=or_(unknown, OutboxMessage.possible_repeat),
        error_class="retry",
        error=note,
    )


def drop(session: Session, outbox_id: int, note: str) -> bool:
    """Give up a pending, unknown or dead message; False in other states."""
    states = (MessageState.PENDING, MessageState.UNKNOWN, MessageState.DEAD)
    return _change(session, outbox_id, states, state=MessageState.DEAD, error_class=DROPPED, error=note)


def _change(session: Session, outbox_id: int, states: Collection[str], **values: object) -> bool:
    """Change a message that is in one of these states; False in others."""
    found = and_(col(OutboxMessage.id) == outbox_id, col(OutboxMessage.state).in_(states))
    return bool(session.exec(update(OutboxMessage).where(found).values(**values)).rowcount)


def counts(session: Session) -> dict[str, int]:
    """State -> how many messages are in it."""
    rows = session.exec(select(col(OutboxMessage.state), func.count()).group_by(col(OutboxMessage.state)))
    return dict(rows.all())


def count_dead(session: Session) -> int:
    """How many messages are dead that somebody should have got, and that no person has dropped."""
    wanted = func.coalesce(OutboxMessage.error_class, "").not_in(FOR_NOBODY)
    return session.exec(select(func.count()).where(in_state(MessageState.DEAD), wanted)).one()


def count_sent_to_people(session: Session, since: datetime) -> int:
    """How many direct messages have reached people that were first tried at or after a time."""
    tried = col(OutboxMessage.first_try_at) >= since
    sent = in_state(MessageState.SENT), col(OutboxMessage.recipient).is_not(None), tried
    return session.exec(select(func.count()).where(*sent)).one()


def oldest(session: Session) -> dict[str, datetime]:
    """Pending, sending, unknown -> when the oldest message in that state was written."""
    rows = session.exec(
        select(col(OutboxMessage.state), func.min(col(OutboxMessage.created_at)))
        .where(col(OutboxMessage.state).in_(UNFINISHED))
        .group_by(col(OutboxMessage.state))
    )
    return dict(rows.all())
