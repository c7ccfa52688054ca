"""Orders and invoices of the book that a file leaves out, or has only some lines of, are asked about."""

from typing import Any

import pytest

from bot.errors import BadInput
from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book

HEADER = "order,customer,date,amount,status\n"
SKIP = ("status=cancelled",)
FIRST = HEADER + "A1,C1,2026-01-05,100,ok\nA2,C1,2026-01-06,50,cancelled\n"
LINES = {"lines": True}


def sums(book: Book) -> dict[str, float]:
    """Amount by number."""
    return {
        key: amount / 10_000 for key, amount in book.rows("SELECT external_id, amount FROM customer_order")
    }


def test_an_order_that_was_cancelled_since_is_asked_about(filled: Book) -> None:
    filled.bring("orders", FIRST, skip=SKIP)
    cancelled = (
        HEADER + "A3,C2,2026-02-01,7,ok\nA1,C1,2026-01-05,100,cancelled\nA2,C1,2026-01-06,50,cancelled\n"
    )
    assert filled.ask("orders", cancelled) == {
        "left-out-known": "Rows that --only or --skip leave out are in the book with an amount, and go on counting "
        "there: 1 (the first is 'A1' on line 3). If they no longer count, first import a file of these rows with "
        "amount 0, without the column by which rows are chosen; --yes left-out-known leaves them in the book as they "
        "are."
    }
    correction = "order,customer,date,amount\nA1,C1,2026-01-05,0\n"
    filled.bring("orders", correction, accepted=("filter-column-gone",))
    assert filled.bring("orders", cancelled).created == 1
    assert sums(filled) == {"A1": 0, "A3": 7}


@on_sqlite
def test_yes_leaves_what_is_left_out_in_the_book(filled: Book) -> None:
    filled.bring("orders", FIRST, skip=SKIP)
    cancelled = FIRST.replace("ok", "cancelled") + "A3,C2,2026-02-01,7,ok\n"
    report = filled.bring("orders", cancelled, accepted=("left-out-known",))
    assert [one.type.name for one in report.findings] == ["rows-left-out", "left-out-known"]
    assert sums(filled) == {"A1": 100, "A3": 7}


@pytest.mark.parametrize(
    ("rows", "options", "asked"),
    [
        ("A1,C1,2026-01-05,100,ok\nA2,C1,2026-01-06,50,cancelled\n", {}, False),  # the same file again
        ("'A1,C1,2026-01-05,100,cancelled\nA3,C1,2026-01-06,5,ok\n", {}, True),
        ("A1,C1,2026-01-05,see mail,cancelled\nA3,C1,2026-01-06,5,ok\n", {}, True),
        ("A1,C1,2026-01-05,100,ok\nA1,C1,2026-01-05,30,cancelled\n", {}, False),  # another row of it counts
        ("A1,C1,2026-01-05,100,cancelled\nA3,C1,2026-01-06,5,ok\n", {"source": "shop", "skip": SKIP}, False),
        (
            "A1,C1,2026-01-05,100,open\nA3,C1,2026-01-06,5,ok\n",
            {"forget": True, "only": ("status=ok",)},
            True,
        ),
    ],
)
@on_sqlite
def test_only_numbers_of_the_source_that_no_row_of_the_file_sets_are_asked_about(
    filled: Book, rows: str, options: dict[str, Any], asked: bool
) -> None:
    filled.bring("orders", FIRST, skip=SKIP)
    report = filled.bring("orders", HEADER + rows, dry_run=True, **options)
    assert ("left-out-known" in {one.type.name for one in report.open_findings}) == asked


@on_sqlite
def test_an_invoice_that_is_void_since_is_asked_about(filled: Book) -> None:
    header = "invoice,customer,date,due,paid,amount,status\n"
    row = "R1,C1,2026-01-05,2026-02-05,2026-02-01,5,ok\n"
    void = "R2,C1,2026-01-05,2026-02-05,2026-02-01,9,void\n"
    filled.bring("invoices", header + row + void, currency="EUR", skip=("status=void",))
    later = header + row.replace("ok", "void") + row.replace("R1", "R3")
    assert filled.ask("invoices", later, currency="EUR").keys() == {"left-out-known"}


ORDER_LINES = "order,customer,date,amount\nX1,C1,2026-01-05,100\nX1,C1,2026-01-05,50\n"


