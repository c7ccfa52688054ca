"""Columns of units and currencies that no field holds: what they say is asked about, never ignored."""

import pytest

from bot.services.imports.read.filters import spell
from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book

pytestmark = on_sqlite

ASKED = (
    "The column '{column}' says another unit than values are stored in: {field} in '{unit}' (line {line})."
    " Convert the values to {stored}; --yes unit-column takes them as they stand."
)
FIRMS = "whole amounts of the firm's currency"
UNITS = {
    "annual_sales": "whole amounts of CNY",
    "debt_ratio": "the unit of the field, ratio",
    "years_with_us": "the unit of the field, years",
}


def facts(header: str, *rows: str) -> str:
    """Facts of C1: each row a field, a value and a unit, on another day."""
    lines = [f"C1,{row},2026-01-{day:02}" for day, row in enumerate(rows, start=1)]
    return "\n".join([f"customer,field,value,{header},date", *lines, ""])


@pytest.mark.parametrize(
    ("header", "rows", "field", "unit", "line"),
    [
        ("unit", ["annual_sales,1250,万元"], "annual_sales", "万元", 2),
        ("单位", ["annual_sales,1250,元", "annual_sales,1250,千元"], "annual_sales", "千元", 3),
        ("Einheit", ["annual_sales,1250,TEUR"], "annual_sales", "TEUR", 2),
        ("Unit", ["annual_sales,1250,k"], "annual_sales", "k", 2),
        ("unit", ["annual_sales,1250,kUSD"], "annual_sales", "kUSD", 2),
        ("unit", ["annual_sales,1250,Mio. EUR"], "annual_sales", "Mio. EUR", 2),
        ("unit", ["annual_sales,1250,USD"], "annual_sales", "USD", 2),
        ("unit", ["annual_sales,1250,Stk"], "annual_sales", "Stk", 2),
        ("unit", ["debt_ratio,0.5,", "debt_ratio,0.5,%"], "debt_ratio", "%", 3),
        ("unit", ["debt_ratio,0.5,EUR"], "debt_ratio", "EUR", 2),
        ("unit", ["years_with_us,12,months"], "years_with_us", "months", 2),
        ("currency", ["debt_ratio,0.5,USD", "annual_sales,5000,USD"], "annual_sales", "USD", 3),
        ("Währung", ["annual_sales,5000,CNY", "annual_sales,5000,EUR"], "annual_sales", "EUR", 3),
        ("币种", ["annual_sales,5000,美元"], "annual_sales", "美元", 2),
        ("scale", ["annual_sales,1250,1", "annual_sales,1250,1000"], "annual_sales", "1000", 3),
        ("数量级", ["annual_sales,1250,万"], "annual_sales", "万", 2),
        ("Faktor", ["annual_sales,12,100"], "annual_sales", "100", 2),
        ("Scaling", ["annual_sales,1250,thousands"], "annual_sales", "thousands", 2),
        ("Scale", ["annual_sales,1.25,M"], "annual_sales", "M", 2),
        ("量级", ["annual_sales,1250,万"], "annual_sales", "万", 2),
    ],
)
def test_a_unit_that_is_not_the_one_of_the_field_is_asked_about(
    filled: Book, header: str, rows: list[str], field: str, unit: str, line: int
) -> None:
    asked = filled.ask("facts", facts(header, *rows), firm_currency="CNY")
    said = ASKED.format(column=header, field=field, unit=unit, line=line, stored=UNITS[field])
    assert asked == {"unit-column": said}
    content = facts(header, *rows)
    assert filled.bring("facts", content, firm_currency="CNY", accepted=("unit-column",)).accepted == len(
        rows
    )


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        (
            "unit",
            ["annual_sales,1250,EUR", "annual_sales,1250,€", "annual_sales,1250,", "annual_sales,1250,-"],
        ),
        ("unit", ["debt_ratio,55%,%", "debt_ratio,0.5,ratio"]),
        ("Einheit", ["years_with_us,12,Jahre"]),
        ("unit", ["company_kind,listed,word"]),
        ("currency", ["annual_sales,5000,EUR", "debt_ratio,0.5,USD", "annual_sales,5000,"]),
        ("remark", ["annual_sales,1250,万元"]),
        ("scale", ["annual_sales,1250,1", "annual_sales,1250,", "annual_sales,1250,units"]),
        ("period", ["annual_sales,1250,2025", "annual_sales,1250,year", "annual_sales,1250,"]),
        ("口径", ["annual_sales,1250,全年", "annual_sales,1250,审计"]),
    ],
)
def test_the_plain_unit_of_a_field_asks_nothing(filled: Book, header: str, rows: list[str]) -> None:
    report = filled.bring("facts", facts(header, *rows), firm_currency="EUR")
    assert (report.accepted, report.findings) == (len(rows), ())


