"""People who have left or are suspended are not active, whatever the header and the word say it by."""

from datetime import timedelta

import pytest

from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book

pytestmark = on_sqlite


def active(book: Book) -> list[bool]:
    return [bool(one) for (one,) in book.rows("SELECT active FROM person ORDER BY email")]


@pytest.mark.parametrize(
    ("header", "gone", "there"),
    [
        ("Suspended", "True", "False"),
        ("is_disabled", "1", "0"),
        ("locked", "yes", "no"),
        ("exit date", "2025-01-01", ""),
        ("Last Day", "2026-06-14", "2026-07-01"),
        ("离职日期", "2025-01-01", ""),
        ("是否离职", "是", "否"),
        ("停用", "已停用", ""),
        ("Austrittsdatum", "31.12.2025", ""),
        ("gesperrt", "ja", "nein"),
        ("Account Enabled", "False", "True"),
        ("enabled", "0", "1"),
        ("是否启用", "否", "是"),
        ("employment status", "Terminated", "Employed"),
        ("status", "suspended", "active"),
        ("status", "Disabled", "Enabled"),
        ("状态", "已离职", "正常"),
        ("active", "locked", "current"),
    ],
)
def test_who_left_is_not_active(book: Book, header: str, gone: str, there: str) -> None:
    report = book.bring("people", f"email,name,{header}\na@b.co,A,{gone}\nb@b.co,B,{there}\n")
    assert (report.rejected, active(book)) == (0, [False, True])


@pytest.mark.parametrize("header", ["suspended", "exit date"])
def test_access_ends_with_a_later_file_and_comes_back(book: Book, header: str) -> None:
    book.bring("people", "email,name\na@b.co,A\n")
    for cell, expected in (("", True), ("yes", False), ("", False), ("no", True), ("2026-06-01", False)):
        book.bring("people", f"email,name,{header}\na@b.co,A,{cell}\n")
        assert active(book) == [expected], cell


@pytest.mark.parametrize("cells", ["yes,yes", "no,yes", "no,no"])
def test_either_column_ends_access(book: Book, cells: str) -> None:
    book.bring("people", f"email,name,active,suspended\na@b.co,A,{cells}\n")
    assert active(book) == [False]


def test_a_later_day_is_noted_and_holds_when_it_has_come(book: Book) -> None:
    content = "email,name,last day\na@b.co,A,2026-07-01\n"
    assert [one.text() for one in book.bring("people", content).findings] == [
        "People who leave on a later day: 1 (line 2: 2026-07-01). They stay active until the file is imported again on that"
        " day or after it."
    ]
    assert active(book) == [True]
    book.clock.advance(timedelta(days=20))
    assert book.bring("people", content).findings == ()
    assert active(book) == [False]


@pytest.mark.parametrize(
    ("header", "cell", "suggested"),
    [
        ("lock-out: account locked out", "2026-01-01", '"*"'),
        ("Deactivated by admin", "yes", "yes"),
        ("Offboarded", "x", "x"),
        ("最后工作日期", "2026-01-01", '"*"'),
    ],
)
def test_other_headers_that_say_so_are_asked_about(
    book: Book, header: str, cell: str, suggested: str
) -> None:
    asked = book.ask("people", f"email,name,{header}\na@b.co,A,{cell}\nb@b.co,B,\n")
    assert f"={suggested} (--only" in asked["status-column"]


@pytest.mark.parametrize(
    ("header", "cell", "reason"),
    [
        ("status", "on leave", "'on leave' is not one of yes, no"),
        ("timezone", "CST", "'CST' is not a time zone; use a name such as Asia/Shanghai"),
        ("timezone", "Asia/Shangai", "'Asia/Shangai' is not a time zone; did you mean Asia/Shanghai?"),
    ],
)
def test_a_hint_names_only_what_can_be_meant(book: Book, header: str, cell: str, reason: str) -> None:
    report = book.bring("people", f"email,name,{header}\na@b.co,A,{cell}\n")
    assert [one.reason for one in report.first_rejects] == [reason]
