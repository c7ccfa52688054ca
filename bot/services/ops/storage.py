"""What is found of the disk and the database."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bot.errors import N_, Phrase
from bot.settings import Settings
from db import backup, schema
from db.address import without_secrets
from db.engine import Database, describe

LITTLE_DISK = 200 * 1024 * 1024  # bytes
NETWORK_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "afs", "glusterfs"}
)


@dataclass(frozen=True)
class Finding:
    """What was found about one thing; notes and problems have a remedy."""

    level: Literal["ok", "note", "problem"]
    about: str
    found: str
    remedy: str = ""


def examine_disk(settings: Settings, database: Database) -> Iterator[Finding]:
    """Room on the disk, and its kind."""
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


def examine_database(database: Database, settings: Settings) -> Finding:
    """Whether the database can be used: it is whole, of this revision, and answers."""
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


def _file_system(folder: Path) -> str:
    """The kind of file system a folder is on; empty where the system does not say."""
    try:
        mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    except OSError:
        return ""
    inside = [(mount[1], mount[2]) for mount in mounts if folder.is_relative_to(mount[1])]
    return max(inside, key=lambda mount: len(mount[0]), default=("", ""))[1]
