"""Order lines, invoices, exchange rates and declared periods: taken as meant, refused by row, taken back."""

from decimal import Decimal
from typing import Any

import pytest

from bot.errors import BadInput, Conflict
from bot.services.imports.conversion import convert
from db.book.imports import customers_touched
from tests.services.imports.conftest import Book

ORDERS = "order_no,customer,date,amount\nO1,C1,2026-01-05,500\nO2,C2,2026-02-01,80\n"
RATES = "date,currency,rate\n2026-01-01,USD,7.1234\n2026-02-01,USD,7.2\n2026-01-01,JPY,0.0478\n"


def reasons(report: object) -> list[tuple[int, str]]:
    return [(reject.line, reject.reason) for reject in report.first_rejects]  # type: ignore[attr-defined]


def test_lines_hang_on_orders_that_are_there(filled: Book) -> None:
    filled.bring("orders", ORDERS)
    lines = (
        "order_no,line,product_type,amount,cost\n"
        "O1,1,pumps,300,200\nO1,2,seals,200,\nO1,3,pumps,-50.5,-30\nO9,1,pumps,1,1\nO2,,pumps,80,\n"
    )
    report = filled.bring("order-lines", lines, currency="EUR")
    assert (report.accepted, report.created) == (3, 3)
    assert reasons(report) == [
        (5, "there is no order 'O9' from file; bring orders in first"),
        (6, "is empty, and so is the product; one must tell lines apart"),
    ]
    assert filled.rows("SELECT line, product_type, amount, cost FROM order_line ORDER BY line") == [
        ("1", "pumps", 300 * 10_000, 200 * 10_000),
        ("2", "seals", 200 * 10_000, None),
        ("3", "pumps", -505_000, -30 * 10_000),
    ]
    again = filled.bring("order-lines", lines.replace("300,200", "300,210"), currency="EUR")
    assert (again.created, again.changed, again.unchanged) == (0, 1, 2)


def test_a_line_without_a_number_is_known_by_its_product(filled: Book) -> None:
    filled.bring("orders", ORDERS)
    lines = "order_no,product,product_type,amount\nO1,P-7,pumps,300\nO1,P-8,pumps,200\n"
    assert filled.bring("order-lines", lines, currency="EUR").created == 2
    assert filled.bring("order-lines", lines + "\n", currency="EUR").unchanged == 2


def test_a_line_in_another_currency_than_its_order_is_refused(filled: Book) -> None:
    filled.bring("orders", ORDERS)
    lines = "order_no,line,product_type,amount\nO1,1,pumps,300\n"
    report = filled.bring("order-lines", lines, currency="USD")
    assert reasons(report) == [(2, "USD, but its order is kept in EUR")]


def test_orders_that_lines_build_on_are_taken_back_after_them(filled: Book) -> None:
    orders = filled.bring("orders", ORDERS)
    apart = ("import_batch", "import_answer", "audit_entry")  # what was answered is kept
    before = filled.everything(without=apart)
    lines = filled.bring("order-lines", "order_no,line,product_type,amount\nO1,1,pumps,3\n", currency="EUR")
    with pytest.raises(Conflict, match="builds on 1 of its orders"):
        filled.undo(orders.batch_id)
    assert filled.undo(lines.batch_id).removed == 1
    assert filled.everything(without=apart) == before
    assert filled.undo(orders.batch_id).removed == 2
    assert filled.rows("SELECT count(*) FROM customer_order") == [(0,)]


def test_a_payment_is_the_same_invoice_again(filled: Book) -> None:
    header = "invoice_no,customer,date,due,paid,amount\n"
    first = (
        header
        + "I1,C1,2026-01-01,2026-01-31,,1000\nI2,C1,2026-01-01,2025-12-31,,5\nI3,C9,2026-01-01,2026-02-01,,5\n"
    )
    report = filled.bring("invoices", first, currency="EUR")
    assert report.created == 1
    assert [reason for _, reason in reasons(report)] == [
        "2025-12-31 is before the invoice's date, 2026-01-01",
        "there is no customer 'C9'",
    ]
    paid = filled.bring("invoices", header + "I1,C1,2026-01-01,2026-01-31,2026-02-10,1000\n", currency="EUR")
    assert (paid.created, paid.changed) == (0, 1)
    assert filled.rows("SELECT paid_on FROM invoice") == [("2026-02-10",)]
    filled.undo(paid.batch_id)
    assert filled.rows("SELECT paid_on FROM invoice") == [(None,)]


