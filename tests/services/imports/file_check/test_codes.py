"""Codes that a spreadsheet or a program changed: read as they were, refused, or asked about; never a second customer."""

from typing import Any

import pytest

from tests.conftest import all_on_postgresql, on_sqlite
from tests.services.imports.conftest import Book

BASE = "code,name\nC1,Acme\n000123,Elm\n17850,Fir\nSO-7,Gum\nＡ９,Wide\n"
ORDERS = "order_no,customer,date,amount\n"
CREATE: dict[str, Any] = {"kind_options": {"create_customers": True}}


@pytest.fixture
def coded(book: Book) -> Book:
    book.bring("customers", BASE)
    return book


def codes(book: Book) -> list[str]:
    return [code for (code,) in book.rows("SELECT code FROM customer WHERE id > 5 ORDER BY id")]


@on_sqlite
@pytest.mark.parametrize(
    ("written", "code"),
    [
        ('="00987"', "00987"),
        ('"=""00987"""', "00987"),
        ('=T("00987")', "00987"),
        ('= "00987"', "00987"),
        ("'00987", "00987"),
        ("'00987'", "00987"),
        ("’00987", "00987"),
        ("＇00987", "00987"),
        ("`00987", "00987"),
        ('"""00987"""', "00987"),
        ("“00987”", "00987"),
        ("00987\t", "00987"),
        ("\t00987 ", "00987"),
        ("\u200b00987", "00987"),
        ("00\ufeff987", "00987"),
        ("00987\u200e", "00987"),
        ("\xa000987\xa0", "00987"),
        ("A\xa01", "A 1"),
        ("Cafe\u0301-1", "Café-1"),
        ("'A-1", "A-1"),
        ("#1001", "#1001"),
        ("SO 2026.001", "SO 2026.001"),
        ("12E5", "12E5"),
        ("1e5", "1e5"),
        ("NA", "NA"),
        ("杭州01", "杭州01"),
    ],
)
def test_what_keeps_a_code_text_is_taken_off(coded: Book, written: str, code: str) -> None:
    report = coded.bring("customers", f"code,name\n{written},New\n")
    assert (report.accepted, report.rejected) == (1, 0)
    assert codes(coded) == [code]
    assert coded.bring("orders", f"{ORDERS}{written},{written},2026-01-02,5\n").accepted == 1
    assert coded.rows("SELECT external_id FROM customer_order") == [(code,)]


@on_sqlite
@pytest.mark.parametrize(
    ("kind", "content", "stored", "sql"),
    [
        ("order-lines", "order_no,line,product_type,amount\n=\"7\",'01,x,5\n", "01", "SELECT line FROM order_line"),
        ("invoices", "invoice_no,customer,date,due,paid,amount\n'01,'C1,2026-01-02,'2026-02-02,,'5\n", "01", "SELECT external_id FROM invoice"),
        ("activities", 'customer,date,kind,id\n="C1",="2026-01-02",\'call,="9"\n', "9", "SELECT external_id FROM activity"),
        ("facts", "customer,field,value,date\n'C1,debt_ratio,\"=\"\"0.4\"\"\",2026-01-02\n", "0.4", "SELECT value FROM fact"),
        ("people", 'email,name\n="a@b.co",Ann\n', "a@b.co", "SELECT email FROM person"),
        ("customers", "code,name,parent\nN1,North,'C1\n", "N1", "SELECT code FROM customer WHERE parent_id = 1"),
    ],
)  # fmt: skip
def test_guards_are_taken_off_in_every_kind(
    coded: Book, kind: str, content: str, stored: str, sql: str
) -> None:
    coded.bring("orders", ORDERS + "7,C1,2026-01-02,5\n")
    report = coded.bring(kind, content, currency="EUR")
    assert [reject.reason for reject in report.first_rejects] == []
    assert coded.rows(sql) == [(stored,)]


