"""Exchange rates that mean something else than one unit's value in the firm's currency are asked about."""

from typing import Any

import pytest

from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book

pytestmark = on_sqlite


def stored(book: Book) -> list[tuple[Any, ...]]:
    return book.rows("SELECT currency, day, rate FROM exchange_rate ORDER BY day, currency")


@pytest.mark.parametrize(
    ("header", "word"),
    [
        *[(header, "CNY") for header in ("to", "To Currency", "target", "quote currency", "目标币种")],
        *[("Zielwährung", "cny"), ("折算币种", "人民币")],
    ],
)
def test_rates_to_another_currency_are_left_out_by_an_option(book: Book, header: str, word: str) -> None:
    rows = f"date,currency,rate,{header}\n2026-01-01,USD,7.2,{word}\n2026-01-02,USD,0.92,EUR\n"
    asked = book.ask("rates", rows, firm_currency="EUR")
    option = f'"{header}"' if " " in header else header
    assert asked["rate-target"] == (
        f"By the column '{header}', rates lead to another currency than EUR: {word} (line 2)."
        f" Give --only {option}=EUR to take the rates to EUR; where there are none, export rates to EUR."
    )
    assert book.bring("rates", rows, firm_currency="EUR", only=(f"{header}=EUR",)).created == 1
    assert stored(book) == [("USD", "2026-01-02", "0.92")]


@pytest.mark.parametrize("cell", ["EUR", "eur", "欧元", "€", "", "2026-12-31"])
def test_the_firms_currency_or_a_day_beside_a_rate_is_no_question(book: Book, cell: str) -> None:
    rows = f"date,currency,rate,to\n2026-01-01,USD,0.92,{cell}\n"
    assert book.bring("rates", rows, firm_currency="EUR").created == 1


@pytest.mark.parametrize(
    ("columns", "cells", "said"),
    [
        ("date,currency,rate,unit", "2026-01-01,KRW,4.85,100", "'unit', rates are those of several units: 100"),
        ("date,currency,rate,Units", "2026-01-01,KRW,4.85,1000", "'Units', rates are those of several units: 1000"),
        ("日期,币种,汇率,单位", "2026-01-01,韩元,4.85,100", "'单位', rates are those of several units: 100"),
        ("Datum,Währung,Kurs,Einheit", "01.01.2026,KRW,4.85,100", "'Einheit', rates are those of several"),
        ("date,currency,rate,per", "2026-01-01,XPF,4.85,10", "'per', rates are those of several units: 10"),
    ],
)  # fmt: skip
def test_rates_of_several_units_are_asked_about(book: Book, columns: str, cells: str, said: str) -> None:
    given: dict[str, Any] = {"firm_currency": "CNY", "date_order": "dmy"}
    asked = book.ask("rates", f"{columns}\n{cells}\n", **given)
    assert said in asked["rate-unit"]


def test_a_header_that_says_a_hundred_is_asked_about(book: Book) -> None:
    rows = "date,currency,rate per 100\n2026-01-01,XPF,6.1\n"
    given: dict[str, Any] = {"firm_currency": "CNY", "columns": {"rate": "rate per 100"}}
    assert "several units: 100 (XPF, line 2)" in book.ask("rates", rows, **given)["rate-unit"]
    assert book.bring("rates", rows, accepted=("rate-unit",), **given).created == 1


@pytest.mark.parametrize("cell", ["1", "", "USD", "1.0"])
def test_a_unit_of_one_is_no_question(book: Book, cell: str) -> None:
    rows = f"date,currency,rate,unit\n2026-01-01,USD,7.1,{cell}\n"
    assert book.bring("rates", rows, firm_currency="CNY").created == 1


@pytest.mark.parametrize(
    ("firm", "rows", "first"),
    [
        ("EUR", "2026-01-01,USD,1.08\n2026-01-01,CNY,7.8\n", "CNY 7.8 (line 3), where one CNY is usually worth about 0.128"),
        ("EUR", "2026-01-01,JPY,163\n", "JPY 163 (line 2), where one JPY is usually worth about 0.0065 EUR"),
        ("EUR", "2026-01-01,USD,1.1\n", "USD 1.1 (line 2), where one USD is usually worth about 0.91 EUR"),
        ("CNY", "2026-01-01,USD,0.1408\n", "USD 0.1408 (line 2), where one USD is usually worth about 7.1 CNY"),
        ("USD", "2026-01-01,CNY,7.1\n2026-01-01,GBP,0.78\n", "CNY 7.1 (line 2), where one CNY is usually"),
    ],
)  # fmt: skip
def test_rates_the_other_way_round_are_asked_about(book: Book, firm: str, rows: str, first: str) -> None:
    rows = f"date,currency,rate\n{rows}"
    asked = book.ask("rates", rows, firm_currency=firm)
    assert asked.keys() == {"inverse-rates"}
    assert f"The rates seem to be written the other way round: {first}" in asked["inverse-rates"]
    assert book.bring("rates", rows, firm_currency=firm, accepted=("inverse-rates",)).rejected == 0


