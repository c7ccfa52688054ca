"""Undoing imports."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from bot.errors import Conflict, NotFound
from bot.services import access
from bot.services.access import Act
from bot.services.imports import KINDS, history, join_customers
from bot.services.name_keys import derive_keys
from bot.wording.messages import Hit
from db import tables
from db.book.by_hand import handovers
from db.book.customers import Customer
from db.book.people import Person
from db.care.touches import Touch
from tests import factories
from tests.conftest import all_on_postgresql
from tests.services.ask.test_lookup import ADMIN
from tests.services.imports.conftest import CUSTOMERS, Book, Snapshots

PEOPLE = "email,name\nmia@example.com,Mia\nlee@example.com,Lee\n"
CHANGES = [
    (
        "customers",
        "code,name,aliases,owner,parent,since\nC1,Zenith,Zen,lee@example.com,C3,2020-01-01\nC3,Cedar,,,,\n",
    ),
    ("orders", "order_no,customer,date,amount,cost\n1,C2,2026-02-02,7.25,1\n2,C1,2026-01-02,5,\n"),
    ("orders", "order_no,customer,date,amount\n1,NEW,2026-02-02,7.25\n"),
    ("order-lines", "order_no,line,product_type,amount\n1,1,pumps,3\n1,2,seals,2\n"),
    (
        "invoices",
        "invoice_no,customer,date,due,paid,amount\nI1,C1,2026-01-02,2026-02-02,,5\nI2,C2,2026-01-02,2026-02-02,,5\n",
    ),
    ("rates", "date,currency,rate\n2026-01-01,USD,7.1234\n2026-01-01,EUR,7.8\n"),
    (
        "activities",
        "id,customer,date,kind,person,note\nA1,C2,2026-02-02,call,lee@example.com,new\nA2,C1,2026-01-02,gift,,\n",
    ),
    (
        "complaints",
        "id,customer,date,kind,what,handler,closed,outcome,agreed\n"
        "K1,C2,2026-02-02,delivery,Late,lee@example.com,2026-02-05,Sent by air,yes\n"
        "K2,C1,2026-01-02,quality,Leaks,,,,\n",
    ),
    (
        "gifts",
        "id,customer,date,what,value,currency,occasion,giver\nG1,C1,2026-01-03,Old tea,60,CNY,,lee@example.com\n"
        "G2,C2,2026-02-02,Cake,50,CNY,birthday,\n",
    ),
    (
        "surveys",
        "id,customer,date,score,scale,contact,note\n"
        "S1,C2,2026-02-02,1,1-5,Li Ming,Late\nS3,C1,2026-01-02,4,1-5,,\n",
    ),
    ("facts", "customer,field,value,date\nC1,credit_grade,B,2026-01-31\nC2,credit_grade,B,2026-01-31\n"),
    (
        "contact-persons",
        "id,customer,name,role,birthday\nP1,C1,Li Ming,Director,1985-03-08\nP2,C2,Bo Yi,,lunar 08-15\n",
    ),
    ("customer-profiles", "customer,date,loyalty\nC1,2026-02-01,high\nC2,2026-02-01,low\n"),
    (
        "people",
        "email,name,role,team,active\nmia@example.com,Mia Sun,admin,North,no\nnew@example.com,New,,,\n",
    ),
    ("teams", "name,lead,channel\nEast,lee@example.com,#e\nWest,,\n"),
]
# Where a file alone does not make its kind write all that it can.
OPTIONS: dict[str, dict[str, Any]] = {
    "orders": {"kind_options": {"create_customers": True}, "accepted": ("order-number-reused",)},
    "order-lines": {"currency": "EUR"},
    "invoices": {"currency": "EUR"},
    "rates": {"firm_currency": "CNY"},
    "complaints": {"accepted": ("complaint-id-reused",)},
    "surveys": {"accepted": ("survey-id-reused",)},
    "activities": {
        "kind_options": {"covers": ["call=2026-01-01..2026-02-28"]},
        "accepted": ("activity-id-reused",),
    },
}


@pytest.fixture
def full(book: Book, snapshots: Snapshots) -> Book:
    """A little of everything."""

    def bring(book: Book) -> None:
        book.bring("customers", CUSTOMERS)
        book.bring("people", PEOPLE)
        book.bring("teams", "name,lead\nEast,mia@example.com\n")
        book.bring("customers", "code,name,owner,aliases\nC1,Acme,mia@example.com,Ajax\n")
        book.bring("orders", "order_no,customer,date,amount\n1,C1,2026-01-02,5\n")
        book.bring("activities", "id,customer,date,kind,note\nA1,C1,2026-01-02,visit,old\n")
        book.bring("complaints", "id,customer,date,kind,what\nK1,C1,2026-01-02,quality,old\n")
        book.bring("gifts", "id,customer,date,what,value,currency\nG1,C1,2026-01-02,Tea,50,CNY\n")
        book.bring("surveys", "id,customer,date,score,scale\nS1,C1,2026-01-02,4,1-5\n")
        book.bring("facts", "customer,field,value,date\nC1,credit_grade,A,2026-01-31\n")
        book.bring("customer-profiles", "customer,date,loyalty\nC1,2026-01-31,low\n")
        book.bring("contact-persons", "id,customer,name,role\nP1,C1,Li Ming,Buyer\n")

    return snapshots.fetch("full", book, bring)


def _comparable(book: Book) -> dict[str, list[tuple[object, ...]]]:
    """Everything but the log of imports, answers, version counters and the numbers of rebuilt name rows."""
    found = book.everything(
        without=(
            *("import_batch", "import_answer", "customer_name", "customer"),
            *("audit_entry", "complaint", "gift", "survey_score"),
        )
    )
    found["name"] = sorted(
        book.rows("SELECT customer_id, kind, name, key, batch_id FROM customer_name"), key=repr
    )
    found["complaint"] = book.rows(
        "SELECT id, batch_id, activity_id, kind, handler_id, deadline, closed_on, outcome, agreed FROM complaint ORDER BY id"
    )
    found["gift"] = book.rows(
        "SELECT id, batch_id, customer_id, activity_id, given_on, what, value, occasion, giver_id, state FROM gift ORDER BY id"
    )
    found["survey_score"] = book.rows(
        "SELECT id, batch_id, activity_id, customer_id, answered_on, score, scale, value, contact_person_id,"
        " follow_up_from, follow_up_until FROM survey_score ORDER BY id"
    )
    found["customer"] = book.rows(
        "SELECT id, code, name, record_type, region, since, parent_id, batch_id FROM customer ORDER BY id"
    )
    return found


@all_on_postgresql
@pytest.mark.parametrize(
    ("kind", "content"), CHANGES, ids=["customers", "orders", "newcomers", *[k for k, _ in CHANGES[3:]]]
)
def test_an_import_can_be_undone_to_the_last_row(full: Book, kind: str, content: str) -> None:
    before = _comparable(full)
    full.clock.advance(timedelta(days=3))
    options = OPTIONS.get(kind, {})
    done = full.bring(kind, content, **options)
    assert done.created + done.changed == 2 - ("NEW" in content)
    assert _comparable(full) != before
    assert _tables_of(full, done.batch_id) <= {written.table.name for written in KINDS[kind].writes}
    report = full.undo(done.batch_id)
    assert _comparable(full) == before
    assert (report.batch_id, report.kind) == (done.batch_id, kind)
    assert report.restored == done.changed
    assert full.bring(kind, content, **options).created == done.created


def test_every_kind_is_undone_by_the_test_above() -> None:
    # Joins move rows of many tables: file_check/joins/test_moved_rows.py.
    assert {kind for kind, _ in CHANGES} == set(KINDS) - {"joins"}


def _tables_of(book: Book, batch_id: int | None) -> set[str]:
    """The tables that hold rows of an import, other than the log of changes."""
    names = [table.name for table in tables.metadata.sorted_tables if "batch_id" in table.c]
    counted = {
        name: book.rows(f"SELECT count(*) FROM {name} WHERE batch_id = {batch_id}")[0][0]  # noqa: S608 - constants
        for name in names
        if name != "import_change"
    }
    return {name for name, count in counted.items() if count}


def test_undoing_twice_or_the_unknown_is_refused(filled: Book) -> None:
    filled.undo(1)
    with pytest.raises(Conflict, match="already undone on 2026-06-15"):
        filled.undo(1)
    with pytest.raises(NotFound, match="no import 99"):
        filled.undo(99)


def test_a_later_import_of_the_same_rows_must_go_first(full: Book) -> None:
    first = full.bring("orders", "order_no,customer,date,amount\n9,C1,2026-02-02,7\n")
    second = full.bring("orders", "order_no,customer,date,amount\n9,C1,2026-02-02,8\n")
    with pytest.raises(
        Conflict, match=f"import {second.batch_id} changed the same rows. Undo import {second.batch_id} first"
    ):
        full.undo(first.batch_id)
    assert full.rows("SELECT amount FROM customer_order WHERE external_id = '9'") == [(8 * 10_000,)]
    full.undo(second.batch_id)
    full.undo(first.batch_id)
    assert full.rows("SELECT count(*) FROM customer_order WHERE external_id = '9'") == [(0,)]


def test_a_later_correction_of_a_fact_must_go_first(full: Book) -> None:
    [(first,)] = full.rows("SELECT id FROM import_batch WHERE kind = 'facts'")
    second = full.bring("facts", "customer,field,value,date\nC1,credit_grade,B,2026-01-31\n")
    with pytest.raises(Conflict, match=f"Undo import {second.batch_id} first"):
        full.undo(first)
    full.undo(second.batch_id)
    full.undo(first)
    assert full.rows("SELECT * FROM fact WHERE field = 'credit_grade'") == []


def test_a_later_alias_of_a_new_customer_must_go_first(filled: Book) -> None:
    second = filled.bring("customers", "code,name,aliases\nC2,Birch,Betula\n")
    with pytest.raises(Conflict, match=f"Undo import {second.batch_id} first"):
        filled.undo(1)


def test_customers_with_orders_stay_until_their_orders_go(filled: Book) -> None:
    orders = filled.bring("orders", "order_no,customer,date,amount\n9,C1,2026-02-02,7\n")
    before = filled.everything()
    with pytest.raises(Conflict, match=f"import {orders.batch_id} builds on 1 of its customers"):
        filled.undo(1)
    assert filled.everything() == before
    filled.undo(orders.batch_id)
    filled.undo(1)
    assert filled.rows("SELECT (SELECT count(*) FROM customer) + (SELECT count(*) FROM name_token)") == [(0,)]


def test_customers_that_are_already_cared_for_stay(filled: Book) -> None:
    at = datetime(2026, 6, 15, tzinfo=UTC)
    with filled.database.write() as session:
        session.add(
            Touch(
                dedupe_key="k",
                customer_id=1,
                step="s",
                kind="revisit",
                tier="A",
                due_on=at.date(),
                remind_at=at,
                state="planned",
                created_at=at,
            )
        )
    with pytest.raises(Conflict, match=r"1 of its customers are already in use \(touch\)"):
        filled.undo(1)


def test_a_person_who_leads_a_team_stays(filled: Book) -> None:
    people = filled.bring("people", PEOPLE)
    teams = filled.bring("teams", "name,lead\nEast,mia@example.com\n")
    with pytest.raises(Conflict, match=f"Undo import {teams.batch_id} first"):
        filled.undo(people.batch_id)


def test_history_shows_the_newest_first_with_what_became_of_it(filled: Book) -> None:
    filled.bring("people", PEOPLE)
    filled.undo(2)
    newest, oldest = history(filled.database)
    assert (newest.id, newest.kind, newest.status, newest.undone_by) == (
        2,
        "people",
        "undone",
        "mia@example.com",
    )
    assert (oldest.id, oldest.kind, oldest.status) == (1, "customers", "published")
    assert (oldest.rows, oldest.accepted, oldest.rejected, oldest.created) == (2, 2, 0, 2)


def test_an_undone_file_is_no_longer_the_same_file(filled: Book) -> None:
    filled.undo(1)
    assert filled.bring("customers", "code,name\nC1,Acme\nC2,Birch\n").same_file_as is None


def test_customers_remain_findable_as_their_names_say(full: Book) -> None:
    done = full.bring("customers", "code,name\nC1,Zenith\n")
    full.undo(done.batch_id)
    names, tokens = derive_keys("C1", "Acme", ["Ajax"])
    stored = full.rows("SELECT kind, name, key FROM customer_name WHERE customer_id = 1")
    assert sorted(stored) == sorted(names)
    assert sorted(full.rows("SELECT token FROM name_token WHERE customer_id = 1")) == sorted(
        (t,) for t in tokens
    )


def test_a_batch_row_is_the_only_trace_of_an_undone_import(full: Book) -> None:
    traces = full.rows("SELECT count(*) FROM import_change")
    done = full.bring("orders", "order_no,customer,date,amount\n1,C1,2026-02-02,7\n")
    assert full.rows("SELECT count(*) FROM import_change") != traces
    full.undo(done.batch_id)
    assert full.rows("SELECT count(*) FROM import_change") == traces
    assert history(full.database)[0].status == "undone"


def test_a_button_never_means_the_customer_that_got_the_number_of_an_undone_one(book: Book) -> None:
    wrong = book.bring("customers", "code,name\nX1,Acme\n").batch_id
    ((number,),) = book.rows("SELECT id FROM customer")
    button = Hit(customer_id=number, version=1, name="Acme", code="X1").target
    book.undo(wrong)
    book.bring("customers", "code,name\nB7,Birch\n")
    with book.database.read() as session, pytest.raises((Conflict, NotFound)):
        access.customer_for(session, ADMIN, Act.SEE, button)
    ((other,),) = book.rows("SELECT id FROM customer")
    with book.database.read() as session:
        own = Hit(customer_id=other, version=1, name="Birch", code="B7").target
        assert access.customer_for(session, ADMIN, Act.SEE, own).name == "Birch"


def test_a_button_of_a_customer_that_was_joined_means_the_one_that_stays(book: Book) -> None:
    book.bring("customers", CUSTOMERS)
    ((number,),) = book.rows("SELECT id FROM customer WHERE code = 'C1'")
    book.bring("joins", "customer,into\nC1,C2\n")
    button = Hit(customer_id=number, version=1, name="Acme", code="C1").target
    with book.database.read() as session:
        assert access.customer_for(session, ADMIN, Act.SEE, button).code == "C2"


def test_a_customer_that_was_handed_over_since_keeps_its_account_manager(book: Book) -> None:
    """The import had given it to somebody; giving it back would make two of them."""
    book.bring("people", PEOPLE)
    book.bring("customers", "code,name,owner\nC1,Acme,mia@example.com\n")
    changed = book.bring("customers", "code,name,owner\nC1,Acme,lee@example.com\n")
    with book.database.write() as session:
        mia = session.exec(select(Person.id).where(Person.name == "Mia")).one()
        acme = session.exec(select(Customer.id).where(Customer.code == "C1")).one()
        handovers.give(session, acme or 0, mia or 0, book.clock.now().date())
    book.undo(changed.batch_id)
    assert book.rows("SELECT person_id FROM ownership WHERE ends_on IS NULL") == [(mia,)]


def test_undoing_gives_a_customer_back_to_whom_the_import_took_it_from(book: Book) -> None:
    book.bring("people", PEOPLE)
    book.bring("customers", "code,name,owner\nC1,Acme,mia@example.com\n")
    before = book.rows("SELECT person_id, ends_on FROM ownership")
    book.undo(book.bring("customers", "code,name,owner\nC1,Acme,lee@example.com\n").batch_id)
    assert book.rows("SELECT person_id, ends_on FROM ownership") == before


def test_undoing_a_join_gives_both_customers_their_account_managers_back(book: Book) -> None:
    book.bring("people", PEOPLE)
    book.bring("customers", "code,name,owner\nC1,Acme,mia@example.com\nC2,Birch,lee@example.com\n")
    before = book.rows("SELECT customer_id, person_id, ends_on FROM ownership ORDER BY id")
    joined = join_customers(
        book.database,
        "file:C1",
        "file:C2",
        clock=book.clock,
        actor=factories.operator("mia@example.com"),
        prefer="into",
    )
    assert book.rows("SELECT customer_id, person_id, ends_on FROM ownership ORDER BY id") != before
    book.undo(joined.batch_id)
    assert book.rows("SELECT customer_id, person_id, ends_on FROM ownership ORDER BY id") == before
