"""Words for nothing are empty in every kind; names, NA of Namibia and the words of facts stay."""

import pytest

from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book

pytestmark = on_sqlite
WORDS = (
    *(
        "NULL",
        "null",
        "\\N",
        "None",
        "nil",
        "NaN",
        "N/A",
        "n/a",
        "n.a.",
        "-",
        "--",
        "—",
        "－",
        "无",
        "空",
        "暂无",
    ),
    *("k.A.", "keine", "(blank)", "(空白)", "<NULL>", "[NULL]", "(null)", "无数据", "未填写"),
)


@pytest.mark.parametrize("word", WORDS)
def test_a_word_for_nothing_is_an_empty_cell(filled: Book, word: str) -> None:
    filled.bring(
        "customers", f"code,name,industry,region,since,owner,parent\nN1,North,{','.join([word] * 5)}\n"
    )
    sql = "SELECT industry, region, since, parent_id FROM customer WHERE code = 'N1'"
    assert filled.rows(sql) == [(None, None, None, None)]
    filled.bring(
        "invoices",
        f"invoice_no,customer,date,due,amount,paid\n1,C1,2026-01-02,2026-02-02,5,{word}\n",
        currency="EUR",
    )
    assert filled.rows("SELECT paid_on FROM invoice") == [(None,)]
    filled.bring("orders", f"order_no,customer,date,amount,cost\n1,C1,2026-01-02,5,{word}\n")
    assert filled.rows("SELECT cost FROM customer_order") == [(None,)]
    filled.bring("activities", f"customer,date,kind,person,note\nC1,2026-01-02,call,{word},{word}\n")
    assert filled.rows("SELECT person_id, note FROM activity") == [(None, None)]
    filled.bring("people", f"email,name,role,team,timezone,active\na@b.co,Ann,{','.join([word] * 4)}\n")
    assert filled.rows("SELECT role, team_id, timezone, active FROM person") == [("viewer", None, None, 1)]


@pytest.mark.parametrize("word", WORDS)
def test_a_word_for_nothing_is_refused_where_a_value_is_required(filled: Book, word: str) -> None:
    content = "order_no,customer,date,amount\n{0},C1,2026-01-02,5\n2,{0},2026-01-02,5\n3,C1,{0},5\n4,C1,2026-01-02,{0}\n"
    report = filled.bring("orders", content.format(word))
    assert [reject.reason for reject in report.first_rejects] == [f"is empty: {word!r} is no value"] * 4


@pytest.mark.parametrize("name", ["NA", "None", "无", "Nil", "Null", "N/A", "暂无", "-"])
def test_a_name_may_be_such_a_word(filled: Book, name: str) -> None:
    filled.bring("customers", f"code,name\nN1,{name}\n")
    assert filled.rows("SELECT name FROM customer WHERE code = 'N1'") == [(name,)]


def test_na_stays_where_it_is_a_code(filled: Book) -> None:
    filled.bring("customers", "code,name,country,region,industry\nNA,North,NA,NA,NA\nN2,South,na,n/a,-\n")
    assert filled.rows("SELECT code, country, region, industry FROM customer WHERE id > 2 ORDER BY id") == [
        ("NA", "NA", "NA", None),
        ("N2", None, None, None),
    ]
    filled.bring("orders", "order_no,customer,date,amount\n1,NA,2026-01-02,5\n")
    assert filled.rows("SELECT customer_id FROM customer_order") == [(3,)]


@pytest.mark.parametrize(
    ("value", "kept"),
    [("none", True), ("无", True), ("keine", True), ("NULL", False), ("n/a", False), ("-", False)],
)
def test_none_is_a_value_of_a_fact_and_null_is_not(filled: Book, value: str, kept: bool) -> None:
    report = filled.bring(
        "facts", f"customer,field,value,date\nC1,security,{value},2026-01-02\n", accepted=("unknown-word",)
    )
    assert (report.accepted, report.rejected) == ((1, 0) if kept else (0, 1))


def test_an_empty_currency_in_words_is_the_one_that_is_given(filled: Book) -> None:
    filled.bring(
        "orders", "order_no,customer,date,amount,currency\n1,C1,2026-01-02,5,-\n2,C1,2026-01-02,5,USD\n"
    )
    assert filled.rows("SELECT currency FROM customer_order ORDER BY id") == [("EUR",), ("USD",)]
