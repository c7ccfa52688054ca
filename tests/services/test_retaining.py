"""Old assessments are deleted by whole runs, and what the present goes back to stays."""

from zoneinfo import ZoneInfo

import pytest
from sqlmodel import select

from bot.services import retaining, verifying
from bot.services.schemes import Shelf
from db import grading as db
from db.assessments import standings_at
from db.engine import Database
from db.grading import Assessment, GradingRun
from tests.services.test_verifying import APRIL, FEBRUARY, MARCH, TODAY, book

__all__ = ["book"]


def days(database: Database) -> list[object]:
    with database.read() as session:
        runs = session.exec(
            select(GradingRun.as_of, GradingRun.id).where(GradingRun.status == "published")
        ).all()
        kept = set(session.exec(select(Assessment.run_id)).all())
    assert {run for _, run in runs} == kept
    return sorted({day for day, _ in runs})


def test_runs_go_up_to_the_one_that_the_kept_ones_go_back_to(
    database: Database, book: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retaining, "CHUNK", 3)
    assert retaining.forget(database, FEBRUARY) == 0
    assert retaining.forget(database, MARCH) == 0  # February is what March goes back to
    assert days(database) == [FEBRUARY, MARCH, APRIL, TODAY]
    assert retaining.forget(database, APRIL) == 4
    assert days(database) == [MARCH, APRIL, TODAY]
    found = verifying.verify(database, Shelf(), ZoneInfo("UTC"))
    assert (found.differing, found.without_state) == (0, 4)


def test_the_present_stays_however_old_it_is(database: Database, book: dict[str, int]) -> None:
    retaining.forget(database, TODAY.replace(year=2030))
    assert days(database) == [APRIL, TODAY]  # how customers move goes back to the last snapshot
    with database.read() as session:
        assert len(standings_at(session, db.latest_run_ids(session))) == 4