@pytest.mark.parametrize(
    ("units", "rate", "expected"),
    [
        (1_000_000, "7.1234", 7_123_400),  # 100 units at 7.1234 are 712.34
        (5, "0.1", 1),  # half a ten-thousandth goes away from zero
        (-5, "0.1", -1),
        (10**16, "7.123456789", 71_234_567_890_000_000),  # floating point would be off here
    ],
)
def test_amounts_are_converted_exactly(units: int, rate: str, expected: int) -> None:
    assert convert(units, Decimal(rate)) == expected


def test_amounts_are_converted_by_the_newest_rate_on_or_before_their_day(filled: Book) -> None:
    filled.bring("rates", RATES, firm_currency="CNY")
    orders = (
        "order_no,customer,date,amount,cost,currency\n"
        "A,C1,2026-01-31,100,60,USD\nB,C1,2026-02-01,100,,USD\nC,C1,2025-12-31,100,,USD\n"
        "D,C1,2026-03-01,100,60,CNY\nE,C1,2026-03-01,1000,,JPY\nF,C1,2026-03-01,100,,GBP\n"
    )
    report = filled.bring("orders", orders, currency=None, firm_currency="CNY")
    assert reasons(report) == [
        (
            4,
            "there is no rate from USD to CNY on or before 2025-12-31; the first is of 2026-01-01; "
            "bring rates in first: tierbot import rates",
        ),
        (
            7,
            "there is no rate from GBP to CNY on or before 2026-03-01; bring rates in first: tierbot import rates",
        ),
    ]
    assert filled.rows(
        "SELECT external_id, amount, cost, currency, original_amount, original_currency"
        " FROM customer_order ORDER BY external_id"
    ) == [
        ("A", 7_123_400, 60 * 71_234, "CNY", 1_000_000, "USD"),
        ("B", 7_200_000, None, "CNY", 1_000_000, "USD"),
        ("D", 1_000_000, 600_000, "CNY", 1_000_000, "CNY"),
        ("E", 478_000, None, "CNY", 10_000_000, "JPY"),
    ]


def test_a_corrected_rate_changes_what_is_brought_in_again(filled: Book) -> None:
    filled.bring("rates", RATES, firm_currency="CNY")
    orders = "order_no,customer,date,amount,currency\nA,C1,2026-01-31,100,USD\n"
    filled.bring("orders", orders, currency=None, firm_currency="CNY")
    assert filled.bring("orders", orders, currency=None, firm_currency="CNY").unchanged == 1
    rates = filled.bring("rates", RATES.replace("7.1234", "7.1"), firm_currency="CNY")
    assert (rates.changed, rates.unchanged) == (1, 2)
    assert filled.bring("orders", orders, currency=None, firm_currency="CNY").changed == 1
    assert filled.rows("SELECT amount FROM customer_order") == [(7_100_000,)]


def test_invoices_and_lines_are_converted_too(filled: Book) -> None:
    filled.bring("rates", RATES, firm_currency="CNY")
    filled.bring(
        "orders", "order_no,customer,date,amount\nA,C1,2026-01-31,100\n", currency="USD", firm_currency="CNY"
    )
    lines = "order_no,line,product_type,amount,cost\nA,1,pumps,100,50\n"
    filled.bring("order-lines", lines, currency="USD", firm_currency="CNY")
    assert filled.rows("SELECT amount, cost FROM order_line") == [(7_123_400, 3_561_700)]
    invoices = "invoice_no,customer,date,due,amount\nI,C1,2026-02-03,2026-03-03,10\n"
    none_is_paid = ("no-paid-column",)
    filled.bring("invoices", invoices, currency="USD", firm_currency="CNY", accepted=none_is_paid)
    assert filled.rows("SELECT amount, currency, original_amount FROM invoice") == [(720_000, "CNY", 100_000)]


@pytest.mark.parametrize("rate", ["0", "-7", "abc", "inf", "1e3", "2000000"])
def test_a_rate_that_is_none_is_refused(book: Book, rate: str) -> None:
    report = book.bring("rates", f"date,currency,rate\n2026-01-01,USD,{rate}\n", firm_currency="CNY")
    assert (report.accepted, report.rejected) == (0, 1)


def test_rates_need_a_currency_of_the_firm_and_none_to_itself(book: Book) -> None:
    with pytest.raises(BadInput, match="TIERBOT_CURRENCY"):
        book.bring("rates", RATES)
    report = book.bring("rates", "date,currency,rate\n2026-01-01,CNY,1\n", firm_currency="CNY")
    assert reasons(report) == [(2, "CNY is the firm's own currency")]


