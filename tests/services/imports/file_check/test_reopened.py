"""An invoice that the book has as paid is opened by a file that says so, and by no empty cell."""

from typing import Any

import pytest

from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book

EUR: Any = {"currency": "EUR"}
HEADER = "invoice_no,customer,date,due,paid,amount"
DAY = "2026-02-01"


def invoice(number: str, paid: str, rest: str) -> str:
    return f"{number},C1,2026-01-05,2026-02-05,{paid},100,{rest}\n"


def paid_days(book: Book) -> dict[str, str | None]:
    return dict(book.rows("SELECT external_id, paid_on FROM invoice ORDER BY external_id"))


@pytest.fixture
def paid(filled: Book) -> Book:
    """A book whose invoices I1 and I2 of 100.00 are paid, and I3 is open."""
    content = (
        f"{HEADER},balance\n" + invoice("I1", DAY, "0") + invoice("I2", DAY, "0") + invoice("I3", "", "100")
    )
    filled.bring("invoices", content, columns={"still_open": "balance"}, **EUR)
    assert paid_days(filled) == {"I1": DAY, "I2": DAY, "I3": None}
    return filled


@pytest.mark.parametrize(
    ("field", "column", "part", "whole"),
    [
        ("still_open", "balance", "40", "0"),
        ("still_open", "balance", "100", "0"),
        ("still_open", "balance", "0.01", ""),
        ("paid_so_far", "received", "60", "100"),
        ("paid_so_far", "received", "0", "100"),
    ],
)
@pytest.mark.parametrize("day", [DAY, ""])
@on_sqlite
def test_a_rest_that_came_back_opens_a_paid_invoice(
    paid: Book, field: str, column: str, part: str, whole: str, day: str
) -> None:
    before = paid.everything(without=("import_batch", "import_answer", "column_mapping", "audit_entry"))
    rows = invoice("I1", day, part) + invoice("I2", DAY, whole)
    columns = {"still_open": "-"} | {field: column}
    content = f"{HEADER},{column}\n{rows}"
    preview = paid.bring("invoices", content, columns=columns, dry_run=True, **EUR)
    report = paid.bring("invoices", content, columns=columns, **EUR)
    for one in (preview, report):
        assert (one.created, one.changed, one.unchanged) == (0, 1, 1)
    assert paid_days(paid) == {"I1": None, "I2": DAY, "I3": None}
    assert paid.bring("invoices", content, columns=columns, **EUR).changed == 0
    paid.undo(report.batch_id)
    assert (
        paid.everything(without=("import_batch", "import_answer", "column_mapping", "audit_entry")) == before
    )


def test_what_opens_and_what_pays_stand_in_one_file(paid: Book) -> None:
    rows = invoice("I1", DAY, "40") + invoice("I2", DAY, "0") + invoice("I3", "2026-03-01", "0")
    report = paid.bring("invoices", f"{HEADER},balance\n{rows}", **EUR)
    assert report.changed == 2
    assert paid_days(paid) == {"I1": None, "I2": DAY, "I3": "2026-03-01"}
    paid.undo(report.batch_id)
    assert paid_days(paid) == {"I1": DAY, "I2": DAY, "I3": None}


@on_sqlite
def test_lines_of_an_open_invoice_open_it(paid: Book) -> None:
    rows = (invoice("I1", "", "25") * 2).replace(",100,", ",50,")
    report = paid.bring("invoices", f"{HEADER},balance\n{rows}", kind_options={"lines": True}, **EUR)
    assert report.changed == 1
    assert paid_days(paid)["I1"] is None


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("I1", ""), ("I2", DAY)], "1 (the first is 'I1', line 2, paid on 2026-02-01)"),
        ([("I3", ""), ("I1", ""), ("I2", "")], "2 (the first is 'I1', line 3, paid on 2026-02-01)"),
        ([("I1", DAY), ("I3", "")], ""),
        ([("I1", "2026-02-03")], ""),
        ([("I9", "")], ""),
    ],
)
@on_sqlite
def test_a_known_payment_that_is_missing_is_said_and_stays(
    paid: Book, rows: list[tuple[str, str]], said: str
) -> None:
    content = f"{HEADER},balance\n" + "".join(invoice(number, day, "") for number, day in rows)
    report = paid.bring("invoices", content, **EUR)
    noted = [one.text() for one in report.findings if one.type.name == "paid-before"]
    assert [said] * bool(said) == [said for text in noted if said in text]
    assert len(noted) == bool(said)
    assert paid_days(paid)["I2"] == DAY
    assert paid_days(paid)["I1"] in (DAY, "2026-02-03")


@on_sqlite
def test_another_source_has_payments_of_its_own(paid: Book) -> None:
    content = f"{HEADER},balance\n" + invoice("I1", "", "100").replace(",100,", ",70,")
    report = paid.bring("invoices", content, source="shop", **EUR)
    assert not [one for one in report.findings if one.type.name == "paid-before"]
