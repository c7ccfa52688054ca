"""How attempts to send ended: with an answer, without one, or given up."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, func, text
from sqlmodel import Session, and_, col, or_, update

from db.engine import dialect
from db.outbox.messages import RESTORED, UNFINISHED, MessageState, OutboxMessage, in_state


def write_outcome(
    session: Session,
    outbox_id: int,
    attempt_id: str | None,
    *,
    was: MessageState = MessageState.SENDING,
    **values: object,
) -> bool:
    """Write how an attempt ended, if the message is still in the state it `was`; False when another process took it over."""
    ours = and_(col(OutboxMessage.id) == outbox_id, col(OutboxMessage.attempt_id) == attempt_id)
    return bool(_update(session, ours, col(OutboxMessage.state) == was, **values))


def mark_sent(
    session: Session, attempt_id: str | None, sent: Sequence[tuple[int, str | None, str | None]]
) -> int:
    """Store (id, ts, channel) of messages that arrived; how many were still ours.

    One whose lease has ended is still ours until another process takes it.
    """
    if not sent:
        return 0
    values = {"attempt": attempt_id, "sent": json.dumps(sent)}
    return int(session.connection().execute(_MARK_SENT[dialect(session)], values).rowcount)


def _mark_sent(rows: str, item: str) -> Any:
    """One statement for all rows, because one per row took three times as long."""
    row_id, ts, channel = (item.format(place) for place in range(3))
    return text(
        f"""UPDATE outbox SET state = '{MessageState.SENT}', lease_until = NULL, error = NULL, error_class = NULL,
        slack_ts = {ts}, slack_channel = {channel} FROM {rows}
        WHERE outbox.id = CAST({row_id} AS integer) AND outbox.attempt_id = :attempt
        AND outbox.state IN ('{MessageState.SENDING}', '{MessageState.UNKNOWN}')"""  # noqa: S608 - built from the two lines below
    )


_MARK_SENT = {
    "sqlite": _mark_sent("json_each(:sent) AS item", "json_extract(item.value, '$[{}]')"),
    "postgresql": _mark_sent(
        "json_array_elements(CAST(:sent AS json)) AS item(value)", "(item.value ->> {})"
    ),
}


def expire_leases(session: Session, now: datetime, *, lease: timedelta, settle: timedelta) -> int:
    """Make messages whose worker stopped unknown, as they may have arrived. Returns how many.

    A lease further ahead than the lease time means that the clock was set back; it counts as expired.
    """
    until = col(OutboxMessage.lease_until)
    return _update(
        session,
        in_state(MessageState.SENDING),
        or_(until.is_(None), until < now, until > now + lease),
        state=MessageState.UNKNOWN,
        error_class="lease",
        error="the process that was sending it stopped",
        lease_until=None,
        unknown_since=now,
        next_at=now + settle,
    )


def pull_forward(session: Session, now: datetime, longest: timedelta, *, settle: timedelta) -> None:
    """After the clock was set back: reset next attempts that lie further ahead than the longest wait.

    Unknown messages begin their settle time again, because nobody knows how much of it has passed.
    """
    for state, at in ((MessageState.PENDING, now), (MessageState.UNKNOWN, now + settle)):
        _update(session, in_state(state), col(OutboxMessage.next_at) > now + longest, next_at=at)


def bring_forward(session: Session, now: datetime, *, after: datetime, until: datetime) -> None:
    """Make pending messages of a time range due now, for a process whose clock was set forward on purpose."""
    at = col(OutboxMessage.next_at)
    _update(session, in_state(MessageState.PENDING), at > after, at <= until, next_at=now)


def mark_restored(session: Session, *, since: datetime, now: datetime, untried: bool = False) -> None:
    """Make messages that may have been sent since the restored backup unknown, so that Slack's history is read first.

    `untried`: only messages without any attempt or look-up.
    """
    first_try = col(OutboxMessage.first_try_at)
    fresh = and_(col(OutboxMessage.state) == MessageState.PENDING, first_try.is_(None))
    _update(
        session,
        fresh if untried else col(OutboxMessage.state).in_(UNFINISHED),
        state=MessageState.UNKNOWN,
        attempt_id=RESTORED,
        first_try_at=func.coalesce(case((first_try < since, first_try)), since),
        lease_until=None,
        unknown_since=now,
        next_at=now,
        error_class="restored",
        error="the database was restored: it may have been sent before",
    )


def give_up(session: Session, now: datetime) -> list[int]:
    """Make pending messages that are too late dead; their ids."""
    late = (
        update(OutboxMessage)
        .where(in_state(MessageState.PENDING), col(OutboxMessage.not_after) < now)
        .values(state=MessageState.DEAD, error_class="late", error="it could not be sent in time")
        .returning(col(OutboxMessage.id))
    )
    return list(session.scalars(late))


def kill(session: Session, outbox_id: int, error_class: str, error: str) -> bool:
    """Make a pending message dead; False when it is not pending any more."""
    pending = (col(OutboxMessage.id) == outbox_id, in_state(MessageState.PENDING))
    return bool(_update(session, *pending, state=MessageState.DEAD, error_class=error_class, error=error))


def readdress(session: Session, outbox_id: int, **values: object) -> bool:
    """Change where a pending message goes, and what it says; False when it is not pending any more.

    What is known of earlier attempts was about the former address.
    """
    pending = (col(OutboxMessage.id) == outbox_id, in_state(MessageState.PENDING))
    return bool(_update(session, *pending, possible_repeat=False, slack_channel=None, **values))


def _update(session: Session, *conditions: Any, **values: object) -> int:
    """Change the messages that meet all conditions; how many."""
    statement = update(OutboxMessage).where(*conditions).values(**values)
    result = session.exec(statement.execution_options(synchronize_session=False))
    return int(result.rowcount)
