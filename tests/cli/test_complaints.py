"""`complaint list|show|add|step|close|reopen`: a complaint from its report to its end, by command."""

from datetime import timedelta

import pytest

from bot.clock import SystemClock
from tests.cli.conftest import Program

TODAY = SystemClock().now().date()
ANNA = ("--as", "anna@example.com")


def add(firm: Program, *more: str) -> None:
    done = firm("complaint", "add", "K1", "--kind", "quality", "--what", "The pumps leak.", *more, *ANNA)
    assert (done.code, done.err) == (0, "")


def test_a_complaint_goes_from_its_report_to_its_end(firm: Program) -> None:
    opened = firm(
        *("complaint", "add", "K1", "--kind", "quality", "--what", "The pumps leak.", "--by", "Mr Wu"),
        *("--json", *ANNA),
    ).json
    assert opened["deadline"] == (TODAY + timedelta(days=3)).isoformat()
    (row,) = firm("complaint", "list", "--json", *ANNA).json
    assert (row["code"], row["kind"], row["state"], row["handler"]) == ("K1", "quality", "open", "Anna")
    assert firm("complaint", "step", "1", "New seals are on the way.", *ANNA).code == 0
    closed = firm("complaint", "close", "1", "--outcome", "Replaced.", "--agreed", "yes", *ANNA)
    assert "Closed by Anna: Replaced. · the customer agrees" in closed.out
    assert "No complaint is open." in firm("complaint", "list", *ANNA).out
    shown = firm("complaint", "show", "1", "--json").json
    assert (shown["outcome"], shown["agreed"], shown["closed_by"]) == ("Replaced.", "yes", "Anna")
    assert [step["text"] for step in shown["taken"]] == ["New seals are on the way."]
    assert "Opened again by Anna." in firm("complaint", "reopen", "1", *ANNA).out
    text = firm("complaint", "show", "1").out
    assert "What happened: The pumps leak." in text
    assert "Closed on" not in text


def test_the_same_number_again_corrects(firm: Program) -> None:
    add(firm, "--id", "R-7")
    day = (TODAY - timedelta(days=2)).isoformat()
    add(firm, "--id", "R-7", "--on", day)
    (row,) = firm("complaint", "list", "--csv", *ANNA).out.splitlines()[1:]
    assert day in row


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("add", "K1", "--kind", "gossip", "--what", "Something"), 2, "gossip is not a kind of complaint"),
        (("add", "K2", "--kind", "quality", "--what", "Something"), 3, "There is no customer K2."),
        (("show", "9"), 3, "This complaint is no longer there, or not for you."),
        (("close", "1", "--outcome", "Replaced.", "--agreed", "maybe"), 2, "use yes, no or not_asked"),
        (("reopen", "1"), 5, "This complaint is open."),
    ],
)
def test_what_cannot_be_done_is_said(
    firm: Program, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    add(firm)
    refused = firm("complaint", *arguments, *ANNA)
    assert (refused.code, sentence in refused.err) == (code, True)


def test_who_may_not_see_the_customer_sees_no_complaint(firm: Program) -> None:
    add(firm)
    ben = ("--as", "ben@example.com")
    assert firm("complaint", "list", "--json", *ben).json == []
    assert firm("complaint", "show", "1", *ben).code == 3
    assert firm("complaint", "step", "1", "Nothing", *ben).code == 3
