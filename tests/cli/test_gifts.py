"""`gift add|list|suggest|undo`: a gift by command."""

from pathlib import Path

import pytest

from bot.clock import SystemClock
from db.engine import open_database
from tests import factories
from tests.cli.conftest import Program

TODAY = SystemClock().now().date()
ANNA, LIN, BEN = (("--as", f"{name}@example.com") for name in ("anna", "lin", "ben"))


@pytest.fixture
def firm(program: Program, file: Path) -> Program:
    """ACME of Anna's in Lin's team, tier B, with Wu Lei; Ben's team does not see it."""
    database = open_database(f"sqlite:///{file}")
    with database.write() as session:
        team = factories.team(session, "East")
        anna = factories.person(session, "Anna", team_id=team)
        factories.person(session, "Lin", role="team_lead", team_id=team)
        factories.person(session, "Ben", team_id=factories.team(session, "West"))
        acme = factories.customer(session, "ACME", code="K1", owner_id=anna)
        factories.contact_person(session, acme, "Wu Lei", interests="tea")
        factories.graded(session, {acme: "B"}, as_of=TODAY)
    database.close()
    return program


def add(firm: Program, *more: str, value: str = "150", who: tuple[str, ...] = ANNA) -> tuple[int, str]:
    done = firm("gift", "add", "K1", "--what", "Green tea", "--value", value, *more, *who)
    return done.code, done.out + done.err


def test_a_gift_is_added_listed_and_taken_back(firm: Program) -> None:
    code, text = add(firm, "--to", "Wu Lei", "--occasion", "birthday")
    assert code == 0, text
    assert "Recorded: Green tea (CNY 150) for ACME K1" in text
    assert f"CNY 450 is left in {TODAY.year}." in text
    assert "Gift 1." in text
    (row,) = firm("gift", "list", "--json", *ANNA).json
    assert (row["what"], row["value"], row["person"], row["state"]) == (
        *("Green tea", "150", "Wu Lei", "within"),
    )
    assert "Green tea" in firm("gift", "list", "--customer", "K1", *ANNA).out
    assert firm("gift", "list", "--json", *BEN).json == []
    assert "counts no more" in firm("gift", "undo", "1", *ANNA).out
    assert "There is no gift." in firm("gift", "list", *ANNA).out


def test_a_gift_over_a_limit_needs_who_may_allow_it_and_a_reason(firm: Program) -> None:
    code, text = add(firm, value="900")
    assert code == 2
    assert "A gift to ACME may be worth CNY 300 at most, and this one is worth CNY 900; ask" in text
    code, text = add(firm, "--reason", "Ten years", value="900", who=LIN)
    assert (code, "It is over a limit" in text) == (0, True), text
    assert [row["reason"] for row in firm("gift", "list", "--json", *LIN).json] == ["Ten years"]


def test_suggest_says_what_is_left_what_was_given_and_what_fits(
    firm: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = firm("gift", "suggest", "K1", "--to", "Wu Lei", *ANNA).out
    assert "One gift: at most CNY 300" in text
    assert f"For this contact person in {TODAY.year}: CNY 600 of CNY 600 left" in text
    assert "Wu Lei: A tin of good tea (CNY 180) · tea" in text
    add(firm, "--to", "1")
    found = firm("gift", "suggest", "K1", "--json", *ANNA).json
    assert found["last"][0]["what"] == "Green tea"
    assert "A tin of good tea" not in str(found["suggested"])
    monkeypatch.setenv("TIERBOT_LANGUAGE", "zh")
    chinese = firm("gift", "suggest", "K1", "--to", "Wu Lei", *ANNA).out
    assert f"  上次赠送：{TODAY} · Green tea · CNY 150 · Wu Lei" in chinese
    assert "  Wu Lei：手写贺卡（CNY 20）" in chinese


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("add", "K1", "--what", "Tea", "--value", "a lot"), 2, "Write the value as an amount above 0"),
        (("add", "K1", "--what", "Tea", "--value", "5", "--to", "Li"), 2, "Li is no contact person of ACME"),
        (
            ("add", "K1", "--what", "Tea", "--value", "5", "--occasion", "x"),
            2,
            "x is not an occasion; use one of",
        ),
        (("undo", "9"), 3, "This gift is no longer there, or not for you."),
        (("suggest", "K9"), 3, "There is no customer K9."),
    ],
)
def test_what_cannot_be_is_one_sentence(
    firm: Program, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    refused = firm("gift", *arguments, *ANNA)
    assert refused.code == code
    assert sentence in refused.out + refused.err
