"""Commands that change something for a customer take a whole code or name; those that only look say whom they show."""

import ast
import inspect
from pathlib import Path

import pytest

from bot import cli
from db.engine import open_database
from tests import factories
from tests.cli.conftest import Program

LOOK = {
    *(
        "why",
        "show_history",
        "show_credit",
        "verify",
        "show_brief",
        "write_pack",
        "show",
        "explain_care",
        "show_service",
    ),
    *(
        "list_notes",
        "list_scores",
        "list_complaints",
        "list_promises",
        "list_gifts",
        "suggest_gift",
        "list_people",
    ),
    *("show_profile",),
}
CHANGES = {
    "override set": ("override", "set", "{}", "A", "--reason", "x"),
    "override end": ("override", "end", "{}"),
    "credit approve": ("credit", "approve", "{}", "--reason", "x"),
    "review answer": ("review", "answer", "{}", "capped", "--note", "x"),
}


@pytest.fixture
def book(program: Program, file: Path) -> Program:
    """A firm whose only customer shares a word with the one that is asked for."""
    database = open_database(f"sqlite:///{file}")
    with database.write() as session:
        customer = factories.customer(session, "Vitamin C Handel und Vertrieb", code="C-9998")
        factories.fact(session, customer, "quality", 90)
        factories.fact(session, customer, "service", 90)
    database.close()
    scheme = factories.PLAIN_SCHEME + "\noverride: {allowed: true}\n"
    file.with_name("plain.yaml").write_text(scheme, encoding="utf-8")
    return program


@pytest.mark.parametrize("typed", ["Bayer Vertrieb", "C-9999", "Vitamin C"])
@pytest.mark.parametrize("arguments", CHANGES.values(), ids=CHANGES.keys())
def test_a_command_changes_nothing_for_a_customer_that_only_shares_a_word_or_a_digit(
    book: Program, file: Path, arguments: tuple[str, ...], typed: str
) -> None:
    before = file.read_bytes()
    done = book(*(argument.format(typed) for argument in arguments))
    assert done.code == 3
    assert f"It is not clear who {typed} is. Name the code: C-9998 Vitamin C Handel und Vertrieb." in done.err
    assert file.read_bytes() == before


def test_an_override_says_whose_tier_it_sets(book: Program) -> None:
    assert book("grade", "--scheme", "plain.yaml").code == 0
    done = book("override", "set", "c-9998", "B", "--reason", "x")
    assert done.out.startswith("C-9998 Vitamin C Handel und Vertrieb is ")


def test_a_near_code_is_offered_and_not_shown(book: Program) -> None:
    assert book("grade", "--scheme", "plain.yaml").code == 0
    done = book("tier", "C-9999", "--json")
    assert (done.code, done.json["answer"]) == (3, "no_match")
    assert [hit["code"] for hit in done.json["hits"]] == ["C-9998"]
    assert book("tier", "Vertrieb", "--json").json["answer"] == "choice"
    assert book("tier", "c-9998", "--json").json["code"] == "C-9998"


def test_a_command_that_does_not_only_look_takes_a_whole_code_or_name() -> None:
    may_look = {
        function.name
        for path in Path(inspect.getfile(cli)).parent.rglob("*.py")
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef)
        for call in ast.walk(function)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "lookup.one"
    }
    assert may_look == LOOK
