"""Whoever asks, by whatever way, sees only customers that are theirs."""

from datetime import date

import pytest

from bot.errors import NotFound
from bot.services.ask import lookup
from bot.services.ask.history import history
from bot.services.schemes.store import SchemeCache
from db.engine import Database
from tests import factories
from tests.conftest import on_sqlite
from tests.services.ask.test_lookup import actor
from tests.services.grade.test_runs import grade

pytestmark = on_sqlite


@pytest.fixture
def book(database: Database) -> Database:
    """Anna's and Ben's customer, graded."""
    with database.write() as session:
        factories.scheme(session)
        for name, owner in (("ACME", "Anna"), ("Northern Lights", "Ben")):
            customer = factories.customer(session, name, owner_id=factories.person(session, owner))
            factories.fact(session, customer, "quality", 60, date(2026, 3, 1))
    grade(database, date(2026, 3, 31))
    return database


def test_a_name_means_only_customers_of_the_person_who_gives_it(book: Database) -> None:
    assert lookup.one(book, actor(2), "Northern Lights") == 2
    with pytest.raises(NotFound, match="There is no customer"):
        lookup.one(book, actor(1), "Northern Lights")


def test_a_whole_name_and_words_of_a_name_are_those_of_customers_of_the_person_who_asks(
    book: Database,
) -> None:
    with book.read() as session:
        assert lookup.exactly(session, actor(2), "Northern Lights") == lookup.Found(
            ids=[2], match=lookup.Match.EXACT
        )
        assert lookup.exactly(session, actor(1), "Northern Lights") is None
        assert lookup.is_within(session, actor(2), "northern")
        assert not lookup.is_within(session, actor(1), "northern")


def test_the_history_of_a_customer_is_for_those_who_may_see_it(book: Database) -> None:
    assert len(history(book, SchemeCache(), actor(2), 2)) == 1
    with pytest.raises(NotFound, match="no such customer in your book"):
        history(book, SchemeCache(), actor(1), 2)