def test_rates_are_compared_with_those_of_the_book(book: Book) -> None:
    book.bring("rates", "date,currency,rate\n2026-01-01,UAH,0.022\n", firm_currency="EUR")
    asked = book.ask("rates", "date,currency,rate\n2026-02-01,UAH,45.4\n", firm_currency="EUR")
    assert "UAH 45.4 (line 2), where one UAH is usually worth about 0.022 EUR" in asked["inverse-rates"]
    jump = book.ask("rates", "date,currency,rate\n2026-02-01,UAH,0.22\n", firm_currency="EUR")
    assert jump == {
        "rate-jump": "The rate of UAH jumps from 0.022 to 0.22 (line 2: 2026-02-01), which looks like a misplaced"
        " decimal sign. Correct it; --yes rate-jump takes the rates as they are."
    }


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("2026-01-01,USD,718.84\n2026-01-01,EUR,7.8\n", "USD are far from the usual: 718.84 (line 2)"),
        ("2026-01-01,JPY,4.85\n", "JPY are far from the usual: 4.85 (line 2), where one JPY is usually worth about 0.0507"),
        ("2026-01-01,KRW,53.3\n", "KRW are far from the usual: 53.3 (line 2)"),
        ("2026-01-01,GBP,91000\n", "GBP are far from the usual: 91000 (line 2)"),
    ],
)  # fmt: skip
def test_rates_of_a_hundred_units_are_asked_about_without_a_column(book: Book, rows: str, said: str) -> None:
    asked = book.ask("rates", f"date,currency,rate\n{rows}", firm_currency="CNY")
    assert f"Rates of {said}" in asked["unlikely-rate"]


@pytest.mark.parametrize(
    ("rates", "said"),
    [
        (("0.92", "9.2", "0.93"), "jumps from 0.92 to 9.2 (line 3: 2026-02-01)"),
        (("0.92", "0.091", "0.93"), "jumps from 0.92 to 0.091 (line 3: 2026-02-01)"),
        (("0.92", "0.93", "0.0092"), "jumps from 0.93 to 0.0092 (line 4: 2026-03-01)"),
    ],
)
def test_a_jump_between_two_days_is_asked_about(book: Book, rates: tuple[str, ...], said: str) -> None:
    rows = "".join(f"2026-0{month}-01,USD,{rate}\n" for month, rate in enumerate(rates, start=1))
    asked = book.ask("rates", f"date,currency,rate\n{rows}", firm_currency="EUR")
    assert said in asked["rate-jump"]


@pytest.mark.parametrize(
    ("firm", "rows"),
    [
        ("EUR", "2022-09-28,USD,1.04\n2026-01-01,USD,0.86\n2026-01-01,CNY,0.12\n2026-01-01,GBP,1.15\n"),
        ("CNY", "2015-01-01,USD,6.1\n2026-01-01,USD,7.3\n2026-01-01,JPY,0.046\n2008-01-01,JPY,0.067\n"),
        ("EUR", "2010-01-01,CHF,0.67\n2026-01-01,CHF,1.06\n2026-01-01,XPF,0.00838\n"),
        ("USD", "2008-01-01,GBP,2.0\n2026-01-01,EUR,1.16\n2008-07-01,EUR,1.58\n"),
    ],
)
def test_usual_rates_are_no_question(book: Book, firm: str, rows: str) -> None:
    report = book.bring("rates", f"date,currency,rate\n{rows}", firm_currency=firm)
    assert (report.rejected, report.findings) == (0, ())


@pytest.mark.parametrize(
    ("header", "word"), [("rate type", "Budget"), ("Kurstyp", "Plan"), ("汇率类型", "预算")]
)
def test_rates_of_a_plan_are_asked_about(book: Book, header: str, word: str) -> None:
    rows = f"date,currency,rate,{header}\n2026-01-01,USD,0.92,M\n2026-01-01,GBP,1.3,{word}\n"
    asked = book.ask("rates", rows, firm_currency="EUR")
    assert f"{word} 1 (line 3), M 1" in asked["status-column"]


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("2026-04-03", None),  # 92 days after 2026-01-01: 31 - 1 of January, 28, 31 and 3
        ("2026-04-04", "2026-04-04, at the rate of 2026-01-01"),
    ],
)
def test_an_order_that_is_converted_at_an_old_rate_is_noted(filled: Book, day: str, said: str | None) -> None:
    filled.bring("rates", "date,currency,rate\n2026-01-01,USD,0.92\n", firm_currency="EUR")
    rows = f"order,customer,date,amount\n1,C1,{day},100\n2,C1,2026-01-05,100\n"
    report = filled.bring("orders", rows, firm_currency="EUR", currency="USD")
    assert [one.text() for one in report.findings] == (
        []
        if said is None
        else [
            f"Rows are converted at a rate that is more than 92 days older than they are: 1 (line 2: USD on {said})."
            " Import newer rates, then this file again."
        ]
    )
