"""What counts goes to the customer that stays, comes again in later files, and is taken back."""

from datetime import date, timedelta

import pytest

from bot.errors import BadInput, Conflict
from db.book.customers import Ownership
from tests import factories
from tests.conftest import all_on_postgresql
from tests.services.imports.conftest import Book
from tests.services.imports.file_check.joins.conftest import (
    CRM,
    ERP,
    add,
    customer_id,
    join,
    override,
    owners,
    state,
    totals_are_exact,
    touch,
)


def test_everything_that_counts_goes_to_the_customer_that_stays(two: Book) -> None:
    two.bring("complaints", "id,customer,date,kind\nK1,001A,2026-01-06,quality\n", source="crm")
    with two.database.write() as session:
        factories.promise(session, customer_id(two, "001A", "Basalt GmbH"), date(2026, 3, 6))
    two.bring(
        "gifts", "id,customer,date,what,value\nG1,001A,2026-01-07,Tea,80\n", source="crm", currency="CNY"
    )
    two.bring("surveys", "id,customer,date,score,scale\nS1,001A,2026-01-06,4,1-5\n", source="crm")
    two.bring("customer-profiles", "customer,loyalty\n001A,high\n", source="crm")
    report = join(two)
    assert (report.customer, report.into) == ("001A Basalt GmbH", "10001 Basalt GmbH")
    assert dict(report.moved) == {
        "customer_key": 1,
        "ownership": 0,
        "customer_order": 2,
        "invoice": 1,
        "activity": 4,
        "complaint": 1,
        "gift": 1,
        "survey_score": 1,
        "fact": 2,
        "promise": 1,
        "contact_person": 0,
        "trait": 1,
    }
    assert owners(two, "customer_order") == [("10001",)] * 3
    for table in ("invoice", "complaint", "gift", "survey_score", "promise", "trait"):
        assert owners(two, table) == [("10001",)]
    assert owners(two, "activity") == [("10001",)] * 4
    assert owners(two, "fact") == [("10001",)] * 2
    assert owners(two, "customer_key") == [("10001",), ("10002",), ("10001",), ("10002",)]
    stays = customer_id(two, "10001", "Basalt GmbH")
    units = 10_000
    assert two.rows("SELECT currency, customer_id, orders, net FROM order_total") == [
        ("EUR", stays, 3, (500 + 40) * units + 25_000)
    ]
    assert totals_are_exact(two)
    assert two.rows("SELECT code, joined_into FROM customer WHERE archived") == [("001A", stays)]
    # Empty columns are filled, others stay.
    assert two.rows(f"SELECT region, since FROM customer WHERE id = {stays}") == [("North", "2019-05-01")]  # noqa: S608 - constants


def test_a_join_is_taken_back_to_the_last_row(two: Book) -> None:
    one, other = customer_id(two, "001A", "Basalt GmbH"), customer_id(two, "10001", "Basalt GmbH")
    child = customer_id(two, "10002", "Kiesel KG")
    with two.database.write() as session:
        for person, customer in ((1, one), (2, other)):
            session.add(Ownership(customer_id=customer, person_id=person, starts_on=date(2025, 1, 1)))
        factories.fact(session, one, "credit", "A")
        factories.fact(session, other, "credit", "B")
        session.add_all(
            [override(one, "A"), override(other, "B"), touch(one, "revisit"), touch(other, "revisit")]
        )
    two.bring("customers", "code,name,parent\n10002,Kiesel KG,001A\n", source="crm")
    before = state(two)
    for prefer in ("customer", "into"):
        done = join(two, prefer=prefer)
        joined = state(two)
        assert [row["parent_id"] for row in joined["customer"] if row["id"] == child] == [other]
        assert {row["customer_id"] for row in joined["fact"] if row["superseded_at"] is None} == {other}
        assert totals_are_exact(two)
        two.undo(done.batch_id)
        assert state(two) == before
    assert totals_are_exact(two)


