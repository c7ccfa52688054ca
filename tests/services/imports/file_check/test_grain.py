"""Rows that are finer than their kind are asked about; --lines adds them up."""

from typing import Any

import pytest

from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book

LINES = """\
Row ID,Order ID,Order Date,Customer ID,Customer Name,Category,Sales
1,CA-1,2026-01-05,C1,Acme,Furniture,100.00
2,CA-1,2026-01-05,C1,Acme,Paper,20.00
3,CA-1,2026-01-05,C1,Acme,Paper,20.00
4,CA-2,2026-01-06,C2,Birch,Paper,50.00
5,CA-2,2026-01-06,C2,Birch,Binders,50.00
"""
ADD_UP: dict[str, Any] = {"kind_options": {"lines": True}}
HEADER = "order,customer,date,amount"


def sums(book: Book) -> dict[str, float]:
    """Amount by order."""
    found = book.rows("SELECT external_id, amount FROM customer_order ORDER BY external_id")
    return {number: float(amount) / 10_000 for number, amount in found}


def test_order_lines_are_a_question_and_added_up_with_lines(filled: Book) -> None:
    assert filled.ask("orders", LINES) == {
        "order-lines": "The file seems to have one row per order line. Rows that repeat an order number: 3 "
        "(CA-1 on lines 2 and 3). Columns of lines: 'Row ID', 'Category'. "
        "--lines adds up the amounts of each order; tierbot import order-lines then takes the products from the same "
        "file. --yes order-lines takes each order once, by its first row, as if that had the amount of the whole order."
    }
    report = filled.bring("orders", LINES, **ADD_UP)
    assert sums(filled) == {"CA-1": 140, "CA-2": 100}  # 100 + 20 + 20; 50 + 50
    assert (report.rows, report.accepted, report.created, report.unchanged) == (5, 5, 2, 0)
    assert [one.text() for one in report.findings] == ["Rows that were added up: 5, to orders: 2."]
    again = filled.bring("orders", LINES.replace("50.00", "55.00"), accepted=("known-order-lines",))
    assert again.remembered == {"currency": "EUR", "lines": True}
    assert (again.changed, again.unchanged, sums(filled)) == (1, 1, {"CA-1": 140, "CA-2": 110})


def test_yes_takes_each_order_once(filled: Book) -> None:
    report = filled.bring("orders", LINES, accepted=("order-lines",))
    assert (sums(filled), report.accepted, report.rejected) == ({"CA-1": 100, "CA-2": 50}, 3, 2)


@pytest.mark.parametrize(
    "content",
    [
        # Amounts that differ show it without any other column.
        HEADER + "\nX1,C1,2026-01-05,100\nX1,C1,2026-01-05,40\nX2,C2,2026-01-06,50\n",
        # A column of lines shows it where the amounts happen to be equal.
        HEADER + ",产品名称\nX1,C1,2026-01-05,100,A\nX1,C1,2026-01-05,100,B\n",
        HEADER + ",Menge\nX1,C1,2026-01-05,100,1\nX1,C1,2026-01-05,100,1\n",
        HEADER + ",cost,SKU\nX1,C1,2026-01-05,100,60,A\nX1,C1,2026-01-05,40,,B\n",
        HEADER + ",Item\nX1,C1,2026-01-05,100,A\nX1,C1,2026-01-05,-100,A\n",
        "订单编号,客户编号,日期,金额,商品编码\nX1,C1,2026-01-05,100,A\nX1,C1,2026-01-05,40,B\n",
        "Belegnummer;customer;date;amount;Artikelnummer\n".replace("Belegnummer", "order")
        + "X1;C1;05.01.2026;100,50;A\nX1;C1;05.01.2026;40;B\n",
    ],
)
@on_sqlite
def test_order_lines_of_many_systems_are_a_question(filled: Book, content: str) -> None:
    assert filled.ask("orders", content).keys() == {"order-lines"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        # Another customer or day: not lines of one order.
        ("X1,C1,2026-01-05,100\nX1,C2,2026-01-05,40\n", "order_no X1 is already on line 2 with other values"),
        (
            "X1,C1,2026-01-05,100\nX1,C1,2026-02-05,100\n",
            "order_no X1 is already on line 2 with other values",
        ),
    ],
)
@on_sqlite
def test_one_number_of_two_orders_is_rejected(filled: Book, content: str, reason: str) -> None:
    report = filled.bring("orders", f"{HEADER}\n{content}")
    assert [one.reason for one in report.first_rejects] == [reason]


