"""What the bot and its users do raises no alarm: verifying names the imports that changed data since."""

from datetime import date, timedelta
from functools import partial

import pytest
from sqlmodel import col, update

from bot.services.grade import computed, runs
from bot.services.ops import audit_log
from db.book.imports import ImportBatch
from db.graded.runs import GradingRun
from grading.indicators.sources import EDITION
from tests.conftest import on_sqlite
from tests.recorded import recorded
from tests.services.grade.real_book import APRIL, FEBRUARY, MARCH, MAY, RealBook, real_book

__all__ = ["real_book"]
CREDIT = "a later credit grading"


def reasons(book: RealBook) -> dict[tuple[str, date, int], tuple[tuple[str, ...], tuple[str, ...]]]:
    """(customer, day, run) -> which fields have changed since, and by what."""
    found = book.verify()
    assert (found.is_sound, found.differences) == (True, [])
    assert found.data_changed == len(found.changes)
    return {(one.customer, one.as_of, one.run_id): (one.fields, one.by) for one in found.changes}


def test_two_months_of_ordinary_work_leave_an_audit_that_verifies(real_book: RealBook) -> None:
    database = real_book.database
    found = audit_log.verify(database)
    assert (found.problem, found.rows) == (None, len(recorded(database)))
    assert {row.action for row in recorded(database)} == {
        *("imported", "import_undone", "grading_published", "contact_logged", "override_set")
    }


def test_an_untouched_book_raises_no_alarm_and_says_which_imports_changed_data_since(
    real_book: RealBook,
) -> None:
    since = reasons(real_book)
    margin = ("gross_margin_rate", "net_revenue_12m")
    assert since["ACME", FEBRUARY, 1] == (("credit_grade", *margin), ("import 7", "import 8", CREDIT))
    assert since["ACME", MARCH, 4] == (
        ("credit_grade", *margin, "quality"),
        ("import 7", "import 8", CREDIT),
    )
    assert since["DOCK", MARCH, 4] == (("credit_grade",), (CREDIT,))
    assert since["BETA", APRIL, 8] == (("scheme_version_id",), ("import 11",))
    assert since["LEAD", MARCH, 3] == (("assessment",), ("import 12", "a first order"))
    assert not any(run == 11 for _, _, run in since)  # the newest gradings
    found = real_book.verify()
    assert (found.assessments, found.data_compared, found.without_state) == (36, 36, 0)
    assert (found.differing, found.data_differing, found.others_differing) == (0, 0, 0)
    assert found.data_unknown == {}


@on_sqlite
def test_a_contact_that_was_recorded_late_is_named(real_book: RealBook) -> None:
    real_book.visit("EAST", date(2026, 3, 2))
    assert reasons(real_book)["EAST", MARCH, 4] == (("contacts_12m",), ("a contact recorded by hand",))


def test_after_an_undo_what_it_took_away_cannot_be_compared(real_book: RealBook) -> None:
    real_book.undo(12)
    real_book.undo(8)
    found = real_book.verify()
    assert (found.is_sound, found.data_differing) == (True, 0)
    # ACME's quality at the end of April; then ACME again, and LEAD twice, without the order that made it an account.
    assert found.data_unknown == {"import 8 was undone": 1, "import 8 was undone, import 12 was undone": 3}


@on_sqlite
@pytest.mark.parametrize("late", [timedelta(minutes=-2), timedelta(minutes=2)])
def test_an_import_at_the_moment_of_a_grading_may_count_in_it_or_not(
    real_book: RealBook, late: timedelta
) -> None:
    """A run stores when it was started, and reads the book a little later; an import commits after its own moment."""
    real_book.go(5, 6, 8)
    if late < timedelta():  # published by its moment, but not there yet when the run read the book
        real_book.grade(date(2026, 5, 5))
    number = real_book.bring("facts", "customer,field,value,date", "EAST,quality,55,2026-05-04")
    if late > timedelta():
        real_book.grade(date(2026, 5, 5))
    with real_book.database.write() as session:
        run = real_book.runs()[-1]
        session.exec(
            update(ImportBatch)
            .where(col(ImportBatch.id) == number)
            .values(published_at=run.started_at + late)
        )
    assert (("EAST", date(2026, 5, 5), run.id) in reasons(real_book)) == (late < timedelta())