@on_sqlite
@pytest.mark.parametrize(
    "name", ["'s-Hertogenbosch BV", "'t Hoen", '"Acme" Ltd', "=HYPERLINK(1)", "O'Neill", "1E+05 Ltd"]
)
def test_a_name_keeps_its_apostrophe(coded: Book, name: str) -> None:
    doubled = name.replace('"', '""')
    coded.bring("customers", f'code,name\nN1,"{doubled}"\n')
    assert coded.rows("SELECT name FROM customer WHERE code = 'N1'") == [(name,)]


@on_sqlite
@pytest.mark.parametrize(
    "text", ["1e+05", "1E+15", "1.23457e+05", "9.1031E+17", "9,1031E+17", "１e+05", "-1E+05"]
)
def test_a_code_in_scientific_notation_is_refused_in_any_case(coded: Book, text: str) -> None:
    report = coded.bring("customers", f'code,name\n"{text}",Holly\nN1,North\n')
    (reject,) = report.first_rejects
    assert reject.reason == (
        f"{text!r} is in scientific notation, which has lost digits; format the column as text and export again"
    )
    orders = coded.bring("orders", f'{ORDERS}"{text}",C1,2026-01-02,5\n1,"{text}",2026-01-02,5\n')
    assert [reject.line for reject in orders.first_rejects] == [2, 3]


@on_sqlite
@pytest.mark.parametrize(
    "text", ["#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NV", "#BEZUG!", "########", "Err:502"]
)
@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("customers", "code,name,region\n{},North,\nN2,{},\nN3,East,{}\n"),
        ("orders", ORDERS + "{},C1,2026-01-02,5\n2,{},2026-01-02,5\n3,C1,{},5\n4,C1,2026-01-02,{}\n"),
        ("facts", "customer,field,value,date\nC1,debt_ratio,{},2026-01-02\nC1,{},1,2026-01-02\n"),
    ],
)
def test_an_error_of_a_spreadsheet_is_refused_in_every_column(
    coded: Book, text: str, kind: str, content: str
) -> None:
    report = coded.bring(kind, content.format(*[text] * 4))
    assert report.accepted == 0
    assert {reject.reason for reject in report.first_rejects} == {
        f"{text!r} is an error of the spreadsheet, no value; correct it there"
    }


@on_sqlite
@pytest.mark.parametrize("text", ["----", "===", "***", "。", "\u200b"])
def test_a_code_without_a_letter_or_digit_is_refused(coded: Book, text: str) -> None:
    report = coded.bring("customers", f"code,name\n{text},North\nN1,South\n")
    assert (report.accepted, report.rejected) == (1, 1)


@on_sqlite
def test_an_apostrophe_before_every_cell_of_a_column_is_a_mark(coded: Book) -> None:
    coded.bring("customers", "'code,'name,'region\n'N1,'North,'West\n'N2,'South,\n'N3,'East,'NULL\n")
    assert coded.rows("SELECT code, name, region FROM customer WHERE id > 5 ORDER BY id") == [
        ("N1", "North", "West"),
        ("N2", "South", None),
        ("N3", "East", None),
    ]


NEAR = [
    ("123", "000123"),
    ("0123", "000123"),
    ("０００１２３", "000123"),
    ("17850.0", "17850"),
    ("17850.00", "17850"),
    ("17,850", "17850"),
    ("17850,0", "17850"),
    ("017850", "17850"),
    ("c1", "C1"),
    ("Ｃ１", "C1"),
    ("so-7", "SO-7"),
    ("SO－7", "SO-7"),
    ("SO–7", "SO-7"),
    ("C 1", "C1"),
]


@all_on_postgresql
@pytest.mark.parametrize(("written", "known"), NEAR)
def test_a_code_that_is_almost_known_makes_no_second_customer(coded: Book, written: str, known: str) -> None:
    content = f'code,name,region\n"{written}",Other,\nN1,North,\n'
    text = coded.ask("customers", content)["similar-codes"]
    assert text.startswith(
        f"Codes are new, but almost the same as known ones: 1, the first on line 2 ({written!r}; did you mean {known}?)."
    )
    report = coded.bring("customers", content, accepted=("similar-codes",))
    assert (report.accepted, codes(coded)) == (2, [written, "N1"])


