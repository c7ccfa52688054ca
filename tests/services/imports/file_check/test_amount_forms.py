"""Amounts as spreadsheets, ledgers and people write them: the whole column is read, or asked about."""

from typing import Any

import pytest

from bot.errors import BadInput
from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book

pytestmark = on_sqlite


def orders(*amounts: str, header: str = "amount") -> str:
    rows = "".join(f'{n},C1,2026-01-05,"{amount}"\n' for n, amount in enumerate(amounts, start=1))
    return f"order,customer,date,{header}\n{rows}"


def stored(book: Book, *amounts: str, **options: Any) -> list[float]:
    """The amounts of rows that are all accepted."""
    report = book.bring("orders", orders(*amounts), **options)
    assert report.rejected == 0, report.first_rejects
    return [float(a) / 10_000 for (a,) in book.rows("SELECT amount FROM customer_order ORDER BY id")]


def test_the_format_of_accountants_is_read_with_its_returns_and_zeros(filled: Book) -> None:
    written = [
        *(" $ 1,234.50 ", " $ (1,234.50)", "$(99.10)", " $ -   "),
        *("(45.00)", "-$12.00", "$-12.00", "($12.00)"),
    ]
    assert stored(filled, *written, currency="USD") == [1234.5, -1234.5, -99.1, 0, -45, -12, -12, -12]


@pytest.mark.parametrize(
    "amounts",
    [
        ("100.00", "[40.00]"),
        ("950.00", "1.2k"),
        ("9000", "1.2万"),
        ("950.00", "1.2E+05"),
        ("100.00", "-(40.00)"),
        ("100.00", "40.00 (return)"),
        ("100.00", "<40.00>"),
        ("100.00", "1·234,50"),
    ],
)
def test_a_form_of_some_amounts_that_is_not_understood_is_a_question(
    filled: Book, amounts: tuple[str, ...]
) -> None:
    content = orders(*amounts)
    assert filled.ask("orders", content) == {
        "amounts-not-understood": f"Amounts of the column 'amount' are not understood in 1 of 2 rows, such as "
        f"{amounts[1]!r} (line 3), while the others are. Write all of them alike; "
        "--yes amounts-not-understood rejects these rows."
    }
    assert filled.bring("orders", content, accepted=("amounts-not-understood",)).rejected == 1


def test_a_few_oddities_among_many_rows_are_rejected(filled: Book) -> None:
    report = filled.bring("orders", orders(*["5.00"] * 2_999, "5 or 6", "7 or 8", "many"))
    assert (report.accepted, report.rejected, report.findings) == (2_999, 3, ())


def test_a_column_of_which_nothing_is_read_is_rejected(filled: Book) -> None:
    report = filled.bring("orders", orders("1.2k", "3k"))
    assert (report.accepted, report.rejected, report.findings) == (0, 2, ())


def test_words_without_digits_are_rejected(filled: Book) -> None:
    assert filled.bring("orders", orders("5", "see mail")).rejected == 1


def test_sides_are_asked_about_and_read_by_negative(filled: Book) -> None:
    content = orders("100.00 DR", "40.00 CR", "5.00 Cr.")
    assert filled.ask("orders", content) == {
        "debit-credit": "The amounts of the column 'amount' have sides: dr, cr (for example 100.00 DR). "
        "Say which side is minus: --negative amount=DR or --negative amount=CR."
    }
    filled.bring("orders", content, negative=("amount=CR",))
    assert filled.rows("SELECT amount / 10000 FROM customer_order ORDER BY id") == [(100,), (-40,), (-5,)]
    report = filled.bring(
        "orders", orders("1.00 DR", "2.00 CR").replace("\n1,", "\n8,").replace("\n2,", "\n9,")
    )
    assert report.remembered == {"currency": "EUR", "negative": ["amount=CR"]}


