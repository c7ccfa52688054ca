"""A database that is put back to an older state: F28."""

import hashlib
import subprocess
import sys
import time
from collections import Counter
from functools import partial

import psycopg
from sqlalchemy import make_url

from tests.faults.ground import Ground, sender
from tests.faults.processes import Fleet
from tests.faults.report import Outcome


def restored(ground: Ground, *, quick: bool) -> Outcome:
    """F28: a backup in the middle of the work, all is sent, the backup is restored, and part is written once more."""
    many = 20 if quick else 100
    ground.feed(many)
    fleet = Fleet(2, partial(sender, ground))
    end = time.monotonic() + 60
    while ground.count("sent") < many // 2 and time.monotonic() < end:
        fleet.tend()
        time.sleep(0.01)
    fleet.close()  # in the middle of whatever they do
    unsettled = ground.count("pending", "sending", "unknown")
    _back_up(ground)
    ground.feed(many)
    finished = _finish(ground)
    arrived = len(ground.slack.arrived())
    said = _restore(ground)
    # What was written after the backup is written again, in another order and so under other numbers.
    half = many // 2
    for first in (many + half, many):
        ground.written = first
        ground.feed(half)
    ground.written = 2 * many
    ground.feed(5)  # and this is new
    finished = _finish(ground) and finished
    posts = Counter(post.key for post in ground.slack.arrived())
    wanted = {hashlib.sha256(f"fault:{n}".encode()).hexdigest()[:16] for n in range(ground.written)}
    lost, doubled = len(wanted - set(posts)), sum(posts.values()) - len(posts)
    outcome = Outcome(
        figures={
            "messages": len(wanted),
            "unsettled in the backup": unsettled,
            "sent since": arrived,
            "found in history": ground.tallies().get("reconciled_found_total", 0),
            "sent after the restore": sum(posts.values()) - arrived,
            "of these new": 5,
            "lost": lost,
            "doubled": doubled,
        }
    )
    outcome.require(finished, "not settled")
    outcome.require(unsettled > 0, "everything was settled in the backup")
    outcome.require(f"{unsettled} messages were not settled" in said, f"the restore said: {said}")
    outcome.require(not lost and not doubled, f"{lost} lost, {doubled} doubled")
    outcome.require(sum(posts.values()) - arrived == 5, "the restore sent something again")
    failures = ground.failures()
    outcome.require(not failures, f"passes failed: {failures.most_common(1)}")
    return outcome


def _finish(ground: Ground) -> bool:
    fleet = Fleet(2, partial(sender, ground))
    done = ground.settled(60, fleet.tend)
    fleet.close()
    return done


def _back_up(ground: Ground) -> None:
    if ground.url.startswith("sqlite"):
        _tierbot(ground, "db", "backup", str(ground.folder / "backup.db"))
    else:
        _copy_database(ground, "{name}_backup", "{name}")


def _restore(ground: Ground) -> str:
    if ground.url.startswith("sqlite"):
        return _tierbot(ground, "db", "restore", str(ground.folder / "backup.db"), "--yes")
    _copy_database(ground, "{name}", "{name}_backup")
    return _tierbot(ground, "db", "restored", "--yes")


def _copy_database(ground: Ground, to: str, source: str) -> None:
    """What pg_dump and pg_restore do, which not every machine with a server has."""
    url = make_url(ground.url).set(drivername="postgresql")
    address = url.set(database="postgres").render_as_string(hide_password=False)
    to, source = to.format(name=url.database), source.format(name=url.database)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{to}" WITH (FORCE)'.encode())
        connection.execute(f'CREATE DATABASE "{to}" TEMPLATE "{source}"'.encode())


def _tierbot(ground: Ground, *arguments: str) -> str:
    command = [sys.executable, "-m", "bot", *arguments]
    done = subprocess.run(command, env=ground.environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"tierbot {' '.join(arguments)}: {done.stdout}{done.stderr}")
    return done.stdout
