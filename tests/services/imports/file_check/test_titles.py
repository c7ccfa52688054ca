"""A unit or currency in a line above the header is asked about, as in a header."""

import pytest

from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book

pytestmark = on_sqlite
ORDERS = "order_no,customer,date,amount\nA1,C1,2026-01-05,12.5\n"
INVOICES = "invoice_no,customer,date,due,paid,amount\nI1,C1,2026-01-05,2026-02-05,,12.5\n"
LINES = "order_no,line,product_type,amount\nA1,1,pump,12.5\n"
FACTS = "customer,field,value,date\nC1,annual_sales,1250,2026-01-05\n"
CONTENT = {"orders": ORDERS, "invoices": INVOICES, "order-lines": LINES, "facts": FACTS}

THOUSANDS = [
    ("单位：万元", "万元"),
    ("2026年销售明细（单位：千元）", "千元"),
    ("金额单位: 人民币万元", "人民币万元"),
    ("(万元)", "万元"),
    ("Sales report (amounts in thousands of EUR)", "in thousands of EUR"),
    ("All figures in EUR thousands", "in EUR thousands"),
    ("Unit: k", "k"),
    ("Values in '000", "in '000"),
    ("Angaben in TEUR", "in TEUR"),
    ("Beträge in Tsd. EUR;;;", "in Tsd. EUR"),
    ("Einheit: T€", "T€"),
    ("Umsatz 2026 (Mio. EUR)", "Mio. EUR"),
    ("montants en milliers (in kEUR)", "in kEUR"),
]
CURRENCIES = [
    ("Currency: USD", "USD"),
    ("Currency,USD", "USD"),
    ("币种：美元", "USD"),
    ("单位：元", "CNY"),
    ("Sales 2026 in USD", "USD"),
    ("Umsatz 2026 (CHF)", "CHF"),
    ("Währung: USD;Mandant: 100", "USD"),
    ("All amounts are in US dollars", "USD"),
    ("Report (in £)", "GBP"),
]
PLAIN = [
    *(
        "单位：上海万达贸易有限公司",
        "填报单位：百万庄分公司",
        "Sales 2026",
        "Sales in May 2026",
        "Orders in TOP 10 accounts",
    ),
    *(
        "Currency: EUR",
        "Angaben in EUR",
        "amounts in €",
        "Report for ALL customers (page 1)",
        "Umsatz je 1.000 Kunden",
    ),
    *("Exported by CAD department", "销售明细（2026年1月）", "Printed in Berlin, 5 pages"),
]


@pytest.mark.parametrize(("title", "unit"), THOUSANDS)
def test_thousands_in_a_title_are_asked_about(filled: Book, title: str, unit: str) -> None:
    asked = filled.ask("orders", f"{title}\n{ORDERS}")
    said = title.strip(";")
    assert asked["amount-unit"] == (
        f"The title {said!r} says that its amounts are in thousands or another unit ({unit}). Export whole amounts;"
        " --yes amount-unit takes the numbers as they are."
    )


@pytest.mark.parametrize(("title", "currency"), CURRENCIES)
def test_another_currency_in_a_title_is_asked_about(filled: Book, title: str, currency: str) -> None:
    asked = filled.ask("orders", f"{title}\n{ORDERS}")
    assert asked.keys() == {"header-currency"}
    assert (
        f"The title {title!r} says {currency}, and the amounts are taken as EUR." in asked["header-currency"]
    )
    assert filled.bring("orders", f"{title}\n{ORDERS}", currency=currency).created == 1
    missing = filled.ask("orders", f"{title}\n{ORDERS}", source="shop", currency=None)
    assert missing["currency-missing"].endswith(f"--currency {currency}.")


@pytest.mark.parametrize("title", PLAIN)
def test_other_titles_are_not_asked_about(filled: Book, title: str) -> None:
    report = filled.bring("orders", f"{title}\n{ORDERS}")
    assert {one.type.name for one in report.findings} <= {"header-line"}


def test_a_column_of_currencies_says_more_than_a_title(filled: Book) -> None:
    content = "Currency: USD\norder_no,customer,date,amount,currency\nA1,C1,2026-01-05,12.5,EUR\n"
    assert filled.bring("orders", content, currency=None).created == 1


@pytest.mark.parametrize("kind", CONTENT)
def test_every_kind_with_amounts_asks(filled: Book, kind: str) -> None:
    filled.bring("orders", ORDERS.replace("12.5", "1000"))
    name = "unit-column" if kind == "facts" else "amount-unit"
    content = f"Report\nUnit: k EUR\n{CONTENT[kind]}"
    assert filled.ask(kind, content, currency="EUR", firm_currency="EUR").keys() >= {name}
    report = filled.bring(
        kind, content, currency="EUR", firm_currency="EUR", accepted=(name, "known-order-lines")
    )
    assert report.accepted == 1


def test_facts_name_the_title_and_the_field(filled: Book) -> None:
    asked = filled.ask("facts", f"Currency: USD\n{FACTS}", firm_currency="EUR")
    assert asked == {
        "unit-column": "The title 'Currency: USD' says another unit than values are stored in: annual_sales in 'USD' (line"
        " 1). Convert the values to whole amounts of EUR; --yes unit-column takes them as they"
        " stand."
    }
    ratios = "Currency: USD\ncustomer,field,value,date\nC1,debt_ratio,0.5,2026-01-05\n"
    assert filled.bring("facts", ratios, firm_currency="EUR").accepted == 1
