"""`promise list|add|kept|postpone|withdraw|undo`: a promise from its record to its end, by command."""

from datetime import timedelta

import pytest

from bot.clock import SystemClock
from tests.cli.conftest import Program

TODAY = SystemClock().now().date()
IN_TEN_DAYS, LATER = ((TODAY + timedelta(days=n)).isoformat() for n in (10, 12))
ANNA = ("--as", "anna@example.com")
OFFER = ("--what", "The offer", "--by", IN_TEN_DAYS)


def add(firm: Program, *more: str) -> None:
    done = firm("promise", "add", "K1", *OFFER, *more, *ANNA)
    assert (done.code, done.err) == (0, "")


def test_a_promise_goes_from_its_record_to_its_end(firm: Program) -> None:
    made = firm("promise", "add", "K1", *OFFER, "--json", *ANNA).json
    assert (made["act"], made["due_on"]) == ("made", IN_TEN_DAYS)
    (row,) = firm("promise", "list", "--json", *ANNA).json
    assert (row["code"], row["what"], row["state"], row["whose"]) == ("K1", "The offer", "open", "Anna")
    put_off = firm("promise", "postpone", "1", "--to", LATER, "--told", "It takes longer.", *ANNA)
    assert "by Anna: It takes longer." in put_off.out
    (row,) = firm("promise", "list", "--json", *ANNA).json
    assert (row["due_on"], row["first_due_on"], row["postponed"], row["told"]) == (
        *(LATER, IN_TEN_DAYS, 1, "It takes longer."),
    )
    assert "says Anna" in firm("promise", "kept", "1", *ANNA).out
    assert "No promise is open." in firm("promise", "list", *ANNA).out
    assert "Taken back by Anna" in firm("promise", "undo", "1", *ANNA).out
    gone = firm("promise", "withdraw", "1", "--reason", "They bought elsewhere.", *ANNA)
    assert "Withdrawn by Anna: They bought elsewhere." in gone.out
    (row,) = firm("promise", "list", "--all", "--json", *ANNA).json
    assert (row["state"], row["reason"]) == ("withdrawn", "They bought elsewhere.")


def test_the_same_number_again_corrects(firm: Program) -> None:
    add(firm, "--id", "R-7")
    done = firm("promise", "add", "K1", "--what", "The offer, signed", "--by", LATER, "--id", "R-7", *ANNA)
    assert "It is corrected" in done.out
    (row,) = firm("promise", "list", "--csv", *ANNA).out.splitlines()[1:]
    assert "The offer, signed" in row


def test_a_list_has_whose_and_whether_it_is_late(firm: Program) -> None:
    add(firm)
    listed = {
        options: len(firm("promise", "list", *options, "--json", *ANNA).json)
        for options in (
            ("--person", "anna@example.com"),
            ("--person", "ben@example.com"),
            ("--customer", "K1"),
            ("--overdue",),
        )
    }
    assert list(listed.values()) == [1, 0, 1, 0]
    assert "The offer" in firm("promise", "list", *ANNA).out


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("add", "K1", "--what", "Something", "--by", "2020-01-01"), 2, "The day is past."),
        (("add", "K2", *OFFER), 3, "There is no customer K2."),
        (("kept", "9"), 3, "This promise is no longer there, or not for you."),
        (("kept", "1", "--on", LATER), 2, "The day lies in the future."),
        (("postpone", "1", "--to", IN_TEN_DAYS, "--told", "Later."), 2, "Choose a later day."),
    ],
)
def test_what_cannot_be_done_is_said(
    firm: Program, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    add(firm)
    refused = firm("promise", *arguments, *ANNA)
    assert (refused.code, sentence in refused.err) == (code, True)


def test_who_may_not_see_the_customer_sees_no_promise(firm: Program) -> None:
    add(firm)
    ben = ("--as", "ben@example.com")
    assert firm("promise", "list", "--json", *ben).json == []
    assert firm("promise", "kept", "1", *ben).code == 3
