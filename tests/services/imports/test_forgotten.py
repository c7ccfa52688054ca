"""What earlier imports of a source were told can be forgotten, all of it or one thing."""

from typing import Any

import pytest

from bot.errors import BadInput
from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book

pytestmark = on_sqlite

ORDERS = "order_no,customer,date,Wert,Status,refunded,cost\n{0}1,C1,03/04/2026,{1},ok,5,0\n{0}2,C1,04/04/2026,7,void,,0\n"
ANSWERS: dict[str, Any] = {
    "columns": {"amount": "Wert"},
    "date_order": "dmy",
    "skip": ("Status=void",),
    "accepted": ("refund-column", "zero-cost"),
}


@pytest.fixture
def told(filled: Book) -> Book:
    """A book whose orders came with five answers."""
    filled.bring("orders", ORDERS.format("A", 100), **ANSWERS)
    assert filled.bring("orders", ORDERS.format("B", 100)).accepted == 1
    return filled


@pytest.mark.parametrize(
    ("name", "asked"),
    [("date-order", "date-order"), ("refund-column", "refund-column"), ("zero-cost", "zero-cost")],
)
def test_one_answer_is_forgotten_and_asked_for_again(told: Book, name: str, asked: str) -> None:
    assert told.ask("orders", ORDERS.format("C", 100), forget_only=(name,)).keys() == {asked}
    assert told.bring("orders", ORDERS.format("C", 100)).accepted == 1  # a refused file forgets nothing


def test_a_filter_is_forgotten_with_its_words(told: Book) -> None:
    assert told.ask("orders", ORDERS.format("C", 100), forget_only=("skip",)).keys() == {"status-column"}
    report = told.bring("orders", ORDERS.format("C", 100), forget_only=("skip",), accepted=("status-column",))
    assert report.accepted == 2
    assert "skip" not in told.bring("orders", ORDERS.format("D", 100)).remembered


def test_the_words_of_a_column_are_asked_about_again(told: Book) -> None:
    told.bring("orders", ORDERS.format("C", 100), forget_only=("skip",), accepted=("status-column",))
    assert told.bring("orders", ORDERS.format("D", 100)).accepted == 2
    asked = told.ask("orders", ORDERS.format("E", 100), forget_only=("status-column",))
    assert asked.keys() == {"status-column"}


def test_a_column_is_forgotten(told: Book) -> None:
    with pytest.raises(BadInput, match="no column for amount"):
        told.bring("orders", ORDERS.format("C", 100), forget_only=("amount",))
    content = ORDERS.format("C", 100).replace("Wert", "amount")
    told.bring("orders", content, forget_only=("amount",))
    with pytest.raises(BadInput, match="no column for amount"):
        told.bring("orders", ORDERS.format("D", 100))


def test_another_answer_stays(told: Book) -> None:
    report = told.bring("orders", ORDERS.format("C", 100), forget_only=("date-order",), date_order="mdy")
    accepted = report.remembered["accepted"]
    assert report.remembered == {"skip": ["Status=void"], "currency": "EUR", "accepted": accepted}
    assert {name for name, _ in accepted} == {"refund-column", "zero-cost"}
    assert told.bring("orders", ORDERS.format("D", 100)).remembered["date_order"] == "mdy"


def test_what_is_not_remembered_is_refused_with_what_is(told: Book) -> None:
    with pytest.raises(BadInput) as refused:
        told.bring("orders", ORDERS.format("C", 100), forget_only=("decimal",))
    assert str(refused.value) == (
        "--forget-only decimal: this is not remembered, only these are: amount, currency, date-order,"
        " refund-column, skip, status-column, zero-cost."
    )


def test_where_nothing_is_remembered_there_is_nothing_to_forget(filled: Book) -> None:
    with pytest.raises(BadInput, match="nothing is remembered for this source and kind"):
        filled.bring("orders", ORDERS.format("C", 100), forget_only=("skip",))
