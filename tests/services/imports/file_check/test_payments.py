"""Payments that came before their invoices, on both databases."""

import pytest

from tests.services.imports.conftest import Book

INVOICES = "invoice_no,customer,date,due,paid,amount,currency\n"


def invoices(*days: tuple[str, str]) -> str:
    """Invoices of these days, paid on these days."""
    rows = (f"{number},C1,{day},2026-06-01,{paid},5,EUR\n" for number, (day, paid) in enumerate(days))
    return INVOICES + "".join(rows)


def test_a_payment_before_its_invoice_is_noted(filled: Book) -> None:
    days = [
        ("2026-01-05", "2026-02-01"),
        ("2026-01-05", "2026-01-01"),
        ("2026-01-05", "2026-02-01"),
        ("2026-01-05", ""),
    ]
    (note,) = filled.bring("invoices", invoices(*days)).findings
    assert (note.type.name, note.text()) == (
        "paid-before-invoice",
        "1 of 3 payments were made before the day of their invoice (line 3: paid 2026-01-01, invoice of 2026-01-05); they"
        " count as prepaid.",
    )


def test_when_most_payments_are_before_their_invoices_the_columns_are_asked_about(filled: Book) -> None:
    content = invoices(
        ("2026-01-05", "2026-01-01"), ("2026-01-05", "2026-01-02"), ("2026-01-05", "2026-02-01")
    )
    assert filled.ask("invoices", content) == {
        "mostly-paid-before-invoice": "2 of 3 payments were made before the day of their invoice (line 2: paid"
        " 2026-01-01, invoice of 2026-01-05), so the columns may not be what they seem. Say which columns they are (--map"
        " date=COLUMN, --map paid=COLUMN), or accept prepayments with --yes mostly-paid-before-invoice."
    }
    filled.bring("invoices", content, accepted=("mostly-paid-before-invoice",))
    assert filled.rows("SELECT count(*) FROM invoice") == [(3,)]


@pytest.mark.parametrize(
    "days", [[("2026-01-05", "2026-01-05")], [("2026-01-05", "")], [("2026-01-05", "2026-01-06")]]
)
def test_a_payment_on_the_day_of_its_invoice_or_later_is_nothing_to_say(
    filled: Book, days: list[tuple[str, str]]
) -> None:
    assert filled.bring("invoices", invoices(*days)).findings == ()
