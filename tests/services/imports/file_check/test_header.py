"""Where the header is, and reports that are no list."""

from typing import Any

import pytest

from bot.errors import BadInput
from bot.services.imports.check.findings import OpenFindings
from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book

pytestmark = on_sqlite
ORDER = "1,C1,2026-01-02,5\n"
HEADER = "order_no,customer,date,amount\n"
GROUPED = (
    'Harbour Supplies LLC,,,,\nSales by Customer Detail,,,,\n"January - December, 2025",,,,\n,,,,\n'
    'Customer ID,Date,Num,Memo,Amount\nC1,,,,\n,01/15/2025,1001,Widgets,"1,200.00"\n,02/20/2025,1002,Widgets,300.00\n'
    'Total for C1,,,,"$1,500.00"\nC2,,,,\n,03/05/2025,1003,Gadgets,80.00\nTotal for C2,,,,$80.00\nTOTAL,,,,"$1,580.00"\n'
)


@pytest.mark.parametrize(
    ("titles", "line", "first"),
    [
        ("Sales 2026\n", 2, "Sales 2026"),
        ("Sales 2026,,,\n", 2, "Sales 2026"),
        ("Harbour, Supplies\n\nJanuary, 2026\n", 4, "Harbour, Supplies"),
        ('"January - December, 2025",,,\n,,,\n', 3, "January - December, 2025"),
        ("Customer:,C1,,\nPeriod:,2026-01-01,2026-01-31,\n\n\n", 5, "Customer:,C1"),
        ("Harbour; Supplies; Ltd; 2026; all\n", 2, "Harbour; Supplies; Ltd; 2026; all"),
        ("# exported 2026-01-31\n# by mia\n", 3, "# exported 2026-01-31"),
        ("销售明细表\n单位：欧元,,,\n", 3, "销售明细表"),
        ('A title with a " in it\n', 2, 'A title with a " in it'),
        ("Total,5\n", 2, "Total,5"),
    ],
)
def test_titles_above_the_header_are_left_out_and_said(
    filled: Book, titles: str, line: int, first: str
) -> None:
    report = filled.bring("orders", titles + HEADER + ORDER)
    assert (report.rows, report.accepted) == (1, 1)
    (note,) = report.findings
    assert note.type.name == "header-line"
    assert note.text().startswith(
        f"The header is line {line}; lines above it that are left out: {line - 1} (line 1: {first})."
    )


@pytest.mark.parametrize("above", ["\n\n", ",,,\n", "sep=,\n"])
def test_nothing_above_the_header_is_nothing_to_say(filled: Book, above: str) -> None:
    report = filled.bring("orders", above + HEADER + ORDER)
    assert (report.accepted, report.findings) == (1, ())


def test_lines_of_rejected_rows_are_those_of_the_file(filled: Book) -> None:
    report = filled.bring("orders", "Sales 2026\n\n" + HEADER + ORDER + "2,C9,2026-01-02,5\n")
    assert [reject.line for reject in report.first_rejects] == [5]


def test_the_separator_is_that_of_the_header_not_of_the_titles(filled: Book) -> None:
    report = filled.bring("orders", "Sales, all, of, 2026, by, day\n" + (HEADER + ORDER).replace(",", ";"))
    assert (report.delimiter, report.accepted) == ("semicolon", 1)


def test_a_header_that_is_known_by_map_is_found_below_titles(filled: Book) -> None:
    content = "Sales 2026\n\nNr,Debtor,Tag,Sum of it\n" + ORDER
    columns = {"order_no": "Nr", "customer": "Debtor", "date": "Tag", "amount": "Sum of it"}
    report = filled.bring("orders", content, columns=columns, source="erp")
    assert (report.accepted, report.columns) == (1, columns)
    assert filled.bring("orders", content, source="erp").columns == columns


def test_the_columns_below_a_title_are_named_where_none_is_known(filled: Book) -> None:
    with pytest.raises(BadInput, match="Its columns are: Nr, Debtor, Tag, Sum of it"):
        filled.bring("orders", "Sales 2026\nNr,Debtor,Tag,Sum of it\n" + ORDER)


def test_a_header_line_that_is_given_is_taken(filled: Book) -> None:
    content = "code,name\nold,title\n客户编号,客户名称\nN1,North\n"
    assert filled.bring("customers", content, source="crm", header_line=3).rows == 1
    assert filled.rows("SELECT code FROM customer WHERE id > 2") == [("N1",)]
    again = filled.bring("customers", content.replace("N1", "N2"), source="crm")
    assert (again.remembered, again.rows) == ({"header_line": 3}, 1)
    with pytest.raises(BadInput, match="--header-line 9: there is no text on this line"):
        filled.bring("customers", content, header_line=9)


def test_a_header_of_two_lines_is_joined(filled: Book) -> None:
    content = "Customer,,Order,,\nCode,Phone,No,Date,Amount\nC1,555,7,2026-01-02,5\n"
    report = filled.bring("orders", content)
    assert report.columns == {
        "order_no": "Order No",
        "customer": "Customer Code",
        "date": "Order Date",
        "amount": "Order Amount",
    }
    assert report.ignored_columns == ("Customer Phone",)
    assert filled.rows("SELECT external_id FROM customer_order") == [("7",)]


