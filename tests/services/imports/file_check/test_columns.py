"""Rows of another width, columns that are declined, misread or doubled, people by name, and columns that are missing."""

import pytest

from bot.errors import BadInput
from bot.services.imports.check.findings import OpenFindings
from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book

pytestmark = on_sqlite
PEOPLE = "email,name\nmia@example.com,Mia Lee\nzhang@example.com,张三\nann@example.com,Ann Bo\nann2@example.com,Ann Bo\n"


@pytest.fixture
def staffed(filled: Book) -> Book:
    filled.bring("people", PEOPLE)
    return filled


def findings(report: object) -> dict[str, str]:
    return {one.type.name: one.text() for one in report.findings}  # type: ignore[attr-defined]


# Rows that are shorter or longer than the header.


@pytest.mark.parametrize(
    ("kind", "content", "stored", "sql"),
    [
        (
            "customers",
            "code,name,region,industry\nN1,North,West\nN2,South\nN3,East,Wide,metal\n",
            [("N1", "West", None), ("N2", None, None), ("N3", "Wide", "metal")],
            "SELECT code, region, industry FROM customer WHERE id > 2 ORDER BY id",
        ),
        (
            "invoices",
            "invoice_no,customer,date,due,amount,paid\n1,C1,2026-01-02,2026-02-02,5\n",
            [("1", None)],
            "SELECT external_id, paid_on FROM invoice",
        ),
        (
            "activities",
            "customer,date,kind,note\nC1,2026-01-02,call\n",
            [("call", None)],
            "SELECT kind, note FROM activity",
        ),
    ],
)
def test_a_row_that_lacks_only_optional_last_cells_is_read(
    filled: Book, kind: str, content: str, stored: list[tuple[str | None, ...]], sql: str
) -> None:
    report = filled.bring(kind, content, currency="EUR")
    assert (report.accepted, report.rejected) == (len(stored), 0)
    assert filled.rows(sql) == stored
    text = findings(report)["short-rows"]
    assert text.startswith("Rows that end early are read with empty last cells: ")
    assert "the first is line 2" in text


@pytest.mark.parametrize("row", ["1,C1,2026-01-02", "1,C1", "1"])
def test_a_row_that_lacks_a_required_last_cell_is_rejected(filled: Book, row: str) -> None:
    report = filled.bring("orders", f"order_no,customer,date,amount\n{row}\n")
    (reject,) = report.first_rejects
    assert reject.reason == f"has {row.count(',') + 1} cells where the header has 4"
    assert report.findings == ()


def test_empty_cells_beyond_the_header_are_cut(filled: Book) -> None:
    report = filled.bring("customers", "code,name\nN1,North,,,\nN2,South, ,\nN3,East,x,\n")
    assert (report.accepted, report.rejected, report.findings) == (2, 1, ())


@pytest.mark.parametrize(
    "content",
    [
        '"code,name"\n"N1,""North, Inc"""\n"N2,South"\n',
        'code,name\n"N1,""North, Inc"""\nN2,South\n',
        '"code;name"\n"N1;North, Inc"\n"N2;South"\n',
        '"code\tname"\n"N1\tNorth, Inc"\n"N2\tSouth"\n',
    ],
)
def test_lines_in_quotation_marks_as_a_whole_are_read(book: Book, content: str) -> None:
    report = book.bring("customers", content)
    assert (report.accepted, report.rejected) == (2, 0)
    assert book.rows("SELECT code, name FROM customer ORDER BY id") == [("N1", "North, Inc"), ("N2", "South")]


def test_a_name_with_a_separator_is_no_line_in_quotation_marks(filled: Book) -> None:
    assert filled.bring("teams", 'name\n"East, West"\n').accepted == 1
    assert filled.rows("SELECT name FROM team") == [("East, West",)]


# Columns of the same name.


def test_two_columns_of_the_same_name_that_nobody_reads_are_ignored(book: Book) -> None:
    content = "Account ID,Account Name,Phone,Last Modified,Phone,Last Modified\n1,Ash,1,2,3,4\n"
    report = book.bring("customers", content, columns={"code": "Account ID"})
    assert report.ignored_columns == ("Phone", "Last Modified", "Phone", "Last Modified")
    assert book.rows("SELECT code, name FROM customer") == [("1", "Ash")]


@pytest.mark.parametrize("columns", [{}, {"order_no": "OrderID"}], ids=["known", "mapped"])
def test_two_columns_of_the_same_name_that_are_equal_are_one(filled: Book, columns: dict[str, str]) -> None:
    content = (
        "OrderID,customer,date,amount,OrderID\n10248,C1,2026-01-02,5,10248\n10249,C2,2026-01-02,6,10249\n"
    )
    assert filled.bring("orders", content, columns=columns).accepted == 2
    assert filled.rows("SELECT external_id FROM customer_order ORDER BY id") == [("10248",), ("10249",)]


