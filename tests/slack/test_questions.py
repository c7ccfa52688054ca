"""Questions in words with /tier, through the real app: what is answered at once, what a moment later, what is asked back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.demo.workspace import StoredMessage, Workspace
from bot.demo.workspace.default_team import CHANNELS, PEOPLE
from bot.wording.actions import Action
from db.engine import Database
from tests.conftest import on_sqlite
from tests.slack.office import ANNA, ROOM, Office, eventually

pytestmark = on_sqlite


@pytest.fixture
def office(database: Database, tmp_path: Path) -> Iterator[Office]:
    with Workspace(users=PEOPLE, channels=CHANNELS, ack_seconds=20, monotonic=lambda: 0.0) as workspace:
        office = Office(workspace=workspace, database=database, folder=tmp_path, way="socket")
        office.open()
        office.start()
        try:
            yield office
        finally:
            office.close()


def asked(office: Office, text: str) -> StoredMessage:
    """The answer to a question, however long it took."""
    before = len(office.said_to(ANNA))
    assert office.workspace.command(ANNA, ROOM, "/tier", text).ok
    answers: list[StoredMessage] = eventually(lambda: office.said_to(ANNA)[before:], "an answer")
    return answers[-1]


def shown(message: StoredMessage) -> str:
    return f"{message.text} {message.blocks}"


def test_a_list_begins_with_what_was_understood(office: Office) -> None:
    answer = asked(office, "which A customers do I have?")
    assert "tier A" in shown(answer)
    assert "Globex" in shown(answer)
    assert "ACME" not in shown(answer)


@pytest.mark.parametrize("text", ["ACME why", "为什么 acme"])
def test_why_is_answered_for_the_customer_that_is_named(office: Office, text: str) -> None:
    assert "ACME" in asked(office, text).text


def test_a_question_that_is_not_understood_says_what_was_and_offers_what_works(office: Office) -> None:
    answer = asked(office, "A customers in Atlantis")
    assert "Atlantis" in shown(answer)
    assert "Globex" not in shown(answer)
    (button,) = [one for block in answer.blocks for one in block.get("elements", ()) if "action_id" in one]
    assert button["action_id"].startswith(str(Action.ASK))
    before = len(office.said_to(ANNA))
    assert office.workspace.click(ANNA, answer, button["action_id"], button["value"])
    eventually(
        lambda: any("Globex" in shown(one) for one in office.said_to(ANNA)[before - 1 :]), "the offered list"
    )


def test_a_customer_is_still_found_by_a_part_of_its_name(office: Office) -> None:
    assert "ACME" in shown(asked(office, "acm"))


def test_the_history_of_a_customer_is_its_gradings(office: Office) -> None:
    answer = asked(office, "history of Globex")
    assert "Globex" in answer.text
    assert "2026" in shown(answer)


def test_two_customers_are_compared(office: Office) -> None:
    answer = shown(asked(office, "compare ACME and Globex"))
    assert "ACME" in answer
    assert "Globex" in answer
