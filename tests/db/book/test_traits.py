"""The queries of customer profiles, on both databases."""

from datetime import date, timedelta

import pytest

from db.book import traits
from db.book.traits import Trait, WantedTrait
from db.engine import Database
from tests import factories

DAY = timedelta(days=1)
AT = factories.AT + timedelta(microseconds=123_457)
MAY = date(2026, 5, 1)


@pytest.fixture
def ids(database: Database) -> tuple[int, int, int]:
    """Anna's ACME with two needs, one of which became history, and others with one each."""
    with database.write() as session:
        anna = factories.person(session, "Anna")
        acme, globex = (
            factories.customer(session, name, owner_id=owner)
            for name, owner in (("ACME", anna), ("Globex", None))
        )
        for customer, field, value, ended in (
            (acme, "needs", "seals", None),
            (acme, "needs", "pumps", AT + DAY),
            (acme, "loyalty", "high", None),
            (globex, "needs", "seals", None),
        ):
            known = {"as_of": MAY, "source": "crm", "recorded_at": AT, "superseded_at": ended}
            session.add(Trait(customer_id=customer, field=field, value=value, **known))
    return anna, acme, globex


def test_values_that_count_and_history_are_told_apart(database: Database, ids: tuple[int, int, int]) -> None:
    _, acme, globex = ids
    with database.read() as session:
        assert traits.values_of(session, acme) == [("needs", "seals"), ("loyalty", "high")]
        assert traits.values_of_many(session, ["needs"], [acme, globex, 99]) == {
            acme: {"needs": {"seals"}},
            globex: {"needs": {"seals"}},
        }
        assert [one.value for one in traits.history(session, acme)] == ["high", "seals", "pumps"]
        assert [one.value for one in traits.present(session, acme)] == ["seals", "high"]
        assert [one.value for one in traits.present_of(session.connection(), [globex])] == ["seals"]


def test_customers_are_found_by_value_and_owner(database: Database, ids: tuple[int, int, int]) -> None:
    anna, acme, globex = ids
    with database.read() as session:
        assert traits.customers_with(session, WantedTrait("needs", "seals"), None, 1) == (
            2,
            [(acme, traits.customers_with(session, WantedTrait("loyalty", None), None, 9)[1][0][1], "ACME")],
        )
        assert traits.customers_with(session, WantedTrait("needs", None), {anna}, 9)[0] == 1
        assert traits.customers_with(session, WantedTrait("needs", "pumps"), None, 9) == (0, [])
        assert {
            row[0] for row in traits.customers_with(session, WantedTrait("needs", "seals"), None, 9)[1]
        } == {
            acme,
            globex,
        }


def test_what_was_done_at_a_moment_is_found_to_the_microsecond_and_taken_back(
    database: Database, ids: tuple[int, int, int]
) -> None:
    _, acme, _ = ids
    with database.write() as session:
        assert traits.last_change(session, acme) == AT + DAY
        assert traits.last_change(session, 99) is None
        later = AT + 2 * DAY
        (seals, _) = traits.present(session, acme)
        traits.end(session, [seals.id or 0], later)
        known = {"as_of": MAY, "source": traits.BY_HAND, "recorded_at": later}
        traits.add(session, [Trait(customer_id=acme, field="needs", value="belts", **known)])
    with database.write() as session:
        recorded, ended = traits.changed_at(session, acme, later)
        assert ([one.value for one in recorded], [one.value for one in ended]) == (["belts"], ["seals"])
        traits.take_back(session, [one.id or 0 for one in recorded], [one.id or 0 for one in ended])
        assert traits.values_of(session, acme) == [("needs", "seals"), ("loyalty", "high")]
