"""What the book has under another number, with another amount, or as open, is asked about and never doubled or kept."""

from typing import Any

import pytest

from tests.conftest import all_on_postgresql, on_sqlite
from tests.services.imports.conftest import Book

ORDERS = (
    "order,customer,date,amount\n{0}1,C1,2026-01-05,100.50\n{0}2,C2,2026-01-06,7\n{0}3,C2,2026-01-06,-7\n"
)
INVOICES = (
    "invoice,customer,date,due,paid,amount\n{0}1,C1,2026-01-05,2026-02-05,,100.50\n"
    "{0}2,C2,2026-01-06,2026-02-06,2026-02-01,7\n{0}3,C2,2026-01-06,2026-02-06,2026-02-01,9\n"
)
ACTIVITIES = (
    "id,customer,date,kind,note\n{0}1,C1,2026-01-05,visit,prices\n{0}2,C2,2026-01-06,call,thanks.\n"
    "{0}3,C2,2026-01-06,call,an offer\n"
)
OPEN = "invoice,customer,date,due,amount\n"
R1 = "R1,C1,2026-01-05,2026-02-05,100\n"
R2 = "R2,C1,2026-02-05,2026-03-05,50\n"
R3 = "R3,C2,2026-03-05,2026-04-05,70\n"
EUR: dict[str, Any] = {"currency": "EUR"}
NONE_PAID: dict[str, Any] = {"currency": "EUR", "accepted": ("no-paid-column",)}


@all_on_postgresql
@pytest.mark.parametrize(
    ("kind", "content", "field"),
    [("orders", ORDERS, "order_no"), ("invoices", INVOICES, "invoice_no"), ("activities", ACTIVITIES, "id")],
)
def test_the_same_rows_under_other_numbers_are_asked_about(
    filled: Book, kind: str, content: str, field: str
) -> None:
    options = EUR if kind != "activities" else {}
    filled.bring(kind, content.format("SO-"), **options)
    assert filled.ask(kind, content.format("88"), **options) == {
        "known-by-another-number": "Rows whose number is new are in the book under another one, and are the same "
        "otherwise: 3 (the first is '881' on line 2, in the book 'SO-1'). They would count twice. Name the column of the "
        f"numbers that the book has: --map {field}=COLUMN; --yes known-by-another-number: both count."
    }
    accepted = ("known-by-another-number",)
    assert filled.bring(kind, content.format("88"), accepted=accepted, **options).created == 3


@on_sqlite
def test_the_column_of_the_known_numbers_answers(filled: Book) -> None:
    filled.bring("orders", ORDERS.format("SO-"))
    both = "order,old no,customer,date,amount\n881,SO-1,C1,2026-01-05,100.5\n882,SO-2,C2,2026-01-06,7\n"
    both += "883,SO-3,C2,2026-01-06,-7\n"
    assert filled.ask("orders", both).keys() == {"known-by-another-number"}
    report = filled.bring("orders", both, columns={"order_no": "old no"})
    assert (report.created, report.changed, report.unchanged) == (0, 0, 3)


@pytest.mark.parametrize(
    "later",
    [
        ORDERS.format("88").replace("2026-01", "2026-02"),  # other days
        ORDERS.format("88").replace(",7", ",8").replace("100.50", "100"),  # other amounts
        ORDERS.format("SO-") + ORDERS.format("88").partition("\n")[2],  # the file has both
        ORDERS.format("88").replace(",-7", ",12"),  # two that are equal prove nothing
        ORDERS.format("SO-"),
    ],
)
@on_sqlite
def test_other_orders_of_the_same_customers_are_no_question(filled: Book, later: str) -> None:
    filled.bring("orders", ORDERS.format("SO-"))
    assert filled.bring("orders", later, dry_run=True).open_findings == ()


@on_sqlite
def test_numbers_that_are_known_with_other_signs_are_asked_about_once(filled: Book) -> None:
    filled.bring("orders", ORDERS.format("00"))
    assert filled.ask("orders", ORDERS.format("")).keys() == {"similar-codes"}


@on_sqlite
def test_calls_without_notes_on_one_day_are_no_question(filled: Book) -> None:
    header, rows = (
        "id,customer,date,kind\n",
        "{0}1,C1,2026-01-05,call\n{0}2,C1,2026-01-05,call\n{0}3,C1,2026-01-05,call\n",
    )
    filled.bring("activities", header + rows.format("A"))
    assert filled.bring("activities", header + rows.format("B")).created == 3


@pytest.mark.parametrize(
    ("first", "second"),
    [("Prices.", "Prices"), ("Prices", "Prices!"), ("谈价格。", "谈价格"), ("谈价格", "谈价格 ……")],
)
@on_sqlite
def test_a_note_with_another_point_at_its_end_is_no_other_activity(
    filled: Book, first: str, second: str
) -> None:
    content = "customer,date,kind,note\nC1,2026-01-05,visit,{}\n"
    filled.bring("activities", content.format(first))
    assert filled.ask("activities", content.format(second)).keys() == {"known-activities"}
    assert filled.bring("activities", content.format("Delivery.")).created == 1