@pytest.mark.parametrize(
    ("plus", "minus", "side"),
    [
        ("1.234,50 S", "40,00 H", "H"),
        ("1,234.50 D", "40.00 C", "C"),
        ("1234.5 借", "40 贷", "贷"),
        ("1234.50", "40 CR", "cr"),
    ],
)
def test_sides_of_many_ledgers_are_read(filled: Book, plus: str, minus: str, side: str) -> None:
    assert filled.ask("orders", orders(plus, minus)).keys() == {"debit-credit"}
    assert stored(filled, plus, minus, negative=(f"amount={side}",)) == [1234.5, -40]


@pytest.mark.parametrize(
    ("header", "currency"),
    [
        ("金额(万元)", "CNY"),
        ("销售额（千元）", "CNY"),
        ("金额 百元", "CNY"),
        ("Amount (k€)", "EUR"),
        ("Amount (k EUR)", "EUR"),
        ("Umsatz TEUR", "EUR"),
        ("Betrag in TEUR", "EUR"),
        ("Betrag in 1.000 EUR", "EUR"),
        ("Umsatz (Mio)", "EUR"),
        ("Sales ($000's)", "USD"),
        ("Sales x1000", "EUR"),
        ("Sales in thousands", "EUR"),
        ("Revenue (USD mn)", "USD"),
        ("Revenue $M", "USD"),
        ("Revenue m GBP", "GBP"),
        ("Amount (k)", "EUR"),
        ("amount in cents", "EUR"),
        ("金额（分）", "CNY"),
    ],
)
@pytest.mark.parametrize("field", ["amount", "cost", "subtract"])
def test_a_header_with_a_unit_is_a_question(filled: Book, header: str, currency: str, field: str) -> None:
    content = orders("1.5", header=header)
    columns = {field: header}
    if field != "amount":
        content = content.replace(header, f"amount,{header}").replace(",1.5", ",9,1.5")
    assert filled.ask("orders", content, columns=columns, currency=currency).keys() == {"amount-unit"}
    given: dict[str, Any] = {"columns": columns, "currency": currency, "accepted": ("amount-unit",)}
    assert filled.bring("orders", content, **given).accepted == 1


def test_a_header_with_a_unit_is_a_question_for_facts_and_rates_too(filled: Book) -> None:
    facts = "customer,field,值（万元）,date\nC1,annual_sales,5,2026-01-05\n"
    assert filled.ask("facts", facts, columns={"value": "值（万元）"}).keys() == {"amount-unit"}
    rates = "date,currency,rate in thousands\n2026-01-05,USD,7.1\n"
    given: dict[str, Any] = {"columns": {"rate": "rate in thousands"}, "firm_currency": "CNY"}
    assert filled.ask("rates", rates, **given).keys() == {"amount-unit"}


@pytest.mark.parametrize(
    ("header", "currency"),
    [
        ("金额(元)", "CNY"),
        ("Amount (EUR)", "EUR"),
        ("Net amount", "EUR"),
        ("Kundenbetrag", "EUR"),
        ("Sum of all", "EUR"),
        ("Betrag €", "EUR"),
        ("Amount $", "CAD"),
    ],
)
def test_a_header_with_the_currency_of_the_amounts_is_no_question(
    filled: Book, header: str, currency: str
) -> None:
    content = orders("1.5", header=header)
    assert filled.bring("orders", content, columns={"amount": header}, currency=currency).findings == ()


@pytest.mark.parametrize(
    ("header", "given", "said"),
    [
        ("amount (USD)", "EUR", "USD"),
        ("金额(美元)", "CNY", "USD"),
        ("Betrag EUR", "CHF", "EUR"),
        ("Umsatz €", "GBP", "EUR"),
        ("金额(元)", "EUR", "CNY"),
        ("Sales ($)", "EUR", "USD"),
    ],
)
def test_a_header_with_another_currency_than_the_given_one_is_a_question(
    filled: Book, header: str, given: str, said: str
) -> None:
    content, columns = orders("1.5", header=header), {"amount": header}
    assert filled.ask("orders", content, columns=columns, currency=given) == {
        "header-currency": f"The header '{header}' says {said}, and the amounts are taken as {given}. "
        f"Give --currency {said}, or convert the amounts; --yes header-currency: they are {given}."
    }
    report = filled.bring("orders", content, columns=columns, currency=given, accepted=("header-currency",))
    assert filled.rows("SELECT currency FROM customer_order") == [(given,)]
    assert report.accepted == 1