@pytest.mark.parametrize(("written", "known"), NEAR)
def test_an_order_names_the_customer_that_was_meant(coded: Book, written: str, known: str) -> None:
    content = f'{ORDERS}1,"{written}",2026-01-02,5\n2,C1,2026-01-03,5\n'
    (reject,) = coded.bring("orders", content).first_rejects
    assert reject.reason == f"there is no customer {written!r}; did you mean {known}?"
    assert coded.ask("orders", content, **CREATE).keys() == {"similar-codes"}


@all_on_postgresql
@pytest.mark.parametrize(
    ("known", "written"),
    [("000123", "123"), ("17850", "17850.0"), ("so-1", "SO-1"), ("A1", "Ａ１"), ("1234", '"1,234"')],
)
@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("orders", ORDERS + "{},C1,2026-01-02,5\nX,C1,2026-01-02,5\n"),
        (
            "invoices",
            "invoice_no,customer,date,due,paid,amount\n{},C1,2026-01-02,2026-02-02,,5\nX,C1,2026-01-02,2026-02-02,,5\n",
        ),
    ],
)
def test_a_number_that_is_almost_known_is_no_second_order_or_invoice(
    coded: Book, kind: str, content: str, known: str, written: str
) -> None:
    coded.bring(kind, content.format(known), currency="EUR")
    text = coded.ask(kind, content.format(written), currency="EUR")["similar-codes"]
    assert f"did you mean {known}?" in text


def test_a_line_names_the_order_that_was_meant(coded: Book) -> None:
    coded.bring("orders", ORDERS + "007,C1,2026-01-02,5\n")
    report = coded.bring(
        "order-lines", "order_no,line,product_type,amount\n7,1,x,5\n8,1,x,5\n", currency="EUR"
    )
    assert [reject.reason for reject in report.first_rejects] == [
        "there is no order '7' from file; did you mean 007?",
        "there is no order '8' from file; bring orders in first",
    ]


@on_sqlite
def test_two_codes_of_one_file_that_differ_in_their_zeros_are_two_customers(coded: Book) -> None:
    assert coded.bring("customers", "code,name\n0055,One\n55,Two\n").accepted == 2
    assert codes(coded) == ["0055", "55"]


@on_sqlite
def test_codes_of_another_source_are_others(coded: Book) -> None:
    assert coded.bring("customers", "code,name\n123,Other\nc1,Other\n", source="crm").accepted == 2


@all_on_postgresql
@pytest.mark.parametrize(
    ("kind", "content", "column"),
    [
        ("customers", "code,name\n101.0,One\n102.0,Two\n", "code"),
        ("orders", ORDERS + "901.0,C1,2026-01-02,5\n902.0,C1,2026-01-02,5\n", "order_no"),
        ("orders", ORDERS + "1,17850.0,2026-01-02,5\n2,17850.0,2026-01-02,5\n", "customer"),
    ],
)
def test_a_column_of_codes_with_decimals_is_a_question(
    coded: Book, kind: str, content: str, column: str
) -> None:
    text = coded.ask(kind, content)["float-codes"]
    assert text.startswith(
        f"Every code in the column {column!r} is written as a decimal number (for example '"
    )
    report = coded.bring(kind, content, accepted=("float-codes",))
    assert (report.accepted, report.rejected) == (2, 0)
    assert coded.rows("SELECT code FROM customer WHERE code LIKE '%.0'") == []
    assert coded.rows("SELECT 1 FROM customer_order WHERE external_id LIKE '%.0'") == []


@pytest.mark.parametrize(
    "word", ["0", "散客", "Walk-in", "walk-in customer", "Cash sale", "零散客户", "Diverse", "其他", "Total"]
)
def test_a_word_for_many_is_not_made_one_customer(coded: Book, word: str) -> None:
    content = f"{ORDERS}1,{word},2026-01-02,5\n2,N1,2026-01-02,5\n3,{word},2026-01-03,5\n"
    text = coded.ask("orders", content, **CREATE)["collective-customer"]
    assert text.startswith(f"{word!r} is no customer but a word for many, or for none (line 2);")
    report = coded.bring("orders", content, accepted=("collective-customer",), **CREATE)
    assert (report.accepted, report.customers_created) == (3, 2)


