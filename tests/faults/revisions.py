"""Versions with different tables at work on one database: F27."""

import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from db import schema
from tests.faults.installation import Installation
from tests.faults.kills import finish
from tests.faults.processes import wait_until
from tests.faults.report import Outcome
from tests.faults.restarts import START_SECONDS, TierbotProcess, all_sent

OLDER, NEWER = "older", "newer"  # kinds of processes; the newer one knows one revision more
TABLE = "only_in_newer_versions"
# While the file `slow` is there, a migration stops after its first change, so that it can be killed there.
MIGRATION = f"""
import time
from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision, down_revision = "9999", "{schema.HEAD}"


def upgrade():
    op.create_table("{TABLE}", sa.Column("id", sa.Integer(), primary_key=True))
    slow = Path(__file__).with_name("slow")
    if slow.exists():
        slow.rename(slow.with_name("reached"))
        time.sleep(60)
"""
UNDO = (f"DROP TABLE {TABLE}", f"UPDATE alembic_version SET version_num = '{schema.HEAD}'")  # noqa: S608 - our own names
WRITTEN = (
    "SELECT id, state, attempt, attempt_id, next_at FROM outbox ORDER BY id",
    "SELECT name, value FROM tally ORDER BY name",
    "SELECT role, boot_id, at FROM heartbeat ORDER BY boot_id",
    "SELECT name, value FROM cursor ORDER BY name",
)


@dataclass(frozen=True)
class Migrators:
    """Processes of the newer version that upgrade the database."""

    installation: Installation
    folder: Path

    def start(self) -> "subprocess.Popen[bytes]":
        command = [
            sys.executable,
            "-m",
            "tests.faults.broken_tierbot",
            NEWER,
            str(self.folder.parent / "broken"),
        ]
        with (self.folder.parent / "log").open("ab") as log:
            return subprocess.Popen(
                [*command, "db", "upgrade"], env=self.installation.environment(), stdout=log, stderr=log
            )

    def die_half_way(self) -> bool:
        """Start one and kill it in the middle of its changes; whether it came so far."""
        (self.folder / "slow").touch()
        one = self.start()
        reached = wait_until((self.folder / "reached").exists, START_SECONDS)
        one.send_signal(signal.SIGKILL)
        one.wait()
        return reached

    def race(self, many: int) -> list[int]:
        """Start several at once; their exit codes."""
        return [one.wait(60) for one in [self.start() for _ in range(many)]]


def migrated(installation: Installation, *, quick: bool) -> Outcome:
    """F27: the database is upgraded and downgraded beside running workers; a migrator is killed, two migrate at once."""
    outcome = Outcome(figures={})
    folder = installation.folder / NEWER
    folder.mkdir()
    (folder / "9999_newer.py").write_text(MIGRATION)
    migrators = Migrators(installation, folder)
    installation.slack.switch({"kind": "slow", "seconds": 0.4})
    many = 20 if quick else 60
    installation.enqueue(many)
    older = [TierbotProcess(installation, OLDER) for _ in range(2)]
    outcome.require(_sends(installation, 3), "nothing was sent before")
    outcome.require(migrators.die_half_way(), "the migrator that was to be killed did not begin")
    outcome.require(_revision(installation) == schema.HEAD, "a killed migrator left another revision")
    installation.enqueue(many)
    outcome.require(_sends(installation, 3), "nothing was sent after a migrator was killed")
    installation.enqueue(many)
    codes = migrators.race(2)
    outcome.require(codes == [0, 0], f"two migrators ended with {codes}")
    outcome.figures["sent by older workers"] = installation.count("sent")
    _stop_writing(installation, older, outcome, "older")
    log = (installation.folder / "log").read_text(errors="replace")
    outcome.require("a newer version has upgraded it" in log, "the log of the older version did not say why")
    installation.enqueue(many)
    newer = TierbotProcess(installation, NEWER)
    outcome.require(_sends(installation, 3), "the newer version sent nothing")
    installation.enqueue(many)
    for statement in UNDO:
        _execute(installation, statement)
    _stop_writing(installation, [newer], outcome, "newer")
    again = TierbotProcess(installation, OLDER)
    installation.slack.switch()
    outcome.require(
        wait_until(partial(all_sent, installation, installation.written), START_SECONDS),
        "the older version did not send the rest",
    )
    outcome.require(again.end() == 0, "the last process did not end well")
    finished = finish(installation)
    outcome.figures |= finished.figures
    outcome.broken += finished.broken
    return outcome


def _stop_writing(
    installation: Installation, processes: list[TierbotProcess], outcome: Outcome, name: str
) -> None:
    """Require that they write nothing from now on, say why, and end so that the installed version can start."""
    before, began = [installation.query(sql) for sql in WRITTEN], time.monotonic()
    posted = len(installation.slack.arrived())
    red = [wait_until(partial(_refuses, process), 5) for process in processes]
    codes = [process.running.wait(60) for process in processes]
    outcome.figures[f"{name} ended after s"] = round(time.monotonic() - began, 1)
    after = [installation.query(sql) for sql in WRITTEN]
    late = len(installation.slack.arrived()) - posted
    outcome.require(before == after, f"the {name} version went on writing")
    outcome.require(late <= len(processes), f"the {name} version posted {late} more")  # what it was sending
    outcome.require(all(red), f"the health page of the {name} version did not say why")
    outcome.require(codes == [1] * len(codes), f"the {name} version ended with {codes}")


def _refuses(process: TierbotProcess) -> bool:
    """Its health page says why, or it has ended already."""
    return (
        process.page("readyz") == (503, "database of another revision") or process.running.poll() is not None
    )


def _sends(installation: Installation, more: int) -> bool:
    return wait_until(partial(all_sent, installation, installation.count("sent") + more), START_SECONDS)


def _revision(installation: Installation) -> str:
    return str(installation.query("SELECT version_num FROM alembic_version")[0][0])


def _execute(installation: Installation, statement: str) -> None:
    def run(database: Any) -> None:
        with database.writer.begin() as connection:
            connection.exec_driver_sql(statement)

    installation.using(run)
