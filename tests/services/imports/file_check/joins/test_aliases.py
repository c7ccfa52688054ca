"""A code that was merged away is found by the alias that names it."""

import pytest

from tests.services.imports.conftest import Book
from tests.services.imports.file_check.joins.conftest import ERP, owners


def test_an_order_that_names_a_unique_alias_finds_its_customer(book: Book) -> None:
    book.bring("customers", ERP, source="erp")
    report = book.bring(
        "orders",
        "order,customer,date,amount\n1,10001,2026-01-05,500\n2,OLD77,2026-01-06,100\n",
        source="erp",
    )
    assert (report.accepted, report.rejected) == (2, 0)
    assert owners(book, "customer_order") == [("10001",), ("10001",)]


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("OLD", "'OLD' is another name of 2 customers; write the code of the one that is meant"),
        ("old77", "there is no customer 'old77'; Basalt GmbH has the code 10001"),
        ("Basalt GmbH", "there is no customer 'Basalt GmbH'; Basalt GmbH has the code 10001"),
    ],
)
def test_only_an_alias_of_one_customer_written_just_so_is_a_code(
    book: Book, reference: str, reason: str
) -> None:
    book.bring("customers", "code,name,aliases\n10001,Basalt GmbH,OLD77|OLD\n10002,Granit AG,OLD\n")
    report = book.bring("orders", f"order,customer,date,amount\n1,{reference},2026-01-05,500\n")
    assert [reject.reason for reject in report.first_rejects] == [reason]


def test_a_code_is_stronger_than_an_alias(book: Book) -> None:
    book.bring("customers", "code,name,aliases\n10001,Basalt GmbH,10002\n10002,Granit AG,\n")
    book.bring("orders", "order,customer,date,amount\n1,10002,2026-01-05,500\n")
    assert owners(book, "customer_order") == [("10002",)]


def test_new_customers_are_not_made_of_aliases(book: Book) -> None:
    book.bring("customers", ERP)
    book.bring(
        "orders",
        "order,customer,date,amount\n1,OLD77,2026-01-05,500\n2,NEW,2026-01-05,1\n",
        kind_options={"create_customers": True},
    )
    assert owners(book, "customer_order") == [("10001",), ("NEW",)]
