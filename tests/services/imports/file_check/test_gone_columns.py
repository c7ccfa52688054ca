"""A column that a person named, or that changes another one, is missed where a later file does not have it."""

from typing import Any

import pytest

from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book

pytestmark = on_sqlite
EUR: Any = {"currency": "EUR"}
ORDERS = "order_no,customer,date,amount"
INVOICES = "invoice_no,customer,date,due,paid,amount"
PAID = "I1,C1,2026-01-05,2026-02-05,2026-02-01,100"


@pytest.mark.parametrize(
    ("kind", "first", "columns", "later", "taken"),
    [
        (
            "orders",
            f"{ORDERS},Net EUR\nA1,C1,2026-01-05,121,100\n",
            {"amount": "Net EUR"},
            f"{ORDERS}\nA2,C1,2026-01-05,121\n",
            "the column 'amount' would be taken for it",
        ),
        (
            "orders",
            f"{ORDERS},payer\nA1,C1,2026-01-05,121,C2\n",
            {"customer": "payer"},
            f"{ORDERS}\nA2,C1,2026-01-05,121\n",
            "the column 'customer' would be taken for it",
        ),
        (
            "orders",
            f"{ORDERS},delivered\nA1,C1,2026-01-05,121,2026-01-09\n",
            {"date": "delivered"},
            f"{ORDERS}\nA2,C1,2026-01-05,121\n",
            "the column 'date' would be taken for it",
        ),
        (
            "orders",
            f"{ORDERS},Einkauf\nA1,C1,2026-01-05,121,60\n",
            {"cost": "Einkauf"},
            f"{ORDERS}\nA2,C1,2026-01-05,121\n",
            "no column would be taken for it",
        ),
        (
            "orders",
            f"{ORDERS},Refund\nA1,C1,2026-01-05,100,30\n",
            {"subtract": "Refund"},
            f"{ORDERS}\nA1,C1,2026-01-05,100\n",
            "no column would be taken for it",
        ),
        (
            "invoices",
            f"{INVOICES},cleared\n{PAID},2026-02-09\n",
            {"paid": "cleared"},
            f"{INVOICES}\n{PAID}\n",
            "the column 'paid' would be taken for it",
        ),
        (
            "invoices",
            f"{INVOICES},balance\n{PAID},40\n",
            {"still_open": "balance"},
            f"{INVOICES}\n{PAID}\n",
            "no column would be taken for it",
        ),
        (
            "customers",
            "code,name,Branche\nC1,Acme,Steel\n",
            {"industry": "Branche"},
            "code,name,industry\nC1,Acme,Retail\n",
            "the column 'industry' would be taken for it",
        ),
    ],
)
def test_a_named_column_that_is_gone_is_asked_about(
    filled: Book, kind: str, first: str, columns: dict[str, str], later: str, taken: str
) -> None:
    filled.bring(kind, first, columns=columns, **EUR)
    ((field, column),) = columns.items()
    assert filled.ask(kind, later, **EUR) == {
        "mapped-column-gone": f"Earlier files of this source had {field} in the column '{column}', which is not in this "
        f"one; here {taken}. Say which column has it now: --map {field}=COLUMN; --yes mapped-column-gone reads the file "
        "without that column."
    }
    accepted = filled.bring(kind, later, accepted=("mapped-column-gone",), **EUR)
    assert accepted.accepted == 1
    # It is asked each time, until a column is named or the old one is forgotten.
    assert filled.ask(kind, later, **EUR).keys() == {"mapped-column-gone"}
    assert filled.bring(kind, later, forget_only=(field,), dry_run=True, **EUR).open_findings == ()
    if "taken" in taken and "the column" in taken:
        assert filled.bring(kind, later, columns={field: taken.split("'")[1]}, **EUR).accepted == 1
        assert filled.bring(kind, later, dry_run=True, **EUR).open_findings == ()


@pytest.mark.parametrize("header", ["NET EUR", "net eur", "Net_EUR", " Net EUR "])
def test_a_named_column_in_other_letters_is_found(filled: Book, header: str) -> None:
    filled.bring("orders", f"{ORDERS},Net EUR\nA1,C1,2026-01-05,121,100\n", columns={"amount": "Net EUR"})
    filled.bring("orders", f"{ORDERS},{header}\nA2,C1,2026-01-05,121,100\n")
    assert filled.rows("SELECT amount FROM customer_order") == [(100 * 10_000,)] * 2


def test_an_order_keeps_what_was_subtracted_until_a_person_says_otherwise(filled: Book) -> None:
    def amounts() -> list[float]:
        return [amount / 10_000 for (amount,) in filled.rows("SELECT amount FROM customer_order")]

    filled.bring("orders", f"{ORDERS},subtract\nA1,C1,2026-01-05,100,30\n")  # known by its own name
    assert amounts() == [100 - 30]
    without = f"{ORDERS}\nA1,C1,2026-01-05,100\n"
    assert filled.ask("orders", without).keys() == {"mapped-column-gone"}
    assert amounts() == [100 - 30]
    filled.bring("orders", without, columns={"subtract": "-"})
    assert amounts() == [100]
    filled.bring("orders", without)
    assert amounts() == [100]


@pytest.mark.parametrize(("column", "part"), [("still_open", "40"), ("paid_so_far", "60")])
def test_an_open_invoice_is_not_paid_by_a_file_without_its_rest(filled: Book, column: str, part: str) -> None:
    filled.bring("invoices", f"{INVOICES},{column}\n{PAID},{part}\n", **EUR)
    assert filled.ask("invoices", f"{INVOICES}\n{PAID}\n", **EUR).keys() == {"mapped-column-gone"}
    assert filled.rows("SELECT paid_on FROM invoice") == [(None,)]


def test_what_was_declined_is_not_missed(filled: Book) -> None:
    filled.bring("orders", f"{ORDERS},cost\nA1,C1,2026-01-05,121,60\n", columns={"cost": "-"})
    assert filled.bring("orders", f"{ORDERS}\nA2,C1,2026-01-05,121\n").findings == ()
