"""A partly paid invoice is no paid one, whatever the column is called that says so."""

from typing import Any

import pytest

from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book

pytestmark = on_sqlite

EUR: Any = {"currency": "EUR"}
HEADER = "invoice_no,customer,date,due,paid date,amount"
DAY = "2026-02-01"


def invoices(column: str, *rows: str) -> str:
    """Invoices of 100.00, each with its day of payment and a cell of another column."""
    lines = (
        f"I{number},C1,2026-01-05,2026-02-05,{row.split(',')[0]},100,{row.split(',')[1]}\n"
        for number, row in enumerate(rows, 1)
    )
    return f"{HEADER},{column}\n" + "".join(lines)


def paid_days(book: Book) -> list[str | None]:
    return [day for (day,) in book.rows("SELECT paid_on FROM invoice ORDER BY external_id")]


OPEN = [
    *(
        "balance",
        "Balance Due",
        "Amount Due",
        "amount outstanding",
        "Outstanding",
        "Open amount",
        "Open Balance",
    ),
    *("Remaining", "residual amount", "未付金额", "未收金额", "未核销金额", "余额", "欠款金额", "尾款"),
    *("offener Betrag", "Offen", "Restbetrag", "Saldo", "Solde dû", "importe pendiente"),
]
PAID = [
    *("paid amount", "Amount Paid", "amount received", "Paid", "Payments", "applied amount", "total paid"),
    *("已付金额", "已收金额", "实收金额", "回款金额", "已核销金额"),
    *("bezahlter Betrag", "gezahlt", "Zahlbetrag", "Bezahlt", "montant payé", "importe pagado"),
]


@pytest.mark.parametrize(
    ("column", "part", "whole", "field"),
    [
        *((column, "60", "0", "still_open") for column in OPEN),
        *((column, "40", "100", "paid_so_far") for column in PAID),
    ],
)
def test_an_invoice_that_is_paid_in_part_counts_as_open_once_the_column_is_named(
    filled: Book, column: str, part: str, whole: str, field: str
) -> None:
    content = invoices(column, f"{DAY},{part}", f"{DAY},{whole}", f",{'100' if whole == '0' else '0'}")
    columns = {"paid": "paid date"}
    asked = filled.ask("invoices", content, columns=columns, **EUR)
    assert asked.keys() == {"partly-paid"}
    assert f"invoices with a day of payment are not paid in full: 1 (line 2: {part}" in asked["partly-paid"]
    assert f"--map {field}=" in asked["partly-paid"]
    report = filled.bring("invoices", content, columns=columns | {field: column}, **EUR)
    assert [one.type.name for one in report.findings] == ["still-open"]
    assert paid_days(filled) == [None, DAY, None]
    # The next file of the source is read so, too.
    later = invoices(column, f"{DAY},{whole}", f"{DAY},{part}").replace("\nI", "\nJ")
    filled.bring("invoices", later, **EUR)
    assert paid_days(filled) == [None, DAY, None, DAY, None]


def test_a_rest_that_is_a_discount_can_be_accepted(filled: Book) -> None:
    content = invoices("Amount Paid", f"{DAY},98", f"{DAY},100")
    filled.bring("invoices", content, accepted=("partly-paid",), **EUR)
    assert paid_days(filled) == [DAY, DAY]


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        ("balance", ["0", "0.00", "-", "€ 0,00", ""]),
        ("Amount Paid", ["100", "100.00", "119", "€ 100.00", ""]),
        ("account balance", ["60", "60", "60", "60", "60"]),
        ("days outstanding", ["12", "12", "12", "12", "12"]),
        ("Unpaid amount date", ["1", "1", "1", "1", "1"]),
        ("Remaining", ["n/a", "see note", "x", "?", ""]),
        ("credit limit remaining", ["500", "500", "500", "500", "500"]),
    ],
)
def test_what_is_no_rest_is_nothing_to_ask(filled: Book, column: str, cells: list[str]) -> None:
    rows = [f'{DAY},"{cell}"' if "," not in cell else f"{DAY},{cell.replace(',', '.')}" for cell in cells]
    report = filled.bring("invoices", invoices(column, *rows), **EUR)
    assert (report.findings, paid_days(filled)) == ((), [DAY] * 5)


