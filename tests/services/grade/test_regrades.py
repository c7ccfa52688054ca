"""Imports re-grade only the customers they touch, and only what crosses a boundary is stored."""

from collections.abc import Collection
from datetime import UTC, date, datetime
from pathlib import Path

from sqlmodel import col, select

from bot.clock import FixedClock
from bot.services.grade import regrades, runs
from bot.services.grade.assessment import Cause
from bot.services.grade.runs import RunReport
from bot.services.imports import ImportOptions, import_file
from bot.services.schemes.store import SchemeCache
from db.book.customers import Customer
from db.engine import Database
from db.graded import runs as db
from db.graded.assessments import previous_rows_at
from db.graded.runs import Assessment, GradingRun
from db.graded.tier_rows import tier_rows
from tests import factories

MARCH, TODAY = date(2026, 3, 31), date(2026, 4, 7)
NOW = datetime(2026, 4, 7, 8, tzinfo=UTC)


def regrade(database: Database) -> list[RunReport]:
    return regrades.regrade_touched(
        database, SchemeCache(), today=TODAY, now=NOW, notify=lambda session, changes, run: len(changes)
    )


def bring_facts(database: Database, folder: Path, *lines: str) -> None:
    bring(database, folder, "facts", "customer,field,value,date", *lines)


def bring(database: Database, folder: Path, kind: str, *lines: str, accepted: Collection[str] = ()) -> None:
    path = folder / f"{kind}{len(list(folder.iterdir()))}.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    report = import_file(
        database,
        kind=kind,
        path=path,
        clock=FixedClock(NOW),
        actor=factories.operator("test"),
        options=ImportOptions(source="test", accepted=tuple(accepted)),
        rejects_dir=folder / "rejects",
    )
    assert report.rejected == 0


def test_who_crosses_a_boundary_gets_an_interim_row_and_the_rest_of_the_book_none(
    database: Database, tmp_path: Path
) -> None:
    with database.write() as session:
        factories.scheme(session)
        ids = {code: factories.customer(session, code, code=code) for code in ("UP", "SAME", "AWAY")}
        for customer in ids.values():
            factories.fact(session, customer, "quality", 60)
    runs.grade_book(
        database, SchemeCache(), for_purpose="account", as_of=MARCH, today=TODAY, now=NOW, notify=None
    )
    bring_facts(database, tmp_path, "UP,quality,90,2026-04-02", "SAME,quality,61,2026-04-02")
    (report,) = regrade(database)
    assert [(c.customer_id, c.before, c.after) for c in report.changes] == [(ids["UP"], "B", "A")]
    assert (report.kind, report.customers, report.told) == ("interim", 1, 1)
    with database.read() as session:
        whole = session.exec(select(GradingRun.whole).order_by(col(GradingRun.id))).all()
        rows = session.exec(select(Assessment.customer_id).where(Assessment.run_id == report.run_id)).all()
        behind = db.runs_behind(session, "account")
        tiers = {row[0]: row[1] for row in previous_rows_at(session, behind)}
        found = {row.customer_id: row.tier for row in tier_rows(session, behind, customer_ids=ids.values())}
    assert (whole, rows) == ([True, False], [ids["UP"]])
    assert tiers == {ids["UP"]: "A", ids["SAME"]: "B", ids["AWAY"]: "B"}
    assert found == tiers
    assert regrade(database) == []  # nothing new since


def test_news_that_change_no_tier_wait_for_the_next_snapshot(database: Database, tmp_path: Path) -> None:
    with database.write() as session:
        factories.scheme(session)
        factories.fact(session, factories.customer(session, "ACME", code="ACME"), "quality", 60)
    runs.grade_book(
        database, SchemeCache(), for_purpose="account", as_of=MARCH, today=TODAY, now=NOW, notify=None
    )
    bring_facts(database, tmp_path, "ACME,quality,65,2026-04-02")
    assert regrade(database) == []
    with database.read() as session:
        assert len(session.exec(select(GradingRun)).all()) == 1


def test_while_the_whole_book_is_being_graded_the_rest_waits(database: Database, tmp_path: Path) -> None:
    with database.write() as session:
        version = factories.scheme(session)
        factories.fact(session, factories.customer(session, "ACME", code="ACME"), "quality", 60)
    runs.grade_book(
        database, SchemeCache(), for_purpose="account", as_of=MARCH, today=TODAY, now=NOW, notify=None
    )
    bring_facts(database, tmp_path, "ACME,quality,90,2026-04-02")
    with database.write() as session:
        run = GradingRun(
            purpose="account", kind="snapshot", as_of=TODAY, scheme_version_id=version, status="running",
            started_at=NOW, snapshot=2,
        )  # fmt: skip
        session.add(run)
    assert regrade(database) == []
    with database.write() as session:
        session.delete(session.get_one(GradingRun, run.id))
    assert [report.customers for report in regrade(database)] == [1]


def test_before_the_first_grading_by_hand_nothing_is_graded(database: Database, tmp_path: Path) -> None:
    with database.write() as session:
        factories.scheme(session)
        factories.customer(session, "ACME", code="ACME")
    bring_facts(database, tmp_path, "ACME,quality,90,2026-04-02")
    assert regrade(database) == []


def test_who_falls_to_another_scheme_by_a_new_industry_is_graded_by_it_at_once(
    database: Database, tmp_path: Path
) -> None:
    """All have 75 points: an A, but with banks, whose A begins at 80."""
    banks = factories.PLAIN_SCHEME.replace(
        "scheme: plain", "scheme: banks\napplies_to: {industry: [finance]}"
    )
    with database.write() as session:
        factories.scheme(session)
        factories.scheme(session, banks.replace("at: 70", "at: 80"))
    bring(database, tmp_path, "customers", "code,name,industry", "BANK,Bank,finance", "SHOP,Shop,retail")
    bring_facts(
        database,
        tmp_path,
        *(f"{code},{field},75,2026-03-01" for code in ("BANK", "SHOP") for field in ("quality", "service")),
    )
    runs.grade_book(
        database, SchemeCache(), for_purpose="account", as_of=MARCH, today=TODAY, now=NOW, notify=None
    )
    bring(database, tmp_path, "customers", "code,name", "BANK,Bank of the East")
    assert regrade(database) == []  # a name moves no score
    bring(database, tmp_path, "customers", "code,name,industry", "BANK,Bank of the East,retail")
    (report,) = regrade(database)
    with database.read() as session:
        (bank,) = session.exec(select(Customer.id).where(Customer.code == "BANK")).all()
    assert [(c.customer_id, c.before, c.after, c.cause) for c in report.changes] == [
        (bank, "B", "A", Cause.RULE)
    ]


def test_first_facts_rate_an_unrated_customer_without_a_message(database: Database, tmp_path: Path) -> None:
    with database.write() as session:
        factories.scheme(session)
        known = factories.customer(session, "KNOWN", code="KNOWN")
    runs.grade_book(
        database, SchemeCache(), for_purpose="account", as_of=MARCH, today=TODAY, now=NOW, notify=None
    )
    with database.write() as session:
        fresh = factories.customer(session, "FRESH", code="FRESH")
    bring_facts(database, tmp_path, *(f"{who},quality,90,2026-04-02" for who in ("KNOWN", "FRESH")))
    (report,) = regrade(database)
    assert (report.changes, report.told, report.tiers) == ((), 0, {"A": 2})
    with database.read() as session:
        tiers = {row[0]: row[1] for row in previous_rows_at(session, db.runs_behind(session, "account"))}
    assert tiers == {known: "A", fresh: "A"}
