"""A column that is missing says nothing: neither zero nor none. One that may be meant is asked about."""

from typing import Any

import pytest

from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book

pytestmark = on_sqlite

EUR: Any = {"currency": "EUR"}
ROWS = "1,C1,2026-01-05,2026-02-04,100,{0}\n2,C1,2026-02-05,2026-03-07,100,{1}\n3,C1,2026-03-05,2026-04-04,100,{2}\n"


def invoices(column: str, *cells: str) -> str:
    """Three invoices, each with a cell of another column."""
    return f"invoice,customer,date,due,amount,{column}\n" + ROWS.format(*cells)


def paid_days(book: Book) -> list[str | None]:
    return [day for (day,) in book.rows("SELECT paid_on FROM invoice ORDER BY external_id")]


EARLY = ("2026-01-20", "2026-02-20", "2026-03-20")


@pytest.mark.parametrize(
    "column",
    [
        *(
            "Settled Date",
            "SettledDate",
            "Date Paid",
            "Paid On",
            "Payment Date",
            "Cleared Date",
            "Clearing date",
        ),
        *("付款日期", "核销日期", "结清日期", "收款日期"),
    ],
)
def test_the_day_of_payment_is_known_by_many_names(filled: Book, column: str) -> None:
    report = filled.bring("invoices", invoices(f"{column},Status", *(f"{day},Paid" for day in EARLY)), **EUR)
    assert (report.findings, paid_days(filled)) == ((), list(EARLY))


@pytest.mark.parametrize(
    "column", ["Closed", "Cleared", "Zahlung", "Ausgleich", "核销", "结清", "Settled", "Receipt"]
)
def test_a_column_that_may_be_the_day_of_payment_is_asked_about(filled: Book, column: str) -> None:
    content = invoices(column, *EARLY)
    assert filled.ask("invoices", content, **EUR) == {
        "no-paid-column": "No column says on which day an invoice was paid, so that all would count as open. "
        f"Columns that look like it: '{column}'. "
        f"Give --map paid={column}, or --yes no-paid-column: none of these invoices is paid."
    }
    filled.bring("invoices", content, columns={"paid": column}, **EUR)
    assert paid_days(filled) == list(EARLY)


@pytest.mark.parametrize(
    "column",
    [
        "Payment terms",
        "Expected payment date",
        "预计付款日期",
        "Zahlungsbedingung",
        "region",
        "Payment method",
    ],
)
def test_what_only_sounds_like_it_is_not_suggested(filled: Book, column: str) -> None:
    asked = filled.ask("invoices", invoices(column, *EARLY), **EUR)
    assert "Columns that look like it: none. Give --map paid=COLUMN" in asked["no-paid-column"]


def test_invoices_without_a_day_of_payment_are_open_only_if_somebody_says_so(filled: Book) -> None:
    content = "invoice,customer,date,due,amount\n1,C1,2026-01-05,2026-02-04,100\n"
    assert filled.ask("invoices", content, **EUR).keys() == {"no-paid-column"}
    filled.bring("invoices", content, accepted=("no-paid-column",), **EUR)
    assert paid_days(filled) == [None]
    filled.bring("invoices", content.replace("1,", "9,", 1), **EUR)


@pytest.mark.parametrize(
    ("column", "paid", "is_open", "skip"),
    [
        ("Status", "Paid", "Open", "--skip Status=Paid"),
        ("付款状态", "已付款", "未付款", "--skip 付款状态=已付款"),
        ("Zahlstatus", "bezahlt", "offen", "--skip Zahlstatus=bezahlt"),
        ("Settled", "yes", "no", "--skip Settled=yes"),
        ("是否结清", "是", "否", "--skip 是否结清=是"),
    ],
)
def test_a_status_that_says_paid_without_a_day_is_asked_about(
    filled: Book, column: str, paid: str, is_open: str, skip: str
) -> None:
    content = invoices(column, paid, is_open, paid)
    asked = filled.ask("invoices", content, **EUR)
    assert asked.keys() == {"paid-without-day"}
    assert f"{paid} 2 (line 2), {is_open} 1" in asked["paid-without-day"]
    assert skip in asked["paid-without-day"]
    only_open = (skip.removeprefix("--skip "),)
    filled.bring("invoices", content, skip=only_open, **EUR)
    assert filled.rows("SELECT external_id, paid_on FROM invoice") == [("2", None)]
    filled.bring("invoices", invoices(column, is_open, is_open, is_open), **EUR)
    assert paid_days(filled) == [None, None, None]


