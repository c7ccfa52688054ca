"""Noticing that time has jumped: after a week without a sign of life somebody looks before anything is said.

A wrong clock looks the same as a long stop, and months of reminders cannot be taken back.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.clock import Clock
from db import system
from db.care import due
from db.engine import Database
from db.outbox import messages as outbox

LONGEST_JUMP = timedelta(days=7)
CURSOR = "time"


@dataclass(frozen=True, kw_only=True)
class Gap:
    """The time since the last sign of life, and what has come due in it."""

    since: datetime
    now: datetime
    touches: int
    messages: int


def last_sign(session: Session) -> datetime | None:
    """The latest time that was noted; None when none ever was."""
    known = system.cursor(session, CURSOR)
    return datetime.fromisoformat(known) if known is not None else None


def held(database: Database, now: datetime) -> bool:
    """Whether so much time has passed since the last sign of life that somebody must look first."""
    with database.read() as session:
        since = last_sign(session)
    return since is not None and now - since > LONGEST_JUMP


def keep_up(database: Database, now: datetime) -> bool:
    """Note the time, unless it has jumped; False when it has. Never backwards: nothing fires twice."""
    with database.write() as session:
        since = last_sign(session)
        if since is not None and now - since > LONGEST_JUMP:
            return False
        if since is None or now > since:
            system.set_cursor(session, CURSOR, now.isoformat())
    return True


def gap(database: Database, now: datetime) -> Gap:
    """What waits for somebody to look."""
    with database.read() as session:
        return Gap(
            since=last_sign(session) or now,
            now=now,
            touches=due.count(session, now),
            messages=outbox.counts(session).get("pending", 0),
        )


def catch_up(database: Database, clock: Clock) -> None:
    """The time that has passed has really passed, or was meant to: go on from now."""
    with database.write() as session:
        system.set_cursor(session, CURSOR, clock.now().isoformat())
