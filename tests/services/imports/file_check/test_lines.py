"""Lines that are no rows: repeated headers, totals, notes and rules are left out, counted and said; customers stay."""

import pytest

from bot.cli.output import presentation
from bot.errors import BadInput
from bot.services.imports import ImportReport
from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book

pytestmark = on_sqlite
ORDERS = "order_no,customer,date,amount\n"


def noted(report: ImportReport) -> dict[str, tuple[int, int]]:
    """Name -> (count, first line) of what was left out."""
    return {
        one.type.name: (one.values["count"], one.values["line"])
        for one in report.findings
        if "count" in one.values
    }


def codes(book: Book) -> list[str]:
    return [code for (code,) in book.rows("SELECT code FROM customer ORDER BY id")]


def numbers(book: Book) -> list[str]:
    return [number for (number,) in book.rows("SELECT external_id FROM customer_order ORDER BY id")]


def test_two_exports_joined_into_one_file_repeat_the_header(book: Book) -> None:
    report = book.bring("customers", "code,name\nN1,North One\ncode,name\nN2,North Two\n")
    assert (report.rows, report.accepted, report.rejected, report.skipped) == (3, 2, 0, 1)
    assert codes(book) == ["N1", "N2"]
    text = "Lines that repeat the header are left out: 1, the first is line 3."
    assert [one.text() for one in report.findings] == [text]
    assert presentation.import_json(report)["skipped"] == 1
    assert "0 rejected, 1 left out." in "\n".join(presentation.import_lines(report))


@pytest.mark.parametrize(
    ("kind", "content", "first"),
    [
        ("customers", "Code,Name\nN1,North\nCODE , name\n", 3),
        ("customers", "客户编号,客户名称,行业\nN1,North,\n客户编号,客户名称,行业\n", 3),
        ("customers", "code,name,industry\n客户编号,客户名称,行业\nN1,North,\n", 2),
        ("customers", "code,name,\nN1,North,\ncode,name,\n", 3),
        ("orders", ORDERS + ORDERS + "1,C1,2026-01-02,5\n", 2),
        ("orders", ORDERS + "1,C1,2026-01-02,5\n订单编号,客户编号,日期,金额\n", 3),
        ("activities", "customer,date,kind\nC1,2026-01-02,call\nCustomer,Date,Kind\n", 3),
        ("facts", "customer,field,value,date\nC1,debt_ratio,0.4,2026-01-02\ncustomer,field,value,date\n", 3),
        ("people", "email,name\na@b.co,Ann\nemail,name\n", 3),
        ("teams", "name\nEast\nname\n", 3),
    ],
)
def test_a_repeated_header_is_left_out_in_every_kind(
    filled: Book, kind: str, content: str, first: int
) -> None:
    report = filled.bring(kind, content)
    assert (report.accepted, report.rejected, report.skipped) == (1, 0, 1)
    assert noted(report) == {"repeated-header": (1, first)}


@pytest.mark.parametrize(
    "line",
    [
        "Total,,,11",
        "TOTAL:,,,11.00",
        "Grand Total,,,11",
        "Sub-total,,,11",
        "合计,,,11",
        "合 计：,,,11",
        "总计,,,11",
        "本页小计,,,11",
        "本年累计,,,11",
        "期初余额,,,11",
        "Summe,,,11",
        "Gesamtsumme,,,11",
        "Zwischensumme,,,11",
        "Somme,,,11",
        ",,,",
        ",小计,,11",
        ",C1,Total,11",
        "Total for C1,,,11",
        "Total 11.00,,,",
        "C1 小计,,,11",
        ",C1 Total,,11",
        ",Total C1,,11",
        "合计（元）,,,11",
        "Total",
    ],
)
def test_a_total_is_left_out(filled: Book, line: str) -> None:
    report = filled.bring("orders", f"{ORDERS}1,C1,2026-01-02,5\n2,C1,2026-01-03,6\n{line}\n")
    assert (report.accepted, report.rejected) == (2, 0)
    blank = line == ",,,"
    assert (report.skipped, report.blank_rows) == ((0, 1) if blank else (1, 0))
    assert noted(report) == ({} if blank else {"total-lines": (1, 4)})
    assert numbers(filled) == ["1", "2"]