@on_sqlite
@pytest.mark.parametrize("word", ["-", "--", "NULL", "无", "N/A", "None", "(blank)"])
def test_a_word_for_nothing_is_not_made_a_customer(coded: Book, word: str) -> None:
    report = coded.bring("orders", f"{ORDERS}1,{word},2026-01-02,5\n2,N1,2026-01-02,5\n", **CREATE)
    assert [reject.reason for reject in report.first_rejects] == [f"is empty: {word!r} is no value"]
    assert codes(coded) == ["N1"]


@on_sqlite
def test_a_customer_that_is_known_by_such_a_word_keeps_its_orders(coded: Book) -> None:
    coded.bring("customers", "code,name\n散客,散客\n")
    assert coded.bring("orders", f"{ORDERS}1,散客,2026-01-02,5\n", **CREATE).accepted == 1


@on_sqlite
@pytest.mark.parametrize(
    ("known", "written", "asked"),
    [
        ("C1", "C01", True),
        ("C01", "C1", True),
        ("C0042", "C42", True),
        ("K-7", "K-007", True),
        ("KD 12", "KD 0012", True),
        ("C10", "C1", False),
        ("C1", "C11", False),
        ("C100", "C1", False),
        ("A-1-1", "A-1-01", False),  # the parts of such a code may count anew
    ],
)
def test_zeros_between_letters_and_number_are_asked_about(
    book: Book, known: str, written: str, asked: bool
) -> None:
    book.bring("customers", f"code,name\n{known},Acme\n")
    for kind, content in (
        ("orders", f"{ORDERS}1,{written},2026-01-05,10\n"),
        ("customers", f"code,name\n{written},Elm\n"),
    ):
        report = book.bring(kind, content, dry_run=True, **CREATE)
        assert [one.type.name for one in report.open_findings] == ["similar-codes"] * asked
        assert all(one.values["known"] == known for one in report.open_findings)


@on_sqlite
@pytest.mark.parametrize(
    "written", ["Alpha Ltd", "alpha ltd", "ALPHA  LTD.", "阿尔法有限公司", "Alpha Trading"]
)
@pytest.mark.parametrize("source", ["file", "shop"])
def test_a_known_customers_name_is_no_new_code(book: Book, written: str, source: str) -> None:
    book.bring("customers", "code,name,aliases\nC1,Alpha Ltd,alpha trading\nC2,阿尔法有限公司,\n")
    code = "C2" if written.startswith("阿") else "C1"
    content = f"{ORDERS}1,{code},2026-01-05,10\n2,{written},2026-01-06,20\n"
    asked = book.ask("orders", content, source=source, **CREATE)
    assert asked == {
        "name-as-code": f"New customers would have the name of a known one for their code: 1, the first on line 3 "
        f"({written!r} has the code {code}). Write the codes, or take these names up as aliases with a customer file; or "
        "--yes name-as-code makes them new customers."
    }
    report = book.bring("orders", content, source=source, accepted=("name-as-code",), **CREATE)
    assert report.customers_created == 1


@on_sqlite
def test_a_name_that_was_taken_up_as_an_alias_is_the_customer(book: Book) -> None:
    book.bring("customers", "code,name,aliases\nC1,Alpha,Alpha Ltd\n")
    report = book.bring("orders", f"{ORDERS}1,Alpha Ltd,2026-01-05,10\n", **CREATE)
    assert report.customers_created == 0
    assert book.rows("SELECT customer_id FROM customer_order") == [(1,)]


@on_sqlite
def test_customers_that_are_named_by_their_code_stay(book: Book) -> None:
    report = book.bring("orders", f"{ORDERS}1,Alpha Ltd,2026-01-05,10\n", **CREATE)
    assert report.customers_created == 1
    again = book.bring("orders", f"{ORDERS}2,Alpha Ltd,2026-01-05,10\n3,Beta Ltd,2026-01-05,10\n", **CREATE)
    assert again.customers_created == 1