def test_a_second_header_line_in_another_language_is_left_out(filled: Book) -> None:
    report = filled.bring("customers", "code,name,region\n编号,名称,地区\nN1,North,West\n")
    assert (report.accepted, report.skipped) == (1, 1)


def test_a_row_of_known_words_is_no_header(filled: Book) -> None:
    report = filled.bring("customers", "code,name\nN1,North\nN2,customer\nID,company\n")
    assert report.rows == 3


def test_one_known_word_makes_no_header(filled: Book) -> None:
    with pytest.raises(BadInput, match="Its columns are: Kd, Wer"):
        filled.bring("customers", "Kd,Wer\nN1,company\nN2,South\n")


@pytest.mark.parametrize("options", [{}, {"columns": {"order_no": "Num"}}], ids=["as it is", "mapped"])
def test_a_report_with_groups_is_refused_by_name(filled: Book, options: dict[str, Any]) -> None:
    with pytest.raises(OpenFindings) as refused:
        filled.bring("orders", GROUPED, **options)
    text = refused.value.text()
    assert (
        "grouped-report: This is a report with groups, not a list: line 6 (C1) is the title of the rows below"
        in text
    )
    assert "'Customer ID' is empty" in text
    assert "fill the titles down in a spreadsheet" in text
    assert filled.rows("SELECT * FROM customer_order") == []


@pytest.mark.parametrize(
    "content",
    [
        ",Date,Num,Amount\nC1,,,\n,2026-01-02,1,5\n,2026-01-03,2,5\nTotal C1,,,10\n",
        "customer,order_no,date,amount\nNorth,,,\nC1,,,\n,1,2026-01-02,5\n,2,2026-01-02,5\n",
        "客户编号,订单编号,日期,金额\nC1,,,\n,1,2026-01-02,5\n小计,,,5\nC2,,,\n,2,2026-01-02,5\n小计,,,5\n合计,,,10\n",
    ],
)
def test_other_reports_with_groups_are_refused_too(filled: Book, content: str) -> None:
    with pytest.raises(OpenFindings, match="grouped-report"):
        filled.bring("orders", content)


def test_a_list_with_an_empty_column_and_notes_is_no_report_with_groups(filled: Book) -> None:
    content = (
        "note,order_no,customer,date,amount\n,1,C1,2026-01-02,5\nhm,,,,\n,2,C1,2026-01-02,5\n3 rows,,,,\n"
    )
    report = filled.bring("orders", content)
    assert (report.accepted, report.rejected, report.skipped) == (2, 1, 1)


@pytest.mark.parametrize(
    ("header", "named"),
    [
        ("customer,Jan,Feb,Mar,Apr,May", "Jan, Feb, Mar, Apr, ..."),
        ("customer,2025-01,2025-02", "2025-01, 2025-02"),
        ("客户编号,1月,2月,3月", "1月, 2月, 3月"),
        ("客户编号,2025年1月,2025年2月", "2025年1月, 2025年2月"),
        ("customer,Q1 2025,Q2 2025", "Q1 2025, Q2 2025"),
        ("customer,2024,2025", "2024, 2025"),
        ("customer,January,February", "January, February"),
        ("customer,Mär 25,Apr 25,Mai 25", "Mär 25, Apr 25, Mai 25"),
    ],
)
def test_a_pivot_table_is_refused_by_name(filled: Book, header: str, named: str) -> None:
    with pytest.raises(OpenFindings) as refused:
        filled.bring("orders", f"{header}\nC1,{','.join('5' * header.count(','))}\n")
    assert (
        f"refusal pivot-table: This is a pivot table: it has a column for each period ({named})."
        in refused.value.text()
    )


def test_columns_of_months_beside_a_list_are_only_ignored(filled: Book) -> None:
    assert filled.bring("customers", "code,name,Jan,Feb,Mar\nN1,North,1,2,3\n").accepted == 1
    assert (
        filled.bring("orders", "order_no,customer,date,amount,Jan,Feb\n1,C1,2026-01-02,5,1,2\n").accepted == 1
    )


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("customers", "N1,North\nN2,West\n"),
        ("orders", "1001,C1,2026-01-02,5\n1002,C1,2026-01-03,6\n"),
        ("people", "ann@b.co,Ann\nbob@b.co,Bob\n"),
    ],
)
def test_a_file_without_a_header_says_so(filled: Book, kind: str, content: str) -> None:
    first = content.splitlines()[0].replace(",", ", ")
    with pytest.raises(BadInput) as refused:
        filled.bring(kind, content)
    assert (
        f"its first line is data, not a header ({first}). Write a line with the names" in refused.value.text()
    )


@pytest.mark.parametrize(
    ("before", "commas", "line"),
    [("code,name", 15_000_000, 1), ("Customers\ncode,name", 15_000_000, 2), ("code,name", 20_000, 1)],
    ids=["header", "below a title", "just too many"],
)
def test_a_header_wider_than_a_worksheet_is_refused_before_its_columns_are_compared(
    filled: Book, before: str, commas: int, line: int
) -> None:
    with pytest.raises(BadInput, match=f"line {line}: it has more than 20,000 columns"):
        filled.bring("customers", f"{before}{',' * commas}\nC1,ACME\n")


def test_a_header_of_many_columns_is_read(filled: Book) -> None:
    report = filled.bring("customers", f"code,name{',x' * 2_000}\nC77,ACME{',1' * 2_000}\n")
    assert report.inserted == 1
