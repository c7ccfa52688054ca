"""What a column that is missing means, as the guide says it of every optional one."""

from typing import Any

import pytest

from bot.errors import BadInput
from bot.services.imports import KINDS
from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book

pytestmark = on_sqlite

OPTIONAL = {(kind, one.name) for kind, made in KINDS.items() for one in made.fields if not one.required}

# Files with the required columns only, after one customer, one order and one person.
FILES: dict[str, tuple[str, dict[str, Any]]] = {
    "people": ("email,name\nnew@example.com,New\n", {}),
    "teams": ("name\nNorth\n", {}),
    "customers": ("code,name\nN1,Nova\n", {}),
    "joins": ("customer,into\nC2,C1\n", {}),
    "orders": ("order_no,customer,date,amount\nN1,C1,2026-01-05,100\n", {}),
    "order-lines": ("order_no,product,product_type,amount\nA1,P1,pumps,60\n", {"currency": "EUR"}),
    "invoices": (
        "invoice_no,customer,date,due,paid,amount\nN1,C1,2026-01-05,2026-02-04,2026-02-01,100\n",
        {"currency": "EUR"},
    ),
    "activities": ("customer,date,kind\nC1,2026-01-05,visit\nC1,2026-01-05,visit\n", {}),
    "facts": ("customer,field,value,date\nC1,debt_ratio,0.5,2026-01-05\n", {}),
}
ORDER = "FROM customer_order WHERE external_id = 'N1'"
CUSTOMER = "FROM customer WHERE code = 'N1'"
PERSON = "FROM person WHERE email = 'new@example.com'"
# (kind, field) -> what the book has then
EXPECTED: dict[tuple[str, str], tuple[str, list[tuple[Any, ...]]]] = {
    ("people", "role"): (f"SELECT role {PERSON}", [("viewer",)]),
    ("people", "team"): (f"SELECT team_id {PERSON}", [(None,)]),
    ("people", "language"): (f"SELECT language {PERSON}", [(None,)]),
    ("people", "timezone"): (f"SELECT timezone {PERSON}", [(None,)]),
    **{
        ("people", name): (f"SELECT {name} {PERSON}", [(None,)])
        for name in ("country", "working_days", "works_from", "works_until")
    },
    ("people", "active"): (f"SELECT active {PERSON}", [(True,)]),
    ("people", "ended"): (f"SELECT active {PERSON}", [(True,)]),
    ("teams", "lead"): ("SELECT lead_id FROM team", [(None,)]),
    ("teams", "channel"): ("SELECT channel FROM team", [(None,)]),
    ("teams", "language"): ("SELECT language FROM team", [(None,)]),
    ("customers", "aliases"): ("SELECT name FROM customer_name WHERE kind = 'alias'", []),
    ("customers", "record_type"): (f"SELECT record_type {CUSTOMER}", [("account",)]),
    **{
        ("customers", name): (f"SELECT {name} {CUSTOMER}", [(None,)])
        for name in ("industry", "customer_type", "region", "country", "since", "language")
    },
    ("customers", "owner"): ("SELECT person_id FROM ownership", []),
    ("customers", "parent"): (f"SELECT parent_id {CUSTOMER}", [(None,)]),
    ("customers", "ended"): (f"SELECT archived {CUSTOMER}", [(False,)]),
    ("joins", "customer_source"): ("SELECT code FROM customer WHERE joined_into IS NOT NULL", [("C2",)]),
    ("joins", "into_source"): (
        "SELECT code FROM customer WHERE id = (SELECT max(joined_into) FROM customer)",
        [("C1",)],
    ),
    ("orders", "subtract"): (f"SELECT amount {ORDER}", [(100 * 10_000,)]),
    ("orders", "cost"): (f"SELECT cost {ORDER}", [(None,)]),
    ("orders", "currency"): (f"SELECT currency {ORDER}", [("EUR",)]),  # as --currency says
    ("orders", "original"): (f"SELECT cost {ORDER}", [(None,)]),
    ("order-lines", "line"): ("SELECT line FROM order_line", [("P1",)]),
    ("order-lines", "product"): ("SELECT product FROM order_line", [("P1",)]),
    ("order-lines", "subtract"): ("SELECT amount FROM order_line", [(60 * 10_000,)]),
    ("order-lines", "cost"): ("SELECT cost FROM order_line", [(None,)]),
    ("order-lines", "currency"): ("SELECT count(*) FROM order_line", [(1,)]),
    ("invoices", "paid"): ("SELECT paid_on FROM invoice", [("2026-02-01",)]),
    ("invoices", "still_open"): ("SELECT paid_on FROM invoice", [("2026-02-01",)]),
    ("invoices", "paid_so_far"): ("SELECT paid_on FROM invoice", [("2026-02-01",)]),
    ("invoices", "subtract"): ("SELECT amount FROM invoice", [(100 * 10_000,)]),
    ("invoices", "currency"): ("SELECT currency FROM invoice", [("EUR",)]),
    ("activities", "time"): ("SELECT count(*) FROM activity", [(1,)]),
    ("activities", "id"): ("SELECT count(*) FROM activity", [(1,)]),
    ("activities", "person"): ("SELECT person_id FROM activity", [(None,)]),
    ("activities", "note"): ("SELECT note FROM activity", [(None,)]),
    ("facts", "author"): ("SELECT author FROM fact", [(None,)]),
    ("facts", "evidence"): ("SELECT evidence FROM fact", [(None,)]),
}


