"""The number of what was taken back is given to nothing else: an old button never means another one."""

from collections.abc import Callable
from datetime import date

import pytest
from sqlmodel import Session, SQLModel

from db.care.records.complaints import Complaint
from db.care.records.gifts import Gift
from db.care.records.promises import Promise
from db.care.records.surveys import SurveyScore
from db.engine import Database
from tests import factories
from tests.conftest import on_sqlite

DAY = date(2026, 6, 1)


@on_sqlite
@pytest.mark.parametrize(
    ("model", "record"),
    [
        *((Gift, factories.gift), (SurveyScore, factories.survey_score)),
        *((Promise, factories.promise), (Complaint, factories.complaint)),
    ],
)
def test_no_number_is_given_twice(
    database: Database, model: type[SQLModel], record: Callable[[Session, int, date], int]
) -> None:
    with database.write() as session:
        customer = factories.customer(session, "ACME")
        first = record(session, customer, DAY)
        session.delete(session.get_one(model, first))
        session.flush()
        assert record(session, customer, DAY) != first
