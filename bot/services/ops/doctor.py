"""`tierbot doctor`: what of a running installation needs attention, each with its remedy."""

import importlib.metadata
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from sqlmodel import Session

from bot.services.delivery import circuit, time_jump
from bot.settings import Settings, without_password
from db import processes, schema
from db.book import people
from db.engine import Database, describe
from db.graded import runs
from db.outbox import messages, send_state
from db.outbox.messages import MessageState
from db.outbox.send_state import CircuitReason

PACKAGES = ("tierbot", "slack-bolt", "slack-sdk", "sqlalchemy", "apscheduler", "pandas", "tzdata", "holidays")
NETWORK_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "afs", "glusterfs"}
)
SILENT = timedelta(seconds=90)
STUCK = timedelta(minutes=15)
CIRCUIT_REMEDIES: dict[str, str] = {
    CircuitReason.NETWORK: "check the network and the proxy of this machine; it goes on by itself when Slack answers",
    CircuitReason.CLOCK: "switch on time synchronisation (NTP) on every machine that runs Tierbot",
}
LITTLE_DISK = 200 * 1024 * 1024  # bytes


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing looked at: fine, worth knowing, or to be mended with the remedy."""

    level: Literal["ok", "note", "problem"]
    about: str
    found: str
    remedy: str = ""


@dataclass(frozen=True, kw_only=True)
class Slack:
    """What the workspace said of the bot; `error` is empty when it took the token."""

    error: str
    team: str
    granted: frozenset[str]
    wanted: frozenset[str]
    optional: frozenset[str]
    clock_apart: timedelta | None


def examine(database: Database, settings: Settings, slack: Slack, now: datetime) -> list[Finding]:
    """Everything that can be told from here. Nothing is changed."""
    findings = [_versions(), *_slack(slack), *_storage(settings, database)]
    try:
        schema.check(database)
    except schema.SchemaMismatch as mismatch:
        return [
            *findings,
            Finding(
                level="problem",
                about="database",
                found=f"revision {mismatch.found or 'none'}, this version needs {mismatch.wanted}",
                remedy="tierbot db upgrade, or install the version that fits",
            ),
        ]
    except Exception as error:
        return [
            *findings,
            Finding(
                level="problem",
                about="database",
                found=f"{without_password(settings.url)} cannot be opened: {describe(error)}",
                remedy="check TIERBOT_DATABASE_URL, and that the server or the disk is there",
            ),
        ]
    findings.append(
        Finding(level="ok", about="database", found=f"{database.writer.dialect.name}, revision {schema.HEAD}")
    )
    with database.read() as session:
        findings += [
            *_beats(session, now),
            *_held(session, now),
            *_circuit(session, now, asked=slack),
            *_messages(session, now),
            *_people(session),
            *_gradings(session, now),
        ]
    return findings


def _versions() -> Finding:
    found = [f"python {platform.python_version()}"]
    for package in PACKAGES:
        try:
            found.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            found.append(f"{package} missing")
    return Finding(level="ok", about="versions", found=", ".join(found))


def _slack(slack: Slack) -> Iterator[Finding]:
    if slack.error:
        yield Finding(
            level="problem",
            about="slack",
            found=slack.error,
            remedy="copy the bot token again from the app's page, under OAuth & Permissions; check the network",
        )
        return
    yield Finding(level="ok", about="slack", found=f"connected to {slack.team}")
    missing = slack.wanted - slack.granted
    if missing:
        yield Finding(
            level="problem",
            about="scopes",
            found=f"missing: {', '.join(sorted(missing))}",
            remedy="paste the output of tierbot manifest into the app and install it again",
        )
    if slack.optional - slack.granted:
        yield Finding(
            level="note",
            about="scopes",
            found=f"optional ones not granted: {', '.join(sorted(slack.optional - slack.granted))}",
            remedy="without them a message whose answer was lost may be sent twice, marked as a possible repeat",
        )
    excess = slack.granted - slack.wanted - slack.optional
    if excess:
        yield Finding(
            level="note",
            about="scopes",
            found=f"not needed: {', '.join(sorted(excess))}",
            remedy="remove them from the app and install it again",
        )
    if slack.clock_apart is not None and slack.clock_apart > timedelta(seconds=60):
        yield Finding(
            level="problem",
            about="clock",
            found=f"{slack.clock_apart.total_seconds():.0f} s apart from Slack's",
            remedy="switch on time synchronisation (NTP); beyond 300 s Slack's requests are refused",
        )


def _storage(settings: Settings, database: Database) -> Iterator[Finding]:
    folder = settings.data_dir if settings.data_dir.exists() else Path(".")
    free = shutil.disk_usage(folder).free
    if free < LITTLE_DISK:
        yield Finding(
            level="problem",
            about="disk",
            found=f"{free // 2**20} MiB free in {folder}",
            remedy="make room: a full disk stops every reminder",
        )
    if database.is_sqlite and (kind := _file_system(folder.absolute())) in NETWORK_FILE_SYSTEMS:
        yield Finding(
            level="problem",
            about="database",
            found=f"SQLite on a network file system ({kind})",
            remedy="put TIERBOT_DATA_DIR on a local disk, or use PostgreSQL",
        )


def _beats(session: Session, now: datetime) -> Iterator[Finding]:
    newest = processes.newest_beats(session)
    if "worker" not in newest:
        yield Finding(
            level="note",
            about="jobs",
            found="no process has ever ticked",
            remedy="start one: tierbot run, or tierbot tick from cron",
        )
        return
    age = now - newest["worker"]
    if age > SILENT:
        yield Finding(
            level="problem",
            about="jobs",
            found=f"last sign of life {_span(age)} ago",
            remedy="start tierbot run; under cron this is the time since the last tick",
        )
    else:
        yield Finding(level="ok", about="jobs", found=f"last sign of life {_span(age)} ago")


def _held(session: Session, now: datetime) -> Iterator[Finding]:
    since = time_jump.jumped_since(session, now)
    if since is not None:
        yield Finding(
            level="problem",
            about="time",
            found=f"held: the last time noted is {since:%Y-%m-%d %H:%M} UTC; nothing is said",
            remedy="is this machine's date right? tierbot catch-up --show says what waits, --apply goes on",
        )


def _circuit(session: Session, now: datetime, *, asked: Slack) -> Iterator[Finding]:
    row = send_state.circuit(session)
    if row is None:
        return
    if row.reason:
        yield Finding(
            level="problem",
            about="sending",
            found=f"stopped for {_span(now - (row.opened_at or now))}: {row.sentence or row.reason}",
            remedy=CIRCUIT_REMEDIES.get(
                row.reason,
                "copy the bot token again from the app's page; a look every 15 s goes on by itself",
            ),
        )
    # What was just asked is newer.
    if asked.clock_apart is None and (row.apart_seconds or 0) > circuit.APART_WARN.total_seconds():
        yield Finding(
            level="problem",
            about="clock",
            found=f"{row.apart_seconds:.0f} s apart from Slack's when a message was last sent",
            remedy=CIRCUIT_REMEDIES[CircuitReason.CLOCK],
        )


def _messages(session: Session, now: datetime) -> Iterator[Finding]:
    oldest, counts = messages.oldest(session), messages.counts(session)
    for state, remedy in (
        (MessageState.PENDING, "is a process running? see also slack and people here"),
        (
            MessageState.SENDING,
            "the process that was sending it is gone; it settles by itself within minutes",
        ),
        (MessageState.UNKNOWN, "Slack's answer was lost: tierbot outbox list --state unknown"),
    ):
        if state in oldest and now - oldest[state] > STUCK:
            yield Finding(
                level="problem",
                about="messages",
                found=f"{counts[state]} {state}, the oldest for {_span(now - oldest[state])}",
                remedy=remedy,
            )
    if counts.get(MessageState.DEAD):
        yield Finding(
            level="note",
            about="messages",
            found=f"{counts[MessageState.DEAD]} could not be sent",
            remedy="tierbot outbox list --state dead says why; tierbot outbox retry ID sends again",
        )


def _people(session: Session) -> Iterator[Finding]:
    unmatched = people.count_unmatched(session)
    if unmatched:
        yield Finding(
            level="note",
            about="people",
            found=f"{unmatched} have no Slack user yet; their messages wait",
            remedy="is the e-mail address the same as in Slack? correct it and import the people again",
        )


def _gradings(session: Session, now: datetime) -> Iterator[Finding]:
    newest = runs.newest_days(session)
    if not newest:
        yield Finding(
            level="note",
            about="grading",
            found="nothing has been graded yet",
            remedy="tierbot grade --scheme orders_only, or one you proposed",
        )
    for purpose, day in newest.items():
        yield Finding(level="ok", about="grading", found=f"{purpose}: as of {day}")


def _file_system(folder: Path) -> str:
    """The kind of file system a folder is on, where the system tells."""
    try:
        mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    except OSError:
        return ""
    inside = [(mount[1], mount[2]) for mount in mounts if folder.is_relative_to(mount[1])]
    return max(inside, key=lambda mount: len(mount[0]), default=("", ""))[1]


def _span(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"