@on_sqlite
def test_one_odd_row_among_many_is_no_shape_of_the_file(filled: Book) -> None:
    rows = "".join(f"N{n},C1,2026-01-05,{n}\n" for n in range(150))
    report = filled.bring("orders", f"{HEADER}\n{rows}N7,C1,2026-01-05,8\n")
    assert (report.accepted, report.rejected) == (150, 1)


@on_sqlite
def test_a_file_of_orders_with_the_quantity_of_each_is_no_question(filled: Book) -> None:
    assert (
        filled.bring("orders", f"{HEADER},quantity\nX1,C1,2026-01-05,100,3\nX2,C1,2026-01-05,40,2\n").findings
        == ()
    )


@on_sqlite
def test_numbers_that_many_rows_repeat_with_other_customers_are_asked_about(filled: Book) -> None:
    content = f"{HEADER}\n1,C1,2026-01-05,100\n2,C1,2026-01-05,40\n1,C2,2026-01-06,7\n2,C2,2026-01-06,9\n"
    assert filled.ask("orders", content)["repeated-keys"] == (
        "Rows that repeat the order_no of an earlier row with another amount, customer, date: 2 (1 on lines 2 and 4). "
        "If each row is something of its own, name another column: --map order_no=COLUMN; "
        "--yes repeated-keys takes the first row of each and rejects the others."
    )
    assert filled.bring("orders", content, accepted=("repeated-keys",)).rejected == 2


@on_sqlite
def test_facts_of_one_day_with_several_values_are_asked_about(filled: Book) -> None:
    rows = "".join(f"C1,annual_sales,{n},2026-01-0{n % 3 + 1}\n" for n in range(1, 7))
    assert "repeated-keys" in filled.ask("facts", "customer,field,value,date\n" + rows)


def test_returns_and_costs_are_added_up_and_the_cost_is_known_only_of_whole_orders(filled: Book) -> None:
    content = (
        f"{HEADER},cost\nX1,C1,2026-01-05,100,60\nX1,C1,2026-01-05,-20,-12\n"
        "X2,C1,2026-01-05,30,10\nX2,C1,2026-01-05,30,\nX3,C1,2026-01-05,5,\n"
    )
    filled.bring("orders", content, **ADD_UP)
    assert filled.rows("SELECT external_id, amount / 10000, cost / 10000 FROM customer_order ORDER BY 1") == [
        ("X1", 80, 48),
        ("X2", 60, None),
        ("X3", 5, None),
    ]
    assert filled.rows("SELECT orders, net / 10000 FROM order_total") == [(3, 145)]


def test_lines_of_several_customers_or_currencies_are_rejected_with_all_of_their_order(filled: Book) -> None:
    content = (
        "order,customer,date,amount,currency\nX1,C1,2026-01-05,100,EUR\nX2,C1,2026-01-05,1,EUR\n"
        "X1,C2,2026-01-05,40,EUR\nX3,C1,2026-01-05,7,EUR\nX3,C1,2026-01-05,8,USD\n"
    )
    report = filled.bring("orders", content, **ADD_UP)
    assert sums(filled) == {"X2": 1}
    assert [(one.line, one.value, one.reason) for one in report.first_rejects] == [
        (2, "X1", "its lines have several customers"),
        (4, "X1", "its lines have several customers"),
        (5, "X3", "its lines have several currencies"),
        (6, "X3", "its lines have several currencies"),
    ]
    assert (report.rows, report.accepted, report.rejected) == (5, 1, 4)
    assert report.rejects_file is not None
    assert "X3,C1,2026-01-05,8,USD" in report.rejects_file.read_text(encoding="utf-8-sig")


def test_an_order_with_a_rejected_line_is_rejected_as_a_whole(filled: Book) -> None:
    content = (
        f"{HEADER}\nX1,C1,2026-01-05,100\nX1,C1,2026-01-05,many\nX2,C1,2026-01-05,5\nX1,C1,2026-01-05,1\n"
    )
    report = filled.bring("orders", content, **ADD_UP)
    assert sums(filled) == {"X2": 5}
    assert sorted((one.line, one.reason) for one in report.first_rejects) == [
        (2, "line 3 of it is rejected"),
        (3, "'many' is not an amount"),
        (5, "line 3 of it is rejected"),
    ]


