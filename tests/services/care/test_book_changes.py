"""What imports, their undoing and joins change in the book reaches the care steps that follow from it."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from bot.clock import FixedClock
from bot.services.care.planning_pass import plan_changed
from bot.services.imports import ImportOptions, import_file, undo
from db.care.touches import OPEN, Touch
from db.engine import Database
from tests import factories
from tests.conftest import on_sqlite
from tests.services.book import MONDAY, Book, at
from tests.services.care.test_birthdays import under

pytestmark = on_sqlite

DAY = timedelta(days=1)
BIRTHDAY = f"1985-{MONDAY + 30 * DAY:%m-%d}"
ACME, GLOBEX = 1, 2
OPERATOR = factories.operator("mia@example.com")


@pytest.fixture
def book(database: Database) -> Book:
    """ACME and Globex of tier A, whose care is planned."""
    book = Book(database, rules=under(), clock=FixedClock(at(MONDAY)))
    with database.write() as session:
        for name in ("ACME", "Globex"):
            factories.customer(session, name, code=name)
    book.grade({ACME: "A", GLOBEX: "A"})
    plan(book)
    return book


@pytest.fixture
def bring(book: Book, tmp_path: Path) -> Callable[[str, str], int]:
    """Imports a file of a kind; the number of the import."""

    def bring(kind: str, content: str) -> int:
        path = tmp_path / "file.csv"
        path.write_text(content, encoding="utf-8")
        done = import_file(
            book.database,
            kind=kind,
            path=path,
            clock=book.clock,
            actor=OPERATOR,
            options=ImportOptions(),
            rejects_dir=tmp_path / "rejects",
        )
        plan(book)
        return done.batch_id or 0

    return bring


def plan(book: Book) -> None:
    plan_changed(book.database, book.rules, book.clock.now())


def take_back(book: Book, batch_id: int) -> None:
    undo(book.database, batch_id, clock=book.clock, actor=OPERATOR)
    plan(book)


def with_birthday(book: Book) -> list[int]:
    """Customers with an open birthday step."""
    with book.database.read() as session:
        found = select(Touch.customer_id).where(Touch.kind == "birthday", col(Touch.state).in_(OPEN))
        return list(session.exec(found.order_by(col(Touch.customer_id))))


def test_undoing_an_import_of_contact_people_takes_their_birthday_steps_away(
    book: Book, bring: Callable[[str, str], int]
) -> None:
    done = bring("contact-persons", f"customer,name,birthday\nACME,Li Ming,{BIRTHDAY}\n")
    assert with_birthday(book) == [ACME]
    take_back(book, done)
    assert with_birthday(book) == []


def test_undoing_an_import_that_changed_a_birthday_plans_the_earlier_one(
    book: Book, bring: Callable[[str, str], int]
) -> None:
    bring("contact-persons", f"customer,name,birthday\nACME,Li Ming,{BIRTHDAY}\n")
    done = bring("contact-persons", "customer,name,birthday\nACME,Li Ming,1985-12-01\n")
    take_back(book, done)
    with book.database.read() as session:
        (touch,) = session.exec(select(Touch).where(Touch.kind == "birthday", col(Touch.state).in_(OPEN)))
    assert touch.due_on == MONDAY + 30 * DAY


def test_a_join_moves_a_birthday_step_and_its_undoing_moves_it_back(
    book: Book, bring: Callable[[str, str], int]
) -> None:
    bring("contact-persons", f"customer,name,birthday\nGlobex,Li Ming,{BIRTHDAY}\n")
    done = bring("joins", "code,into\nGlobex,ACME\n")
    assert with_birthday(book) == [ACME]
    take_back(book, done)
    assert with_birthday(book) == [GLOBEX]


def followed_up(book: Book) -> list[int]:
    """Customers with an open follow-up of a low survey score."""
    with book.database.read() as session:
        found = select(Touch.customer_id).where(Touch.kind == "low_score", col(Touch.state).in_(OPEN))
        return list(session.exec(found.order_by(col(Touch.customer_id))))


LOW = f"id,customer,date,score,scale\nS1,ACME,{MONDAY},1,1-5\n"


def test_a_file_with_a_low_survey_score_opens_its_follow_up_until_the_file_is_taken_back(
    book: Book, bring: Callable[[str, str], int]
) -> None:
    done = bring("surveys", LOW)
    assert followed_up(book) == [ACME]
    take_back(book, done)
    assert followed_up(book) == []


def test_a_file_that_corrects_a_low_survey_score_ends_its_follow_up_and_undoing_it_opens_it_again(
    book: Book, bring: Callable[[str, str], int]
) -> None:
    bring("surveys", LOW)
    better = bring("surveys", LOW.replace(",1,1-5", ",5,1-5"))
    assert followed_up(book) == []
    take_back(book, better)
    assert followed_up(book) == [ACME]


def test_a_join_moves_the_follow_up_of_a_low_survey_score_and_its_undoing_moves_it_back(
    book: Book, bring: Callable[[str, str], int]
) -> None:
    bring("surveys", LOW.replace("ACME", "Globex"))
    done = bring("joins", "code,into\nGlobex,ACME\n")
    assert followed_up(book) == [ACME]
    take_back(book, done)
    assert followed_up(book) == [GLOBEX]