@pytest.mark.parametrize("columns", [{}, {"order_no": "OrderID"}], ids=["known", "mapped"])
def test_two_columns_of_the_same_name_that_differ_are_refused(filled: Book, columns: dict[str, str]) -> None:
    content = "OrderID,customer,date,amount,OrderId\n1,C1,2026-01-02,5,1\n2,C2,2026-01-02,6,7\n"
    assert filled.ask("orders", content, columns=columns) == {
        "duplicate-column": "The file has two columns named 'OrderID', which differ (line 3: '2' and '7')."
        " Rename one of the two columns named 'OrderID'."
    }


# Columns that are declined, or not understood.


def test_a_column_can_be_declined_and_stays_so(book: Book) -> None:
    content = "客户编号,客户名称,负责人,地区\nK1,杭州甲公司,张三,浙江\nK2,苏州乙公司,李四,江苏\n"
    assert book.ask("customers", content) == {
        "column-not-understood": "Most values of the column '负责人' cannot be read as owner (2 of the first 2; line 2:"
        " there is no person named '张三'). Say which column holds it: --map owner=COLUMN; or that none does:"
        " --map owner=-. --yes column-not-understood takes the rows without it."
    }
    report = book.bring("customers", content, columns={"owner": "-"})
    assert (report.accepted, report.ignored_columns) == (2, ("负责人",))
    again = book.bring("customers", content.replace("K", "L"))
    assert (again.accepted, again.findings) == (2, ())
    assert book.ask("customers", content, forget=True).keys() == {"column-not-understood"}


def test_the_rows_can_be_taken_without_a_column_that_is_not_understood(book: Book) -> None:
    content = "code,name,status,region\nN1,North,Active,West\nN2,South,Dormant,East\n"
    # Its words are asked about, as those of a column that no field uses.
    assert book.ask("customers", content, accepted=("column-not-understood",)).keys() == {"ended-column"}
    report = book.bring("customers", content, accepted=("column-not-understood", "ended-column"))
    assert (report.accepted, report.ignored_columns) == (2, ("status",))
    assert book.rows("SELECT code, record_type, region FROM customer ORDER BY id") == [
        ("N1", "account", "West"),
        ("N2", "account", "East"),
    ]


@pytest.mark.parametrize(
    ("kind", "content", "asked"),
    [
        ("people", "email,name,position\na@b.co,Ann,Senior Consultant\nb@b.co,Bo,Partner\n", "role"),
        ("customers", "code,name,since\nN1,North,last year\nN2,South,long ago\n", "since"),
        ("customers", "code,name,owner\nN1,North,#REF!\nN2,South,#REF!\nN3,East,\n", "owner"),
        (
            "orders",
            "order_no,customer,date,amount,cost\n1,C1,2026-01-02,5,low\n2,C1,2026-01-02,6,high\n",
            "cost",
        ),
        ("teams", "name,lead\nEast,Boss\nWest,Chief\n", "lead"),
        ("activities", "customer,date,kind,person\nC1,2026-01-02,call,Bo\nC2,2026-01-02,call,Bo\n", "person"),
    ],
)
def test_a_column_of_another_meaning_is_asked_about(
    filled: Book, kind: str, content: str, asked: str
) -> None:
    text = filled.ask(kind, content)["column-not-understood"]
    assert f"cannot be read as {asked} (2 of the first 2;" in text
    assert filled.bring(kind, content, columns={asked: "-"}).rejected == 0


def test_a_few_wrong_values_of_a_column_are_rejected_rows(staffed: Book) -> None:
    content = "code,name,owner\nN1,North,Mia Lee\nN2,South,mia@example.com\nN3,East,Nobody\n"
    report = staffed.bring("customers", content)
    assert [(reject.line, reject.reason) for reject in report.first_rejects] == [
        (4, "there is no person named 'Nobody'")
    ]
    assert report.accepted == 2


def test_a_required_column_cannot_be_declined(book: Book) -> None:
    with pytest.raises(BadInput, match="--map name=-: customers need a column for name"):
        book.bring("customers", "code,name\nN1,North\n", columns={"name": "-"})


@pytest.mark.parametrize(
    "written", ["Mia Lee", "mia lee", "Lee, Mia", "MIA  LEE", "Mia Lee <mia@example.com>", "mia@example.com"]
)
def test_an_owner_is_found_by_a_name_that_only_one_person_has(staffed: Book, written: str) -> None:
    report = staffed.bring("customers", f'code,name,owner\nN1,North,"{written}"\n')
    assert (report.accepted, report.rejected) == (1, 0)
    assert staffed.rows("SELECT email FROM ownership JOIN person ON person.id = person_id") == [
        ("mia@example.com",)
    ]


