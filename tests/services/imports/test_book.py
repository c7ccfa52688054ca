"""What imports do to the book: upserts, superseding, names, owners, parents, duplicates."""

from datetime import timedelta
from typing import Any

import pytest

from bot.errors import BadInput, Conflict
from bot.services.imports import ImportReport
from bot.services.imports.check.findings import OpenFindings
from db.book import imports
from tests import factories
from tests.conftest import all_on_postgresql
from tests.services.imports.conftest import CUSTOMERS, Book

ORDERS = "order_no,customer,date,amount,cost\n1,C1,2026-01-02,100,60\n2,C2,2026-01-03,-25.50,\n"
FACTS = (
    "customer,field,value,date,author\nC1,credit_grade,Ａ ,2026-01-31,mia\nC2,credit_grade,B,2026-01-31,mia\n"
)
ACTIVITIES = (
    "customer,date,kind,note\nC1,2026-01-02,visit,good\nC1,2026-01-02,visit,good\nC1,2026-01-02,call,\n"
)
PEOPLE = "email,name,role,team\nmia@example.com,Mia,am,East\nlee@example.com,Lee,admin,\n"
TEAMS = "name,lead,channel\nEast,,#east\nWest,,\n"

SAME_TWICE = [
    (
        "customers",
        "code,name,aliases,owner\nC1,Acme,Ajax|Apex,mia@example.com\nC3,上海安可贸易,,lee@example.com\n",
    ),
    ("orders", ORDERS),
    ("facts", FACTS),
    ("activities", ACTIVITIES),
    ("people", PEOPLE),
    ("teams", TEAMS),
]


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    assert report.accepted + report.rejected + report.skipped == report.rows
    assert report.created + report.changed + report.unchanged == report.accepted
    return report.created, report.changed, report.unchanged, report.rejected


@pytest.fixture
def peopled(filled: Book) -> Book:
    filled.bring("people", PEOPLE)
    return filled


@all_on_postgresql
@pytest.mark.parametrize(("kind", "content"), SAME_TWICE, ids=[kind for kind, _ in SAME_TWICE])
def test_the_same_file_twice_changes_nothing(peopled: Book, kind: str, content: str) -> None:
    peopled.bring("teams", "name\nEast\n")
    first = peopled.bring(kind, content)
    before = peopled.everything(without=("import_batch", "audit_entry"))
    peopled.clock.advance(timedelta(days=1))
    again = peopled.bring(kind, content)
    assert counts(again) == (0, 0, first.accepted, 0)
    assert again.same_file_as == first.batch_id
    assert peopled.everything(without=("import_batch", "audit_entry")) == before


@all_on_postgresql
@pytest.mark.parametrize(("kind", "content"), SAME_TWICE, ids=[kind for kind, _ in SAME_TWICE])
def test_a_dry_run_says_what_would_happen_and_writes_nothing(peopled: Book, kind: str, content: str) -> None:
    before = peopled.everything()
    width = content.splitlines()[0].count(",")
    content += "only one cell\n" if width else ""
    would = peopled.bring(kind, content, dry_run=True)
    assert peopled.everything() == before
    assert not (peopled.folder / "rejects").exists()
    assert (would.batch_id, would.rejects_file, would.dry_run) == (None, None, True)
    assert would.preview[0]["line"] == (
        "3" if kind == "customers" else "2"
    )  # Rows with more than ASCII come first.
    assert counts(would) == counts(peopled.bring(kind, content))


def test_a_blank_cell_leaves_the_value_and_an_absent_row_deletes_nothing(filled: Book) -> None:
    filled.bring("customers", "code,name,region,industry,since\nC1,Acme,West,Retail,2020-01-31\n")
    report = filled.bring("customers", "code,name,region,industry\nC1,Acme,,Tools\n")
    assert counts(report) == (0, 1, 0, 0)
    assert filled.rows("SELECT code, region, industry, since, version FROM customer ORDER BY id") == [
        ("C1", "West", "Tools", "2020-01-31", 3),
        ("C2", None, None, None, 1),
    ]