@on_sqlite
@pytest.mark.parametrize("broken", ["X1,C1,2026-01-05,1,2,3\n", 'X1,C1,2026-01-05,"1\n'])
def test_a_line_that_is_no_row_rejects_its_order_too(filled: Book, broken: str) -> None:
    content = f"{HEADER}\nX1,C1,2026-01-05,100\n{broken}X2,C1,2026-01-05,5\n"
    assert filled.bring("orders", content, **ADD_UP).rejected == 2
    assert sums(filled) == {"X2": 5}


@on_sqlite
def test_lines_of_several_days_are_asked_about(filled: Book) -> None:
    content = f"{HEADER}\nX1,C1,2026-01-05,100\nX1,C1,2026-01-08,40\nX2,C1,2026-01-05,5\n"
    assert filled.ask("orders", content, **ADD_UP)["lines-of-several-days"].startswith(
        "The lines of 1 orders are of several days (X1: 2026-01-05 and 2026-01-08)."
    )
    filled.bring("orders", content, accepted=("lines-of-several-days",), **ADD_UP)
    assert filled.rows("SELECT external_id, ordered_on FROM customer_order ORDER BY 1") == [
        ("X1", "2026-01-05"),
        ("X2", "2026-01-05"),
    ]


@on_sqlite
def test_the_amount_of_the_whole_order_on_each_line_is_not_added_up_without_a_question(filled: Book) -> None:
    rows = "".join(f"X{n},C1,2026-01-05,{n}0,A\nX{n},C1,2026-01-05,{n}0,B\n" for n in (1, 2, 3))
    asked = filled.ask("orders", f"{HEADER},SKU\n{rows}", **ADD_UP)
    assert asked["lines-of-one-amount"].startswith(
        "In each of the 3 orders with several lines, all lines have the same amount (X1: 10)"
    )
    filled.bring("orders", f"{HEADER},SKU\n{rows}", forget=True, accepted=("order-lines",))
    assert sums(filled) == {"X1": 10, "X2": 20, "X3": 30}


@on_sqlite
def test_unknown_customers_of_lines_are_created_once(filled: Book) -> None:
    content = f"{HEADER}\nX1,N1,2026-01-05,100\nX1,N1,2026-01-05,40\nX2,N2,2026-01-05,5\nX2,N3,2026-01-05,5\n"
    report = filled.bring("orders", content, kind_options={"lines": True, "create_customers": True})
    assert (report.customers_created, sums(filled)) == (1, {"X1": 140})


def test_lines_in_another_currency_are_converted_and_added_up(filled: Book) -> None:
    filled.bring("rates", "date,currency,rate\n2026-01-01,USD,7\n", firm_currency="CNY")
    content = f"{HEADER}\nX1,C1,2026-01-05,100\nX1,C1,2026-01-05,40\n"
    filled.bring("orders", content, currency="USD", firm_currency="CNY", **ADD_UP)
    assert filled.rows("SELECT amount / 10000, original_amount / 10000 FROM customer_order") == [(980, 140)]


def test_lines_over_several_chunks_are_added_up_and_taken_back(filled: Book) -> None:
    before = filled.everything(without=("import_batch", "audit_entry"))
    rows = "".join(f"X{n % 4_000},C1,2026-01-05,{n}\n" for n in range(12_000))
    report = filled.bring("orders", f"{HEADER}\n{rows}", **ADD_UP)
    assert (report.created, len(sums(filled))) == (4_000, 4_000)
    assert sums(filled)["X7"] == 7 + 4_007 + 8_007
    filled.undo(report.batch_id)
    without = ("import_batch", "import_answer", "audit_entry")
    assert filled.everything(without=without) == {n: r for n, r in before.items() if n not in without}


@on_sqlite
def test_lines_that_options_leave_out_are_not_added_up(filled: Book) -> None:
    content = f"{HEADER},status\nX1,C1,2026-01-05,100,ok\nX1,C1,2026-01-05,40,cancelled\n"
    filled.bring("orders", content, skip=("status=cancelled",), **ADD_UP)
    assert sums(filled) == {"X1": 100}


INVOICES = "invoice,customer,date,due,paid,amount\n"


