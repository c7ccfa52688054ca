"""`fact add|undo`: a fact from its recording until it is taken back, by command."""

from bot.clock import SystemClock
from tests.cli.conftest import Program

TODAY = SystemClock().now().date()
ANNA, BEN = ("--as", "anna@example.com"), ("--as", "ben@example.com")


def test_a_fact_is_recorded_by_its_name_and_taken_back(firm: Program) -> None:
    added = firm("fact", "add", "K1", "服务", "80", "--evidence", "Their letter", *ANNA)
    assert (added.code, added.err) == (0, "")
    assert "is recorded: 80" in added.out
    assert "Fact 1." in added.out
    again = firm("fact", "add", "K1", "service", "80", "--evidence", "Their letter", *ANNA)
    assert "was recorded before" in again.out
    assert firm("fact", "undo", "1", *BEN).code == 3
    assert "is taken back" in firm("fact", "undo", "1", *ANNA).out
    assert "was corrected or taken back before" in firm("fact", "undo", "1", *ANNA).err


def test_what_cannot_be_is_refused_with_what_is_allowed(firm: Program) -> None:
    wrong = firm("fact", "add", "K1", "service", "much", *ANNA)
    assert wrong.code == 2
    assert "Allowed is a number." in wrong.err
    assert "No scheme in force asks for luck" in firm("fact", "add", "K1", "luck", "1", *ANNA).err
    assert firm("fact", "add", "K1", "service", "80", *BEN).code == 3
