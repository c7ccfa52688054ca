"""A customer's newest assessment and its previous state, out of any number of runs."""

from datetime import date

import pytest

from db.engine import Database
from db.graded import assessments
from tests import factories

MARCH, APRIL = date(2026, 3, 31), date(2026, 4, 30)


@pytest.mark.parametrize("again", [1, 12, 30])
def test_the_previous_day_is_found_behind_any_number_of_gradings_of_one_day(
    database: Database, again: int
) -> None:
    with database.write() as session:
        customer, other = factories.customer(session), factories.customer(session)
        factories.graded(session, {customer: "C"}, as_of=MARCH)
        factories.graded(session, {customer: "A", other: "A"}, as_of=MARCH)
        for _ in range(again):
            factories.graded(session, {customer: "B", other: "B"}, as_of=APRIL)
        factories.graded(session, {other: "C"}, as_of=APRIL)
        factories.graded(session, {customer: "A"}, as_of=APRIL, purpose="credit")
    with database.read() as session:
        found = assessments.newest(session, customer, "account")
        assert [(row.tier, run.as_of) for row, run in found] == [("B", APRIL), ("A", MARCH)]


def test_without_an_earlier_day_there_is_no_previous_state(database: Database) -> None:
    with database.write() as session:
        customer = factories.customer(session)
        assert assessments.newest(session, customer, "account") == []
        factories.graded(session, {customer: "A"}, as_of=MARCH)
        factories.graded(session, {customer: "B"}, as_of=MARCH)
        assert [row.tier for row, _ in assessments.newest(session, customer, "account")] == ["B"]
