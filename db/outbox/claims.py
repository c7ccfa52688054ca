"""Choosing and claiming messages to send: due ones, at most one per address, with an attempt id and a lease."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Integer, bindparam, case, func, text
from sqlalchemy.orm import aliased
from sqlmodel import Session, and_, col, or_, select, update

from db.book.people import Binding, Person, SlackStatus, bindings
from db.engine import dialect
from db.outbox.channels import ChannelName
from db.outbox.messages import MessageState, OutboxMessage, in_state
from db.types import UtcDateTime


class Claimed(NamedTuple):
    """What a worker needs of a message to send, or to look up in Slack's history."""

    id: int
    dedupe_key: str
    kind: str
    address: str
    where: str  # id of the Slack channel or user; a name while its channel's id is not known, empty for no known user
    recipient: int | None
    channel: str | None
    body_json: str
    once_only: bool
    possible_repeat: bool
    attempt: int
    attempt_id: str | None
    first_try_at: datetime | None
    unknown_since: datetime | None

    @property
    def is_named(self) -> bool:
        """Whether it goes to a channel of which only the name is known."""
        return self.where.startswith("#")


_NOW = bindparam("now", type_=UtcDateTime())
_MOST = bindparam("most", type_=Integer)
_WHERE = case(
    (col(OutboxMessage.recipient).is_not(None), Person.slack_user_id),
    else_=func.coalesce(col(ChannelName.channel_id), OutboxMessage.channel),
)
_COLUMNS: Any = [
    func.coalesce(_WHERE, "").label("where") if name == "where" else getattr(OutboxMessage, name)
    for name in Claimed._fields
]
_ROWS = (
    select(*_COLUMNS)
    .select_from(OutboxMessage)
    .outerjoin(Person, col(Person.id) == OutboxMessage.recipient)
    .outerjoin(ChannelName, col(ChannelName.name) == OutboxMessage.channel)
    .limit(_MOST)
)


def due(session: Session, *, now: datetime, limit: int) -> list[Claimed]:
    """The next messages to addresses to which nothing is being sent, locked, not yet taken.

    Messages to one address go in the order they were written: a later one waits for an earlier one's next attempt, so
    no address occurs twice. Messages to people whose Slack user is not known yet wait.
    """
    if dialect(session) == "postgresql":
        # Its statistics of a fast-growing queue are stale: it would sort all rows before the limit.
        session.connection().execute(_NO_SORT)
    return _rows(session, _DUE_LOCKED, now, limit)


def anything_due(session: Session, now: datetime) -> bool:
    """Whether a message could be sent now; locks nothing."""
    return bool(_rows(session, _DUE, now, 1))


def unknown(session: Session, *, now: datetime, limit: int) -> list[Claimed]:
    """Unknown messages whose settle time is over, oldest first."""
    return _rows(session, _UNKNOWN, now, limit)


def to_absent(session: Session, limit: int) -> list[Claimed]:
    """Pending messages, due or not, to people who were switched off or are no members any more; locked."""
    return [Claimed._make(row) for row in session.connection().execute(_TO_ABSENT, {"most": limit})]


def recipients_to_check(
    session: Session, *, now: datetime, checked_before: datetime, limit: int
) -> list[Binding]:
    """The people with due messages of whom Slack was last asked before that time, in the order of their messages."""
    first = (
        select(col(OutboxMessage.recipient).label("person"), func.min(OutboxMessage.next_at).label("at"))
        .where(in_state(MessageState.PENDING), OutboxMessage.next_at <= now)
        .group_by(col(OutboxMessage.recipient))
        .subquery()
    )
    found = session.execute(
        bindings()
        .join(first, first.c.person == Person.id)
        .where(
            col(Person.active).is_(True),
            col(Person.slack_user_id).is_not(None),
            or_(col(Person.slack_checked_at).is_(None), col(Person.slack_checked_at) < checked_before),
        )
        .order_by(first.c.at, col(Person.id))
        .limit(limit)
    )
    return [Binding._make(row) for row in found]


