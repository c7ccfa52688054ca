"""Proposals by command: made, listed, approved, declined and withdrawn, with the rights of who acts."""

from decimal import Decimal
from pathlib import Path

from sqlmodel import col, update

from db.book.people import Person
from db.care.records.proposals import CustomerProposal
from db.engine import open_database
from tests.cli.conftest import Done, Program
from tests.cli.test_audit import (  # noqa: F401 - fixtures
    book,
    files,
    kept,
    rows,
    until,
)

ANNA, LEE, GRACE = (("--as", f"{name}@example.com") for name in ("anna", "lee", "grace"))


def propose(program: Program, *who: str) -> Done:
    return program("override", "propose", "C-1", "A", "--reason", "They grow", "--until", until(), *who)


def test_a_tier_is_proposed_approved_and_holds(book: Program, file: Path) -> None:  # noqa: F811
    assert "sent to those who may decide" in propose(book, *ANNA).out
    listed = book("proposal", "list", *LEE, "--json").json
    assert [(one["code"], one["tier"], one["proposed_by"], one["state"]) for one in listed] == [
        ("C-1", "A", "Anna", "waiting")
    ]
    number = str(listed[0]["proposal"])
    refused = book("proposal", "approve", number, *ANNA)
    assert "Only the lead of the account manager's team" in refused.err
    assert (
        "Approved by Lee: Fine with me"
        in book("proposal", "approve", number, "--reason", "Fine with me", *LEE).out
    )
    (override,) = book("override", "list", "--json").json
    assert (override["tier"], override["set_by"], override["approver"]) == ("A", "Anna", "Lee")
    assert book("tier", "C-1").out.count("Key")
    assert "This proposal is over" in book("proposal", "decline", number, "--reason", "late", *GRACE).err
    assert [row.action for row in rows(file, "proposal_made", "proposal_approved")] == [
        "proposal_made",
        "proposal_approved",
    ]


def test_a_proposal_is_declined_or_withdrawn_and_shown(book: Program) -> None:  # noqa: F811
    propose(book, *ANNA)
    assert (
        "Declined by Grace: too early"
        in book("proposal", "decline", "1", "--reason", "too early", *GRACE).out
    )
    assert "Declined by Grace: too early" in book("proposal", "show", "1", *ANNA).out
    propose(book, *LEE)
    assert "Only the person who made a proposal" in book("proposal", "withdraw", "2", *GRACE).err
    assert "Withdrawn by Lee" in book("proposal", "withdraw", "2", *LEE).out
    assert book("proposal", "list").out == "No proposal waits.\n"
    assert [one["state"] for one in book("proposal", "list", "--all", "--json").json] == [
        "declined",
        "withdrawn",
    ]


def test_the_operator_decides_about_no_proposal_of_the_operator(book: Program) -> None:  # noqa: F811
    propose(book)
    assert "Nobody decides about their own proposal" in book("proposal", "approve", "1").err
    assert book("override", "list", "--json").json == []


def test_credit_without_an_assessment_is_not_proposed(book: Program) -> None:  # noqa: F811
    refused = book("credit", "propose", "C-1", "--limit", "1000", "--terms", "30", "--reason", "new", *ANNA)
    assert "has no credit assessment yet" in refused.err


def test_the_list_shows_a_limit_to_who_may_decide_and_to_nobody_else(book: Program, file: Path) -> None:  # noqa: F811
    propose(book, *ANNA)
    database = open_database(f"sqlite:///{file}")
    with database.write() as session:
        credit = {
            "kind": "credit",
            "tier": None,
            "credit_limit": Decimal(1500),
            "terms": 30,
            "currency": "EUR",
        }
        session.exec(update(CustomerProposal).values(**credit))
        session.exec(update(Person).where(col(Person.name) == "Grace").values(role="finance"))
    database.close()
    for who, limit in ((GRACE, "EUR 1,500"), (ANNA, "EUR 1,500"), (LEE, "•••")):
        assert [one["limit"] for one in book("proposal", "list", "--json", *who).json] == [limit]
        assert limit in book("proposal", "list", *who).out


def test_what_waits_for_a_customer_ends_when_it_is_joined_and_waits_again_when_that_is_undone(
    book: Program,  # noqa: F811
) -> None:
    propose(book, *ANNA)

    def states() -> list[str]:
        return [one["state"] for one in book("proposal", "list", "--all", "--json").json]

    done = book("customer", "join", "C-1", "C-2")
    assert done.code == 0, done.err
    assert states() == ["withdrawn"]
    assert "This proposal is over" in book("proposal", "approve", "1", *GRACE).err
    undone = done.out.splitlines()[-1].rpartition("import undo ")[2]
    assert book("import", "undo", undone).code == 0
    assert states() == ["waiting"]
    assert "Approved by Grace" in book("proposal", "approve", "1", *GRACE).out


def test_an_erased_customer_leaves_no_proposal(book: Program) -> None:  # noqa: F811
    propose(book, *ANNA)
    assert book("erase", "customer", "C-1", "--yes").code == 0
    assert book("proposal", "list", "--all", "--json").json == []