@on_sqlite
def test_the_same_day_once_more_and_days_after_it_raise_no_alarm(real_book: RealBook) -> None:
    real_book.go(5, 4, 12)
    real_book.bring("facts", "customer,field,value,date", "EAST,quality,99,2026-05-03")
    real_book.grade(MAY)
    real_book.go(5, 5, 8)
    real_book.regrade()
    real_book.grade(date(2026, 5, 4))
    real_book.go(6, 1, 8)
    real_book.grade(date(2026, 5, 31))
    assert [(run.kind, run.whole, run.customers) for run in real_book.runs()[-3:]] == [
        ("interim", False, 1),
        ("interim", True, 6),
        ("snapshot", True, 6),
    ]
    assert reasons(real_book)


def test_after_retention_the_rest_raises_no_alarm(real_book: RealBook) -> None:
    assert runs.delete_old(real_book.database, APRIL) == 5 + 5
    found = real_book.verify()
    assert (found.is_sound, found.without_state) == (True, 5 + 5)
    runs.delete_old(real_book.database, date(2026, 5, 1))
    found = real_book.verify()
    assert (found.is_sound, found.assessments) == (True, 36 - 10 - 7)


@on_sqlite
def test_a_run_that_was_not_published_is_named_and_no_alarm(real_book: RealBook) -> None:
    last = real_book.runs()[-1]
    with real_book.database.write() as session:
        left = last.model_dump(exclude={"id"}) | {"status": "running", "published_at": None, "customers": 0}
        session.add(GradingRun(**left))
    found = real_book.verify()
    assert (found.is_sound, found.unfinished) == (True, [(last.id or 0) + 1])


@on_sqlite
def test_a_run_is_verified_by_the_rules_that_computed_its_inputs(
    real_book: RealBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Edition 1 took an old fact for a count: its runs stay sound, and later ones take the count."""
    real_book.go(5, 4, 12)
    real_book.bring("facts", "customer,field,value,date", "EAST,contacts_12m,0,2023-05-01")
    real_book.visit("EAST", date(2026, 5, 3))
    with real_book.database.write() as session:
        session.exec(update(GradingRun).values(edition=1))  # what these computed is the same in both
    with monkeypatch.context() as before:
        before.setattr(runs, "EDITION", 1)
        before.setattr(computed, "load_facts", partial(computed.load_facts, edition=1))
        real_book.go(5, 5, 8)
        real_book.grade(date(2026, 5, 4))
    real_book.go(5, 6, 8)
    real_book.grade(date(2026, 5, 5))
    old, new = real_book.runs()[-2:]
    assert (old.edition, new.edition) == (1, EDITION)
    assert [who for who in reasons(real_book) if who[2] in (old.id, new.id)] == []
    with real_book.database.write() as session:
        session.exec(update(GradingRun).where(col(GradingRun.id) == old.id).values(edition=EDITION))
    differing = [one for one in real_book.verify().differences if one.customer]
    assert [(one.customer, one.what, one.stored, one.computed) for one in differing] == [
        ("EAST", "data.contacts_12m", 0, 1),
        ("EAST", "data.contacts_12m@date", "2023-05-01", None),
    ]
    with real_book.database.write() as session:
        session.exec(update(GradingRun).where(col(GradingRun.id) == new.id).values(edition=1))
    assert ("grading_run.edition", 1) in {(one.what, one.stored) for one in real_book.verify().differences}


@on_sqlite
def test_a_person_s_override_and_its_end_raise_no_alarm(real_book: RealBook) -> None:
    real_book.go(5, 5, 8)
    real_book.override("EAST", "B", 2)
    real_book.go(5, 9, 8)
    real_book.end_overrides()
    assert real_book.runs()[-1].customers == 1
    assert reasons(real_book)


@on_sqlite
def test_customers_that_were_joined_raise_no_alarm_and_the_join_is_named(real_book: RealBook) -> None:
    real_book.go(5, 5, 8)
    number = real_book.join("DOCK", "EAST")  # with its override
    real_book.regrade()
    real_book.go(5, 6, 8)
    real_book.grade(date(2026, 5, 5))
    since = reasons(real_book)
    join = f"import {number}"
    assert since["DOCK", APRIL, 8] == (("assessment",), (join,))
    assert since["EAST", APRIL, 8] == (("gross_margin_rate", "net_revenue_12m", "product_types_12m"), (join,))
    real_book.undo(number)
    found = real_book.verify()
    assert (found.is_sound, found.data_unknown) == (True, {f"import {number} was undone": 4})