def test_open_invoices_that_the_next_list_of_open_ones_has_not_are_asked_about(filled: Book) -> None:
    filled.bring("invoices", OPEN + R1 + R2, **NONE_PAID)
    assert filled.ask("invoices", OPEN + R2 + R3, **EUR) == {
        "open-not-listed": "No invoice of the file has a day of payment, as in a list of open ones, and open invoices of the "
        "book are not in it: 1 (the first is 'R1', due on 2026-02-05). If they have been paid since, they would stay open. "
        "First import the paid ones with their days of payment; --yes open-not-listed: they are still open, the file has "
        "only some."
    }
    # What it says to do leads on.
    paid = "invoice,customer,date,due,paid,amount\nR1,C1,2026-01-05,2026-02-05,2026-02-01,100\n"
    filled.bring("invoices", paid, **EUR)
    filled.bring("invoices", OPEN + R2 + R3, **EUR)
    query = "SELECT external_id, paid_on FROM invoice ORDER BY id"
    assert filled.rows(query) == [("R1", "2026-02-01"), ("R2", None), ("R3", None)]


@on_sqlite
def test_each_list_of_open_invoices_is_asked_about_again(filled: Book) -> None:
    filled.bring("invoices", OPEN + R1 + R2, **NONE_PAID)
    filled.bring("invoices", OPEN + R2 + R3, accepted=("open-not-listed",), **EUR)
    assert filled.ask("invoices", OPEN + R3, **EUR).keys() == {"open-not-listed"}


@pytest.mark.parametrize(
    ("rows", "options"),
    [
        (R3, {}),  # new ones only, such as those of a month
        (R1 + R2, {}),
        (R2, {"source": "shop", "accepted": ("no-paid-column", "known-from-another-source")}),
    ],
)
@on_sqlite
def test_files_of_new_or_of_all_invoices_are_no_question(
    filled: Book, rows: str, options: dict[str, Any]
) -> None:
    filled.bring("invoices", OPEN + R1 + R2, **NONE_PAID)
    assert filled.bring("invoices", OPEN + rows, dry_run=True, **EUR, **options).open_findings == ()


@on_sqlite
def test_a_file_with_days_of_payment_is_no_list_of_open_invoices(filled: Book) -> None:
    filled.bring("invoices", OPEN + R1 + R2, **NONE_PAID)
    rest = "invoice,customer,date,due,paid,amount,balance\nR2,C1,2026-02-05,2026-03-05,2026-03-01,50,20\n"
    columns = {"still_open": "balance"}
    assert filled.bring("invoices", rest, columns=columns, dry_run=True, **EUR).open_findings == ()


def test_an_order_that_changes_its_amount_without_its_cost_is_asked_about(filled: Book) -> None:
    filled.bring("orders", "order,customer,date,amount,cost\n1,C1,2026-01-05,100,60\n2,C1,2026-01-06,9,\n")
    later = "order,customer,date,amount\n2,C1,2026-01-06,8\n1,C1,2026-01-05,50\n"
    assert filled.ask("orders", later) == {
        "kept-cost": "Orders get another amount, and the file does not say what they cost now: 1 (the first is '1' on line "
        "3: 50 instead of 100, with a cost of 60). Their margin would be wrong. Import them with their costs; --yes "
        "kept-cost: they cost the same as before."
    }
    filled.bring("orders", "order,customer,date,amount,cost\n1,C1,2026-01-05,50,30\n")
    filled.bring("orders", later)
    assert filled.rows("SELECT cost FROM customer_order ORDER BY external_id") == [(300_000,), (None,)]


@pytest.mark.parametrize(
    "rows", ["1,C1,2026-01-05,100,\n", "1,C1,2026-01-05,50,30\n", "1,C1,2026-01-07,100,\n"]
)
@on_sqlite
def test_an_order_with_its_old_amount_or_a_new_cost_is_no_question(filled: Book, rows: str) -> None:
    header = "order,customer,date,amount,cost\n"
    filled.bring("orders", header + "1,C1,2026-01-05,100,60\n")
    assert filled.bring("orders", header + rows, dry_run=True).open_findings == ()


@on_sqlite
def test_rates_that_are_new_change_no_cost_by_themselves(filled: Book) -> None:
    header = "order,customer,date,amount,cost,currency\n"
    filled.bring("rates", "date,currency,rate\n2026-01-01,USD,0.90\n", firm_currency="EUR")
    filled.bring("orders", header + "1,C1,2026-01-05,100,60,USD\n", currency=None, firm_currency="EUR")
    filled.bring("rates", "date,currency,rate\n2026-01-01,USD,0.92\n", firm_currency="EUR")
    later = header + "1,C1,2026-01-05,100,,USD\n"
    report = filled.bring("orders", later, currency=None, firm_currency="EUR", dry_run=True)
    assert report.open_findings == ()