def test_a_missing_currency_is_asked_together_with_the_other_questions(filled: Book) -> None:
    content = orders("1.234", header="amount").replace("2026-01-05", "03/04/2026")
    asked = filled.ask("orders", content, currency=None)
    assert asked.keys() == {"currency-missing", "decimal-sign", "date-order"}
    assert asked["currency-missing"] == (
        "The file has no column for the currency. Say which one it is: --currency CNY."
    )
    given: dict[str, Any] = {"currency": "CHF", "decimal": "comma", "date_order": "dmy"}
    assert filled.bring("orders", content, **given).accepted == 1
    assert filled.rows("SELECT currency, amount / 10000 FROM customer_order") == [("CHF", 1234)]


def test_a_missing_currency_is_proposed_as_the_header_says(filled: Book) -> None:
    content, columns = orders("1.5", header="金额(美元)"), {"amount": "金额(美元)"}
    asked = filled.ask("orders", content, columns=columns, currency=None, firm_currency="CNY")
    assert asked == {
        "currency-missing": "The file has no column for the currency. Say which one it is: --currency USD."
    }


def test_the_currency_is_remembered_for_the_source_and_kind(filled: Book) -> None:
    content = "order,customer,date,amount\n{n},C1,2026-01-05,5\n"
    filled.bring("orders", content.format(n=1), currency="CHF")
    report = filled.bring("orders", content.format(n=2), currency=None)
    assert (report.remembered, report.accepted) == ({"currency": "CHF"}, 1)
    filled.bring("orders", content.format(n=3), currency="GBP")
    filled.bring("orders", content.format(n=4), currency=None)
    assert filled.rows("SELECT currency FROM customer_order ORDER BY id") == [
        ("CHF",),
        ("CHF",),
        ("GBP",),
        ("GBP",),
    ]
    assert filled.ask("orders", content.format(n=5), currency=None, forget=True).keys() == {
        "currency-missing"
    }
    assert filled.ask("orders", content.format(n=5), currency=None, source="crm").keys() == {
        "currency-missing"
    }


IDR: dict[str, Any] = {"currency": "IDR"}


def test_decimal_signs_are_asked_about_in_each_file_and_remembered(filled: Book) -> None:
    assert stored(filled, "1.250.000", "150.000", **IDR) == [1_250_000, 150_000]
    later = "order,customer,date,amount\n3,C1,2026-02-05,950.000\n4,C2,2026-02-06,150.000\n"
    assert filled.ask("orders", later, **IDR).keys() == {"decimal-sign"}
    filled.bring("orders", later, decimal="comma", **IDR)
    assert filled.rows(
        "SELECT amount / 10000 FROM customer_order WHERE ordered_on > '2026-02-01' ORDER BY id"
    ) == [
        (950_000,),
        (150_000,),
    ]


def test_a_remembered_decimal_sign_does_not_overrule_what_the_file_shows(filled: Book) -> None:
    filled.bring("orders", orders("950.000", "150.000"), decimal="comma")
    later = 'order,customer,date,amount\n3,C1,2026-02-05,"1,234.56"\n4,C2,2026-02-06,"1,234"\n'
    assert filled.ask("orders", later) == {
        "decimal-contradicted": "The column 'amount' is not written as --decimal comma says (line 2: 1,234.56). "
        "Give --decimal as this file is written; --yes decimal-contradicted reads by it what a cell leaves open."
    }
    filled.bring("orders", later, decimal="point")
    assert filled.rows("SELECT amount / 10000 FROM customer_order WHERE external_id = '4'") == [(1234,)]