def test_a_paid_invoice_whose_day_is_empty_is_asked_about(filled: Book) -> None:
    content = invoices("paid,Status", "2026-01-20,Paid", ",Paid", ",Open")
    asked = filled.ask("invoices", content, **EUR)
    assert asked.keys() == {"paid-without-day"}
    assert "Paid 2 (line 2), Open 1" in asked["paid-without-day"]
    filled.bring("invoices", content, accepted=("paid-without-day",), **EUR)
    assert paid_days(filled) == ["2026-01-20", None, None]


@pytest.mark.parametrize(
    "column", ["Lead Status", "Lead Source", "Lifecycle Stage", "线索状态", "Prospect rating"]
)
def test_a_file_of_leads_is_not_one_of_accounts(book: Book, column: str) -> None:
    content = f"code,name,{column}\nP1,Acme,Web\n"
    asked = book.ask("customers", content)
    assert asked.keys() == {"record-type"}
    assert asked["record-type"].startswith(f"The column '{column}' looks like one of prospects")
    book.bring("customers", content, kind_options={"record_type": "Lead"})
    assert book.rows("SELECT code, record_type FROM customer") == [("P1", "prospect")]
    assert book.bring("customers", content.replace("P1", "P2")).remembered == {"record_type": "Lead"}
    book.bring("customers", content.replace("P1", "P3"), forget=True, accepted=("record-type",))
    assert book.rows("SELECT record_type FROM customer WHERE code = 'P3'") == [("account",)]


def test_the_column_of_prospects_can_be_the_record_type(book: Book) -> None:
    content = "code,name,Lifecycle Stage\nP1,Acme,Lead\nP2,Birch,Customer\n"
    book.bring("customers", content, columns={"record_type": "Lifecycle Stage"})
    assert book.rows("SELECT code, record_type FROM customer ORDER BY id") == [
        ("P1", "prospect"),
        ("P2", "account"),
    ]


def test_a_record_type_for_new_customers_does_not_change_known_ones(filled: Book) -> None:
    filled.bring("customers", "code,name\nC1,Acme\nC3,Cedar\n", kind_options={"record_type": "prospect"})
    assert filled.rows("SELECT code, record_type FROM customer ORDER BY code") == [
        ("C1", "account"),
        ("C2", "account"),
        ("C3", "prospect"),
    ]


@pytest.mark.parametrize("column", ["Team lead", "Lead time", "industry"])
def test_what_only_sounds_like_a_lead_is_no_question(book: Book, column: str) -> None:
    assert book.bring("customers", f"code,name,{column}\nC1,Acme,x\n").findings == ()


def test_a_cost_of_zero_is_asked_about_and_an_empty_one_is_unknown(filled: Book) -> None:
    header = "order,customer,date,amount,cost\n"
    rows = header + "1,C1,2026-01-05,100,0\n2,C1,2026-01-06,100,60\n"
    assert filled.ask("orders", rows)["zero-cost"].startswith(
        "Rows with an amount above zero and a cost of 0: 1 (line 2). Their whole amount would be margin."
    )
    filled.bring("orders", rows, accepted=("zero-cost",))
    filled.bring("orders", header + "3,C2,2026-01-05,100,\n4,C2,2026-01-06,0,0\n", forget=True)
    assert filled.rows("SELECT external_id, cost / 10000 FROM customer_order ORDER BY 1") == [
        ("1", 0),
        ("2", 60),
        ("3", None),
        ("4", 0),
    ]


def test_a_line_that_cost_nothing_is_asked_about(filled: Book) -> None:
    filled.bring("orders", "order_no,customer,date,amount\nO1,C1,2026-01-05,500\n")
    lines = "order_no,line,product_type,amount,cost\nO1,1,pumps,300,0\nO1,2,pumps,200,0\n"
    assert filled.ask("order-lines", lines, **EUR).keys() == {"zero-cost"}