def test_customers_are_known_by_source_and_code(filled: Book) -> None:
    assert counts(filled.bring("customers", "code,name\nC1,Another Acme\n", source="crm")) == (1, 0, 0, 0)
    report = filled.bring("orders", "order_no,customer,date,amount\n1,C1,2026-01-02,5\n", source="shop")
    assert "is the code of 2 customers; use --source" in report.first_rejects[0].reason
    filled.bring("orders", "order_no,customer,date,amount\n1,C1,2026-01-02,5\n", source="crm")
    assert filled.rows("SELECT customer_id FROM customer_order") == [(3,)]


def test_orders_of_another_system_find_a_customer_by_its_code(filled: Book) -> None:
    filled.bring("orders", "order_no,customer,date,amount\n1,C2,2026-01-02,5\n", source="shop")
    assert filled.rows("SELECT customer_id, source FROM customer_order") == [(2, "shop")]


def test_orders_upsert_on_their_number_within_their_source(filled: Book) -> None:
    assert counts(filled.bring("orders", ORDERS)) == (2, 0, 0, 0)
    report = filled.bring(
        "orders",
        "order_no,customer,date,amount,cost\n1,C2,2026-01-04,120,\n3,C1,2026-01-05,1,\n",
        accepted=("order-number-reused", "kept-cost"),
    )
    assert counts(report) == (1, 1, 0, 0)
    assert filled.rows(
        "SELECT external_id, customer_id, ordered_on, amount, cost FROM customer_order ORDER BY id"
    ) == [
        ("1", 2, "2026-01-04", 120 * 10_000, 60 * 10_000),
        ("2", 2, "2026-01-03", -255 * 1_000, None),
        ("3", 1, "2026-01-05", 1 * 10_000, None),
    ]
    assert counts(filled.bring("orders", ORDERS, source="shop", accepted=("known-from-another-source",))) == (
        2,
        0,
        0,
        0,
    )


def test_orders_may_bring_their_customers_with_them(book: Book) -> None:
    content = "order_no,customer,date,amount\n1,0007,2026-01-02,5\n2,0007,2026-01-03,5\n3,安可,2026-01-03,5\n4,,2026-01-03,5\n"
    would = book.bring("orders", content, kind_options={"create_customers": True}, dry_run=True)
    report = book.bring("orders", content, kind_options={"create_customers": True})
    assert counts(report) == counts(would) == (3, 0, 0, 1)
    assert report.customers_created == would.customers_created == 2
    assert book.rows("SELECT id, code, name, record_type FROM customer") == [
        (1, "0007", "0007", "account"),
        (2, "安可", "安可", "account"),
    ]
    assert ("anke",) in book.rows("SELECT key FROM customer_name WHERE customer_id = 2")
    assert book.rows("SELECT customer_id FROM customer_order ORDER BY id") == [(1,), (1,), (2,)]
    named = book.bring("customers", "code,name\n0007,Bond Ltd\n")
    assert counts(named) == (0, 1, 0, 0)


def test_invoices_create_unknown_customers_when_asked(book: Book) -> None:
    file = "invoice no,customer,date,due,amount\nI1,C7,2026-01-05,2026-02-04,100\nI2,C7,2026-02-05,2026-03-07,50\n"
    none_is_paid = ("no-paid-column",)
    refused = book.bring("invoices", file, currency="EUR", accepted=none_is_paid)
    assert (refused.accepted, refused.rejected, refused.customers_created) == (0, 2, 0)
    options: dict[str, Any] = {"currency": "EUR", "kind_options": {"create_customers": True}}
    assert book.bring("invoices", file, dry_run=True, **options).customers_created == 1
    report = book.bring("invoices", file, **options)
    assert (report.accepted, report.created, report.customers_created) == (2, 2, 1)
    assert book.rows(
        "SELECT code, name, external_id FROM invoice JOIN customer ON customer.id = customer_id ORDER BY 3"
    ) == [("C7", "C7", "I1"), ("C7", "C7", "I2")]
    again = book.bring("invoices", file, **options)
    assert (again.unchanged, again.customers_created) == (2, 0)
    book.undo(again.batch_id)
    book.undo(report.batch_id)
    assert book.rows("SELECT code FROM customer") == []


