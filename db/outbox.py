"""Everything the bot says unprompted, written in the transaction of its cause and sent afterwards."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Index, Integer, bindparam, case, exists, func, text
from sqlalchemy.orm import aliased
from sqlmodel import Field, Session, SQLModel, and_, col, or_, select, update

from db.people import Person
from db.types import UtcDateTime

STATES = ("pending", "sending", "sent", "unknown", "dead")
UNSETTLED = ("pending", "sending", "unknown")
RESTORED = "restored"  # attempt id of what another life of this database may have sent


class OutboxMessage(SQLModel, table=True):
    """One message to one place. `sending` is written before the call: an answer that never came is `unknown`."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index(
            "ix_outbox_due",
            "state",
            "next_at",
            sqlite_where=text("state IN ('pending', 'unknown')"),
            postgresql_where=text("state IN ('pending', 'unknown')"),
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


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """What a sender needs of a row it may send, or may have sent: the row as it was when it was taken."""

    id: int
    dedupe_key: str
    kind: str
    address: str
    where: str  # the Slack channel or user
    channel: str | None
    body_json: str
    once_only: bool
    possible_repeat: bool
    attempt: int
    attempt_id: str
    first_try_at: datetime
    unknown_since: datetime | None


_NOW = bindparam("now", type_=UtcDateTime())
_SETTLED = bindparam("settled", type_=UtcDateTime())
_WHERE = case((col(OutboxMessage.recipient).is_not(None), Person.slack_user_id), else_=OutboxMessage.channel)
_COLUMNS: tuple[Any, ...] = (
    OutboxMessage.id,
    OutboxMessage.dedupe_key,
    OutboxMessage.kind,
    OutboxMessage.address,
    _WHERE.label("where"),
    OutboxMessage.channel,
    OutboxMessage.body_json,
    OutboxMessage.once_only,
    OutboxMessage.possible_repeat,
    OutboxMessage.attempt,
    OutboxMessage.attempt_id,
    OutboxMessage.first_try_at,
    OutboxMessage.unknown_since,
)


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
    waiting = col(OutboxMessage.state).in_(UNSETTLED)
    return session.exec(select(exists().where(waiting))).one()


class Due(NamedTuple):
    """A row as it is before it is taken."""

    id: int
    dedupe_key: str
    kind: str
    address: str
    where: str  # the Slack channel or user
    channel: str | None
    body_json: str
    once_only: bool
    possible_repeat: bool
    attempt: int
    attempt_id: str | None
    first_try_at: datetime | None
    unknown_since: datetime | None


def due(session: Session, *, now: datetime, limit: int) -> list[Due]:
    """The next messages whose place is free, each with the Slack channel or user to send it to; locked.

    Messages to one place go in the order they were written: a later one waits for an earlier one's next try, so
    no place occurs twice. Messages to people whose Slack user is not known yet wait.
    """
    found = session.connection().execute(_DUE_LOCKED, {"now": now, "most": limit})
    return [Due._make(row) for row in found]


def anything_due(session: Session, now: datetime) -> bool:
    """The same question without taking anything: whether some message could go now."""
    return session.connection().execute(_DUE, {"now": now, "most": 1}).first() is not None


def _due() -> Any:
    other = aliased(OutboxMessage)
    # A value and not EXISTS, which PostgreSQL turns into a join: what it takes a queue's length for is of yesterday,
    # and the join compared every message with every other one (1.2 s where this takes milliseconds).
    ahead = (
        select(other.id)
        .where(
            col(other.address) == OutboxMessage.address,
            col(other.state).in_(("pending", "sending")),
            or_(col(other.state) == "sending", col(other.id) < OutboxMessage.id),
        )
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(*_COLUMNS)
        .select_from(OutboxMessage)
        .outerjoin(Person, col(Person.id) == OutboxMessage.recipient)
        .where(
            OutboxMessage.state == "pending",
            OutboxMessage.next_at <= _NOW,
            _WHERE.is_not(None),
            ahead.is_(None),
        )
        .order_by(col(OutboxMessage.next_at))  # the index's own order: nothing is sorted before the limit
        .limit(bindparam("most", type_=Integer))
    )


# Put together once: putting them together anew took longer than asking.
_DUE = _due()
_DUE_LOCKED = _DUE.with_for_update(skip_locked=True, of=OutboxMessage)


