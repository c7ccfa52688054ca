"""After a restore: the rows are older than Slack, and messages that look unsent may have been sent.

Promise: for a day nothing is sent before Slack's history since the backup has been searched for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlmodel import Session, SQLModel

from bot.errors import N_, Conflict
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.delivery import time_jump
from db import processes
from db.audit import AuditAction, ObjectKind
from db.care import due_touches
from db.care.due_touches import DueStep
from db.engine import Database
from db.outbox import channels, messages, outcomes

CURSOR = "restored"
# The columns that say when something was written; others hold times to come, such as a reminder's.
_WRITTEN = frozenset(
    [
        "answered_at",
        "approved_at",
        "at",
        "changed_at",
        "closed_at",
        "created_at",
        "ended_at",
        "first_try_at",
        "published_at",
        "received_at",
        "recorded_at",
        "set_at",
        "started_at",
        "superseded_at",
        "undone_at",
    ]
)
DOUBTED = timedelta(days=1)  # by then every grading and plan of the lost time has been made again
UNKNOWN_AGE = timedelta(days=1)  # of a backup in which no time was noted
SHOWN_AGAIN = timedelta(days=3)  # when a care step that was skipped comes back, unless it is done by then
ALIVE = timedelta(seconds=90)  # a process writes its heartbeat every 30 s


@dataclass(frozen=True, kw_only=True)
class Rewound:
    """What looks unsent in a restored database."""

    since: datetime  # Slack's history is searched from here
    newest: datetime | None  # the newest thing in it; None for an empty one
    now: datetime
    unfinished: int
    steps: tuple[DueStep, ...]  # due since the backup


def require_stopped(database: Database, now: datetime) -> None:
    """Raise Conflict while a process works with this database."""
    with database.read() as session:
        newest = max(processes.newest_beats(session).values(), default=None)
    if newest is not None and timedelta() <= now - newest < ALIVE:
        raise Conflict(
            N_(
                "A process worked with this database %(seconds)s s ago. Stop every process, wait until 90 s have passed,"
                " and try again."
            ),
            seconds=int((now - newest).total_seconds()),
        )


def newest_entry(session: Session, now: datetime) -> datetime | None:
    """When the newest thing in a database was written: an import, a grading, a decision, a message, a sign of life."""
    written = [
        session.scalar(select(func.max(column)).where(column <= now))
        for table in SQLModel.metadata.sorted_tables
        for column in table.columns
        if column.name in _WRITTEN
    ]
    noted = time_jump.last_noted(session)
    return max((at for at in (*written, noted) if at is not None and at <= now), default=None)


def preview(database: Database, now: datetime) -> Rewound:
    """The messages that would be looked up and the care steps that would be skipped."""
    with database.read() as session:
        counts = messages.counts(session)
        newest = newest_entry(session, now)
        return Rewound(
            since=min(now, time_jump.last_noted(session) or newest or now - UNKNOWN_AGE),
            newest=newest,
            now=now,
            unfinished=sum(counts.get(state, 0) for state in messages.UNFINISHED),
            steps=tuple(due_touches.steps(session, now)),
        )


def apply(database: Database, rewound: Rewound, actor: Actor) -> None:
    """Make unfinished messages unknown, skip the care steps that have become due, and go on from now."""
    access.require(actor, Act.OPERATE)
    now = rewound.now
    with database.write() as session:
        actor.record(
            session,
            AuditAction.BACKUP_RESTORED,
            ObjectKind.BOOK,
            None,
            after={"since": rewound.since},
        )
        outcomes.mark_restored(session, since=rewound.since, now=now)
        due_touches.skip(session, now, until=now + SHOWN_AGAIN)
        processes.set_cursor(session, time_jump.CURSOR, now.isoformat())
        processes.set_cursor(session, CURSOR, f"{rewound.since.isoformat()} {(now + DOUBTED).isoformat()}")


def keep_channels(database: Database, ids: Mapping[str, str], now: datetime) -> None:
    """Remember which channels names meant in the replaced database, where the backup does not know it yet.

    A name that was looked up again could mean another channel by now.
    """
    with database.write() as session:
        for name, channel_id in ids.items():
            channels.remember(session, name, channel_id, now)
