"""Everything the bot says unprompted, written in the transaction of its cause and sent afterwards."""

from datetime import datetime, timedelta

from sqlalchemy import Index, case, exists, func, text
from sqlalchemy.orm import aliased
from sqlmodel import Field, Session, SQLModel, and_, col, or_, select, update

from db.people import Person
from db.types import UtcDateTime

STATES = ("pending", "sending", "sent", "unknown", "dead")


class OutboxMessage(SQLModel, table=True):
    """One message to one place. `sending` is written before the call: an answer that never came is `unknown`."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index(
            "ix_outbox_due",
            "next_at",
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
        Index("ix_outbox_address", "address", "state"),
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
    state: str = "pending"
    attempt: int = 0
    attempt_id: str | None = None
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    next_at: datetime = Field(sa_type=UtcDateTime)
    first_try_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    slack_ts: str | None = None
    slack_channel: str | None = None
    error_class: str | None = None
    error: str | None = None
    not_after: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)


def get(session: Session, outbox_id: int) -> OutboxMessage | None:
    return session.get(OutboxMessage, outbox_id)


def has_work(session: Session) -> bool:
    """Whether anything is waiting or on its way."""
    return session.exec(select(exists().where(col(OutboxMessage.state).in_(("pending", "sending"))))).one()


def claim(
    session: Session, *, now: datetime, lease: timedelta, attempt_id: str
) -> tuple[OutboxMessage, str] | None:
    """Take the next due message whose place is free, with the Slack channel or user to send it to.

    Messages to one place go in the order they were written: a later one waits for an earlier one's next try.
    Messages to people whose Slack user is not known yet wait. Commit before sending: the row is the intent.
    """
    other = aliased(OutboxMessage)
    ahead = exists().where(
        col(other.address) == OutboxMessage.address,
        or_(
            col(other.state) == "sending",
            and_(col(other.state) == "pending", col(other.id) < OutboxMessage.id),
        ),
    )
    place = case(
        (col(OutboxMessage.recipient).is_not(None), Person.slack_user_id), else_=OutboxMessage.channel
    )
    found = session.exec(
        select(OutboxMessage, place)
        .outerjoin(Person, col(Person.id) == OutboxMessage.recipient)
        .where(
            OutboxMessage.state == "pending",
            OutboxMessage.next_at <= now,
            place.is_not(None),
            ~ahead,
        )
        .order_by(col(OutboxMessage.next_at), col(OutboxMessage.id))
        .limit(1)
        .with_for_update(skip_locked=True, of=OutboxMessage)
    ).first()
    if found is None:
        return None
    row, where = found
    row.state = "sending"
    row.attempt += 1
    row.attempt_id = attempt_id
    row.lease_until = now + lease
    row.first_try_at = row.first_try_at or now
    session.add(row)
    session.flush()
    return row, where


def settle(session: Session, outbox_id: int, attempt_id: str, **values: object) -> bool:
    """Write how an attempt ended, if it is still ours; an answer that came after its lease still counts."""
    result = session.exec(
        update(OutboxMessage)
        .where(
            col(OutboxMessage.id) == outbox_id,
            col(OutboxMessage.attempt_id) == attempt_id,
            col(OutboxMessage.state).in_(("sending", "unknown")),
        )
        .values(**values)
    )
    return bool(result.rowcount)


def expire_leases(session: Session, now: datetime) -> int:
    """Messages whose sender vanished become `unknown`: they may have arrived, so they are not sent again."""
    result = session.exec(
        update(OutboxMessage)
        .where(
            col(OutboxMessage.state) == "sending",
            or_(col(OutboxMessage.lease_until).is_(None), col(OutboxMessage.lease_until) < now),
        )
        .values(state="unknown", error_class="lease", error="the process that was sending it stopped")
    )
    return int(result.rowcount)


def give_up(session: Session, now: datetime) -> int:
    """Waiting messages that are too late by now, or whose recipient was switched off, die unsent."""
    gone = select(Person.id).where(col(Person.active).is_(False))
    late = session.exec(
        update(OutboxMessage)
        .where(col(OutboxMessage.state) == "pending", col(OutboxMessage.not_after) < now)
        .values(state="dead", error_class="late", error="it could not be sent in time")
    )
    left = session.exec(
        update(OutboxMessage)
        .where(col(OutboxMessage.state) == "pending", col(OutboxMessage.recipient).in_(gone))
        .values(state="dead", error_class="left", error="the person was switched off before it could be sent")
    )
    return int(late.rowcount) + int(left.rowcount)


def counts(session: Session) -> dict[str, int]:
    rows = session.exec(select(col(OutboxMessage.state), func.count()).group_by(col(OutboxMessage.state)))
    return dict(rows.all())


def oldest(session: Session) -> dict[str, datetime]:
    """State -> when its oldest message that is not settled was written."""
    rows = session.exec(
        select(col(OutboxMessage.state), func.min(col(OutboxMessage.created_at)))
        .where(col(OutboxMessage.state).in_(("pending", "sending", "unknown")))
        .group_by(col(OutboxMessage.state))
    )
    return dict(rows.all())
