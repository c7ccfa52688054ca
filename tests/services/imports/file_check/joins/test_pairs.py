"""Which customers are joined: chains, circles, unknown codes, customers that are one already."""

import pytest

from bot.errors import BadInput, Conflict
from tests.conftest import all_on_postgresql
from tests.services.imports.conftest import Book
from tests.services.imports.file_check.joins.conftest import (
    customer_id,
    join,
    owners,
    state,
    totals_are_exact,
)

CHAINS = {
    "a chain": ("A,B\nB,C\n", {"A": "C", "B": "C"}),
    "a chain from its end": ("B,C\nA,B\n", {"A": "C", "B": "C"}),
    "a star": ("A,C\nB,C\n", {"A": "C", "B": "C"}),
    "two pairs": ("A,B\nC,D\n", {"A": "B", "C": "D"}),
    "the same pair twice": ("A,B\nA,B\n", {"A": "B"}),
    "a long chain": ("C,D\nA,B\nB,C\n", {"A": "D", "B": "D", "C": "D"}),
}


@all_on_postgresql
@pytest.mark.parametrize("name", CHAINS)
def test_chains_end_at_the_customer_that_stays(book: Book, name: str) -> None:
    rows, expected = CHAINS[name]
    book.bring("customers", "code,name\nA,Alder\nB,Birch\nC,Cedar\nD,Dogwood\n")
    book.bring("orders", "order,customer,date,amount\n1,A,2026-01-05,1\n2,B,2026-01-05,2\n3,C,2026-01-05,3\n")
    before = state(book)
    report = book.bring("joins", "customer,into\n" + rows)
    assert (report.rejected, report.changed) == (0, len(expected))
    joined = book.rows(
        "SELECT one.code, other.code FROM customer AS one JOIN customer AS other ON other.id = one.joined_into"
    )
    assert dict(joined) == expected
    assert owners(book, "customer_order") == [(expected.get(code, code),) for code in "ABC"]
    assert totals_are_exact(book)
    book.undo(report.batch_id)
    assert state(book) == before


@all_on_postgresql
@pytest.mark.parametrize(
    ("rows", "line", "reason"),
    [
        ("A,B\nB,A\n", 3, "leads back to the customer"),
        ("A,B\nB,C\nC,A\n", 4, "leads back to the customer"),
        ("A,A\nB,C\n", 2, "is the same customer"),
        ("A,B\nA,C\n", 3, "customer A is already on line 2 with other values"),
        ("A,X\nB,C\n", 2, "there is no customer 'X'"),
        ("X,A\nB,C\n", 2, "there is no customer 'X'"),
        (",A\nB,C\n", 2, "is empty"),
    ],
)
def test_a_pair_that_makes_no_sense_is_rejected_and_the_others_are_joined(
    book: Book, rows: str, line: int, reason: str
) -> None:
    book.bring("customers", "code,name\nA,Alder\nB,Birch\nC,Cedar\n")
    report = book.bring("joins", "customer,into\n" + rows)
    assert [(reject.line, reason in reject.reason) for reject in report.first_rejects] == [(line, True)]
    assert report.changed == report.accepted == report.rows - 1
    assert book.rows("SELECT count(*) FROM customer WHERE joined_into IS NOT NULL") == [(report.changed,)]


def test_a_file_of_pairs_names_the_sources_in_columns_or_before_the_code(two: Book) -> None:
    content = "customer,customer source,into,into source\n10002,crm,10002,ERP\nCRM:001A,,10001,erp\n"
    report = two.bring("joins", content, name="pairs.csv")
    assert (report.accepted, report.rejected, report.changed) == (2, 0, 2)
    assert owners(two, "customer_key") == [("10001",), ("10002",), ("10001",), ("10002",)]
    ((stays,),) = two.rows("SELECT id FROM customer WHERE code = '10002' AND joined_into IS NULL")
    assert stays == customer_id(two, "10002", "Granit AG")


def test_a_joined_customer_can_be_joined_on_and_both_joins_are_taken_back_in_order(two: Book) -> None:
    before = state(two)
    first = join(two)
    second = join(two, "10001", "ERP:10002")
    stays = customer_id(two, "10002", "Granit AG")
    assert two.rows("SELECT DISTINCT joined_into FROM customer WHERE archived") == [(stays,)]
    with pytest.raises(Conflict, match=f"Undo import {second.batch_id} first"):
        two.undo(first.batch_id)
    two.undo(second.batch_id)
    two.undo(first.batch_id)
    assert state(two) == before


@all_on_postgresql
@pytest.mark.parametrize(
    ("customer", "into", "sentence"),
    [
        ("CRM:001A", "CRM:001A", "CRM:001A cannot be joined into itself."),
        ("CRM:001A", "crm:001A", "CRM:001A cannot be joined into itself."),
        ("SHOP:001A", "ERP:10001", "there is no customer 'SHOP:001A'"),
        ("CRM:999", "ERP:10001", "there is no customer '999' from crm"),
        ("001A", "99", "there is no customer '99'"),
        ("10002", "10001", "'10002' means 2 customers: write crm:10002 or erp:10002"),
    ],
)
def test_what_cannot_be_joined_is_said_in_one_sentence(
    two: Book, customer: str, into: str, sentence: str
) -> None:
    before = two.everything()
    with pytest.raises(BadInput, match=sentence.replace("(", r"\(")):
        join(two, customer, into)
    assert two.everything() == before


@pytest.mark.parametrize(
    ("customer", "into"), [("CRM:001A", "ERP:10001"), ("ERP:10001", "001A"), ("OLD77", "10001")]
)
def test_customers_that_are_one_already_stay_as_they_are(two: Book, customer: str, into: str) -> None:
    join(two)
    before = two.everything()
    report = join(two, customer, into)
    assert (report.already_one, report.batch_id, report.into) == (True, None, "10001 Basalt GmbH")
    assert two.everything() == before


def test_a_dry_run_writes_nothing(two: Book) -> None:
    before = two.everything()
    assert join(two, dry_run=True).moved["customer_order"] == 2
    assert two.bring("joins", "customer,into\nCRM:001A,ERP:10001\n", dry_run=True).changed == 1
    assert two.everything() == before
