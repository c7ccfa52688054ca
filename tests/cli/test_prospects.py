"""`customer add-prospect|remove-prospect`: a prospect comes into the book, and is taken back, by command."""

from tests.cli.conftest import Program

ANNA, BEN = ("--as", "anna@example.com"), ("--as", "ben@example.com")


def test_a_prospect_is_added_and_taken_back(firm: Program) -> None:
    added = firm("customer", "add-prospect", "Zebra Foods", "--country", "DE", "--met", "Trade fair", *ANNA)
    assert (added.code, added.err) == (0, "")
    assert "Zebra Foods P-0001 is in the book as a prospect" in added.out
    assert "Anna looks after it" in added.out
    assert firm("tier", "P-0001", *BEN).code == 3
    assert firm("customer", "remove-prospect", "P-0001", *BEN).code == 3
    assert "no longer in the book" in firm("customer", "remove-prospect", "P-0001", *ANNA).out
    assert firm("tier", "P-0001", *ANNA).code == 3


def test_a_similar_name_is_asked_about_first(firm: Program) -> None:
    asked = firm("customer", "add-prospect", "Acme Pumps", *ANNA)
    assert asked.code == 2
    assert "ACME K1" in asked.err
    assert "--new" in asked.err
    added = firm("customer", "add-prospect", "Acme Pumps", "--new", "--json", *ANNA)
    assert (added.json["act"], added.json["code"]) == ("added", "P-0001")
