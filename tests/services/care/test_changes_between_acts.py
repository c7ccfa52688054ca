"""What comes between an answer to a step and its undo: a join, an erasure, a grading, another plan, a new owner."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from bot.clock import FixedClock
from bot.errors import Conflict, NotFound
from bot.services.access import Actor
from bot.services.care.answers import shown
from bot.services.imports import join_customers, undo
from bot.services.privacy import erasure
from bot.services.recipients import FirmDefaults
from bot.wording.actions import Pointer
from db.book.facts import Activity
from db.book.people import Person, Team
from db.care.acts import TouchAct
from db.care.touches import OPEN, Touch
from db.engine import Database
from tests import factories
from tests.conftest import on_sqlite
from tests.services.book import MONDAY, REVISIT_A, Book, at
from tests.services.privacy.test_erasure import the_customer, the_person
from tests.services.privacy.world import WORDING

pytestmark = on_sqlite
DAY = timedelta(days=1)
LAST = MONDAY - REVISIT_A * DAY
OPERATOR = factories.operator("test")


@pytest.fixture
def book(database: Database) -> Book:
    """Two customers of Anna's, ACME and its double, due for a revisit on Monday."""
    book = Book(database, clock=FixedClock(at(MONDAY - DAY)))
    with database.write() as session:
        anna = factories.person(session, "Anna")
        for code in ("MAIN", "DOUBLE"):
            customer = factories.customer(session, f"ACME {code}", code=code, owner_id=anna)
            factories.contact(session, customer, LAST, "call")
    book.grade({MAIN: "A", DOUBLE: "A"})
    book.go(MONDAY)
    return book


MAIN, DOUBLE = 1, 2


def anna(book: Book) -> Actor:
    return book.actor("U0ANNA")


def button(book: Book, customer: int, step: str = "revisit") -> Pointer:
    touch = book.touches(customer, step)[0]
    return Pointer(id=touch.id or 0, version=touch.version)


def join(book: Book) -> int:
    done = join_customers(book.database, "DOUBLE", "MAIN", clock=book.clock, actor=OPERATOR)
    assert done.batch_id is not None
    return done.batch_id


def open_of(book: Book, customer: int) -> list[tuple[str, str]]:
    with book.database.read() as session:
        found = session.exec(select(Touch).where(Touch.customer_id == customer, col(Touch.state).in_(OPEN)))
        return sorted((touch.step, touch.state) for touch in found)


def contacts(book: Book) -> list[tuple[int, str, str]]:
    with book.database.read() as session:
        return [
            (one.customer_id, one.kind, str(one.happened_on))
            for one in session.exec(select(Activity).order_by(col(Activity.id)))
        ]


def test_an_undo_after_a_join_opens_the_step_of_the_customer_that_stays(book: Book) -> None:
    before = contacts(book)
    book.done(anna(book), button(book, DOUBLE))
    batch = join(book)
    book.plan()
    assert book.states(MAIN)[0] == ("done", MONDAY)  # by the contact that came with the join
    undone = book.undo(anna(book), button(book, DOUBLE))
    assert (undone.code, undone.is_open) == ("MAIN", False)
    assert contacts(book) == [(MAIN, kind, day) for _, kind, day in before]
    assert open_of(book, DOUBLE) == []
    assert open_of(book, MAIN) == [("greeting", "planned"), ("revisit", "planned")]
    assert book.states(MAIN)[0] == ("planned", MONDAY)
    book.go(MONDAY + DAY)
    assert [row.code for row in book.digests()[-1][1].rows] == ["MAIN"]

    undo(book.database, batch, clock=book.clock, actor=OPERATOR)
    book.go(MONDAY + 2 * DAY)
    assert contacts(book) == before
    for customer in (MAIN, DOUBLE):
        assert open_of(book, customer) == [("greeting", "planned"), ("revisit", "reminded")]


