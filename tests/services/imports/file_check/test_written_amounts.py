"""One amount as it is written."""

import pytest

from bot.services.imports.read.amounts import Amounts
from bot.services.imports.read.refusal import RefusedValue


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1,23,456.78", 123456.78),
        ("12,34,567", 1234567),
        ("1,00,00,000.00", 10000000),
        ("-1,23,456.00", -123456),
        ("Rs. 1,23,456.00", 123456),
        ("1 234,50 €", 1234.5),
        ("1\u202f234,50 €", 1234.5),
        ("€ -", 0),
        ("- €", 0),
        ("1'234.50", 1234.5),
        ("CHF 1’234.50", 1234.5),
        ("1234.5-", -1234.5),
        ("1.234,50-", -1234.5),
        ("1.234,-", 1234),
        ("-1.234,-", -1234),
        ("1.250,--", 1250),
        ("20.-", 20),
        ("–12.50", -12.5),
        ("—12.50", -12.5),
        ("RMB 1,234.00", 1234),
        ("1,234.00元", 1234),
        ("人民币1,234.00元", 1234),
        ("¥1,234.00", 1234),
        ("1.234,50 Euro", 1234.5),
        ("1,234.50 usd", 1234.5),
        ("$1,234.50 USD", 1234.5),
        ("US$ 5.00", 5),
        ("R$ 1.234,50", 1234.5),
        ("1 234,50 kr", 1234.5),
        ("1 234,50 zł", 1234.5),
        ("(EUR 5.00)", -5),
        ("EUR -5.00", -5),
        ("5.00 EUR-", -5),
        ("(5.00) €", -5),
        ("$ - 12.00", -12),
        ("+7.00", 7),
    ],
)
def test_an_amount_is_read_as_it_is_meant(text: str, amount: float) -> None:
    assert Amounts(lambda cell: "point")(text) == round(amount * 10_000)


@pytest.mark.parametrize(
    "text",
    [
        "(45.00)-",
        "-(5)",
        "(-5)",
        "12€50",
        "1.5 €/kg",
        "1,2,3",
        "1,2345,678.00",
        "12 pcs",
        "5%",
        "1 23",
        "12.50.",
        "$",
        "1.2k",
        "3万",
        "1.5 Mio",
        "2 lakh",
        "1.2 million",
        "0.5 T€",
    ],
)
def test_what_is_not_understood_is_refused(text: str) -> None:
    assert isinstance(Amounts(lambda cell: "point")(text), RefusedValue)