def test_a_declared_period_is_kept_once_and_taken_back_with_its_import(filled: Book) -> None:
    visits = "customer,date,kind\nC1,2026-01-05,visit\n"
    covers = ("complaint=2025-06-01..2026-05-31", "投诉=2025-06-01..2026-05-31")
    first = filled.bring("activities", visits, kind_options={"covers": covers})
    assert filled.bring("activities", visits, kind_options={"covers": covers[:1]}).unchanged == 1
    assert filled.rows("SELECT kind, first_day, last_day, source FROM activity_period") == [
        ("complaint", "2025-06-01", "2026-05-31", "file")
    ]
    filled.undo(first.batch_id)
    assert filled.rows("SELECT count(*) FROM activity_period") == [(0,)]


@pytest.mark.parametrize(
    ("covers", "problem"),
    [
        ("complain=2025-06-01..2026-05-31", "did you mean complaint"),
        ("complaint", "write it as"),
        ("complaint=2025-06-01", "write it as"),
        ("complaint=2026-05-31..2025-06-01", "on or after its first day"),
        ("complaint=2026-05-31..2026-06-16", "not in the future"),
    ],
)
def test_a_period_that_makes_no_sense_is_refused(filled: Book, covers: str, problem: str) -> None:
    with pytest.raises(BadInput, match=problem):
        filled.bring(
            "activities", "customer,date,kind\nC1,2026-01-05,visit\n", kind_options={"covers": (covers,)}
        )


def test_a_judgement_needs_an_author_and_evidence(filled: Book) -> None:
    facts = (
        "customer,field,value,date,author,evidence\n"
        "C1,customisation_level,4,2026-01-05,Mia,own drawings\nC1,fit,4,2026-01-05,,because\n"
        "C1,expansion_plan,approved,2026-01-05,Mia,\nC1,debt_ratio,0.4,2026-01-05,,\n"
    )
    report = filled.bring("facts", facts)
    assert report.accepted == 2
    assert reasons(report) == [
        (3, "is empty, but fit is somebody's judgement"),
        (4, "is empty, but expansion_plan is somebody's judgement"),
    ]


def test_lines_touch_the_customers_of_their_orders(filled: Book) -> None:
    orders = filled.bring("orders", ORDERS)
    header = "order_no,line,product_type,amount\n"
    lines = filled.bring("order-lines", header + "O1,1,pumps,300\n", currency="EUR")
    again = filled.bring("order-lines", header + "O1,1,pumps,310\n", currency="EUR")
    assert orders.batch_id is not None
    assert lines.batch_id is not None
    (first,) = filled.rows("SELECT id FROM customer WHERE code = 'C1'")[0]
    with filled.database.read() as session:
        assert customers_touched(session, after=orders.batch_id) == [first]
        assert customers_touched(session, after=lines.batch_id) == [first]  # by the changed row
        assert customers_touched(session, after=again.batch_id or 0) == []


def test_costs_with_another_sign_and_numbers_almost_alike_are_found_on_either_database(filled: Book) -> None:
    rows = "007,C1,2026-01-05,100,-60\n7,C1,2026-01-05,10,6\nb 1,C1,2026-01-05,10,6\nB1,C1,2026-01-05,10,\n"
    content = "order_no,customer,date,amount,cost\n" + rows
    asked = filled.ask("orders", content)
    assert asked.keys() == {"cost-sign", "similar-numbers"}
    assert "'007' and '7' (line 3). Numbers like that: 2." in asked["similar-numbers"]
    filled.bring("orders", content, accepted=("cost-sign", "similar-numbers"))
    costs = filled.rows("SELECT cost / 10000 FROM customer_order WHERE cost IS NOT NULL ORDER BY id")
    assert costs == [(60,), (6,), (6,)]


def test_the_columns_of_order_lines_are_asked_about_as_those_of_orders(filled: Book) -> None:
    filled.bring("orders", "order_no,customer,date,amount\nO1,C1,2026-01-05,500\n")
    lines = "order_no,line,product_type,amount,gross,quantity,cost\nO1,1,pumps,100,119,10,6\nO1,2,pumps,50,59.5,5,-6\n"
    given: dict[str, Any] = {"currency": "EUR"}
    assert filled.ask("order-lines", lines, **given).keys() == {"cost-sign", "cost-per-piece", "net-or-gross"}
    accepted = ("cost-sign", "cost-per-piece", "net-or-gross")
    filled.bring("order-lines", lines, accepted=accepted, **given)
    assert filled.rows("SELECT cost / 10000 FROM order_line ORDER BY id") == [(6,), (6,)]