def test_credit_notes_are_compared_without_their_sign(filled: Book) -> None:
    content = f"{HEADER},amount paid\nI1,C1,2026-01-05,2026-02-05,{DAY},-100,-40\nI2,C1,2026-01-05,2026-02-05,{DAY},-5,-5\n"
    assert "not paid in full: 1 (" in filled.ask("invoices", content, **EUR)["partly-paid"]


def test_an_amount_is_compared_in_the_style_of_the_file(filled: Book) -> None:
    row = "I{0};C1;05.01.2026;05.02.2026;01.02.2026;{1};{2}\n"
    content = "Rechnungsnr;Kunde;Datum;Fällig;Bezahlt am;Betrag;Zahlbetrag\n"
    content += row.format(1, "1.234,50", "1.234,50") + row.format(2, "1.234,50", "1.000,00")
    columns = {"customer": "Kunde"}
    asked = filled.ask("invoices", content, columns=columns, **EUR)
    assert "not paid in full: 1 (" in asked["partly-paid"]
    assert "(line 3: 1.000,00, and the amount is 1.234,50)" in asked["partly-paid"]


@pytest.mark.parametrize("column", ["Amount due", "amount_due"])
def test_what_is_still_due_is_not_taken_for_the_amount(filled: Book, column: str) -> None:
    content = f"invoice_no,customer,date,due,paid date,{column}\nI1,C1,2026-01-05,2026-02-05,{DAY},0\n"
    content += "I2,C1,2026-01-05,2026-02-05,,40\n"
    mapped = {"amount": column}
    asked = filled.ask("invoices", content, columns=mapped, **EUR)
    assert asked.keys() == {"paid-amount-zero"}
    assert "The amount of 1 of the 1 paid invoices is 0 (line 2)" in asked["paid-amount-zero"]
    filled.bring("invoices", content, columns=mapped, accepted=("paid-amount-zero",), **EUR)
    assert filled.rows("SELECT external_id, paid_on FROM invoice ORDER BY 1") == [("I1", DAY), ("I2", None)]


def test_the_total_is_the_amount_where_what_is_due_stands_beside_it(filled: Book) -> None:
    content = (
        f"invoice_no,customer,date,due,paid date,amount due,total\nI1,C1,2026-01-05,2026-02-05,{DAY},0,100\n"
    )
    content += "I2,C1,2026-01-05,2026-02-05,,40,100\n"
    filled.bring("invoices", content, **EUR)
    assert filled.rows("SELECT sum(amount) FROM invoice") == [(200 * 10_000,)]


@pytest.mark.parametrize(
    ("column", "yes", "no"),
    [
        *(("paid", "yes", "no"), ("Paid date", "Y", "N"), ("paid", "true", "false"), ("paid on", "1", "0")),
        *(("付款日期", "是", "否"), ("Bezahlt am", "ja", "nein"), ("payment date", "x", "-")),
    ],
)
def test_yes_or_no_in_place_of_the_day_of_payment_is_one_question(
    filled: Book, column: str, yes: str, no: str
) -> None:
    header = f"invoice_no,customer,date,due,amount,{column}\n"
    rows = [f"I{number},C1,2026-01-05,2026-02-05,100,{{{number - 1}}}\n" for number in (1, 2, 3)]
    content = (header + "".join(rows)).format(yes, no, yes)
    asked = filled.ask("invoices", content, **EUR)
    assert asked.keys() == {"paid-without-day"}
    way = column if " " not in column else f'"{column}"'
    assert f"--skip {way}={yes}" in asked["paid-without-day"]
    filled.bring("invoices", content, skip=(f"{column}={yes}",), **EUR)
    assert filled.rows("SELECT external_id, paid_on FROM invoice") == [("I2", None)]
    filled.bring("invoices", content, forget=True, accepted=("paid-without-day",), **EUR)
    assert paid_days(filled) == [None, None, None]