def claim(
    session: Session, rows: Collection[Due], *, now: datetime, lease: timedelta, attempt_id: str
) -> list[Claimed]:
    """Take rows that are due, under one attempt id. Commit before sending: the row is the intent."""
    if not rows:
        return []
    session.connection().execute(
        _CLAIM,
        {"ids": [row.id for row in rows], "now": now, "until": now + lease, "whose": attempt_id},
    )
    return [
        _claimed(row, attempt=row.attempt + 1, attempt_id=attempt_id, tried=row.first_try_at or now)
        for row in rows
    ]


_CLAIM = (
    update(OutboxMessage)
    .where(col(OutboxMessage.id).in_(bindparam("ids", expanding=True)))
    .values(
        state="sending",
        attempt=OutboxMessage.attempt + 1,
        attempt_id=bindparam("whose"),
        lease_until=bindparam("until", type_=UtcDateTime()),
        first_try_at=func.coalesce(OutboxMessage.first_try_at, _NOW),
    )
)


def wait(session: Session, ids: Collection[int | None], until: datetime) -> None:
    """Messages that are due but may not go yet."""
    session.exec(
        update(OutboxMessage)
        .where(col(OutboxMessage.id).in_(ids), col(OutboxMessage.state) == "pending")
        .values(next_at=until)
    )


def settle(
    session: Session,
    outbox_id: int,
    attempt_id: str,
    *,
    states: Collection[str] = ("sending",),
    **values: object,
) -> bool:
    """Write how an attempt ended, if it is still ours to say; False when somebody else took over."""
    result = session.exec(
        update(OutboxMessage)
        .where(
            col(OutboxMessage.id) == outbox_id,
            col(OutboxMessage.attempt_id) == attempt_id,
            col(OutboxMessage.state).in_(states),
        )
        .values(**values)
    )
    return bool(result.rowcount)


def mark_sent(session: Session, attempt_id: str, sent: Collection[tuple[int, str | None, str | None]]) -> int:
    """Write down what arrived, as (id, ts, channel): how many were still ours.

    One whose lease ended meanwhile still is, as long as nobody has taken it.
    """
    if not sent:
        return 0
    result = session.connection().execute(
        _SENT,
        [{"row": outbox_id, "whose": attempt_id, "ts": ts, "place": place} for outbox_id, ts, place in sent],
    )
    return int(result.rowcount)


_SENT = (
    update(OutboxMessage.__table__)  # type: ignore[attr-defined] # the table: an ORM update of many goes by key alone
    .where(
        col(OutboxMessage.id) == bindparam("row"),
        col(OutboxMessage.attempt_id) == bindparam("whose"),
        or_(col(OutboxMessage.state) == "sending", col(OutboxMessage.state) == "unknown"),
    )
    .values(
        state="sent",
        lease_until=None,
        error=None,
        error_class=None,
        slack_ts=bindparam("ts"),
        slack_channel=bindparam("place"),
    )
)


def release(session: Session, ids: Collection[int], attempt_id: str) -> int:
    """Give back what was claimed and surely not sent; the attempt is not used up. How many were still ours."""
    result = session.exec(
        update(OutboxMessage)
        .where(
            col(OutboxMessage.id).in_(ids),
            col(OutboxMessage.attempt_id) == attempt_id,
            col(OutboxMessage.state) == "sending",
        )
        .values(state="pending", attempt=OutboxMessage.attempt - 1, lease_until=None)
    )
    return int(result.rowcount)


def expire_leases(session: Session, now: datetime, *, lease: timedelta, settle: timedelta) -> int:
    """Messages whose sender vanished become `unknown`: they may have arrived, and Slack's history will tell.

    A lease that ends later than any lease can was written by a clock that has been put back since.
    """
    times = {"now": now, "longest": now + lease, "settled": now + settle}
    return int(session.connection().execute(_EXPIRE, times).rowcount)


_EXPIRE = (
    update(OutboxMessage)
    .where(
        col(OutboxMessage.state) == "sending",
        or_(
            col(OutboxMessage.lease_until).is_(None),
            col(OutboxMessage.lease_until) < _NOW,
            col(OutboxMessage.lease_until) > bindparam("longest", type_=UtcDateTime()),
        ),
    )
    .values(
        state="unknown",
        error_class="lease",
        error="the process that was sending it stopped",
        lease_until=None,
        unknown_since=_NOW,
        next_at=_SETTLED,
    )
)


def pull_forward(session: Session, now: datetime, longest: timedelta, *, settle: timedelta) -> None:
    """What waits longer than anything does was put off by a clock that has been put back since.

    What is unknown settles anew: nobody knows how much of its settle time has passed.
    """
    times = {"now": now, "longest": now + longest, "settled": now + settle}
    session.connection().execute(_PULL_FORWARD, times)


