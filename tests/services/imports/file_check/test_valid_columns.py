"""A column whose *no* means that a row does not count is asked about, in every kind that has such columns."""

import pytest

from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book

pytestmark = on_sqlite

FILES = {
    "orders": ("order,customer,date,amount", "{n},C1,2026-01-0{n},100"),
    "invoices": ("invoice_no,customer,date,due,paid,amount,currency", "{n},C1,2026-01-0{n},2026-02-01,,100,EUR"),
    "facts": ("customer,field,value,date", "C{n},annual_sales,5,2026-01-05"),
    "activities": ("customer,date,kind", "C{n},2026-01-05,visit"),
    "joins": ("customer,into", "C{n},C9"),
}  # fmt: skip


def rows_of(kind: str, header: str, first: str, second: str) -> str:
    columns, row = FILES[kind]
    return f"{columns},{header}\n{row.format(n=1)},{first}\n{row.format(n=2)},{second}\n"


@pytest.mark.parametrize(
    ("kind", "header", "yes", "no"),
    [
        ("orders", "valid", "yes", "no"),
        ("orders", "Confirmed", "TRUE", "FALSE"),
        ("orders", "posted", "1", "0"),
        ("orders", "审核", "Y", "N"),
        ("orders", "是否有效", "是", "否"),
        ("orders", "gebucht", "ja", "nein"),
        ("orders", "active", "Y", "N"),
        ("orders", "delivered_qty", "12", "0"),
        ("orders", "实发数量", "3", "0.00"),
        ("orders", "Liefermenge", "1.200", "0"),
        ("orders", "shipped", "yes", "no"),
        ("orders", "shipped", "100%", "0%"),
        ("invoices", "QtyDelivered", "3", "0"),
        ("orders", "是否发货", "是", "否"),
        ("invoices", "posted", "yes", "no"),
        ("invoices", "是否有效", "是", "否"),
        ("facts", "verified", "true", "false"),
        ("facts", "是否有效", "是", "否"),
        ("activities", "是否有效", "是", "否"),
        ("activities", "justified", "yes", "no"),
        ("activities", "berechtigt", "ja", "nein"),
        ("joins", "decision", "yes", "no"),
        ("joins", "Match", "TRUE", "FALSE"),
        ("joins", "是否合并", "是", "否"),
        ("joins", "decision", "merge", "keep separate"),
    ],
)
def test_a_no_is_asked_about_and_left_out_by_the_option(
    filled: Book, kind: str, header: str, yes: str, no: str
) -> None:
    if kind == "joins":
        filled.bring("customers", "code,name\nC9,Nine\n")
    content = rows_of(kind, header, yes, no)
    word = f'"{no}"' if " " in no else no
    assert f"--skip {header}={word} (--only" in filled.ask(kind, content)["status-column"]
    report = filled.bring(kind, content, skip=(f"{header}={no}",))
    assert (report.accepted, report.skipped) == (1, 1)


@pytest.mark.parametrize(
    ("kind", "header", "first", "second"),
    [
        ("orders", "valid", "yes", "yes"),
        ("orders", "审核", "张三", "李四"),
        ("orders", "on hold", "no", "no"),
        ("invoices", "posted", "1", "1"),
        ("facts", "verified", "true", "true"),
        ("joins", "decision", "yes", "merge"),
        ("activities", "justified", "yes", "yes"),
    ],
)
def test_rows_that_all_count_are_no_question(
    filled: Book, kind: str, header: str, first: str, second: str
) -> None:
    if kind == "joins":
        filled.bring("customers", "code,name\nC9,Nine\n")
    report = filled.bring(kind, rows_of(kind, header, first, second))
    assert (report.accepted, report.findings) == (2, ())


@pytest.mark.parametrize(
    ("kind", "header", "no", "yes"),
    [
        ("orders", "on hold", "no", "yes"),
        ("orders", "blocked", "0", "1"),
        ("orders", "Gesperrt", "", "X"),
        ("orders", "是否暂停", "否", "是"),
        ("invoices", "on hold", "no", "yes"),
        ("facts", "no longer valid", "no", "yes"),
        ("facts", "已失效", "否", "是"),
    ],
)
def test_a_yes_that_holds_a_row_back_is_asked_about(
    filled: Book, kind: str, header: str, no: str, yes: str
) -> None:
    asked = filled.ask(kind, rows_of(kind, header, no, yes))
    assert f"={yes} (--only" in asked["status-column"]


@pytest.mark.parametrize(
    ("header", "there", "gone"),
    [
        ("active", "Y", "N"),
        ("enabled", "1", "0"),
        ("是否合作", "是", "否"),
        ("in use", "yes", "no"),
        ("Kunde aktiv", "ja", "nein"),
        ("Sperrkennzeichen", "", "X"),
        ("blocked", "no", "yes"),
        ("contract end", "", "2025-01-31"),
        ("Contract End Date", "2027-01-31", "2026-06-14"),
        ("合同到期日", "2026-12-31", "2025-12-31"),
        ("Vertragsende", "", "31.01.2025"),
        ("deceased", "no", "yes"),
        ("Insolvenz", "", "ja"),
    ],
)
def test_customers_that_have_ended_are_asked_about_and_end_by_the_option(
    book: Book, header: str, there: str, gone: str
) -> None:
    content = f"code,name,{header}\nK1,Foo,{there}\nK2,Bar,{gone}\n"
    column = f'"{header}"' if " " in header else header
    assert f"--map ended={column} to end these customers" in book.ask("customers", content)["ended-column"]
    book.bring("customers", content, columns={"ended": header})
    assert book.rows("SELECT code, archived FROM customer ORDER BY code") == [("K1", 0), ("K2", 1)]


@pytest.mark.parametrize(
    ("header", "cells"), [("contract end", ("2027-01-31", "")), ("active", ("Y", "yes")), ("blocked", ("", "no"))]
)  # fmt: skip
def test_customers_that_go_on_are_no_question(book: Book, header: str, cells: tuple[str, str]) -> None:
    report = book.bring("customers", f"code,name,{header}\nK1,Foo,{cells[0]}\nK2,Bar,{cells[1]}\n")
    assert (report.accepted, report.findings) == (2, ())
