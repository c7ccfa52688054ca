"""--lines adds up lines; rows that may be none of their own are asked about."""

from typing import Any

import pytest

from tests.conftest import all_on_postgresql, on_sqlite
from tests.services.imports.conftest import Book

HEADER = "order_no,customer,date,amount"
LINES: Any = {"kind_options": {"lines": True}}


def orders(columns: str, *rows: str) -> str:
    """Lines of the order A1: each row an amount and the cells of further columns."""
    return "\n".join([f"{HEADER},{columns}", *(f"A1,C1,2026-01-05,{row}" for row in rows), ""])


def amount(book: Book) -> float:
    return float(book.rows("SELECT sum(amount) FROM customer_order")[0][0]) / 10_000


@pytest.mark.parametrize(
    ("column", "rows", "example", "line", "skip", "right"),
    [
        ("product", ["100,P1", "50,P2", "150,Subtotal"], "Subtotal", 4, "product=Subtotal", 150),
        ("产品名称", ["100,泵", "50,阀", "150,小计"], "小计", 4, "产品名称=小计", 150),
        ("Artikel", ["100,P1", "150,Summe", "50,P2"], "Summe", 3, "Artikel=Summe", 150),
        ("description", ["100,P1", "100,Total:"], "Total:", 3, "description=Total:", 100),
        ("line", ["100,1", "50,2", "150,Total"], "Total", 4, "line=Total", 150),
        ("line type", ["100,item", "21,tax", "10,shipping"], "tax", 3, '"line type=tax,shipping"', 100),
        ("Positionsart", ["100,Artikel", "19,MwSt"], "MwSt", 3, "Positionsart=MwSt", 100),
        ("行类型", ["100,商品", "13,税额", "9,运费"], "税额", 3, '"行类型=税额,运费"', 100),
        ("optional", ["100,no", "50,yes"], "yes", 3, "optional=yes", 100),
        ("是否可选", ["100,否", "50,是"], "是", 3, "是否可选=是", 100),
        ("Alternativposition", ["100,", "50,x"], "x", 3, "Alternativposition=x", 100),
        ("parent line", ["150,", "100,1", "50,1"], "1", 3, '"parent line=*"', 150),
        ("Kit", ["150,", "100,KIT-7", "50,KIT-7"], "KIT-7", 3, "Kit=*", 150),
        ("父行号", ["150,0", "100,1", "50,1"], "1", 3, "父行号=1", 150),
    ],
)
@on_sqlite
def test_a_row_that_may_be_no_line_is_asked_about(
    filled: Book, column: str, rows: list[str], example: str, line: int, skip: str, right: float
) -> None:
    content = orders(column, *rows)
    asked = filled.ask("orders", content, **LINES)
    assert "doubtful-lines" in asked
    assert f"By the column '{column}', rows that --lines adds up may be no lines" in asked["doubtful-lines"]
    assert f"such as '{example}' (line {line})" in asked["doubtful-lines"]
    option = skip.replace('"', "")
    said = asked["doubtful-lines"].replace('"', "").replace("'", "")
    assert f"--skip {option};" in said
    filled.bring("orders", content, skip=(option,), **LINES)
    assert amount(filled) == right


@pytest.mark.parametrize(
    ("column", "rows"),
    [
        ("product", ["100,P1", "50,P2"]),
        ("product", ["100,Total Care", "50,Sum Sang"]),
        ("line type", ["100,item", "50,service"]),
        ("optional", ["100,no", "50,"]),
        ("parent line", ["100,", "50,0"]),
        ("parent line", ["150,", "0,1", "0,1"]),
        ("Kit", ["100,no", "50,-"]),
    ],
)
@on_sqlite
def test_lines_are_added_up_without_a_question(filled: Book, column: str, rows: list[str]) -> None:
    report = filled.bring("orders", orders(column, *rows), **LINES)
    assert [one.type.name for one in report.findings] == ["lines-added-up"]
    assert amount(filled) == 150


@on_sqlite
def test_a_person_may_add_them_up(filled: Book) -> None:
    content = orders("line type", "100,item", "10,shipping")
    filled.bring("orders", content, accepted=("doubtful-lines",), **LINES)
    assert amount(filled) == 100 + 10


@on_sqlite
def test_lines_of_invoices_are_asked_about_too(filled: Book) -> None:
    content = "invoice_no,customer,date,due,paid,amount,product\n"
    content += "I1,C1,2026-01-05,2026-02-05,,100,P1\nI1,C1,2026-01-05,2026-02-05,,100,Total\n"
    assert filled.ask("invoices", content, currency="EUR", **LINES).keys() == {"doubtful-lines"}


WHOLE = ["A1,C1,2026-01-05,150", "A1,C1,2026-01-05,100", "A1,C1,2026-01-05,50"]
SMALL = ["A2,C1,2026-01-05,70", "A2,C1,2026-01-05,70"]
RETURN = ["A3,C1,2026-01-05,-30", "A3,C1,2026-01-05,-20", "A3,C1,2026-01-05,-50"]
OTHER = ["B{0},C1,2026-01-05,10", "B{0},C1,2026-01-05,5", "B{0},C1,2026-01-05,1"]


@all_on_postgresql
@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            WHOLE,
            "In 1 of the 1 orders with three lines or more, one line has the amount of all others together (A1: 150.00)",
        ),
        (WHOLE + SMALL, "In 1 of the 1 orders"),
        (
            RETURN,
            "In 1 of the 1 orders with three lines or more, one line has the amount of all others together (A3: -50.00)",
        ),
        (WHOLE + RETURN + [row.format(1) for row in OTHER], "In 2 of the 3 orders"),
        (WHOLE + [row.format(number) for number in (1, 2) for row in OTHER], ""),  # by chance
        (SMALL, ""),
        (["A4,C1,2026-01-05,5"] * 4, ""),
    ],
)
def test_a_row_of_the_whole_order_among_its_lines_is_asked_about(
    filled: Book, rows: list[str], said: str
) -> None:
    content = "\n".join([HEADER, *rows, ""])
    report = filled.bring("orders", content, dry_run=True, **LINES)
    found = [one.text() for one in report.open_findings if one.type.name == "order-among-lines"]
    assert len(found) == bool(said)
    assert all(said in text for text in found)


@on_sqlite
def test_rows_of_whole_orders_are_left_out_by_their_line(filled: Book) -> None:
    content = orders("line", "150,0", "100,1", "50,2")
    assert filled.ask("orders", content, **LINES).keys() == {"order-among-lines"}
    filled.bring("orders", content, skip=("line=0",), **LINES)
    assert amount(filled) == 100 + 50
