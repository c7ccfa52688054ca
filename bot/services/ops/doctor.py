"""`tierbot doctor`: what of a running installation needs attention, each with its remedy."""

import importlib.metadata
import platform
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from sqlmodel import Session

from bot.errors import N_, Phrase, ngettext
from bot.services.delivery import circuit, time_jump
from bot.settings import Settings
from db import backup, processes, schema
from db.address import without_secrets
from db.book import customers, people
from db.engine import Database, describe
from db.graded import runs
from db.graded.runs import Purpose
from db.outbox import messages, send_state
from db.outbox.messages import MessageState
from db.outbox.send_state import CircuitReason

PACKAGES = ("tierbot", "slack-bolt", "slack-sdk", "sqlalchemy", "apscheduler", "pandas", "tzdata", "holidays")
NETWORK_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "afs", "glusterfs"}
)
SILENT = timedelta(seconds=90)
STUCK = timedelta(minutes=15)
CLOCK_APART = timedelta(seconds=60)
MOST_NAMED = 5
LITTLE_DISK = 200 * 1024 * 1024  # bytes
CIRCUIT_REMEDIES: dict[str, str] = {
    CircuitReason.NETWORK: Phrase(
        N_("check the network and the proxy of this machine; it goes on by itself when Slack answers")
    ),
    CircuitReason.CLOCK: Phrase(
        N_("switch on time synchronisation (NTP) on every machine that runs Tierbot")
    ),
}
STUCK_REMEDIES: dict[str, str] = {
    MessageState.PENDING: Phrase(N_("is a process running? see also slack and people here")),
    MessageState.SENDING: Phrase(
        N_("the process that was sending it is gone; it settles by itself within minutes")
    ),
    MessageState.UNKNOWN: Phrase(N_("Slack's answer was lost: tierbot outbox list --state unknown")),
}


_PURPOSES = {
    Purpose.CREDIT: N_("credit"),
    Purpose.ACCOUNT: N_("account"),
    Purpose.PROSPECT: N_("prospect"),
}
_STATES = {
    MessageState.PENDING: N_("pending"),
    MessageState.SENDING: N_("sending"),
    MessageState.UNKNOWN: N_("unknown"),
}


@dataclass(frozen=True)
class Finding:
    """What was found about one thing; notes and problems have a remedy."""

    level: Literal["ok", "note", "problem"]
    about: str
    found: str
    remedy: str = ""


@dataclass(frozen=True, kw_only=True)
class Slack:
    """Slack's answer about the bot. `error` is empty when it took the token; otherwise the rest is unknown."""

    error: str = ""
    team: str = ""
    granted: frozenset[str] = frozenset()
    wanted: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    clock_apart: timedelta | None = None


def examine(database: Database, settings: Settings, slack: Slack, now: datetime) -> list[Finding]:
    """Everything that can be found from this machine. Nothing is changed."""
    findings = [_versions(), *_slack(slack), *_storage(settings, database), _database(database, settings)]
    if findings[-1].level == "problem":
        return findings
    with database.read() as session:
        findings += [
            *_beats(session, now),
            *_held(session, now),
            *_circuit(session, now, asked=slack),
            *_messages(session, now),
            *_people(session),
            *_gradings(session),
        ]
    return findings


def _versions() -> Finding:
    found = [f"python {platform.python_version()}"]
    for package in PACKAGES:
        try:
            found.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            found.append(f"{package} –")
    return Finding("ok", "versions", ", ".join(found))