def test_the_rest_of_an_orders_lines_does_not_replace_the_order_in_silence(filled: Book) -> None:
    filled.bring("orders", ORDER_LINES, kind_options=LINES)
    rest = "order,customer,date,amount\nX2,C2,2026-01-06,1\nX1,C1,2026-01-05,30\nX1,C1,2026-01-05,40\n"
    assert filled.ask("orders", rest) == {
        "known-order-lines": "The lines of 'X1' (line 3) add up to 70.00, but the book has it with 150.00, and the "
        "file would replace that. So it is with orders: 1. If the file has only some of their lines, import all lines "
        "in one file; --yes known-order-lines: the file has all of their lines."
    }
    filled.bring("orders", rest, accepted=("known-order-lines",))
    assert sums(filled) == {"X1": 70, "X2": 1}


@pytest.mark.parametrize(
    ("content", "asked"),
    [
        (ORDER_LINES, False),
        ("order,customer,date,amount\nX1,C1,2026-01-05,150\n", False),
        (ORDER_LINES + "X1,C1,2026-01-05,20\n", True),
        (ORDER_LINES.replace("X1", "X9"), False),
    ],
)
@on_sqlite
def test_lines_that_come_to_the_same_amount_are_not_asked_about(
    filled: Book, content: str, asked: bool
) -> None:
    filled.bring("orders", ORDER_LINES, kind_options=LINES)
    report = filled.bring("orders", content, dry_run=True)
    assert [one.type.name for one in report.open_findings] == ["known-order-lines"] * asked


@on_sqlite
def test_a_new_rate_is_no_other_sum_of_lines(filled: Book) -> None:
    dollars: dict[str, Any] = {"currency": "USD", "kind_options": LINES}
    filled.bring("orders", ORDER_LINES, **dollars)
    filled.bring("rates", "date,currency,rate\n2026-01-01,USD,0.5\n", firm_currency="EUR")
    report = filled.bring("orders", ORDER_LINES, firm_currency="EUR", **dollars)
    assert (report.changed, sums(filled)) == (1, {"X1": 75})


@on_sqlite
def test_invoice_lines_are_asked_about_too(filled: Book) -> None:
    content = "invoice,customer,date,due,paid,amount\n" + "R1,C1,2026-01-05,2026-02-05,2026-02-01,5\n" * 2
    filled.bring("invoices", content, currency="EUR", kind_options=LINES)
    rest = content.replace(",5\n", ",4\n")
    assert filled.ask("invoices", rest, currency="EUR").keys() == {"known-order-lines"}


@pytest.mark.parametrize(
    ("kind", "header", "row", "later"),
    [
        ("orders", "order,customer,date,amount,status", "A1,C1,2026-01-05,100,ok", "cancelled"),
        (
            "invoices",
            "invoice,customer,date,due,paid,amount,status",
            "R1,C1,2026-01-05,2026-02-05,,9,ok",
            "void",
        ),
    ],
)
@pytest.mark.parametrize("option", ["skip", "only"])
@on_sqlite
def test_a_file_of_nothing_but_left_out_rows_says_so_and_is_asked_about(
    filled: Book, kind: str, header: str, row: str, later: str, option: str
) -> None:
    filled.bring(kind, f"{header}\n{row}\n", currency="EUR", accepted=("status-column",))
    chosen = {option: (f"status={later if option == 'skip' else 'ok,done'}",)}
    accepted = ("word-not-found",) if option == "only" else ()
    content = f"{header}\n{row.replace('ok', later)}\n"
    asked = filled.ask(kind, content, currency="EUR", accepted=accepted, **chosen)
    assert asked.keys() == {"left-out-known"}
    with pytest.raises(BadInput) as refused:
        filled.bring(kind, content, currency="EUR", accepted=(*accepted, "left-out-known"), **chosen)
    assert str(refused.value) == (
        "file.csv has no rows but those that --only or --skip leave out: 1. Nothing was stored."
    )
    unknown = content.replace("A1", "A7").replace("R1", "R7")
    with pytest.raises(BadInput, match="leave out: 1"):
        filled.bring(kind, unknown, currency="EUR", accepted=accepted, **chosen)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("customers", "code,name,status\nC7,Elm,x\n"),
        ("activities", "customer,date,kind,status\nC1,2026-01-05,visit,x\n"),
        ("facts", "customer,field,value,date,status\nC1,debt_ratio,0.4,2026-01-05,x\n"),
        ("people", "email,name,status\na@x.com,Ann,x\n"),
        ("rates", "date,currency,rate,status\n2026-01-05,USD,0.9,x\n"),
    ],
)
@on_sqlite
def test_every_kind_says_that_its_rows_are_left_out(filled: Book, kind: str, content: str) -> None:
    with pytest.raises(BadInput, match="no rows but those that --only or --skip leave out: 1"):
        filled.bring(kind, content, skip=("status=x",), firm_currency="EUR")
    assert filled.bring(kind, content, skip=("status=x",), firm_currency="EUR", dry_run=True).skipped == 1
