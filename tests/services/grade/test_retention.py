"""Old assessments are deleted by whole runs, and those that later runs depend on stay."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import col, select

from bot.services.grade import runs as grading
from bot.services.grade import verification
from bot.services.schemes.store import SchemeCache
from db.engine import Database
from db.graded import runs as db
from db.graded.assessments import previous_rows_at
from db.graded.runs import Assessment, GradingRun
from tests.services.grade.test_verification import APRIL, FEBRUARY, MARCH, TODAY, book

__all__ = ["book"]


def days(database: Database) -> list[date]:
    with database.read() as session:
        runs = session.exec(
            select(col(GradingRun.as_of), col(GradingRun.id)).where(GradingRun.status == "published")
        ).all()
        kept = set(session.exec(select(Assessment.run_id)).all())
    assert {run for _, run in runs} == kept
    return sorted({day for day, _ in runs})


def test_runs_are_deleted_up_to_the_one_that_kept_runs_depend_on(
    database: Database, book: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grading, "CHUNK_DELETED", 3)
    assert grading.delete_old(database, FEBRUARY) == 0
    assert grading.delete_old(database, MARCH) == 0  # March depends on February
    assert days(database) == [FEBRUARY, MARCH, APRIL, TODAY]
    assert grading.delete_old(database, APRIL) == 4
    assert days(database) == [MARCH, APRIL, TODAY]
    found = verification.verify(database, SchemeCache(), ZoneInfo("UTC"))
    assert (found.differing, found.without_state) == (0, 4)


def test_the_present_stays_however_old_it_is(database: Database, book: dict[str, int]) -> None:
    grading.delete_old(database, TODAY.replace(year=2030))
    assert days(database) == [APRIL, TODAY]  # movement depends on the last snapshot
    with database.read() as session:
        assert len(previous_rows_at(session, db.latest_run_ids(session))) == 4