def test_identical_rows_of_one_file_are_one_and_conflicting_ones_name_the_first_line(filled: Book) -> None:
    content = "order_no,customer,date,amount\n1,C1,2026-01-02,5\n1,C1,2026-01-02,5.00\n1,C2,2026-01-02,6\n"
    report = filled.bring("orders", content)
    assert counts(report) == (1, 0, 1, 1)
    assert (report.first_rejects[0].line, report.first_rejects[0].reason) == (
        4,
        "order_no 1 is already on line 2 with other values",
    )
    assert filled.rows("SELECT amount FROM customer_order") == [(5 * 10_000,)]


def test_duplicates_are_found_across_chunks(filled: Book) -> None:
    rows = [f"N{number},C1,2026-01-02,{number}" for number in range(12_000)]
    content = "order_no,customer,date,amount\n" + "\n".join(
        [*rows, "N0,C1,2026-01-02,0", "N1,C1,2026-01-02,2"]
    )
    report = filled.bring("orders", content)
    assert counts(report) == (12_000, 0, 1, 1)
    assert report.first_rejects[0].reason == "order_no N1 is already on line 3 with other values"


def test_duplicate_customers_with_other_aliases_are_not_dropped_silently(book: Book) -> None:
    report = book.bring("customers", "code,name,aliases\nC1,Acme,Ajax\nC1,Acme,Apex\n")
    assert counts(report) == (1, 0, 0, 1)


def test_a_renamed_customer_is_still_found_by_its_old_name(filled: Book) -> None:
    filled.bring("customers", "code,name,aliases\nC1,Zenith Group,Zen; 顶点\n")
    names = set(filled.rows("SELECT kind, name FROM customer_name WHERE customer_id = 1"))
    assert {
        ("code", "C1"),
        ("name", "Zenith Group"),
        ("alias", "Acme"),
        ("alias", "Zen"),
        ("alias", "顶点"),
    } <= names
    assert ("name", "Acme") not in names
    tokens = set(filled.rows("SELECT token FROM name_token WHERE customer_id = 1"))
    assert {("acme",), ("zenith",), ("zen",), ("顶点",)} <= tokens


def test_a_new_alias_alone_is_a_change(filled: Book) -> None:
    content = "code,name,aliases\nC1,Acme,Ajax\nC2,Birch,\n"
    assert counts(filled.bring("customers", content, dry_run=True)) == (0, 1, 1, 0)
    assert counts(filled.bring("customers", content)) == (0, 1, 1, 0)


def test_a_new_owner_ends_the_old_ownership_today(peopled: Book) -> None:
    peopled.bring("customers", "code,name,owner\nC1,Acme,MIA@example.com\n")
    peopled.clock.advance(timedelta(days=10))
    assert counts(peopled.bring("customers", "code,name,owner\nC1,Acme,lee@example.com\nC2,Birch,\n")) == (
        0,
        1,
        1,
        0,
    )
    assert peopled.rows("SELECT customer_id, person_id, starts_on, ends_on FROM ownership ORDER BY id") == [
        (1, 1, "2026-06-15", "2026-06-25"),
        (1, 2, "2026-06-25", None),
    ]


def test_a_parent_may_stand_anywhere_in_the_file_or_in_the_book(filled: Book) -> None:
    report = filled.bring(
        "customers", "code,name,parent\nC3,Cedar,C4\nC4,Dew,C1\nC5,Elm,C6\nC6,Fir,C9\nC2,Birch,C3\n"
    )
    # C6 has no parent to be found, and C5 goes with it.
    assert counts(report) == (2, 1, 0, 2)
    assert [(reject.line, reject.column) for reject in report.first_rejects] == [(5, "parent"), (4, "parent")]
    assert filled.rows(
        "SELECT c.code, p.code FROM customer c JOIN customer p ON p.id = c.parent_id ORDER BY c.code"
    ) == [("C2", "C3"), ("C3", "C4"), ("C4", "C1")]