@all_on_postgresql
@pytest.mark.parametrize(
    ("kind", "content", "source"),
    [
        ("orders", "order,customer,date,amount\n9,001A,2026-03-05,7\n", "crm"),
        ("orders", "order,customer,date,amount\n9,10001,2026-03-05,7\n", "erp"),
        ("activities", "customer,date,kind\n001A,2026-03-05,call\n", "crm"),
        ("facts", "customer,field,value,date\n001A,annual_sales,41,2026-01-31\n", "crm"),
        ("customers", "code,name,aliases\n001A,Basalt GmbH,Basaltwerk\n", "crm"),
        ("customers", "code,name\n10001,Basalt SE\n", "erp"),
        ("orders", "order,customer,date,amount\nA,001A,2026-02-05,41\n", "crm"),
    ],
)
def test_a_join_stays_while_a_later_import_builds_on_it(
    two: Book, kind: str, content: str, source: str
) -> None:
    done = join(two)
    later = two.bring(kind, content, source=source)
    with pytest.raises(Conflict, match=f"Undo import {later.batch_id} first"):
        two.undo(done.batch_id)
    two.undo(later.batch_id)
    two.undo(done.batch_id)
    assert owners(two, "activity") == [("001A",)]


def test_later_imports_of_others_leave_the_undo_free(two: Book) -> None:
    done = join(two)
    two.bring("orders", "order,customer,date,amount\n9,10002,2026-03-05,7\n", source="erp")
    two.undo(done.batch_id)
    assert owners(two, "invoice") == [("001A",)]


def test_an_import_from_before_a_join_is_undone_after_it(two: Book) -> None:
    done = join(two)
    for batch in (2, 3, 5, 8, 9):
        with pytest.raises(Conflict, match=f"Undo import {done.batch_id} first"):
            two.undo(batch)
    two.undo(done.batch_id)
    two.undo(9)
    assert two.rows("SELECT count(*) FROM fact") == [(0,)]


@pytest.mark.parametrize(
    ("reference", "source"),
    [("001A", "crm"), ("001A", "erp"), ("001A", "shop"), ("10001", "erp"), ("OLD77", "erp")],
)
def test_later_files_find_the_customer_that_stays(two: Book, reference: str, source: str) -> None:
    join(two)
    two.bring("orders", f"order,customer,date,amount\n77,{reference},2026-03-05,7\n", source=source)
    assert two.rows(
        "SELECT customer.code FROM customer_order AS o JOIN customer ON customer.id = customer_id"
        " WHERE external_id = '77'"
    ) == [("10001",)]


def test_the_files_of_both_systems_can_come_again(two: Book) -> None:
    """Neither overwrites what the other says, and nothing comes a second time."""
    join(two)
    for kind, content, source in (
        ("customers", ERP, "erp"),
        ("customers", CRM, "crm"),
        ("activities", "customer,date,kind\n001A,2026-01-05,visit\n", "crm"),
        ("facts", "customer,field,value,date\n001A,annual_sales,40,2026-01-31\n", "crm"),
        ("orders", "order,customer,date,amount\nA,001A,2026-02-05,40\n", "crm"),
    ):
        report = two.bring(kind, content, source=source)
        assert (report.created, report.changed, report.rejected) == (0, 0, 0), kind
    join_again = two.bring("joins", "customer,into\nCRM:001A,ERP:10001\n")
    assert (join_again.accepted, join_again.changed) == (1, 0)


def test_a_joined_code_fills_what_is_empty_and_brings_names(two: Book) -> None:
    join(two)
    crm = (
        "code,name,region,industry,owner,aliases\n001A,Basalt Holding,West,stone,mia@example.com,Basaltwerk\n"
    )
    assert two.bring("customers", crm, source="crm").changed == 1
    stays = customer_id(two, "10001", "Basalt GmbH")
    assert two.rows(f"SELECT name, region, industry FROM customer WHERE id = {stays}") == [  # noqa: S608 - constants
        ("Basalt GmbH", "North", "stone")
    ]
    names = two.rows(f"SELECT kind, name FROM customer_name WHERE customer_id = {stays} ORDER BY kind, name")  # noqa: S608 - constants
    assert names == [
        ("alias", "001A"),
        ("alias", "Basalt Holding"),
        ("alias", "Basaltwerk"),
        ("alias", "OLD77"),
        ("code", "10001"),
        ("name", "Basalt GmbH"),
    ]
    assert owners(two, "ownership") == [("10001",)]
    assert two.bring("customers", crm, source="crm").changed == 0


