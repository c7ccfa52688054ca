"""Prices of one piece are not taken as the amounts of rows that have several pieces."""

import pytest

from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book

pytestmark = on_sqlite


def test_amounts_that_are_prices_are_asked_about(filled: Book) -> None:
    content = (
        "order,customer,date,amount,unit price,quantity\n1,C1,2026-01-05,10,10,3\n2,C1,2026-01-05,20,20,1\n"
    )
    assert filled.ask("orders", content) == {
        "unit-price": "The amounts in the column 'amount' seem to be prices of one piece: the column 'unit price' has "
        "the same, and the column 'quantity' says that rows have more pieces (3 in the first of them). Name the column "
        "of the whole amount: --map amount=COLUMN; where there is none, add one of price times quantity. --yes unit-price: "
        "these are the whole amounts."
    }
    assert filled.bring("orders", content, accepted=("unit-price",)).created == 2


@pytest.mark.parametrize(
    ("header", "row", "asked"),
    [
        ("金额,单价,数量", "10,10,2", True),
        ("amount,Stückpreis,Menge", "10,10,2", True),
        ("amount,price,qty", "10,10,1", False),
        ("amount,price,qty", "20,10,2", False),
        ("amount,price,qty", "10,10,-1", False),
        ("amount,price,qty", "10,10,many", False),
        ("amount,price", "10,10", False),
        ("amount,qty", "10,2", False),
    ],
)
def test_only_equal_prices_of_several_pieces_are_asked_about(
    filled: Book, header: str, row: str, asked: bool
) -> None:
    content = f"order,customer,date,{header}\n1,C1,2026-01-05,{row}\n"
    report = filled.bring("orders", content, dry_run=True)
    assert ("unit-price" in {one.type.name for one in report.open_findings}) == asked


def test_the_column_of_amounts_may_be_the_one_of_prices(filled: Book) -> None:
    content = "order,customer,date,UnitPrice,Quantity\n1,C1,2026-01-05,10,2\n"
    assert filled.ask("orders", content, columns={"amount": "UnitPrice"}).keys() == {"unit-price"}


def test_invoices_and_order_lines_are_asked_about_too(filled: Book) -> None:
    invoice = (
        "invoice,customer,date,due,paid,amount,price,qty\nR1,C1,2026-01-05,2026-02-05,2026-02-01,5,5,2\n"
    )
    assert filled.ask("invoices", invoice, currency="EUR").keys() == {"unit-price"}
    filled.bring("orders", "order,customer,date,amount\n1,C1,2026-01-05,10\n")
    line = "order,line,type,amount,price,qty\n1,1,paper,5,5,2\n"
    assert filled.ask("order-lines", line, currency="EUR").keys() == {"unit-price"}
