"""Stored assessments are recomputed from their rows, and whatever was changed behind the bot's back is found."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session, col, select, update

from bot.clock import FixedClock
from bot.services import alerts
from bot.services.grade import overrides, verification
from bot.services.grade import runs as grading
from bot.services.grade.assessment import TierChange
from bot.services.grade.evidence import findings
from bot.services.grade.evidence.findings import Verified
from bot.services.grade.overrides import OverrideRequest
from bot.services.grade.runs import RunContext
from bot.services.imports import ImportOptions, import_file
from bot.services.schemes.store import SchemeCache
from db.book.customers import Customer
from db.engine import Database
from db.graded.runs import Assessment, GradingRun
from db.graded.schemes import SchemeVersion
from tests import factories
from tests.conftest import all_on_postgresql
from tests.services.book import SETTINGS
from tests.services.grade.test_overrides import person

FEBRUARY, MARCH, APRIL, TODAY = (date(2026, *day) for day in ((2, 28), (3, 31), (4, 30), (5, 4)))
NOW = datetime(2026, 5, 4, 8, tzinfo=UTC)
RULES = """\
movement: {margin_up: 2, margin_down: 3, confirm_up: 1, confirm_down: 2, min_dwell: 1, max_step: 1}
override: {allowed: true, needs: [reason], max_days: 90}
"""


@pytest.fixture
def book(database: Database, tmp_path: Path) -> dict[str, int]:
    """Four customers, three snapshots and an interim run: moves, a cap that lasts, a held tier, an override."""
    with database.write() as session:
        factories.scheme(session, factories.PLAIN_SCHEME + RULES)
    names = ("ACME", "BETA", "CITY", "DOCK")
    bring(database, tmp_path, "customers", "code,name\n" + "".join(f"{name},{name}\n" for name in names))
    rows = [("BETA", "credit", "D", MARCH), ("BETA", "credit", "B", APRIL)]
    for day, values in (
        (FEBRUARY, (80, 60, 20, 50)),
        (MARCH, (60.5, 90.25, 10, 51)),
        (APRIL, (60.7, 20, 95, 52)),
    ):
        rows += [(name, "quality", str(value), day) for name, value in zip(names, values, strict=True)]
    bring(
        database,
        tmp_path,
        "facts",
        "customer,field,value,date\n" + "".join(f"{','.join(map(str, row))}\n" for row in rows),
    )
    with database.read() as session:
        found = {code: number for code, number in session.exec(select(Customer.code, Customer.id)) if number}
    for day in (FEBRUARY, MARCH):
        grade(database, day, NOW - timedelta(days=5))
    asked = OverrideRequest(tier="A", reason="strategic", expires_on=TODAY + timedelta(days=30))
    overrides.set_override(
        database,
        SchemeCache(),
        person(),
        found["DOCK"],
        asked,
        settings=SETTINGS,
        today=APRIL,
        now=NOW - timedelta(days=4),
        notify=record,
    )
    for day in (APRIL, TODAY):
        grade(database, day)
    return found


def bring(database: Database, folder: Path, kind: str, content: str) -> None:
    path = folder / f"{kind}.csv"
    path.write_text(content)
    import_file(
        database,
        kind=kind,
        path=path,
        clock=FixedClock(NOW - timedelta(days=6)),
        actor=factories.operator("test"),
        options=ImportOptions(),
        rejects_dir=folder,
    )


def record(session: Session, changes: list[TierChange], run: RunContext) -> int:
    """Record the changes of a run, as the bot does without a channel."""
    return alerts.enqueue_alerts(
        session, changes, run, scheme_cache=SchemeCache(), default_channel="", language="en"
    )


def grade(database: Database, day: date, now: datetime = NOW) -> None:
    grading.grade_book(
        database, SchemeCache(), for_purpose="account", as_of=day, today=TODAY, now=now, notify=record
    )


def verify(database: Database, customer: int | None = None) -> Verified:
    return verification.verify(database, SchemeCache(), ZoneInfo("UTC"), customer)


def change(database: Database, customer: int, day: date, **values: Any) -> None:
    with database.write() as session:
        runs = select(GradingRun.id).where(GradingRun.as_of == day)
        done = session.exec(
            update(Assessment)
            .where(col(Assessment.customer_id) == customer, col(Assessment.run_id).in_(runs))
            .values(**values)
        )
        assert done.rowcount == 1


def said(found: Verified) -> set[tuple[str, date | None, str]]:
    return {(item.customer, item.as_of, item.what) for item in found.differences}


def counts(database: Database) -> tuple[int, int]:
    with database.read() as session:
        runs = session.exec(select(GradingRun)).all()
        rows = session.exec(select(Assessment)).all()
    return len(runs), len(rows)


def test_stored_assessments_recompute_to_the_same_bits(
    database: Database, book: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "CHUNK", 3)
    found = verify(database)
    assert found.differences == []
    assert (found.differing, found.without_state) == (0, 0)
    assert found.assessments == counts(database)[1]
    with database.read() as session:
        assert session.exec(select(Assessment.id).where(col(Assessment.overridden).is_(True))).all() != []
        assert session.exec(select(Assessment.id).where(col(Assessment.capped_by) == "credit")).all() != []
    assert (
        verify(database, book["ACME"]).assessments == counts(database)[0] - 1
    )  # none of its own by the override


@all_on_postgresql
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("exact_score", 60.50000000000001),
        ("score", 60.6),
        ("computed_tier", "A"),
        ("coverage", 0.61),
        ("low", 0.0),
        ("high", 99.0),
        ("certain", True),
        ("capped_by", "credit"),
        ("held", True),
        ("overridden", True),
        ("tier", "C"),
        ("tier_since", TODAY),
    ],
)
def test_a_value_that_was_changed_is_found(
    database: Database, book: dict[str, int], column: str, value: Any
) -> None:
    change(database, book["ACME"], TODAY, **{column: value})
    found = verify(database)
    assert said(found) == {("ACME", TODAY, column)}
    assert found.differing == 1
    assert found.differences[0].stored == value
    assert said(verify(database, book["ACME"])) == {("ACME", TODAY, column)}
    assert verify(database, book["CITY"]).differences == []


def test_inputs_of_another_customer_are_found(database: Database, book: dict[str, int]) -> None:
    with database.read() as session:
        run = session.exec(select(GradingRun.id).where(GradingRun.as_of == TODAY)).one()
        other = session.exec(
            select(Assessment.inputs).where(Assessment.run_id == run, Assessment.customer_id == book["CITY"])
        ).one()
    change(database, book["ACME"], TODAY, inputs=other)
    assert {"exact_score", "score"} <= {what for _, _, what in said(verify(database))}


def test_without_the_runs_before_the_score_is_still_verified(
    database: Database, book: dict[str, int]
) -> None:
    with database.write() as session:
        session.exec(update(GradingRun).where(col(GradingRun.as_of) < TODAY).values(status="running"))
    change(database, book["ACME"], TODAY, score=1.0)
    change(database, book["CITY"], TODAY, tier="C")
    found = verify(database)
    assert (found.assessments, found.without_state) == (4, 4)
    assert {one for one in said(found) if one[0]} == {("ACME", TODAY, "score")}
    assert {("", day, "grading_run.status") for day in (FEBRUARY, MARCH, APRIL)} <= said(found)


def test_a_scheme_that_is_not_what_its_hash_says_is_found(database: Database, book: dict[str, int]) -> None:
    def tamper(session: Session) -> None:
        row = session.exec(select(SchemeVersion)).one()
        row.content = row.content.replace("at: 70", "at: 71")
        session.add(row)

    with database.write() as session:
        tamper(session)
    found = verify(database)
    assert {what for _, _, what in said(found)} == {"scheme"}
    assert found.differing == found.assessments == counts(database)[1]


def test_nothing_is_mended_and_the_list_is_bounded(
    database: Database, book: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(findings, "MOST_LISTED", 2)
    with database.write() as session:
        session.exec(update(Assessment).values(exact_score=1.5))
    for _ in range(2):
        found = verify(database)
        assert len(found.differences) == 2
        assert found.differing == counts(database)[1]


def test_a_book_that_was_never_graded_has_nothing_to_verify(database: Database) -> None:
    assert verify(database).assessments == 0
