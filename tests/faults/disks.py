"""Damaged files and a full disk, met by commands: F25 and S02."""

import json
import random
import sqlite3
import subprocess
import sys
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

from sqlalchemy import make_url

from db.engine import open_database
from db.schema import upgrade
from tests.faults.installation import Installation
from tests.faults.kills import finish
from tests.faults.report import Outcome
from tests.faults.restarts import small_disk

PAGE = 4096


def damaged(installation: Installation, *, quick: bool) -> Outcome:
    """F25: pages are flipped and the file is cut off; the commands refuse it, and a backup is restored."""
    rng, outcome = random.Random(installation.seed), Outcome(figures={})
    file = Path(make_url(installation.url).database or "")
    installation.enqueue(10)
    found = 0
    times = 2 if quick else 10
    for number in range(times):
        good = installation.folder / f"good{number}.db"
        installation.tierbot("db", "backup", str(good))
        content = bytearray(good.read_bytes())
        # The first page has the magic number: without it the file is no database.
        page = PAGE * rng.randrange(1, len(content) // PAGE)
        if number % 3 == 2:
            del content[page:]
        else:
            content[page : page + PAGE] = bytes(byte ^ 0xFF for byte in content[page : page + PAGE])
        file.write_bytes(content)
        doctor = _call(installation, "doctor", "--json")
        database = next(one for one in json.loads(doctor.stdout)["findings"] if one["about"] == "database")
        found += database["level"] == "problem" and "tierbot db restore FILE" in database["remedy"]
        copy = installation.folder / "copy.db"
        refused = _call(installation, "db", "backup", str(copy))
        outcome.require(
            refused.returncode == 6 and "tierbot db restore FILE" in refused.stderr and not copy.exists(),
            f"a backup of a damaged file: {refused.returncode} {refused.stderr}",
        )
        ticked = _call(installation, "tick")
        outcome.require("Traceback" not in ticked.stderr.partition("job.failed")[0], f"tick: {ticked.stderr}")
        installation.tierbot("db", "restore", str(good), "--yes")
    outcome.require(found == times, f"doctor found {found} of {times}")
    finished = finish(installation)
    outcome.figures |= {"damaged": times, "found by doctor": found, **finished.figures}
    outcome.broken += finished.broken
    return outcome


def full_disk(installation: Installation, *, quick: bool) -> Outcome:
    """S02: imports, rejected rows, a backup, a restore and a scheme meet a full disk; nothing of them remains."""
    disk = installation.folder / "disk"
    disk.mkdir()
    with ExitStack() as stack:
        if not stack.enter_context(small_disk(disk, 4)):
            return Outcome(figures={"left out": "a file system can be mounted by root only"})
        here = replace(installation, url=f"sqlite:///{disk / 'tierbot.db'}", folder=disk)
        database = open_database(here.url)
        upgrade(database)
        database.close()
        many = "".join(f"C{row},Customer {row} of the full disk\n" for row in range(20_000))
        rows = {
            "customers.csv": "code,name\n" + many,
            "rejected.csv": "code,name\nC1,ACME\n" + "C2\n" * 20_000,
        }
        for name, content in rows.items():
            (installation.folder / name).write_text(content)
        here.tierbot("db", "backup", str(installation.folder / "good.db"))
        outcome = Outcome(figures={})
        # As a process that runs: without one, the files that SQLite needs beside a database find no room either.
        running = stack.enter_context(closing(sqlite3.connect(disk / "tierbot.db")))
        running.execute("SELECT count(*) FROM outbox").fetchone()
        _fill(disk / "filler")
        before = _contents(disk, running)
        commands = (
            ("import", "customers", str(installation.folder / "customers.csv")),
            ("import", "customers", str(installation.folder / "rejected.csv")),
            ("db", "backup", str(disk / "copy.db")),
            ("db", "restore", str(installation.folder / "good.db"), "--yes"),
            ("scheme", "propose", "orders_only", "--out", str(disk / "scheme.yaml")),
        )
        for command in commands:
            done = _call(here, *command)
            lines = [line for line in done.stderr.splitlines() if line]
            outcome.require(
                done.returncode in (2, 6) and len(lines) == 1 and not done.stdout,
                f"{command}: {done.returncode} {done.stdout}{done.stderr}",
            )
            after = _contents(disk, running)
            outcome.require(after == before, f"{command} left something: {sorted(after)}")
        (disk / "filler").unlink()
        here.tierbot("import", "customers", str(installation.folder / "rejected.csv"))
        outcome.figures |= {"commands": len(commands)}
        return outcome


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(1024)):
                pass
        except OSError:
            return


def _contents(disk: Path, running: sqlite3.Connection) -> dict[str, object]:
    """The files with their sizes, and of the database its rows."""
    theirs = ("tierbot.db-wal", "tierbot.db-shm", "tierbot.db.import-lock")
    files = [path for path in disk.rglob("*") if path.is_file() and path.name not in theirs]
    kept = {str(path): path.stat().st_size for path in files}
    return kept | {"rows": list(running.iterdump())}


def _call(installation: Installation, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "bot", *arguments]
    return subprocess.run(
        command, env=installation.environment(), capture_output=True, text=True, check=False
    )
