"""Deleting old assessments, a short transaction at a time."""

from datetime import date

from db.engine import Database
from db.graded import retention

CHUNK = 5_000


def forget(database: Database, before: date) -> int:
    """Delete the assessments of runs that nothing from a day on goes back to; how many. Ended half-way, it goes on."""
    with database.write() as session:
        retention.drop_runs(session, before)
    done = 0
    while True:
        with database.write() as session:
            deleted = retention.delete_dropped(session, CHUNK)
        done += deleted
        if deleted < CHUNK:
            return done