def test_a_total_with_a_customer_and_a_date_is_no_order(filled: Book) -> None:
    report = filled.bring("orders", ORDERS + "1,C1,2026-01-02,5\n小计,C1,2026-01-31,5\n")
    assert (report.accepted, report.skipped) == (1, 1)


def test_a_total_of_customers_may_have_a_remark(book: Book) -> None:
    report = book.bring("customers", "code,name,region\nN1,North,West\n合计,,全部地区\n")
    assert (report.accepted, report.rejected, report.skipped) == (1, 0, 1)


def test_totals_after_each_group_are_counted(filled: Book) -> None:
    content = ORDERS + "1,C1,2026-01-02,5\n小计,,,5\n2,C2,2026-01-02,6\n小计,,,6\n合计,,,11\n"
    report = filled.bring("orders", content)
    assert (report.rows, report.accepted, report.rejected, report.skipped) == (5, 2, 0, 3)
    assert noted(report) == {"total-lines": (3, 3)}


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("T1", "Total Energies"),
        ("T2", "Summe GmbH"),
        ("TOTAL", "Total SA"),
        ("SUM-001", "Sum Sang"),
        ("Total", "TotalEnergies SE"),
        ("T3", "Total"),
        ("T4", "合计科技有限公司"),
        ("T5", "Page 1 Books"),
        ("#1001", "Hash Ltd"),
        ("T6", "Generated Music"),
    ],
)
def test_a_customer_whose_name_sounds_like_a_total_stays(book: Book, code: str, name: str) -> None:
    report = book.bring("customers", f"code,name,region\n{code},{name},West\n")
    assert (report.accepted, report.skipped) == (1, 0)
    assert book.rows("SELECT code, name FROM customer") == [(code, name)]


def test_a_customer_without_its_code_is_rejected_not_taken_for_a_total(book: Book) -> None:
    report = book.bring("customers", "name,code\nTotal Energies,\nPrinted Matter Ltd,\n")
    assert (report.rejected, report.skipped) == (2, 0)


@pytest.mark.parametrize(
    "line",
    [
        "# exported by crm",
        "# exported 2026-01-05,by,mia,",
        "#",
        "// end",
        "-- end of list",
        "----,----,----,----",
        "====,====,====,====",
        "----+----+----+----",
        "(3 rows)",
        "3 rows",
        "(3 rows selected)",
        "2 Datensätze",
        "共 3 条",
        "共3条记录,,,",
        "第1页 共2页",
        "Page 1 of 2",
        "Seite 1 von 2,,,",
        "制表人：张三,,,审核：李四",
        "打印日期：2026-01-31,,,",
        "导出时间: 2026-01-31 08:00,,,",
        "Generated by: ReportServer",
        "Printed on 2026-01-31,,,",
        "Erstellt am 31.01.2026",
        "*** End of report ***",
        "\x1a",
    ],
)
def test_a_note_about_the_file_is_left_out(filled: Book, line: str) -> None:
    report = filled.bring("orders", f"{ORDERS}1,C1,2026-01-02,5\n{line}\n")
    assert (report.accepted, report.rejected, report.skipped) == (1, 0, 1)
    assert noted(report) == {"note-lines": (1, 3)}


@pytest.mark.parametrize(
    "line", ["制表人,张三", "打印日期：2026-01-31,张三", "# exported,by mia", "合计,128", "Total,2"]
)
def test_a_note_that_fills_all_columns_makes_no_customer(book: Book, line: str) -> None:
    report = book.bring("customers", f"code,name\nN1,North\n{line}\n")
    assert (report.accepted, report.rejected, report.skipped) == (1, 0, 1)
    assert codes(book) == ["N1"]


def test_a_row_that_only_lacks_something_is_rejected(filled: Book) -> None:
    report = filled.bring(
        "orders", ORDERS + "SUM-001,C1,,5\nTOTAL1,C1,,5\n1,,2026-01-02,5\n#1001,,2026-01-02,5\n"
    )
    assert (report.rejected, report.skipped) == (4, 0)


def test_a_file_of_nothing_but_totals_has_no_rows(book: Book) -> None:
    with pytest.raises(BadInput, match="has a header but no rows"):
        book.bring("customers", "code,name\nTotal,\n")
