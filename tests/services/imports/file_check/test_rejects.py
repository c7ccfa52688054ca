"""What the product writes, it reads: a rejects file comes back as it is, in every kind."""

import csv
import io
from typing import Any

import pytest

from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book

pytestmark = on_sqlite
# Kind -> a file with one bad row, what makes it a good one, and what must be in the book then.
COME_BACK: dict[str, tuple[str, tuple[str, str], str, list[tuple[Any, ...]]]] = {
    "customers": (
        "code,name,owner\nN1,North,\nN2,-South,ann@b.co\n",
        ("people", "email,name\nann@b.co,Ann\n"),
        "SELECT code, name FROM customer WHERE id > 2 ORDER BY id",
        [("N1", "North"), ("N2", "-South")],
    ),
    "orders": (
        "Order No,Customer,Date,Sales\n1,C1,2026-01-02,5\n2,C99,2026-01-02,-7\n",
        ("customers", "code,name\nC99,New\n"),
        "SELECT external_id, code, amount / 10000 FROM customer_order o JOIN customer c ON c.id = customer_id",
        [("1", "C1", 5), ("2", "C99", -7)],
    ),
    "order-lines": (
        "order_no,line,product_type,amount\n7,1,+x,5\n8,2,=y,6\n",
        ("orders", "order_no,customer,date,amount\n8,C1,2026-01-02,5\n"),
        "SELECT line, product_type FROM order_line ORDER BY id",
        [("1", "+x"), ("2", "=y")],
    ),
    "invoices": (
        "invoice_no,customer,date,due,paid,amount\n1,C1,2026-01-02,2026-02-02,,5\n2,C99,2026-01-02,2026-02-02,,-5\n",
        ("customers", "code,name\nC99,New\n"),
        "SELECT external_id FROM invoice ORDER BY id",
        [("1",), ("2",)],
    ),
    "activities": (
        'customer,date,kind,note\nC1,2026-01-02,call,\nC99,2026-01-02,call,"=two\nlines"\n',
        ("customers", "code,name\nC99,New\n"),
        "SELECT kind, note FROM activity ORDER BY id",
        [("call", None), ("call", "=two\nlines")],
    ),
    "facts": (
        "customer,field,value,date\nC1,debt_ratio,0.4,2026-01-05\nC99,debt_ratio,0.5,2026-01-05\n",
        ("customers", "code,name\nC99,New\n"),
        "SELECT value FROM fact ORDER BY id",
        [("0.4",), ("0.5",)],
    ),
    "teams": (
        "name,lead\nEast,\n@West,ann@b.co\n",
        ("people", "email,name\nann@b.co,Ann\n"),
        "SELECT name FROM team ORDER BY id",
        [("East",), ("@West",)],
    ),
}  # fmt: skip


def prepared(book: Book, kind: str) -> Book:
    if kind == "order-lines":
        book.bring("orders", "order_no,customer,date,amount\n7,C1,2026-01-02,5\n")
    return book


def as_spreadsheet(content: bytes, *, encoding: str, delimiter: str) -> bytes:
    """The file after it was opened and saved again."""
    rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=delimiter).writerows(rows)
    return written.getvalue().encode(encoding)


@pytest.mark.parametrize(
    ("encoding", "delimiter"), [("utf-8-sig", ","), ("utf-8", ";"), ("utf-16", "\t"), ("gb18030", ",")]
)
@pytest.mark.parametrize("kind", COME_BACK)
def test_a_rejects_file_comes_back(filled: Book, kind: str, encoding: str, delimiter: str) -> None:
    content, (other, remedy), sql, stored = COME_BACK[kind]
    prepared(filled, kind)
    first = filled.bring(kind, content, currency="EUR")
    assert (first.accepted, first.rejected) == (1, 1)
    assert first.rejects_file is not None
    rejects = as_spreadsheet(first.rejects_file.read_bytes(), encoding=encoding, delimiter=delimiter)
    filled.bring(other, remedy)
    again = filled.bring(kind, rejects, currency="EUR")
    assert (again.rows, again.accepted, again.rejected) == (1, 1, 0)
    assert set(again.columns.values()) == set(first.columns.values())
    assert [tuple(map(_as_int, row)) for row in filled.rows(sql)] == [
        tuple(map(_as_int, row)) for row in stored
    ]


def _as_int(value: Any) -> Any:
    return int(value) if isinstance(value, float) else value


@pytest.mark.parametrize(
    ("kind", "content", "wrong", "right"),
    [
        ("people", "email,name,role\n=x,Ann,viewer\nb@b.co,Bo,viewer\n", "'=x,Ann", "ann@b.co,Ann"),
        ("rates", "date,currency,rate\n2026-01-02,USD,x\n2026-01-02,GBP,9\n", "USD,x", "USD,7"),
    ],
)
def test_people_and_rates_come_back_when_they_are_corrected(
    filled: Book, kind: str, content: str, wrong: str, right: str
) -> None:
    first = filled.bring(kind, content, firm_currency="CNY")
    assert first.rejects_file is not None
    written = first.rejects_file.read_text(encoding="utf-8-sig")
    assert written.count(wrong) == 1
    report = filled.bring(kind, written.replace(wrong, right), firm_currency="CNY")
    assert (report.rows, report.accepted, report.columns) == (1, 1, first.columns)


def test_rejected_rows_stay_rejected_and_their_file_is_the_same(filled: Book) -> None:
    content = "order_no,customer,date,amount\n1,C99,2026-01-02,-5\n2,C1\n3,C1,2026-01-02,5,6\n'=4,C98,2026-01-02,5\n"
    first = filled.bring("orders", content)
    assert first.rejects_file is not None
    written = first.rejects_file.read_text(encoding="utf-8-sig")
    again = filled.bring("orders", written)
    assert (again.rows, again.rejected) == (4, 4)
    assert again.rejects_file is not None

    def without_lines(text: str) -> list[list[str]]:
        return [row[1:] for row in csv.reader(io.StringIO(text))]

    assert without_lines(again.rejects_file.read_text(encoding="utf-8-sig")) == without_lines(written)


def test_a_line_with_a_broken_quotation_comes_back_when_it_is_closed(filled: Book) -> None:
    first = filled.bring("customers", 'code,name\nN1,North\nN2,"South\nN3,East\n')
    assert first.rejects_file is not None
    text = first.rejects_file.read_text(encoding="utf-8-sig")
    report = filled.bring("customers", text.replace('""South', '""South""'))
    assert (report.rows, report.accepted) == (1, 1)
    assert filled.rows("SELECT name FROM customer WHERE code = 'N2'") == [("South",)]


def test_columns_that_are_called_so_elsewhere_are_ordinary_ones(filled: Book) -> None:
    content = "line,order_no,customer,date,value,reason\n1,1,C1,2026-01-02,5,x\n"
    report = filled.bring("orders", content)
    assert report.columns["amount"] == "value"
    assert report.ignored_columns == ("line", "reason")