def test_the_question_names_the_column_that_has_the_days(filled: Book) -> None:
    content = f"invoice_no,customer,date,due,amount,paid,Closed\nI1,C1,2026-01-05,2026-02-05,9,yes,{DAY}\n"
    content += "I2,C1,2026-01-05,2026-02-05,9,yes,\nI3,C1,2026-01-05,2026-02-05,9,no,\n"
    asked = filled.ask("invoices", content, **EUR)
    assert asked.keys() == {"paid-without-day"}
    assert "--map paid=Closed" in asked["paid-without-day"]
    mapped = {"paid": "Closed"}
    assert "yes 2" in filled.ask("invoices", content, columns=mapped, **EUR)["paid-without-day"]
    filled.bring("invoices", content, columns=mapped, accepted=("paid-without-day",), **EUR)
    assert paid_days(filled) == [DAY, None, None]


def test_a_column_without_a_header_is_no_rest(filled: Book) -> None:
    report = filled.bring("invoices", invoices("", f"{DAY},60"), **EUR)
    assert "still_open" not in report.columns
    assert paid_days(filled) == [DAY]


@pytest.mark.parametrize(
    ("header", "part", "whole", "field"),
    [
        ("fully paid", "no", "yes", "paid_so_far"),
        ("是否结清", "否", "是", "paid_so_far"),
        ("vollständig bezahlt", "nein", "ja", "paid_so_far"),
        ("paid %", "50%", "100%", "paid_so_far"),
        ("Paid ratio", "0.5", "1", "paid_so_far"),
        ("回款比例", "30", "100", "paid_so_far"),
        ("partial", "yes", "no", "still_open"),
        ("是否部分付款", "是", "否", "still_open"),
    ],
)
def test_a_column_that_says_that_an_invoice_is_not_paid_in_full_is_asked_about(
    filled: Book, header: str, part: str, whole: str, field: str
) -> None:
    content = (
        f"invoice_no,customer,date,due,paid,amount,currency,{header}\n"
        f"I1,C1,2026-01-05,2026-02-05,2026-02-01,100,EUR,{part}\n"
        f"I2,C1,2026-01-05,2026-02-05,2026-02-01,100,EUR,{whole}\n"
        f"I3,C1,2026-01-05,2026-02-05,,100,EUR,{part}\n"
    )
    asked = filled.ask("invoices", content)
    assert f"not paid in full: 1 (line 2: {part}, and the amount is 100)" in asked["partly-paid"]
    assert f"--map {field}=" in asked["partly-paid"]
    report = filled.bring("invoices", content, columns={field: header})
    assert (report.rejected, report.findings[0].type.name) == (0, "still-open")
    assert filled.rows("SELECT external_id, paid_on FROM invoice ORDER BY external_id") == [
        ("I1", None),
        ("I2", "2026-02-01"),
        ("I3", None),
    ]


@pytest.mark.parametrize(
    "word",
    [
        *(
            "offen",
            "overdue",
            "0",
            "unpaid",
            "Not Paid",
            "pending",
            "未付款",
            "未收款",
            "逾期",
            "待付款",
            "nicht bezahlt",
        ),
        "überfällig",
    ],
)
@pytest.mark.parametrize("header", ["paid", "Bezahlt am", "付款日期"])
def test_a_word_that_it_is_still_to_come_is_no_day_of_payment(filled: Book, header: str, word: str) -> None:
    report = filled.bring(
        "invoices",
        f"invoice_no,customer,date,due,{header},amount,currency\n"
        f"I1,C1,2026-01-05,2026-02-05,{word},100,EUR\nI2,C1,2026-01-05,2026-02-05,2026-02-01,100,EUR\n",
    )
    assert (report.rejected, report.findings) == (0, ())
    assert filled.rows("SELECT paid_on FROM invoice ORDER BY external_id") == [(None,), ("2026-02-01",)]