def test_a_repeat_of_a_row_refused_for_its_parent_is_refused_with_it(filled: Book) -> None:
    report = filled.bring("customers", "code,name,parent\nC3,Cedar,C9\nC1,Acme,\nC3,Cedar,C9\nC1,Acme,\n")
    assert [(reject.line, reject.column) for reject in report.first_rejects] == [(2, "parent"), (4, "parent")]
    assert (report.rows, report.accepted, report.rejected) == (4, 2, 2)
    assert (report.created, report.changed, report.unchanged) == (0, 0, 2)


def test_a_family_in_a_circle_is_refused_as_a_whole(filled: Book) -> None:
    before = filled.everything()
    with pytest.raises(BadInput, match="makes a circle"):
        filled.bring("customers", "code,name,parent\nC1,Acme,C2\nC2,Birch,C1\n")
    assert filled.everything() == before


def test_a_corrected_fact_supersedes_the_old_one_and_both_are_kept(filled: Book) -> None:
    assert counts(filled.bring("facts", FACTS)) == (2, 0, 0, 0)
    filled.clock.advance(timedelta(days=1))
    content = "customer,field,value,date\nC1,credit_grade,C,2026-01-31\nC2,credit_grade,B,2026-01-31\nC2,credit_grade,B,2026-02-28\n"
    assert counts(filled.bring("facts", content)) == (1, 1, 1, 0)
    assert filled.rows(
        "SELECT customer_id, value, measured_on, superseded_by_batch FROM fact ORDER BY id"
    ) == [
        (1, "A", "2026-01-31", 3),
        (2, "B", "2026-01-31", None),
        (1, "C", "2026-01-31", None),
        (2, "B", "2026-02-28", None),
    ]
    assert filled.rows("SELECT count(*) FROM fact WHERE superseded_at IS NOT NULL") == [(1,)]


JUDGEMENT = factories.PLAIN_SCHEME.replace("weight: 100, score", "weight: 100, manual: true, score", 1)


def test_facts_are_read_by_the_schemes_at_work(filled: Book) -> None:
    """Quality is a number that somebody judges, sanctions are true or false; nobody knows what colour is."""
    with filled.database.write() as session:
        factories.scheme(session, JUDGEMENT)
    content = (
        "customer,field,value,date,author,evidence\n"
        "C1,quality,80,2026-05-01,Mia,visit\n"
        "C1,quality,81,2026-05-02,,\n"
        "C1,service,eighty,2026-05-01,,\n"
        "C1,service,inf,2026-05-02,,\n"
        "C1,service,1.5,2026-05-03,,\n"
        "C1,sanctions,perhaps,2026-05-01,,\n"
        "C1,sanctions,否,2026-05-02,,\n"
        "C1,colour,red,2026-05-01,,\n"
        "C2,service,70,2026-06-17,,\n"
    )
    report = filled.bring("facts", content, accepted=("unknown-field",))
    assert (report.accepted, report.rejected) == (4, 5)
    assert [(reject.line, reject.column, reject.reason.split(";")[0]) for reject in report.first_rejects] == [
        (3, "author", "is empty, but quality is somebody's judgement"),
        (4, "value", "cannot be read as service: 'eighty' is not a number"),
        (5, "value", "cannot be read as service: 'inf' is not a number"),
        (7, "value", "cannot be read as sanctions: 'perhaps' is neither true nor false"),
        (10, "date", "'2026-06-17' is in the future"),
    ]


def test_an_empty_value_of_a_field_that_a_scheme_reads_is_refused(filled: Book) -> None:
    with filled.database.write() as session:
        factories.scheme(session, JUDGEMENT)
    report = filled.bring("facts", "customer,field,value,date\nC1,service,,2026-05-01\n")
    assert [(reject.column, reject.reason) for reject in report.first_rejects] == [("value", "is empty")]


def test_activities_without_an_id_are_known_by_what_they_say(filled: Book) -> None:
    assert counts(filled.bring("activities", ACTIVITIES)) == (2, 0, 1, 0)
    numbered = "id,customer,date,kind,note\nA1,C1,2026-01-02,visit,good\n"
    with pytest.raises(OpenFindings, match="was not imported"):  # the book has it without an id
        filled.bring("activities", numbered)
    assert counts(filled.bring("activities", numbered, accepted=("known-activities",))) == (1, 0, 0, 0)
    assert counts(filled.bring("activities", numbered.replace("good", "better"))) == (0, 1, 0, 0)


