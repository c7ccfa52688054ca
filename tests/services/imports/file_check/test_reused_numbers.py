"""Numbers that begin again are asked about: an order of the book is not overwritten by another one."""

from typing import Any

import pytest

from bot.errors import BadInput
from bot.services.imports.check.findings import OpenFindings
from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book

ORDERS = "order,customer,date,amount\n1,C1,2024-01-05,500\n2,C2,2024-01-06,100\n"


@pytest.fixture
def ordered(filled: Book) -> Book:
    """Two orders of 2024."""
    filled.bring("orders", ORDERS)
    return filled


def asked(error: pytest.ExceptionInfo[OpenFindings]) -> list[str]:
    return [finding.type.name for finding in error.value.findings]


def test_numbers_that_restart_each_year_are_asked_about_with_the_first_row(ordered: Book) -> None:
    before = ordered.everything()
    next_year = "order,customer,date,amount\n3,C1,2026-01-02,9\n1,C2,2026-01-05,70\n2,C2,2026-01-09,80\n"
    with pytest.raises(OpenFindings) as refused:
        ordered.bring("orders", next_year)
    assert asked(refused) == ["order-number-reused"]
    assert (
        "The number '1' (line 3) is in the book already, of C1 on 2024-01-05; here it is of C2 on 2026-01-05."
        " Rows like that: 2."
    ) in str(refused.value)
    assert "--source file-2026" in str(refused.value)
    assert ordered.everything() == before
    report = ordered.bring("orders", next_year, source="file-2026")
    assert (report.created, report.changed) == (3, 0)
    assert ordered.rows("SELECT sum(amount) FROM customer_order") == [((500 + 100 + 9 + 70 + 80) * 10_000,)]


@pytest.mark.parametrize(
    ("row", "is_asked"),
    [
        ("1,C1,2024-01-05,501", False),
        ("1,C1,2024-12-31,500", False),
        ("1,C1,2025-01-05,500", False),  # 366 days later: 2024 was a leap year
        ("1,C1,2025-01-06,500", True),
        ("1,C1,2023-01-04,500", False),
        ("1,C1,2023-01-03,500", True),
        ("1,C2,2024-01-05,500", True),
        ("3,C2,2026-01-05,500", False),
    ],
)
@on_sqlite
def test_another_customer_or_more_than_a_year_is_a_question(ordered: Book, row: str, is_asked: bool) -> None:
    content = "order,customer,date,amount\n" + row + "\n"
    report = ordered.bring("orders", content, dry_run=True)
    assert [one.type.name for one in report.open_findings] == ["order-number-reused"] * is_asked
    if not is_asked:
        ordered.bring("orders", content)


def test_a_correction_is_accepted_and_the_answer_is_remembered(ordered: Book) -> None:
    content = "order,customer,date,amount\n1,C2,2024-01-05,500\n"
    report = ordered.bring("orders", content, accepted=("order-number-reused",))
    assert (report.changed, [one.level for one in report.findings]) == (1, ["note"])
    again = ordered.bring("orders", "order,customer,date,amount\n1,C1,2024-01-05,500\n")
    remembered = {"accepted": (("order-number-reused", ""),), "currency": "EUR"}
    assert (again.changed, dict(again.remembered)) == (1, remembered)


def test_an_order_of_a_customer_that_is_only_created_is_asked_about(ordered: Book) -> None:
    content = "order,customer,date,amount\n1,NEW,2024-01-05,500\n"
    with pytest.raises(OpenFindings, match="here it is of NEW on 2024-01-05"):
        ordered.bring("orders", content, kind_options={"create_customers": True})


def test_an_order_of_a_joined_customer_is_no_other_customers(ordered: Book) -> None:
    ordered.bring("joins", "customer,into\nC1,C2\n")
    assert ordered.bring("orders", ORDERS).unchanged == 2


@on_sqlite
def test_the_numbers_of_another_system_are_its_own(ordered: Book) -> None:
    assert (
        ordered.bring("orders", "order,customer,date,amount\n1,C2,2026-01-05,7\n", source="shop").created == 1
    )


@pytest.mark.parametrize(
    ("kind", "first", "second", "finding"),
    [
        (
            "invoices",
            "invoice,customer,date,due,paid,amount\nR1,C1,2024-01-05,2024-02-05,,5\n",
            "invoice,customer,date,due,paid,amount\nR1,C1,2026-01-05,2026-02-05,,9\n",
            "invoice-number-reused",
        ),
        (
            "invoices",
            "invoice,customer,date,due,paid,amount\nR1,C1,2026-01-05,2026-02-05,,5\n",
            "invoice,customer,date,due,paid,amount\nR1,C2,2026-01-05,2026-02-05,,5\n",
            "invoice-number-reused",
        ),
        (
            "activities",
            "id,customer,date,kind\n17,C1,2026-01-05,call\n",
            "id,customer,date,kind\n17,C2,2026-01-05,call\n",
            "activity-id-reused",
        ),
    ],
)
def test_invoices_and_activities_are_asked_about_too(
    filled: Book, kind: str, first: str, second: str, finding: str
) -> None:
    currency: dict[str, Any] = {} if kind == "activities" else {"currency": "EUR"}
    filled.bring(kind, first, **currency)
    with pytest.raises(BadInput, match=finding):
        filled.bring(kind, second, **currency)
    assert filled.bring(kind, first, **currency).unchanged == 1
    assert filled.bring(kind, second, **currency, accepted=(finding,)).changed == 1
