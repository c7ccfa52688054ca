"""Customers beside each other: the right figures, what differs most first, and nobody else's customer."""

import pytest

from bot.errors import BadInput, Hidden
from bot.services.ask.graded import graded_of
from bot.services.ask.listing import state
from bot.services.ask.listing.compared import compared
from bot.wording.answers.listing import CompareChoice, CustomersBeside
from db.book import customers
from tests.services.ask.listing.conftest import ANNA, GRACE, TODAY, DemoLists


def ask(demo: DemoLists, user: str, *names: str | int) -> CustomersBeside | CompareChoice:
    bot = demo.bot
    with bot.database.read() as session:
        return compared(session, bot.scheme_cache, bot.rules_in(session), demo.actor(user), names, TODAY)


def test_what_differs_most_comes_first_with_the_points_of_the_cards(demo: DemoLists) -> None:
    found = ask(demo, ANNA, "ACME", "C-0003")
    assert isinstance(found, CustomersBeside)
    assert [one.code for one in found.customers] == ["C-0001", "C-0003"]
    spreads = [part.spread for part in found.indicators]
    assert spreads == sorted(spreads, reverse=True)
    assert len(found.indicators) == 6
    bot = demo.bot
    with bot.database.read() as session:
        for place, one in enumerate(found.customers):
            row = customers.get_row(session, one.customer_id)
            assert row is not None
            graded = graded_of(session, bot.scheme_cache, row)
            assert graded is not None
            assert one.score == graded.assessment.score
            points = [None if d.left_out else d.points for d in graded.breakdown.dimensions]
            assert [part.points[place] for part in found.dimensions] == points
    known = [part for part in found.dimensions if None not in part.points]
    assert known
    assert all(part.spread == max(part.points) - min(part.points) for part in known)  # type: ignore[type-var]


def test_three_customers_and_chosen_numbers(demo: DemoLists) -> None:
    found = ask(demo, GRACE, "ACME", "C-0003", "C-0013")
    assert isinstance(found, CustomersBeside)
    again = ask(demo, GRACE, *(one.customer_id for one in found.customers))
    assert again == found


def test_an_unclear_name_becomes_a_choice_that_remembers_the_others(demo: DemoLists) -> None:
    asked = ask(demo, GRACE, "ACME", "Ahl")
    assert isinstance(asked, CompareChoice)
    assert len(asked.hits) > 1
    for hit in asked.hits:
        found = ask(demo, GRACE, *state.names_of(hit.target.query))
        assert isinstance(found, CustomersBeside)
        assert [one.name for one in found.customers] == ["ACME", hit.name]


def test_a_choice_holds_those_that_are_clear_by_number_wherever_they_were_named(demo: DemoLists) -> None:
    asked = ask(demo, GRACE, "Ahl", "C-0001")
    assert isinstance(asked, CompareChoice)
    for hit in asked.hits:
        assert all(isinstance(one, int) for one in state.names_of(hit.target.query))
        found = ask(demo, GRACE, *state.names_of(hit.target.query))
        assert isinstance(found, CustomersBeside)
        assert [one.code for one in found.customers] == [hit.code, "C-0001"]


def test_a_customer_of_somebody_else_is_not_compared_whatever_a_button_says(demo: DemoLists) -> None:
    theirs = ask(demo, GRACE, "ACME", "C-0013")
    assert isinstance(theirs, CustomersBeside)
    number = theirs.customers[1].customer_id
    with pytest.raises(Hidden):
        ask(demo, ANNA, "ACME", number)
    with pytest.raises(Hidden):
        ask(demo, ANNA, "ACME", 10**8)
    by_name = ask(demo, ANNA, "ACME", "C-0013")
    assert isinstance(by_name, CompareChoice)
    assert by_name.near
    assert number not in {hit.customer_id for hit in by_name.hits}


@pytest.mark.parametrize("names", [("ACME",), ("ACME", "ACME"), ("ACME", "C-0003", "C-0004", "C-0005")])
def test_one_customer_or_too_many_are_not_compared(demo: DemoLists, names: tuple[str, ...]) -> None:
    with pytest.raises(BadInput):
        ask(demo, GRACE, *names)