@pytest.mark.parametrize(
    ("header", "periods", "line"),
    [
        ("period", ["year", "month"], 3),
        ("期间", ["季度"], 2),
        ("Zeitraum", ["Quartal"], 2),
        ("frequency", ["annual", "", "Weekly"], 4),
        ("period", ["YTD"], 2),
        ("Period", ["2026-03"], 2),
        ("Period", ["FY2025", "2025", "2024/25", "2026Q1"], 5),
        ("Fiscal Period", ["FY2025", "03/2026"], 3),
        ("会计期间", ["2025年度", "202603"], 3),
        ("Quarter", ["2"], 2),
        ("Months", ["12", "6"], 3),
        ("Zeitraum", ["2025", "Jan-Mrz 2026"], 3),
        ("Zeitraum", ["1. Quartal"], 2),
    ],
)
def test_values_of_a_part_of_a_year_are_asked_about(
    filled: Book, header: str, periods: list[str], line: int
) -> None:
    content = facts(header, *(f"annual_sales,1250,{period}" for period in periods))
    assert filled.ask("facts", content) == {
        "period-column": f"The column '{header}' says for which period values hold, and the book has one value of a field"
        f" for each day: annual_sales for '{periods[-1]}' (line {line}). Leave out the rows of other periods than a field"
        f" means, such as --skip {spell(header, periods[-1:])}, or convert their values; --yes period-column takes them as"
        " they stand."
    }
    left = filled.bring("facts", content, skip=(f"{header}={periods[-1]}",), dry_run=True)
    assert left.accepted == len(periods) - 1
    assert filled.bring("facts", content, accepted=("period-column",), dry_run=True).accepted == len(periods)


@pytest.mark.parametrize(
    ("header", "year", "part"),
    [
        ("From,To", "2025-01-01,2025-12-31", "2026-01-01,2026-03-31"),
        ("Period Start,Period End", "1.4.2025,31.3.2026", "1.1.2026,30.6.2026"),
        ("开始日期,结束日期", "2025/1/1,2025/12/31", "2026/1/1,2026/1/31"),
    ],
)
def test_a_first_and_a_last_day_are_a_year_or_asked_about(
    filled: Book, header: str, year: str, part: str
) -> None:
    assert filled.bring("facts", facts(header, f"annual_sales,5,{year}"), dry_run=True).findings == ()
    asked = filled.ask("facts", facts(header, f"annual_sales,5,{year}", f"annual_sales,5,{part}"))
    first, last = header.split(",")
    assert asked["period-column"].startswith(f"The column '{first}' – '{last}' says for which period")


def test_the_rows_of_one_period_may_be_chosen(filled: Book) -> None:
    content = facts("period", "annual_sales,1250,year", "annual_sales,100,month")
    report = filled.bring("facts", content, only=("period=year",))
    assert (report.accepted, [one.type.name for one in report.findings]) == (1, ["rows-left-out"])