def _slack(slack: Slack) -> Iterator[Finding]:
    if slack.error:
        yield Finding(
            "problem",
            "slack",
            slack.error,
            Phrase(
                N_(
                    "copy the bot token again from the app's page, under OAuth & Permissions; check the network"
                )
            ),
        )
        return
    yield Finding("ok", "slack", Phrase(N_("connected to %(team)s"), team=slack.team))
    if missing := slack.wanted - slack.granted:
        yield Finding(
            "problem",
            "scopes",
            Phrase(N_("missing: %(scopes)s"), scopes=", ".join(sorted(missing))),
            Phrase(N_("paste the output of tierbot manifest into the app and install it again")),
        )
    if missing := slack.optional - slack.granted:
        yield Finding(
            "note",
            "scopes",
            Phrase(N_("optional ones not granted: %(scopes)s"), scopes=", ".join(sorted(missing))),
            Phrase(
                N_(
                    "without them a message whose answer was lost may be sent twice, marked as a possible repeat"
                )
            ),
        )
    if excess := slack.granted - slack.wanted - slack.optional:
        yield Finding(
            "note",
            "scopes",
            Phrase(N_("not needed: %(scopes)s"), scopes=", ".join(sorted(excess))),
            Phrase(N_("remove them from the app and install it again")),
        )
    if slack.clock_apart is not None and slack.clock_apart > CLOCK_APART:
        yield Finding(
            "problem",
            "clock",
            Phrase(
                N_("%(seconds)s s apart from Slack's"), seconds=f"{slack.clock_apart.total_seconds():.0f}"
            ),
            Phrase(N_("switch on time synchronisation (NTP); beyond 300 s Slack's requests are refused")),
        )


