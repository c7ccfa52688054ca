"""Lines that add up to more than their order are asked about."""

from typing import Any

import pytest

from bot.services.imports.check.findings import OpenFindings
from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book

ORDERS = "order,customer,date,amount\nX1,C1,2026-01-05,140\nX2,C2,2026-01-06,100\n"
LINES = (
    "Row ID,Order ID,Product ID,Category,Sales\n1,X1,P1,Paper,100\n2,X1,P2,Paper,20\n3,X1,P2,Paper,20\n"
    "4,X2,P1,Paper,60\n5,X2,P1,Paper,40\n"
)
BY_ROW: dict[str, Any] = {"columns": {"line": "Row ID"}, "currency": "EUR"}


@pytest.fixture
def ordered(filled: Book) -> Book:
    """Orders of 140 and 100."""
    filled.bring("orders", ORDERS)
    return filled


def net(book: Book) -> Any:
    return book.rows("SELECT sum(amount) / 10000 FROM order_line")[0][0]


def test_the_same_lines_under_another_key_are_asked_about(ordered: Book) -> None:
    """Without the second question there would be 420 of sales for orders worth 240."""
    with pytest.raises(OpenFindings) as refused:
        ordered.bring("order-lines", LINES, currency="EUR")
    assert [one.type.name for one in refused.value.findings] == ["lines-repeated"]
    assert "Rows with the same order, product and amounts as an earlier row: 1 (line 4)" in str(refused.value)
    first = ordered.bring("order-lines", LINES, currency="EUR", accepted=("lines-repeated",))
    assert (first.created, first.rejected, net(ordered)) == (3, 1, 180)
    with pytest.raises(OpenFindings) as refused:
        ordered.bring("order-lines", LINES, **BY_ROW)
    assert [one.type.name for one in refused.value.findings] == ["lines-exceed-order"]
    assert (
        "The lines of order X1 (line 2) add up to 260.00 with those of import 3, but the order is of 140.00."
        " Orders like that: 2."
    ) in str(refused.value)
    assert net(ordered) == 180
    ordered.undo(first.batch_id)
    report = ordered.bring("order-lines", LINES, **BY_ROW)
    assert (report.created, net(ordered)) == (5, 240)
    assert ordered.bring("order-lines", LINES, **BY_ROW).unchanged == 5


@pytest.mark.parametrize(
    ("rows", "is_asked"),
    [
        ("X1,1,paper,140\n", False),
        ("X1,1,paper,100\n", False),
        ("X1,1,paper,166.60\n", False),  # with 19 % tax
        ("X1,1,paper,177.80\n", False),  # with 27 % tax
        ("X1,1,paper,190\n", True),
        ("X1,1,paper,100\nX1,2,paper,100\n", True),
        ("X1,1,paper,200\nX1,2,discount,-60\n", False),
        ("X2,1,paper,100.99\n", False),
        ("X3,1,paper,-50\n", False),
        ("X3,1,paper,-100\n", True),
        ("X3,1,paper,50\n", False),
        ("X4,1,paper,1\n", False),
        ("X4,1,paper,20\n", True),
        ("X1,1,paper,140\nX2,1,paper,200\n", True),
    ],
)
@on_sqlite
def test_tax_rounding_discounts_and_returns_are_no_excess(ordered: Book, rows: str, is_asked: bool) -> None:
    ordered.bring("orders", "order,customer,date,amount\nX3,C1,2026-01-05,-50\nX4,C2,2026-01-06,0\n")
    content = "order,line,category,amount\n" + rows
    report = ordered.bring("order-lines", content, currency="EUR", dry_run=True)
    assert [one.type.name for one in report.open_findings] == ["lines-exceed-order"] * is_asked


@pytest.mark.parametrize(
    ("more", "is_asked"),
    [
        ("X1,1,paper,90\n", False),  # the line that is there, again
        ("X1,1,paper,100\n", False),
        ("X1,2,paper,50\n", False),
        ("X1,2,paper,60\n", True),  # 150 of 140: the lines fitted before, so it is no tax
        ("X1,1,paper,40\nX1,2,paper,100\n", False),
        ("X2,1,paper,40\n", True),  # 159 of 100, and the lines did not fit before: more than tax
    ],
)
def test_lines_in_the_book_count_with_those_of_the_file(ordered: Book, more: str, is_asked: bool) -> None:
    first = "order,line,category,amount\nX1,1,paper,90\nX2,9,paper,119\n"
    ordered.bring("order-lines", first, currency="EUR")
    content = "order,line,category,amount\n" + more
    report = ordered.bring("order-lines", content, currency="EUR", dry_run=True)
    assert [one.type.name for one in report.open_findings] == ["lines-exceed-order"] * is_asked


@on_sqlite
def test_lines_before_a_discount_are_accepted(ordered: Book) -> None:
    content = "order,line,category,amount\nX1,1,paper,280\n"
    report = ordered.bring("order-lines", content, currency="EUR", accepted=("lines-exceed-order",))
    assert (report.created, net(ordered)) == (1, 280)
