"""Detection of jumps of the clock: after a week in which no time was noted, nothing is sent until a person agrees.

A wrong clock cannot be told from a long stop, and months of reminders cannot be taken back.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.clock import Clock
from bot.services import access
from bot.services.access import Act, Actor
from db import processes
from db.audit import AuditAction, ObjectKind
from db.care import due_touches
from db.engine import Database
from db.outbox import messages as outbox
from db.outbox.messages import MessageState

LONGEST_JUMP = timedelta(days=7)
CURSOR = "time"


@dataclass(frozen=True, kw_only=True)
class Gap:
    """The time since the last noted one, and what has become due in it."""

    since: datetime
    now: datetime
    touches: int
    messages: int


def last_noted(session: Session) -> datetime | None:
    """The latest time that any process noted; None before the first."""
    known = processes.cursor(session, CURSOR)
    return datetime.fromisoformat(known) if known is not None else None


def jumped_since(session: Session, now: datetime) -> datetime | None:
    """The last noted time if `now` is so much later that a person must agree first, else None."""
    since = last_noted(session)
    return since if since is not None and now - since > LONGEST_JUMP else None


def held(database: Database, now: datetime) -> bool:
    """Whether sending waits for a person to agree."""
    with database.read() as session:
        return jumped_since(session, now) is not None


def note(database: Database, now: datetime) -> bool:
    """Note the time; False when it has jumped. Never an earlier time, so that nothing happens twice."""
    with database.write() as session:
        if jumped_since(session, now) is not None:
            return False
        since = last_noted(session)
        if since is None or now > since:
            processes.set_cursor(session, CURSOR, now.isoformat())
    return True


def gap(database: Database, now: datetime) -> Gap:
    """What waits for a person to agree."""
    with database.read() as session:
        return Gap(
            since=last_noted(session) or now,
            now=now,
            touches=due_touches.count(session, now),
            messages=outbox.counts(session).get(MessageState.PENDING, 0),
        )


def catch_up(database: Database, clock: Clock, actor: Actor | None = None) -> None:
    """Accept the jump and go on from now; `actor` decided that, None where the clock was shifted on purpose."""
    if actor is not None:
        access.require(actor, Act.OPERATE)
    with database.write() as session:
        now = clock.now()
        if actor is not None:
            actor.record(
                session,
                AuditAction.CAUGHT_UP,
                ObjectKind.BOOK,
                None,
                before={"time": last_noted(session)},
                after={"time": now},
            )
        processes.set_cursor(session, CURSOR, now.isoformat())
