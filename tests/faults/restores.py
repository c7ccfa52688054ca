"""A database that is restored from an older backup: F28."""

import hashlib
from collections import Counter

import psycopg
from sqlalchemy import make_url

from db.outbox.messages import UNFINISHED
from tests.faults.installation import Installation
from tests.faults.processes import Fleet
from tests.faults.report import Outcome


def restored(installation: Installation, *, quick: bool) -> Outcome:
    """F28: a backup is made during the work and restored after all was sent; part is written again."""
    many = 20 if quick else 100
    half = many // 2
    installation.enqueue(many - 5)
    installation.enqueue(5, by_name=True)  # the last ones: the backup has not looked up these names
    fleet = Fleet(2, installation.worker)
    fleet.run_until(lambda: installation.count("sent") >= many // 2, 60, every=0.01)
    fleet.close()
    unfinished = installation.count(*UNFINISHED)
    _back_up(installation)
    installation.enqueue(half)
    installation.enqueue(half, by_name=True)
    finished = _finish(installation)
    arrived = len(installation.slack.arrived())
    output = _restore(installation)
    # Messages written after the backup are written again, in another order and so with other ids.
    for first, by_name in ((many + half, True), (many, False)):
        installation.written = first
        installation.enqueue(half, by_name=by_name)
    installation.written = 2 * many
    installation.enqueue(5)  # new messages
    finished = _finish(installation) and finished
    posts = Counter(post.key for post in installation.slack.arrived())
    wanted = {hashlib.sha256(f"fault:{n}".encode()).hexdigest()[:16] for n in range(installation.written)}
    lost, doubled = len(wanted - set(posts)), sum(posts.values()) - len(posts)
    outcome = Outcome(
        figures={
            "messages": len(wanted),
            "unfinished in the backup": unfinished,
            "sent since": arrived,
            "found in history": installation.tallies().get("reconciled_found_total", 0),
            "sent after the restore": sum(posts.values()) - arrived,
            "of these new": 5,
            "lost": lost,
            "doubled": doubled,
            "marked as repeats": sum("ossible repeat" in post.text for post in installation.slack.arrived()),
        }
    )
    outcome.require(finished, "not finished")
    outcome.require(unfinished > 0, "everything was finished in the backup")
    outcome.require(f"{unfinished} messages were not settled" in output, f"the restore printed: {output}")
    outcome.require(not lost and not doubled, f"{lost} lost, {doubled} doubled")
    outcome.require(not outcome.figures["marked as repeats"], "a message was marked as a repeat")
    outcome.require(sum(posts.values()) - arrived == 5, "the restore sent something again")
    failures = installation.failures()
    outcome.require(not failures, f"passes failed: {failures.most_common(1)}")
    return outcome


def _finish(installation: Installation) -> bool:
    fleet = Fleet(2, installation.worker)
    done = installation.finished(60, fleet.tend)
    fleet.close()
    return done


def _back_up(installation: Installation) -> None:
    if installation.url.startswith("sqlite"):
        installation.tierbot("db", "backup", str(installation.folder / "backup.db"))
    else:
        _copy_database(installation, "{name}_backup", "{name}")


def _restore(installation: Installation) -> str:
    if installation.url.startswith("sqlite"):
        return installation.tierbot("db", "restore", str(installation.folder / "backup.db"), "--yes")
    _copy_database(installation, "{name}", "{name}_backup")
    return installation.tierbot("db", "restored", "--yes")


def _copy_database(installation: Installation, to: str, source: str) -> None:
    """Like pg_dump and pg_restore, which not every machine with a server has."""
    url = make_url(installation.url).set(drivername="postgresql")
    address = url.set(database="postgres").render_as_string(hide_password=False)
    to, source = to.format(name=url.database), source.format(name=url.database)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{to}" WITH (FORCE)'.encode())
        connection.execute(f'CREATE DATABASE "{to}" TEMPLATE "{source}"'.encode())
