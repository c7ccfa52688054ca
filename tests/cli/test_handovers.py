"""`customer hand-over|take-back`: a customer gets another account manager, and the former one again, by command."""

from datetime import timedelta

from bot.clock import SystemClock
from tests.cli.conftest import Program

ANNA, BEN = ("--as", "anna@example.com"), ("--as", "ben@example.com")


def test_a_customer_is_handed_over_and_taken_back(firm: Program) -> None:
    done = firm("customer", "hand-over", "K1", "ben@example.com", "--note", "Two lines", *ANNA)
    assert (done.code, done.err) == (0, "")
    assert "Ben looks after ACME K1" in done.out
    assert "Hand-over 1." in done.out
    assert firm("tier", "K1", *ANNA).code == 3
    assert "ACME" in firm("tier", "K1", *BEN).out
    assert "Anna looks after ACME K1, as before" in firm("customer", "take-back", "1").out
    assert "ACME" in firm("tier", "K1", *ANNA).out
    assert firm("customer", "take-back", "1", *ANNA).code == 5


def test_a_planned_one_is_done_on_its_day_and_taken_back_before(firm: Program) -> None:
    day = (SystemClock().now().date() + timedelta(days=5)).isoformat()
    planned = firm("customer", "hand-over", "K1", "ben@example.com", "--from", day, "--json", *ANNA)
    assert (planned.json["act"], planned.json["starts_on"]) == ("planned", day)
    assert firm("tier", "K1", *ANNA).code == 0
    assert "Take that back first" in firm("customer", "hand-over", "K1", "ben@example.com", *ANNA).err
    assert firm("customer", "take-back", "1", *BEN).code == 3
    assert firm("customer", "take-back", "1", *ANNA).code == 0


def test_what_cannot_be_is_refused(firm: Program) -> None:
    assert "looks after this customer already" in firm("customer", "hand-over", "K1", "anna@example.com").err
    assert firm("customer", "hand-over", "K1", "ben@example.com", *BEN).code == 3
    assert firm("customer", "take-back", "9").code == 3
