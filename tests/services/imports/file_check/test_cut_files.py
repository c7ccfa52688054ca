"""Files that were cut or put together in the wrong place: values would be read into wrong columns without a word."""

import pytest

from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book

pytestmark = on_sqlite

ORDERS = "order,customer,date,amount,cost\n1,C1,2026-01-05,100,60\n"


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("orders", ORDERS + "order,customer,date,cost,amount\n2,C1,2026-01-06,60,100\n"),
        ("orders", ORDERS + "order no,customer code,cost,total,date\n2,C1,60,100,2026-01-06\n"),
        ("orders", ORDERS + "date,order,customer,amount\n2026-01-06,2,C1,100\n"),
        ("orders", ORDERS + "order,customer,date,cost,currency,amount\n2,C1,2026-01-06,60,EUR,100\n"),
        ("orders", "订单号,客户编号,日期,金额,成本\n1,C1,2026-01-05,9,6\n订单号,客户编号,日期,成本,金额\n2,C1,2026-01-05,6,9\n"),
        ("orders", "Auftragsnummer;Kundennummer;Datum;Betrag;Kosten\n1;C1;05.01.2026;9,00;6,00\nAuftragsnummer;Kundennummer;Datum;Kosten;Betrag\n2;C1;05.01.2026;6,00;9,00\n"),
        (
            "invoices",
            "invoice,customer,date,due,paid,amount\n1,C1,2026-01-05,2026-02-05,,5\n"
            "invoice,customer,date,paid,due,amount\n2,C1,2026-01-05,2026-02-01,2026-02-05,5\n",
        ),
        ("facts", "customer,field,value,date\nC1,annual_sales,5,2026-01-05\ncustomer,field,date,value\nC1,aum,2026-01-05,5\n"),
    ],
)  # fmt: skip
def test_a_second_header_with_other_columns_is_refused(filled: Book, kind: str, content: str) -> None:
    asked = filled.ask(kind, content, currency="EUR")
    assert asked.keys() == {"second-header"}
    assert asked["second-header"].startswith("Line 3 is a header of its own, with other columns (")


@pytest.mark.parametrize(
    "row", ["2,C2,2026-01-06,100,60\n", "order,customer,date,amount,cost\n", "total,,,100,60\n"]
)
def test_rows_and_repeated_headers_are_no_other_header(filled: Book, row: str) -> None:
    assert filled.bring("orders", ORDERS + row, dry_run=True).open_findings == ()


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("note", ["100,50", "200,75", "1200,00"]),  # 100,50 with a comma for decimals
        ("remark", ["900.00", "1,234.50", "120.00"]),
        ("备注", ["1,234", "2,000"]),
        ("Bemerkung", ["100,50", "99"]),
        ("comments", ["-100,50", "$12,00"]),
    ],
)
def test_amounts_that_are_cut_by_their_comma_are_asked_about(
    filled: Book, header: str, rows: list[str]
) -> None:
    content = f"order,customer,date,amount,{header}\n"
    content += "".join(f"{n},C1,2026-01-0{n},{row}\n" for n, row in enumerate(rows, start=1))
    assert filled.ask("orders", content, currency="USD").keys() == {"split-amounts"}
    report = filled.bring("orders", content, currency="USD", accepted=("split-amounts",))
    assert report.accepted == len(rows)


def test_the_question_shows_both_parts(filled: Book) -> None:
    content = "invoice,customer,date,due,paid,amount,note\n1,C1,2026-01-05,2026-02-05,,1,234.50\n"
    assert filled.ask("invoices", content, currency="EUR") == {
        "split-amounts": "Amounts seem to be cut in two by their comma. Rows with a number in the column 'note', after "
        "'amount': 1 (line 2: '1' and '234.50'). Export the file with quotation marks around the amounts, or with "
        "semicolons between the cells; --yes split-amounts takes them as they are."
    }


@pytest.mark.parametrize(
    "content",
    [
        "order,customer,date,amount,note\n1,C1,2026-01-05,100.00,12\n",  # the amount has its decimals
        "order,customer,date,amount,note\n1,C1,2026-01-05,100,12\n2,C1,2026-01-05,100,see mail\n",
        "order,customer,date,amount,note\n1,C1,2026-01-05,100,4711\n",
        "order,customer,date,amount,units\n1,C1,2026-01-05,100,12\n",
        "order;customer;date;amount;note\n1;C1;2026-01-05;100;12\n",
        "order,customer,date,amount,\n1,C1,2026-01-05,100,\n",
    ],
)
def test_notes_and_quantities_are_no_rests_of_amounts(filled: Book, content: str) -> None:
    report = filled.bring("orders", content, dry_run=True)
    assert "split-amounts" not in {one.type.name for one in report.findings}
