"""Chances and remarks say which rows may not count; they are asked about, and --only and --skip answer."""

from typing import Any

import pytest

from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book

pytestmark = on_sqlite


def orders(column: str, *rows: str) -> str:
    lines = [f"{n},C1,2026-01-05,{row}" for n, row in enumerate(rows, start=1)]
    return "\n".join([f"order,customer,date,amount,{column}", *lines, ""])


def net(book: Book) -> float:
    ((found,),) = book.rows("SELECT sum(amount) FROM customer_order")
    return float(found) / 10_000


@pytest.mark.parametrize(
    ("column", "rows", "only"),
    [
        ("probability", ["100,100%", "1000,20%"], "100%"),
        ("Probability (%)", ["100,100", "1000,20"], "100"),
        ("Win Probability", ["100,1", "1000,0.2"], "1"),
        ("赢率", ["100,100%", "1000,60%"], "100%"),
        ("成交概率", ["100,100%", "1000,1%"], "100%"),
        ("Wahrscheinlichkeit", ["100,100 %", "1000,50 %"], "100 %"),
        ("Chance", ["100,100%", "1000,0%"], "100%"),
    ],
)
def test_rows_that_are_not_certain_are_asked_about(
    filled: Book, column: str, rows: list[str], only: str
) -> None:
    content = orders(column, *rows)
    asked = filled.ask("orders", content)
    example = rows[1].split(",")[1]
    assert asked.keys() == {"uncertain-rows"}
    assert (
        f"The column '{column}' says that rows are not certain: 1, such as '{example}' (line 3)."
        in (asked["uncertain-rows"])
    )
    typed = f'"{column}"' if " " in column else column
    assert f"Give --only {typed}={only}" in asked["uncertain-rows"].replace(f'="{only}"', f"={only}")
    filled.bring("orders", content, only=(f"{column}={only}",))
    assert net(filled) == 100
    filled.bring("orders", content, accepted=("uncertain-rows",), forget=True)
    assert net(filled) == 1100


@pytest.mark.parametrize("rows", [["100,100%", "5,1"], ["100,", "5,"], ["100,high"]])
def test_certain_rows_are_no_question(filled: Book, rows: list[str]) -> None:
    assert filled.bring("orders", orders("probability", *rows)).findings == ()


def test_many_chances_are_followed_too(filled: Book) -> None:
    content = orders("probability", *(f"10,{n / 2}%" for n in range(200)), "5,100%")
    assert "says that rows are not certain: 200, such as" in filled.ask("orders", content)["uncertain-rows"]


@pytest.mark.parametrize(
    ("column", "text", "word"),
    [
        ("remark", "CANCELLED by customer on 3 Feb", "cancelled"),
        ("Remarks", "order canceled, see mail", "canceled"),
        ("comment", "Cancellation of 4 May", "cancellation"),
        ("notes", "please void this one", "void"),
        ("Order Note", "was refunded", "refunded"),
        ("备注", "客户已取消订单", "取消"),
        ("订单备注", "作废单", "作废"),
        ("说明", "全额退款", "退款"),
        ("摘要", "红冲 2026-01", "红冲"),
        ("Bemerkung", "Storno vom 3.2.", "storno"),
        ("Kommentar", "wurde storniert", "storniert"),
        ("Notiz", "Testauftrag Müller", "testauftrag"),
        ("commentaire", "annulée par le client", "annulée"),
        ("memo", "duplicate of 17", "duplicate"),
    ],
)
def test_words_in_remarks_are_asked_about_and_skip_answers(
    filled: Book, column: str, text: str, word: str
) -> None:
    content = orders(column, "100,", f"40,{text.replace(',', ';')}", "1,fine")
    typed = f'"{column}"="*{word}*"' if " " in column else f'{column}="*{word}*"'
    asked = filled.ask("orders", content)
    assert asked.keys() == {"remark-column"}
    assert asked["remark-column"].endswith(
        f"Leave out the rows that have this word: --skip {typed}; or make them negative with --negative; "
        "--yes remark-column counts them as they are."
    )
    report = filled.bring("orders", content, skip=(f"{column}=*{word}*",))
    assert (net(filled), report.skipped) == (101, 1)  # 100 + 1


@pytest.mark.parametrize(
    "text",
    [
        "cannot be cancelled? no: not cancelled",
        "no refund",
        "non-refundable",
        "nicht storniert",
        "不可退款",
        "未取消",
        "avoid delays",
        "cancelling noise headset",
        "thanks",
    ],
)
def test_remarks_that_say_no_such_thing_are_no_question(filled: Book, text: str) -> None:
    if "? no" in text:
        text = text.split("? no: ")[1]
    assert filled.bring("orders", orders("remark", "100,", f"40,{text}")).findings == ()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"negative": ("remark=*refund*",)}, 60),  # 100 - 40
        ({"skip": ("remark=*REFUND*",)}, 100),
        ({"skip": ("remark=Refund agreed",)}, 100),
        ({"only": ("remark=ok",)}, 100),
        ({"accepted": ("remark-column",)}, 140),
    ],
)
def test_every_option_answers_remarks(filled: Book, options: dict[str, Any], expected: float) -> None:
    filled.bring("orders", orders("remark", "100,ok", "40,Refund agreed"), **options)
    assert net(filled) == expected


def test_a_part_that_no_row_has_is_asked_about(filled: Book) -> None:
    content = orders("remark", "100,ok", "40,fine")
    assert filled.ask("orders", content, skip=("remark=*cancelled*",)).keys() == {"word-not-found"}


def test_new_remarks_of_a_later_file_are_no_new_words(filled: Book) -> None:
    filled.bring("orders", orders("remark", "100,", "40,cancelled by J"), skip=("remark=*cancelled*",))
    later = orders("remark", "100,", "7,call first", "40,Cancelled again").replace("\n", "\n9")
    report = filled.bring("orders", later[:-1])
    assert (report.skipped, net(filled)) == (1, 207)  # 100 + 100 + 7


def test_a_remark_that_is_a_status_is_asked_about_once(filled: Book) -> None:
    asked = filled.ask("orders", orders("remark", "100,", "40,cancelled"))
    assert asked.keys() == {"status-column"}
