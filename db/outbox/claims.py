"""What a sender takes from the outbox: what is due, at most one message for each place, under an attempt and a lease."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Integer, bindparam, case, func, text
from sqlalchemy.orm import aliased
from sqlmodel import Session, and_, col, select, update

from db.book.people import Person
from db.engine import dialect
from db.outbox.messages import OutboxMessage, is_
from db.types import UtcDateTime


class Claimed(NamedTuple):
    """What a sender needs of a row it may send, or may have sent."""

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


_NOW = bindparam("now", type_=UtcDateTime())
_MOST = bindparam("most", type_=Integer)
_WHERE = case((col(OutboxMessage.recipient).is_not(None), Person.slack_user_id), else_=OutboxMessage.channel)
_COLUMNS: tuple[Any, ...] = (
    OutboxMessage.id,
    OutboxMessage.dedupe_key,
    OutboxMessage.kind,
    OutboxMessage.address,
    func.coalesce(_WHERE, "").label("where"),
    OutboxMessage.channel,
    OutboxMessage.body_json,
    OutboxMessage.once_only,
    OutboxMessage.possible_repeat,
    OutboxMessage.attempt,
    OutboxMessage.attempt_id,
    OutboxMessage.first_try_at,
    OutboxMessage.unknown_since,
)
_ROWS = (
    select(*_COLUMNS)
    .select_from(OutboxMessage)
    .outerjoin(Person, col(Person.id) == OutboxMessage.recipient)
    .limit(_MOST)
)


def due(session: Session, *, now: datetime, limit: int) -> list[Claimed]:
    """The next messages whose place is free, each with the Slack channel or user to send it to; locked, not yet taken.

    Messages to one place go in the order they were written: a later one waits for an earlier one's next try, so
    no place occurs twice. Messages to people whose Slack user is not known yet wait.
    """
    if dialect(session) == "postgresql":
        # What it takes a queue's length for is of yesterday: of a long one it would sort all before the limit.
        session.connection().execute(_IN_THE_INDEXS_ORDER)
    return _rows(session, _DUE_LOCKED, now, limit)


def anything_due(session: Session, now: datetime) -> bool:
    """The same question without taking anything: whether some message could go now."""
    return bool(_rows(session, _DUE, now, 1))


def unsettled(session: Session, *, now: datetime, limit: int) -> list[Claimed]:
    """Unknown messages whose settle time is over, oldest first."""
    return _rows(session, _UNSETTLED, now, limit)


def _rows(session: Session, question: Any, now: datetime, limit: int) -> list[Claimed]:
    found = session.connection().execute(question, {"now": now, "most": limit})
    return [Claimed._make(row) for row in found]


def _none(*conditions: Any) -> Any:
    """That there is no such row.

    By a value and not NOT EXISTS, which PostgreSQL turns into a join: what it takes a queue's length for is of
    yesterday, and the join compared every message with every other one (1.2 s where this takes milliseconds).
    """
    return select(_OTHER.id).where(*conditions).limit(1).scalar_subquery().is_(None)


# Put together once: putting them together anew took longer than asking.
_OTHER = aliased(OutboxMessage)
_SAME_PLACE = col(_OTHER.address) == OutboxMessage.address
_DUE = _ROWS.where(
    is_("pending"),
    OutboxMessage.next_at <= _NOW,
    _WHERE.is_not(None),
    _none(_SAME_PLACE, is_("sending", _OTHER)),
    _none(_SAME_PLACE, is_("pending", _OTHER), col(_OTHER.id) < OutboxMessage.id),
).order_by(col(OutboxMessage.next_at))  # the index's own order: nothing is sorted before the limit
_IN_THE_INDEXS_ORDER = text("SET LOCAL enable_sort = off")
_DUE_LOCKED = _DUE.with_for_update(skip_locked=True, of=OutboxMessage)
_UNSETTLED = _ROWS.where(is_("unknown"), OutboxMessage.next_at <= _NOW).order_by(
    col(OutboxMessage.next_at), col(OutboxMessage.id)
)


def take(
    session: Session, rows: Collection[Claimed], *, now: datetime, lease: timedelta, attempt_id: str
) -> list[Claimed]:
    """Take rows that are due, under one attempt id. Commit before sending: the row is the intent."""
    if not rows:
        return []
    words, ids = dialect(session), [row.id for row in rows]
    session.connection().execute(
        _TAKE[words],
        {
            "ids": json.dumps(ids) if words == "sqlite" else ids,
            "now": now,
            "until": now + lease,
            "whose": attempt_id,
        },
    )
    return [
        row._replace(attempt=row.attempt + 1, attempt_id=attempt_id, first_try_at=row.first_try_at or now)
        for row in rows
    ]


def _among(ids: str) -> Any:
    """One statement for any number of rows; with a parameter for each it would be another one for each number."""
    return text(
        f"""UPDATE outbox SET state = 'sending', attempt = attempt + 1, attempt_id = :whose,
        lease_until = :until, first_try_at = coalesce(first_try_at, :now)
        WHERE id {ids}"""  # noqa: S608 - one of the two below
    ).bindparams(_NOW, bindparam("until", type_=UtcDateTime()))


_TAKE = {
    "sqlite": _among("IN (SELECT value FROM json_each(:ids))"),
    "postgresql": _among("= ANY (CAST(:ids AS integer[]))"),
}


def wait(session: Session, until: Mapping[int, datetime]) -> None:
    """Messages that are due but may not go yet: when each may."""
    if until:
        session.connection().execute(_WAIT, [{"row": row, "until": at} for row, at in until.items()])


_WAIT = (
    update(OutboxMessage.__table__)  # type: ignore[attr-defined] # the table: an ORM update of many goes by key alone
    .where(and_(col(OutboxMessage.id) == bindparam("row"), is_("pending")))
    .values(next_at=bindparam("until", type_=UtcDateTime()))
)


def release(session: Session, ids: Collection[int], attempt_id: str | None) -> int:
    """Give back what was claimed and surely not sent; the attempt is not used up. How many were still ours."""
    result = session.exec(
        update(OutboxMessage)
        .where(
            col(OutboxMessage.id).in_(ids),
            col(OutboxMessage.attempt_id) == attempt_id,
            is_("sending"),
        )
        .values(state="pending", attempt=OutboxMessage.attempt - 1, lease_until=None)
    )
    return int(result.rowcount)


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