def _storage(settings: Settings, database: Database) -> Iterator[Finding]:
    folder = settings.data_dir if settings.data_dir.exists() else Path(".")
    free = shutil.disk_usage(folder).free
    if free < LITTLE_DISK:
        yield Finding(
            "problem",
            "disk",
            Phrase(N_("%(free)s MiB free in %(folder)s"), free=free // 2**20, folder=folder),
            Phrase(N_("make room: a full disk stops every reminder")),
        )
    if database.is_sqlite and (kind := _file_system(folder.absolute())) in NETWORK_FILE_SYSTEMS:
        yield Finding(
            "problem",
            "database",
            Phrase(N_("SQLite on a network file system (%(kind)s)"), kind=kind),
            Phrase(N_("put TIERBOT_DATA_DIR on a local disk, or use PostgreSQL")),
        )


def _database(database: Database, settings: Settings) -> Finding:
    if damage := _damage(database):
        return Finding(
            "problem",
            "database",
            Phrase(N_("damaged: %(damage)s"), damage=damage),
            Phrase(N_("stop every process and restore the newest backup: tierbot db restore FILE")),
        )
    try:
        schema.check(database)
    except schema.SchemaMismatch as mismatch:
        found = Phrase(
            N_("revision %(found)s, this version needs %(wanted)s"),
            found=mismatch.found or Phrase(N_("none")),
            wanted=mismatch.wanted,
        )
        remedy = Phrase(
            N_("install the newer version again, or restore the backup from before its upgrade")
            if isinstance(mismatch, schema.NewerSchema)
            else N_("`tierbot db upgrade`, or install the version that fits")
        )
    except Exception as error:
        found = Phrase(
            N_("%(url)s cannot be opened: %(error)s"),
            url=without_secrets(settings.url),
            error=describe(error),
        )
        remedy = Phrase(N_("check TIERBOT_DATABASE_URL, and that the server or the disk is there"))
    else:
        return Finding(
            "ok",
            "database",
            Phrase(
                N_("%(system)s, revision %(revision)s"),
                system=database.writer.dialect.name,
                revision=schema.HEAD,
            ),
        )
    return Finding("problem", "database", found, remedy)


def _damage(database: Database) -> str:
    """The damage of a SQLite file; PostgreSQL checks its pages itself."""
    with suppress(sqlite3.OperationalError):  # it cannot be opened: what is queried next says why
        return backup.find_damage(database.file) if database.is_sqlite else ""
    return ""


def _beats(session: Session, now: datetime) -> Iterator[Finding]:
    newest = processes.newest_beats(session)
    if "worker" not in newest:
        yield Finding(
            "note",
            "jobs",
            Phrase(N_("no process has ever ticked")),
            Phrase(N_("start one: `tierbot run`, or `tierbot tick` from cron")),
        )
        return
    age = now - newest["worker"]
    found = Phrase(N_("last sign of life %(span)s ago"), span=_span(age))
    if age > SILENT:
        remedy = Phrase(N_("start `tierbot run`; under cron this is the time since the last tick"))
        yield Finding("problem", "jobs", found, remedy)
    else:
        yield Finding("ok", "jobs", found)


def _held(session: Session, now: datetime) -> Iterator[Finding]:
    since = time_jump.jumped_since(session, now)
    if since is not None:
        yield Finding(
            "problem",
            "time",
            Phrase(
                N_("held: the last time noted is %(since)s UTC; nothing is said"),
                since=f"{since:%Y-%m-%d %H:%M}",
            ),
            Phrase(
                N_("is this machine's date right? tierbot catch-up --show says what waits, --apply goes on")
            ),
        )


def _circuit(session: Session, now: datetime, *, asked: Slack) -> Iterator[Finding]:
    row = send_state.circuit(session)
    if row is None:
        return
    if row.reason:
        yield Finding(
            "problem",
            "sending",
            Phrase(
                N_("stopped for %(span)s: %(reason)s"),
                span=_span(now - (row.opened_at or now)),
                reason=row.sentence or row.reason,
            ),
            CIRCUIT_REMEDIES.get(
                row.reason,
                Phrase(
                    N_("copy the bot token again from the app's page; a look every 15 s goes on by itself")
                ),
            ),
        )
    # Slack's answer of a moment ago is newer than the row.
    if asked.clock_apart is None and (row.apart_seconds or 0) > circuit.APART_WARN.total_seconds():
        yield Finding(
            "problem",
            "clock",
            Phrase(
                N_("%(seconds)s s apart from Slack's when a message was last sent"),
                seconds=f"{row.apart_seconds:.0f}",
            ),
            CIRCUIT_REMEDIES[CircuitReason.CLOCK],
        )


def _messages(session: Session, now: datetime) -> Iterator[Finding]:
    oldest, counts = messages.oldest(session), messages.counts(session)
    for state, remedy in STUCK_REMEDIES.items():
        if state in oldest and now - oldest[state] > STUCK:
            found = Phrase(
                N_("%(count)s %(state)s, the oldest for %(span)s"),
                state=Phrase(_STATES[MessageState(state)]),
                count=counts[state],
                span=_span(now - oldest[state]),
            )
            yield Finding("problem", "messages", found, remedy)
    if counts.get(MessageState.DEAD):
        yield Finding(
            "note",
            "messages",
            ngettext(
                "%(count)s message could not be sent",
                "%(count)s messages could not be sent",
                counts[MessageState.DEAD],
            ),
            Phrase(N_("tierbot outbox list --state dead says why; tierbot outbox retry ID sends again")),
        )


def _people(session: Session) -> Iterator[Finding]:
    unmatched = people.count_unmatched(session)
    if unmatched:
        yield Finding(
            "note",
            "people",
            ngettext(
                "%(count)s person has no Slack user yet: reminders wait, and no direct message tells of tier changes",
                "%(count)s people have no Slack user yet: their reminders wait, and no direct message tells them of tier changes",
                unmatched,
            ),
            Phrase(N_("is the e-mail address the same as in Slack? correct it and import the people again")),
        )
    absent = customers.absent_owners(session)
    if absent:
        yield Finding(
            "problem",
            "people",
            Phrase(
                N_(
                    "look after customers but are no members of the Slack workspace any more (%(count)s): %(names)s;"
                    " their reminders and alerts go to the lead of their team, else to the channel"
                ),
                count=len(absent),
                names=", ".join(absent[:MOST_NAMED]) + (" …" if len(absent) > MOST_NAMED else ""),
            ),
            Phrase(
                N_(
                    "import new owners of their customers and switch the people off; a new Slack account with the"
                    " same e-mail address takes over by itself"
                )
            ),
        )


def _gradings(session: Session) -> Iterator[Finding]:
    newest = runs.newest_days(session)
    if not newest:
        yield Finding(
            "note",
            "grading",
            Phrase(N_("nothing has been graded yet")),
            Phrase(N_("tierbot grade --scheme orders_only, or one you proposed")),
        )
    for purpose, day in newest.items():
        yield Finding(
            "ok",
            "grading",
            Phrase(N_("%(purpose)s: as of %(day)s"), purpose=Phrase(_PURPOSES[Purpose(purpose)]), day=day),
        )


def _file_system(folder: Path) -> str:
    """The kind of file system a folder is on; empty where the system does not say."""
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
    return (
        Phrase(N_("%(count)s min"), count=seconds // 60)
        if seconds < 7200
        else Phrase(N_("%(count)s h"), count=seconds // 3600)
    )
