"""Which customers a pass of planning plans again, and what a pass costs in which nothing has changed."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session, col, select

from bot.services.care import planning_pass, schedule
from bot.services.care.planning_pass import plan_changed
from db.book.customers import Customer, Ownership
from db.book.facts import Activity
from db.book.imports import ImportBatch, ImportChange
from db.book.people import Person
from db.care import marks
from db.engine import Database
from tests import factories
from tests.services.book import MONDAY, REVISIT_A, REVISIT_B, Book, at, rules

DAY = timedelta(days=1)


@pytest.fixture
def book(database: Database) -> Book:
    """Six customers of tier A, two for each of three people, all planned for."""
    book = Book(database)
    with database.write() as session:
        owners = [factories.person(session, name) for name in ("Anna", "Ben", "Chen")]
        ids = [factories.customer(session, owner_id=owners[n % 3], country="CN") for n in range(6)]
        for customer in ids:
            factories.contact(session, customer, MONDAY - 5 * DAY, "call")
    book.grade(dict.fromkeys(ids, "A"))
    assert tick(book) == 6 * 3
    return book


def tick(book: Book) -> int:
    return plan_changed(book.database, book.rules, book.clock.now())


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The customers that are planned, in order."""
    found: list[int] = []
    plan = schedule.plan_customers

    def noting(session: Session, care: Any, customer_ids: list[int], now: Any) -> int:
        found.extend(customer_ids)
        return plan(session, care, customer_ids, now)

    monkeypatch.setattr(schedule, "plan_customers", noting)
    return found


def imported(session: Session, at: Any) -> int:
    batch = ImportBatch(
        kind="activities",
        source="crm",
        file_name="f",
        file_sha256="x",
        actor="a",
        started_at=at,
        published_at=at,
    )
    session.add(batch)
    session.flush()
    return batch.id or 0


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """The statements that are executed meanwhile."""
    found: list[str] = []
    engines = {database.reader, database.writer}

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        found.append(statement)

    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    yield found
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


def test_a_pass_without_news_reads_a_few_rows_and_writes_nothing(book: Book, planned: list[int]) -> None:
    with statements(book.database) as found:
        assert tick(book) == 0
    assert len(found) <= 7
    assert not [one for one in found if not one.lstrip().startswith("SELECT")]
    assert planned == []


def test_an_imported_contact_plans_only_its_customer(book: Book, planned: list[int]) -> None:
    with book.database.write() as session:
        factories.contact(session, 4, MONDAY - DAY)
        contact = session.exec(select(Activity).order_by(col(Activity.id).desc())).first()
        assert contact is not None
        contact.batch_id = imported(session, book.clock.now())
    assert tick(book) == 2  # the revisit is moved, a follow-up begins
    assert planned == [4]
    assert book.states(4) == [("planned", MONDAY - DAY + REVISIT_A * DAY)]


def test_a_grading_plans_only_those_with_another_tier(book: Book, planned: list[int]) -> None:
    tiers = dict.fromkeys(range(1, 7), "A")
    book.grade(tiers | {2: "B"})
    tick(book)
    assert planned == [2]
    assert book.states(2) == [("planned", MONDAY - 5 * DAY + REVISIT_B * DAY)]
    book.grade(tiers | {2: "B"})
    assert tick(book) == 0
    assert planned == [2]


def test_a_run_that_is_published_after_a_later_one_is_not_missed(book: Book, planned: list[int]) -> None:
    from db.graded.runs import GradingRun

    tiers = dict.fromkeys(range(1, 7), "A")
    book.grade(tiers | {3: "B"})
    with book.database.write() as session:
        running = session.exec(select(GradingRun).order_by(col(GradingRun.id).desc())).first()
        assert running is not None
        running.status = "running"
        session.add(running)
    book.grade({1: "C"}, purpose="prospect")
    tick(book)
    assert 3 not in planned
    with book.database.write() as session:
        session.get_one(GradingRun, running.id).status = "published"
    tick(book)
    assert planned == [3]


def test_a_new_zone_plans_the_customers_of_its_person(book: Book, planned: list[int]) -> None:
    with book.database.write() as session:
        session.get_one(Person, 2).timezone = "Asia/Shanghai"
    tick(book)
    assert planned == [2, 5]
    due = MONDAY - 5 * DAY + REVISIT_A * DAY
    assert book.touch(5).remind_at == at(due, 1)


