"""A customer file says who has ended: no grade, no reminders, until the column says no."""

from datetime import timedelta
from typing import Any

import pytest

from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book


def archived(book: Book) -> list[str]:
    return [code for (code,) in book.rows("SELECT code FROM customer WHERE archived ORDER BY code")]


@pytest.mark.parametrize(
    "header", ["ended", "Ended on", "停用", "已流失", "流失日期", "inaktiv seit", "Churned"]
)
@on_sqlite
def test_the_column_is_known_in_three_languages(book: Book, header: str) -> None:
    book.bring("customers", f"code,name,{header}\nC1,Acme,2026-01-31\nC2,Birch,\n")
    assert archived(book) == ["C1"]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        *[
            (cell, True)
            for cell in (
                "yes",
                "Y",
                "TRUE",
                "1",
                "x",
                "ended",
                "已流失",
                "停用",
                "终止",
                "是",
                "ja",
                "gekündigt",
            )
        ],
        *[(cell, False) for cell in ("no", "N", "false", "0", "active", "正常", "否", "nein", "aktiv", "")],
        *[(cell, True) for cell in ("2026-06-15", "2026-06-14", "14.06.2026", "2025年12月31日")],
        *[(cell, False) for cell in ("2026-06-16", "2026-12-31", "2099-01-01")],
    ],
)
@on_sqlite
def test_a_cell_is_a_word_or_a_day(book: Book, cell: str, expected: bool) -> None:
    report = book.bring("customers", f"code,name,ended\nC1,Acme,{cell}\n")
    assert (report.rejected, archived(book)) == (0, ["C1"] * expected)


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("perhaps", "is neither a day nor yes or no"),
        ("31.02.2026", "is not a day of the calendar"),
        ("12345", "looks like an Excel day number"),
    ],
)
@on_sqlite
def test_any_other_cell_is_rejected(book: Book, cell: str, reason: str) -> None:
    report = book.bring("customers", f"code,name,ended\nC1,Acme,{cell}\n")
    assert (report.first_rejects[0].column, report.created) == ("ended", 0)
    assert reason in report.first_rejects[0].reason


def test_a_customer_ends_comes_back_and_each_import_is_taken_back(filled: Book) -> None:
    steps: list[tuple[str, Any]] = [("yes", ["C1"]), ("", ["C1"]), ("no", []), ("2026-06-01", ["C1"])]
    done = []
    for cell, expected in steps:
        report = filled.bring("customers", f"code,name,ended\nC1,Acme,{cell}\n")
        done.append((report, expected))
        assert archived(filled) == expected
    assert [report.changed for report, _ in done] == [1, 0, 1, 1]
    for place in reversed(range(len(done))):
        filled.undo(done[place][0].batch_id)
        assert archived(filled) == (done[place - 1][1] if place else [])


def test_who_ends_is_said_and_who_ends_later_goes_on(filled: Book) -> None:
    content = "code,name,ended\nC1,Acme,yes\nC2,Birch,2026-07-01\nC3,Cedar,yes\nC4,Dogwood,2026-08-01\n"
    report = filled.bring("customers", content, dry_run=True)
    said = [finding.text() for finding in report.findings]
    assert said == [
        "Customers that have ended: 2 (first in line 2). No grade and no reminders until the column says no.",
        "Customers that end on a later day: 2 (line 3: 2026-07-01). They go on until the file is imported again on that day"
        " or after it.",
    ]
    filled.bring("customers", content)
    assert archived(filled) == ["C1", "C3"]
    filled.clock.advance(timedelta(days=20))
    again = filled.bring("customers", content)
    assert archived(filled) == ["C1", "C2", "C3"]
    assert [finding.values["count"] for finding in again.findings] == [1, 1]


