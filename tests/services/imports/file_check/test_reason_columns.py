"""Reasons, codes, scores and days whose column says that a row does not count, in words that lists of statuses lack."""

import pytest

from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book

pytestmark = on_sqlite


@pytest.mark.parametrize(
    ("header", "cell"),
    [
        ("Absagegrund", "Z1"),
        ("Reason for rejection", "01"),
        ("Cancel reason", "customer"),
        ("取消原因", "客户原因"),
        ("作废原因", "重复下单"),
        ("Lost Reason", "Price"),
    ],
)
def test_a_reason_for_which_an_order_does_not_count_is_asked_about(
    filled: Book, header: str, cell: str
) -> None:
    content = f"order,customer,date,amount,{header}\n1,C1,2026-01-05,100,\n2,C1,2026-01-06,900,{cell}\n"
    assert filled.ask("orders", content).keys() == {"status-column"}
    assert filled.bring("orders", content, skip=(f"{header}=*",)).accepted == 1


def test_no_reason_is_no_question(filled: Book) -> None:
    content = "order,customer,date,amount,cancel reason\n1,C1,2026-01-05,100,\n2,C1,2026-01-06,9,None\n"
    assert filled.bring("orders", content).accepted == 2


@pytest.mark.parametrize("words", [("SI", "SC"), ("SI", "SO", "SC")])
def test_codes_of_documents_that_are_a_yes_elsewhere_are_asked_about(
    filled: Book, words: tuple[str, ...]
) -> None:
    rows = "".join(f"{n},C1,2026-01-0{n},10,{word}\n" for n, word in enumerate(words, start=1))
    content = f"order,customer,date,amount,Type\n{rows}"
    assert "--negative Type=SC" in filled.ask("orders", content)["status-column"]
    filled.bring("orders", content, negative=("Type=SC",))
    assert filled.rows("SELECT sum(amount) FROM customer_order") == [((len(words) - 2) * 100_000,)]


@pytest.mark.parametrize(
    ("header", "cell"),
    [("gültig bis", "31.12.2024"), ("Valid until", "2024-12-31"), ("有效期至", "2024-12-31"), ("valid_to", "2024-12-31")],
)  # fmt: skip
def test_customers_that_are_valid_until_a_past_day_may_have_ended(book: Book, header: str, cell: str) -> None:
    content = f"code,name,{header}\nC1,Acme,9999-12-31\nC2,Birch,{cell}\n"
    assert "--map ended=" in book.ask("customers", content)["ended-column"]
    book.bring("customers", content, columns={"ended": header})
    assert book.rows("SELECT code FROM customer WHERE archived") == [("C2",)]


@pytest.mark.parametrize(
    ("header", "cell"),
    [("Merged into", "C1"), ("duplicate of", "C1"), ("合并到", "C1"), ("Auftragssperre", "01"), ("Lieferstopp gesperrt", "Z")],
)  # fmt: skip
def test_a_column_of_codes_is_not_proposed_as_the_day_of_the_end(book: Book, header: str, cell: str) -> None:
    content = f"code,name,{header}\nC1,Acme,\nC2,Birch,{cell}\n"
    asked = book.ask("customers", content)["ended-column"]
    assert "--map" not in asked
    assert "or add a column ended" in asked
    assert book.bring("customers", content, skip=(f"{header}=*",)).accepted == 1


@pytest.mark.parametrize(
    ("header", "yes", "no"),
    [
        ("valid complaint", "yes", "no"),
        ("投诉是否成立", "是", "否"),
        ("Reklamation berechtigt", "ja", "nein"),
    ],
)
def test_a_complaint_that_is_not_valid_is_asked_about(filled: Book, header: str, yes: str, no: str) -> None:
    content = f"customer,date,kind,{header}\nC1,2026-01-05,complaint,{yes}\nC2,2026-01-05,complaint,{no}\n"
    assert filled.ask("activities", content).keys() == {"status-column"}
    assert filled.bring("activities", content, skip=(f"{header}={no}",)).accepted == 1


@pytest.mark.parametrize(
    ("header", "low", "high"),
    [("match score", "62%", "99%"), ("相似度", "0.62", "0.95"), ("Ähnlichkeit", "62", "100")],
)
def test_pairs_that_are_not_certain_are_asked_about(filled: Book, header: str, low: str, high: str) -> None:
    filled.bring("customers", "code,name\nC3,Cedar\nC4,Dogwood\n")
    content = f"customer,into,{header},remark\nC1,C2,{low},maybe duplicate\nC3,C4,{high},duplicate\n"
    asked = filled.ask("joins", content)
    assert asked.keys() == {"uncertain-pairs"}
    assert f"{header}={high}" in asked["uncertain-pairs"].replace('"', "")
    report = filled.bring("joins", content, only=(f"{header}={high}",), accepted=("uncertain-pairs",))
    assert (report.accepted, report.skipped) == (1, 1)


@pytest.mark.parametrize(
    "header", ["amount_cents", "amountCents", "amount_in_cents", "amount (minor units)", "金额（分）"]
)
def test_amounts_in_cents_are_asked_about(filled: Book, header: str) -> None:
    content = f"order,customer,date,{header}\n1,C1,2026-01-05,10050\n"
    assert filled.ask("orders", content, columns={"amount": header}).keys() == {"amount-unit"}


def test_amounts_in_a_column_named_paid_are_no_days_that_nobody_paid(filled: Book) -> None:
    content = "invoice,customer,date,due,amount,Paid\n1,C1,2026-01-05,2026-02-05,100,100\n2,C1,2026-01-05,2026-02-05,9,0\n"
    asked = filled.ask("invoices", content, currency="EUR", columns={"paid": "-"})
    assert asked.keys() == {"no-paid-column"}
    assert "Columns that look like it: 'Paid'" in asked["no-paid-column"]
