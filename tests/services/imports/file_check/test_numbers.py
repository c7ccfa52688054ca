"""Order numbers that are almost the same in one file, and numbers that each company has for itself."""

import pytest

from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book

pytestmark = on_sqlite


def orders(*numbers: str) -> str:
    rows = [f"{number},C1,2026-01-05,{amount}" for amount, number in enumerate(numbers, start=1)]
    return "\n".join(["order,customer,date,amount", *rows, ""])


@pytest.mark.parametrize(
    ("numbers", "first", "second", "line"),
    [
        (["A1", "a1"], "A1", "a1", 3),
        (["So-7", "X", "SO-7"], "SO-7", "So-7", 4),
        (["0042", "42"], "0042", "42", 3),
        (["7", "007", "8"], "007", "7", 3),
        (["A 1", "A1"], "A 1", "A1", 3),
        (["Ａ-1", "A-1"], "A-1", "Ａ-1", 3),
        (["1001", "１００１"], "1001", "１００１", 2),
        (["12－3", "12-3"], "12-3", "12－3", 3),
        (["17850.0", "17850"], "17850", "17850.0", 3),
    ],
)
def test_numbers_that_are_almost_the_same_are_asked_about(
    filled: Book, numbers: list[str], first: str, second: str, line: int
) -> None:
    assert filled.ask("orders", orders(*numbers)) == {
        "similar-numbers": "Numbers of the file differ only in capitals, zeros, spaces or full-width letters: "
        f"'{first}' and '{second}' (line {line}). Numbers like that: 1. Correct them if they are the same; "
        "--yes similar-numbers takes them for different ones."
    }
    report = filled.bring("orders", orders(*numbers), accepted=("similar-numbers",))
    assert report.created == len(numbers)


@pytest.mark.parametrize(
    "numbers",
    [
        ["A1", "A2", "B1"],
        ["a1", "a2"],
        ["0001", "0010", "0100"],
        ["A-1", "A1"],
        ["SO 1", "SO 2"],
        ["１", "２"],
    ],
)
def test_numbers_that_differ_are_no_question(filled: Book, numbers: list[str]) -> None:
    assert filled.bring("orders", orders(*numbers)).findings == ()


def test_added_up_lines_are_compared_too(filled: Book) -> None:
    content = orders("A1", "A1", "a1").replace("amount", "sku,amount").replace("2026-01-05,", "2026-01-05,P,")
    asked = filled.ask("orders", content, kind_options={"lines": True})
    assert asked.keys() == {"similar-numbers"}


def of_companies(column: str, first: str, second: str) -> str:
    rows = [f"A1,C1,2026-01-05,100,{first}", f"A2,C1,2026-01-05,5,{first}", f"A1,C1,2026-01-09,120,{second}"]
    return "\n".join([f"order,customer,date,amount,{column}", *rows, ""])


@pytest.mark.parametrize(
    ("column", "first", "second"),
    [
        ("company code", "1000", "2000"),
        ("Company", "Nord", "Süd"),
        ("Buchungskreis", "DE01", "AT01"),
        ("Mandant", "1", "2"),
        ("公司代码", "1000", "2000"),
        ("账套", "一", "二"),
        ("店铺", "天猫", "京东"),
        ("Geschäftsjahr", "2025", "2026"),
    ],
)
def test_a_number_of_several_companies_leads_to_a_source_for_each(
    filled: Book, column: str, first: str, second: str
) -> None:
    content = of_companies(column, first, second)
    typed = f'"{column}"={first}' if " " in column else f"{column}={first}"
    assert filled.ask("orders", content) == {
        "company-numbers": f"The number 'A1' is there with several values of the column '{column}': '{first}' and "
        f"'{second}' (line 4). If each has numbers of its own, import each under a source of its own: "
        f"--only {typed} --source file-{first}, then the others; --yes company-numbers: the same number is the same order."
    }
    for company in (first, second):
        filled.bring("orders", content, only=(f"{column}={company}",), source=f"file-{company}")
    found = filled.rows("SELECT external_id, amount / 10000 FROM customer_order ORDER BY id")
    assert found == [("A1", 100), ("A2", 5), ("A1", 120)]


def test_lines_of_several_companies_are_not_added_up_in_silence(filled: Book) -> None:
    content = of_companies("company code", "1000", "2000")
    lines = {"kind_options": {"lines": True}}
    assert "company-numbers" in filled.ask("orders", content, **lines)


def test_companies_with_numbers_that_do_not_meet_are_no_question(filled: Book) -> None:
    content = of_companies("company code", "1000", "2000").replace("A1,C1,2026-01-09", "A3,C1,2026-01-09")
    assert filled.bring("orders", content).findings == ()


def test_numbers_that_meet_far_apart_are_found(filled: Book) -> None:
    rows = [f"X{n},C1,2026-01-05,1,{1 + n // 6_000}" for n in range(12_000)]
    content = "\n".join(["order,customer,date,amount,Buchungskreis", *rows, "X5,C1,2026-01-05,2,2", ""])
    asked = filled.ask("orders", content)
    assert "'1' and '2' (line 12002)" in asked["company-numbers"]