def test_a_decimal_sign_that_is_given_is_no_question_where_cells_have_it(filled: Book) -> None:
    assert stored(filled, "1.234", "1.234,50", "99.5", decimal="comma") == [1234, 1234.5, 99.5]


CURRENCIES = "order,customer,date,amount,currency\n1,C1,2026-01-05,100,$\n2,C2,2026-01-05,100,¥\n"


def test_signs_in_a_column_of_currencies_are_asked_about(filled: Book) -> None:
    preview = filled.bring("orders", CURRENCIES, currency=None, dry_run=True)
    assert [one.text() for one in preview.open_findings] == [
        "The column 'currency' has '$', which is the sign of several currencies (USD, CAD, AUD, NZD, HKD, SGD, TWD, MXN, "
        "BRL, ARS, CLP, COP). Give --currency USD or another of them; with a comma for several signs: "
        "--currency USD,CNY.",
        "The column 'currency' has '¥', which is the sign of several currencies (CNY, JPY). Give --currency CNY or "
        "another of them; with a comma for several signs: --currency USD,CNY.",
    ]
    assert filled.ask("orders", CURRENCIES, currency="USD").keys() == {"currency-sign"}
    filled.bring("orders", CURRENCIES, currency="CAD,JPY")
    assert filled.rows("SELECT currency FROM customer_order ORDER BY id") == [("CAD",), ("JPY",)]
    later = CURRENCIES.replace("\n1,", "\n8,").replace("\n2,", "\n9,")
    assert filled.bring("orders", later, currency=None).remembered == {"currency": "CAD,JPY"}


def test_a_sign_is_the_currency_that_is_given_and_a_code_is_its_own(filled: Book) -> None:
    content = "order,customer,date,amount,currency\n1,C1,2026-01-05,1,$\n2,C1,2026-01-05,1,EUR\n3,C1,2026-01-05,1,\n"
    filled.bring("orders", content, currency="AUD")
    assert filled.rows("SELECT currency FROM customer_order ORDER BY id") == [("AUD",), ("EUR",), ("AUD",)]


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("US$", "USD"),
        ("€", "EUR"),
        ("元", "CNY"),
        ("RMB", "CNY"),
        ("R$", "BRL"),
        ("NT$", "TWD"),
        ("₹", "INR"),
        ("zł", "PLN"),
        ("人民币", "CNY"),
        ("eur", "EUR"),
        ("日元", "JPY"),
        ("HK$", "HKD"),
        ("$US", ""),
    ],
)
def test_a_sign_or_word_of_one_currency_is_it(filled: Book, written: str, code: str) -> None:
    content = f"order,customer,date,amount,currency\n1,C1,2026-01-05,1,{written}\n"
    report = filled.bring("orders", content, currency=None)
    assert report.findings == ()
    assert filled.rows("SELECT currency FROM customer_order") == ([(code,)] if code else [])


@pytest.mark.parametrize("sign", ["kr", "Rs", "$", "¥", "dollar", "peso", "£ "])
def test_a_sign_of_several_currencies_is_not_guessed(filled: Book, sign: str) -> None:
    content = f"order,customer,date,amount,currency\n1,C1,2026-01-05,1,{sign}\n"
    if sign == "£ ":
        assert filled.bring("orders", content, currency=None).accepted == 1
        return
    assert filled.ask("orders", content, currency=None).keys() == {"currency-sign"}


def test_a_sign_is_no_currency_of_an_exchange_rate_or_an_option(filled: Book) -> None:
    rates = "date,currency,rate\n2026-01-01,$,7\n"
    report = filled.bring("rates", rates, firm_currency="CNY")
    assert [one.reason for one in report.first_rejects] == ["'$' may be USD, CAD, AUD; write the code"]
    with pytest.raises(BadInput, match="--currency: '¥' may be CNY, JPY; write the code"):
        filled.bring("orders", orders("5"), currency="¥")
    assert filled.ask("orders", orders("5"), currency="USD,CNY").keys() == {"currency-missing"}
