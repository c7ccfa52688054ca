"""`tierbot ask`: the same answers as in Slack, what was understood, and the exit codes."""

from pathlib import Path

import pytest

from db.engine import open_database
from tests import factories
from tests.cli.conftest import Program


@pytest.fixture
def book(program: Program, file: Path) -> Program:
    database = open_database(f"sqlite:///{file}")
    with database.write() as session:
        anna = factories.person(session, "Anna")
        for name, region in (("ACME", "DACH"), ("Globex", "华东")):
            customer = factories.customer(session, name, owner_id=anna, region=region)
            factories.fact(session, customer, "quality", 90)
            factories.fact(session, customer, "service", 90)
    database.close()
    file.with_name("plain.yaml").write_text(factories.PLAIN_SCHEME, encoding="utf-8")
    assert program("grade", "--scheme", "plain.yaml").code == 0
    return program


def test_a_list_is_answered_with_what_was_understood(book: Program) -> None:
    done = book("ask", "customers in dach")
    assert done.code == 0
    assert "region DACH" in done.out
    assert "ACME" in done.out
    assert "Globex" not in done.out


def test_words_need_no_quotation_marks(book: Program) -> None:
    assert "Globex" in book("ask", "华东的客户").out
    assert "ACME" in book("ask", "why", "ACME").out


def test_what_was_understood_is_shown_without_an_answer(book: Program) -> None:
    done = book("ask", "--explain", "--json", "DACH 30天没拜访")
    assert done.json["kind"] == "Listing"
    assert done.json["understood"] == "region DACH, no visit for 30 days"
    assert done.json["query"]["filters"]["regions"] == ["DACH"]
    assert book("ask", "--explain", "compare ACME").code == 2


def test_a_question_that_is_not_understood_ends_with_an_error(book: Program) -> None:
    done = book("ask", "--json", "DACH customers except prospects")
    assert done.code == 2
    assert done.json["answer"] == "not_understood"
    assert done.json["words"] == ["except"]
    assert book("ask", "Xylophon").code == 3


def test_the_card_comes_first_for_a_whole_name(book: Program) -> None:
    assert book("ask", "--json", "acme").json["answer"] == "tier_card"
