"""Columns next to the amount are asked about, or said, with what was taken; none changes an amount in silence."""

from typing import Any

import pytest

from bot.errors import BadInput
from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book

pytestmark = on_sqlite


def orders(header: str, *rows: str) -> str:
    """A file of orders of C1, each with what the last columns say."""
    lines = [f"A{n},C1,2026-01-05,{row}" for n, row in enumerate(rows, start=1)]
    return "\n".join([f"order,customer,date,{header}", *lines, ""])


def amounts(book: Book) -> list[float]:
    return [float(one) / 10_000 for (one,) in book.rows("SELECT amount FROM customer_order ORDER BY id")]


@pytest.mark.parametrize(
    ("header", "rows", "taken", "other", "example"),
    [
        ("amount,gross", ["100,119"], "amount", "gross", "100 and 119"),
        ("amount,net", ["119,100"], "amount", "net", "119 and 100"),
        ("total,tax,net total", ["119,19,100"], "total", "net total", "119 and 100"),
        ("金额,税额,价税合计", ["100,13,113", "200,26,226"], "金额", "价税合计", "100 and 113"),
        ("销售额,不含税金额", ["113,100"], "销售额", "不含税金额", "113 and 100"),
        ("金额,含税金额", ["100,113"], "金额", "含税金额", "100 and 113"),
        ("Betrag,Bruttobetrag", ["100,119"], "Betrag", "Bruttobetrag", "100 and 119"),
        ("Umsatz,Betrag exkl. MwSt", ["119,100"], "Umsatz", "Betrag exkl. MwSt", "119 and 100"),
        ("amount,Total incl. VAT", ["100,119"], "amount", "Total incl. VAT", "100 and 119"),
        ("amount,Montant HT", ["120,100"], "amount", "Montant HT", "120 and 100"),
        ("Umsatz,Umsatz brutto", ["100,119"], "Umsatz", "Umsatz brutto", "100 and 119"),
        ("Betrag,Gesamtpreis brutto", ["100,119"], "Betrag", "Gesamtpreis brutto", "100 and 119"),
        ("total,total (tax incl.)", ["100,119"], "total", "total (tax incl.)", "100 and 119"),
        ("total,taxable amount", ["119,100"], "total", "taxable amount", "119 and 100"),
        ("amount,total", ["100,119"], "amount", "total", "100 and 119"),
        ("total,subtotal,shipping", ["109,100,9"], "total", "subtotal", "109 and 100"),
        ("订单金额,实付金额", ["100,90"], "订单金额", "实付金额", "100 and 90"),
        ("Betrag,Endbetrag", ["100,119"], "Betrag", "Endbetrag", "100 and 119"),
        # By their sum alone: 100 + 19
        ("amount,tax,invoice sum", ["100,19,119", "50,0,50"], "amount", "invoice sum", "100 and 119"),
    ],
)
def test_of_two_columns_of_amounts_nobody_guesses_which(
    filled: Book, header: str, rows: list[str], taken: str, other: str, example: str
) -> None:
    content = orders(header, *rows)
    typed = f'"{other}"' if " " in other else other
    assert filled.ask("orders", content) == {
        "net-or-gross": f"The columns '{taken}' and '{other}' both have amounts, which differ as with and without tax, discount or "
        f"the like (for example {example}). Give --map amount={typed} if that one counts; --yes net-or-gross: it is '{taken}'."
    }
    first, second = map(float, example.split(" and "))
    filled.bring("orders", content, accepted=("net-or-gross",))
    assert amounts(filled)[0] == first
    filled.bring("orders", content, columns={"amount": other}, forget=True)
    assert amounts(filled)[0] == second


@pytest.mark.parametrize(
    ("header", "row", "options"),
    [
        ("net amount,gross amount", "100,119", {}),
        ("Nettobetrag,Bruttobetrag", "100,119", {}),
        ("amount,gross", "100,100", {}),
        ("amount,gross", "100,", {}),
        ("amount,gross weight", "100,12", {}),
        ("amount,毛重,净重", "100,12,11", {}),
        ("amount,gross margin", "100,12", {}),
        ("amount,net price", "100,12", {}),
        ("amount,网络", "100,12", {}),
        ("amount,network", "100,12", {}),
        ("amount,tax", "100,0", {}),
        ("amount,tax", "100,", {}),
        ("amount,tax id", "100,123", {}),
        ("amount,税率", "100,13", {}),
        ("amount,discount code", "100,17", {}),
        ("amount,shipping address", "100,5 High Street", {}),
        ("amount,shipping method", "100,3", {}),
        ("net amount,tax", "100,19", {}),
        ("amount incl tax,tax", "119,19", {"columns": {"amount": "amount incl tax"}}),
        ("amount,exchange rate", "100,1", {}),
        ("amount,base amount", "100,100", {}),
        ("amount,taxi", "100,7", {}),
    ],
)
def test_columns_that_leave_nothing_open_say_nothing(
    filled: Book, header: str, row: str, options: dict[str, Any]
) -> None:
    assert filled.bring("orders", orders(header, row), **options).findings == ()