def _rows(session: Session, query: Any, now: datetime, limit: int) -> list[Claimed]:
    found = session.connection().execute(query, {"now": now, "most": limit})
    return [Claimed._make(row) for row in found]


def _none(*conditions: Any) -> Any:
    """Condition: there is no such row.

    Not NOT EXISTS, which PostgreSQL turns into a join: with stale statistics the join compared every message with
    every other one (1.2 s instead of milliseconds).
    """
    return select(_OTHER.id).where(*conditions).limit(1).scalar_subquery().is_(None)


# Built once: building the statements took longer than running them.
_OTHER = aliased(OutboxMessage)
_SAME_ADDRESS = col(_OTHER.address) == OutboxMessage.address
_DUE = _ROWS.where(
    in_state(MessageState.PENDING),
    OutboxMessage.next_at <= _NOW,
    _WHERE.is_not(None),
    _none(_SAME_ADDRESS, in_state(MessageState.SENDING, _OTHER)),
    _none(_SAME_ADDRESS, in_state(MessageState.PENDING, _OTHER), col(_OTHER.id) < OutboxMessage.id),
).order_by(col(OutboxMessage.next_at))  # the order of the index, so that nothing is sorted before the limit
_NO_SORT = text("SET LOCAL enable_sort = off")
_DUE_LOCKED = _DUE.with_for_update(skip_locked=True, of=OutboxMessage)
_TO_ABSENT = _ROWS.where(
    in_state(MessageState.PENDING),
    or_(col(Person.active).is_(False), col(Person.slack_status) != SlackStatus.MEMBER),
).with_for_update(skip_locked=True, of=OutboxMessage)
_UNKNOWN = _ROWS.where(in_state(MessageState.UNKNOWN), OutboxMessage.next_at <= _NOW).order_by(
    col(OutboxMessage.next_at), col(OutboxMessage.id)
)


def take(
    session: Session, rows: Collection[Claimed], *, now: datetime, lease: timedelta, attempt_id: str
) -> list[Claimed]:
    """Mark due messages as being sent, under one attempt id; commit before sending them."""
    if not rows:
        return []
    values = {"ids": [row.id for row in rows], "now": now, "until": now + lease, "attempt": attempt_id}
    session.connection().execute(_TAKE, values)
    return [
        row._replace(attempt=row.attempt + 1, attempt_id=attempt_id, first_try_at=row.first_try_at or now)
        for row in rows
    ]


_MESSAGES: Any = OutboxMessage.__table__  # type: ignore[attr-defined]
_TAKE = (
    update(_MESSAGES)
    .where(col(OutboxMessage.id).in_(bindparam("ids", expanding=True)))
    .values(
        state=MessageState.SENDING,
        attempt=OutboxMessage.attempt + 1,
        attempt_id=bindparam("attempt"),
        lease_until=bindparam("until", type_=UtcDateTime()),
        first_try_at=func.coalesce(OutboxMessage.first_try_at, _NOW),
    )
)


def postpone(session: Session, until: Mapping[int, datetime]) -> None:
    """Set when each of these due messages may be sent."""
    if until:
        session.connection().execute(_POSTPONE, [{"row": row, "until": at} for row, at in until.items()])


_POSTPONE = (
    update(_MESSAGES)  # the table, because an ORM update of many rows takes no condition but the key
    .where(and_(col(OutboxMessage.id) == bindparam("row"), in_state(MessageState.PENDING)))
    .values(next_at=bindparam("until", type_=UtcDateTime()))
)


def release(session: Session, ids: Collection[int], attempt_id: str | None) -> int:
    """Make claimed messages that were not sent pending again, without using up the attempt; how many were still ours."""
    ours = and_(col(OutboxMessage.id).in_(ids), col(OutboxMessage.attempt_id) == attempt_id)
    result = session.exec(
        update(OutboxMessage)
        .where(ours, in_state(MessageState.SENDING))
        .values(state=MessageState.PENDING, attempt=OutboxMessage.attempt - 1, lease_until=None)
    )
    return int(result.rowcount)