@on_sqlite
def test_a_file_without_the_column_ends_nobody_and_brings_nobody_back(filled: Book) -> None:
    filled.bring("customers", "code,name,ended\nC1,Acme,yes\n")
    report = filled.bring("customers", "code,name\nC1,Acme\nC2,Birch\n")
    assert (report.changed, archived(filled), report.findings) == (0, ["C1"], ())


def test_orders_of_an_ended_customer_are_still_its_own(filled: Book) -> None:
    filled.bring("customers", "code,name,ended\nC1,Acme,yes\n")
    for source in ("file", "shop"):
        filled.bring("orders", f"order,customer,date,amount\n{source}-1,C1,2026-01-05,5\n", source=source)
    assert filled.rows("SELECT customer_id FROM customer_order") == [(1,), (1,)]


@pytest.mark.parametrize(
    ("header", "words", "asked"),
    [
        ("Kontoart", ["Debitor", "Kreditor"], "Kreditor"),
        ("Account type", ["Customer", "Vendor"], "Vendor"),
        ("category", ["Key account", "Supplier"], "Supplier"),
        ("类别", ["客户", "供应商"], "供应商"),
        ("客户类型", ["经销商", "竞争对手"], "竞争对手"),  # read as the type of customer
        ("Catégorie", ["client", "Fournisseur"], "Fournisseur"),
    ],
)
@on_sqlite
def test_rows_of_others_than_customers_are_asked_about(
    book: Book, header: str, words: list[str], asked: str
) -> None:
    content = f"code,name,{header}\n" + "".join(f"C{n},Name {n},{word}\n" for n, word in enumerate(words))
    option = f'--skip "{header}"={asked}' if " " in header else f"--skip {header}={asked}"
    assert book.ask("customers", content) == {
        "not-customers": f"The column '{header}' says that some rows are no customers: {asked} 1 (line 3), {words[0]} 1. Leave"
        f" them out: {option}; --yes not-customers: all of them are customers."
    }
    assert book.bring("customers", content, accepted=("not-customers",), dry_run=True).accepted == 2
    assert book.bring("customers", content, skip=(f"{header}={asked}",)).accepted == 1


@on_sqlite
def test_a_column_may_name_suppliers_and_customers_that_have_ended(book: Book) -> None:
    content = "code,name,category\nC1,Acme,customer\nC2,Birch,supplier\nC3,Cedar,inactive\n"
    assert book.ask("customers", content).keys() == {"not-customers", "ended-column"}


@pytest.mark.parametrize(
    ("header", "rows", "option"),
    [
        ("是否客户,是否供应商", ["是,否", "否,是", "是,是"], "--skip 是否客户=否"),
        ("Is Customer,Is Supplier", ["TRUE,FALSE", "FALSE,TRUE"], '--skip "Is Customer"=FALSE'),
        ("Debitor,Kreditor", ["ja,nein", "nein,ja"], "--skip Debitor=nein"),
        ("Kunde,Lieferant", ["x,", ",x"], "--skip Kunde="),
        ("Customer Rank,Supplier Rank", ["3,0", "0,5"], '--skip "Customer Rank"=0'),
        ("Supplier", ["", "Yes"], "--skip Supplier=Yes"),
        ("Kontotyp", ["D", "K"], "--skip Kontotyp=K"),
    ],
)
@on_sqlite
def test_a_flag_may_say_who_is_no_customer(book: Book, header: str, rows: list[str], option: str) -> None:
    lines = [f"C{n},Name {n},{row}\n" for n, row in enumerate(rows)]
    asked = book.ask("customers", f"code,name,{header}\n{''.join(lines)}")
    assert list(asked) == ["not-customers"]
    assert f"Leave them out: {option}; --yes" in asked["not-customers"]


@pytest.mark.parametrize("row", ["是,是", "是,否"])
@on_sqlite
def test_a_supplier_that_is_a_customer_too_is_one(book: Book, row: str) -> None:
    assert book.bring("customers", f"code,name,是否客户,是否供应商\nC1,Acme,{row}\n").findings == ()
