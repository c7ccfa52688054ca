"""An installation to break: a database, a Slack that can fail, and the comparison of rows with posts."""

import os
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import make_url

from bot.clock import SystemClock
from bot.services.delivery import outbox
from bot.services.delivery.worker import WorkerOptions
from bot.services.recipients import Place
from bot.wording.messages import Problem
from db import processes
from db.engine import Database, open_database
from db.outbox.messages import UNFINISHED
from tests.faults.pace import Pace
from tests.faults.slack import CHANNELS, Slack
from tests.faults.worker import WorkerRun

UNFINISHED_ROWS = "SELECT id, attempt, state FROM outbox WHERE state IN ('sending', 'unknown')"


@dataclass(frozen=True, kw_only=True)
class Row:
    id: int
    state: str
    attempt: int
    slack_ts: str | None
    possible_repeat: bool
    error_class: str | None
    error: str | None
    channel: str | None
    kind: str


@dataclass(kw_only=True)
class Installation:
    """What one fault is tried on; `url` is a migrated database."""

    url: str
    folder: Path
    slack: Slack
    seed: int
    fresh: Callable[
        ..., AbstractContextManager["Installation"]
    ]  # another installation, with a seed and perhaps a clock
    rounds: dict[tuple[int, int], list[Any]] = field(default_factory=dict)
    pace: Pace = field(default_factory=Pace)
    written: int = 0

    def environment(self, **more: str) -> dict[str, str]:
        """The settings of the product's own processes."""
        return {
            "PATH": os.environ.get("PATH", ""),
            "TIERBOT_DATA_DIR": str(self.folder),
            "TIERBOT_DATABASE_URL": self.url,
            "SLACK_BOT_TOKEN": "xoxb-local",
            "SLACK_API_URL": self.slack.api_url,
            "TIERBOT_HEALTH_PORT": "0",
            **more,
        }

    def tierbot(self, *arguments: str) -> str:
        """Run a command of the product; its output."""
        command = [sys.executable, "-m", "bot", *arguments]
        done = subprocess.run(command, env=self.environment(), capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"tierbot {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout

    def worker(self, number: int = 0, **values: Any) -> WorkerRun:
        """The work of one worker process; its number makes its seed."""
        return WorkerRun(
            url=self.url,
            api_url=self.slack.api_url,
            folder=self.folder,
            seed=self.seed + number,
            **values,
        )

    def query(self, sql: str) -> list[Any]:
        """Read rows with the bare driver, leaving nothing open."""
        url = make_url(self.url)
        if url.get_backend_name() == "sqlite":
            file = sqlite3.connect(f"file:{url.database}?mode=ro", uri=True, timeout=30)
            try:
                return file.execute(sql).fetchall()
            finally:
                file.close()
        address = url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(address) as connection:
            return connection.execute(sql).fetchall()

    def using(self, work: Callable[[Database], Any]) -> Any:
        """Call something with the product's database object."""
        database = open_database(self.url)
        try:
            return work(database)
        finally:
            database.close()

    def enqueue(
        self,
        many: int,
        *,
        rooms: int = len(CHANNELS),
        person_id: int | None = None,
        by_name: bool = False,
        now: datetime | None = None,
        **values: Any,
    ) -> None:
        """Write messages to the outbox as a use case does, to rooms by their ids or, with `by_name`, by their names."""

        def write(database: Database) -> None:
            with database.write() as session:
                for _ in range(many):
                    number = self.written
                    room = CHANNELS[number % rooms]
                    outbox.enqueue(
                        session,
                        kind="fault",
                        place=Place(person_id=person_id)
                        if person_id is not None
                        else Place(channel=f"#{room.name}" if by_name else room.id),
                        message=Problem(text=f"message {number}"),
                        language="en",
                        dedupe_key=f"fault:{number}",
                        now=now or SystemClock().now(),
                        **values,
                    )
                    self.written += 1

        self.using(write)

    def count(self, *states: str) -> int:
        """How many messages are in these states."""
        listed = ", ".join(f"'{state}'" for state in states)
        return int(self.query(f"SELECT count(*) FROM outbox WHERE state IN ({listed})")[0][0])  # noqa: S608

    def tallies(self) -> dict[str, int]:
        def read(database: Database) -> dict[str, int]:
            with database.read() as session:
                return processes.tallies(session)

        found: dict[str, int] = self.using(read)
        return found

    def settled(self) -> int:
        """How many unknown messages were found in Slack's history or sent again."""
        tallies = self.tallies()
        return tallies.get("reconciled_found_total", 0) + tallies.get("reconciled_resent_total", 0)

    def rows(self) -> list[Row]:
        names = ", ".join(Row.__dataclass_fields__)
        return [
            Row(**dict(zip(Row.__dataclass_fields__, found, strict=True)))
            for found in self.query(f"SELECT {names} FROM outbox ORDER BY id")  # noqa: S608
        ]

    def watch(self) -> None:
        """Note which messages are sending or unknown, to know how long each round takes."""
        self.pace.look()
        now = time.monotonic()
        seen = set()
        for outbox_id, attempt, state in self.query(UNFINISHED_ROWS):
            seen.add((outbox_id, attempt))
            found = self.rounds.setdefault((outbox_id, attempt), [now, False, None])
            found[1] = found[1] or state == "unknown"
        for key, found in self.rounds.items():
            if key not in seen and found[2] is None:
                found[2] = now

    def recoveries(self) -> list[float]:
        """Seconds from claim to the final state, of messages whose worker or answer was lost."""
        return sorted(end - begin for begin, lost, end in self.rounds.values() if lost and end is not None)

    def finished(self, seconds: float, tend: Callable[[], None] = lambda: None) -> bool:
        """Wait until no message is pending, sending or unknown, and Slack has stored late posts."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            tend()
            self.watch()
            if not self.count(*UNFINISHED) and not self.slack.late():
                return True
            time.sleep(0.1)
        return False

    def audit(self) -> "Audit":
        return compare(self.rows(), self.slack)

    def failures(self) -> Counter[str]:
        """Passes that raised, by their errors."""
        path = self.folder / "failures"
        return Counter(path.read_text().splitlines()) if path.exists() else Counter()

    def longest_recovery(self, options: WorkerOptions) -> float:
        """Lease, settle time and sweep, with a second for the harness; half a second of it is work of this machine."""
        return (options.lease + options.settle).total_seconds() + 1.0 + self.pace.stretch(0.5)

    def kills(self) -> Counter[str]:
        path = self.folder / "kills"
        return Counter(path.read_text().split()) if path.exists() else Counter()


@dataclass(frozen=True, kw_only=True)
class Audit:
    """The result of comparing Slack's ledger with the rows."""

    messages: int
    lost: int  # neither in Slack nor dead with a reason
    doubled: int  # second copies without a mark
    repeats: int  # second copies with a mark
    wrong: int  # rows that differ from the ledger
    dead: int
    waiting: int  # at the end

    def broken(self) -> list[str]:
        return [
            f"{many} {word}"
            for word, many in (
                ("lost", self.lost),
                ("doubled", self.doubled),
                ("rows wrong", self.wrong),
                ("not finished in time", self.waiting),
            )
            if many
        ]

    def figures(self) -> dict[str, object]:
        found: dict[str, object] = {"messages": self.messages, "lost": self.lost, "doubled": self.doubled}
        return found | ({"rows wrong": self.wrong} if self.wrong else {})


def compare(rows: list[Row], slack: Slack) -> Audit:
    arrived: dict[int, list[Any]] = {}
    for post in slack.arrived():
        arrived.setdefault(post.id, []).append(post)
    lost = doubled = repeats = wrong = dead = waiting = 0
    for row in rows:
        posts = arrived.pop(row.id, [])
        marked = sum("ossible repeat" in post.text for post in posts[1:])
        repeats += marked
        doubled += max(0, len(posts) - 1 - marked)
        if row.state in UNFINISHED:
            waiting += 1
            continue
        lost += not posts and row.state != "dead"
        dead += row.state == "dead"
        if row.state == "sent":
            wrong += row.slack_ts not in {post.ts for post in posts}
        else:
            wrong += bool(posts) or row.state != "dead" or not row.error
    wrong += sum(map(len, arrived.values()))  # posts without a row
    return Audit(
        messages=len(rows),
        lost=lost,
        doubled=doubled,
        repeats=repeats,
        wrong=wrong,
        dead=dead,
        waiting=waiting,
    )


def p95(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)] if values else 0.0


def utc(year: int, month: int, day: int, hour: int = 0) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)
