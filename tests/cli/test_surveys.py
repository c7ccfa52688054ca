"""`survey list|add|undo`: a score from its recording until it is taken back, by command."""

from pathlib import Path

import pytest

from bot.clock import SystemClock
from db.engine import open_database
from tests import factories
from tests.cli.conftest import Program

TODAY = SystemClock().now().date()
ANNA = ("--as", "anna@example.com")


@pytest.fixture
def firm(program: Program, file: Path) -> Program:
    """ACME of Anna's, tier A; Ben's team does not see it."""
    database = open_database(f"sqlite:///{file}")
    with database.write() as session:
        anna = factories.person(session, "Anna", team_id=factories.team(session, "East"))
        factories.person(session, "Ben", team_id=factories.team(session, "West"))
        acme = factories.customer(session, "ACME", code="K1", owner_id=anna)
        factories.contact_person(session, acme, "Wang Li")
        factories.graded(session, {acme: "A"}, as_of=TODAY)
    database.close()
    return program


def test_a_score_is_recorded_listed_shown_on_the_card_and_taken_back(firm: Program) -> None:
    added = firm(*("survey", "add", "K1", "3", "--scale", "1-10", "--by", "wang li"), *ANNA)
    assert (added.code, added.err) == (0, "")
    assert "In schemes that count satisfaction, it stands for 1.89 on their scale from 1 to 5." in added.out
    assert "It is low: a follow-up is due by" in added.out
    (row,) = firm("survey", "list", "--low", "--json", *ANNA).json
    assert (row["code"], row["score"], row["scale"], row["value"]) == ("K1", "3", "1-10", "1.89")
    assert (row["low"], row["answered_by"], row["recorded_by"]) == (True, "Wang Li", "Anna")
    assert "Satisfaction: 3 (1 to 10)" in firm("tier", "K1", *ANNA).out
    explained = firm("care", "explain", "K1", *ANNA).out
    assert "owed because: a survey score was low" in explained
    assert firm("survey", "undo", "1", *ANNA).code == 0
    assert "There is no survey score." in firm("survey", "list", *ANNA).out
    assert "the low survey score was taken back" in firm("care", "explain", "K1", *ANNA).out


def test_the_same_number_again_corrects(firm: Program) -> None:
    for score in ("9", "7"):
        assert firm("survey", "add", "K1", score, "--scale", "nps", "--id", "R-7", *ANNA).code == 0
    (line,) = firm("survey", "list", "--csv", *ANNA).out.splitlines()[1:]
    assert ",7,nps," in line


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("11", "--scale", "1-10"), "11 is not between 1 and 10"),
        (("4", "--scale", "stars"), "stars is not a scale; use one of 1-5, 1-10, nps, percent."),
        (("4", "--scale", "1-5", "--by", "Bo"), "there are: Wang Li"),
    ],
)
def test_what_cannot_be_recorded_says_what_to_do(
    firm: Program, words: tuple[str, ...], sentence: str
) -> None:
    done = firm("survey", "add", "K1", *words, *ANNA)
    assert done.code != 0
    assert sentence in done.err


def test_who_may_not_see_the_customer_sees_no_score(firm: Program) -> None:
    firm("survey", "add", "K1", "4", "--scale", "1-5", *ANNA)
    assert "There is no survey score." in firm("survey", "list", "--as", "ben@example.com").out
    assert firm("survey", "undo", "1", "--as", "ben@example.com").code != 0