_PULL_FORWARD = (
    update(OutboxMessage)
    .where(
        col(OutboxMessage.state).in_(("pending", "unknown")),
        col(OutboxMessage.next_at) > bindparam("longest", type_=UtcDateTime()),
    )
    .values(next_at=case((col(OutboxMessage.state) == "unknown", _SETTLED), else_=_NOW))
)


def bring_forward(session: Session, now: datetime, *, after: datetime, until: datetime) -> None:
    """What would go between two moments goes now: somebody acts as if it were later. What is unknown still settles."""
    session.exec(
        update(OutboxMessage)
        .where(
            col(OutboxMessage.state) == "pending",
            col(OutboxMessage.next_at) > after,
            col(OutboxMessage.next_at) <= until,
        )
        .values(next_at=now)
        .execution_options(synchronize_session=False)
    )


def unsettled(session: Session, *, now: datetime, limit: int) -> list[Claimed]:
    """Unknown messages whose settle time is over, oldest first."""
    found = session.connection().execute(
        select(*_COLUMNS)
        .select_from(OutboxMessage)
        .outerjoin(Person, col(Person.id) == OutboxMessage.recipient)
        .where(OutboxMessage.state == "unknown", OutboxMessage.next_at <= now)
        .order_by(col(OutboxMessage.next_at), col(OutboxMessage.id))
        .limit(limit)
    )
    return [
        _claimed(row, attempt=row.attempt, attempt_id=row.attempt_id or "", tried=row.first_try_at or now)
        for row in map(Due._make, found)
    ]


def channels_of(session: Session, addresses: Collection[str]) -> dict[str, str]:
    """Address -> the id of the Slack channel its newest message went to; history is asked for by id alone."""
    newest = (
        select(func.max(col(OutboxMessage.id)))
        .where(col(OutboxMessage.address).in_(addresses), col(OutboxMessage.slack_channel).is_not(None))
        .group_by(col(OutboxMessage.address))
    )
    found = session.exec(
        select(OutboxMessage.address, OutboxMessage.slack_channel).where(col(OutboxMessage.id).in_(newest))
    )
    return {address: channel for address, channel in found if channel is not None}


def _claimed(row: Due, *, attempt: int, attempt_id: str, tried: datetime) -> Claimed:
    return Claimed(
        id=row.id,
        dedupe_key=row.dedupe_key,
        kind=row.kind,
        address=row.address,
        where=row.where or "",
        channel=row.channel,
        body_json=row.body_json,
        once_only=row.once_only,
        possible_repeat=row.possible_repeat,
        attempt=attempt,
        attempt_id=attempt_id,
        first_try_at=tried,
        unknown_since=row.unknown_since,
    )


def doubt(session: Session, *, since: datetime, now: datetime, untried: bool = False) -> None:
    """Messages that are not settled may have been sent since a backup: Slack's history is asked before they go.

    `untried`: only those that have neither been tried nor been looked up yet.
    """
    fresh = and_(col(OutboxMessage.state) == "pending", col(OutboxMessage.first_try_at).is_(None))
    session.exec(
        update(OutboxMessage)
        .where(fresh if untried else col(OutboxMessage.state).in_(UNSETTLED))
        .values(
            state="unknown",
            attempt_id=RESTORED,
            first_try_at=func.coalesce(
                case((col(OutboxMessage.first_try_at) < since, OutboxMessage.first_try_at)), since
            ),
            lease_until=None,
            unknown_since=now,
            next_at=now,
            error_class="restored",
            error="the database was restored: it may have been sent before",
        )
    )


def give_up(session: Session, now: datetime) -> dict[str, list[int]]:
    """Waiting messages that are too late by now, or whose recipient was switched off, die unsent; class -> which."""
    return {
        error_class: list(session.connection().scalars(statement, {"now": now}))
        for error_class, statement in _DEATHS.items()
    }


def _death(error_class: str, condition: Any, error: str) -> Any:
    waiting = col(OutboxMessage.state) == "pending"
    return (
        update(OutboxMessage)
        .where(waiting, condition)
        .values(state="dead", error_class=error_class, error=error)
        .returning(col(OutboxMessage.id))
    )


_DEATHS = {
    "late": _death("late", col(OutboxMessage.not_after) < _NOW, "it could not be sent in time"),
    "left": _death(
        "left",
        col(OutboxMessage.recipient).in_(select(Person.id).where(col(Person.active).is_(False))),
        "the person was switched off before it could be sent",
    ),
}


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
