"""Terms in place of the due day, and facts with a column for each field: named, and read as a person says."""

from typing import Any

import pytest

from bot.errors import BadInput
from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book

pytestmark = on_sqlite

EUR: Any = {"currency": "EUR"}


def invoices(column: str, cell: str) -> str:
    """Two invoices of 5 January 2026, with their terms."""
    return f'invoice_no,customer,date,amount,paid,{column}\nI1,C1,2026-01-05,100,,"{cell}"\nI2,C1,2026-01-05,100,,"{cell}"\n'


@pytest.mark.parametrize(
    ("column", "cell", "due"),
    [
        ("terms", "30", "2026-02-04"),
        ("Payment Terms", "Net 30", "2026-02-04"),
        ("Terms", "N30", "2026-02-04"),
        ("credit days", "45 days", "2026-02-19"),
        ("Net days", "7", "2026-01-12"),
        ("Payment terms", "2/10 net 30", "2026-02-04"),
        ("payment terms", "2%/10, n/30", "2026-02-04"),
        ("terms", "Due on receipt", "2026-01-05"),
        ("账期", "30", "2026-02-04"),
        ("账期(天)", "60天", "2026-03-06"),
        ("付款条件", "款到发货", "2026-01-05"),
        ("Zahlungsziel", "14 Tage", "2026-01-19"),
        ("Zahlungsbedingung", "30 Tage netto", "2026-02-04"),
        ("Zahlungsfrist", "sofort", "2026-01-05"),
    ],
)
def test_terms_are_named_and_counted_from_the_day_of_the_invoice(
    filled: Book, column: str, cell: str, due: str
) -> None:
    content = invoices(column, cell)
    with pytest.raises(BadInput) as refused:
        filled.bring("invoices", content, **EUR)
    assert f'Say which one it is: --map due="{column}"' in str(refused.value)
    filled.bring("invoices", content, columns={"due": column}, accepted=("no-paid-column",), **EUR)
    assert filled.rows("SELECT DISTINCT due_on FROM invoice") == [(due,)]


@pytest.mark.parametrize("cell", ["EOM", "as agreed", "400", "0"])
def test_terms_that_are_not_days_after_the_invoice_are_rejected(filled: Book, cell: str) -> None:
    report = filled.bring("invoices", invoices("terms", cell), columns={"due": "terms"}, **EUR)
    assert (report.accepted, report.rejected) == (0, 2)
    assert report.first_rejects[0].column == "terms"


def test_a_due_day_stands_before_terms(filled: Book) -> None:
    content = "invoice_no,customer,date,amount,paid,due date,terms\nI1,C1,2026-01-05,100,,2026-03-01,30\n"
    filled.bring("invoices", content, **EUR)
    assert filled.rows("SELECT due_on FROM invoice") == [("2026-03-01",)]


@pytest.mark.parametrize(
    ("header", "row", "named"),
    [
        ("customer,date,debt_ratio,current_ratio", "C1,2026-01-05,0.5,1.2", "debt_ratio, current_ratio"),
        ("customer,date,debt_ratio", "C1,2026-01-05,50%", "debt_ratio"),
        ("客户编号,日期,资产负债率,流动比率", "C1,2026-01-05,0.5,1.2", "资产负债率, 流动比率"),
        ("Kunde,Stichtag,Umsatz,Mitarbeiter", "C1,2026-01-05,5000,12", "Umsatz, Mitarbeiter"),
        ("customer,date,score,employees", "C1,2026-01-05,80,12", "score, employees"),
        ("customer,date,a,b,c,d,e", "C1,2026-01-05,1,2,3,4,5", "a, b, c, d, ..."),
    ],
)
def test_facts_with_a_column_for_each_field_are_named(
    filled: Book, header: str, row: str, named: str
) -> None:
    with pytest.raises(BadInput) as refused:
        filled.bring("facts", f"{header}\n{row}\n")
    assert f"wide-facts: This is a wide table: it has a column for each field ({named})" in str(refused.value)


def test_a_row_for_each_value_is_imported_as_the_refusal_says(filled: Book) -> None:
    content = "customer,field,value,date\nC1,debt_ratio,0.5,2026-01-05\nC1,current_ratio,1.2,2026-01-05\n"
    assert filled.bring("facts", content).accepted == 2


@pytest.mark.parametrize("header", ["customer,metric,value,date,weight", "customer,field,score,date,rank"])
def test_a_column_of_numbers_beside_field_and_value_makes_no_wide_table(filled: Book, header: str) -> None:
    assert filled.bring("facts", f"{header}\nC1,debt_ratio,0.5,2026-01-05,3\n").accepted == 1


@pytest.mark.parametrize(
    ("terms", "due"),
    [
        # The end of January is the 31st: 30 days later it is 2026-03-02.
        *[
            (terms, "2026-03-02")
            for terms in ("月结30天", "月结30", "30 EOM", "net 30 EOM", "EOM + 30", "30 days end of month")
        ],
        ("月结60天", "2026-04-01"),  # 28 of February, 31 of March and 1
        # 2026-01-05 and 30 days: 26 of January and 4
        *[
            (terms, "2026-02-04")
            for terms in (
                "14 Tage 2% 30 Tage netto",
                "10 Tage 2 % Skonto, 30 Tage netto",
                "2% 10 days, net 30",
                "30 Tage netto, 14 Tage 2%",
                "3% 8 Tage, 30 Tage rein netto",
            )
        ],
    ],
)
def test_terms_of_a_month_or_with_a_discount_give_the_due_day(filled: Book, terms: str, due: str) -> None:
    report = filled.bring(
        "invoices",
        f'invoice_no,customer,date,terms,paid,amount,currency\nI1,C1,2026-01-05,"{terms}",,100,EUR\n',
        columns={"due": "terms"},
    )
    assert report.rejected == 0
    assert filled.rows("SELECT due_on FROM invoice") == [(due,)]