def test_percent_may_be_what_the_unit_says(filled: Book) -> None:
    content = facts("unit", "debt_ratio,55,%", "debt_ratio,60,Prozent")
    assert filled.bring("facts", content, kind_options={"percent": ["debt_ratio"]}).findings == ()


@pytest.mark.parametrize(("second", "asked"), [("EUR", False), ("USD", True)])
def test_without_a_currency_of_the_firm_all_must_be_alike(filled: Book, second: str, asked: bool) -> None:
    content = facts("currency", "annual_sales,5000,EUR", f"annual_sales,6000,{second}")
    report = filled.bring("facts", content, dry_run=True)
    assert [one.type.name for one in report.findings] == ["unit-column"] * asked


ORDERS = "order_no,customer,date,amount,{header}\nA1,C1,2026-01-05,12,\nA2,C1,2026-01-06,15,{unit}\n"
INVOICES = (
    "invoice_no,customer,date,due,paid,amount,currency,{header}\nR1,C1,2026-01-05,2026-02-05,,12,EUR,{unit}\n"
)


@pytest.mark.parametrize(
    ("kind", "content", "header", "unit", "line"),
    [
        ("orders", ORDERS, "unit", "TEUR", 3),
        ("orders", ORDERS, "单位", "万元", 3),
        ("orders", ORDERS, "Einheit", "T€", 3),
        ("orders", ORDERS, "unit", "kCHF", 3),
        ("orders", ORDERS, "scale", "1000", 3),
        ("invoices", INVOICES, "单位", "千元", 2),
    ],
)
def test_thousands_next_to_amounts_are_asked_about(
    filled: Book, kind: str, content: str, header: str, unit: str, line: int
) -> None:
    asked = filled.ask(kind, content.format(header=header, unit=unit))
    said = ASKED.format(column=header, field="amount", unit=unit, line=line, stored=FIRMS)
    assert asked == {"unit-column": said}


def test_thousands_in_order_lines_are_asked_about(filled: Book) -> None:
    filled.bring("orders", "order_no,customer,date,amount,currency\nA1,C1,2026-01-05,12,EUR\n")
    content = "order_no,line,product_type,amount,unit\nA1,1,P1,12,TEUR\n"
    assert filled.ask("order-lines", content, currency="EUR").keys() == {"unit-column"}


@pytest.mark.parametrize(
    "unit", ["pcs", "Stk", "个", "kg", "千克", "t", "m", "kr", "EUR", "KGS", "ml", "kWh"]
)
def test_pieces_and_the_like_are_no_thousands(filled: Book, unit: str) -> None:
    report = filled.bring("orders", ORDERS.format(header="unit", unit=unit))
    assert (report.accepted, report.findings) == (2, ())


COSTS = "order_no,customer,date,amount,cost,{header}\nA1,C1,2026-01-05,12,7,\nA2,C1,2026-01-06,15,9,{cell}\n"


@pytest.mark.parametrize(
    ("header", "cell"),
    [
        ("Cost Currency", "CNY"),
        ("Currency of Cost", "USD"),
        ("成本币种", "人民币"),
        ("cost unit", "TUSD"),
        ("成本单位", "千元"),
    ],
)
def test_another_currency_or_unit_of_the_costs_is_asked_about(filled: Book, header: str, cell: str) -> None:
    content = COSTS.replace("cost", "成本") if header.startswith("成本") else COSTS
    asked = filled.ask("orders", content.format(header=header, cell=cell))
    assert asked == {
        "unit-column": ASKED.format(column=header, field="cost", unit=cell, line=3, stored=FIRMS)
    }


@pytest.mark.parametrize(
    ("header", "cell"), [("Cost Currency", "EUR"), ("Cost Currency", "€"), ("cost center", "CNY")]
)
def test_the_same_currency_of_the_costs_asks_nothing(filled: Book, header: str, cell: str) -> None:
    assert filled.bring("orders", COSTS.format(header=header, cell=cell)).findings == ()