def test_invoice_lines_are_a_question_and_added_up(filled: Book) -> None:
    content = (
        INVOICES + "I1,C1,2026-01-05,2026-02-04,2026-02-01,100\nI1,C1,2026-01-05,2026-02-04,2026-02-01,40\n"
    )
    assert filled.ask("invoices", content, currency="EUR").keys() == {"invoice-lines"}
    filled.bring("invoices", content, currency="EUR", **ADD_UP)
    assert filled.rows("SELECT external_id, paid_on, amount / 10000 FROM invoice") == [
        ("I1", "2026-02-01", 140)
    ]


@pytest.mark.parametrize(
    "rows",
    [
        "I1,C1,2026-01-05,2026-02-04,2026-01-20,40\nI1,C1,2026-01-05,2026-02-04,2026-02-10,60\n",
        "I1,C1,2026-01-05,2026-02-04,2026-01-20,100\nI1,C1,2026-01-05,2026-02-04,2026-02-10,100\n",
        "I1,C1,2026-01-05,2026-02-04,2026-01-20,40\nI1,C1,2026-01-05,2026-02-04,,60\n",
    ],
)
@on_sqlite
def test_payments_are_not_invoices(filled: Book, rows: str) -> None:
    asked = filled.ask("invoices", INVOICES + rows, currency="EUR")
    assert asked["invoice-payments"].startswith(
        "The file seems to have one row per payment. Rows that repeat an invoice number with another day of payment: 1 "
        "(I1 on lines 2 and 3)."
    )
    accepted: Any = {"accepted": ("invoice-payments",), "currency": "EUR"}
    assert filled.bring("invoices", INVOICES + rows, **accepted).rejected == 1


@on_sqlite
def test_payments_are_not_added_up(filled: Book) -> None:
    content = INVOICES + "I1,C1,2026-01-05,2026-02-04,2026-01-20,40\nI1,C1,2026-01-05,2026-02-04,,60\n"
    report = filled.bring("invoices", content, currency="EUR", **ADD_UP)
    assert [one.reason for one in report.first_rejects] == ["its lines have several days of payment"] * 2


@pytest.mark.parametrize(
    "content",
    [
        "Contact ID,First Name,Last Name,Email,Company\n1,Ann,Lee,a@b.co,Acme\n2,Bo,Fox,b@b.co,Acme\n3,Cy,Ray,c@d.co,Cedar\n",
        "编号,联系人,手机,公司名称\n1,李,1,安可\n2,王,2,安可\n",
        "code,Nachname,Vorname,Firma\n1,Lee,Ann,Acme\n2,Fox,Bo,Acme\n".replace("Firma", "company"),
        "customer id,name,Email\nC1,Ann Lee,a@b.co\nC1,Bo Fox,b@b.co\n",
    ],
)
@on_sqlite
def test_contacts_are_not_customers(book: Book, content: str) -> None:
    columns = {"code": "Contact ID"} if "Contact ID" in content else {}
    assert book.ask("customers", content, columns=columns).keys() == {"contacts-as-customers"}
    assert book.bring("customers", content, columns=columns, accepted=("contacts-as-customers",)).created > 0


@on_sqlite
def test_a_customer_file_with_a_contact_each_is_a_customer_file(book: Book) -> None:
    content = "code,name,Contact,Email\nC1,Acme,Ann,a@b.co\nC2,Birch,Bo,b@b.co\nC1,Acme,Cy,c@b.co\n"
    report = book.bring("customers", content)
    assert (report.findings, report.created, report.rejected) == ((), 2, 0)


@on_sqlite
def test_a_column_of_a_product_is_not_the_customers(book: Book) -> None:
    content = LINES.replace("Category", "category")
    report = book.bring("customers", content)
    assert report.columns == {"code": "Customer ID", "name": "Customer Name"}
    assert book.rows("SELECT code, name, customer_type FROM customer ORDER BY id") == [
        ("C1", "Acme", None),
        ("C2", "Birch", None),
    ]
    assert (
        book.bring("customers", "code,name,category\nC3,Cedar,retail\n").columns["customer_type"]
        == "category"
    )


@on_sqlite
def test_a_product_code_is_not_the_customer_of_an_order(filled: Book) -> None:
    content = "order,date,customer name,code,quantity,amount\n1,2026-01-05,Acme,P-1,2,10\n"
    from bot.errors import BadInput

    with pytest.raises(BadInput, match="has no column for customer"):
        filled.bring("orders", content, kind_options={"create_customers": True})
    assert filled.bring("orders", "order,date,code,amount\n1,2026-01-05,C1,10\n").created == 1
