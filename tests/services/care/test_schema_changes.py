"""Care goes on after the tables went back to those before several plans, and forward again."""

from typing import Any, cast

from alembic import command
from sqlmodel import select

from bot.clock import FixedClock
from bot.services.care import schedule
from bot.wording.care.digest import CareDigest
from db import schema
from db.care.records.complaints import ComplaintMessage
from db.care.touches import Touch, TouchMessage
from db.engine import Database, open_database
from tests import factories
from tests.services.book import MONDAY, Book, at, rules
from tests.services.care.planned_book import DAY, NOW, open_steps, planned_book
from tests.services.care.test_birthdays import under

BEFORE_PLANS, BEFORE_PEOPLE = "0011", "0016"


def downgrade(database: Database, to: str) -> None:
    """Bring the tables back, as `schema.upgrade` brings them forward."""
    settings = schema.config()
    with database.writer.connect() as connection:
        if database.is_sqlite:
            connection.detach()
            cast(Any, connection.connection.dbapi_connection).execute("PRAGMA foreign_keys=OFF")
        with connection.begin():
            settings.attributes["connection"] = connection
            command.downgrade(settings, to)
            if database.is_sqlite:
                assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []


def test_a_downgrade_takes_birthdays_and_complaints_and_all_that_shows_them(empty_url: str) -> None:
    database = open_database(empty_url)
    schema.upgrade(database)
    book = Book(database, rules=under(), clock=FixedClock(at(MONDAY - DAY)))
    with database.write() as session:
        customer = factories.customer(session, owner_id=factories.person(session, "Anna"))
        factories.contact_person(session, customer, birthday=f"--{MONDAY + 7 * DAY:%m-%d}")
        factories.complaint(session, customer, MONDAY)
    book.grade({customer: "A"})
    book.go(MONDAY)
    digest = book.sent()[-1][1]
    assert isinstance(digest, CareDigest)
    assert (len(digest.rows), len(digest.complaints)) == (1, 1)
    downgrade(database, BEFORE_PEOPLE)
    schema.upgrade(database)
    with database.read() as session:
        kinds = [touch.kind for touch in session.exec(select(Touch))]
        left = [*session.exec(select(TouchMessage)), *session.exec(select(ComplaintMessage))]
    assert (kinds, left) == (["greeting"], [])
    database.close()


def test_the_same_steps_are_open_after_a_downgrade_and_an_upgrade(empty_url: str) -> None:
    database = open_database(empty_url)
    schema.upgrade(database)
    planned_book(database)
    before = open_steps(database)
    downgrade(database, BEFORE_PLANS)
    schema.upgrade(database)
    schedule.plan_all(database, rules(), NOW)
    assert open_steps(database) == before
    assert schedule.plan_all(database, rules(), NOW) == 0
    database.close()