def test_a_name_in_another_order_is_another_person(staffed: Book) -> None:
    report = staffed.bring("customers", "code,name,owner\nN1,North,Lee Mia\nN2,South,Mia Lee\n")
    assert [(reject.line, str(reject.reason)) for reject in report.first_rejects] == [
        (2, "there is no person named 'Lee Mia'")
    ]


@pytest.mark.parametrize("written", ["张三", "张 三"])
def test_a_chinese_owner_is_found_by_name(staffed: Book, written: str) -> None:
    staffed.bring("teams", f"name,lead\nEast,{written}\n")
    assert staffed.rows("SELECT email FROM team JOIN person ON person.id = lead_id") == [
        ("zhang@example.com",)
    ]


def test_a_name_of_two_people_is_rejected_with_both_addresses(staffed: Book) -> None:
    report = staffed.bring("customers", "code,name,owner\nN1,North,Ann Bo\nN2,South,Mia Lee\n")
    assert [reject.reason for reject in report.first_rejects] == [
        "2 people are named 'Ann Bo'; write the e-mail: ann2@example.com, ann@example.com"
    ]


# Columns that are missing.


@pytest.mark.parametrize(
    ("kind", "content", "advice"),
    [
        (
            "orders",
            "Num,Debtor,Tag,Sum of it\n1001,C1,2026-01-02,5.00\n1002,C1,2026-01-03,6.50\n",
            '--map order_no="Num" --map customer="Debtor" --map date="Tag" --map amount="Sum of it"',
        ),
        (
            "orders",
            "order_no,Kunden,date,amount\n1001,C1,2026-01-02,5.00\n",
            '--map customer="Kunden"',
        ),
        (
            "orders",
            "Order Nr,Customer Nr,Ordre date,Total amount\n1001,C1,2026-01-02,5.00\n",
            '--map order_no="Order Nr" --map customer="Customer Nr" --map date="Ordre date" --map amount="Total amount"',
        ),
        (
            "invoices",
            "invoice_no,customer,Belegtag,Ziel,amount\n1,C1,2026-01-02,2026-02-02,5.00\n",
            '--map date="Belegtag" --map due="Ziel"',
        ),
        ("customers", "Phone,Mail\n,x\n", '--map code="COLUMN" --map name="COLUMN"'),
    ],
)
def test_all_missing_columns_are_asked_for_at_once_with_the_likely_ones(
    filled: Book, kind: str, content: str, advice: str
) -> None:
    with pytest.raises(BadInput) as refused:
        filled.bring(kind, content)
    assert refused.value.text().endswith(f"Say which one it is: {advice}")


def test_several_currencies_lead_to_the_way_that_works(filled: Book) -> None:
    content = "order_no,customer,date,amount,currency\n1,C1,2026-01-02,5,CNY\n2,C2,2026-01-02,5,USD\n"
    report = filled.bring("orders", content, currency=None)
    text = (
        "With this file there are amounts in several currencies (CNY, USD), and gradings and reports compare them in one."
        " Set the firm's currency, such as TIERBOT_CURRENCY=CNY; import the rates of the others (tierbot import rates"
        " FILE); then import this file again, which converts it."
    )
    assert findings(report) == {"several-currencies": text}
    filled.bring("rates", "date,currency,rate\n2026-01-01,USD,7\n", firm_currency="CNY")
    again = filled.bring("orders", content, currency=None, firm_currency="CNY")
    assert (again.changed, again.findings) == (2, ())
    sums = "SELECT currency, amount / 10000 FROM customer_order ORDER BY id"
    assert [(currency, int(amount)) for currency, amount in filled.rows(sums)] == [("CNY", 5), ("CNY", 35)]


def test_a_file_in_another_currency_than_the_book_is_noted(filled: Book) -> None:
    content = "order_no,customer,date,amount\n{n},C1,2026-01-02,5\n"
    assert filled.bring("orders", content.format(n=1), currency="CNY").findings == ()
    assert filled.bring("orders", content.format(n=2), currency="CNY").findings == ()
    report = filled.bring("orders", content.format(n=3), currency="USD")
    assert "amounts in several currencies (CNY, USD)" in findings(report)["several-currencies"]


def test_a_refusal_of_the_file_does_not_hide_the_questions(filled: Book) -> None:
    with pytest.raises(OpenFindings) as refused:
        filled.bring("customers", "code,name,name,owner\nN1,a,b,Bo\nN2,c,d,Al\n")
    assert {one.type.name for one in refused.value.findings} == {"duplicate-column", "column-not-understood"}
