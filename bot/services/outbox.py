"""Putting messages into the outbox, and sending what is due.

Promise: what was decided to be said is recorded with its cause. The intent is committed before the call; when the
answer is lost the message becomes `unknown` and is not sent again by itself.
"""

import hashlib
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import structlog
from sqlmodel import Session

from bot import messages
from bot.clock import Clock
from bot.messages import Message
from db import outbox
from db.engine import Database
from db.outbox import OutboxMessage

LEASE = timedelta(seconds=60)
BACKOFF_BASE = timedelta(seconds=5)
BACKOFF_CAP = timedelta(minutes=15)
LONGEST_TRY = timedelta(days=3)  # a weekend without network loses nothing

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Place:
    """A person's direct messages, or a channel."""

    person_id: int | None = None
    channel: str | None = None

    @property
    def address(self) -> str:
        return f"person:{self.person_id}" if self.person_id is not None else f"channel:{self.channel}"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How a sending ended: sent; surely not sent (retry or hopeless); or the answer was lost."""

    outcome: Literal["sent", "retry", "hopeless", "lost"]
    ts: str | None = None
    channel: str | None = None
    error_class: str | None = None
    error: str | None = None
    retry_after: timedelta | None = None
    counts: bool = True  # whether the attempt is used up: Slack's own wish to wait is not


Send = Callable[[str, Message, str | None, dict[str, Any]], Answer]


def enqueue(
    session: Session,
    *,
    kind: str,
    place: Place,
    message: Message,
    language: str | None,
    dedupe_key: str,
    now: datetime,
    not_after: datetime | None = None,
) -> int:
    """Record a message in the transaction of its cause; its id."""
    body = json.dumps({**messages.dump(message), "language": language}, ensure_ascii=False)
    row = OutboxMessage(
        dedupe_key=dedupe_key,
        kind=kind,
        address=place.address,
        recipient=place.person_id,
        channel=place.channel,
        body_json=body,
        body_hash=hashlib.sha256(body.encode()).hexdigest(),
        next_at=now,
        not_after=not_after,
        created_at=now,
    )
    session.add(row)
    session.flush()
    assert row.id is not None
    return row.id


def deliver(database: Database, *, send: Send, clock: Clock, chance: random.Random, most: int = 200) -> int:
    """Send what is due, one after the other; how many were tried."""
    with database.read() as session:
        if not outbox.has_work(session):
            return 0
    with database.write() as session:
        expired = outbox.expire_leases(session, clock.now())
        given_up = outbox.give_up(session, clock.now())
    if expired or given_up:
        log.warning("outbox.unsent", unknown=expired, dead=given_up)
    for tried in range(most):
        attempt_id = f"{chance.getrandbits(64):016x}"
        with database.write() as session:
            claimed = outbox.claim(session, now=clock.now(), lease=LEASE, attempt_id=attempt_id)
        if claimed is None:
            return tried
        row, where = claimed
        answer = _send(send, row, where)
        with database.write() as session:
            ours = outbox.settle(
                session, row.id or 0, attempt_id, **_settled(row, answer, clock.now(), chance)
            )
        log.info("outbox.tried", id=row.id, kind=row.kind, outcome=answer.outcome, error=answer.error_class)
        if not ours:
            log.warning("outbox.taken_over", id=row.id)
    return most


def _send(send: Send, row: OutboxMessage, where: str) -> Answer:
    try:
        body = json.loads(row.body_json)
        message = messages.load(body)
    except (ValueError, KeyError) as error:
        return Answer(
            outcome="hopeless", error_class="unreadable", error=f"the kept message cannot be read: {error}"
        )
    try:
        return send(where, message, body.get("language"), {"id": row.id, "attempt": row.attempt})
    except Exception as error:
        # Nobody knows how far it came, so it is not sent again.
        log.error("outbox.send_failed", id=row.id, exc_info=error)
        return Answer(outcome="lost", error_class="fault", error=f"a fault while sending: {error!r}")


def _settled(row: OutboxMessage, answer: Answer, now: datetime, chance: random.Random) -> dict[str, object]:
    said = {"error_class": answer.error_class, "error": answer.error, "lease_until": None}
    if answer.outcome == "sent":
        return {**said, "state": "sent", "slack_ts": answer.ts, "slack_channel": answer.channel}
    if answer.outcome == "lost":
        return {**said, "state": "unknown"}
    if answer.outcome == "hopeless" or (answer.counts and now >= (row.first_try_at or now) + LONGEST_TRY):
        return {**said, "state": "dead"}
    wait = answer.retry_after
    if wait is None:
        wait = chance.random() * min(BACKOFF_CAP, BACKOFF_BASE * 2 ** min(row.attempt, 10))
    attempt = row.attempt if answer.counts else row.attempt - 1
    return {**said, "state": "pending", "next_at": now + wait, "attempt": attempt}
