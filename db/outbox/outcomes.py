"""How sending ended: what was answered, what nobody answered in time, and what will not be sent any more."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, case, func, text
from sqlmodel import Session, and_, col, or_, select, update

from db.book.people import Person
from db.engine import dialect
from db.outbox.messages import RESTORED, UNSETTLED, OutboxMessage, is_
from db.types import UtcDateTime

_NOW = bindparam("now", type_=UtcDateTime())
_SETTLED = bindparam("settled", type_=UtcDateTime())


def settle(
    session: Session,
    outbox_id: int,
    attempt_id: str | None,
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


def mark_sent(
    session: Session, attempt_id: str | None, sent: Sequence[tuple[int, str | None, str | None]]
) -> int:
    """Write down what arrived, as (id, ts, channel): how many were still ours.

    One whose lease ended meanwhile still is, as long as nobody has taken it.
    """
    if not sent:
        return 0
    given: dict[str, Any] = {"whose": attempt_id}
    if (words := dialect(session)) == "sqlite":
        given["said"] = json.dumps(sent)
    else:
        given["ids"], given["ts"], given["channels"] = (list(values) for values in zip(*sent, strict=True))
    return int(session.connection().execute(_SENT[words], given).rowcount)


def _sent(said: str, row_id: str, ts: str, channel: str) -> Any:
    """One statement for all of them: as many as there are took three times as long."""
    return text(
        f"""UPDATE outbox SET state = 'sent', lease_until = NULL, error = NULL, error_class = NULL,
        slack_ts = {ts}, slack_channel = {channel} FROM {said}
        WHERE outbox.id = {row_id} AND outbox.attempt_id = :whose
        AND outbox.state IN ('sending', 'unknown')"""  # noqa: S608 - one of the two below
    )


_SENT = {
    "sqlite": _sent(
        "json_each(:said) AS said",
        "json_extract(said.value, '$[0]')",
        "json_extract(said.value, '$[1]')",
        "json_extract(said.value, '$[2]')",
    ),
    "postgresql": _sent(
        "unnest(CAST(:ids AS integer[]), CAST(:ts AS text[]), CAST(:channels AS text[]))"
        " AS said(row_id, ts, channel)",
        "said.row_id",
        "said.ts",
        "said.channel",
    ),
}


def expire_leases(session: Session, now: datetime, *, lease: timedelta, settle: timedelta) -> int:
    """Messages whose sender vanished become `unknown`: they may have arrived, and Slack's history will tell.

    A lease that ends later than any lease can was written by a clock that has been put back since.
    """
    times = {"now": now, "longest": now + lease, "settled": now + settle}
    return int(session.connection().execute(_EXPIRE, times).rowcount)


_EXPIRE = (
    update(OutboxMessage)
    .where(
        is_("sending"),
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
        or_(is_("pending"), is_("unknown")),
        col(OutboxMessage.next_at) > bindparam("longest", type_=UtcDateTime()),
    )
    .values(next_at=case((col(OutboxMessage.state) == "unknown", _SETTLED), else_=_NOW))
)


def bring_forward(session: Session, now: datetime, *, after: datetime, until: datetime) -> None:
    """What would go between two moments goes now: somebody acts as if it were later. What is unknown still settles."""
    session.exec(
        update(OutboxMessage)
        .where(
            is_("pending"),
            col(OutboxMessage.next_at) > after,
            col(OutboxMessage.next_at) <= until,
        )
        .values(next_at=now)
        .execution_options(synchronize_session=False)
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
    return (
        update(OutboxMessage)
        .where(is_("pending"), condition)
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