def test_an_imported_contact_person_plans_only_their_customer(book: Book, planned: list[int]) -> None:
    with book.database.write() as session:
        batch = imported(session, book.clock.now())
        factories.contact_person(session, 4, birthday="--08-15", batch_id=batch)
    tick(book)
    assert planned == [4]


def test_another_owner_by_import_plans_the_customer(book: Book, planned: list[int]) -> None:
    with book.database.write() as session:
        batch = imported(session, book.clock.now())
        row = session.exec(select(Ownership).where(Ownership.customer_id == 6)).one()
        row.ends_on = MONDAY
        session.flush()
        factories.own(session, 6, 1, since=MONDAY)
        newest = session.exec(select(Ownership).order_by(col(Ownership.id).desc())).first()
        assert newest is not None
        newest.batch_id = batch
    tick(book)
    assert planned == [6]


def test_an_archived_customer_is_cancelled_without_a_look_at_the_others(
    book: Book, planned: list[int]
) -> None:
    with book.database.write() as session:
        session.get_one(Customer, 1).archived = True
        batch = imported(session, book.clock.now())
        session.add(
            ImportChange(batch_id=batch, table_name="customer", row_id=1, before='{"archived": false}')
        )
    assert tick(book) == 3
    assert planned == [1]
    assert {one.state for step in ("revisit", "greeting") for one in book.touches(1, step)} == {"cancelled"}
    assert tick(book) == 0


def test_another_plan_plans_the_whole_book_in_passes_that_end(
    book: Book, planned: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning_pass, "MOST", 4)
    monkeypatch.setattr(schedule, "CHUNK", 2)
    changed = book.with_rules(version=2)
    for expected in ([1, 2, 3, 4], [1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6]):
        plan_changed(changed.database, changed.rules, changed.clock.now())
        assert planned == expected


def test_when_an_occasion_is_too_long_ago_to_greet_those_it_was_for_are_planned(
    book: Book, planned: list[int]
) -> None:
    new_year = date(2027, 1, 1)
    book.clock.advance(at(new_year) - book.clock.now())
    for days in (0, 2):
        book.clock.advance(days * DAY)
        tick(book)
        assert planned == []
    book.clock.advance(DAY)
    tick(book)
    assert planned == [1, 2, 3, 4, 5, 6]
    assert [one.state for one in book.touches(1, "greeting")] == ["missed", "planned", "planned"]
    assert tick(book) == 0


def test_one_customer_whose_planning_fails_stops_no_other(
    book: Book, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = schedule.plan_customers

    def failing(session: Session, care: Any, customer_ids: list[int], now: Any) -> int:
        if 3 in customer_ids:
            raise ZeroDivisionError
        return plan(session, care, customer_ids, now)

    monkeypatch.setattr(schedule, "plan_customers", failing)
    changed = book.with_rules(version=2, tiers={"A": book.rules.plans.plans[0].tiers["B"]})
    plan_changed(changed.database, changed.rules, changed.clock.now())
    due = {customer: book.touch(customer).due_on for customer in range(1, 7)}
    assert [customer for customer, day in due.items() if day == MONDAY - 5 * DAY + REVISIT_A * DAY] == [3]
    with book.database.read() as session:
        assert marks.troubled(session) == 1
    monkeypatch.setattr(schedule, "plan_customers", plan)
    changed.clock.advance(2 * DAY)
    plan_changed(changed.database, changed.rules, changed.clock.now())
    assert book.touch(3).due_on == MONDAY - 5 * DAY + REVISIT_B * DAY
    with book.database.read() as session:
        assert marks.troubled(session) == 0


def test_marks_outlive_a_pass_that_dies(
    book: Book, planned: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: Any) -> int:
        raise KeyboardInterrupt

    book.grade(dict.fromkeys(range(1, 7), "B"))
    with monkeypatch.context() as patch:
        patch.setattr(planning_pass, "_plan_marked", dies)
        with pytest.raises(KeyboardInterrupt):
            tick(book)
    tick(book)
    assert planned == [1, 2, 3, 4, 5, 6]


def test_rules_differ_by_the_plans_and_the_firms_hours() -> None:
    assert rules().fingerprint == rules().fingerprint
    assert len({rules().fingerprint, rules(version=2).fingerprint, rules("Asia/Tokyo").fingerprint}) == 3
