"""What two customers say differently is asked, and the answer holds."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from bot.errors import BadInput, Conflict
from db.graded.overrides import Override
from tests import factories
from tests.conftest import all_on_postgresql
from tests.services.imports.conftest import Book
from tests.services.imports.file_check.joins.conftest import AT, add, customer_id, join, override, state

CREDIT = ("unknown-field",)


def facts_differ(book: Book, one: int, other: int) -> None:
    with book.database.write() as session:
        factories.fact(session, one, "credit", "A")
        factories.fact(session, other, "credit", "B")


def other_source_differs(book: Book, one: int, other: int) -> None:
    book.bring(
        "facts", "customer,field,value,date\n001A,credit,A,2020-01-01\n", source="crm", accepted=CREDIT
    )
    book.bring(
        "facts", "customer,field,value,date\n10001,credit,B,2020-01-01\n", source="erp", accepted=CREDIT
    )


def overrides_differ(book: Book, one: int, other: int) -> None:
    add(book, override(one, "A"), override(other, "B"))


def types_differ(book: Book, one: int, other: int) -> None:
    book.bring("customers", "code,name,type\n001A,Basalt GmbH,prospect\n", source="crm")


QUESTIONS: dict[str, tuple[Callable[[Book, int, int], None], str, str, Any, Any]] = {
    "facts": (
        facts_differ,
        "001A and 10001 differ in their fact (line 1: credit 2020-01-01: A / B).",
        "SELECT value FROM fact WHERE field = 'credit' AND superseded_at IS NULL",
        [("A",)],
        [("B",)],
    ),
    "facts of two sources": (
        other_source_differs,
        "001A and 10001 differ in their fact (line 1: credit 2020-01-01: A / B).",
        "SELECT value FROM fact WHERE field = 'credit' AND superseded_at IS NULL",
        [("A",)],
        [("B",)],
    ),
    "overrides": (
        overrides_differ,
        "001A and 10001 differ in their override (line 1: A / B).",
        "SELECT tier FROM tier_override WHERE ended_at IS NULL",
        [("A",)],
        [("B",)],
    ),
    "record types": (
        types_differ,
        "001A and 10001 differ in their record type (line 1: prospect / account).",
        "SELECT record_type FROM customer WHERE code = '10001'",
        [("prospect",)],
        [("account",)],
    ),
}


@all_on_postgresql
@pytest.mark.parametrize("name", QUESTIONS)
def test_what_both_say_differently_is_asked_and_the_answer_holds(two: Book, name: str) -> None:
    prepare, sentence, question, of_customer, of_into = QUESTIONS[name]
    stays = customer_id(two, "10001", "Basalt GmbH")
    prepare(two, customer_id(two, "001A", "Basalt GmbH"), stays)
    before = state(two)
    with pytest.raises(BadInput) as refused:
        join(two)
    assert sentence in str(refused.value)
    assert "--prefer into takes" in str(refused.value)
    with pytest.raises(BadInput, match="question joined-differ"):
        two.bring("joins", "customer,into\nCRM:001A,ERP:10001\n")
    assert [
        one.type.name for one in two.bring("joins", "customer,into\n001A,10001\n", dry_run=True).findings
    ] == ["joined-differ"]
    assert state(two) == before
    for prefer, expected in (("customer", of_customer), ("into", of_into)):
        done = join(two, prefer=prefer)
        assert two.rows(question) == expected
        two.undo(done.batch_id)
        assert state(two) == before
        file = two.bring("joins", "customer,into\n001A,10001\n", kind_options={"prefer": prefer})
        assert two.rows(question) == expected
        two.undo(file.batch_id)
        assert state(two) == before


def test_facts_that_say_the_same_are_no_question(two: Book) -> None:
    one, other = customer_id(two, "001A", "Basalt GmbH"), customer_id(two, "10001", "Basalt GmbH")
    with two.database.write() as session:
        for customer in (one, other):
            factories.fact(session, customer, "credit", "A")
    before = state(two)
    done = join(two)
    current = "SELECT customer_id, value FROM fact WHERE field = 'credit' AND superseded_at IS NULL"
    assert two.rows(current) == [(other, "A")]
    two.undo(done.batch_id)
    assert state(two) == before


@pytest.mark.parametrize("prefer", ["sometimes", "Into"])
def test_a_preference_that_is_not_known_is_refused(two: Book, prefer: str) -> None:
    with pytest.raises(BadInput, match="use customer or into"):
        join(two, prefer=prefer)
    with pytest.raises(BadInput, match="use customer or into"):
        two.bring("joins", "customer,into\n001A,10001\n", kind_options={"prefer": prefer})


def test_the_override_of_a_joined_customer_holds_for_the_one_that_stays(two: Book) -> None:
    one, other = customer_id(two, "001A", "Basalt GmbH"), customer_id(two, "10001", "Basalt GmbH")
    over = override(other, "C", expires_on=date(2026, 1, 31))
    add(two, override(one, "A"), over, override(one, "B", purpose="prospect"))
    before = state(two)
    done = join(two)
    rows = "SELECT customer_id, tier FROM tier_override WHERE ended_at IS NULL"
    assert two.rows(rows) == [(other, "A")]
    two.undo(done.batch_id)
    assert state(two) == before


def test_an_override_that_was_set_since_keeps_the_join(two: Book) -> None:
    one, other = customer_id(two, "001A", "Basalt GmbH"), customer_id(two, "10001", "Basalt GmbH")
    add(two, override(one, "A"), override(other, "B"))
    done = join(two, prefer="customer")
    with two.database.write() as session:
        moved = session.get_one(Override, 1)
        moved.ended_at, moved.ended_by = AT, "Mia"
        session.add(moved)
        session.flush()
        session.add(override(other, "C"))
    with pytest.raises(Conflict, match="an override was set since"):
        two.undo(done.batch_id)