@pytest.mark.parametrize("kind", FILES)
def test_the_book_says_so_too(filled: Book, kind: str) -> None:
    if kind == "order-lines":
        filled.bring("orders", FILES["orders"][0].replace("N1", "A1"))
    content, options = FILES[kind]
    assert filled.bring(kind, content, **options).rejected == 0
    mine = {pair: found for pair, found in EXPECTED.items() if pair[0] == kind}
    assert mine.keys() == {pair for pair in OPTIONAL if pair[0] == kind}
    for pair, (sql, expected) in mine.items():
        assert filled.rows(sql) == expected, pair


@pytest.mark.parametrize(
    ("kind", "field"), [("orders", "cost"), ("customers", "region"), ("invoices", "paid")]
)
def test_what_is_known_stays_where_the_column_is_missing_later(filled: Book, kind: str, field: str) -> None:
    content, options = FILES[kind]
    header, row = content.splitlines()
    value = {"cost": "60", "region": "West", "paid": "2026-02-01"}[field]
    full = content if field in header else f"{header},{field}\n{row},{value}\n"
    filled.bring(kind, full, **options)
    before = (
        filled.rows("SELECT cost, amount FROM customer_order"),
        filled.rows("SELECT region FROM customer"),
    )
    less = f"{header}\n{row}\n".replace(",paid", "").replace(",2026-02-01", "")
    filled.bring(kind, less, accepted=("no-paid-column",) if kind == "invoices" else (), **options)
    after = filled.rows("SELECT cost, amount FROM customer_order"), filled.rows("SELECT region FROM customer")
    assert after == before
    assert filled.rows("SELECT paid_on FROM invoice") == ([("2026-02-01",)] if kind == "invoices" else [])


@pytest.mark.parametrize("kind", ["orders", "order-lines", "invoices"])
def test_amounts_of_no_currency_are_refused(filled: Book, kind: str) -> None:
    if kind == "order-lines":
        filled.bring("orders", FILES["orders"][0].replace("N1", "A1"))
    with pytest.raises(BadInput, match="--currency"):
        filled.bring(kind, FILES[kind][0], currency=None)


def test_invoices_without_a_day_of_payment_and_lines_that_nothing_tells_apart(filled: Book) -> None:
    content = FILES["invoices"][0].replace(",paid", "").replace(",2026-02-01", "")
    assert filled.ask("invoices", content, currency="EUR").keys() == {"no-paid-column"}
    filled.bring("orders", FILES["orders"][0].replace("N1", "A1"))
    lines = FILES["order-lines"][0].replace("product,", "", 1).replace("P1,", "")
    assert filled.bring("order-lines", lines, currency="EUR").rejected == 1