@pytest.mark.parametrize(
    ("header", "row", "parts"),
    [
        ("total,tax", "119,19", "'tax'"),
        ("amount,VAT", "119,19", "'VAT'"),
        ("amount,Sales Tax", "119,19", "'Sales Tax'"),
        ("Betrag,MwSt", "119,19", "'MwSt'"),
        ("Umsatz,Umsatzsteuer", "119,19", "'Umsatzsteuer'"),
        ("金额,税额", "113,13", "'税额'"),
        ("amount,discount", "100,20", "'discount'"),
        ("金额,折扣金额,运费", "100,20,9", "'折扣金额', '运费'"),
        ("Betrag,Rabatt", "100,20", "'Rabatt'"),
        ("total,shipping", "100,20", "'shipping'"),
        ("total,Freight", "100,20", "'Freight'"),
        ("Betrag,Versandkosten", "100,4.90", "'Versandkosten'"),
        ("net amount,discount", "100,20", "'discount'"),
        ("amount,优惠金额", "100,5", "'优惠金额'"),
        ("amount,delivery fee", "100,5", "'delivery fee'"),
    ],
)
def test_parts_of_an_amount_are_named_with_what_was_taken(
    filled: Book, header: str, row: str, parts: str
) -> None:
    report = filled.bring("orders", orders(header, row, row.replace(",20", ",0")))
    taken = header.split(",")[0]
    assert [(one.type.name, one.text()) for one in report.findings] == [
        (
            "amount-parts",
            f"The amounts are those of the column '{taken}' as they stand; what these columns have is neither added nor "
            f"taken off: {parts}.",
        )
    ]
    assert amounts(filled)[0] == float(row.split(",")[0])


def test_a_part_is_taken_off_by_subtract(filled: Book) -> None:
    content = orders("amount,discount", "100,20", "50,5")
    report = filled.bring("orders", content, columns={"subtract": "discount"})
    assert (amounts(filled), report.findings) == ([80, 45], ())  # 100 - 20, 50 - 5


@pytest.mark.parametrize(
    "other",
    [
        "base amount",
        "local amount",
        "Amount in local currency",
        "本位币金额",
        "本币金额",
        "Betrag Hauswährung",
        "Company Currency Total",
        "原币金额",
    ],
)
def test_amounts_in_the_currency_of_the_firm_are_asked_about(filled: Book, other: str) -> None:
    content = orders(f"amount,currency,{other}", "100,USD,90", "50,EUR,50")
    assert filled.ask("orders", content).keys() == {"base-amount"}
    columns = {"amount": other, "currency": "-"}
    report = filled.bring("orders", content, columns=columns)
    assert (amounts(filled), report.findings) == ([90, 50], ())
    assert filled.rows("SELECT DISTINCT currency FROM customer_order") == [("EUR",)]


@pytest.mark.parametrize("header", ["exchange rate", "汇率", "Wechselkurs", "FX rate", "Kurs"])
def test_rates_of_a_file_are_said_not_to_be_used(filled: Book, header: str) -> None:
    report = filled.bring("orders", orders(f"amount,{header}", "100,0.9"))
    assert [one.text() for one in report.findings] == [
        f"The rates in the column '{header}' are not used: amounts are converted only by the rates of tierbot import rates."
    ]


def test_the_answer_holds_for_the_next_file_of_the_source(filled: Book) -> None:
    content = orders("amount,gross", "100,119")
    filled.bring("orders", content, columns={"amount": "gross"})
    later = filled.bring("orders", content.replace("A1", "B1"))
    assert (amounts(filled), later.findings) == ([119, 119], ())


def test_of_two_likely_columns_the_one_without_tax_is_suggested(filled: Book) -> None:
    content = "单据编号,客户编码,单据日期,价税合计,不含税收入\nXS1,C1,2026-03-14,14125.00,12500.00\n"
    with pytest.raises(BadInput) as refused:
        filled.bring("orders", content)
    assert '--map amount="不含税收入"' in refused.value.text()
