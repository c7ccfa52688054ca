"""After a restore: the rows are older than Slack, and what they take for unsaid may have been said.

Promise: nothing is sent for a day before Slack's history has been asked for it, from the time of the backup on.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.errors import N_, Conflict
from bot.services.delivery import time_jump
from db import system
from db.care import due
from db.engine import Database
from db.outbox import messages, outcomes

CURSOR = "restored"
DOUBTED = timedelta(days=1)  # by then every grading and plan of the time that was lost has been made again
UNKNOWN_AGE = timedelta(days=1)  # of a backup without a sign of life
ALIVE = timedelta(seconds=90)  # a process notes a sign of life every 30 s


@dataclass(frozen=True, kw_only=True)
class DueStep:
    """A care step that has come due since the backup."""

    customer: str
    step: str
    tier: str
    due: datetime


@dataclass(frozen=True, kw_only=True)
class Rewound:
    """What a restored database takes for unsaid."""

    since: datetime
    now: datetime
    unsettled: int
    steps: tuple[DueStep, ...]


def require_stopped(database: Database, now: datetime) -> None:
    """Raise Conflict while a process works with this database."""
    with database.read() as session:
        beats = system.newest_beats(session)
    newest = max(beats.values(), default=None)
    if newest is not None and timedelta() <= now - newest < ALIVE:
        raise Conflict(
            N_(
                "A process worked with this database %(seconds)s s ago. Stop every process, wait until 90 s have passed,"
                " and try again."
            ),
            seconds=int((now - newest).total_seconds()),
        )


def look(database: Database, now: datetime) -> Rewound:
    """What would be looked up, and what would be skipped. Nothing is changed."""
    with database.read() as session:
        counts = messages.counts(session)
        return Rewound(
            since=min(now, time_jump.last_sign(session) or now - UNKNOWN_AGE),
            now=now,
            unsettled=sum(counts.get(state, 0) for state in messages.UNSETTLED),
            steps=tuple(
                DueStep(customer=name, step=step, tier=tier, due=at)
                for name, step, tier, at in due.steps(session, now)
            ),
        )


def settle(database: Database, rewound: Rewound) -> None:
    """Doubt all messages that are not settled, skip the steps that have come due, and go on from now."""
    now = rewound.now
    with database.write() as session:
        outcomes.doubt(session, since=rewound.since, now=now)
        due.skip(session, now)
        system.set_cursor(session, time_jump.CURSOR, now.isoformat())
        system.set_cursor(session, CURSOR, f"{rewound.since.isoformat()} {(now + DOUBTED).isoformat()}")


def doubted_since(known: str | None, now: datetime) -> datetime | None:
    """From when on what has not been tried yet may have been said, by the cursor; None when the restore is long ago."""
    if known is None:
        return None
    since, until = (datetime.fromisoformat(part) for part in known.split())
    return since if now < until else None
