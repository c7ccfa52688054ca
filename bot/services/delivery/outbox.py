"""Writing messages to the outbox, and what a person may do with those that are stuck.

Promise: a message is recorded in the transaction of its cause. `sender` sends it.
"""

import hashlib
import json
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from bot.errors import N_, Conflict, NotFound
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.recipients import Place
from bot.wording import messages
from bot.wording.message_base import Message
from db.audit import AuditAction, ObjectKind
from db.engine import Database
from db.outbox import channels
from db.outbox import messages as outbox
from db.outbox.messages import OutboxMessage

log = structlog.get_logger()


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
    once_only: bool = False,
) -> int:
    """Record a message in the transaction of its cause; its id.

    `once_only`: better missing than sent twice, when Slack's history cannot show whether it arrived.
    """
    body, body_hash = body_of(message, language)
    row = OutboxMessage(
        dedupe_key=dedupe_key,
        kind=kind,
        address=place.address,
        recipient=place.person_id,
        channel=place.channel,
        body_json=body,
        body_hash=body_hash,
        once_only=once_only,
        next_at=now,
        not_after=not_after,
        created_at=now,
    )
    return _added(session, row)


def body_of(message: Message, language: str | None) -> tuple[str, str]:
    """A message as it is stored, and the hash of that."""
    body = json.dumps({**messages.dump(message), "language": language}, ensure_ascii=False)
    return body, hashlib.sha256(body.encode()).hexdigest()


def enqueue_once(session: Session, **values: Any) -> bool:
    """`enqueue` a message unless there is one with its key, perhaps of another process; whether it is new."""
    try:
        with session.begin_nested():
            enqueue(session, **values)
    except IntegrityError:
        return False
    return True


def divert(session: Session, outbox_id: int, channel: str, now: datetime) -> int | None:
    """Copy a message whose channel is gone to another channel, once; the copy's id."""
    row = session.get_one(OutboxMessage, outbox_id)
    key = f"{row.dedupe_key}:diverted"
    known = channels.ids(session, [channel, row.channel or ""])
    same = row.channel is None or known.get(row.channel, row.channel) == known.get(channel, channel)
    if same or row.dedupe_key.endswith(":diverted"):
        return None
    if outbox.existing_keys(session, [key]):
        return None
    kept = row.model_dump(include={"kind", "body_json", "body_hash", "once_only", "not_after"})
    address = Place(channel=channel).address
    copy = OutboxMessage(
        **kept, dedupe_key=key, address=address, channel=channel, next_at=now, created_at=now
    )
    return _added(session, copy)


def show(database: Database, outbox_id: int) -> OutboxMessage:
    """One message; raises NotFound."""
    with database.read() as session:
        return _existing(session, outbox_id)


def retry(database: Database, outbox_id: int, *, actor: Actor, now: datetime) -> None:
    """Make a dead or unknown message pending again; one that may have arrived says that it may be a repeat."""
    access.require(actor, Act.OPERATE)
    with database.write() as session:
        was = _existing(session, outbox_id).state
        if _existing(session, outbox_id).body_json == outbox.EMPTY_BODY:
            raise Conflict(N_("Message %(id)s cannot be sent again: its text was deleted."), id=outbox_id)
        if not outbox.requeue(session, outbox_id, now=now, note=f"queued again by {actor.who}"):
            raise Conflict(
                N_("Message %(id)s is %(state)s. Only dead and unknown ones can be sent again."),
                id=outbox_id,
                state=was,
            )
        _record(session, actor, AuditAction.MESSAGE_RETRIED, outbox_id, was)
    log.warning("outbox.retry", id=outbox_id, was=was, actor=str(actor.who))


def drop(database: Database, outbox_id: int, *, actor: Actor) -> None:
    """Give up a message that was not sent; of a dead one, somebody has taken note then."""
    access.require(actor, Act.OPERATE)
    with database.write() as session:
        row = _existing(session, outbox_id)
        was = row.state
        before = f"; {row.error}" if row.error else ""
        if not outbox.drop(session, outbox_id, f"dropped by {actor.who}{before}"):
            raise Conflict(
                N_("Message %(id)s is %(state)s. Only pending, unknown and dead ones can be dropped."),
                id=outbox_id,
                state=was,
            )
        _record(session, actor, AuditAction.MESSAGE_DROPPED, outbox_id, was)
    log.warning("outbox.drop", id=outbox_id, was=was, actor=str(actor.who))


def _record(session: Session, actor: Actor, action: AuditAction, outbox_id: int, was: str) -> None:
    actor.record(
        session,
        action,
        ObjectKind.MESSAGE,
        outbox_id,
        before={"state": was},
    )


def _added(session: Session, row: OutboxMessage) -> int:
    session.add(row)
    session.flush()
    assert row.id is not None
    return row.id


def _existing(session: Session, outbox_id: int) -> OutboxMessage:
    row = session.get(OutboxMessage, outbox_id)
    if row is None:
        raise NotFound(N_("There is no message %(id)s."), id=outbox_id)
    return row