def test_people_and_teams_upsert_on_address_and_name(peopled: Book) -> None:
    assert counts(peopled.bring("teams", "name,lead,channel\nEast,MIA@example.com,#east\n")) == (0, 1, 0, 0)
    assert counts(peopled.bring("people", "email,name,active\nMia@Example.COM,Mia Sun,no\n")) == (0, 1, 0, 0)
    assert peopled.rows("SELECT email, name, role, team_id, active FROM person ORDER BY id") == [
        ("mia@example.com", "Mia Sun", "account_manager", 1, 0),
        ("lee@example.com", "Lee", "admin", None, 1),
    ]
    assert peopled.rows("SELECT name, lead_id, channel FROM team") == [("East", 1, "#east")]


def test_the_rejects_file_holds_every_rejected_row_and_no_formula(filled: Book) -> None:
    content = 'order_no,customer,date,amount,memo\n1,C1,2026-01-02,5,ok\n=1+1,C9,2026-01-02,-5,@SUM\n3,C1,bad,5,"a,b"\n'
    report = filled.bring("orders", content)
    assert report.rejects_file is not None
    raw = report.rejects_file.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.decode("utf-8-sig").splitlines() == [
        "line,column,value,reason,order_no,customer,date,amount,memo",
        "3,customer,C9,there is no customer 'C9','=1+1,C9,2026-01-02,'-5,'@SUM",
        "4,date,bad,'bad' is not a date; write it as 2026-03-05,3,C1,bad,5,\"a,b\"",
    ]
    assert [path.name for path in report.rejects_file.parent.iterdir()] == [report.rejects_file.name]


def test_progress_counts_bytes_to_the_end(filled: Book) -> None:
    reported: list[tuple[int, int]] = []
    content = "order_no,customer,date,amount\n" + "".join(f"{n},C1,2026-01-02,1\n" for n in range(12_000))
    filled.bring("orders", content, progress=lambda done, total: reported.append((done, total)))
    assert reported[-1] == (len(content), len(content))
    assert reported == sorted(reported)
    assert len(reported) == 3


def test_one_import_at_a_time(filled: Book) -> None:
    with imports.exclusive(filled.database), pytest.raises(Conflict, match="Another import is running"):
        filled.bring("customers", CUSTOMERS)


def test_other_writers_are_not_held_up_while_a_file_is_read(filled: Book) -> None:
    def write_meanwhile(done: int, total: int) -> None:
        with filled.database.write() as session:
            session.connection().exec_driver_sql("UPDATE customer SET region = 'here'")

    report = filled.bring("orders", ORDERS, progress=write_meanwhile)
    assert counts(report) == (2, 0, 0, 0)
    assert filled.rows("SELECT DISTINCT region FROM customer") == [("here",)]


def test_a_customer_that_vanishes_while_its_orders_are_read_stops_the_import(filled: Book) -> None:
    def delete_meanwhile(done: int, total: int) -> None:
        with filled.database.write() as session:
            for table in ("name_token", "customer_name", "customer_key", "customer"):
                session.connection().exec_driver_sql(f"DELETE FROM {table}")  # noqa: S608 - a constant

    with pytest.raises(Conflict, match="The book changed while"):
        filled.bring("orders", ORDERS, progress=delete_meanwhile)
    assert filled.rows("SELECT count(*) FROM customer_order") == [(0,)]


def test_dates_of_rows_in_every_kind_keep_their_types(filled: Book) -> None:
    values: dict[str, Any] = {
        "code": "C7",
        "name": "Gum",
        "since": "2019年5月1日",
        "type": "潜在客户",
        "language": "中文",
    }
    filled.bring("customers", ",".join(values) + "\n" + ",".join(values.values()) + "\n")
    assert filled.rows("SELECT since, record_type, language FROM customer WHERE code = 'C7'") == [
        ("2019-05-01", "prospect", "zh")
    ]