def test_both_codes_of_a_customer_in_one_file_settle_at_once(book: Book) -> None:
    book.bring("people", "email,name\nmia@example.com,Mia\nlee@example.com,Lee\n")
    book.bring("customers", "code,name\nA,Alder\nB,Birch\nC,Cedar\n")
    book.bring("joins", "customer,into\nB,A\nC,A\n")
    content = (
        "code,name,region,industry,owner\nC,Cedar Ltd,East,wood,lee@example.com\n"
        "A,Alder Works,,,\nB,Alder Works,West,,mia@example.com\n"
    )
    assert book.bring("customers", content).changed == 3
    assert book.rows("SELECT name, region, industry FROM customer WHERE code = 'A'") == [
        ("Alder Works", "East", "wood")
    ]
    assert book.rows("SELECT person_id FROM ownership") == [(2,)]
    assert book.bring("customers", content).changed == 0


def test_a_parent_that_is_joined_into_its_child_is_no_parent(book: Book) -> None:
    book.bring("customers", "code,name,parent\nA,Alder,\nB,Birch,A\n")
    book.bring("joins", "customer,into\nA,B\n")
    assert book.rows("SELECT parent_id FROM customer WHERE code = 'B'") == [(None,)]
    again = book.bring("customers", "code,name,parent\nA,Alder,\nB,Birch,A\n")
    assert (again.changed, again.rejected) == (0, 0)


@pytest.mark.parametrize(
    ("one_has", "other_has", "expected"),
    [(True, True, [(2, None)]), (True, False, [(1, None)]), (False, True, [(2, None)]), (False, False, [])],
)
def test_the_present_owner_of_the_customer_that_stays_goes_on(
    two: Book, one_has: bool, other_has: bool, expected: list[tuple[int, None]]
) -> None:
    one, other = customer_id(two, "001A", "Basalt GmbH"), customer_id(two, "10001", "Basalt GmbH")
    with two.database.write() as session:
        for has, customer, person in ((one_has, one, 1), (other_has, other, 2)):
            if has:
                factories.own(session, customer, person)
    before = state(two)
    done = join(two)
    present = f"SELECT person_id, ends_on FROM ownership WHERE customer_id = {other} AND ends_on IS NULL"  # noqa: S608 - constants
    assert two.rows(present) == expected
    two.undo(done.batch_id)
    assert state(two) == before


def test_parents_that_would_make_a_circle_are_refused(book: Book) -> None:
    book.bring("customers", "code,name,parent\nA,Alder,\nB,Birch,A\nC,Cedar,B\n")
    before = state(book)
    with pytest.raises(BadInput, match="refusal joined-parents: After these joins, following the parents of"):
        join(book, "A", "C")
    with pytest.raises(BadInput, match="joined-parents"):
        book.bring("joins", "customer,into\nA,C\n")
    assert state(book) == before
    join(book, "B", "C")
    assert book.rows(
        "SELECT one.code FROM customer AS one JOIN customer AS p ON p.id = one.parent_id WHERE p.code = 'A' ORDER BY one.id"
    ) == [("B",), ("C",)]


def test_open_care_of_a_joined_customer_ends_and_its_history_stays(two: Book) -> None:
    one, other = customer_id(two, "001A", "Basalt GmbH"), customer_id(two, "10001", "Basalt GmbH")
    add(
        two,
        touch(one, "revisit"),
        touch(one, "call", "done"),
        touch(other, "revisit"),
        touch(one, "gift", "reminded"),
    )
    with two.database.write() as session:
        factories.graded(session, {one: "A", other: "B"}, as_of=date(2026, 5, 31))
    before = state(two)
    two.clock.advance(timedelta(days=1))
    done = join(two)
    rows = "SELECT customer_id, step, state, reason FROM touch ORDER BY id"
    assert two.rows(rows) == [
        (one, "revisit", "cancelled", "customer joined"),
        (one, "call", "done", None),
        (other, "revisit", "planned", None),
        (one, "gift", "cancelled", "customer joined"),
    ]
    assert two.rows("SELECT customer_id, tier FROM assessment ORDER BY id") == [(one, "A"), (other, "B")]
    two.undo(done.batch_id)
    assert state(two) == before