@pytest.mark.parametrize("act", ["done", "skip", "snooze", "reassign"])
def test_a_button_of_a_joined_customers_step_says_that_it_is_over(book: Book, act: str) -> None:
    pressed = button(book, DOUBLE)
    join(book)
    how = {"to": "anna@example.com"} if act == "reassign" else {}
    with pytest.raises(Conflict, match="This step is over"):
        getattr(book, act)(anna(book), button=pressed, **how)
    with pytest.raises(Conflict, match="This step is over"):
        getattr(book, act)(anna(book), button=replace(pressed, version=pressed.version + 1), **how)
    assert book.states(DOUBLE) == [("cancelled", MONDAY)]


def test_a_snooze_before_a_join_is_not_taken_back_after_it(book: Book) -> None:
    book.snooze(anna(book), button(book, DOUBLE))
    pressed = button(book, DOUBLE)
    join(book)
    for pointer in (pressed, replace(pressed, version=pressed.version + 1)):
        with pytest.raises(Conflict):
            book.undo(anna(book), pointer)
    assert open_of(book, DOUBLE) == []


def erase(book: Book, find: erasure.Find, data_dir: Path) -> None:
    erasure.erase(
        book.database,
        OPERATOR,
        find,
        WORDING,
        data_dir=data_dir,
        admins=(),
        today=MONDAY,
        now=book.clock.now(),
    )


def test_an_erasure_between_done_and_undo_leaves_nothing_to_undo(book: Book, tmp_path: Path) -> None:
    book.done(anna(book), button(book, MAIN))
    pressed = button(book, MAIN)
    erase(book, the_customer("MAIN"), tmp_path)
    for act in (book.undo, book.done, book.snooze):
        with pytest.raises(NotFound, match="no longer there"):
            act(anna(book), pressed)
    with book.database.read() as session:
        assert session.exec(select(TouchAct)).all() == []
    assert {customer for customer, _, _ in contacts(book)} == {DOUBLE}
    with book.database.read() as session:
        shown_now = shown.todo_list(
            session,
            book.rules,
            book.sending().book,
            anna(book),
            FirmDefaults(),
            book.clock.now(),
            [pressed.id],
        )
    assert [row.code for row in shown_now.rows] == ["DOUBLE"]
    book.go(MONDAY + 3 * DAY)
    assert [row.code for row in book.digests()[-1][1].rows] == ["DOUBLE"]


def test_the_steps_of_a_colleague_who_is_erased_go_back_to_the_account_manager(
    book: Book, tmp_path: Path
) -> None:
    with book.database.write() as session:
        session.get_one(Person, 1).team_id = team = factories.team(session)
        vic = factories.person(session, "Vic", team_id=team, role="team_lead")
        session.get_one(Team, team).lead_id = vic
    book.reassign(anna(book), "vic@example.com", button(book, MAIN))
    erase(book, the_person("vic@example.com"), tmp_path)
    book.go(MONDAY + DAY)
    assert [row.code for row in book.digests()[-1][1].rows] == ["MAIN"]
    assert book.digests()[-1][0] == "person:1"


def test_giving_a_step_to_a_colleague_who_is_erased_can_be_taken_back(book: Book, tmp_path: Path) -> None:
    with book.database.write() as session:
        session.get_one(Person, 1).team_id = team = factories.team(session)
        factories.person(session, "Vic", team_id=team, role="team_lead")
    book.reassign(anna(book), "vic@example.com", button(book, MAIN))
    erase(book, the_person("vic@example.com"), tmp_path)
    book.undo(anna(book), button(book, MAIN))
    assert book.touches(MAIN)[0].assignee_id is None


@pytest.mark.parametrize(
    ("tier", "left"),
    [
        ("A", [("greeting", "planned"), ("revisit", "reminded")]),
        ("B", [("greeting", "planned"), ("revisit", "planned")]),
        ("blocked", []),
    ],
)
def test_a_grading_between_done_and_undo_decides_what_is_owed(
    book: Book, tier: str, left: list[tuple[str, str]]
) -> None:
    book.done(anna(book), button(book, MAIN))
    book.grade({MAIN: tier, DOUBLE: "A"}, as_of=MONDAY + DAY)
    book.plan()
    try:
        undone = book.undo(anna(book), button(book, MAIN))
        assert undone.is_open == bool(left)
    except Conflict:
        assert not left
    assert open_of(book, MAIN) == left
    assert [customer for customer, _, _ in contacts(book)] == [MAIN, DOUBLE]
