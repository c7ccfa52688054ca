"""*Share*: a look before it is posted, where and in which language it is posted, who may, and taking it back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import select

from bot.demo.workspace import StoredMessage, Workspace
from bot.demo.workspace.default_team import CHANNELS, PEOPLE
from bot.slack import blocks
from bot.wording.actions import Action, Pointer
from db.book.customers import Ownership
from db.book.people import Person, Team
from db.engine import Database
from tests import factories
from tests.conftest import on_sqlite
from tests.recorded import recorded
from tests.slack.office import ANNA, ROOM, Office, eventually, words

pytestmark = on_sqlite
LIN = "U0LINWEI"
SHARE, POST, CANCEL, TAKE_BACK = (
    str(action) for action in (Action.SHARE, Action.POST, Action.CANCEL, Action.TAKE_BACK)
)


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


def posted(office: Office) -> StoredMessage:
    """The card that was shared with everybody."""
    shared: list[StoredMessage] = eventually(office.said_to_all, "the shared card")
    (only,) = shared
    return only


def actions(message: StoredMessage) -> list[str]:
    return [e["action_id"] for block in message.blocks for e in block.get("elements", []) if "action_id" in e]


def test_what_is_shared_is_shown_to_the_sharer_alone_first(office: Office) -> None:
    preview = office.preview()
    assert office.said_to_all() == []
    assert preview.only_for == ANNA
    assert "Only you see this so far. *Post* shows it to everybody in #general." in words(preview)
    assert actions(preview) == [POST, CANCEL]
    assert office.workspace.click(ANNA, preview, POST).ok
    shared = posted(office)
    look = [block for block in shared.blocks if block["type"] != "actions"]
    shown = preview.blocks[: len(look)]
    assert [block.get("text") or block.get("elements") for block in shown] == [
        block.get("text") or block.get("elements") for block in look
    ]
    eventually(lambda: SHARE in actions(office.now(preview)), "the card again")


def test_what_is_cancelled_is_never_posted_and_the_card_is_back(office: Office) -> None:
    preview = office.preview()
    assert office.workspace.click(ANNA, preview, CANCEL).ok
    eventually(lambda: SHARE in actions(office.now(preview)), "the card again")
    assert office.said_to_all() == []
    assert office.workspace.click(ANNA, office.now(preview), SHARE).ok  # another decision is possible
    eventually(lambda: POST in actions(office.now(preview)), "the preview")


def test_the_sharer_takes_it_back(office: Office) -> None:
    assert office.workspace.click(ANNA, office.preview(), POST).ok
    shared = posted(office)
    assert actions(shared) == [TAKE_BACK]
    for _ in range(2):  # a double click
        office.workspace.run(office.workspace.interactions.act(ANNA, shared, TAKE_BACK))
    eventually(lambda: not office.said_to_all(), "nothing that everybody sees")
    assert office.bots[0].front.deferred.close(20) == 0
    assert [SHARE in actions(message) for message in office.said_to(ANNA)] == [True]  # and no complaint
    shared_row, back = recorded(office.bots[0].tierbot.database, "card_shared", "card_taken_back")
    assert (shared_row.door, shared_row.object.split()[0], back.action) == (
        "slack",
        "customer",
        "card_taken_back",
    )
    assert back.object == f"message {shared.channel}:{shared.ts}"
    assert shared_row.after == f'{{"channel":"{shared.channel}"}}'


def test_nobody_else_takes_it_back(office: Office) -> None:
    assert office.workspace.click(ANNA, office.preview(), POST).ok
    shared = posted(office)
    assert office.workspace.click(LIN, shared, TAKE_BACK).ok
    told = eventually(lambda: office.said_to(LIN), "a refusal")
    assert "只有分享的人或管理员可以撤回。" in words(told[-1])  # Lin Wei's language
    assert office.said_to_all() == [shared]


def test_permission_is_that_of_the_click_and_not_of_the_preview(office: Office) -> None:
    preview = office.preview()
    with office.database.write() as session:
        for ownership in session.exec(select(Ownership)).all():
            session.delete(ownership)
    assert office.workspace.click(ANNA, preview, POST).ok
    refusal = "There is no such customer in your book."
    eventually(lambda: refusal in words(office.now(preview)), "the refusal in its place")
    assert office.said_to_all() == []


def test_a_button_with_another_value_shares_nothing(office: Office) -> None:
    values = ["{}", "-", "x" * 100, '{"id": 99999, "v": 1}', '{"id": "1; --", "v": 1}']
    for action in (SHARE, POST, CANCEL, TAKE_BACK):
        for value in values:
            button = {
                "type": "button",
                "action_id": action,
                "value": value,
                "text": {"type": "plain_text", "text": "."},
            }
            forged = office.post({"text": "forged", "blocks": [{"type": "actions", "elements": [button]}]})
            before, told = office.said_to_all(), len(office.said_to(ANNA))
            assert office.workspace.click(ANNA, forged, action).ok
            eventually(lambda told=told: len(office.said_to(ANNA)) == told + 1, "a refusal")
            assert office.said_to_all() == before


@pytest.mark.parametrize("action", [Action.OPEN, Action.WHY, Action.EXACT, Action.SHARE, Action.LOG_VISIT])
def test_a_button_that_was_made_for_another_customer_shows_nothing(office: Office, action: Action) -> None:
    value = blocks.encode(Pointer(id=office.globex, version=1, mark=1))
    button = {
        "type": "button",
        "action_id": str(action),
        "value": value,
        "text": {"type": "plain_text", "text": "."},
    }
    stale = office.post({"text": "stale", "blocks": [{"type": "actions", "elements": [button]}]})
    told = len(office.said_to(ANNA))
    assert office.workspace.click(ANNA, stale, str(action)).ok
    eventually(lambda: len(office.said_to(ANNA)) == told + 1, "a refusal")
    assert "This button was made for another customer" in words(office.said_to(ANNA)[-1])
    assert "Globex" not in words(office.said_to(ANNA)[-1])


def test_where_only_the_asker_reads_nothing_is_posted(office: Office) -> None:
    there = office.workspace.dm(ANNA)
    assert office.workspace.command(ANNA, there, "/tier", "ACME").ok
    card = office.said_to(ANNA, there)[-1]
    assert office.workspace.click(ANNA, card, SHARE).ok
    told = eventually(lambda: office.said_to(ANNA, there)[2:], "a refusal")
    assert "Here nobody but you reads what is shared." in words(told[-1])
    assert office.said_to_all(there) == []


@pytest.mark.parametrize(
    ("teams", "expected"),
    [
        ([], "Shared by"),
        ([("East", "#general", "zh")], "分享"),
        ([("East", ROOM, "zh")], "分享"),
        ([("East", "#elsewhere", "zh")], "Shared by"),
        ([("East", "#general", "zh"), ("West", "#general", "en")], "分享"),  # Anna is of the first
        ([("West", "#general", "en"), ("North", "#general", "zh")], "Shared by"),
    ],
)
def test_it_is_posted_in_the_language_of_the_channel(
    office: Office, teams: list[tuple[str, str, str]], expected: str
) -> None:
    with office.database.write() as session:
        for name, channel, language in teams:
            factories.team(session, name, channel=channel, language=language)
        east = session.exec(select(Team).where(Team.name == "East")).first()
        anna = session.exec(select(Person).where(Person.slack_user_id == ANNA)).one()
        anna.team_id = east.id if east else None
        session.add(anna)
    preview = office.preview()
    assert expected in words(preview)
    assert "Only you see this" in words(preview)  # what is for the sharer, in the sharer's language
    assert office.workspace.click(ANNA, preview, POST).ok
    assert expected in words(posted(office))
